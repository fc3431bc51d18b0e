"""A server of made-up protocols on real sockets, and raw clients, to try ``keystead.net`` with.

In the one, requests are lines: ``echo X`` and ``big N`` are answered at once, ``wait GATE X`` once the gate
is open, ``stream PARTS SIZE`` part by part; ``fail``, ``wait-fail GATE`` and ``stream-fail PARTS
SIZE`` meet a fault, ``bye X`` and ``wait-bye GATE X`` are the last. In the other, each message is
answered with itself.
"""

import asyncio
import functools
import inspect
import logging
import os
import socket
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import pytest
import uvloop
from blockbuster import blockbuster_ctx

from keystead.net.conversation import Conversations
from keystead.net.door import Door
from keystead.net.frames import MAX_MESSAGE
from keystead.net.limits import NO_LIMITS
from keystead.net.listeners import open_listener
from keystead.rpc.resource import Resource
from keystead.settings import listener

PATIENCE = 10  # seconds until a test gives up waiting
NOTHING: dict[str, Resource] = {}
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def on_each_loop(test, watch=blockbuster_ctx):
    """Run an asynchronous test on uvloop and on asyncio; a call that blocks the loop fails."""

    @functools.wraps(test)
    def run(*, loop, **fixtures):
        async def in_time():
            async with asyncio.timeout(PATIENCE):
                await test(**fixtures)

        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner, watch():
            runner.run(in_time())

    own = inspect.signature(test).parameters.values()
    loop = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    vars(run)["__signature__"] = inspect.Signature([*own, loop])
    return pytest.mark.parametrize("loop", LOOPS)(run)


def on_each_loop_at_start(test):
    """Run a test of what happens before anybody is served, when calls may block."""
    return on_each_loop(test, nullcontext)


class Session:
    """A conversation in the made-up protocol; see ``keystead.rpc.session``."""

    def __init__(self, face, peer, source):
        self.face = face
        self.peer = peer
        self.source = source
        self.deadline = face.first_deadline()
        self.job = None
        self.closing = False
        self.token_id = None
        self.is_over = asyncio.Event()
        self.received = 0  # bytes
        self.receptions = 0  # times
        self.expirations = []  # monotonic seconds
        self.streamed = 0  # parts of long messages
        self._rest = b""
        self._lines: deque[bytes] = deque()

    def too_large(self):
        """The face does not want to know."""

    def receive(self, chunks):
        data = b"".join(chunks)
        self.receptions += 1
        self.received += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines += lines
        self.deadline = self.face.next_deadline(self.deadline)

    @property
    def has_requests(self):
        return bool(self._lines)

    def advance(self, limit):
        replies = []
        for _ in range(limit):
            if not self._lines or self.job or self.closing:
                break
            replies += self._answer(self._lines.popleft().decode())
        return replies

    def resume(self):
        self.job = None

    def apologise(self):
        return [b"sorry\n"]

    def expire(self, now):
        self.expirations.append(now)
        self.deadline = None
        self.peer.close()

    def revoke(self):
        """Nobody is signed in here."""

    def closed(self):
        self.is_over.set()
        self.face.log.append((self, "closed"))

    def _answer(self, line):
        self.face.log.append((self, line))
        kind, *words = line.split(" ")
        if kind.startswith("wait"):
            self.job = self._answer_later(kind.removeprefix("wait-"), *words)
            return []
        if kind.startswith("stream"):
            self.job = self._answer_at_length(kind.removeprefix("stream-"), *map(int, words))
            return []
        if kind == "fail":
            raise RuntimeError("a fault of ours")
        self.closing = kind == "bye"
        return [words[0].encode() + b"\n" if kind != "big" else large(int(words[0]))]

    async def _answer_later(self, kind, gate, text=""):
        await self.face.gates[gate].wait()
        if kind == "fail":
            raise RuntimeError("a fault of ours")
        self.closing = kind == "bye"
        return [text.encode() + b"\n"]

    async def _answer_at_length(self, kind, parts, size):
        async def portions():
            for _ in range(parts):
                self.streamed += 1
                yield large(size)
            if kind == "fail":
                raise RuntimeError("a fault of ours")

        await self.peer.stream(portions())
        return []


def large(size):
    """Give the reply to ``big``: *size* bytes, a line."""
    return b"x" * (size - 1) + b"\n"


class Face:
    """The made-up protocol.

    Attributes:
        sessions: every one so far, in the order of their beginnings.
        log: what was answered, and who was closed, in order.
        gates: the events that ``wait`` waits for.
        first_deadline: gives what a session begins with.
        next_deadline: gives what it goes on with after some bytes.
    """

    ignores_binary = True
    answers_too_large = False
    most_before_sign_in = MAX_MESSAGE

    def __init__(self):
        self.sessions = []
        self.log = []
        self.gates = defaultdict(asyncio.Event)
        self.first_deadline: Callable[[], float | None] = lambda: None
        self.next_deadline: Callable[[Any], float | None] = lambda before: before
        self.authentication = []
        self.came = asyncio.Event()

    def session(self, peer, *, authentication, source):
        self.authentication.append(authentication)
        self.sessions.append(Session(self, peer, source))
        self.came.set()
        return self.sessions[-1]

    def answered(self, session):
        """Give the requests of one session that were worked on."""
        return [line for one, line in self.log if one is session and line != "closed"]


