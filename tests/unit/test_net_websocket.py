"""WebSocket messages: fragments, control frames, and what is wrong with the rest."""

import pytest

from keystead.net.frames import MAX_MESSAGE
from tests.net_stage import large, messages_of, on_each_loop, stage
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

SIZES = (1, 125, 126, 65_535, 65_536, 65_537, 1_000_000)


@on_each_loop
async def test_a_message_is_answered_however_the_stream_is_cut():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        for byte in frame(b"echo one\n") + frame(b"echo " + b"x" * 200 + b"\n"):
            await client.send(bytes((byte,)))

        assert [await client.text(), await client.text()] == ["one\n", "x" * 200 + "\n"]


@on_each_loop
async def test_fragments_make_one_message():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        await client.send(frame(b"echo ", is_last=False))
        await client.send(frame(b"", CONTINUATION, is_last=False))
        await client.send(frame(b"tog", CONTINUATION, is_last=False))
        await client.send(frame(b"ether\n", CONTINUATION), frame(b"echo next\n"))

        assert [await client.text(), await client.text()] == ["together\n", "next\n"]


@on_each_loop
async def test_control_frames_between_fragments_are_served_at_once():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        await client.send(frame(b"echo ", is_last=False), frame(b"there?", PING))
        assert await client.frame() == Frame(PONG, b"there?", 0x80 | PONG)
        await client.send(frame(b"by the way", PONG), frame(b"whole\n", CONTINUATION))

        assert await client.text() == "whole\n"


@on_each_loop
async def test_a_ping_is_answered_with_what_it_carried():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        for payload in (b"", b"\xff\x00", b"x" * 125):
            await client.send(frame(payload, PING))
            assert await client.frame() == Frame(PONG, payload, 0x80 | PONG)


@on_each_loop
async def test_a_ping_before_or_after_a_message_in_one_read_hides_nothing():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        await client.send(frame(b"1", PING), frame(b"echo one\n"), frame(b"2", PING))
        kinds = sorted([(await client.frame()).payload for _ in range(3)])

        assert kinds == [b"1", b"2", b"one\n"]


@on_each_loop
async def test_binary_messages_are_ignored():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"echo no\n", BINARY))
        await client.send(frame(b"echo ", BINARY, is_last=False), frame(b"no\n", CONTINUATION))

        assert await client.ask("echo yes") == "yes"
        assert box.face.answered(session) == ["echo yes"]


@on_each_loop
async def test_several_messages_in_one_read_are_worked_on_together():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(*(frame(b"echo %d\n" % n) for n in range(50)))

        assert [await client.text() for _ in range(50)] == [f"{n}\n" for n in range(50)]
        assert session.receptions == 1


@on_each_loop
async def test_a_whole_message_does_not_wait_for_the_rest_of_the_next():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        cut = frame(b"echo two\n")

        await client.send(frame(b"echo one\n"), cut[:7])
        assert await client.text() == "one\n"
        await client.send(cut[7:])

        assert await client.text() == "two\n"


@on_each_loop
async def test_replies_of_any_size_are_framed_right():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        for size in SIZES:
            assert await client.ask(f"big {size}") == large(size).decode().rstrip("\n")


@on_each_loop
async def test_requests_of_any_size_are_understood():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        for size in (*SIZES[:-1], MAX_MESSAGE - 6):
            assert await client.ask("echo " + "x" * size) == "x" * size


@on_each_loop
async def test_a_long_message_comes_in_fragments_with_pongs_between_and_news_behind():
    async with stage("http") as box:
        box.keep_little_in_the_kernel()
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"stream 30 100000\n"))
        first = await client.frame()
        await client.send(frame(b"still there?", PING))
        session.peer.push(b"news\n")
        found = [first]
        while not {(PONG, b"still there?"), (TEXT, b"news\n")} <= {one[:2] for one in found}:
            found.append(await client.frame())

        *parts, news = [one for one in found if one.kind != PONG]
        assert b"".join(part.payload for part in parts) == large(100_000) * 30
        firsts = [part.first for part in parts]
        assert (firsts[0], set(firsts[1:-1]), firsts[-1]) == (0x01, {0x00}, 0x80)
        assert news == Frame(1, b"news\n", 0x81)
        assert await client.ask("echo next") == "next"


