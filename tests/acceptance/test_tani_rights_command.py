"""`keystead rights check` and `keystead rights explain`, with and without a running server."""

import subprocess

import pytest

from tests.acceptance.box import ADMIN, ALL_SIX, PASSWORD, set_up
from tests.acceptance.client import Client, Message
from tests.acceptance.tani_client import ALL_RIGHTS, EVERYTHING, Tani, TaniBox, rule

ALLOWED, DENIED, CANNOT_TELL = 0, 1, 2


GROUPS: list[Message] = [
    {"Groupname": "readers", "Items": [rule("Objects.Plant", prefix=True)]},
    {
        "Groupname": "fitters",
        "Items": [rule("Objects.Plant.Boiler.", prefix=True, write=True)],
    },
    {"Groupname": "anonymous", "Items": [rule("Public.Clock")]},
]
USERS: list[Message] = [
    {"Username": "rita", "Groups": ["readers"]},
    {
        "Username": "felix",
        "Groups": ["readers", "fitters"],
        "Items": [rule("Own.Item", write=True)],
    },
    {"Username": "nobody"},
    {"Username": "every", "Items": [EVERYTHING]},
    {"Username": "rights only", "UserEdit": True, "Editor": True, "Diag": True},
    {"Username": "scopes", "Password": PASSWORD},
]


@pytest.fixture(scope="module")
def plant(start_shared):
    """A server with users, groups and rules; tests run on it and on its stopped folder."""
    server = start_shared("plant")
    client, connection = Client(server.urls["nymea"]), Tani(server.urls["http"])
    try:
        set_up(client)
        connection.sign_in("olga")
        for fields in GROUPS:
            connection.do("Users/WriteGroup", **fields)
        for fields in USERS:
            connection.do("Users/Write", **fields)
        client.get("Users.SetUserScopes", username="scopes", scopes=ALL_SIX[:5])
        boss = {"username": "boss", "password": PASSWORD, "scopes": [ADMIN]}
        client.get("Users.CreateUser", **boss)
    finally:
        client.close()
        connection.close()
    return server


@pytest.fixture(scope="module", params=["running", "stopped"])
def folder(request, plant):
    """The same folder, first with its server, then without."""
    if request.param == "stopped":
        plant.stop()
    return plant


def check(folder, user: str, item: str, *flags: str) -> int:
    ended = folder.run("rights", "check", user, item, *flags)
    assert "Traceback" not in ended.stderr
    assert (ended.returncode == CANNOT_TELL) == bool(ended.stderr.strip()), ended.stderr
    return int(ended.returncode)


@pytest.mark.parametrize(
    ("user", "item", "read", "write"),
    [
        ("rita", "Objects.Plant", True, False),
        ("rita", "Objects.Plant.Boiler.Valve", True, False),
        ("rita", "Objects.Plant2", False, False),
        ("rita", "Objects", False, False),
        ("rita", "objects.plant", False, False),
        ("felix", "Objects.Plant.Boiler", True, False),
        ("felix", "Objects.Plant.Boiler.Valve", True, True),
        ("felix", "Own.Item", True, True),
        ("felix", "Own.Item.Part", False, False),
        ("nobody", "Objects.Plant", False, False),
        ("nobody", "Public.Clock", True, False),
        ("every", "Any.Thing", True, True),
        ("rights only", "Any.Thing", False, False),
        ("scopes", "Any.Thing", False, False),
        ("boss", "Any.Thing", True, True),
        ("olga", "Any.Thing", True, True),
    ],
)
def test_a_right_on_an_item_is_the_exit_code(folder, user, item, read, write):
    assert check(folder, user, item) == (ALLOWED if read else DENIED)
    assert check(folder, user, item, "--write") == (ALLOWED if write else DENIED)


@pytest.mark.parametrize("user", ["no such user", "RITA", ""])
def test_of_an_unknown_user_it_cannot_tell(folder, user):
    assert check(folder, user, "Objects.Plant") == CANNOT_TELL


def explain(folder, user: str, item: str) -> subprocess.CompletedProcess[str]:
    ended: subprocess.CompletedProcess[str] = folder.run("rights", "explain", user, item)
    assert "Traceback" not in ended.stderr
    return ended


def test_an_explanation_names_the_rules_and_whose_they_are(folder):
    text = explain(folder, "felix", "Objects.Plant.Boiler.Valve").stdout
    for word in ("Objects.Plant", "Objects.Plant.Boiler.", "readers", "fitters"):
        assert word in text
    assert "Own.Item" not in text
    assert "felix" in explain(folder, "felix", "Own.Item").stdout
    assert "anonymous" in explain(folder, "nobody", "Public.Clock").stdout
    assert "Admin" in explain(folder, "boss", "Any.Thing").stdout


def test_an_explanation_of_no_right_says_so(folder):
    ended = explain(folder, "nobody", "Objects.Plant")
    assert ended.returncode in (ALLOWED, DENIED)
    assert ended.stdout.strip()
    assert "readers" not in ended.stdout


def test_an_unknown_user_cannot_be_explained(folder):
    ended = explain(folder, "no such user", "Objects.Plant")
    assert ended.returncode == CANNOT_TELL
    assert len(ended.stderr.strip().splitlines()) == 1


def test_asking_changes_nothing_and_sees_what_was_just_written(tani: TaniBox):
    name = tani.add(Items=[rule("A")])
    admin = tani.admin()
    for write in (False, True, False):
        admin.do("Users/Write", Username=name, Items=[rule("A", write=write)])
        before = admin.stored()
        assert check(tani.server, name, "A", "--write") == (ALLOWED if write else DENIED)
        assert admin.stored() == before
    tani.add_group("anonymous", Items=[rule("A", write=True)])
    assert check(tani.server, name, "A", "--write") == ALLOWED
    admin.do("Users/Delete", Username=name)
    assert check(tani.server, name, "A") == CANNOT_TELL


def test_all_three_rights_without_nymeas_admin_open_no_item(tani: TaniBox):
    name = tani.add(**ALL_RIGHTS)
    assert check(tani.server, name, "Any.Thing") == DENIED


@pytest.mark.parametrize("arguments", [(), ("olga",), ("olga", "A", "B")])
def test_a_wrong_command_line_is_no_answer(tani: TaniBox, arguments):
    for command in ("check", "explain"):
        ended = tani.server.run("rights", command, *arguments)
        assert ended.returncode == CANNOT_TELL
        assert "Traceback" not in ended.stderr
