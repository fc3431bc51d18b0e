"""Walks along WebSocket frames (RFC 6455 5.2) as they come, before picows reads them."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from keystead.net.door import Guest
from keystead.net.wire import reset

MAX_MESSAGE = 1024 * 1024  # bytes; sessions may allow less
MAX_HEAD = 16 * 1024  # bytes of an HTTP request, as picows has it
AT_ONCE = 64 * 1024  # bytes of a read; picows doubles a buffer that one fills, and keeps it

_WHOLE_TEXT = 0x81
_DATA_FRAMES = {0x00, 0x01, 0x02, 0x80, 0x81, 0x82}  # first bytes; reserved bits are not set
_MASKED = 0x80  # in the second byte
_IN_2_BYTES = _MASKED | 126  # second byte when the length follows it
_MASK = 4  # bytes
_SHORTEST, _LEAST_IN_2_BYTES = 2 + _MASK, 4 + _MASK + 126  # bytes of a frame
_EXCESS = _MASKED - _SHORTEST  # of the second byte of a short frame over its size
_LONGEST_HEADER = 2 + 8 + _MASK
_LENGTH_BOUND = 1 << 63

_SINK = memoryview(bytearray(AT_ONCE))  # where skipped bytes go, for all connections
_ALL = 1 << 63  # bytes; more than ever come


class Reader(Protocol):
    """Who reads the frames, by way of picows.

    Attributes:
        answers_too_large: frames of more than ``MAX_MESSAGE`` are to be skipped.
    """

    answers_too_large: bool

    @property
    def most(self) -> int:
        """Give how many bytes a message may have now: 65,535 at least, MAX_MESSAGE at most."""

    @property
    def is_closing(self) -> bool:
        """Tell whether nothing more is to be read."""

    def on_large_frame(self, first: int) -> None:
        """Take note of a frame that is skipped; *first* is its first byte."""

    def on_read_end(self, *, is_inside_frame: bool) -> None:
        """Take note that all that came is read."""


Plain = Callable[[bytes], bytes]  # from the head of a request to the answer


def unanswered(head: bytes) -> bytes:
    """Leave every request to picows."""
    return b""


class Sluice(asyncio.BufferedProtocol):
    """Stands between the socket and picows: hands on whole headers, skips what is too large.

    So it knows at any time whether a frame is incomplete, and a frame of any size takes no
    memory. Bytes are read into picows' own buffer and left there, but for a header that is
    cut, and for what shares a read with something to be skipped.

    Args:
        inner: the protocol of picows.
        guest: the connection as the door counts it.
        plain: answers a request that is no handshake; b"" for what picows is to answer.
    """

    __slots__ = (
        "_get_buffer",
        "_guest",
        "_head",
        "_held",
        "_inner",
        "_is_between",
        "_pass_on",
        "_plain",
        "_reader",
        "_rest",
        "_skips",
        "_transport",
        "_view",
    )

    def __init__(self, inner: Any, guest: Guest, plain: Plain = unanswered) -> None:
        self._inner = inner
        self._guest = guest
        self._plain = plain
        self._get_buffer = inner.get_buffer
        self._pass_on = inner.buffer_updated
        self._view: memoryview = _SINK  # what is read into
        self._reader: Reader | None = None  # there is none during the handshake
        self._head = b""  # of HTTP, as far as it came
        self._held = b""  # a header that is cut
        self._rest = 0  # bytes to come of the frame under way
        self._skips = False  # ... which is skipped
        self._is_between = False  # a frame begins with the next byte

    def begin(self, reader: Reader) -> None:
        """Take note that the handshake is done."""
        self._reader = reader

    # --- what the event loop calls ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand on."""
        self._transport = cast("asyncio.Transport", transport)
        self._guest.cut_off = partial(reset, self._transport)
        self._inner.connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give the space to read into."""
        if self._skips:
            return _SINK[: self._rest]  # so that no read goes beyond what is skipped
        view: memoryview = self._get_buffer(sizehint)
        if len(view) > AT_ONCE:
            view = view[:AT_ONCE]
        self._view = view
        if not self._held:
            return view
        view[: len(self._held)] = self._held
        return view[len(self._held) :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take a read."""
        view = self._view
        if (
            self._is_between
            and view[0] == _WHOLE_TEXT
            and (
                _LEAST_IN_2_BYTES <= nbytes == 8 + (view[2] << 8 | view[3])
                if view[1] == _IN_2_BYTES
                else _SHORTEST <= nbytes == view[1] - _EXCESS < _IN_2_BYTES - _EXCESS
            )
        ):
            self._pass_on(nbytes)  # one whole text message, as nearly always
        elif self._reader is None:
            self._shake_hands(nbytes)
        elif self._skips:
            self._rest -= nbytes
            self._settle(self._reader)
        else:
            size = len(self._held) + nbytes
            self._held = b""
            self._walk(self._reader, size)

    def eof_received(self) -> bool | None:
        """Hand on."""
        closing: bool | None = self._inner.eof_received()
        return closing

    def pause_writing(self) -> None:
        """Hand on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on."""
        self._inner.connection_lost(exc)
        self._guest.leave()

    # --- the walk ---------------------------------------------------------------------------

    def _shake_hands(self, size: int) -> None:
        """Let picows have the HTTP request, or answer it; frames may follow it in the same read."""
        before = len(self._head)
        self._head += bytes(self._view[:size])
        end = self._head.find(b"\r\n\r\n", max(0, before - 3))
        if end < 0 and len(self._head) < MAX_HEAD:
            return
        head, behind = self._head, b""
        if end >= 0:
            head, behind = head[: end + 4], head[end + 4 :]
            if answer := self._plain(head):
                self._head = b""
                self._transport.write(answer)
                self._transport.close()
                return
        self._head = b""
        self._hand_over(head)
        if self._reader is not None:
            self._settle(self._reader)
            self._feed(behind)

    def _hand_over(self, head: bytes) -> None:
        """Let picows have a request, or as much of one as it refuses."""
        left = memoryview(head)
        while left:
            space: memoryview = self._get_buffer(-1)
            size = min(len(space), len(left))
            space[:size] = left[:size]
            self._pass_on(size)
            left = left[size:]

    def _walk(self, reader: Reader, size: int) -> None:
        """Take a read of *size* bytes, with what was held before it."""
        view = self._view
        start = self._rest  # of the next frame
        sure = size - _LONGEST_HEADER  # up to where no header is cut
        while start < size:
            if start <= sure:  # quickly, as for nearly all frames
                code = view[start + 1]
                if code == _IN_2_BYTES:
                    start += 8 + (view[start + 2] << 8 | view[start + 3])
                    continue
                if _MASKED <= code < _IN_2_BYTES:
                    start += code - _EXCESS
                    continue
            head = bytes(view[start : min(start + _LONGEST_HEADER, size)])
            if len(head) > 1 and head[1] < _MASKED:
                break  # picows refuses it
            if (frame := _size_of(head)) is None:
                self._held = head
                size = start
                break
            if _is_too_large(head, frame, reader.most) and (
                reader.answers_too_large or not _is_too_large(head, frame, MAX_MESSAGE)
            ):  # of what is too large for everybody, picows knows
                self._skip(reader, start, frame, size)
                return
            start += frame
        self._rest = max(0, start - size)
        if size:
            self._pass_on(size)
        self._settle(reader)

    def _skip(self, reader: Reader, start: int, frame: int, size: int) -> None:
        """Leave out the frame at *start* of *frame* bytes, in a read of *size* bytes."""
        first = self._view[start]
        behind = bytes(self._view[start + frame : size])  # picows moves what it has read
        if start:
            self._pass_on(start)
        if not reader.is_closing:
            reader.on_large_frame(first)
        self._rest = max(0, start + frame - size)
        self._skips = True
        self._settle(reader)
        self._feed(behind)

    def _settle(self, reader: Reader) -> None:
        """Make ready for the next read."""
        if reader.is_closing:
            self._skips, self._rest, self._held = True, _ALL, b""
        self._skips = self._skips and self._rest > 0
        self._is_between = not (self._rest or self._held)
        reader.on_read_end(is_inside_frame=not self._is_between)

    def _feed(self, data: bytes) -> None:
        """Take what shared a read with something else as reads of its own."""
        left = memoryview(data)
        while left:
            space = self.get_buffer(-1)
            size = min(len(space), len(left))
            space[:size] = left[:size]
            self.buffer_updated(size)
            left = left[size:]


def _size_of(head: bytes) -> int | None:
    """Tell how long a client's frame is, header and all; None when *head* does not say.

    Source: RFC 6455 5.2.

    >>> _size_of(bytes.fromhex("8180 01020304")), _size_of(bytes.fromhex("81fe 0100 01020304"))
    (6, 264)
    """
    if len(head) < _SHORTEST:
        return None
    if head[1] < _IN_2_BYTES:
        return head[1] - _EXCESS
    header = 4 + _MASK if head[1] == _IN_2_BYTES else _LONGEST_HEADER
    if len(head) < header:
        return None
    return header + int.from_bytes(head[2 : header - _MASK], "big")


def _is_too_large(head: bytes, frame: int, most: int) -> bool:
    """Tell whether a frame of data is right but for its size."""
    length = frame - _LONGEST_HEADER
    return most < length < _LENGTH_BOUND and head[0] in _DATA_FRAMES
