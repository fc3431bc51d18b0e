"""A nymea client of plain sockets and json: TCP and WebSocket, plain or TLS, behind one face.

It shares no code with the server and asserts on every message what the protocol promises about
all of them: one compact JSON object, exactly one line feed at its end, and on WebSocket one text
message for each.
"""

import base64
import contextlib
import hashlib
import json
import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

Message = dict[str, Any]

PATIENCE = 8.0  # seconds for anything that should come at once, on a loaded machine
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class ClosedError(Exception):
    """The other side has closed the connection."""


class HandshakeError(Exception):
    """The other side did not switch to WebSocket; the argument is what it said instead."""


class Socket:
    """A connected socket that is read up to a deadline and knows when it was closed."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Send all of *data*.

        Raises:
            ClosedError: the other side does not take it any more.
        """
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError) as error:
            raise ClosedError from error

    def fill(self, deadline: float) -> None:
        """Read one more chunk into the buffer.

        Raises:
            ClosedError: there will be no more.
            TimeoutError: nothing came until *deadline*, a value of the monotonic clock.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing came in time")
        self.socket.settimeout(left)
        try:
            chunk = self.socket.recv(1 << 16)
        except (ConnectionError, ssl.SSLError) as error:
            raise ClosedError from error
        if not chunk:
            raise ClosedError
        self.buffer += chunk

    def take(self, count: int, deadline: float) -> bytes:
        """Give the next *count* bytes."""
        while len(self.buffer) < count:
            self.fill(deadline)
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def take_to(self, end: bytes, deadline: float) -> bytes:
        """Give the bytes up to and including the next *end*."""
        searched = 0
        while (at := self.buffer.find(end, searched)) < 0:
            searched = max(0, len(self.buffer) - len(end))
            self.fill(deadline)
        return self.take(at + len(end), deadline)


class Stream(Protocol):
    """What a client needs of its transport."""

    raw: Socket

    def send(self, data: bytes) -> None:
        """Send one chunk of the request stream."""

    def next_message(self, deadline: float) -> bytes:
        """Give the next message of the other side with its line feed."""


class TcpStream:
    """Messages as lines of a byte stream."""

    def __init__(self, connected: socket.socket) -> None:
        self.raw = Socket(connected)

    def send(self, data: bytes) -> None:
        """Send *data* as it is."""
        self.raw.send(data)

    def next_message(self, deadline: float) -> bytes:
        """Give the next line."""
        return self.raw.take_to(b"\n", deadline)


class WebSocketStream:
    """Messages as text messages of RFC 6455; pings are answered, pongs and closes kept."""

    def __init__(
        self, connected: socket.socket, host: str, path: str = "/", version: int = 13
    ) -> None:
        self.raw = Socket(connected)
        self.pongs: list[bytes] = []
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._fragments = b""
        self._shake_hands(host, path, version)

    def _shake_hands(self, host: str, path: str, version: int) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.raw.send(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: {version}\r\n\r\n".encode()
        )
        head = self.raw.take_to(b"\r\n\r\n", time.monotonic() + PATIENCE).decode()
        status, *lines = head.split("\r\n")
        if status.split()[1] != "101":
            raise HandshakeError(status)
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        digest = hashlib.sha1((key + WEBSOCKET_GUID).encode(), usedforsecurity=False).digest()
        assert fields["sec-websocket-accept"] == base64.b64encode(digest).decode()
        assert fields["upgrade"].lower() == "websocket"
        assert "sec-websocket-protocol" not in fields

    def send(self, data: bytes) -> None:
        """Send *data* as one text message."""
        self.send_frame(TEXT, data)

    def send_frame(
        self, opcode: int, payload: bytes, *, final: bool = True, mask: bool = True
    ) -> None:
        """Send one frame; *opcode* may carry the reserved bits 0x40, 0x20 and 0x10."""
        first = (0x80 if final else 0) | opcode
        self.raw.send(frame(first, payload, mask=mask))

    def next_message(self, deadline: float) -> bytes:
        """Give the payload of the next text message.

        Raises:
            ClosedError: a close frame or the end of the stream came instead.
        """
        while True:
            first, payload = self._next_frame(deadline)
            match first & 0x0F:
                case opcode if opcode in (TEXT, CONTINUATION):
                    self._fragments += payload
                    if first & 0x80:
                        message, self._fragments = self._fragments, b""
                        return message
                case opcode if opcode == PING:
                    self.send_frame(PONG, payload)
                case opcode if opcode == PONG:
                    self.pongs.append(payload)
                case opcode if opcode == CLOSE:
                    self._closed(payload)
                case opcode:
                    raise AssertionError(f"the server sent a frame of kind {opcode}")

    def _next_frame(self, deadline: float) -> tuple[int, bytes]:
        first, length = self.raw.take(2, deadline)
        assert not first & 0x70, "no extension was agreed on"
        assert not length & 0x80, "a server does not mask"
        if length == 126:
            (length,) = struct.unpack(">H", self.raw.take(2, deadline))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.raw.take(8, deadline))
        return first, self.raw.take(length, deadline)

    def _closed(self, payload: bytes) -> None:
        if payload:
            (self.close_code,) = struct.unpack(">H", payload[:2])
            self.close_reason = payload[2:].decode()
        with contextlib.suppress(ClosedError):
            self.send_frame(CLOSE, payload[:2])
        raise ClosedError


def frame(first: int, payload: bytes, *, mask: bool = True) -> bytes:
    """Build a client's WebSocket frame from its first byte and its payload."""
    masked = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", first, masked | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, masked | 126, size)
    else:
        head = struct.pack(">BBQ", first, masked | 127, size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    stretched = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")
    return head + key + mixed.to_bytes(size, "big")


def dial(url: str, *, source: str | None = None) -> socket.socket:
    """Open the socket that *url* names, with TLS where the scheme says so.

    Args:
        url: nymea, nymeas, http or https, with host and port.
        source: the local address to come from, such as 127.0.0.2.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    plain = socket.create_connection(
        (parts.hostname, parts.port), PATIENCE, (source, 0) if source else None
    )
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme in ("nymea", "http"):
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nymea's clients know a box by its certificate, not a name
    context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(plain)
    except BaseException:
        plain.close()
        raise


class Client:
    """One connection that asks and listens.

    Attributes:
        token: what requests carry unless they say otherwise; empty means none.
        heard: every notification that came, in order.
    """

    def __init__(self, url: str, *, source: str | None = None) -> None:
        connected = dial(url, source=source)
        self.token = ""
        self.heard: list[Message] = []
        self._last_id = 0
        self.stream: Stream
        try:
            if urlsplit(url).scheme in ("http", "https"):
                self.stream = WebSocketStream(connected, urlsplit(url).netloc)
            else:
                self.stream = TcpStream(connected)
        except BaseException:
            connected.close()
            raise

    @property
    def websocket(self) -> WebSocketStream:
        """The stream of a connection that is known to be a WebSocket."""
        assert isinstance(self.stream, WebSocketStream)
        return self.stream

    def close(self) -> None:
        """Close without a word."""
        self.stream.raw.socket.close()

    def send(self, message: object) -> None:
        """Send *message* as one line of JSON, or as it is when it is already text or bytes."""
        match message:
            case bytes():
                self.stream.send(message)
            case str():
                self.stream.send(message.encode())
            case _:
                self.stream.send(json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float = PATIENCE) -> Message:
        """Give the next message, reply or notification.

        Raises:
            ClosedError: the connection was closed instead.
            TimeoutError: nothing came.
        """
        raw = self.stream.next_message(time.monotonic() + seconds)
        text = raw.decode()
        assert text.endswith("\n"), "every message ends with a line feed"
        assert "\n" not in text[:-1], "and has no other"
        message: Message = json.loads(text)
        compact = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        assert text[:-1] == compact, "messages are compact"
        return message

    def reply(self, seconds: float = PATIENCE) -> Message:
        """Give the next reply; notifications before it go to *heard*."""
        while True:
            message = self.receive(seconds)
            if "notification" not in message:
                return message
            self.heard.append(message)

    def notification(self, seconds: float = PATIENCE) -> Message:
        """Give the oldest notification not yet looked at, waiting for one if there is none."""
        if self.heard:
            return self.heard.pop(0)
        message = self.receive(seconds)
        assert "notification" in message, message
        return message

    def request(self, method: str, params: object, **members: object) -> Message:
        """Build a request with the next id and the token of this connection."""
        self._last_id += 1
        request = {"id": self._last_id, "method": method, "params": params}
        if self.token:
            request["token"] = self.token
        return request | members

    def ask(self, method: str, **params: object) -> Message:
        """Send a request and give its whole reply."""
        request = self.request(method, params)
        self.send(request)
        reply = self.reply()
        assert reply["id"] == request["id"], reply
        return reply

    def get(self, method: str, **params: object) -> Message:
        """Send a request that must succeed and give the params of its reply."""
        reply = self.ask(method, **params)
        assert sorted(reply) == ["id", "params", "status"], reply
        assert reply["status"] == "success", reply
        params_of_reply: Message = reply["params"]
        return params_of_reply

    def hello(self, token: str | None = None, **params: object) -> Message:
        """Shake hands, with *token* if there is one, and keep it for what follows."""
        if token is not None:
            self.token = token
        return self.get("JSONRPC.Hello", **params)

    def sign_in(self, name: str, password: str, device: str = "a phone") -> str:
        """Authenticate, which must succeed, and use the new token from here on."""
        answer = self.get(
            "JSONRPC.Authenticate", username=name, password=password, deviceName=device
        )
        assert answer["success"] is True, answer
        self.token = answer["token"]
        return self.token

    def subscribe(self, *namespaces: str) -> None:
        """Have the notifications of *namespaces* sent here, `Users` if none is named."""
        wanted = list(namespaces) or ["Users"]
        answer = self.get("JSONRPC.SetNotificationStatus", namespaces=wanted)
        assert sorted(answer["namespaces"]) == sorted(wanted)

    def settle(self) -> list[Message]:
        """Give all notifications that were on their way, by way of a round trip."""
        self.get("JSONRPC.KeepAlive", sessionId="settled?")
        settled, self.heard = self.heard, []
        return settled

    def works(self) -> bool:
        """Tell whether a request is still answered."""
        return bool(self.get("JSONRPC.KeepAlive", sessionId="?")["success"])

    def rest(self, seconds: float = PATIENCE) -> list[Message]:
        """Give everything that comes until the other side closes.

        Raises:
            TimeoutError: the connection stayed open.
        """
        return list(self._rest(seconds))

    def _rest(self, seconds: float) -> Iterator[Message]:
        while True:
            try:
                yield self.receive(seconds)
            except ClosedError:
                return
