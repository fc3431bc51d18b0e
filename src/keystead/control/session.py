"""One connection at the Unix socket: a command a line, an answer a line."""

from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from keystead.control.calls import Answer, Call, call
from keystead.control.catalogue import Desk
from keystead.domain.events import Origin
from keystead.domain.model import Principal, TokenId
from keystead.rpc.session import Peer, Replies

MAX_LINE = 64 * 1024 * 1024  # bytes; an import comes as one command

_calls = msgspec.json.Decoder(Call)


class Session:
    """State of one connection. Whoever can open the socket owns the data folder."""

    def __init__(self, desk: Desk, peer: Peer, *, source: str) -> None:
        self.deadline: float | None = None
        self.job: Coroutine[Any, Any, Replies] | None = None
        self.closing = False
        self.token_id: TokenId | None = None
        self.source = source
        self._desk = desk
        self._peer = peer
        self._parts: list[bytes] = []  # of a line that is not complete
        self._size = 0
        self._lines: deque[bytes] = deque()

    def receive(self, chunks: Sequence[bytes]) -> None:
        """Take bytes, cut anyhow."""
        first, *rest = b"".join(chunks).split(b"\n")
        self._parts.append(first)
        self._size += len(first)
        for part in rest:
            self._lines.append(b"".join(self._parts))
            self._parts, self._size = [part], len(part)
        if self._size > MAX_LINE:
            self._peer.close()

    def too_large(self) -> None:
        """Lines have their own bound."""

    @property
    def origin(self) -> Origin:
        """Where the commands come from."""
        return Origin("control", self.source)

    @property
    def has_requests(self) -> bool:
        """Tell whether commands wait."""
        return bool(self._lines)

    def advance(self, limit: int) -> Replies:
        """Begin with the next command, if one waits."""
        if not self._lines:
            return ()
        try:
            request = _calls.decode(self._lines.popleft())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return (_line(Answer("wrong", f"This is no command: {error}.")),)
        self.job = self._answer(request)
        return ()

    def resume(self) -> None:
        """Take note that the command is answered."""
        self.job = None

    def apologise(self) -> Replies:
        """Give the answer to a command that failed by a fault of ours."""
        return (_line(Answer("wrong", "Internal error; the server's log says more.")),)

    def expire(self, now: float) -> None:
        """There are no time-outs here: the owner's programs may take their time."""

    def closed(self) -> None:
        """Nothing is kept of a connection."""

    def rights_changed(self) -> None:
        """The owner may do everything."""

    def renew(self, principal: Principal) -> None:
        """Nobody is signed in here."""

    def revoke(self) -> None:
        """Nobody is signed in here."""

    async def _answer(self, request: Call) -> Replies:
        return (_line(await call(self._desk, request)),)


class Face:
    """Begins sessions of the owner.

    Args:
        desk: what the commands work on.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def session(self, peer: Peer, *, authentication: bool, source: str) -> Session:
        """Begin a conversation; the socket's file mode is all the authentication there is."""
        return Session(self._desk, peer, source=source)


def _line(answer: Answer) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
