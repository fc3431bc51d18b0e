"""What carries the messages of one connection, as its conversation sees it."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Protocol

from keystead.rpc.session import Replies


class Wire(Protocol):
    """What carries the messages of one connection.

    Attributes:
        deadline: monotonic seconds by which the peer must have finished what it has begun to
            send and the session has not seen yet; None when there is nothing of that kind.
    """

    deadline: float | None

    def write(self, messages: Replies) -> None:
        """Send messages, each as one."""

    def write_part(self, part: bytes, *, is_last: bool) -> None:
        """Send a part of one long message."""

    def waiting(self) -> int:
        """Count the bytes that the peer has not taken yet."""

    def pause_reading(self) -> None:
        """Leave what the peer sends unread."""

    def resume_reading(self) -> None:
        """Read again what the peer sends."""

    def close(self) -> None:
        """Close once everything written is through."""

    def abort(self) -> None:
        """Close at once; what the peer has not taken is lost."""


def reset(transport: asyncio.Transport) -> None:
    """Close at once, and tell the peer so.

    Without this the kernel keeps what the peer has not taken, up to megabytes, for as long as
    the peer leaves it there; and the peer does not learn of the end before it has read all that.
    """
    if connection := transport.get_extra_info("socket"):
        with suppress(OSError, ValueError):  # closed already; the second is uvloop's
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
