"""What a connection may expect: order, turns, its own faults, deadlines."""

import asyncio

import pytest

from keystead.net import conversation
from keystead.net.conversation import SLICE
from tests.net_stage import Face, large, messages_of, on_each_loop, stage


@on_each_loop
async def test_requests_are_answered_in_order_however_the_stream_is_cut():
    async with stage() as box:
        client, _ = await box.connect()

        for byte in b"echo one\necho two\nec":
            await client.send(bytes((byte,)))
        await client.send(b"ho three\necho four\n")

        assert [await client.line() for _ in range(4)] == ["one", "two", "three", "four"]


@on_each_loop
async def test_a_long_backlog_lets_others_have_their_turn():
    async with stage() as box:
        busy, crowd = await box.connect()
        other, alone = await box.connect()

        await busy.send(b"echo x\n" * 20 * SLICE)
        await other.send(b"echo y\n")
        assert await other.line() == "y"
        await busy.read(2 * 20 * SLICE)

        before_other = box.face.log[: box.face.log.index((alone, "echo y"))]
        assert len(before_other) <= 4 * SLICE
        assert len(box.face.answered(crowd)) == 20 * SLICE


@on_each_loop
async def test_requests_that_arrive_during_a_backlog_wait_for_their_turn():
    async with stage() as box:
        client, session = await box.connect()

        await client.send(b"".join(b"echo %d\n" % n for n in range(50_000)))
        answers = [await client.line() for _ in range(50_000)]

        assert answers == [str(n) for n in range(50_000)]
        assert session.has_requests is False


@on_each_loop
async def test_a_request_that_waits_holds_those_behind_it_and_nobody_else():
    async with stage() as box:
        client, session = await box.connect()
        other, _ = await box.connect()

        await client.send(b"echo first\nwait gate second\necho third\n")
        assert await client.line() == "first"
        await client.send(b"echo fourth\n")
        assert await other.ask("echo hello") == "hello"
        assert await other.ask("echo again") == "again"
        assert box.face.answered(session) == ["echo first", "wait gate second"]

        box.face.gates["gate"].set()
        assert [await client.line() for _ in range(3)] == ["second", "third", "fourth"]


@on_each_loop
async def test_several_requests_that_wait_are_worked_on_one_after_the_other():
    async with stage() as box:
        client, session = await box.connect()
        box.face.gates["b"].set()

        await client.send(b"wait a one\nwait b two\n")
        await (await box.connect())[0].ask("echo x")
        assert box.face.answered(session) == ["wait a one"]

        box.face.gates["a"].set()
        assert [await client.line(), await client.line()] == ["one", "two"]


@pytest.mark.clause("OWASP ASVS 5.0 16.3.4")
@on_each_loop
async def test_a_fault_is_apologised_for_and_logged_and_the_connection_goes_on(caplog):
    async with stage() as box:
        client, _ = await box.connect()

        assert await client.ask("fail") == "sorry"
        assert await client.ask("echo unharmed") == "unharmed"

    assert messages_of(caplog) == ["request failed"]
    assert "a fault of ours" in caplog.text


@on_each_loop
async def test_a_fault_in_a_request_that_waits_is_apologised_for_too(caplog):
    async with stage() as box:
        client, _ = await box.connect()
        other, _ = await box.connect()
        box.face.gates["gate"].set()

        await client.send(b"wait-fail gate\necho next\n")

        assert [await client.line(), await client.line()] == ["sorry", "next"]
        assert await other.ask("echo unharmed") == "unharmed"
    assert messages_of(caplog) == ["request failed"]


@on_each_loop
async def test_the_last_reply_is_read_before_the_close():
    async with stage() as box:
        client, session = await box.connect()

        await client.send(b"big 3000000\nbye farewell\necho never\n")

        assert (await client.rest()).endswith(b"x\nfarewell\n")
        assert len(client.buffer) == 3_000_000 + len("farewell\n")
        await session.is_over.wait()
        assert box.face.answered(session) == ["big 3000000", "bye farewell"]


@on_each_loop
async def test_a_request_that_waited_may_be_the_last():
    async with stage() as box:
        client, session = await box.connect()
        box.face.gates["gate"].set()

        await client.send(b"wait-bye gate farewell\necho never\n")

        assert await client.rest() == b"farewell\n"
        await session.is_over.wait()
        assert box.face.answered(session) == ["wait-bye gate farewell"]


@on_each_loop
async def test_what_is_sent_unasked_arrives_between_replies():
    async with stage() as box:
        client, session = await box.connect()

        await client.ask("echo hello")
        session.peer.push(b"news\n")

        assert await client.line() == "news"


