"""WebSocket connections (RFC 6455), and refusals of what could be none."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)

# What its `ws_create_server` makes for each connection, where nothing can be put before it.
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from keystead.net.conversation import HIGH_WATER, Conversation, Conversations
from keystead.net.door import Guest
from keystead.net.frames import MAX_MESSAGE, Plain, Sluice, unanswered
from keystead.net.wire import reset
from keystead.rpc.session import Replies, WebSocketFace

LOG = logging.getLogger("picows.websocket")

READ_BUFFER = 1024  # bytes at first; it grows with what comes
MESSAGE_TIMEOUT = 10.0  # seconds for the rest of a message that has begun

# Codes that a close frame may carry; RFC 6455 7.4 and its registry.
_REGISTERED_CODES = {*range(1000, 1004), *range(1007, 1015)}
_PRIVATE_CODES = range(3000, 5000)

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}

# First bytes of the frames that we send; RFC 6455 5.2.
_WHOLE_TEXT, _FIRST_PART, _NEXT_PART, _LAST_PART = 0x81, 0x01, 0x00, 0x80

_TEXT, _CONTINUATION, _BINARY = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.BINARY
_DATA = {_TEXT, _CONTINUATION, _BINARY}
_PING, _CLOSE = WSMsgType.PING, WSMsgType.CLOSE


class WebSocketConnection(WSListener):
    """One connection, from its upgrade to its close.

    Args:
        everyone: all conversations of this server.
        face: the protocol spoken here, as text messages.
        guest: the connection as the door counts it.
    """

    def __init__(self, everyone: Conversations, face: WebSocketFace, guest: Guest) -> None:
        self._everyone = everyone
        self._face = face
        self._guest = guest
        self._payloads: list[bytes] = []  # whole messages of the present read
        self._fragments: bytearray | None = None  # of a message that is not complete
        self._is_text = True  # ... which is no binary one
        self._is_too_large = False  # ... whose fragments are not kept
        self._farewell = WSCloseCode.OK  # to say at the end
        self._is_over = False  # nothing more is taken from the peer
        self._is_sending = False  # a message in fragments is under way
        self.deadline: float | None = None
        self.answers_too_large = face.answers_too_large

    # --- what picows calls ------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin the conversation."""
        self._websocket = transport
        self._transport = transport.underlying_transport
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        self._conversation = Conversation(self._everyone, self._face, self, self._guest)
        cast("Sluice", self._transport.get_protocol()).begin(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Collect the messages of one read; hand them over together at its last frame."""
        if self._is_over:
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(WSCloseCode.PROTOCOL_ERROR, b"no extension was agreed on")
            return
        if frame.msg_type is _TEXT and frame.fin and self._fragments is None:
            self._payloads.append(frame.get_payload_as_bytes())
            self.deadline = None
        elif problem := self._on_other_frame(frame):
            self._fail(*problem)
            return
        if frame.last_in_buffer and self._payloads:
            self._hand_over()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End the conversation."""
        self._conversation.lost()

    def pause_writing(self) -> None:
        """Take note that the peer does not read what it is sent."""
        self._conversation.block()

    def resume_writing(self) -> None:
        """Take note that the peer reads again."""
        self._conversation.unblock()

    # --- what the sluice calls ---------------------------------------------------------------

    @property
    def is_closing(self) -> bool:
        """Tell whether a close frame was sent, so that nothing more is read."""
        closing: bool = self._websocket.is_close_frame_sent
        return closing

    @property
    def most(self) -> int:
        """Give how many bytes a message may have, so that strangers cannot fill the memory."""
        if self._guest.is_signed_in:
            return MAX_MESSAGE
        return min(self._face.most_before_sign_in, MAX_MESSAGE)

    def on_large_frame(self, first: int) -> None:
        """Take note of a data frame that is too large and comes no further; its first byte."""
        if self._is_over:
            return
        kind, is_last = WSMsgType(first & 0x0F), bool(first & _LAST_PART)
        if problem := self._on_part(kind, None, is_last=is_last):
            self._fail(*problem)

    def on_read_end(self, *, is_inside_frame: bool) -> None:
        """Give limited time for the rest of what the peer has begun."""
        if not is_inside_frame and self._fragments is None:
            self.deadline = None
        elif self.deadline is None:
            self.deadline = asyncio.get_running_loop().time() + MESSAGE_TIMEOUT
            self._conversation.mind_deadline()

    # --- what the conversation calls --------------------------------------------------------

    def write(self, messages: Replies) -> None:
        """Send each of *messages* as one text message."""
        if self._websocket.is_close_frame_sent:  # nothing follows it; RFC 6455 5.5.1
            return
        parts: list[bytes] = []
        for message in messages:
            parts += (_header(len(message)), message)
        self._transport.write(b"".join(parts))

    def write_part(self, part: bytes, *, is_last: bool) -> None:
        """Send a part of one long text message, as a fragment."""
        if self._websocket.is_close_frame_sent:
            return
        first = _NEXT_PART if self._is_sending else _FIRST_PART
        self._is_sending = not is_last
        self._transport.write(_header(len(part), _LAST_PART if is_last else first) + part)

    def waiting(self) -> int:
        """Count the bytes that the peer has not taken yet."""
        waiting: int = self._transport.get_write_buffer_size()
        return waiting

    def pause_reading(self) -> None:
        """Leave what the peer sends unread."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again what the peer sends."""
        self._transport.resume_reading()

    def close(self) -> None:
        """Close once everything written is through."""
        self._fail(self._farewell, b"Stop server" if self._everyone.closing else b"")

    def abort(self) -> None:
        """Close at once."""
        reset(self._transport)

    # --- frames -----------------------------------------------------------------------------

    def _on_other_frame(self, frame: WSFrame) -> tuple[WSCloseCode, bytes] | None:
        """Take a frame that is no whole text message; say what is wrong with it, if anything."""
        kind = frame.msg_type
        if kind is _PING:
            self._websocket.send_pong(frame.get_payload_as_bytes())
        elif kind is _CLOSE:
            return self._on_close(frame)
        elif kind in _DATA:
            if frame.fin:
                self.deadline = None
            return self._on_part(kind, frame.get_payload_as_bytes(), is_last=frame.fin)
        return None

    def _on_part(
        self, kind: WSMsgType, part: bytes | None, *, is_last: bool
    ) -> tuple[WSCloseCode, bytes] | None:
        """Take a frame of data, None for one that is too large; say what is wrong with it."""
        if self._fragments is None:
            if kind is _CONTINUATION:
                return WSCloseCode.PROTOCOL_ERROR, b"nothing to continue"
            if kind is _BINARY and not self._face.ignores_binary:
                return WSCloseCode.UNSUPPORTED_DATA, b""
            self._fragments = bytearray()
            self._is_text = kind is _TEXT
            self._is_too_large = False
        elif kind is not _CONTINUATION:
            return WSCloseCode.PROTOCOL_ERROR, b"a message inside another"
        if self._is_too_large:
            pass
        elif part is not None and len(self._fragments) + len(part) <= self.most:
            self._fragments += part
        elif self.answers_too_large:
            self._on_too_large()
        else:
            return WSCloseCode.MESSAGE_TOO_BIG, b""
        if is_last:
            if self._is_text and not self._is_too_large:
                self._payloads.append(bytes(self._fragments))
            self._fragments = None
        return None

    def _on_too_large(self) -> None:
        """Tell the session at once, after what came before; the rest is not kept."""
        self._is_too_large = True
        self._fragments = bytearray()
        if self._payloads:
            self._hand_over()
        if self._is_text and not self._is_over:
            self._conversation.receive_too_large()

    def _on_close(self, frame: WSFrame) -> tuple[WSCloseCode, bytes] | None:
        """Answer what came before, then say farewell."""
        farewell = _farewell_to(frame)
        if farewell is WSCloseCode.PROTOCOL_ERROR:
            return farewell, b""
        self._farewell = farewell
        self._is_over = True
        if self._payloads:
            self._hand_over()
        self._conversation.finish()
        return None

    def _hand_over(self) -> None:
        payloads, self._payloads = self._payloads, []
        try:
            for payload in payloads:
                if not payload.isascii():
                    payload.decode()
        except UnicodeDecodeError:
            self._fail(WSCloseCode.INVALID_TEXT, b"")
            return
        self._conversation.receive(payloads)

    def _fail(self, code: WSCloseCode, reason: bytes) -> None:
        self._payloads = []
        self._is_over = True
        if not self._websocket.is_close_frame_sent:
            self._websocket.send_close(code, reason)
        self._websocket.disconnect()


def protocol(
    everyone: Conversations,
    faces: Mapping[str, WebSocketFace],
    guest: Guest,
    plain: Plain = unanswered,
) -> Sluice:
    """Give what serves one connection, from its HTTP request on.

    Args:
        everyone: all conversations of this server.
        faces: the protocol spoken at each path.
        guest: the connection as the door counts it.
        plain: answers what is no handshake, and is there.
    """
    inner = WSProtocol(
        host_port=None,
        ws_path=None,
        is_client_side=False,
        ws_listener_factory=partial(_route, everyone, faces, guest),
        logger=LOG,
        disconnect_on_exception=True,
        websocket_handshake_timeout=everyone.limits.handshake,
        enable_auto_ping=False,
        auto_ping_idle_timeout=None,
        auto_ping_reply_timeout=None,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=False,  # it would swallow the mark of a read's last frame
        max_frame_size=MAX_MESSAGE,
        extra_headers=None,
        read_buffer_init_size=READ_BUFFER,
    )
    return Sluice(inner, guest, plain)


def _route(
    everyone: Conversations,
    faces: Mapping[str, WebSocketFace],
    guest: Guest,
    request: WSUpgradeRequest,
) -> WSListener | WSUpgradeResponseWithListener:
    path = request.path.partition(b"?")[0].decode("ascii", "replace")
    if (face := faces.get(path)) is None:
        return _refusal(HTTPStatus.NOT_FOUND)
    if not guest.authentication and not _is_local(request.headers.get("Origin")):
        return _refusal(HTTPStatus.FORBIDDEN)
    if "websocket" not in request.headers.get("Upgrade", "").lower():
        return _refusal(HTTPStatus.UPGRADE_REQUIRED, {"Upgrade": "websocket"})
    if "upgrade" in request.headers.get("Connection", "").lower():
        request.headers["Connection"] = "Upgrade"  # picows knows it only when it stands alone
    if request.headers.get("Sec-WebSocket-Version") != "13":
        return _refusal(HTTPStatus.UPGRADE_REQUIRED, {"Sec-WebSocket-Version": "13"})
    return WebSocketConnection(everyone, face, guest)


def _is_local(origin: str | None) -> bool:
    """Tell whether a page of this machine asks, or no page at all.

    Any site could otherwise let a browser on this machine do everything, where nobody has to
    sign in. Source: RFC 6455 10.2.

    >>> _is_local(None), _is_local("http://localhost:5173"), _is_local("https://example.org")
    (True, True, False)
    """
    if origin is None:
        return True
    try:
        return urlsplit(origin).hostname in _LOCAL_HOSTS
    except ValueError:
        return False


def _refusal(
    status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> WSUpgradeResponseWithListener:
    text = f"{status.value} {status.phrase}\n".encode()
    response = WSUpgradeResponse.create_error_response(status, text, headers)
    return WSUpgradeResponseWithListener(response, None)


def _farewell_to(frame: WSFrame) -> WSCloseCode:
    """Give the code that answers a close frame, or says what is wrong with it.

    Source: RFC 6455 5.5.1, 7.4. picows has looked at the length and the text of the reason.
    """
    payload = frame.get_payload_as_bytes()
    code = int.from_bytes(payload[:2], "big") if payload else WSCloseCode.OK.value
    if code in _REGISTERED_CODES:
        return WSCloseCode(code)
    return WSCloseCode.OK if code in _PRIVATE_CODES else WSCloseCode.PROTOCOL_ERROR


def _header(length: int, first: int = _WHOLE_TEXT) -> bytes:
    """Begin an unmasked frame; RFC 6455 5.2."""
    if length < 126:  # noqa: PLR2004 - RFC 6455 5.2
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126, length >> 8, length & 0xFF))
    return bytes((first, 127)) + length.to_bytes(8, "big")
