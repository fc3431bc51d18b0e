"""Lesser accounts that try every method there is to become more, or to touch those who are."""

import json
import time
from collections.abc import Callable

import pytest

from tests.acceptance.box import ADMIN, CONTROL, EVERY_THING, PASSWORD, Connect
from tests.acceptance.client import Client, ClosedError
from tests.acceptance.server import Server
from tests.acceptance.tani_client import ALL_RIGHTS, EVERYTHING, Tani

WORD = "Another-Word-7"
NO_STEPS = {"JSONRPC.Hello", "JSONRPC.Authenticate", "Access.SignOut"}  # they end the walk
EVERY_RIGHT = ["AccessRightUserEdit", "AccessRightEditor", "AccessRightDiag"]
TEMPTING = {
    "username": "olga",
    "newPassword": WORD,
    "password": WORD,
    "displayName": "taken over",
    "email": "evil@example.org",
    "scopes": [ADMIN],
    "allowedThingIds": ["11111111-2222-3333-4444-555555555555"],
    "rights": EVERY_RIGHT,
    "groups": ["bosses"],
    "items": [{"name": "", "isPrefix": True, "mayWrite": True}],
    "name": "bosses",
    "item": "Plant.Boiler",
    "write": True,
    "enabled": False,
    "deviceName": "mine",
    "source": "127.0.0.1",
    "limit": 500,
}


@pytest.fixture(scope="module")
def house(start_shared):
    """Give a server with an administrator, olga, and a powerful group."""
    server = start_shared("walk", ("nymea", "http"))
    page = Tani(server.urls["http"])
    page.do("Users/Write", Username="olga", Password=PASSWORD, **ALL_RIGHTS)
    page.sign_in("olga")
    page.do("Users/WriteGroup", Groupname="bosses", Items=[EVERYTHING], **ALL_RIGHTS)
    page.close()
    return server


@pytest.fixture
def admin(house, connect):
    client = connect(house)
    client.hello()
    client.sign_in("olga", PASSWORD)
    return client


def held(admin):
    """Give all that a walk must not change, without what tells of uses."""
    state = {
        "accounts": admin.get("Access.GetAccounts")["accounts"],
        "users": admin.get("Users.GetUsers")["users"],
        "groups": admin.get("Access.GetGroups")["groups"],
    }
    for account in state["accounts"]:
        tokens = admin.get("Access.GetTokens", username=account["username"])["tokens"]
        for token in tokens:
            token.pop("lastUsed", None)
            token.pop("lastSource", None)
        state[account["username"]] = sorted(token["id"] for token in tokens)
    return state


def walk(client, catalogue, tempting):
    """Call every method with all that tempts and with as little as it takes, up to the end."""
    for name, described in catalogue.items():
        if name in NO_STEPS:
            continue
        params = described["params"]
        for wanted in (params, [key for key in params if not key.startswith("o:")]):
            plain = [key.removeprefix("o:") for key in wanted]
            given = {key: tempting[key] for key in plain if key in tempting}
            try:
                client.ask(name, **given)
            except ClosedError:
                return False
    return True


def walk_anew(house, connect, catalogue, token):
    """Walk with a token that is no good; each step needs a connection, as it ends the last."""
    for name, described in catalogue.items():
        client = connect(house)
        assert client.hello(token).get("authenticated", False) is False
        walk(client, {name: described}, TEMPTING)
        client.close()


def catalogue_of(client):
    return client.get("JSONRPC.Introspect")["methods"]


def account(admin, house, connect, name, **params):
    """Make an account, and sign in as it."""
    wanted = {"username": name, "password": PASSWORD, "scopes": []} | params
    made = admin.get("Users.CreateUser", **wanted)
    assert made["error"] in {"UserErrorNoError", "UserErrorDuplicateUserId"}
    client = connect(house)
    client.hello()
    client.sign_in(name, PASSWORD)
    return client


def with_token(admin, house, connect, **limits):
    made = admin.get("Access.CreateToken", deviceName="narrow", **limits)
    client = connect(house)
    client.hello(made["token"])
    return client


LESSER: dict[str, Callable[[Client, Server, Connect], Client]] = {
    "somebody without rights": lambda admin, house, connect: account(
        admin, house, connect, "norights"
    ),
    "somebody who controls things": lambda admin, house, connect: account(
        admin, house, connect, "controls", scopes=[CONTROL, EVERY_THING]
    ),
    "a token of olga that controls": lambda admin, house, connect: with_token(
        admin, house, connect, scopes=[CONTROL]
    ),
    "a token of olga without a scope": lambda admin, house, connect: with_token(
        admin, house, connect, scopes=[], rights=[]
    ),
    "a token of olga that diagnoses": lambda admin, house, connect: with_token(
        admin, house, connect, rights=["AccessRightDiag"], items=[]
    ),
}


