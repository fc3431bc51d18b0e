"""WebSocket frames (RFC 6455) byte by byte, right ones and wrong ones, over a raw client."""

import base64
import hashlib
from typing import NamedTuple

from tests.net_stage import Client

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(b"sixteen bytes ok")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frame(NamedTuple):
    """What came: ``kind`` is the opcode, ``first`` the whole first byte."""

    kind: int
    payload: bytes
    first: int


def frame(payload=b"", kind=TEXT, *, is_last=True, reserved=0, is_masked=True):
    """Write one frame as a client does."""
    first = (0x80 if is_last else 0) | reserved | kind
    size = len(payload)
    if size < 126:
        length = bytes((size,))
    elif size < 1 << 16:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    if not is_masked:
        return bytes((first,)) + length + payload
    mask = b"\x01\x02\x03\x04"
    repeated = int.from_bytes(mask * (size // 4 + 1), "big") >> 8 * (4 - size % 4)
    masked = (int.from_bytes(payload, "big") ^ repeated).to_bytes(size, "big")
    return bytes((first, length[0] | 0x80)) + length[1:] + mask + masked


def farewell(code=None, reason=b""):
    """Write a close frame."""
    return frame(b"" if code is None else code.to_bytes(2, "big") + reason, CLOSE)


def upgrade(path="/", **headers):
    """Write a handshake; ``headers`` replace the usual ones, None leaves one out."""
    usual = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY.decode(),
        "Sec-WebSocket-Version": "13",
    }
    wanted = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
    return "\r\n".join((f"GET {path} HTTP/1.1", *lines, "", "")).encode()


class WebSocket:
    """A raw client after its handshake.

    Attributes:
        raw: the socket.
    """

    def __init__(self, raw: Client) -> None:
        self.raw = raw

    @classmethod
    async def opened(cls, box, path="/", behind=b""):
        """Shake hands; give the client with the session at the other end."""
        raw = await box.dial()
        await raw.send(upgrade(path) + behind)
        status, headers = await answer_head(raw)
        accepted = base64.b64encode(hashlib.sha1(KEY + _GUID).digest())  # noqa: S324 - RFC 6455
        assert (status, headers["sec-websocket-accept"]) == (101, accepted.decode())
        return cls(raw), await box.arrival()

    async def send(self, *frames):
        await self.raw.send(b"".join(frames))

    async def frame(self):
        """Read the next frame."""
        first, length = await self.raw.read(2)
        assert length < 128, "a server does not mask"
        if length > 125:
            length = int.from_bytes(await self.raw.read(2 if length == 126 else 8), "big")
        return Frame(first & 0x0F, await self.raw.read(length), first)

    async def text(self):
        """Read the next frame, which must be a whole text message."""
        found = await self.frame()
        assert found.first == 0x81, found
        return found.payload.decode()

    async def ask(self, request):
        """Send a request as one message and read its reply."""
        await self.send(frame(request.encode() + b"\n"))
        return (await self.text()).removesuffix("\n")

    async def farewell(self):
        """Read the close frame and the end behind it; give the code."""
        found = await self.frame()
        assert found.first == 0x80 | CLOSE, found
        assert await self.raw.rest() in (b"", b"<reset>"), "nothing follows a close frame"
        return int.from_bytes(found.payload[:2], "big")


async def answer_head(raw):
    """Read the status and the headers of an HTTP answer."""
    line = await raw.line()
    version, status, _ = line.split(" ", 2)
    assert version == "HTTP/1.1"
    headers = {}
    while line := (await raw.line()).rstrip("\r"):
        name, value = line.split(": ", 1)
        headers[name.lower()] = value
    return int(status), headers
