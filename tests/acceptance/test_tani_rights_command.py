"""`keystead rights check` and `keystead rights explain`, with and without a running server."""

import subprocess

import pytest

from tests.acceptance.box import ADMIN, PASSWORD, set_up
from tests.acceptance.client import Client, Message
from tests.acceptance.tani_client import ALL_RIGHTS, Tani, TaniBox, rule

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
    {"Username": "rights only", "UserEdit": True, "Editor": True, "Diag": True},
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


def check(server, user: str, item: str, *flags: str) -> int:
    ended = server.run("rights", "check", user, item, *flags)
    assert "Traceback" not in ended.stderr
    assert (ended.returncode == CANNOT_TELL) == bool(ended.stderr.strip()), ended.stderr
    return int(ended.returncode)


@pytest.mark.parametrize(
    ("user", "item", "flags", "code"),
    [
        ("rita", "Objects.Plant", ("--write",), DENIED),
        ("rita", "Objects.Plant2", (), DENIED),
        ("felix", "Objects.Plant.Boiler.Valve", ("--write",), ALLOWED),
        ("felix", "Own.Item.Part", (), DENIED),
        ("nobody", "Public.Clock", (), ALLOWED),
        ("rights only", "Any.Thing", (), DENIED),
        ("boss", "Any.Thing", ("--write",), ALLOWED),
    ],
)
def test_a_right_on_an_item_is_the_exit_code(plant, user, item, flags, code):
    assert check(plant, user, item, *flags) == code


def test_without_a_server_the_answers_are_the_same(folder):
    assert check(folder, "felix", "Objects.Plant.Boiler.Valve", "--write") == ALLOWED
    assert check(folder, "felix", "Objects.Plant.Boiler", "--write") == DENIED
    text = explain(folder, "felix", "Objects.Plant.Boiler.Valve").stdout
    assert "fitters" in text


def test_of_an_unknown_user_it_cannot_tell(folder):
    assert check(folder, "no such user", "Objects.Plant") == CANNOT_TELL


def test_a_user_without_a_name_is_unknown(plant):
    assert check(plant, "", "Objects.Plant") == CANNOT_TELL


def explain(server, user: str, item: str) -> subprocess.CompletedProcess[str]:
    ended: subprocess.CompletedProcess[str] = server.run("rights", "explain", user, item)
    assert "Traceback" not in ended.stderr
    return ended


def test_an_explanation_names_the_rules_and_whose_they_are(plant):
    text = explain(plant, "felix", "Objects.Plant.Boiler.Valve").stdout
    for word in ("Objects.Plant", "Objects.Plant.Boiler.", "readers", "fitters"):
        assert word in text
    assert "Own.Item" not in text
    text = explain(plant, "felix", "Own.Item").stdout
    assert "Own.Item" in text
    assert not any(group in text for group in ("readers", "fitters", "anonymous"))
    assert "anonymous" in explain(plant, "nobody", "Public.Clock").stdout
    assert "admin" in explain(plant, "boss", "Any.Thing").stdout.lower()


def test_an_explanation_of_no_right_says_so(plant):
    ended = explain(plant, "nobody", "Objects.Plant")
    assert ended.returncode in (ALLOWED, DENIED)
    assert ended.stdout.strip()
    assert "readers" not in ended.stdout


def test_an_unknown_user_cannot_be_explained(plant):
    ended = explain(plant, "no such user", "Objects.Plant")
    assert ended.returncode == CANNOT_TELL
    assert len(ended.stderr.strip().splitlines()) == 1


def test_asking_changes_nothing_and_sees_what_was_just_written(tani: TaniBox):
    name = tani.add(Items=[rule("A")])
    admin = tani.admin()
    for write in (False, True):
        admin.do("Users/Write", Username=name, Items=[rule("A", write=write)])
        before = admin.stored()
        assert check(tani.server, name, "A", "--write") == (ALLOWED if write else DENIED)
        assert admin.stored() == before
    admin.do("Users/Delete", Username=name)
    assert check(tani.server, name, "A") == CANNOT_TELL


def test_all_three_rights_without_nymeas_admin_open_no_item(tani: TaniBox):
    name = tani.add(**ALL_RIGHTS)
    assert check(tani.server, name, "Any.Thing") == DENIED


def test_a_wrong_command_line_is_no_answer(tani: TaniBox):
    for arguments in (("check",), ("check", "olga"), ("explain", "olga", "A", "B")):
        ended = tani.server.run("rights", *arguments)
        assert ended.returncode == CANNOT_TELL
        assert "Traceback" not in ended.stderr