@on_each_loop
async def test_news_come_as_messages_of_their_own():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        session.peer.push(b"one\n")
        session.peer.push(b"two\n")

        assert [await client.text(), await client.text()] == ["one\n", "two\n"]


@on_each_loop
async def test_text_beyond_ascii_may_be_cut_inside_a_character():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        heart = "♥".encode()

        assert await client.ask("echo ♥") == "♥"
        await client.send(frame(b"echo " + heart[:1], is_last=False))
        await client.send(frame(heart[1:] + b"\n", CONTINUATION))

        assert await client.text() == "♥\n"


@pytest.mark.parametrize(
    "wrong",
    [
        (frame(b"echo \xff\n"),),
        (frame(b"echo \xed\xa0\x80\n"),),  # half of a pair of surrogates
        (frame(b"echo ", is_last=False), frame(b"\xe2\x99", CONTINUATION)),
        (frame(b"echo \xe2\x99"), frame(b"\xa5\n")),  # right only if one forgets the border
    ],
)
@on_each_loop
async def test_what_is_not_utf_8_ends_the_connection_with_1007(wrong):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(*wrong)

        assert await client.farewell() == 1007
        await session.is_over.wait()
        assert box.face.answered(session) == []


@pytest.mark.parametrize(
    "wrong",
    [
        (frame(b"x" * (MAX_MESSAGE + 1)),),
        (frame(b"x" * (MAX_MESSAGE + 1), BINARY),),
        (frame(b"x" * 1000, is_last=False), frame(b"x" * (MAX_MESSAGE - 999), CONTINUATION)),
        (frame(b"", is_last=False) + frame(b"x" * 100_000, CONTINUATION, is_last=False) * 11,),
        (b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"mask",),
    ],
    ids=["whole", "binary", "two fragments", "many fragments", "only announced"],
)
@on_each_loop
async def test_a_message_that_is_too_long_ends_the_connection_with_1009(wrong):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)

        try:
            await client.send(*wrong)
        except (BrokenPipeError, ConnectionResetError):  # it is not even read to its end
            pass
        else:
            assert await client.farewell() == 1009
        await session.is_over.wait()
        assert await other.ask("echo unharmed") == "unharmed"


WRONG = {
    "first reserved bit": frame(b"echo x\n", reserved=0x40),
    "second reserved bit": frame(b"echo x\n", reserved=0x20),
    "third reserved bit": frame(b"echo x\n", reserved=0x10),
    "reserved bit of a ping": frame(b"", PING, reserved=0x40),
    "not masked": frame(b"echo x\n", is_masked=False),
    "unknown kind": frame(b"echo x\n", 3),
    "unknown control frame": frame(b"echo x\n", 11),
    "nothing to continue": frame(b"echo x\n", CONTINUATION),
    "text inside a message": frame(b"echo ", is_last=False) + frame(b"x\n"),
    "binary inside a message": frame(b"echo ", is_last=False) + frame(b"x\n", BINARY),
    "ping in fragments": frame(b"", PING, is_last=False),
    "long ping": frame(b"x" * 126, PING),
    "length in more bytes than it needs": b"\x81\xfe\x00\x05maskhello",
    "negative length": b"\x81\xff" + (1 << 63).to_bytes(8, "big") + b"mask",
    "close with half a code": frame(b"x", 8),
    **{f"close with {code}": farewell(code) for code in (0, 999, 1004, 1005, 1006, 2999)},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@on_each_loop
async def test_a_wrong_frame_ends_the_connection_with_1002(wrong):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)

        await client.send(wrong)

        assert await client.farewell() == 1002
        await session.is_over.wait()
        assert await other.ask("echo unharmed") == "unharmed"


@on_each_loop
async def test_a_request_before_a_wrong_frame_is_not_answered_after_the_close(caplog):
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        await client.send(frame(b"echo one\n"), frame(b"echo two\n", is_masked=False))

        found = await client.frame()
        if found.kind == 1:
            found = await client.frame()
        assert (found.kind, found.payload[:2]) == (8, b"\x03\xea")
        assert await client.raw.rest() == b""
    assert messages_of(caplog, "asyncio") == []
