"""A nymea server without sockets: a face over a directory in memory, and connections to it."""

import itertools
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec

from keystead.domain.change import Commit, UserAdded
from keystead.domain.events import SERVER, Author
from keystead.domain.model import PUSH_BUTTON_USER, Scope, Token, User, UserId
from keystead.domain.passwords import PasswordProfile
from keystead.domain.ports import Reader, Transaction
from keystead.domain.rights import Rights
from keystead.domain.setup_code import SetupCode
from keystead.domain.sign_in import sign_in
from keystead.domain.throttle import Lane
from keystead.nymea.catalogue import catalogue
from keystead.nymea.face import Face, Identity, Limits
from keystead.rpc.bus import Bus
from keystead.rpc.session import Replies
from keystead.store.memory import MemoryStore
from tests.doubles import PASSWORD, FastHasher, RecordingPeer, SettableClock, directory

T = TypeVar("T")
Message = dict[str, Any]

LIMITS = Limits()
SOURCE = "192.0.2.1"  # where connections come from unless told otherwise
UUID_OF_BOX = UUID("4d6f1b1e-6b1c-4d7e-9d0b-3a2f8f1c5e77")


@types.coroutine
def pause() -> Generator[None, None, None]:
    """Wait until driven on, as an awaited thread or socket would."""
    yield


async def go_on() -> None:
    """Wait for nobody."""


def begin(work: Coroutine[Any, Any, Any]) -> None:
    """Drive *work* up to where it waits next."""
    try:
        work.send(None)
    except StopIteration:
        raise AssertionError("it did not wait for anything") from None


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Drive *work* to its end, however often it waits, and give its result."""
    while True:
        try:
            work.send(None)
        except StopIteration as stop:
            return cast("T", stop.value)


class SlowHasher(FastHasher):
    """Lets others go on before it hashes."""

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        """Hash, after a pause."""
        await pause()
        return await super().hash(password)


class SlowStore:
    """A store in memory that lets others go on between a commit and the news of it.

    Args:
        clock: when it is now.

    Attributes:
        fault: raised instead of reading or writing, as by a bug.
    """

    def __init__(self, clock: SettableClock) -> None:
        self._store = MemoryStore(clock)
        self.fault: Exception | None = None

    @property
    def reader(self) -> Reader:
        """What is committed at the time of each read."""
        return cast("Reader", self)

    def __getattr__(self, name: str) -> Any:
        if self.fault:
            raise self.fault
        return getattr(self._store.reader, name)

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* with every commit."""
        self._store.listen(listener)

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        """Run *operation*, then pause."""
        if self.fault:
            raise self.fault
        result = await self._store.write(
            operation, author=author, bulk=bulk, essential=essential
        )
        await pause()
        return result


