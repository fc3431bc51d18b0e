"""A hundred calls under way when what they rest on is taken away: none that follows succeeds."""

from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.acceptance.box import ALL_SIX, Box
from tests.acceptance.client import Client, ClosedError
from tests.acceptance.tani_client import DONE, NO_SESSION, NOBODY, Tani

CONNECTIONS = 25
NYMEA_CALLS = ("Users.GetUsers", "Users.GetUserInfo", "Users.GetTokens", "Users.SetUserInfo")
TANI_CALLS = ("Users/List", "Users/ListGroup", "Users/WriteGroup", "Users/List")
ANOTHER = "Another-Word-7"


@dataclass
class Device:
    """Somebody who is signed in over nymea, and calls on many connections with one token."""

    box: Box
    name: str
    token: str
    lines: list[Client]
    listener: Client

    @classmethod
    def begin(cls, box, name):
        first = box.signed_in(name)
        lines = [box.greet(first.token) for _ in range(CONNECTIONS)]
        first.subscribe()
        return cls(box, name, first.token, lines, first)

    def call(self, number):
        """Send reads and a write on each connection, and do not wait."""
        for line in self.lines:
            with suppress(ClosedError):
                for method in NYMEA_CALLS:
                    params = {"displayName": f"still {number}"} if "Set" in method else {}
                    request = {"id": number, "method": method, "params": params}
                    line.send(request | {"token": self.token})

    def successes(self, number):
        """Read all connections to their end; give the calls of that number that succeeded."""
        return [
            message
            for line in self.lines
            for message in line.rest()
            if message.get("id") == number
            and message["status"] == "success"
            and message["params"].get("error", "UserErrorNoError") == "UserErrorNoError"
        ]

    def told(self):
        """Give what the subscription tells until it ends."""
        return self.listener.heard + [m for m in self.listener.rest() if "notification" in m]

    def opens_nothing(self):
        line = self.box.connect(self.box.server)
        return line.hello(self.token)["authenticated"] is False


@dataclass
class Page:
    """The same over Tani frames, with one key of a session."""

    box: Box
    name: str
    key: str
    lines: list[Tani]
    listener: Tani

    @classmethod
    def begin(cls, box, name):
        url = box.server.urls["http"]
        first = Tani(url)
        key = first.sign_in(name)
        lines = [Tani(url) for _ in range(CONNECTIONS)]
        for line in lines:
            line.activate(key)
        first.subscribe("UsersChanged")
        return cls(box, name, key, lines, first)

    def call(self, number):
        for line in self.lines:
            for function in TANI_CALLS:
                data = {"Groupname": f"still-{number}"} if "Write" in function else {}
                line.send({"function": function, "id": number, "data": data})

    def successes(self, number):
        found = []
        for line in self.lines:
            line.send({"function": "Users/AccessRights", "id": "last", "data": {}})
            while (message := line.response()).get("id") != "last":
                found += [message] if message["id"] == number else []
            assert message["data"] == NOBODY
            line.close()
        assert len(found) == CONNECTIONS * len(TANI_CALLS)
        return [message for message in found if message["status"] == DONE]

    def told(self):
        told = self.listener.settle()
        self.listener.close()
        return told

    def opens_nothing(self):
        line = Tani(self.box.server.urls["http"])
        try:
            return line.status("Users/ActivateSession", AuthKey=self.key) == NO_SESSION
        finally:
            line.close()


def token_of(admin, victim):
    """Give the id of the one token of somebody."""
    (token,) = admin.get("Access.GetTokens", username=victim.name)["tokens"]
    return token["id"]


def remove_the_token(box, admin, victim):
    return admin.get("Users.RemoveToken", tokenId=token_of(admin, victim))


def rotate_the_token(box, admin, victim):
    return admin.get("Access.RotateToken", tokenId=token_of(admin, victim))


def disable_the_account(box, admin, victim):
    return admin.get("Access.SetAccountState", username=victim.name, enabled=False)


def reset_the_password(box, admin, victim):
    return admin.get("Users.ChangeUserPassword", username=victim.name, newPassword=ANOTHER)


def remove_the_account(box, admin, victim):
    return admin.get("Users.RemoveUser", username=victim.name)


def reset_the_password_over_tani(box, admin, victim):
    return over_tani(box, "Users/Write", Username=victim.name, Password=ANOTHER)


def remove_the_account_over_tani(box, admin, victim):
    return over_tani(box, "Users/Delete", Username=victim.name)


def over_tani(box, function, **data):
    page = Tani(box.server.urls["http"])
    try:
        page.sign_in(box.admin_name)
        page.do(function, **data)
    finally:
        page.close()
    return {"error": "UserErrorNoError"}


BOTH = [
    remove_the_token,
    disable_the_account,
    reset_the_password,
    remove_the_account,
    reset_the_password_over_tani,
    remove_the_account_over_tani,
]


@pytest.mark.clause(
    "OWASP ASVS 5.0 7.4.5",
    "OWASP ASVS 5.0 8.3.1",
    "OWASP ASVS 5.0 8.3.2",
    "EN 18031-1 AUM-4",
    "IEC 62443-4-2 CR 2.6",
)
@pytest.mark.parametrize(
    ("face", "take_away"),
    [(Device, rotate_the_token), *((face, act) for face in (Device, Page) for act in BOTH)],
)
def test_no_call_that_follows_what_takes_its_right_away_succeeds(box, face, take_away):
    victim = face.begin(box, box.add(scopes=ALL_SIX))
    admin = box.admin()

    victim.call(1)
    acknowledged = take_away(box, admin, victim)
    victim.call(2)
    added_since = box.add()

    assert acknowledged["error"] in {"UserErrorNoError", "AccessErrorNoError"}
    assert victim.successes(2) == []
    assert added_since not in str(victim.told())
    assert victim.opens_nothing()