@on_each_loop
async def test_a_session_may_close_once_everything_before_is_through():
    async with stage() as box:
        client, session = await box.connect()

        session.peer.push(b"x" * 900_000)
        session.peer.push(b"goodbye")
        session.peer.close()

        assert await client.rest() == b"x" * 900_000 + b"goodbye"


@on_each_loop
async def test_a_session_hears_of_its_deadline():
    face = Face()
    face.first_deadline = lambda: asyncio.get_running_loop().time() + 0.02
    async with stage(root=face) as box:
        client, session = await box.connect()
        deadline = session.deadline

        assert await client.rest() == b""
        (at,) = session.expirations
        assert deadline <= at < deadline + 5


@on_each_loop
async def test_a_deadline_that_moves_on_is_not_reported_early():
    face = Face()
    now = asyncio.get_running_loop().time
    face.first_deadline = lambda: now() + 0.02
    face.next_deadline = lambda before: before + 0.1
    async with stage(root=face) as box:
        client, session = await box.connect()
        first = session.deadline

        assert await client.ask("echo early") == "early"

        assert await client.rest() == b""
        assert [at >= first + 0.1 for at in session.expirations] == [True]


@on_each_loop
async def test_a_deadline_that_is_met_is_forgotten():
    face = Face()
    now = asyncio.get_running_loop().time
    face.first_deadline = lambda: now() + 0.02
    face.next_deadline = lambda before: None
    async with stage(root=face) as box:
        client, session = await box.connect()
        await client.ask("echo x")

        other, expired = await box.connect()
        assert await other.rest() == b""
        assert await client.ask("echo more") == "more"

        assert session.expirations == []
        assert len(expired.expirations) == 1


@on_each_loop
async def test_a_deadline_that_comes_with_a_message_counts():
    face = Face()
    now = asyncio.get_running_loop().time
    face.next_deadline = lambda before: now() + 0.02
    async with stage(root=face) as box:
        client, session = await box.connect()

        await client.send(b"half a mess")

        assert await client.rest() == b""
        assert len(session.expirations) == 1


@on_each_loop
async def test_a_deadline_passes_while_a_request_waits():
    async with stage() as box:
        box.face.next_deadline = lambda before: asyncio.get_running_loop().time() + 0.02
        client, session = await box.connect()

        await client.send(b"wait gate x\n")

        assert await client.rest() == b""
        assert len(session.expirations) == 1
        box.face.gates["gate"].set()


@on_each_loop
async def test_who_is_left_unread_cannot_be_late(monkeypatch):
    monkeypatch.setattr(conversation, "PAUSED_CHECK", 0.01)
    async with stage() as box:
        now = asyncio.get_running_loop().time
        box.face.next_deadline = lambda before: before or now() + 0.02
        client, session = await box.connect()
        other, _ = await box.connect()

        await client.send(b"wait gate x\n")
        await other.ask("echo x")
        await client.send(b"echo y\n")
        assert await other.rest() == b""  # its deadline is later than that of the other

        assert session.expirations == []
        box.face.gates["gate"].set()
        assert [await client.line(), await client.line()] == ["x", "y"]
        assert await client.rest() == b""
        assert len(session.expirations) == 1


@on_each_loop
async def test_a_deadline_does_not_matter_once_the_end_is_on_its_way():
    async with stage() as box:
        box.keep_little_in_the_kernel()
        box.face.first_deadline = lambda: asyncio.get_running_loop().time() + 0.05
        client, session = await box.connect()
        session.peer.push(large(900_000))
        session.peer.close()
        witness, _ = await box.connect()
        await witness.rest()  # its own deadline is later

        assert await client.rest() == large(900_000)
        assert session.expirations == []


@on_each_loop
async def test_nothing_is_sent_unasked_after_the_end():
    async with stage() as box:
        client, session = await box.connect()

        session.peer.close()
        session.peer.push(b"too late\n")
        session.peer.close()

        assert await client.rest() == b""


@on_each_loop
async def test_an_earlier_deadline_replaces_a_later_one():
    face = Face()
    now = asyncio.get_running_loop().time
    face.first_deadline = lambda: now() + 3  # as while a device waits to be paired
    face.next_deadline = lambda before: now() + 0.02  # as when a message was begun
    async with stage(root=face) as box:
        client, session = await box.connect()
        later = session.deadline

        await client.send(b"half a mess")

        assert await client.rest() == b""
        assert [at < later for at in session.expirations] == [True]
