"""Messages that are too large, where the session answers them and the connection lives on."""

import asyncio
from contextlib import suppress

import pytest

from keystead.net import websocket
from keystead.net.frames import MAX_MESSAGE
from tests.net_stage import TOO_LARGE, EchoFace, Face, messages_of, on_each_loop, stage
from tests.raw_websocket import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    WebSocket,
    farewell,
    frame,
)

LARGE = 60_000_000  # bytes


def head(size, first=0x80 | TEXT):
    """Write the header of a large frame, masked with zeros."""
    return bytes((first, 0xFF)) + size.to_bytes(8, "big") + bytes(4)


def space(box):
    """Count the bytes that picows would read at once, which grow with what it keeps."""
    (conversation,) = box.everyone.open
    return len(conversation._wire._transport.get_protocol()._inner.get_buffer(-1))


@on_each_loop
async def test_a_large_message_is_skipped_and_answered_in_its_place():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        before = space(box)

        await client.send(frame(b"one"), head(LARGE), bytes(LARGE), frame(b"two"), frame(b"3"))

        assert [await client.text() for _ in range(4)] == ["one", "too large", "two", "3"]
        assert session.received == [b"one", TOO_LARGE, b"two", b"3"]
        assert space(box) == before


@on_each_loop
async def test_a_large_message_is_answered_before_its_end():
    async with stage("http", root=EchoFace()) as box:
        client, _ = await WebSocket.opened(box)

        await client.send(head(MAX_MESSAGE + 1))
        assert await client.text() == "too large"
        await client.send(bytes(MAX_MESSAGE + 1), frame(b"next"))

        assert await client.text() == "next"


@on_each_loop
async def test_fragments_that_are_too_much_together_are_answered_once_and_not_kept():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        part = frame(bytes(500_000), CONTINUATION, is_last=False)

        await client.send(frame(b"one"), frame(b"begin", is_last=False))
        for _ in range(20):
            await client.send(part)
        await client.send(head(LARGE, CONTINUATION), bytes(LARGE), frame(b"", PING))
        await client.send(frame(b"end", CONTINUATION), frame(b"two"))

        assert [await client.text(), await client.text()] == ["one", "too large"]
        assert await client.frame() == Frame(PONG, b"", 0x80 | PONG)
        assert await client.text() == "two"
        assert session.received == [b"one", TOO_LARGE, b"two"]
        assert space(box) < 4 * 500_000


@on_each_loop
async def test_a_message_is_too_large_by_its_last_fragment_too():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        most = frame(b"x" * MAX_MESSAGE, is_last=False)

        await client.send(most, frame(b"", CONTINUATION), most, frame(b"x", CONTINUATION))
        await client.send(most, head(MAX_MESSAGE + 1, 0x80), bytes(MAX_MESSAGE + 1))

        assert len(await client.text()) == MAX_MESSAGE
        assert [await client.text(), await client.text()] == ["too large", "too large"]
        assert len(session.received) == 3


@on_each_loop
async def test_several_large_messages_in_a_row_are_each_answered():
    async with stage("http", root=EchoFace()) as box:
        client, _ = await WebSocket.opened(box)
        large = head(MAX_MESSAGE + 1) + bytes(MAX_MESSAGE + 1)

        await client.send(large * 3 + frame(b"one") + large + frame(b"two") + large)
        answers = [await client.text() for _ in range(7)]

        assert answers == ["too large"] * 3 + ["one", "too large", "two", "too large"]


@on_each_loop
async def test_the_largest_message_is_received():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"x" * MAX_MESSAGE))

        assert await client.text() == "x" * MAX_MESSAGE
        assert len(session.received) == 1


@on_each_loop
async def test_messages_of_one_read_stay_apart():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        sent = [b"", b"{", "♥".encode(), b"", b"}\n"]

        await client.send(*map(frame, sent))
        answers = [(await client.text()).encode() for _ in sent]

        assert answers == session.received == sent


@on_each_loop
async def test_a_large_message_behind_the_handshake_is_answered():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(
            box, behind=head(LARGE) + bytes(LARGE) + frame(b"one")[:4]
        )

        await client.send(frame(b"one")[4:])

        assert [await client.text(), await client.text()] == ["too large", "one"]
        assert session.received == [TOO_LARGE, b"one"]


@pytest.mark.parametrize(
    "wrong",
    [
        (frame(b"x", BINARY),),
        (frame(b"x", BINARY, is_last=False),),
        (head(LARGE, 0x80 | BINARY),),
        (head(LARGE, BINARY),),
    ],
    ids=["whole", "fragment", "large", "large fragment"],
)
@on_each_loop
async def test_where_binary_messages_are_not_ignored_one_ends_the_connection_with_1003(wrong):
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"one"))
        assert await client.text() == "one"
        await client.send(*wrong)

        assert await client.farewell() == 1003
        await session.is_over.wait()
        assert session.received == [b"one"]


@on_each_loop
async def test_a_large_binary_message_is_ignored_where_small_ones_are():
    face = EchoFace()
    face.ignores_binary = True
    async with stage("http", root=face) as box:
        client, session = await WebSocket.opened(box)

        await client.send(head(LARGE, 0x80 | BINARY), bytes(LARGE))
        await client.send(frame(b"x", BINARY, is_last=False))
        await client.send(head(LARGE, 0x80), bytes(LARGE), frame(b"next"))

        assert await client.text() == "next"
        assert session.received == [b"next"]


