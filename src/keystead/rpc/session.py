"""What sockets need from a protocol, and a protocol from sockets. Neither knows the other."""

from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Protocol

from keystead.domain.events import Origin
from keystead.domain.model import Principal, TokenId


class Peer(Protocol):
    """The other end of a connection, as a session sees it."""

    def push(self, message: bytes) -> None:
        """Send *message* unasked. A peer that does not read is cut off at some point."""

    async def stream(self, parts: AsyncIterator[bytes]) -> None:
        """Send one long message as its parts come, no faster than the peer takes them.

        What is pushed meanwhile follows it.
        """

    def close(self) -> None:
        """End the connection once everything sent before is through."""


Replies = Sequence[bytes]


class Session(Protocol):
    """One conversation: bytes in, messages out, no sockets.

    Attributes:
        deadline: monotonic seconds at which ``expire`` must be called; None for never.
        job: the request that has to wait for something; until ``resume`` is called with its
            result, ``advance`` answers nothing more.
        closing: the connection is to be closed after what has been given back so far.
        token_id: the token that is signed in with; None while nobody is.
        source: where the connection comes from; see ``Face.session``.
    """

    deadline: float | None
    job: Coroutine[Any, Any, Replies] | None
    closing: bool
    token_id: TokenId | None

    @property
    def origin(self) -> Origin:
        """Where the requests of this conversation come from."""

    source: str

    def receive(self, chunks: Sequence[bytes]) -> None:
        """Take what came in one read, in order.

        Args:
            chunks: whole messages over WebSocket, each UTF-8; otherwise bytes cut anyhow.
        """

    def too_large(self) -> None:
        """Take note of a message that is too large to be received, in its place among others.

        Called only where the face ``answers_too_large``.
        """

    @property
    def has_requests(self) -> bool:
        """Tell whether complete requests wait to be answered."""

    def advance(self, limit: int) -> Replies:
        """Answer at most *limit* waiting requests, in order; give the messages to send."""

    def resume(self) -> None:
        """Take note that the job is done and its replies are sent."""

    def apologise(self) -> Replies:
        """Give the answer to a request whose handling failed by a fault of ours."""

    def expire(self, now: float) -> None:
        """Take note of the time; to be called at ``deadline``."""

    def closed(self) -> None:
        """Take note that the connection is gone."""

    def rights_changed(self) -> None:
        """Take note that what may be done here has changed; called before anyone hears of it."""

    def renew(self, principal: Principal) -> None:
        """Be signed in as *principal*: the same with a token that has other limits now."""

    def revoke(self) -> None:
        """Sign out: the token is gone, or its user. Called before anyone hears of it."""


class Face(Protocol):
    """One protocol of this server."""

    def session(self, peer: Peer, *, authentication: bool, source: str) -> Session:
        """Begin a conversation.

        Args:
            peer: the other end, to be told things unasked.
            authentication: False on a listener where everybody may do everything.
            source: the peer's IPv4 address, its IPv6 network of /64 ("2001:db8::/64"), or
                "local" for the Unix socket. What is counted by source is counted by this.
        """


class WebSocketFace(Face, Protocol):
    """A protocol that is served over WebSocket.

    Attributes:
        ignores_binary: binary messages are ignored; otherwise one ends the connection (1003).
        answers_too_large: the session is told of a message that is too large, and it is skipped;
            otherwise it ends the connection (1009).
        most_before_sign_in: bytes that a message of somebody may have who has not signed in;
            65,535 at least.
    """

    ignores_binary: bool
    answers_too_large: bool
    most_before_sign_in: int