@pytest.mark.clause(
    "EN 18031-1 ACM-2",
    "IEC 62443-4-2 CR 2.1",
    "OWASP ASVS 5.0 8.2.1",
    "OWASP ASVS 5.0 8.2.3",
    "OWASP ASVS 5.0 16.5.3",
)
@pytest.mark.parametrize("lesser", LESSER)
def test_whoever_may_not_change_users_changes_nothing_by_any_method(
    house, admin, connect, lesser
):
    client = LESSER[lesser](admin, house, connect)
    token_id = admin.get("Access.GetTokens", username="olga")["tokens"][0]["id"]
    before = held(admin)

    assert walk(client, catalogue_of(admin), TEMPTING | {"tokenId": token_id})

    assert held(admin) == before
    denied = client.ask("Users.GetUsers")
    assert (denied["status"], denied["error"]) == ("error", "Permission denied.")


@pytest.mark.clause("EN 18031-1 AUM-1-1", "IEC 62443-4-2 CR 1.1")
def test_nobody_changes_anything_by_any_method(house, admin, connect):
    before = held(admin)
    walk_anew(house, connect, catalogue_of(admin), "")
    assert held(admin) == before


@pytest.mark.parametrize("state", ["off", "over"])
def test_an_account_that_does_not_hold_opens_nothing(house, admin, connect, state):
    name = f"was-{state}"
    client = account(admin, house, connect, name, scopes=[ADMIN])
    over = {"validUntil": int(time.time()) - 60} if state == "over" else {}  # noqa: TID251
    admin.get("Access.SetAccountState", username=name, enabled=state == "over", **over)
    before = held(admin)

    assert [message["status"] for message in client.rest()] == ["unauthorized"]
    walk_anew(house, connect, catalogue_of(admin), client.token)
    again = connect(house)
    again.hello()
    signing_in = {"username": name, "password": PASSWORD, "deviceName": "a phone"}
    assert again.ask("JSONRPC.Authenticate", **signing_in)["params"] == {"success": False}
    assert held(admin) == before


@pytest.mark.clause("EN 18031-1 ACM-2", "OWASP ASVS 5.0 8.2.2")
def test_an_editor_of_users_gets_nothing_of_those_who_hold_more(
    house, admin, connect, open_tani
):
    client = account(admin, house, connect, "editor")
    admin.get("Access.SetAccountRights", username="editor", rights=["AccessRightUserEdit"])
    before = held(admin)
    of_olga = before["olga"][0]

    for target in ({}, {"username": "editor"}, {"username": "created"}):
        walk(client, catalogue_of(admin), TEMPTING | {"tokenId": of_olga} | target)
        reset = {"username": "editor", "newPassword": PASSWORD}  # it may have changed its own
        assert admin.get("Users.ChangeUserPassword", **reset) == {"error": "UserErrorNoError"}
        client = connect(house)
        client.hello()
        client.sign_in("editor", PASSWORD)
    page = open_tani(house)
    page.sign_in("editor")
    for name in ("olga", "editor", "created", "OLGA", "ｏｌｇａ"):  # noqa: RUF001 - a look-alike
        page.ask("Users/Write", Username=name, Password=WORD, Groups=["bosses"])
        page.ask("Users/Write", Username=name, Password=WORD, Items=[EVERYTHING])
        page.ask("Users/Write", Username=name, Password=WORD, **ALL_RIGHTS)
        page.ask("Users/WriteGroup", Groupname="bosses", Items=[])
        page.ask("Users/Delete", Username=name) if name != "editor" else None
    page.ask("Users/DeleteGroup", Groupname="bosses")
    page.ask("Users/WriteGroup", Groupname="anonymous", Items=[EVERYTHING])

    after = held(admin)
    assert after["groups"] == before["groups"]
    assert after["olga"] == before["olga"]
    for kind in ("accounts", "users"):
        olga = [one for one in before[kind] if one["username"] == "olga"]
        assert [one for one in after[kind] if one["username"] == "olga"] == olga
        powerful = json.dumps([one for one in after[kind] if one not in before[kind]])
        assert not any(word in powerful for word in (ADMIN, 'Editor"', "Diag", "bosses"))
    assert admin.works()
