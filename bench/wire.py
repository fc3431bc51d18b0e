"""Text messages over a blocking socket, as lines or as WebSocket frames."""

import base64
import os
import socket
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

TIMEOUT = 30.0  # seconds for any one reply

# First bytes of WebSocket frames; RFC 6455, section 5.2.
LAST = 0x80  # set in the last frame of a message
TEXT, FIRST_PART, NEXT_PART, LAST_PART = 0x81, 0x01, 0x00, 0x80
MASKED = 0x80


def masked_frame(text: bytes) -> bytes:
    """Give *text* as a client's WebSocket frame.

    Source: RFC 6455, sections 5.2 and 5.3.
    """
    key = os.urandom(4)
    size = len(text)
    if size < 126:
        header = struct.pack(">BB", TEXT, MASKED | size)
    elif size < 1 << 16:
        header = struct.pack(">BBH", TEXT, MASKED | 126, size)
    else:
        header = struct.pack(">BBQ", TEXT, MASKED | 127, size)
    mask = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(text) ^ int.from_bytes(mask)
    return header + key + masked.to_bytes(size)


class Wire:
    """What carries the messages of one connection."""

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        """Connect to *url*, ``nymea:`` or ``http:``, with a *receive_buffer* of that many bytes."""
        parts = urlsplit(url)
        self.is_websocket = parts.scheme == "http"
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect((parts.hostname, parts.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self.sock.makefile("rb")
        if self.is_websocket:
            self._upgrade(parts.netloc, parts.path or "/")

    def close(self) -> None:
        """Close the connection."""
        self._incoming.close()
        self.sock.close()

    def packed(self, text: bytes) -> bytes:
        """Give the bytes that carry *text*."""
        return masked_frame(text) if self.is_websocket else text + b"\n"

    def message(self) -> bytes:
        """Read one message and give its text."""
        return b"".join(payload for _, payload in self._parts())

    def raw_message(self) -> bytes:
        """Read one message and give its bytes on the wire."""
        return b"".join(header + payload for header, payload in self._parts())

    def _parts(self) -> Iterator[tuple[bytes, bytes]]:
        """Read the headers and payloads of one message; a line has no header."""
        if not self.is_websocket:
            line = self._incoming.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            yield b"", line
            return
        first = 0
        while not first & LAST:
            header = self._read(2)
            first, size = header
            if first not in {TEXT, FIRST_PART, NEXT_PART, LAST_PART}:
                raise RuntimeError(f"not a part of a text message: {header.hex()}")
            if size >= 126:
                header += self._read(2 if size == 126 else 8)
                size = int.from_bytes(header[2:])
            yield header, self._read(size)

    def _read(self, size: int) -> bytes:
        data = self._incoming.read(size)
        if len(data) < size:
            raise ConnectionError("the server closed the connection")
        return data

    def _upgrade(self, host: str, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._incoming.readline()
        if b" 101 " not in status:
            raise RuntimeError(f"no WebSocket: {status!r}")
        while self._incoming.readline() != b"\r\n":
            pass