TOO_LARGE = b"too large"


class EchoSession:
    """A conversation in which each message is answered with itself, too large ones so."""

    def __init__(self, peer, source):
        self.peer = peer
        self.source = source
        self.deadline = None
        self.job = None
        self.closing = False
        self.token_id = None
        self.is_over = asyncio.Event()
        self.received = []  # messages, and TOO_LARGE
        self._answered = 0

    def receive(self, chunks):
        self.received += chunks

    def too_large(self):
        self.received.append(TOO_LARGE)

    @property
    def has_requests(self):
        return self._answered < len(self.received)

    def advance(self, limit):
        before = self._answered
        self._answered = min(before + limit, len(self.received))
        return self.received[before : self._answered]

    def resume(self):
        """Nothing has to wait here."""

    def apologise(self):
        return []

    def expire(self, now):
        """There are no time-outs here."""

    def revoke(self):
        """Nobody is signed in here."""

    def closed(self):
        self.is_over.set()


class EchoFace:
    """The made-up protocol in which each message counts."""

    ignores_binary = False
    answers_too_large = True
    most_before_sign_in = MAX_MESSAGE

    def __init__(self):
        self.sessions = []
        self.came = asyncio.Event()

    def session(self, peer, *, authentication, source):
        self.sessions.append(EchoSession(peer, source))
        self.came.set()
        return self.sessions[-1]


class Stage:
    """One server with its clients.

    Attributes:
        everyone: the conversations of the server.
    """

    def __init__(self, face, everyone):
        self.face = face
        self.everyone = everyone
        self.clients = []
        self.server: Any = None
        self._is_frugal = False

    async def connect(self):
        """Connect, and give the client with the session at the other end."""
        client = await self.dial()
        return client, await self.arrival()

    async def arrival(self):
        """Give the next session that begins."""
        await self.face.came.wait()
        self.face.came.clear()
        return self.face.sessions[-1]

    async def dial(self):
        """Connect, whatever comes of it."""
        client = await Client.connected(self.address, is_frugal=self._is_frugal)
        self.clients.append(client)
        return client

    @property
    def address(self):
        return self.server.sockets[0].getsockname()[:2]

    def keep_little_in_the_kernel(self):
        """Give connections from now on small buffers."""
        self._is_frugal = True
        for one in self.server.sockets:
            with socket.socket(fileno=os.dup(one.fileno())) as twin:
                _limit_buffers(twin)


@asynccontextmanager
async def stage(
    scheme="nymea", tls=None, options="", limits=NO_LIMITS, resources=NOTHING, **faces
):
    """Run a server; its face for a path is given as ``path=face``, "root" for "/".

    *tls* is the context to encrypt with; *options* end the address of the listener; *resources*
    are what a plain GET gives.
    """
    faces = {"/" + path.removeprefix("root"): face for path, face in faces.items()}
    face = faces.setdefault("/", Face())
    async with asyncio.TaskGroup() as tasks:
        one = Stage(face, Conversations(tasks, limits))
        url = listener(f"{scheme}://127.0.0.1:0{options}")
        context = tls and (lambda: tls)
        one.server, _ = await open_listener(url, one.everyone, faces, context, resources)
        try:
            yield one
        finally:
            one.server.close()
            for client in one.clients:
                client.close()
            await one.everyone.close_all(1)


class Client:
    """A raw socket that is never read but when asked to."""

    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    @classmethod
    async def connected(cls, address, *, is_frugal=False):
        connection = socket.socket()
        connection.setblocking(False)  # noqa: FBT003 - the standard library's
        if is_frugal:
            _limit_buffers(connection)
        await asyncio.get_running_loop().sock_connect(connection, address)
        return cls(connection)

    async def send(self, data):
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def more(self):
        """Read what is there; False at the end."""
        await asyncio.sleep(0)  # even when something is there, others have their turn
        data = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 18)
        self.buffer += data
        return bool(data)

    async def read(self, size):
        """Read exactly *size* bytes."""
        while len(self.buffer) < size:
            assert await self.more(), f"the end came after {self.buffer[-100:]!r}"
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    async def line(self):
        """Read up to a line end."""
        while b"\n" not in self.buffer:
            assert await self.more(), f"the end came after {self.buffer[-100:]!r}"
        found, _, self.buffer = self.buffer.partition(b"\n")
        return found.decode()

    async def ask(self, request):
        """Send a request and read its reply."""
        await self.send(request.encode() + b"\n")
        return await self.line()

    async def rest(self):
        """Read to the end."""
        try:
            while await self.more():
                pass
        except ConnectionResetError:
            self.buffer += b"<reset>"
        return self.buffer

    def close(self):
        self.socket.close()

    def reset(self):
        """Vanish without a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def _limit_buffers(one):
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        one.setsockopt(socket.SOL_SOCKET, buffer, 16 * 1024)


def guest(source="192.0.2.1", *, limits=NO_LIMITS):
    """Give a connection that was let in."""
    one = Door(limits).admit(source, authentication=True)
    assert one is not None
    return one


def messages_of(caplog, name="keystead.net", level=logging.WARNING):
    """Give the events logged, from *level* up."""
    return [r.message for r in caplog.records if r.name == name and r.levelno >= level]
