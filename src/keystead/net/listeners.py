"""Opening the addresses to listen at, and the owner's Unix socket."""

import asyncio
import errno
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from keystead import CannotError
from keystead.net import plain, websocket
from keystead.net.conversation import Conversations
from keystead.net.door import Guest
from keystead.net.listening import Context, Listening
from keystead.net.tcp import StreamConnection
from keystead.rpc.resource import Resource
from keystead.rpc.session import Face, WebSocketFace
from keystead.settings import Listener

BACKLOG = 1024  # connections that may wait to be accepted

# Of a machine without IPv6, or without IPv4: "*" means what it has.
_NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class ListenError(CannotError):
    """An address cannot be used; the message says which, and why."""


async def open_listener(
    listener: Listener,
    everyone: Conversations,
    faces: Mapping[str, WebSocketFace],
    tls: Context | None,
    resources: Mapping[str, Resource] = {},
) -> tuple[Listening, str]:
    """Listen at an address.

    Args:
        listener: the address.
        everyone: where conversations are kept.
        faces: the protocol at each WebSocket path; the one at "/" also speaks over TCP.
        tls: gives what a new connection is encrypted with; None for plain text.
        resources: what a plain GET gives, by path.

    Returns:
        What listens, and the URL with the port in use.

    Raises:
        ListenError: the address is taken, or not ours to use.
    """
    answer = partial(plain.answer, resources=resources, is_encrypted=listener.is_encrypted)

    def serve(guest: Guest) -> asyncio.BaseProtocol:
        if listener.scheme in {"http", "https"}:
            return websocket.protocol(everyone, faces, guest, answer)
        return StreamConnection(everyone, faces["/"], guest)

    try:
        sockets = await _bound(listener)
    except (OSError, ValueError) as error:  # ValueError: a host that cannot be a name
        wanted = listener.url(listener.port)
        raise ListenError(f"The address {wanted} cannot be used: {_reason(error)}.") from error
    listening = Listening(everyone, sockets, serve, tls, authentication=listener.authentication)
    port: int = sockets[0].getsockname()[1]
    return listening, listener.url(port)


async def open_control_socket(address: str, everyone: Conversations, face: Face) -> Listening:
    """Listen at the Unix socket that only its owner can open.

    Raises:
        ListenError: it cannot be made.
    """
    try:
        owners = _owners(address)
    except OSError as error:
        raise ListenError(f"The socket {address} cannot be made: {error.strerror}.") from error

    def serve(guest: Guest) -> asyncio.BaseProtocol:
        return StreamConnection(everyone, face, guest)

    return Listening(everyone, (owners,), serve, None, authentication=True)


async def _bound(listener: Listener) -> list[socket.socket]:
    """Give sockets of every family that the address has, bound to it.

    Raises:
        OSError: one cannot be bound, or there is none.
        ValueError: the host cannot be a name.
    """
    port = listener.port
    if listener.host is None and port == 0:
        port = _free_port()  # the same one for IPv4 and IPv6
    found = await asyncio.get_running_loop().getaddrinfo(
        listener.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    missing = OSError(errno.EADDRNOTAVAIL, "")
    with ExitStack() as undo:
        for family, *_, address in dict.fromkeys(found):
            try:
                sockets.append(undo.enter_context(_bound_at(family, address)))
            except OSError as error:
                if listener.host is not None or error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
        if not sockets:
            raise missing
        undo.pop_all()
    return sockets


def _bound_at(family: int, address: tuple[Any, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it, and those of dead peers end.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "the host is not a name"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _owners(address: str) -> socket.socket:
    Path(address).unlink(missing_ok=True)  # left by a server that was killed
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o177)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
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
