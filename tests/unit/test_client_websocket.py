"""The client's end of a WebSocket, against another implementation."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve

from keystead.client import ConnectionLostError, wires
from keystead.client.connection import Connection
from tests.net_stage import on_each_loop
from tests.unit.scripted_server import HELLO, client


@asynccontextmanager
async def serving(script):
    """Serve WebSockets by *script*, after the handshake of the protocol; give the URL."""

    async def play(websocket):
        request = json.loads(await websocket.recv())
        await websocket.send(reply_to(request, **HELLO))
        await script(websocket)

    # Without buffers of any size, so that a test sees when the other side does not read.
    async with serve(play, "127.0.0.1", 0, max_size=None, max_queue=1) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/"


def reply_to(request, **params):
    return json.dumps({"id": request["id"], "status": "success", "params": params})


def kept_alive(request):
    return reply_to(request, success=True, sessionId=request["params"]["sessionId"])


@on_each_loop
async def test_a_message_may_come_in_fragments_with_others_between_them():
    async def fragmenting(websocket):
        request = json.loads(await websocket.recv())
        text = kept_alive(request)
        await websocket.send(b"binary messages mean nothing here")
        await (await websocket.ping())
        await websocket.send([text[:10], text[10:20], text[20:]])
        await websocket.wait_closed()

    async with serving(fragmenting) as url, client(url) as box:
        assert (await box.jsonrpc.keep_alive(session_id="\u20ac")).session_id == "\u20ac"


@on_each_loop
async def test_a_message_that_is_too_large_ends_the_connection(monkeypatch):
    async def boasting(websocket):
        await websocket.recv()
        await websocket.send(["x" * 3000, "x" * 3000])

    monkeypatch.setattr(wires, "MAX_MESSAGE", 4096)
    async with serving(boasting) as url, client(url, delays=lambda: iter(())) as box:
        with pytest.raises(ConnectionLostError):
            await box.users.get_users()


@on_each_loop
async def test_a_farewell_is_answered():
    async def leaving(websocket):
        await websocket.recv()
        await websocket.close(1001)
        farewells.append(websocket.close_code)

    farewells: list[int] = []
    async with serving(leaving) as url, client(url, delays=lambda: iter(())) as box:
        with pytest.raises(ConnectionLostError):
            await box.users.get_users()
    assert farewells == [1000]


@on_each_loop
async def test_requests_wait_while_the_other_side_does_not_read(monkeypatch):
    def hold(connection):
        pause(connection)
        held.set()

    async def busy(websocket):
        await reading.wait()
        async for text in websocket:
            await websocket.send(kept_alive(json.loads(text)))

    text = "x" * 500_000
    reading, held = asyncio.Event(), asyncio.Event()
    pause = Connection.pause_writing
    monkeypatch.setattr(Connection, "pause_writing", hold)
    async with serving(busy) as url, client(url) as box, asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(box.jsonrpc.keep_alive(session_id=text)) for _ in range(40)]
        await held.wait()
        reading.set()
        for call in calls:
            assert (await call).session_id == text
