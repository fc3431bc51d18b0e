"""A nymea client made of a blocking socket: what the load needs, written from the protocol."""

import base64
import itertools
import json
import os
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0  # seconds for any one reply
USER_NAME = "administrator"
PASSWORD = "Correct-Horse-42"
TEXT = 0x81  # a whole text message in one frame
MASKED = 0x80


def line(text: bytes) -> bytes:
    """Give *text* as it goes over TCP."""
    return text + b"\n"


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


class Client:
    """One connection; ``token`` is sent with every request once it is known."""

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        """Connect to *url*, ``nymea:`` or ``http:``, with a *receive_buffer* of that many bytes."""
        parts = urlsplit(url)
        self.is_websocket = parts.scheme == "http"
        self.token: str | None = None
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect((parts.hostname, parts.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self.sock.makefile("rb")
        self._ids = itertools.count(1)
        if self.is_websocket:
            self._upgrade(parts.netloc)

    def close(self) -> None:
        """Close the connection."""
        self._incoming.close()
        self.sock.close()

    def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """Call *method* and give back the params of its reply.

        Raises:
            RuntimeError: the reply reports an error.
        """
        number = next(self._ids)
        self.sock.sendall(self.request(method, params, number=number))
        while True:
            reply = json.loads(self.message())
            if "notification" not in reply:
                break
        if reply.get("id") != number or reply.get("status") != "success":
            raise RuntimeError(f"{method}: {reply}")
        given: dict[str, Any] = reply["params"]
        if given.get("error", "UserErrorNoError") != "UserErrorNoError":
            raise RuntimeError(f"{method}: {reply}")
        return given

    def request(self, method: str, params: dict[str, Any], *, number: int) -> bytes:
        """Give the bytes on the wire of a request with the id *number*."""
        request = {"id": number, "method": method, "params": params}
        if self.token is not None:
            request["token"] = self.token
        text = json.dumps(
            request, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode()
        return masked_frame(text) if self.is_websocket else line(text)

    def message(self) -> bytes:
        """Read one message and give its text."""
        raw = self.raw_message()
        if not self.is_websocket:
            return raw
        return raw[{126: 4, 127: 10}.get(raw[1], 2) :]

    def raw_message(self) -> bytes:
        """Read one message and give its bytes on the wire."""
        if not self.is_websocket:
            return self._complete(self._incoming.readline())
        header = self._read(2)
        if header[0] != TEXT:
            raise RuntimeError(f"not a whole text message: {header.hex()}")
        match header[1]:
            case 126:
                header += self._read(2)
                size = int.from_bytes(header[2:])
            case 127:
                header += self._read(8)
                size = int.from_bytes(header[2:])
            case size:
                pass
        return header + self._read(size)

    def set_up(self) -> str:
        """Make the administrator of a fresh directory, sign in, and give back the token."""
        self.call("JSONRPC.Hello")
        self.call("JSONRPC.CreateUser", username=USER_NAME, password=PASSWORD)
        signed_in = self.call(
            "JSONRPC.Authenticate", username=USER_NAME, password=PASSWORD, deviceName="bench"
        )
        self.token = str(signed_in["token"])
        return self.token

    def sign_in(self, token: str) -> None:
        """Say hello with *token*.

        Raises:
            RuntimeError: the server does not know it.
        """
        self.token = token
        if not self.call("JSONRPC.Hello").get("authenticated"):
            raise RuntimeError("the token is not known")

    def _upgrade(self, host: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._incoming.readline()
        if b" 101 " not in status:
            raise RuntimeError(f"no WebSocket: {status!r}")
        while self._incoming.readline() != b"\r\n":
            pass

    def _read(self, size: int) -> bytes:
        return self._complete(self._incoming.read(size))

    def _complete(self, data: bytes) -> bytes:
        if not data:
            raise ConnectionError("the server closed the connection")
        return data


def signed_in(url: str, tokens: list[str]) -> list[Client]:
    """Open a connection for each of *tokens*, signed in with it."""
    clients = []
    for token in tokens:
        client = Client(url)
        client.sign_in(token)
        clients.append(client)
    return clients
