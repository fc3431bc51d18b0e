"""Limits on real sockets: who is closed, who goes on, and what is left behind."""

import asyncio
import os
import resource
import socket
import ssl
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest

from keystead.net import listening as net_listening
from keystead.net.limits import Limits
from keystead.net.tls import server_context
from tests.net_stage import Client, messages_of, on_each_loop, stage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LINE = "connections closed for want of room"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Give what a listener serves with."""
    return server_context(tmp_path_factory.mktemp("certificates"), NOW)


async def dial(box, source="127.0.0.1"):
    """Connect from one of the addresses of this machine."""
    connection = socket.socket()
    connection.setblocking(False)  # noqa: FBT003 - the standard library's
    connection.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(connection, box.address)
    box.clients.append(Client(connection))
    return box.clients[-1]


async def emptied(box):
    """Wait until the server has taken note that everybody has left."""
    while box.everyone.door._size:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)


def limits(**bounds):
    return Limits(counts_loopback=True, **bounds)


@on_each_loop
async def test_a_session_knows_where_its_connection_comes_from():
    async with stage() as box:
        await dial(box, "127.0.0.7")
        session = await box.arrival()

        assert session.source == "127.0.0.7"


@pytest.mark.parametrize("scheme", ["nymea", "http"])
@on_each_loop
async def test_the_oldest_stranger_is_closed_and_the_newcomer_served(scheme, caplog):
    async with stage(scheme, limits=limits(before_sign_in=2)) as box:
        oldest, _, newcomer = [await dial(box) for _ in range(3)]

        assert await oldest.rest() in {b"", b"<reset>"}
        await newcomer.send(
            b"echo hello\n" if scheme == "nymea" else b"GET /healthz HTTP/1.1\r\n\r\n"
        )
        await newcomer.more()
    assert newcomer.buffer
    assert messages_of(caplog) == [LINE]


@on_each_loop
async def test_who_has_signed_in_is_never_closed_for_a_stranger():
    async with stage(limits=limits(before_sign_in=2)) as box:
        owner = await dial(box)
        session = await box.arrival()
        session.token_id = "somebody"
        box.face.gates["gate"].set()
        assert await owner.ask("wait gate signed-in") == "signed-in"

        strangers = [await dial(box, "127.0.0.2") for _ in range(5)]
        assert await strangers[0].rest() in {b"", b"<reset>"}

        assert await owner.ask("echo unharmed") == "unharmed"


@on_each_loop
async def test_who_asks_for_something_long_is_closed_in_the_middle_of_it():
    async with stage(limits=limits(before_sign_in=1)) as box:
        asking = await dial(box)
        session = await box.arrival()
        await asking.send(b"wait gate never\n")

        newcomer = await dial(box)
        assert await newcomer.ask("echo hello") == "hello"
        await session.is_over.wait()
        box.face.gates["gate"].set()

        assert await asking.rest() in {b"", b"<reset>"}


@on_each_loop
async def test_who_does_not_read_is_closed_all_the_same():
    async with stage(limits=limits(before_sign_in=1)) as box:
        lazy = await dial(box)
        session = await box.arrival()
        await lazy.send(b"big 30000000\n")
        newcomer = await dial(box)

        assert await newcomer.ask("echo hello") == "hello"
        await session.is_over.wait()


@on_each_loop
async def test_a_source_with_its_share_signed_in_is_closed_before_anything_is_said():
    async with stage(limits=limits(per_source=1)) as box:
        await dial(box)
        session = await box.arrival()
        session.token_id = "somebody"
        refused, other = await dial(box), await dial(box, "127.0.0.2")

        assert await refused.rest() in {b"", b"<reset>"}
        assert await other.ask("echo hello") == "hello"
        assert len(box.face.sessions) == 2


@on_each_loop
async def test_half_a_tls_handshake_counts_and_makes_room(tls):
    async with stage("nymeas", tls, limits=limits(before_sign_in=1)) as box:
        silent = await dial(box)
        await silent.send(b"\x16\x03\x01\x02\x00")  # the beginning of a handshake
        newcomer = await dial(box)

        assert await silent.rest() in {b"", b"<reset>"}
        assert newcomer.buffer == b""
        assert box.face.sessions == []


@on_each_loop
async def test_connections_that_came_together_are_all_closed_or_served(tls):
    async with stage("nymeas", tls, limits=limits(before_sign_in=1)) as box:
        crowd = [await dial(box, f"127.0.0.{1 + number % 5}") for number in range(50)]

        for one in crowd[:-1]:
            assert await one.rest() in {b"", b"<reset>"}


@on_each_loop
async def test_who_never_finishes_a_tls_handshake_is_dropped(tls, caplog):
    async with stage("nymeas", tls, limits=Limits(handshake=0.05)) as box:
        silent, half = await dial(box), await dial(box)
        await half.send(b"\x16\x03\x01\x02\x00")

        assert await silent.rest() in {b"", b"<reset>"}
        assert await half.rest() in {b"", b"<reset>"}
        while box.everyone.door._size:  # noqa: ASYNC110 - nothing tells; pytest ends it
            await asyncio.sleep(0)
    assert messages_of(caplog, "asyncio") == []


@on_each_loop
async def test_who_sends_the_beginning_of_a_websocket_byte_by_byte_is_dropped(caplog):
    async with stage("http", limits=Limits(handshake=0.05)) as box:
        slow = await dial(box)

        with suppress(ConnectionError):
            while True:
                await slow.send(b"x")
                await asyncio.sleep(0)
        await emptied(box)
    assert messages_of(caplog, "asyncio") == []


@pytest.mark.clause("EN 18031-1 SCM-4")
@on_each_loop
async def test_a_handshake_that_was_recorded_before_is_worth_nothing(tls):
    async with stage("nymeas", tls) as box:
        first = await dial(box)
        recorded = await said_over_tls(first, b"echo once\n")
        session = await box.arrival()
        while not box.face.answered(session):
            await first.more()

        again = await dial(box)
        await again.send(recorded)

        await again.rest()
        assert [line for _, line in box.face.log] == ["echo once"]


async def said_over_tls(client, request):
    """Shake hands and send a request; give every byte that was sent."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    said, heard, recorded = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
    talk = trusting.wrap_bio(heard, said)
    while True:
        try:
            talk.do_handshake()
            talk.write(request)
            is_done = True
        except ssl.SSLWantReadError:
            is_done = False
        sent = said.read()
        recorded += sent
        await client.send(sent)
        if is_done:
            return recorded
        await client.more()
        heard.write(client.buffer)
        client.buffer = b""


