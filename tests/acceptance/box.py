"""A box that has been set up: a running server, its administrator, and accounts made at will."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.acceptance.client import Client, Message
from tests.acceptance.server import Server

PASSWORD = "Plain7Sailing"
ADMIN = "PermissionScopeAdmin"
CONTROL = "PermissionScopeControlThings"
CONFIGURE = "PermissionScopeConfigureThings"
EVERY_THING = "PermissionScopeAccessAllThings"
EXECUTE_RULES = "PermissionScopeExecuteRules"
CONFIGURE_RULES = "PermissionScopeConfigureRules"
NONE = "PermissionScopeNone"
ALL_SIX = [CONTROL, CONFIGURE, EVERY_THING, EXECUTE_RULES, CONFIGURE_RULES, ADMIN]

Connect = Callable[..., Client]

_numbers = itertools.count(1)


def new_name(stem: str = "user") -> str:
    """Give a user name that no other test has."""
    return f"{stem}-{next(_numbers)}"


@dataclass
class Box:
    """A running server with an administrator.

    Attributes:
        connect: opens a connection that the test need not close.
        admin_token: a token of the administrator.
        scheme: what connections use unless they say otherwise.
    """

    server: Server
    connect: Connect
    admin_token: str
    admin_name: str = "olga"
    scheme: str = field(default="nymea")

    def greet(self, token: str = "", *, scheme: str = "", source: str | None = None) -> Client:
        """Open a connection and shake hands, with *token* if there is one."""
        client = self.connect(self.server, scheme or self.scheme, source=source)
        client.hello(token)
        return client

    def admin(self, *, scheme: str = "") -> Client:
        """Open a connection of the administrator."""
        return self.greet(self.admin_token, scheme=scheme)

    def add(self, name: str = "", **params: object) -> str:
        """Create a user without any scope unless *params* say otherwise and give its name."""
        wanted: dict[str, object] = {"password": PASSWORD, "scopes": []}
        name = name or new_name()
        answer = self.admin().get("Users.CreateUser", username=name, **wanted | params)
        assert answer == {"error": "UserErrorNoError"}
        return name

    def signed_in(self, name: str, password: str = PASSWORD, device: str = "a phone") -> Client:
        """Open a connection and sign in as *name*."""
        client = self.greet()
        client.sign_in(name, password, device)
        return client

    def user(self, scopes: Sequence[str] = ()) -> Client:
        """Create a user with *scopes* and open a connection of it."""
        return self.signed_in(self.add(scopes=scopes))

    def info(self, name: str) -> Message | None:
        """Give what the directory says about *name*."""
        return info_of(self.admin(), name)


def info_of(client: Client, name: str) -> Message | None:
    """Give the UserInfo of *name* from GetUsers."""
    found: list[Message] = [
        user for user in client.get("Users.GetUsers")["users"] if user["username"] == name
    ]
    assert len(found) < 2
    return found[0] if found else None


def set_up(client: Client, name: str = "olga", password: str = PASSWORD) -> str:
    """Take a new box into use and give the token of its administrator."""
    assert client.hello()["initialSetupRequired"] is True
    created = client.get("JSONRPC.CreateUser", username=name, password=password)
    assert created == {"error": "UserErrorNoError"}
    return client.sign_in(name, password)
