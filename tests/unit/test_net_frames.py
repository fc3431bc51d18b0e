"""Frames of any size, cut anyhow: what a session receives of them, and what picows gets to see."""

import asyncio
import math
import socket
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keystead.net import frames, websocket
from keystead.net.conversation import Conversations
from keystead.net.frames import Sluice
from tests.net_stage import TOO_LARGE, EchoFace, guest
from tests.raw_websocket import BINARY, CONTINUATION, PING, PONG, TEXT, frame, upgrade

LIMIT = 66_000  # bytes, instead of MAX_MESSAGE; all three kinds of header occur below it
SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT]

sizes = st.sampled_from(SIZES) | st.integers(0, 300) | st.integers(0, 2 * LIMIT)
messages = st.tuples(
    st.sampled_from([TEXT, TEXT, BINARY]),
    st.lists(sizes, min_size=1, max_size=4),  # of its fragments
    st.sampled_from([None, PING, PONG]),  # a control frame between them
)


def in_frames(kind, parts, control):
    """Write a message as a list of frames; its bytes tell where they come from."""
    written = []
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        payload = bytes(48 + (n + index) % 75 for n in range(min(part, 75))) * (part // 75 + 1)
        written.append(
            (payload[:part], frame(payload[:part], kind if index == 0 else 0, is_last=is_last))
        )
        if control and not is_last:
            written.append((b"", frame(b"control", control)))
    return written


def expected(kind, parts, control):
    """Tell what a session receives of a message."""
    if kind == BINARY:
        return []
    if sum(parts) > LIMIT:
        return [TOO_LARGE]
    return [b"".join(payload for payload, _ in in_frames(kind, parts, control))]


@st.composite
def streams(draw):
    """Make messages and where their bytes are cut: near the borders of frames, and anywhere."""
    sent = draw(st.lists(messages, min_size=1, max_size=5))
    written = [one for message in sent for _, one in in_frames(*message)]
    stream = b"".join(written)
    cuts = {0, len(stream)}
    position = 0
    for one in written:
        cuts |= {position + offset for offset in draw(st.sets(st.integers(-3, 16), max_size=4))}
        position += len(one)
    cuts |= draw(st.sets(st.integers(0, len(stream)), max_size=5))
    borders = sorted(cut for cut in cuts if 0 <= cut <= len(stream))
    pieces = [stream[a:b] for a, b in pairwise(borders)]
    return sent, pieces


class Transport(asyncio.Transport):
    """One end of a connection that is only written to; its reads are given by ``feed``."""

    def __init__(self, connection):
        super().__init__({"socket": connection})
        self.protocol = None

    def set_write_buffer_limits(self, high=None, low=None):
        """Take everything."""

    def get_write_buffer_size(self):
        return 0

    def write(self, data):
        """Answers are not looked at."""

    def pause_reading(self):
        raise AssertionError("everything is answered at once")

    def get_protocol(self):
        return self.protocol

    def close(self):
        """Whoever tries this looks at what was received."""


def feed(protocol, piece):
    """Hand over bytes as an event loop does; an empty read is none."""
    while piece:
        space = protocol.get_buffer(-1)
        size = min(len(space), len(piece))
        space[:size] = piece[:size]
        protocol.buffer_updated(size)
        piece = piece[size:]


@contextmanager
def connected():
    """Give a protocol before its handshake, with its face and all conversations."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    everyone = Conversations(asyncio.TaskGroup())
    face = EchoFace()
    face.ignores_binary = True
    protocol = websocket.protocol(everyone, {"/": face}, guest())
    with ours, theirs:
        transport = Transport(ours)
        transport.protocol = protocol
        protocol.connection_made(transport)
        yield protocol, face, everyone
        protocol.connection_lost(None)


@contextmanager
def connection():
    """Give a protocol after its handshake, the session behind it, and the conversation's wire."""
    with connected() as (protocol, face, everyone):
        feed(protocol, upgrade())
        (conversation,) = everyone.open
        yield protocol, face.sessions[0], conversation._wire


@pytest.fixture(autouse=True, scope="module")
def small_limit():
    """Let less be too large, as copying megabytes takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "MAX_MESSAGE", LIMIT)
        patch.setattr(websocket, "MAX_MESSAGE", LIMIT)
        patch.setattr(frames, "AT_ONCE", 4 * LIMIT)  # so that it happens in one read
        yield


@given(streams())
def test_a_session_receives_each_message_or_hears_that_it_is_too_large(stream):
    sent, pieces = stream

    async def run():
        with connection() as (protocol, session, wire):
            for piece in pieces:
                feed(protocol, piece)
            assert session.received == [one for message in sent for one in expected(*message)]
            assert wire.deadline is None

    asyncio.run(run())


@given(streams(), st.integers(1, 20))
def test_time_runs_just_while_a_message_is_incomplete(stream, missing):
    sent, pieces = stream
    pieces = [b"".join(pieces)[:-missing], b"".join(pieces)[-missing:]]
    last = len(in_frames(*sent[-1])[-1][1])

    async def run():
        with connection() as (protocol, _, wire):
            feed(protocol, pieces[0])
            if missing < last:
                assert wire.deadline is not None
            feed(protocol, pieces[1])
            assert wire.deadline is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("begin", "rest"),
    [
        (frame(b"x")[:3], frame(b"x")[3:]),
        (frame(b"x", is_last=False), frame(b"", CONTINUATION)),
        (frame(b"x" * (LIMIT + 1))[:100], frame(b"x" * (LIMIT + 1))[100:]),
    ],
    ids=["whole", "in fragments", "too large"],
)
def test_the_time_for_a_message_ends_with_it_though_the_next_has_begun(begin, rest):
    async def run():
        with connection() as (protocol, session, wire):
            feed(protocol, begin)
            wire.deadline = math.inf
            feed(protocol, rest + frame(b"y")[:3])

            assert len(session.received) == 1
            assert wire.deadline < math.inf

    asyncio.run(run())


@pytest.mark.parametrize("position", range(-6, 16))
def test_frames_may_follow_a_handshake_that_is_cut_anywhere(position):
    async def run():
        with connected() as (protocol, face, _):
            stream = upgrade() + frame(b"one") + frame(b"two") + frame(b"x" * (LIMIT + 1))
            cut = len(upgrade()) + position
            feed(protocol, stream[:cut])
            feed(protocol, stream[cut:])

            assert face.sessions[0].received == [b"one", b"two", TOO_LARGE]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("before", "received"), [(b"y", [b"y", TOO_LARGE]), (b"\xff", [])], ids=["text", "no text"]
)
def test_what_came_before_a_large_message_in_the_same_read_has_its_place(before, received):
    async def run():
        with connection() as (protocol, session, _):
            large = frame(b"x" * LIMIT, is_last=False) + frame(b"x", CONTINUATION)
            feed(protocol, large)
            assert len(protocol.get_buffer(-1)) > len(large) + 100

            feed(protocol, frame(before) + large)

            assert session.received == [TOO_LARGE, *received]

    asyncio.run(run())


def test_a_large_message_behind_a_frame_that_picows_refuses_is_nothing():
    async def run():
        with connection() as (protocol, session, _):
            feed(protocol, frame(b"x", 3) + frame(b"x" * (LIMIT + 1)) + frame(b"y"))

            assert session.received == []

    asyncio.run(run())


def test_fragments_are_not_kept_once_they_are_too_large():
    async def run():
        with connection() as (protocol, _, wire):
            feed(protocol, frame(b"x" * LIMIT, is_last=False))
            assert len(wire._fragments) == LIMIT
            feed(protocol, frame(b"x", CONTINUATION, is_last=False))

            assert len(wire._fragments) == 0
            feed(protocol, frame(b"x" * LIMIT, CONTINUATION, is_last=False))
            assert len(wire._fragments) == 0

    asyncio.run(run())


class Inner(asyncio.BufferedProtocol):
    """Stands in for picows: keeps each read.

    Attributes:
        on_handshake: what to do when the handshake is done.
    """

    def __init__(self):
        self.space = memoryview(bytearray(4 * LIMIT))
        self.reads = []
        self.on_handshake: Callable[[], None] = lambda: None

    def get_buffer(self, sizehint):
        return self.space

    def buffer_updated(self, nbytes):
        self.reads.append(bytes(self.space[:nbytes]))
        self.space[:] = bytes(len(self.space))  # what is there later is stale
        if self.reads[-1].endswith(b"\r\n\r\n"):
            self.on_handshake()


class Reader:
    """Keeps what it is told."""

    is_closing = False
    most = LIMIT

    def __init__(self, inner, *, answers_too_large=True):
        self.answers_too_large = answers_too_large
        self.inner = inner
        self.large = []  # first bytes, with the number of reads before
        self.is_inside_frame = False

    def on_large_frame(self, first):
        self.large.append((first, len(self.inner.reads)))

    def on_read_end(self, *, is_inside_frame):
        self.is_inside_frame = is_inside_frame


def opened(**how):
    """Give a sluice after the handshake, with both its neighbours."""
    inner = Inner()
    sluice = Sluice(inner, guest())
    reader = Reader(inner, **how)
    inner.on_handshake = partial(sluice.begin, reader)
    feed(sluice, b"GET / HTTP/1.1\r\n\r\n")
    inner.reads.clear()
    return sluice, inner, reader


@given(streams())
@example(([], [frame(b"x"), frame(b"y")[:5], frame(b"y")[5:]]))
def test_all_but_large_frames_is_handed_on_and_no_header_is_cut(stream):
    _, pieces = stream
    sluice, inner, reader = opened()
    for piece in pieces:
        feed(sluice, piece)

    left, headers, large = b"".join(pieces), [], 0
    kept = b""
    while left:
        header = {126: 8, 127: 14}.get(left[1] & 0x7F, 6)
        length = int.from_bytes(left[2 : header - 4], "big") if header > 6 else left[1] & 0x7F
        if length > LIMIT:
            large += 1
        else:
            headers.append(range(len(kept) + 1, len(kept) + header))
            kept += left[: header + length]
        left = left[header + length :]
    assert b"".join(inner.reads) == kept
    assert len(reader.large) == large
    ends = [sum(map(len, inner.reads[:n])) for n in range(len(inner.reads) + 1)]
    assert not any(end in header for end in ends for header in headers)
    assert not reader.is_inside_frame


def test_nothing_is_skipped_where_what_is_too_large_ends_the_connection():
    sluice, inner, reader = opened(answers_too_large=False)
    large = frame(bytes(LIMIT + 1))

    feed(sluice, large)

    assert b"".join(inner.reads) == large
    assert reader.large == []


def test_nothing_is_handed_on_after_the_end():
    sluice, inner, reader = opened()
    feed(sluice, frame(b"x") + frame(b"y"))
    reader.is_closing = True
    feed(sluice, frame(b"last", PING))

    feed(sluice, frame(bytes(1000)) * 100)

    assert b"".join(inner.reads) == frame(b"x") + frame(b"y") + frame(b"last", PING)


@pytest.mark.parametrize("known", range(14))
def test_a_header_waits_until_it_is_complete(known):
    sluice, inner, reader = opened()
    one = frame(bytes(LIMIT), CONTINUATION)

    feed(sluice, frame(b"before", PING) + one[:known])

    assert b"".join(inner.reads) == frame(b"before", PING)
    assert reader.is_inside_frame == bool(known)


@pytest.mark.parametrize("stale", [0x00, 0x7A, 0x7B, 0x7F, 0x80, 0xFD, 0xFE, 0xFF])
def test_a_frame_that_is_cut_waits_for_its_rest_whatever_was_in_memory_before(stale):
    for size in (0, 1, 5, 125, 126, 200, 300, 65_536):
        one = frame(bytes(size))
        for known in range(1, min(len(one), 150)):
            sluice, inner, reader = opened()
            inner.space[:] = bytes((stale,)) * len(inner.space)

            feed(sluice, one[:known])
            assert reader.is_inside_frame
            feed(sluice, one[known:])
            assert b"".join(inner.reads) == one
            assert not reader.is_inside_frame


@pytest.mark.parametrize("wrong", [b"\x81\xfe\0\x05maskhello", frame(b"x", reserved=0x40)])
def test_nothing_is_handed_on_after_a_frame_that_picows_refuses(wrong):
    sluice, inner, reader = opened()
    reader.is_closing = True

    feed(sluice, wrong)
    feed(sluice, frame(b"x"))

    assert inner.reads == [wrong]


def test_what_picows_refuses_by_its_second_byte_does_not_wait():
    sluice, inner, _ = opened()

    feed(sluice, b"\x81\x05")

    assert inner.reads == [b"\x81\x05"]
