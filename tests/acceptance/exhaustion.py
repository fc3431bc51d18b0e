"""Strangers who take what they can get of a server's memory."""

import base64
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.acceptance.client import CONTINUATION, TEXT, frame
from tests.acceptance.server import Server

LARGEST = 1024 * 1024  # bytes of a message of somebody signed in
MIB = 1024 * 1024


def memory(server: Server) -> int:
    """Give the bytes that the server holds in memory."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


@contextmanager
def many_files() -> Iterator[None]:
    """Let this process, and the server that it starts, have as many connections as it may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def unfinished(server: Server, path: str, number: int, *, in_parts: bool) -> Iterator[None]:
    """Let strangers send all but the last byte of the largest message there is, and wait."""
    if in_parts:
        half = bytes(LARGEST // 2)
        message = frame(TEXT, half) + frame(CONTINUATION, half)
    else:
        message = frame(0x80 | TEXT, bytes(LARGEST - 1))[:-1]
    with ExitStack() as stack:
        for stranger in range(number):
            line = stack.enter_context(socket.socket())
            line.bind((f"127.4.{stranger // 200}.{1 + stranger % 200}", 0))
            _upgrade(line, server.urls["http"], path)
            with suppress(OSError):  # closed as soon as it is too much
                line.settimeout(2)
                line.sendall(message)
        yield


def _upgrade(line: socket.socket, url: str, path: str) -> None:
    parts = urlsplit(url)
    line.connect((parts.hostname, parts.port))
    key = base64.b64encode(os.urandom(16)).decode()
    line.sendall(
        f"GET {path} HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert line.recv(4096).startswith(b"HTTP/1.1 101 ")
