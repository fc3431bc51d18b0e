"""A Tani client of plain sockets and json, and a box that is used over Tani frames.

It shares no code with the server and asserts on every message what the guide promises about all
of them: one JSON object in one text message, with exactly the members that belong to it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.acceptance.box import PASSWORD, Connect, new_name
from tests.acceptance.client import PATIENCE, Client, Message, WebSocketStream, dial
from tests.acceptance.server import Server

DONE, WRONG, NO_FUNCTION, FORBIDDEN, SIGN_IN_FAILED, NO_SESSION = range(6)
NOT_FOUND, CONFLICT, TOO_LARGE, BUSY, NOT_STORED = range(6, 11)

NOBODY: Message = {
    "Username": "",
    "Groups": ["anonymous"],
    "UserEdit": False,
    "Editor": False,
    "Diag": False,
}
ALL_RIGHTS = {"UserEdit": True, "Editor": True, "Diag": True}
NO_RIGHTS = {"UserEdit": False, "Editor": False, "Diag": False}
WORDS_OF_A_PROGRAM = ("Traceback", "Error(", "msgspec", ".py", "<class", "SQL")


def rule(name: str, *, prefix: bool = False, write: bool = False) -> Message:
    """Build an entry of Items."""
    return {"Itemname": name, "Prefix": prefix, "Write": write}


EVERYTHING = rule("", prefix=True, write=True)


class Tani:
    """One connection that asks and listens.

    Attributes:
        key: the AuthKey of the last sign-in here.
        heard: every event that came, in order.
    """

    def __init__(self, url: str, *, source: str | None = None, path: str = "/tani") -> None:
        connected = dial(url, source=source)
        self.key = ""
        self.heard: list[Message] = []
        self._last_id = 0
        try:
            self.stream = WebSocketStream(connected, urlsplit(url).netloc, path)
        except BaseException:
            connected.close()
            raise

    def close(self) -> None:
        """Close without a word."""
        self.stream.raw.socket.close()

    def send(self, message: object) -> None:
        """Send *message* as JSON, or as it is when it is already text or bytes."""
        match message:
            case bytes():
                self.stream.send(message)
            case str():
                self.stream.send(message.encode())
            case _:
                self.stream.send(json.dumps(message).encode())

    def receive(self, seconds: float = PATIENCE) -> Message:
        """Give the next message, response or event.

        Raises:
            ClosedError: the connection was closed instead.
            TimeoutError: nothing came.
        """
        message = json.loads(self.stream.next_message(time.monotonic() + seconds).decode())
        assert isinstance(message, dict), message
        assert type(message["data"]) is dict, message
        if "event" in message:
            assert set(message) == {"event", "data"}, message
            return message
        status = message["status"]
        assert type(status) is int, message
        assert DONE <= status <= NOT_STORED, message
        expected = {"function", "status", "data"} | ({"error"} if status else set())
        assert set(message) - {"id"} == expected, message
        if status:
            error = message["error"]
            assert type(error) is str, message
            assert error
            assert not any(word in error for word in WORDS_OF_A_PROGRAM), error
            assert len(error) < 500
        return message

    def response(self, seconds: float = PATIENCE) -> Message:
        """Give the next response; events before it go to *heard*."""
        while True:
            message = self.receive(seconds)
            if "event" not in message:
                return message
            self.heard.append(message)

    def event(self, seconds: float = PATIENCE) -> Message:
        """Give the oldest event not yet looked at, waiting for one if there is none."""
        if self.heard:
            return self.heard.pop(0)
        message = self.receive(seconds)
        assert "event" in message, message
        return message

    def request(self, function: str, data: object) -> Message:
        """Build a request with the next id."""
        self._last_id += 1
        return {"function": function, "id": self._last_id, "data": data}

    def ask(self, function: str, **data: object) -> Message:
        """Send a request and give its whole response."""
        return self.ask_with(function, data)

    def ask_with(self, function: str, data: object) -> Message:
        """Send a request with *data* of any kind and give its whole response."""
        request = self.request(function, data)
        self.send(request)
        response = self.response()
        assert (response["function"], response["id"]) == (function, request["id"]), response
        return response

    def status(self, function: str, **data: object) -> int:
        """Send a request and give the status of its response."""
        status: int = self.ask(function, **data)["status"]
        return status

    def get(self, function: str, **data: object) -> Message:
        """Send a request that must succeed and give the data of its response."""
        response = self.ask(function, **data)
        assert response["status"] == DONE, response
        answer: Message = response["data"]
        return answer

    def do(self, function: str, **data: object) -> None:
        """Send a request that must succeed and has nothing to answer."""
        assert self.get(function, **data) == {}

    def sign_in(self, name: str, password: str = PASSWORD) -> str:
        """Sign in, which must succeed, and give the AuthKey."""
        self.key = self.get("Users/Login", Username=name, Password=password)["AuthKey"]
        return self.key

    def activate(self, key: str) -> Message:
        """Open a session again, which must succeed, and give the rights."""
        rights = self.get("Users/ActivateSession", AuthKey=key)
        self.key = key
        return rights

    def rights(self) -> Message:
        """Give what AccessRights answers."""
        return self.get("Users/AccessRights")

    @property
    def who(self) -> str:
        """The name of who is signed in here; empty for nobody."""
        name: str = self.rights()["Username"]
        return name

    def subscribe(self, *events: str) -> None:
        """Switch on just *events*."""
        self.do("Users/Subscribe", Events=list(events))

    def settle(self) -> list[Message]:
        """Give all events that were on their way, by way of a round trip."""
        self.rights()
        settled, self.heard = self.heard, []
        return settled

    def users(self) -> dict[str, Message]:
        """Give the records of List by name."""
        return _by("Username", self.get("Users/List")["Results"])

    def groups(self) -> dict[str, Message]:
        """Give the records of ListGroup by name."""
        return _by("Groupname", self.get("Users/ListGroup")["Results"])

    def stored(self) -> tuple[dict[str, Message], dict[str, Message]]:
        """Give the records of all users and all groups."""
        return self.users(), self.groups()


def _by(name: str, records: list[Message]) -> dict[str, Message]:
    found: dict[str, Any] = {}
    for record in records:
        assert record[name] not in found, "a name is listed once"
        found[record[name]] = record
    return found


Open = Callable[..., Tani]


@dataclass
class TaniBox:
    """A running server with an administrator, olga.

    Attributes:
        connect: opens a nymea connection that the test need not close.
        open: opens a Tani connection that the test need not close.
        admin_key: an AuthKey of the administrator.
        admin_token: a nymea token of the administrator.
    """

    server: Server
    connect: Connect
    open: Open
    admin_key: str
    admin_token: str

    def anonymous(self, scheme: str = "http") -> Tani:
        """Open a connection that has not signed in."""
        return self.open(self.server, scheme)

    def admin(self) -> Tani:
        """Open a connection of the administrator."""
        return self.activated(self.admin_key)

    def activated(self, key: str) -> Tani:
        """Open a connection of an earlier session."""
        connection = self.anonymous()
        connection.activate(key)
        return connection

    def signed_in(self, name: str, password: str = PASSWORD) -> Tani:
        """Open a connection and sign in as *name*."""
        connection = self.anonymous()
        connection.sign_in(name, password)
        return connection

    def add(self, name: str = "", /, **fields: object) -> str:
        """Create a user with a password and *fields*, and give the name."""
        name = name or new_name()
        self.admin().do("Users/Write", **{"Username": name, "Password": PASSWORD} | fields)
        return name

    def add_group(self, name: str = "", /, **fields: object) -> str:
        """Create a group with *fields*, and give the name."""
        name = name or new_name("group")
        self.admin().do("Users/WriteGroup", Groupname=name, **fields)
        return name

    def user(self, **fields: object) -> Tani:
        """Create a user with *fields* and open a connection of it."""
        return self.signed_in(self.add(**fields))

    def nymea_admin(self) -> Client:
        """Open a nymea connection of the administrator."""
        client = self.connect(self.server)
        client.hello(self.admin_token)
        return client

    def nymea(self, name: str, password: str = PASSWORD) -> Client:
        """Open a nymea connection and sign in as *name*."""
        client = self.connect(self.server)
        client.hello()
        client.sign_in(name, password)
        return client


def set_up_tani(connection: Tani, name: str = "olga", **fields: object) -> str:
    """Take a new box into use over Tani and give the AuthKey of its administrator."""
    connection.do("Users/Write", Username=name, Password=PASSWORD, **ALL_RIGHTS | fields)
    return connection.sign_in(name)


def ended_session(connection: Tani, key: str) -> bool:
    """Tell that *key* opens nothing any more, asked on *connection*."""
    return connection.status("Users/ActivateSession", AuthKey=key) == NO_SESSION
