"""The client that people use: one connection after the other, as if it were one."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import msgspec

from keystead.client.address import address, tls_context
from keystead.client.api import Api
from keystead.client.connection import Connection, decoded
from keystead.client.errors import (
    ClientError,
    ConnectionLostError,
    UnexpectedReplyError,
    UserRefusedError,
)
from keystead.client.notifications import Missed, Notifications
from keystead.client.types import (
    NOTIFICATIONS,
    AuthenticateReturns,
    HelloReturns,
    JSONRPCPushButtonAuthFinished,
    NotificationStatus,
)
from keystead.client.wires import connect

TIMEOUT: Final = 10.0  # seconds for a connection and its handshake, and for each request
QUEUE: Final = 1000  # notifications that may wait for the listener
SHORTEST_DELAY: Final = 0.25  # seconds between two attempts to connect, at first
LONGEST_DELAY: Final = 30.0  # ... and after many
STEADY: Final = 10.0  # seconds after which a connection counts as one that works

T = TypeVar("T")


def backoff() -> Iterator[float]:
    """Give the seconds to wait before each further attempt: doubled, up to a bound.

    Each is drawn between half of it and all of it, so that the clients of a server that has
    been away do not come back at the same moment.
    """
    longest = SHORTEST_DELAY
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        longest = min(2 * longest, LONGEST_DELAY)


class _Refusal(msgspec.Struct):
    error: str


def _check(method: str, word: str, refusal: type[StrEnum]) -> None:
    """See to it that the rules have not said no.

    Raises:
        UserRefusedError: they have.
        UnexpectedReplyError: nobody knows what the server says.
    """
    try:
        error = refusal(word)
    except ValueError:
        raise UnexpectedReplyError(
            f"{method}: There is no {refusal.__name__} {word}."
        ) from None
    if error is not next(iter(refusal)):
        raise UserRefusedError(method, error)


class Client(Api):
    """A client of one server: ``client.users.create_user(...)``, one method per RPC.

    To be used with ``async with``: it connects on entry, and errors of the first attempt are
    raised there. When the connection is lost, it connects again, shakes hands with the token,
    and has the same namespaces notify it. Requests that were under way fail with
    ``ConnectionLostError`` and are not repeated, as nobody knows whether they were done; further
    ones wait for the new connection, up to their time-out.

    What passes by is taken note of: the token that ``jsonrpc.authenticate`` or the push of a
    button gives, and the namespaces of ``jsonrpc.set_notification_status``. While a sign-in is
    under way, other requests wait, for the server takes the old token no longer.

    Each method raises ``RequestError`` (the request was wrong, or the right for it is missing),
    ``UnauthorizedError`` (not signed in), ``UserRefusedError`` (the rules say no),
    ``ConnectionLostError``, ``UnexpectedReplyError`` or ``TimeoutError``. Once the token is bad,
    or the server has another certificate, each raises ``UnauthorizedError`` or
    ``CertificateError``: make another client then.

    Args:
        url: nymea://host:port or nymeas://host:port for TCP, ws://host:port/path or
            wss://host:port/path for WebSocket; the last letter of nymeas and wss is TLS.
        token: what an earlier sign-in gave.
        fingerprint: SHA-256 of the only certificate to accept, as 64 hexadecimal digits with or
            without colons and "sha256:"; no authority, name or date is looked at then.
        ca_file: PEM of the authorities to trust in place of the system's.
        locale: the language for texts that the server translates, such as "de_AT".
        timeout: seconds for a connection with its handshake, and for each request.
        queue: notifications that may wait in ``notifications``.
        delays: makes the seconds to wait before each attempt to connect again.

    Attributes:
        notifications: what the server tells; see ``Notifications``. For one listener.
        server: what the server says of itself, from the last handshake.

    Raises:
        ValueError: *url* or *fingerprint* is none, or they do not go together.
    """

    server: HelloReturns

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        fingerprint: str | None = None,
        ca_file: Path | str | None = None,
        locale: str | None = None,
        timeout: float = TIMEOUT,
        queue: int = QUEUE,
        delays: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        super().__init__(self._call)
        self.notifications = Notifications(queue)
        self._address = address(url, fingerprint, ca_file)
        self._token = token or ""
        self._locale = locale
        self._timeout = timeout
        self._delays = delays
        self._namespaces: tuple[str, ...] = ()
        self._turn = asyncio.Lock()  # held while something is sent, or somebody signs in
        self._tasks = asyncio.TaskGroup()
        self._ready: asyncio.Future[Connection]  # the connection, or why there is none any more
        self._keeper: asyncio.Task[None]

    def __repr__(self) -> str:
        return f"<Client of {self._address}>"

    async def __aenter__(self) -> "Client":
        self._context = await asyncio.to_thread(tls_context, self._address)
        self._connection = await self._connect(is_first=True)
        self._ready = asyncio.get_running_loop().create_future()
        self._ready.set_result(self._connection)
        await self._tasks.__aenter__()
        self._keeper = self._tasks.create_task(self._keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(ConnectionLostError(f"{self!r} is closed."))
        self.notifications.end(None)
        self._keeper.cancel()
        try:
            if kind is asyncio.CancelledError:
                await self._tasks.__aexit__(kind, error, traceback)
            else:  # a group would wrap what the body raises
                await self._tasks.__aexit__(None, None, None)
        finally:
            await self._connection.close()

    # --- requests ---------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        params: Mapping[str, Any],
        returns: type[T],
        *,
        refusal: type[StrEnum] | None = None,
    ) -> T:
        async def result() -> T:
            text = await reply
            if refusal is not None:
                _check(method, decoded(method, text, _Refusal).error, refusal)
            return self._noted(decoded(method, text, returns))

        try:
            async with asyncio.timeout(self._timeout):
                async with self._turn:
                    connection = await self._connected()
                    reply = await connection.send(method, params, self._token)
                    if returns is AuthenticateReturns:
                        return await result()
                return await result()
        except TimeoutError:
            raise TimeoutError(f"{method}: no reply within {self._timeout:g} s.") from None

    def _noted(self, result: T) -> T:
        """Take note of what a later handshake has to repeat."""
        match result:
            case AuthenticateReturns(token=token):
                self._token = token or ""
            case NotificationStatus(namespaces=namespaces):
                self._namespaces = namespaces
            case HelloReturns():
                self.server = result
            case _:
                pass
        return result

    def _hear(self, name: str, params: msgspec.Raw) -> None:
        """Let the listener have a notification; those that this client does not know are none."""
        shape = NOTIFICATIONS.get(name)
        if shape is None:
            return
        try:
            told = decoded(name, params, shape)
        except UnexpectedReplyError:
            self.notifications.put(Missed(1))
            return
        match told:
            case JSONRPCPushButtonAuthFinished(success=True, token=str(token)):
                self._token = token
            case _:
                pass
        self.notifications.put(told)

    # --- the connection ---------------------------------------------------------------------

    async def _connect(self, *, is_first: bool) -> Connection:
        """Open a connection that is ready for requests."""
        try:
            async with asyncio.timeout(self._timeout):
                connection = await connect(self._address, self._context, self._hear)
                try:
                    await self._shake_hands(connection, is_first=is_first)
                except BaseException:
                    connection.abort()
                    raise
        except TimeoutError:
            raise TimeoutError(
                f"No connection to {self._address} within {self._timeout:g} s."
            ) from None
        return connection

    async def _shake_hands(self, connection: Connection, *, is_first: bool) -> None:
        returns = await connection.greet(self._token, self._locale)
        self.server = decoded("JSONRPC.Hello", returns, HelloReturns)
        if not is_first:
            self.notifications.put(Missed(None))  # before what is told from now on
        if self._namespaces:
            wanted = {"namespaces": self._namespaces}
            await (await connection.send("JSONRPC.SetNotificationStatus", wanted, self._token))

    async def _connected(self) -> Connection:
        """Wait until there is a connection."""
        while True:
            connection = await asyncio.shield(self._ready)
            if not connection.lost.is_set():
                return connection
            self._await_next()

    async def _keep(self) -> None:
        """Replace the connection whenever it is lost, until there is a reason not to."""
        loop = asyncio.get_running_loop()
        delays = self._delays()
        try:
            while True:
                since = loop.time()
                await self._connection.lost.wait()
                self._await_next()
                if loop.time() - since >= STEADY:
                    delays = self._delays()
                self._connection = await self._connect_again(delays)
                self._ready.set_result(self._connection)
        except ClientError as error:
            self._end(error)
            self.notifications.end(error)

    async def _connect_again(self, delays: Iterator[float]) -> Connection:
        for delay in delays:
            await asyncio.sleep(delay)
            with suppress(ConnectionLostError, TimeoutError):
                return await self._connect(is_first=False)
        raise ConnectionLostError(f"No connection to {self._address}.")

    def _await_next(self) -> None:
        """Let requests wait for the next connection, if they do not do so already."""
        if self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()

    def _end(self, error: ClientError) -> None:
        """Let all further requests fail, and those that wait for a connection."""
        self._await_next()
        self._ready.set_exception(error)
        self._ready.exception()  # that nobody may ever ask for it is no fault