@on_each_loop
async def test_counts_come_back_to_nothing(tls):
    async with stage("https", tls, limits=limits(before_sign_in=10)) as box:
        for number in range(30):
            client = await dial(box, f"127.0.0.{1 + number % 3}")
            await client.send(b"rubbish\r\n\r\n" if number % 2 else b"")
            client.close()
        await emptied(box)

        door = box.everyone.door
        assert (door._strangers.size, dict(door._by_source)) == (0, {})


@on_each_loop
async def test_when_no_more_files_may_be_opened_newcomers_wait(monkeypatch, caplog):
    monkeypatch.setattr(net_listening, "PAUSE", 0.0)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with stage() as box:
        client, _ = await box.connect()
        waiting = socket.socket()
        waiting.setblocking(False)  # noqa: FBT003 - the standard library's
        with closing(waiting):
            lowest = os.dup(0)
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
            try:
                await asyncio.get_running_loop().sock_connect(waiting, box.address)
                while not messages_of(caplog):
                    assert await client.ask("echo unharmed") == "unharmed"
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)

            assert await Client(waiting).ask("echo late") == "late"


@on_each_loop
async def test_a_listener_that_closes_while_it_pauses_stays_closed():
    async with stage() as box:
        listening = box.server
        listening._pause(listening.sockets[0])
        listening.close()
        listening.close()

        listening._resume(listening.sockets[0])

        assert listening.sockets[0].fileno() == -1
