"""The same promises over TLS, where more buffers lie between server and peer."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from keystead.net.conversation import CUT_OFF, HIGH_WATER
from keystead.net.frames import MAX_MESSAGE
from keystead.net.tls import server_context
from tests.net_stage import EchoFace, large, messages_of, on_each_loop, stage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BUFFERS = 1024 * 1024  # bytes; more than TLS and the kernel keep of a connection in these tests


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Give what a listener serves with."""
    return server_context(tmp_path_factory.mktemp("certificates"), NOW)


@pytest.fixture(scope="module")
def trusting():
    """Give the context of a client that asks for no name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def secure_client(box, trusting):
    """Connect, and give the two ends of the client with the session."""
    reader, writer = await asyncio.open_connection(*box.address, ssl=trusting, limit=1 << 16)
    try:
        yield reader, writer, await box.arrival()
    finally:
        writer.transport.abort()


@on_each_loop
async def test_requests_are_answered_in_order(tls, trusting):
    async with stage("nymeas", tls) as box, secure_client(box, trusting) as (reader, writer, _):
        writer.write(b"echo one\nwait gate two\nbig 500000\n")
        assert await reader.readline() == b"one\n"
        box.face.gates["gate"].set()

        assert await reader.readline() == b"two\n"
        assert await reader.readexactly(500_000) == large(500_000)


@on_each_loop
async def test_the_last_reply_is_read_before_the_close(tls, trusting):
    async with stage("nymeas", tls) as box, secure_client(box, trusting) as (reader, writer, _):
        writer.write(b"big 3000000\nbye farewell\n")

        assert await reader.read(-1) == large(3_000_000) + b"farewell\n"


@on_each_loop
async def test_who_does_not_read_is_left_unread_and_goes_on(tls, trusting):
    async with (
        stage("nymeas", tls) as box,
        secure_client(box, trusting) as (reader, writer, session),
        secure_client(box, trusting) as (answers, other, _),
    ):
        replies = 300
        writer.write(b"big 100000\n" * replies)
        before, turns = 0, 0
        while turns < 20:
            other.write(b"echo x\n")
            await answers.readline()
            turns = turns + 1 if len(box.face.answered(session)) == before else 0
            before = len(box.face.answered(session))

        assert before < replies
        (waiting,) = {one._wire.waiting() for one in box.everyone.open} - {0}
        assert waiting <= HIGH_WATER + 64 * 100_000
        for _ in range(replies):
            assert await reader.readexactly(100_000) == large(100_000)


@on_each_loop
async def test_a_subscriber_that_never_reads_is_cut_off(tls, trusting, caplog):
    async with (
        stage("nymeas", tls) as box,
        secure_client(box, trusting) as (_, _, deaf),
        secure_client(box, trusting) as (answers, _, subscriber),
    ):
        news, pushed = large(100_000), 0
        while not deaf.is_over.is_set():
            deaf.peer.push(news)
            subscriber.peer.push(news)
            pushed += len(news)
            assert await answers.readexactly(len(news)) == news
            assert pushed < 100 * BUFFERS

        assert pushed >= CUT_OFF
    assert messages_of(caplog) == ["peer cut off"]


@on_each_loop
async def test_stopping_waits_for_no_farewell(tls, trusting):
    async with (
        stage("nymeas", tls) as box,
        secure_client(box, trusting) as (_, _, session),
        asyncio.timeout(5),
    ):
        await box.everyone.close_all(0.5)
        await session.is_over.wait()


@pytest.mark.clause("EN 18031-1 SCM-3", "ETSI EN 303 645 5.5-7")
@on_each_loop
async def test_who_speaks_no_tls_is_turned_away(tls, trusting):
    async with stage("nymeas", tls) as box:
        raw = await box.dial()
        await raw.send(b'{"id":1,"method":"JSONRPC.Hello"}\n')
        await raw.rest()

        async with secure_client(box, trusting) as (reader, writer, _):
            writer.write(b"echo unharmed\n")
            assert await reader.readline() == b"unharmed\n"
        assert len(box.face.sessions) == 1


@on_each_loop
async def test_websockets_are_served_encrypted(tls, trusting):
    async with stage("https", tls) as box:
        host, port = box.address
        async with connect(f"wss://{host}:{port}/", ssl=trusting, max_size=None) as client:
            await client.send("echo hello\n")
            assert await client.recv() == "hello\n"
            await client.send("big 1000000\n")
            assert len(await client.recv()) == 1_000_000
            await client.send("stream 20 100000\n")
            assert len(await client.recv()) == 2_000_000


@on_each_loop
async def test_who_is_cut_off_is_told_so(tls, trusting):
    async with (
        stage("nymeas", tls) as box,
        secure_client(box, trusting) as (reader, _, session),
    ):
        while not session.is_over.is_set():
            session.peer.push(large(100_000))
            await asyncio.sleep(0)

        with pytest.raises(ConnectionResetError):
            await reader.read(-1)


@on_each_loop
async def test_large_messages_are_answered_in_their_place(tls, trusting):
    async with stage("https", tls, root=EchoFace()) as box:
        host, port = box.address
        url = f"wss://{host}:{port}/"
        async with connect(url, ssl=trusting, compression=None, max_size=None) as client:
            for size in (MAX_MESSAGE + 1, 10 * MAX_MESSAGE):
                for message in ("one", "x" * size, "two", ["x" * 700_000] * 3, "three"):
                    await client.send(message)
                answers = [await client.recv() for _ in range(5)]
                assert answers == ["one", "too large", "two", "too large", "three"]
            await client.send("x" * MAX_MESSAGE)
            assert await client.recv() == "x" * MAX_MESSAGE
            await client.send(b"binary")
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
