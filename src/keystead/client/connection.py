"""One connection: requests and replies that belong together by id, and notifications."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, Protocol, TypeVar, assert_never

import msgspec

from keystead.client.errors import (
    ConnectionLostError,
    RequestError,
    UnauthorizedError,
    UnexpectedReplyError,
)

CLOSE_TIMEOUT: Final = 2.0  # seconds in which the other side should take what was sent

T = TypeVar("T")

Hear = Callable[[str, msgspec.Raw], None]


class Wire(Protocol):
    """What carries whole messages to the other side."""

    def send(self, message: bytes) -> None:
        """Send one message."""

    def close(self) -> None:
        """Close once everything sent is through."""

    def abort(self) -> None:
        """Close at once."""


class _Message(msgspec.Struct, gc=False):
    """A reply or a notification."""

    id: int
    status: Literal["success", "error", "unauthorized"] | None = None
    notification: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    error: str = ""


class _Greeting(msgspec.Struct, rename="camel"):
    """What matters in the reply to Hello; older servers do not say all of it."""

    authentication_required: bool = True
    authenticated: bool | None = None


_messages = msgspec.json.Decoder(_Message)


class Connection:
    """The requests under way on one wire.

    Args:
        hear: is told the name and the parameters of each notification.

    Attributes:
        lost: set once nothing more comes.
    """

    def __init__(self, hear: Hear) -> None:
        self.lost = asyncio.Event()
        self._hear = hear
        self._wire: Wire
        self._under_way: dict[int, tuple[str, asyncio.Future[msgspec.Raw]]] = {}
        self._last_id = 0
        self._is_writable = asyncio.Event()
        self._is_writable.set()

    # --- what wires call --------------------------------------------------------------------

    def opened(self, wire: Wire) -> None:
        """Send over *wire* from now on."""
        self._wire = wire

    def receive(self, text: bytes) -> None:
        """Take one message; one that is none ends the connection."""
        try:
            message = _messages.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._wire.abort()
            self.closed("The other side does not speak nymea's JSON-RPC.")
            return
        if message.notification is not None:
            self._hear(message.notification, message.params)
        elif entry := self._under_way.pop(message.id, None):
            method, reply = entry
            if not reply.done():  # otherwise nobody waits for it any more
                _settle(reply, method, message)
        if message.status == "unauthorized":  # the last that the server says
            self._wire.close()
            self.closed()

    def pause_writing(self) -> None:
        """Hold requests back: the other side does not take what is sent."""
        self._is_writable.clear()

    def resume_writing(self) -> None:
        """Send requests again."""
        self._is_writable.set()

    def closed(self, reason: str = "The connection was lost.") -> None:
        """Let everybody who waits know that no reply comes."""
        self.lost.set()
        self._is_writable.set()
        under_way, self._under_way = self._under_way, {}
        for method, reply in under_way.values():
            if not reply.done():
                reply.set_exception(ConnectionLostError(f"{method}: {reason}"))

    # --- what clients call ------------------------------------------------------------------

    async def send(
        self, method: str, params: Mapping[str, Any], token: str
    ) -> asyncio.Future[msgspec.Raw]:
        """Send a request; give what becomes the parameters of its reply, undecoded.

        Args:
            method: its name on the wire.
            params: those that are None are left out.
            token: empty for none.

        Raises:
            ConnectionLostError: at once, or as what becomes of the reply.
        """
        await self._is_writable.wait()
        if self.lost.is_set():
            raise ConnectionLostError(f"{method}: The connection was lost.")
        self._last_id += 1
        request: dict[str, Any] = {
            "id": self._last_id,
            "method": method,
            "params": {key: value for key, value in params.items() if value is not None},
        }
        if token:
            request["token"] = token
        text = msgspec.json.encode(request)
        reply = asyncio.get_running_loop().create_future()
        self._under_way[self._last_id] = method, reply
        self._wire.send(text + b"\n")
        return reply

    async def greet(self, token: str, locale: str | None) -> msgspec.Raw:
        """Shake hands; give the parameters of the reply.

        Raises:
            UnauthorizedError: the token is bad.
            ConnectionLostError: there was no reply.
        """
        returns = await (await self.send("JSONRPC.Hello", {"locale": locale}, token))
        greeting = decoded("JSONRPC.Hello", returns, _Greeting)
        if token and greeting.authentication_required and greeting.authenticated is False:
            raise UnauthorizedError("JSONRPC.Hello: The token is not valid.")
        return returns

    def abort(self) -> None:
        """Close at once."""
        self._wire.abort()

    async def close(self) -> None:
        """Close once everything sent is through, or the other side takes too long to take it."""
        self._wire.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self.lost.wait()
        finally:
            self._wire.abort()
            self.closed()


def decoded(method: str, text: msgspec.Raw, shape: type[T]) -> T:
    """Read the parameters of a reply to *method*.

    Raises:
        UnexpectedReplyError: they are not what they should be.
    """
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnexpectedReplyError(f"{method}: {error}") from None


def _settle(reply: asyncio.Future[msgspec.Raw], method: str, message: _Message) -> None:
    match message.status:
        case "success":
            reply.set_result(message.params)
        case "error":
            reply.set_exception(RequestError(f"{method}: {message.error}"))
        case "unauthorized":
            reply.set_exception(UnauthorizedError(f"{method}: {message.error}"))
        case None:
            reply.set_exception(UnexpectedReplyError(f"{method}: The reply has no status."))
        case _:
            assert_never(message.status)
