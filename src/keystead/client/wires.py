"""What carries the messages of a connection: lines over TCP, text messages over WebSocket."""

import asyncio
import errno
import logging
import os
import socket
import ssl
from typing import Final, cast

from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
)

# What its `ws_connect` makes, which gives no chance to look at the certificate before.
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from keystead.client.address import Address, check
from keystead.client.connection import Connection, Hear
from keystead.client.errors import CertificateError, ConnectionLostError

LOG: Final = logging.getLogger("picows.client")

MAX_MESSAGE: Final = 256 * 1024 * 1024  # bytes; a list of a million users fits
READ_BUFFER: Final = 4096  # bytes at first; it grows with what comes

# A link that was cut in silence is noticed within a minute, even where nothing is asked.
_ALIVE: Final = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
}  # seconds, and times
_UNANSWERED: Final = {"TCP_USER_TIMEOUT": 30_000}  # milliseconds


async def connect(server: Address, context: ssl.SSLContext | None, hear: Hear) -> Connection:
    """Open a connection to *server*, which is to be closed, on which nothing is sent yet.

    Args:
        server: where to.
        context: see `address.tls_context`.
        hear: see `Connection`.

    Raises:
        CertificateError: the server cannot prove that it is the right one.
        ConnectionLostError: there is no way to it.
    """
    connection = Connection(hear)
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_connection(
            asyncio.Protocol, server.host, server.port, ssl=context
        )
    except ssl.SSLCertVerificationError as error:
        raise CertificateError(
            f"{server} has a certificate that is not trusted: {error.verify_message}."
        ) from None
    except OSError as error:
        raise ConnectionLostError(f"No connection to {server}: {_reason(error)}.") from None
    try:
        if context is not None:
            check(server, transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        _stay_alive(transport.get_extra_info("socket"))
        if server.path is None:
            _begin(transport, TcpWire(connection))
        else:
            await _upgrade(server, transport, WebSocketWire(connection))
    except BaseException:
        transport.abort()
        raise
    # Perhaps before there was a wire that would have noticed.
    if transport.is_closing():  # pragma: no cover - depends on the moment
        raise ConnectionLostError(f"{server} has closed the connection.")
    return connection


class TcpWire(asyncio.Protocol):
    """Messages as lines of a byte stream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begun: list[bytes] = []  # the line that is not complete
        self._size = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Carry from now on."""
        self._transport = cast("asyncio.Transport", transport)
        self._connection.opened(self)

    def data_received(self, data: bytes) -> None:
        """Hand over the lines that are complete."""
        if b"\n" in data:
            *lines, rest = b"".join((*self._begun, data)).split(b"\n")
            self._begun, self._size = [], 0
            for line in lines:
                self._connection.receive(line)
            data = rest
        self._begun.append(data)
        self._size += len(data)
        if self._size > MAX_MESSAGE:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that nothing more comes."""
        self._connection.closed()

    def pause_writing(self) -> None:
        """Hold requests back."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Send requests again."""
        self._connection.resume_writing()

    def send(self, message: bytes) -> None:
        """Send one line."""
        self._transport.write(message)

    def close(self) -> None:
        """Close once everything sent is through."""
        # Closed twice, asyncio's TLS of Python 3.11.2 forgets what it would abort.
        if not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()


class WebSocketWire(WSListener):
    """Messages as text messages; RFC 6455."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begun: list[bytes] = []  # the message whose last fragment has not come
        self._size = 0
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Carry from now on."""
        self._transport = transport
        self._connection.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand over the message that is complete; picows answers pings."""
        match frame.msg_type:
            case WSMsgType.TEXT | WSMsgType.CONTINUATION:
                self._begun.append(frame.get_payload_as_bytes())
                self._size += frame.payload_size
                if self._size > MAX_MESSAGE:
                    self.abort()
                elif frame.fin:
                    message, self._begun, self._size = b"".join(self._begun), [], 0
                    self._connection.receive(message)
            case WSMsgType.CLOSE:
                self.close()
            case _:  # pongs, and binary messages, which nymea has not
                pass

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Take note that nothing more comes."""
        self._connection.closed()

    def pause_writing(self) -> None:
        """Hold requests back."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Send requests again."""
        self._connection.resume_writing()

    @property
    def is_open(self) -> bool:
        """Tell whether the handshake succeeded."""
        return self._transport is not None

    def send(self, message: bytes) -> None:
        """Send one text message."""
        assert self._transport
        self._transport.send(WSMsgType.TEXT, message)

    def close(self) -> None:
        """Say farewell, and close once everything sent is through."""
        assert self._transport
        if not self._transport.underlying_transport.is_closing():  # as above
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def abort(self) -> None:
        """Close at once."""
        assert self._transport
        self._transport.disconnect(graceful=False)


def _reason(error: OSError) -> str:
    """Give the system's own words, where a loop has put others in their place.

    >>> _reason(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"))
    'Connection refused'
    """
    if error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__


def _begin(transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
    """Let *protocol* have what comes from now on; the other side never speaks first."""
    transport.set_protocol(protocol)
    protocol.connection_made(transport)


async def _upgrade(server: Address, transport: asyncio.Transport, wire: WebSocketWire) -> None:
    protocol = WSProtocol(
        host_port=str(server),
        ws_path=server.path,
        is_client_side=True,
        ws_listener_factory=lambda: wire,
        logger=LOG,
        disconnect_on_exception=True,
        websocket_handshake_timeout=None,
        enable_auto_ping=False,
        auto_ping_idle_timeout=None,
        auto_ping_reply_timeout=None,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=True,
        max_frame_size=MAX_MESSAGE,
        extra_headers=None,
        read_buffer_init_size=READ_BUFFER,
    )
    _begin(transport, protocol)
    try:
        await protocol.wait_until_handshake_complete()
    except WSError as error:
        raise ConnectionLostError(f"{server} speaks no WebSocket here: {error}.") from None
    if not wire.is_open:  # the connection ended before; picows does not say so
        raise ConnectionLostError(f"{server} has closed the connection.")


def _stay_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (_ALIVE | _UNANSWERED).items():
        if hasattr(socket, name):  # pragma: no branch - true on Linux
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
