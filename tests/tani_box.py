"""A Tani server without sockets: a face over a directory in memory, and connections to it."""

import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import timedelta
from typing import Any, TypeVar, cast

import msgspec

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupItemsChanged,
    MembershipsChanged,
    UserAdded,
    UserItemsChanged,
)
from keystead.domain.model import Group, GroupId, ItemRule, Scope, Token, User, UserId
from keystead.domain.ports import Transaction
from keystead.domain.setup_code import SetupCode
from keystead.rpc.bus import Bus
from keystead.rpc.session import Replies
from keystead.tani.errors import Status
from keystead.tani.face import Face, Limits
from keystead.tani.methods import catalogue
from tests.conformance.stores import record
from tests.doubles import PASSWORD, SettableClock, directory
from tests.nymea_box import SlowHasher, SlowPeer, SlowStore, as_declared, begin, finish

T = TypeVar("T")
Message = dict[str, Any]

LIMITS = Limits()
SOURCE = "192.0.2.1"  # where connections come from unless told otherwise
NOBODY: Message = {
    "Username": "",
    "Groups": ["anonymous"],
    "UserEdit": False,
    "Editor": False,
    "Diag": False,
}
EVERYTHING = ItemRule("", is_prefix=True, may_write=True)


class Box:
    """A Tani server with a directory in memory, empty at first.

    Attributes:
        now: what the monotonic clock shows; it stands still.
    """

    def __init__(self, *, limits: Limits = LIMITS, setup_code: SetupCode | None = None) -> None:
        self.now = 1000.0
        self.clock = SettableClock()
        self.store = SlowStore(self.clock)
        self.hasher = SlowHasher()
        self.directory = directory(
            self.store, hasher=self.hasher, clock=self.clock, setup_code=setup_code
        )
        self.bus = Bus(self.store.reader, self.clock, ever_had_account=False)
        self.store.listen(self.bus.publish)
        self.face = Face(self.directory, self.bus, monotonic=lambda: self.now, limits=limits)
        self.lines: list[Line] = []

    def connect(self, *, authentication: bool = True, source: str = SOURCE) -> "Line":
        """Open a connection on which nothing has been said."""
        line = Line(self, authentication=authentication, source=source)
        self.lines.append(line)
        return line

    def add(
        self,
        name: str,
        scopes: Scope = Scope.NONE,
        *,
        groups: Iterable[Group] = (),
        items: Iterable[ItemRule] = (),
        password: str | None = PASSWORD,
    ) -> User:
        """Put an account in past the rules."""
        user = User(UserId(self.directory.randomness(16)), name, scopes)
        encoded = None if password is None else finish(self.hasher.hash(password))
        self.put(
            UserAdded(user, encoded),
            MembershipsChanged(user, tuple(groups)),
            UserItemsChanged(user, tuple(items)),
        )
        return user

    def group(
        self, name: str, rights: Scope = Scope.NONE, items: Iterable[ItemRule] = ()
    ) -> Group:
        """Put a group in past the rules."""
        group = Group(GroupId(self.directory.randomness(16)), name, rights)
        self.put(GroupAdded(group), GroupItemsChanged(group, tuple(items)))
        return group

    def user_line(self, name: str, scopes: Scope = Scope.NONE, **details: Any) -> "Line":
        """Make an account and open a connection that is signed in as it."""
        self.add(name, scopes, **details)
        line = self.connect()
        line.login(name)
        return line

    def put(self, *changes: Change) -> None:
        """Change the directory from somewhere else."""
        finish(record(self.store, *changes))

    def write(self, operation: Callable[[Transaction], Awaitable[T]]) -> T:
        """Change the directory from somewhere else, in a transaction."""
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

    def wait(self, seconds: float) -> None:
        """Let time pass, and every session know if it is its deadline."""
        self.now += seconds
        self.clock.advance(timedelta(seconds=seconds))
        for line in self.lines:
            deadline = line.session.deadline
            if line.session.open and deadline is not None and deadline <= self.now:
                line.session.expire(self.now)


