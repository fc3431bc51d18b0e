"""A peer that does not read: its requests stay unread, and news for it pile up only so far."""

import asyncio
from itertools import count

import pytest

from keystead.net.conversation import CUT_OFF, HIGH_WATER
from tests.net_stage import large, messages_of, on_each_loop, stage

SOCKET = 128 * 1024  # bytes; more than the kernel keeps of a connection in these tests
READS = 2 * 256 * 1024  # bytes; two reads from a socket, the second of which stops reading


async def until_stuck(stuck_at, other):
    """Let the server work until a figure stays the same over many turns of another client."""
    before, turns = stuck_at(), 0
    while turns < 20:
        await other.ask("echo x")
        turns = turns + 1 if stuck_at() == before else 0
        before = stuck_at()


@pytest.fixture
def flood():
    """Give what sends requests as long as they are taken, and counts their bytes."""

    class Flood:
        sent = 0

        async def run(self, client, request, size):
            for _ in range(size // len(request)):
                await client.send(request)
                self.sent += len(request)

    return Flood()


@on_each_loop
async def test_who_sends_requests_and_does_not_read_is_left_unread_then_goes_on(flood):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        client, session = await box.connect()
        other, _ = await box.connect()
        request = b"echo " + b"x" * 1000 + b"\n"
        total = 3_000_000 // len(request) * len(request)

        box.everyone.start(flood.run(client, request, total))
        await until_stuck(lambda: session.received, other)

        answered = len(box.face.answered(session))
        assert answered * 1001 <= HIGH_WATER + 64 * 1001 + SOCKET
        assert session.received <= answered * len(request) + READS
        assert flood.sent < total

        replies = await client.read(total // len(request) * 1001)
        assert replies == (b"x" * 1000 + b"\n") * (total // len(request))
        assert flood.sent == total


@on_each_loop
async def test_requests_after_a_reply_that_is_not_read_wait_for_it(flood):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        client, session = await box.connect()
        other, _ = await box.connect()

        await client.send(b"big 1000000\n")
        await until_stuck(lambda: len(box.face.answered(session)), other)
        await client.send(b"echo late\n" * 10)
        await until_stuck(lambda: len(box.face.answered(session)), other)
        assert box.face.answered(session) == ["big 1000000"]

        assert await client.read(1_000_000) == large(1_000_000)
        assert await client.read(50) == b"late\n" * 10


@on_each_loop
async def test_a_subscriber_that_never_reads_is_cut_off_and_others_hear_everything(caplog):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        _, deaf = await box.connect()
        listening, subscriber = await box.connect()
        news = large(10_000)

        for pushed in count(1):  # noqa: B007 - used below
            deaf.peer.push(news)
            subscriber.peer.push(news)
            assert await listening.read(len(news)) == news
            if deaf.is_over.is_set():
                break

        assert CUT_OFF <= pushed * len(news) <= CUT_OFF + SOCKET + 2 * len(news)
        assert await listening.ask("echo unharmed") == "unharmed"
    assert messages_of(caplog) == ["peer cut off"]


@on_each_loop
async def test_being_cut_off_is_logged_once_however_much_comes_at_a_time(caplog):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        _, deaf = await box.connect()

        for _ in range(40):
            deaf.peer.push(large(100_000))
        await deaf.is_over.wait()

    assert messages_of(caplog) == ["peer cut off"]


@on_each_loop
async def test_a_subscriber_that_reads_with_a_lag_is_not_cut_off():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        news = large(10_000)

        for _ in range(20):  # that much is always on its way
            session.peer.push(news)
        for _ in range(200):
            session.peer.push(news)
            assert await slow.read(len(news)) == news
        session.peer.close()

        assert await slow.rest() == news * 20
        assert slow.buffer.count(b"\n") == 20


@on_each_loop
async def test_a_subscriber_that_catches_up_may_fall_behind_again():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        news = large(100_000)

        for _ in range(5):
            for _ in range(5):
                session.peer.push(news)
            assert await slow.read(5 * len(news)) == 5 * news

        assert await slow.ask("echo here") == "here"


@on_each_loop
async def test_a_large_reply_alone_never_cuts_anybody_off():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()

        await slow.send(b"big 5000000\n")
        await until_stuck(lambda: len(box.face.answered(session)), other)
        session.peer.push(b"news\n")

        assert await slow.read(5_000_005) == large(5_000_000) + b"news\n"


@on_each_loop
async def test_a_request_that_waited_is_answered_though_the_peer_does_not_read():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()
        await slow.send(b"wait gate done\necho next\n")
        await until_stuck(lambda: len(box.face.answered(session)), other)

        session.peer.push(large(500_000))
        box.face.gates["gate"].set()
        await until_stuck(lambda: len(box.face.answered(session)), other)
        assert box.face.answered(session) == ["wait gate done"]

        assert await slow.read(500_000) == large(500_000)
        assert [await slow.line(), await slow.line()] == ["done", "next"]


@on_each_loop
async def test_a_long_message_waits_for_a_peer_that_does_not_read():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()

        await slow.send(b"stream 30 100000\necho next\n")
        await until_stuck(lambda: session.streamed, other)
        assert session.streamed * 100_000 <= HIGH_WATER + SOCKET + 2 * 100_000

        assert await slow.read(3_000_000) == large(100_000) * 30
        assert await slow.line() == "next"


@on_each_loop
async def test_what_is_pushed_during_a_long_message_follows_it():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()
        await slow.send(b"stream 20 100000\n")
        await until_stuck(lambda: session.streamed, other)

        session.peer.push(b"news\n")
        session.peer.push(b"more news\n")

        assert await slow.read(2_000_000) == large(100_000) * 20
        assert [await slow.line(), await slow.line()] == ["news", "more news"]


@on_each_loop
async def test_who_never_reads_a_long_message_is_cut_off_when_too_much_news_waits():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()
        await slow.send(b"stream 30 100000\n")
        await until_stuck(lambda: session.streamed, other)

        for _ in range(2 * CUT_OFF // 10_000):
            session.peer.push(large(10_000))

        async with asyncio.timeout(2):
            await session.is_over.wait()


@on_each_loop
async def test_a_long_message_lets_others_have_their_turn():
    async with stage() as box:
        slow, session = await box.connect()
        other, _ = await box.connect()

        await slow.send(b"stream 1000 10\n")
        await other.ask("echo x")
        assert session.streamed < 1000

        assert await slow.read(10_000) == large(10) * 1000


@on_each_loop
async def test_a_long_message_that_fails_half_way_ends_the_connection(caplog):
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()

        await client.send(b"stream-fail 3 10\necho never\n")

        received = await client.rest()
        assert received.removesuffix(b"<reset>") in [large(10) * n for n in range(4)]
        assert await other.ask("echo unharmed") == "unharmed"
        assert box.face.answered(session) == ["stream-fail 3 10"]
    assert messages_of(caplog) == ["request failed"]


@on_each_loop
async def test_a_client_may_vanish_during_a_long_message(caplog):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        slow, session = await box.connect()
        other, _ = await box.connect()
        await slow.send(b"stream 30 100000\n")
        await until_stuck(lambda: session.streamed, other)

        slow.reset()
        await session.is_over.wait()

        assert await other.ask("echo unharmed") == "unharmed"
        assert session.streamed < 30
    assert messages_of(caplog, "asyncio") == messages_of(caplog) == []