class SlowPeer(RecordingPeer):
    """A ``Peer`` that lets others go on after each part of a long message."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] | None = None

    def push(self, message: bytes) -> None:
        """Keep *message*, after the long one that is under way if there is one."""
        if self._held is None:
            super().push(message)
        else:
            self._held.append(message)

    async def stream(self, parts: AsyncIterator[bytes]) -> None:
        """Keep a long message as one."""
        self._held = []
        message = b""
        async for part in parts:
            message += part
            await pause()
        held, self._held = self._held, None
        self.pushed += [message, *held]


class Box:
    """A nymea server with a directory in memory, empty at first.

    Attributes:
        now: what the monotonic clock shows; it stands still.
    """

    def __init__(
        self,
        *,
        self_service: bool = False,
        limits: Limits = LIMITS,
        setup_code: SetupCode | None = None,
        profile: PasswordProfile = PasswordProfile.NYMEA,
        fingerprint: Callable[[], str | None] = lambda: None,
        audit_key: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        self.now = 1000.0
        self.clock = SettableClock()
        self.store = SlowStore(self.clock)
        self.hasher = SlowHasher()
        self.directory = directory(
            self.store,
            hasher=self.hasher,
            clock=self.clock,
            self_service=self_service,
            setup_code=setup_code,
            profile=profile,
        )
        self.bus = Bus(self.store.reader, self.clock, ever_had_account=False)
        self.store.listen(self.bus.publish)
        self.rights = Rights(self.store.reader, go_on, self.clock)
        self.store.listen(self.rights.hear)
        self.face = Face(
            self.directory,
            self.bus,
            Identity("The box", UUID_OF_BOX, "1.2.3", fingerprint, audit_key=audit_key),
            self.rights,
            name_of=self._name_of,
            pause=go_on,
            monotonic=lambda: self.now,
            limits=limits,
        )

    def _name_of(self, user_id: UserId) -> str | None:
        user = finish(self.store.reader.user(user_id))
        return user.name if user else None

    def connect(self, *, authentication: bool = True, source: str = SOURCE) -> "Line":
        """Open a connection on which nothing has been said."""
        return Line(self, authentication=authentication, source=source)

    def greet(self, token: str = "", *, authentication: bool = True) -> "Line":
        """Open a connection and say Hello, with *token* if there is one."""
        line = self.connect(authentication=authentication)
        line.hello(token)
        return line

    def add(self, name: str, scopes: Scope = Scope.NONE, **details: Any) -> User:
        """Make an account with any scopes, be they consistent or not."""
        user = User(UserId(self.directory.randomness(16)), name, scopes, **details)
        password_hash = None
        if name != PUSH_BUTTON_USER:
            password_hash = finish(self.hasher.hash(PASSWORD))
        self.write(lambda tx: tx.record(UserAdded(user, password_hash)))
        return user

    def token(self, name: str, device_name: str = "a phone") -> str:
        """Sign an account in somewhere else, and give the token."""
        return finish(sign_in(self.directory, name, PASSWORD, device_name)).secret

    def user_line(self, name: str, scopes: Scope = Scope.NONE) -> "Line":
        """Make an account and open a connection that is signed in as it."""
        self.add(name, scopes)
        return self.greet(self.token(name))

    def write(self, operation: Callable[[Transaction], Awaitable[T]]) -> T:
        """Change the directory from somewhere else."""
        return finish(self.store.write(operation))

    def user(self, name: str) -> User:
        """Give an account as it is now."""
        user = finish(self.store.reader.user_named(name))
        assert user is not None
        return user

    def tokens(self, name: str) -> list[Token]:
        """Give the tokens that an account has now."""
        found = self.store.reader.tokens_of(self.user(name).id)
        return list(finish(cast("Coroutine[Any, Any, list[Token]]", found)))


class Line:
    """A connection as its client sees it.

    Attributes:
        token: what requests carry unless told otherwise.
    """

    def __init__(self, box: Box, *, authentication: bool, source: str) -> None:
        self.box = box
        self.peer = SlowPeer()
        self.session = box.face.session(self.peer, authentication=authentication, source=source)
        self.token = ""
        self._ids = itertools.count(1)
        self._read = 0
        self._told: list[Message] = []

    @property
    def is_closed(self) -> bool:
        """Tell whether the server has ended the connection."""
        return self.peer.is_closed

    def request(self, method: str, params: object = None, **more: object) -> bytes:
        """Write a request on one line."""
        request = {"id": next(self._ids), "method": method, "token": self.token}
        request |= {} if params is None else {"params": params}
        return msgspec.json.encode(request | more) + b"\n"

    def send(self, data: bytes) -> list[Message]:
        """Send *data* and work off all of it; give what comes back, in the order it comes."""
        self.session.receive([data])
        self.work_off()
        return self.read()

    def ask(self, method: str, params: object = None, **more: object) -> Message:
        """Send a request and give its reply, which is the last message to come back."""
        reply = self.send(self.request(method, params, **more))[-1]
        if reply["status"] == "success":
            returned = reply["params"]
            assert as_declared(catalogue.methods[method].returns, returned) == returned
        return reply

    def get(self, method: str, /, **params: object) -> Message:
        """Send a request that succeeds and give what it returns."""
        reply = self.ask(method, params)
        assert reply["status"] == "success", reply
        return cast("Message", reply["params"])

    def hello(self, token: str = "", **params: object) -> Message:
        """Shake hands; further requests carry *token* if it is good."""
        reply = self.ask("JSONRPC.Hello", params, token=token)
        returned: Message = reply["params"]
        self.token = token if returned.get("authenticated") else ""
        return returned

    def sign_in(self, name: str, password: str = PASSWORD, device_name: str = "a phone") -> str:
        """Sign in with a password; further requests carry the token."""
        self.token = ""
        returned = self.get(
            "JSONRPC.Authenticate", username=name, password=password, deviceName=device_name
        )
        self.token = returned["token"]
        return self.token

    def subscribe(self, *namespaces: str) -> None:
        """Be notified of what happens in *namespaces*."""
        self.get("JSONRPC.SetNotificationStatus", namespaces=list(namespaces))

    def work_off(self, slice_of: int = 64) -> None:
        """Do what a socket's driver does until nothing is left to do."""
        session = self.session
        while session.has_requests and not self.is_closed:
            self.heed(session.advance(slice_of))

    def heed(self, replies: Replies) -> None:
        """Put *replies* on the wire, then do the job of the session or close, if need be."""
        self.peer.pushed.extend(replies)
        if self.session.job is not None:
            self.peer.pushed.extend(finish(self.session.job))
            self.session.resume()
        if self.session.closing and not self.is_closed:
            self.peer.close()

    def start(self, method: str, params: object = None, **more: object) -> None:
        """Send a request and leave it under way where it waits first."""
        self.session.receive([self.request(method, params, **more)])
        self.peer.pushed.extend(self.session.advance(1))
        assert self.session.job is not None
        begin(self.session.job)

    def end(self) -> list[Message]:
        """Let the request under way come to its end; give what has come back since."""
        self.heed(())
        self.work_off()
        return self.read()

    def leave(self) -> None:
        """Hang up."""
        self.session.closed()

    def wait(self, seconds: float) -> None:
        """Let time pass, and the session know if it is its deadline."""
        self.box.now += seconds
        deadline = self.session.deadline
        if deadline is not None and deadline <= self.box.now:
            self.session.expire(self.box.now)

    def read(self) -> list[Message]:
        """Give what has come back since this was last asked; each is one line of JSON."""
        fresh = [decoded(message) for message in self.peer.pushed[self._read :]]
        self._read = len(self.peer.pushed)
        self._told += (message for message in fresh if "notification" in message)
        return fresh

    def notifications(self) -> list[Message]:
        """Give what was told unasked, be it before replies, since this was last asked."""
        self.read()
        found, self._told = self._told, []
        for message in found:
            shape = catalogue.notifications[message["notification"]].params
            assert as_declared(shape, message["params"]) == message["params"]
        return found


def decoded(message: bytes) -> Message:
    """Read a message that is one line of JSON."""
    assert message.endswith(b"\n")
    assert message.count(b"\n") == 1
    found = msgspec.json.decode(message)
    assert isinstance(found, dict)
    return found


def as_declared(shape: type[msgspec.Struct], params: object) -> object:
    """Give what is left of *params* when they are read as *shape*."""
    return msgspec.json.decode(msgspec.json.encode(msgspec.convert(params, shape)))
