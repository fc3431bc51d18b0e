"""Opening the addresses to listen at, and the owner's Unix socket."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keystead import CannotError
from keystead.net import websocket
from keystead.net.conversation import Conversations
from keystead.net.tcp import StreamConnection
from keystead.rpc.session import Face, WebSocketFace
from keystead.settings import Listener

TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds
TLS_SHUTDOWN_TIMEOUT = 1.0  # seconds for the peer's farewell
BACKLOG = 1024  # connections that may wait to be accepted


class ListenError(CannotError):
    """An address cannot be used; the message says which, and why."""


async def open_listener(
    listener: Listener,
    everyone: Conversations,
    faces: Mapping[str, WebSocketFace],
    tls: ssl.SSLContext | None,
) -> tuple[asyncio.Server, str]:
    """Listen at an address.

    Args:
        listener: the address.
        everyone: where conversations are kept.
        faces: the protocol at each WebSocket path; the one at "/" also speaks over TCP.
        tls: certificate and so on; None for plain text.

    Returns:
        The server, and the URL with the port in use.

    Raises:
        ListenError: the address is taken, or not ours to use.
    """
    where: dict[str, Any] = {
        "host": listener.host,
        "port": listener.port,
        "backlog": BACKLOG,
        "ssl": tls,
    }
    if tls:
        where["ssl_handshake_timeout"] = TLS_HANDSHAKE_TIMEOUT
        where["ssl_shutdown_timeout"] = TLS_SHUTDOWN_TIMEOUT
    try:
        if listener.host is None and listener.port == 0:
            where["port"] = _free_port()  # the same one for IPv4 and IPv6
        if listener.scheme in {"http", "https"}:
            server = await websocket.listen(
                everyone, faces, authentication=listener.authentication, **where
            )
        else:
            server = await asyncio.get_running_loop().create_server(
                lambda: StreamConnection(
                    everyone, faces["/"], authentication=listener.authentication
                ),
                **where,
            )
    except (OSError, ValueError) as error:  # ValueError: a host that cannot be a name
        wanted = listener.url(listener.port)
        raise ListenError(f"The address {wanted} cannot be used: {_reason(error)}.") from error
    for listening in server.sockets:  # connections inherit it, and those of dead peers end
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    port: int = server.sockets[0].getsockname()[1]
    return server, listener.url(port)


async def open_control_socket(
    address: str, everyone: Conversations, face: Face
) -> asyncio.AbstractServer:
    """Listen at the Unix socket that only its owner can open.

    Raises:
        ListenError: it cannot be made.
    """
    try:
        return await asyncio.get_running_loop().create_unix_server(
            lambda: StreamConnection(everyone, face, authentication=True), sock=_bound(address)
        )
    except OSError as error:
        raise ListenError(f"The socket {address} cannot be made: {error.strerror}.") from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "the host is not a name"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _bound(address: str) -> socket.socket:
    Path(address).unlink(missing_ok=True)  # left by a server that was killed
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o177)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _free_port() -> int:
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port
