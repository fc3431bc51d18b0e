"""How WebSocket connections end, and what a peer may cost before that."""

import asyncio
import math
import socket
import time
from contextlib import suppress

import pytest

from keystead.net import websocket
from keystead.net.conversation import HIGH_WATER
from tests.net_stage import large, messages_of, on_each_loop, stage
from tests.raw_websocket import CLOSE, CONTINUATION, PING, WebSocket, farewell, frame


@pytest.fixture
def hasty(monkeypatch):
    """Leave peers little time for the rest of a message."""
    monkeypatch.setattr(websocket, "MESSAGE_TIMEOUT", 0.05)


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1011, 1014])
@on_each_loop
async def test_a_close_is_answered_with_its_code(code):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(farewell(code, b"thank you"))

        assert await client.farewell() == code
        await session.is_over.wait()


@pytest.mark.parametrize("code", [3000, 3999, 4000, 4999])
@on_each_loop
async def test_a_close_with_a_code_of_the_clients_own_is_answered(code):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(farewell(code))

        assert await client.farewell() in {code, 1000}
        await session.is_over.wait()


@on_each_loop
async def test_a_close_without_a_code_is_answered():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(farewell())

        assert await client.farewell() == 1000
        await session.is_over.wait()


@on_each_loop
async def test_a_close_whose_reason_is_no_text_is_answered_with_1007():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)

        await client.send(farewell(1000, b"\xff"))

        assert await client.farewell() == 1007


@on_each_loop
async def test_a_request_just_before_a_close_is_carried_out():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"echo one\n"), farewell(1000))

        assert await client.text() == "one\n"
        assert await client.farewell() == 1000
        await session.is_over.wait()
        assert box.face.answered(session) == ["echo one"]


@on_each_loop
async def test_a_request_that_waits_is_answered_before_a_close_is():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)

        await client.send(frame(b"wait gate one\n"), frame(b"echo two\n"), farewell(1001))
        await other.ask("echo x")
        box.face.gates["gate"].set()

        assert [await client.text(), await client.text()] == ["one\n", "two\n"]
        assert await client.farewell() == 1001


@on_each_loop
async def test_who_closes_without_a_farewell_is_let_go():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        client.raw.socket.shutdown(socket.SHUT_WR)

        await session.is_over.wait()
        assert await client.raw.rest() in {b"", b"\x88\x02\x03\xe8"}


@on_each_loop
async def test_what_follows_a_close_is_ignored():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(farewell(1000), frame(b"echo never\n"), frame(b"", PING))

        assert await client.farewell() == 1000
        await session.is_over.wait()
        assert box.face.answered(session) == []


@on_each_loop
async def test_a_session_that_ends_says_so_after_its_last_reply():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"big 900000\n"), frame(b"bye farewell\n"))

        assert len(await client.text()) == 900_000
        assert await client.text() == "farewell\n"
        assert await client.farewell() == 1000
        await session.is_over.wait()


@on_each_loop
async def test_stopping_says_farewell():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)
        await other.send(frame(b"wait gate reply\n"), frame(b"", PING))
        await other.frame()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(box.everyone.close_all(5))
            assert await client.farewell() in {1000, 1001}
            box.face.gates["gate"].set()
            assert await other.text() == "reply\n"
            assert await other.farewell() in {1000, 1001}


@on_each_loop
async def test_a_client_may_vanish_at_any_time(caplog):
    async with stage("http") as box:
        first, one = await WebSocket.opened(box)
        second, two = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)
        await first.send(frame(b"wait gate x\n"), frame(b"echo y\n"))
        await second.send(frame(b"echo ", is_last=False))
        await other.ask("echo z")

        first.raw.reset()
        second.raw.reset()
        box.face.gates["gate"].set()
        await one.is_over.wait()
        await two.is_over.wait()

        assert await other.ask("echo unharmed") == "unharmed"
    assert messages_of(caplog, "asyncio") == messages_of(caplog) == []


@on_each_loop
async def test_who_does_not_finish_a_frame_is_closed(hasty):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)
        patient, _ = await WebSocket.opened(box)
        assert await client.ask("echo x") == "x"
        await patient.ask("echo x")

        await client.send(frame(b"echo y\n")[:-1])

        assert await client.farewell() == 1000
        await session.is_over.wait()
        assert await patient.ask("echo unharmed") == "unharmed"


