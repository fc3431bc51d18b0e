"""How connections end: by the client, by the server's stop, and with a request under way."""

import asyncio
import socket

import pytest

from tests.net_stage import large, messages_of, on_each_loop, stage
from tests.raw_websocket import WebSocket


@on_each_loop
async def test_a_session_learns_that_its_client_left():
    async with stage() as box:
        client, session = await box.connect()

        client.close()

        await session.is_over.wait()
        assert box.everyone.open == set()


@on_each_loop
async def test_a_client_that_vanishes_during_a_request_harms_nobody(caplog):
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()
        await client.send(b"wait gate one\n")
        await other.ask("echo x")
        await client.send(b"echo two\necho three\n")
        await other.ask("echo x")

        client.reset()
        await other.ask("echo x")
        box.face.gates["gate"].set()
        await session.is_over.wait()

        assert await other.ask("echo unharmed") == "unharmed"
        assert await other.ask("echo again") == "again"
    assert messages_of(caplog, "asyncio") == messages_of(caplog) == []


@on_each_loop
async def test_a_client_that_vanishes_while_much_waits_for_it_harms_nobody(caplog):
    async with stage() as box:
        box.keep_little_in_the_kernel()
        client, session = await box.connect()
        other, _ = await box.connect()
        await client.send(b"big 2000000\n" + b"wait gate one\n" * 2)
        await other.ask("echo x")

        client.reset()
        await session.is_over.wait()
        box.face.gates["gate"].set()

        assert await other.ask("echo unharmed") == "unharmed"
    assert messages_of(caplog, "asyncio") == messages_of(caplog) == []


@on_each_loop
async def test_a_deadline_dies_with_its_connection():
    async with stage() as box:
        box.face.first_deadline = lambda: asyncio.get_running_loop().time() + 0.05
        client, session = await box.connect()
        await client.send(b"wait gate x\n")
        client.reset()
        await session.is_over.wait()
        box.face.gates["gate"].set()

        witness, _ = await box.connect()
        await witness.rest()  # its own deadline is later

        assert session.expirations == []


@on_each_loop
async def test_stopping_closes_connections_that_wait_for_nothing():
    async with stage() as box:
        first, _ = await box.connect()
        second, _ = await box.connect()
        await second.ask("echo x")

        await box.everyone.close_all(5)

        assert await first.rest() == await second.rest() == b""
        assert box.everyone.open == set()


@on_each_loop
async def test_stopping_answers_all_that_came_before_it():
    async with stage() as box:
        client, session = await box.connect()
        idle, other = await box.connect()
        await client.send(b"wait gate reply\necho next\nwait gate last\n")
        await idle.ask("echo x")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(box.everyone.close_all(5))
            await other.is_over.wait()
            assert not session.is_over.is_set()
            box.face.gates["gate"].set()

        assert await client.rest() == b"reply\nnext\nlast\n"


@on_each_loop
async def test_stopping_delivers_replies_that_are_on_their_way():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        client, _ = await box.connect()
        other, _ = await box.connect()
        await client.send(b"big 3000000\n")
        await other.ask("echo x")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(box.everyone.close_all(5))
            assert await client.rest() == large(3_000_000)


@on_each_loop
async def test_stopping_cuts_off_who_does_not_read_when_patience_ends():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        client, session = await box.connect()
        other, _ = await box.connect()
        await client.send(b"big 3000000\n")
        await other.ask("echo x")

        await box.everyone.close_all(0.05)
        await session.is_over.wait()

        assert len(await client.rest()) < 3_000_000


@on_each_loop
async def test_stopping_gives_up_requests_that_outlast_its_patience():
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()
        await client.send(b"wait for-ever x\n")
        await other.ask("echo x")

        await box.everyone.close_all(0.05)
        await session.is_over.wait()

        assert b"x\n" not in await client.rest()


@on_each_loop
async def test_stopping_without_connections_takes_no_time():
    async with stage() as box, asyncio.timeout(1):
        await box.everyone.close_all(60)


@on_each_loop
async def test_work_besides_connections_ends_with_them():
    async with stage() as box:
        ended = asyncio.Event()

        async def endless():
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        box.everyone.start(endless())
        await (await box.connect())[0].ask("echo x")
        await box.everyone.close_all(5)

        await ended.wait()


@on_each_loop
async def test_who_has_sent_all_they_will_still_gets_the_answers():
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()

        await client.send(b"echo one\nwait gate two\n" + b"echo x\n" * 1000)
        client.socket.shutdown(socket.SHUT_WR)
        await other.ask("echo x")
        box.face.gates["gate"].set()

        assert await client.rest() == b"one\ntwo\n" + b"x\n" * 1000
        await session.is_over.wait()


@on_each_loop
async def test_who_has_sent_all_they_will_and_waits_for_nothing_is_closed():
    async with stage() as box:
        client, session = await box.connect()

        await client.send(b"echo one\nhalf a mess")
        client.socket.shutdown(socket.SHUT_WR)

        assert await client.rest() == b"one\n"
        await session.is_over.wait()
        assert box.everyone.open == set()


@pytest.mark.parametrize("scheme", ["nymea", "http"])
@on_each_loop
async def test_who_is_cut_off_is_told_so_and_the_kernel_keeps_nothing_for_them(scheme):
    async with stage(scheme) as box:
        if scheme == "http":
            websocket, session = await WebSocket.opened(box)
            client = websocket.raw
        else:
            client, session = await box.connect()

        while not session.is_over.is_set():
            session.peer.push(large(100_000))
            await asyncio.sleep(0)

        assert (await client.rest()).endswith(b"<reset>")


@on_each_loop
async def test_who_is_cut_off_when_patience_ends_is_told_so():
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()
        await client.send(b"big 20000000\n")
        await other.ask("echo x")

        await box.everyone.close_all(0.05)
        await session.is_over.wait()

        assert (await client.rest()).endswith(b"<reset>")
        assert await other.rest() == b""


@on_each_loop
async def test_who_is_gone_already_may_be_cut_off():
    async with stage() as box:
        client, session = await box.connect()
        (conversation,) = box.everyone.open
        client.reset()
        await session.is_over.wait()

        conversation.abort()

        assert box.everyone.open == set()