class Line:
    """A connection as its client sees it.

    Attributes:
        key: that of the last sign-in here.
    """

    def __init__(self, box: Box, *, authentication: bool, source: str) -> None:
        self.box = box
        self.peer = SlowPeer()
        self.session = box.face.session(self.peer, authentication=authentication, source=source)
        self.key = ""
        self._ids = itertools.count(1)
        self._read = 0
        self._told: list[Message] = []

    def request(self, function: str, data: object = None, **more: object) -> bytes:
        """Write a request."""
        request: Message = {"function": function, "id": next(self._ids)}
        request |= {} if data is None else {"data": data}
        return msgspec.json.encode(request | more)

    def send(self, *messages: bytes, slice_of: int = 64) -> list[Message]:
        """Send *messages* and work off all; give what comes back, in the order it comes."""
        self.session.receive(messages)
        self.work_off(slice_of)
        return self.read()

    def ask(self, function: str, data: object = None, **more: object) -> Message:
        """Send a request and give its response, which is the last message to come back."""
        response = self.send(self.request(function, data, **more))[-1]
        if response["status"] == Status.OK:
            returned = response["data"]
            assert as_declared(catalogue.methods[function].returns, returned) == returned
        return response

    def get(self, function: str, /, **data: object) -> Message:
        """Send a request that succeeds and give what it returns."""
        response = self.ask(function, data)
        assert response["status"] == Status.OK, response
        return cast("Message", response["data"])

    def status(self, function: str, /, **data: object) -> Status:
        """Send a request and give what came of it."""
        return Status(self.ask(function, data)["status"])

    def login(self, name: str, password: str = PASSWORD) -> Message:
        """Sign in with a password; give who that is."""
        returned = self.get("Users/Login", Username=name, Password=password)
        self.key = returned.pop("AuthKey")
        return returned

    @property
    def who(self) -> Message:
        """Ask who is signed in here, and what they may do."""
        return self.get("Users/AccessRights")

    def subscribe(self, *events: str) -> None:
        """Be told of just these events."""
        self.get("Users/Subscribe", Events=list(events))

    def work_off(self, slice_of: int = 64) -> None:
        """Do what a socket's driver does until nothing is left to do."""
        while self.session.has_requests:
            self.heed(self.session.advance(slice_of))

    def heed(self, replies: Replies) -> None:
        """Put *replies* on the wire, then do the job of the session if there is one."""
        self.peer.pushed.extend(replies)
        if self.session.job is not None:
            self.peer.pushed.extend(finish(self.session.job))
            self.session.resume()

    def start(self, function: str, **data: object) -> None:
        """Send a request and leave it under way where it waits first."""
        self.session.receive([self.request(function, data)])
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

    def read(self) -> list[Message]:
        """Give what has come back since this was last asked."""
        fresh = [decoded(message) for message in self.peer.pushed[self._read :]]
        self._read = len(self.peer.pushed)
        self._told += (message for message in fresh if "event" in message)
        return fresh

    def events(self) -> list[tuple[str, Message]]:
        """Give what was told unasked, be it before replies, since this was last asked."""
        self.read()
        found, self._told = self._told, []
        for message in found:
            shape = catalogue.notifications[message["event"]].params
            assert as_declared(shape, message["data"]) == message["data"]
        return [(message["event"], message["data"]) for message in found]


def decoded(message: bytes) -> Message:
    """Read a message, which has just the members that belong to an event or a response."""
    found = msgspec.json.decode(message, strict=True)
    assert isinstance(found, dict)
    assert isinstance(found["data"], dict)
    if "event" in found:
        assert found.keys() == {"event", "data"}
        return found
    status = Status(found["status"])
    says_why = {"error"} if status else set()
    assert found.keys() - {"id"} == {"function", "status", "data"} | says_why
    assert not status or found["data"].keys() <= {"RetryAfter"}
    return found
