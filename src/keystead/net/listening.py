"""Accepting connections: each is counted before a byte is exchanged, TLS included."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from keystead.net.conversation import Conversations
from keystead.net.door import NO_FILES, Guest
from keystead.net.source import source_of

AT_ONCE = 64  # connections accepted before others have their turn
PAUSE = 1.0  # seconds without accepting when no more files may be opened
TLS_SHUTDOWN_TIMEOUT = 1.0  # seconds for the peer's farewell

Context = Callable[[], ssl.SSLContext]

_WANT_OF_MEANS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Listening:
    """Some addresses at which connections are accepted, until closed.

    Args:
        everyone: whose door they come through.
        sockets: listening already.
        serve: makes what serves one connection.
        tls: gives what a new connection is encrypted with; None for plain text.
        authentication: False where everybody may do everything.

    Attributes:
        sockets: what is listened on.
    """

    def __init__(
        self,
        everyone: Conversations,
        sockets: Sequence[socket.socket],
        serve: Callable[[Guest], asyncio.BaseProtocol],
        tls: Context | None,
        *,
        authentication: bool,
    ) -> None:
        self._everyone = everyone
        self._serve = serve
        self._tls = tls
        self._authentication = authentication
        self._loop = asyncio.get_running_loop()
        self.sockets = tuple(sockets)
        for one in self.sockets:
            one.setblocking(False)  # noqa: FBT003 - the standard library's
            self._loop.add_reader(one, self._accept, one)

    def close(self) -> None:
        """Accept nobody any more; connections go on."""
        for one in self.sockets:
            if one.fileno() >= 0:
                self._loop.remove_reader(one)
                one.close()

    def _accept(self, listening: socket.socket) -> None:
        """Accept those who wait."""
        for _ in range(AT_ONCE):
            try:
                connection, peer = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _WANT_OF_MEANS:
                    self._pause(listening)
                    return
                continue  # it left while it waited; accept(2)
            guest = self._everyone.door.admit(
                source_of(peer), authentication=self._authentication
            )
            if guest is None:
                connection.close()
                continue
            connection.setblocking(False)  # noqa: FBT003 - the standard library's
            welcome = self._everyone.start(self._welcome(connection, guest))
            # Soon, not now: a task that has not begun would not close the connection.
            guest.cut_off = partial(self._loop.call_soon, welcome.cancel)

    def _pause(self, listening: socket.socket) -> None:
        """Let those who wait go on waiting, until others have left."""
        self._everyone.door.turned_away(NO_FILES, "")
        self._loop.remove_reader(listening)
        self._loop.call_later(PAUSE, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening, self._accept, listening)

    async def _welcome(self, connection: socket.socket, guest: Guest) -> None:
        """Shake hands, and leave the rest to what serves the connection."""
        is_served = False
        try:
            with suppress(OSError):  # what peers do wrong with TLS is theirs to know
                if self._tls is None:
                    await self._loop.connect_accepted_socket(
                        lambda: self._serve(guest), connection
                    )
                else:
                    await self._loop.connect_accepted_socket(
                        lambda: self._serve(guest),
                        connection,
                        ssl=self._tls(),
                        ssl_handshake_timeout=self._everyone.limits.handshake,
                        ssl_shutdown_timeout=TLS_SHUTDOWN_TIMEOUT,
                    )
                is_served = True
        finally:
            if not is_served:
                guest.leave()
