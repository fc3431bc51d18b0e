"""A server of one line of JSON after the other that does as a test says, for clients."""

import asyncio
import json
from contextlib import asynccontextmanager

from keystead.client import Client

HELLO = {
    "server": "nymea",
    "name": "a box",
    "version": "1",
    "uuid": "{00000000-0000-4000-8000-000000000001}",
    "language": "en_US",
    "locale": "en_US",
    "protocol version": "9.0",
    "initialSetupRequired": False,
    "authenticationRequired": True,
    "pushButtonAuthAvailable": False,
}


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader, writer):
        self._reader = reader
        self.writer = writer

    async def request(self, method=None):
        """Give the next request, which must be one of *method*, if that is named."""
        request = json.loads(await self._reader.readline())
        assert method in (None, request["method"])
        return request

    def say(self, message):
        """Send *message* as a line of JSON, or as it is."""
        if not isinstance(message, bytes):
            message = json.dumps(message).encode() + b"\n"
        self.writer.write(message)

    def reply(self, request, **params):
        """Send a success."""
        self.say({"id": request["id"], "status": "success", "params": params})

    def tell(self, name, **params):
        """Send a notification."""
        self.say({"id": 0, "notification": name, "params": params})

    async def greet(self, **more):
        """Answer Hello and give the request."""
        request = await self.request("JSONRPC.Hello")
        self.reply(request, **HELLO, **more)
        return request

    async def answer(self, method=None, **params):
        """Answer the next request and give it."""
        request = await self.request(method)
        self.reply(request, **params)
        return request

    async def answer_all(self):
        """Answer everything as if it was KeepAlive, until the client goes."""
        while line := await self._reader.readline():
            request = json.loads(line)
            self.reply(request, success=True, sessionId=request["params"].get("sessionId", ""))

    async def end(self):
        """Wait until the client has gone."""
        while await self._reader.read(1 << 16):
            pass


@asynccontextmanager
async def serving(*scripts):
    """Listen, and let each connection go by the next of *scripts*; give the URL.

    A script is a coroutine function; when it returns, the connection is closed. At the end all
    of them must have been played through, without a fault.
    """
    left = list(scripts)
    faults = []
    playing = set()

    async def play(reader, writer):
        playing.add(done := asyncio.Event())
        try:
            await left.pop(0)(Peer(reader, writer))
        except Exception as fault:  # noqa: BLE001 - raised at the end
            faults.append(fault)
        finally:
            writer.close()
            done.set()

    server = await asyncio.start_server(play, "127.0.0.1", 0, limit=1 << 21)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"nymea://127.0.0.1:{port}"
        server.close()
        for done in playing:
            await done.wait()
    if faults:
        raise ExceptionGroup("faults of scripts", faults)
    assert not left, "a script was not played"


def client(url, *, timeout=5.0, delays=lambda: iter([0.01] * 200), **more):
    """Make a client that does not wait long."""
    return Client(url, timeout=timeout, delays=delays, **more)