@on_each_loop
async def test_who_does_not_finish_a_message_is_closed_whatever_else_they_send(hasty):
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"echo ", is_last=False))
        with suppress(ConnectionError):  # the end comes at any point of this
            while True:
                await client.send(frame(b"", PING), frame(b"x", CONTINUATION, is_last=False))
                if not await client.raw.more():
                    break

        await session.is_over.wait()
        assert box.face.answered(session) == []


@on_each_loop
async def test_who_finishes_a_message_has_all_the_time_for_the_next_though_that_has_begun():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        (conversation,) = box.everyone.open
        whole = frame(b"echo x\n")

        await client.send(whole[:4])
        for _ in range(3):
            await client.send(whole[4:] + whole[:4])
            assert await client.text() == "x\n"
            assert conversation._wire.deadline < math.inf
            conversation._wire.deadline = math.inf  # that of the message under way


@on_each_loop
async def test_ten_thousand_fragments_cost_no_more_each_than_one():
    async with stage("http") as box:
        client, _ = await WebSocket.opened(box)
        nothing = frame(b"", CONTINUATION, is_last=False)
        before = time.process_time()

        await client.send(frame(b"echo ", is_last=False))
        for _ in range(15):
            await client.send(nothing * 1000)
        await client.send(frame(b"x\n", CONTINUATION))

        assert await client.text() == "x\n"
        assert time.process_time() - before < 1  # second; square time would take several


@on_each_loop
async def test_who_sends_requests_and_does_not_read_is_left_unread():
    async with stage("http") as box:
        box.keep_little_in_the_kernel()
        client, session = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)
        request = frame(b"echo " + b"x" * 10_000 + b"\n")
        sent = await fill(client, request, 4_000_000, other)

        assert sent < 4_000_000
        assert max_waiting(box) <= HIGH_WATER + 64 * 10_010
        assert len(box.face.answered(session)) * 10_000 < 2 * HIGH_WATER + 64 * 10_010


@on_each_loop
async def test_a_subscriber_that_never_reads_is_cut_off_and_others_hear_everything(caplog):
    async with stage("http") as box:
        box.keep_little_in_the_kernel()
        _, deaf = await WebSocket.opened(box)
        client, subscriber = await WebSocket.opened(box)
        news = large(50_000)

        while not deaf.is_over.is_set():
            deaf.peer.push(news)
            subscriber.peer.push(news)
            assert (await client.text()).encode() == news

        assert await client.ask("echo unharmed") == "unharmed"
    assert messages_of(caplog) == ["peer cut off"]


@on_each_loop
async def test_a_wrong_frame_during_a_long_message_ends_both():
    async with stage("http") as box:
        client, session = await WebSocket.opened(box)

        await client.send(frame(b"stream 100 10000\n"), frame(b"", 3))
        while (found := await client.frame()).kind != CLOSE:
            assert found.payload == large(10_000)

        assert found.payload[:2] == b"\x03\xea"
        assert await client.raw.rest() == b""
        await session.is_over.wait()


@on_each_loop
async def test_who_sends_pings_and_does_not_read_is_left_unread():
    async with stage("http") as box:
        box.keep_little_in_the_kernel()
        client, _ = await WebSocket.opened(box)
        other, _ = await WebSocket.opened(box)

        sent = await fill(client, frame(b"x" * 125, PING) * 100, 6_000_000, other)

        assert sent < 6_000_000
        assert max_waiting(box) <= 2 * HIGH_WATER


def max_waiting(box):
    return max(one._wire.waiting() for one in box.everyone.open)


async def fill(client, data, most, other):
    """Send *data* again and again until nobody takes it any more; give how much was taken."""
    sent = 0

    async def keep_sending():
        nonlocal sent
        while sent < most:
            await client.send(data)
            sent += len(data)

    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(keep_sending())
        before, turns = -1, 0
        while turns < 20 and not sending.done():
            await other.ask("echo x")
            turns = turns + 1 if sent == before else 0
            before = sent
        sending.cancel()
    return sent
