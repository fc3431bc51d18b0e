"""Opening the addresses to listen at, and the owner's Unix socket."""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keystead.net import websocket
from keystead.net.conversation import Conversations
from keystead.net.tcp import StreamConnection
from keystead.rpc.session import Face
from keystead.settings import Listener

TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds
BACKLOG = 1024  # connections that may wait to be accepted
MAX_SOCKET_PATH = 100  # bytes; Linux allows 107


class ListenError(Exception):
    """An address cannot be used; the message says which, and why."""


async def open_listener(
    listener: Listener,
    everyone: Conversations,
    faces: Mapping[str, Face],
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
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        wanted = listener.url(listener.port)
        raise ListenError(f"The address {wanted} cannot be used: {reason}.") from error
    port: int = server.sockets[0].getsockname()[1]
    return server, listener.url(port)


async def open_control_socket(
    path: Path, everyone: Conversations, face: Face
) -> asyncio.AbstractServer:
    """Listen at the Unix socket that only its owner can open.

    Raises:
        ListenError: it cannot be made.
    """
    try:
        return await asyncio.get_running_loop().create_unix_server(
            lambda: StreamConnection(everyone, face, authentication=True), sock=_bound(path)
        )
    except OSError as error:
        raise ListenError(f"The socket {path} cannot be made: {error.strerror}.") from error


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # left by a server that was killed
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o177)
    try:
        with short(path) as address:
            listening.bind(address)
    finally:
        os.umask(mask)
    return listening


@contextmanager
def short(path: Path) -> Iterator[str]:
    """Give an address for a Unix socket at *path*, however long that is.

    Raises:
        OSError: its folder cannot be opened.
    """
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _free_port() -> int:
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port