WRONG = {
    "nothing to continue": head(LARGE, 0x80),
    "a message inside another": frame(b"x", is_last=False) + head(LARGE),
    "a message inside a large one": (
        frame(b"x", is_last=False)
        + head(MAX_MESSAGE + 1, CONTINUATION)
        + bytes(MAX_MESSAGE + 1)
        + frame(b"y")
    ),
    "not masked": b"\x81\x7f" + LARGE.to_bytes(8, "big"),
    "ping": head(LARGE, 0x80 | PING),
    "unknown kind": head(LARGE, 0x83),
    "negative length": head(1 << 63),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@on_each_loop
async def test_a_wrong_large_frame_ends_the_connection_with_1002(wrong):
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)

        await client.send(wrong)
        while (found := await client.frame()).kind == TEXT:
            assert found.payload == TOO_LARGE

        assert found.payload[:2] == b"\x03\xea"
        await session.is_over.wait()


@on_each_loop
async def test_a_large_frame_with_a_reserved_bit_ends_the_connection():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)

        await client.send(head(LARGE, 0xC1))

        assert await client.farewell() in {1002, 1009}
        assert session.received == []


@on_each_loop
async def test_text_that_is_none_before_a_large_message_ends_the_connection():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        begin = frame(b"x" * 10, is_last=False)

        with suppress(ConnectionError):
            await client.send(frame(b"\xff"), begin, frame(b"x" * MAX_MESSAGE, CONTINUATION))
        await session.is_over.wait()

        assert TOO_LARGE not in session.received
        assert b"\xff" not in session.received


@on_each_loop
async def test_a_large_message_behind_a_close_is_ignored():
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"one"), farewell(1000), head(LARGE))

        assert await client.text() == "one"
        assert await client.farewell() == 1000
        assert session.received == [b"one"]


@on_each_loop
async def test_a_large_message_behind_a_close_does_not_cost_the_answers_under_way():
    face = Face()
    face.ignores_binary, face.answers_too_large = False, True
    async with stage("http", root=face) as box:
        client, _ = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)

        await client.send(frame(b"wait gate one\n"), farewell(1001), head(LARGE, BINARY))
        await other.ask("echo x")
        face.gates["gate"].set()

        assert await client.text() == "one\n"
        assert await client.farewell() == 1001


@on_each_loop
async def test_who_does_not_finish_a_large_message_is_closed(monkeypatch):
    async with stage("http", root=EchoFace()) as box:
        client, session = await WebSocket.opened(box)
        patient, other = await WebSocket.opened(box)
        await patient.send(head(MAX_MESSAGE + 1), bytes(MAX_MESSAGE + 1), frame(b"next"))
        assert [await patient.text(), await patient.text()] == ["too large", "next"]

        monkeypatch.setattr(websocket, "MESSAGE_TIMEOUT", 0.05)
        await client.send(head(LARGE), bytes(1000))

        assert await client.text() == "too large"
        assert await client.farewell() == 1000
        await session.is_over.wait()
        await patient.send(frame(b"unharmed"))
        assert await patient.text() == "unharmed"
        assert not other.is_over.is_set()


@on_each_loop
async def test_who_goes_on_sending_after_the_end_is_not_kept_in_memory(caplog):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)
        protocol = next(iter(box.everyone.open))._wire._transport.get_protocol()

        with suppress(ConnectionError):
            for _ in range(LARGE // 1_000_000):
                await client.send(head(LARGE), bytes(1_000_000))
        await session.is_over.wait()

        assert len(protocol._inner.get_buffer(-1)) < 100_000
        assert session.received == 0
    assert messages_of(caplog, "asyncio") == []


@on_each_loop
async def test_large_messages_are_skipped_while_an_answer_waits_to_be_read():
    async with stage("http", root=EchoFace()) as box:
        box.keep_little_in_the_kernel()
        client, session = await WebSocket.opened(box)

        async def send():
            for number in range(5):
                await client.send(frame(b"%d" % number + b"x" * 500_000))
                await client.send(head(2_000_000), bytes(2_000_000))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send())
            for number in range(5):
                assert await client.text() == f"{number}" + "x" * 500_000
                assert await client.text() == "too large"
        assert len(session.received) == 10


FOR_STRANGERS = 1 << 16  # bytes; a session says so


@on_each_loop
async def test_what_is_too_large_for_a_stranger_is_skipped_until_somebody_signs_in():
    face = EchoFace()
    face.most_before_sign_in = FOR_STRANGERS
    async with stage("http", root=face) as box:
        client, session = await WebSocket.opened(box)
        most, large = frame(b"x" * FOR_STRANGERS), frame(b"x" * (FOR_STRANGERS + 1))

        await client.send(most, large, frame(b"x" * FOR_STRANGERS, is_last=False))
        await client.send(frame(b"x", CONTINUATION))
        assert len(await client.text()) == FOR_STRANGERS
        assert [await client.text(), await client.text()] == ["too large", "too large"]

        session.token_id = "somebody"
        await client.send(large)
        assert len(await client.text()) == FOR_STRANGERS + 1


@on_each_loop
@pytest.mark.parametrize(
    "large",
    [
        (head(FOR_STRANGERS + 1),),
        (frame(b"x" * FOR_STRANGERS, is_last=False), frame(b"x", CONTINUATION)),
    ],
)
async def test_what_is_too_large_for_a_stranger_ends_the_connection_before_it_is_kept(large):
    face = Face()
    face.most_before_sign_in = FOR_STRANGERS
    async with stage("http", root=face) as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"echo x\n"), *large)

        assert await client.text() == "x\n"
        assert await client.farewell() == 1009
        assert session.received == len(b"echo x\n")
