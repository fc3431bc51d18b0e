"""The commands about accounts, on a data folder that no server uses."""

import shutil
import sqlite3
from uuid import UUID

import pytest

from keystead.domain.refusal import Reason
from tests.command_line import PASSWORD, CommandLine, program

THING = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
SCOPES = [
    "None",
    "ControlThings",
    "ConfigureThings",
    "AccessAllThings",
    "ExecuteRules",
    "ConfigureRules",
    "UserEdit",
    "Editor",
    "Diag",
    "Admin",
]


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


@pytest.fixture(scope="module")
def with_ann(tmp_path_factory):
    """Make a data folder with an administrator, to be copied."""
    data = tmp_path_factory.mktemp("ann")
    made = program("user", "add", "ann", "--data", data, password=PASSWORD)
    assert made.returncode == 0
    return data


@pytest.fixture
def box(keystead, with_ann):
    """Give the program on a data folder where Ann is administrator."""
    shutil.copytree(with_ann, keystead.data, dirs_exist_ok=True)
    return keystead


def test_a_new_account_is_an_administrator_unless_told_otherwise(keystead):
    assert keystead.done("user", "add", "ann").out == ""

    assert keystead.done("user", "list").out == "ann  Admin\n"


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
def test_an_account_is_made_with_all_that_was_said(box):
    box.done(
        *("user", "add", "Bob", "--scopes", "ControlThings,Diag"),
        *("--thing", THING, "--thing", "{" + THING + "}"),
        *("--display-name", "Bob B.", "--email", "bob@box.example"),
    )

    assert box.done("user", "show", "bob", "--json").json == {
        "user": {
            "name": "Bob",
            "display_name": "Bob B.",
            "email": "bob@box.example",
            "scopes": ["ControlThings", "Diag"],
            "things": [THING],
            "groups": [],
            "has_password": True,
            "enabled": True,
            "since": None,
            "until": None,
        },
        "items": [],
        "tokens": [],
    }


def test_accounts_are_listed_in_columns_and_in_the_order_they_were_made(keystead):
    keystead.done("user", "add", "zacharias")
    keystead.done("user", "add", "ann", "--scopes", "ConfigureThings,AccessAllThings")
    keystead.done("user", "add", "bob", "--scopes", "")

    assert keystead.done("user", "list").out == (
        "zacharias  Admin\n"
        "ann        ControlThings,ConfigureThings,AccessAllThings\n"
        "bob        None\n"
    )


@pytest.mark.clause("ETSI EN 303 645 5.1-1", "OWASP ASVS 5.0 6.3.2")
def test_an_empty_directory_lists_nothing(keystead):
    assert keystead.done("user", "list").out == ""
    assert keystead.done("user", "list", "--json").json == []


def test_an_account_is_shown_to_people(keystead):
    keystead.done("user", "add", "ann", "--display-name", "Ann", "--thing", THING)

    assert keystead.done("user", "show", "ANN").out == (
        "name:          ann\n"
        "display name:  Ann\n"
        "e-mail:        \n"
        "scopes:        Admin\n"
        "state:         enabled\n"
        "password:      yes\n"
        f"thing:         {THING}\n"
    )


def test_no_name_or_text_writes_to_the_terminal_what_it_likes(keystead):
    nasty = "\x1b]0;owned\x07\nscopes:        None\x9b31m"
    keystead.done("user", "add", "ann", "--display-name", nasty, "--email", nasty)

    shown = keystead.done("user", "show", "ann").out

    assert "".join(shown.split("\n")).isprintable()
    assert len(shown.splitlines()) == 6
    assert keystead.done("user", "show", "ann", "--json").json["user"]["email"] == nasty


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE2")
def test_an_account_is_put_into_groups_and_taken_out(box):
    box.done("group", "write", "plumbers")
    box.done("group", "write", "guests")

    box.done("user", "groups", "ANN", "plumbers", "guests")
    assert box.done("user", "show", "ann", "--json").json["user"]["groups"] == [
        "plumbers",
        "guests",
    ]
    assert box.done("user", "list").out == "ann  Admin  groups: plumbers,guests\n"
    assert "group:         guests\n" in box.done("user", "show", "ann").out
    assert box("user", "groups", "ann", "nobody").complaint == Reason.NO_SUCH_GROUP.value

    box.done("user", "groups", "ann")
    assert box.done("user", "list").out == "ann  Admin\n"


def test_the_rules_of_an_account_are_shown_and_that_it_has_no_password(box):
    with sqlite3.connect(box.data / "keystead.sqlite") as db:
        db.execute("update user set password_hash = null")
        rules = b'[["Objects.Plant", true, false]]'
        db.execute("insert into user_items select id, ? from user", (rules,))
    db.close()

    assert box.done("user", "list").out == "ann  Admin  no password\n"
    shown = box.done("user", "show", "ann").out
    assert "password:      no\n" in shown
    assert "item:          read Objects.Plant and what is below\n" in shown


def test_an_account_is_removed(box):
    box.done("user", "add", "bob")

    box.done("user", "remove", "BOB")

    assert box.names() == ["ann"]


def test_the_password_comes_from_standard_input_and_is_hashed(keystead):
    keystead.done("user", "add", "ann", password="Plain7Sailing  ")
    first = stored_hash(keystead)
    keystead.done("user", "passwd", "ann", password="Another7Sail")

    assert first.startswith("$argon2id$")
    assert stored_hash(keystead).startswith("$argon2id$")
    assert stored_hash(keystead) != first


def stored_hash(keystead):
    with sqlite3.connect(keystead.data / "keystead.sqlite") as db:
        rows = [row for row in db.execute("select * from user") for row in row]
    db.close()
    (found,) = [cell for cell in rows if isinstance(cell, str) and cell.startswith("$")]
    return found


@pytest.mark.parametrize(
    "line", [b"Plain7Sailing\r\n", b"Plain7Sailing", b"Plain7Sailing\nx\n"]
)
def test_the_password_is_the_first_line_whatever_ends_it(keystead, line):
    keystead.done("user", "add", "ann", password=line)


def test_scopes_and_things_are_replaced(box):
    box.done("user", "add", "bob")

    box.done("user", "scopes", "bob", "ControlThings", "--thing", THING)
    box.done("user", "scopes", "bob", "AccessAllThings")

    shown = box.done("user", "show", "bob", "--json").json["user"]
    assert (shown["scopes"], shown["things"]) == (["AccessAllThings"], [THING])


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_has_a_name_that_is_taken_and_shown(box, scope):
    box.done("user", "scopes", "ann", f"{scope},AccessAllThings,UserEdit")

    shown = box.done("user", "show", "ann", "--json").json["user"]["scopes"]
    assert scope in shown or scope == "None"
    box.done("user", "scopes", "ann", ",".join(shown))
    assert box.done("user", "show", "ann", "--json").json["user"]["scopes"] == shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "ab"), "This is not a valid name."),
        (("user", "add", ""), "This is not a valid name."),
        (
            ("user", "add", "ANN"),
            "This name, or one that looks the same, is taken.",
        ),
        (
            ("user", "add", "bob", "--scopes", "ConfigureThings"),
            "These scopes do not go together.",
        ),
        (
            ("user", "add", "bob", "--email", "x" * 1025),
            Reason.TEXT_INVALID.value,
        ),
        (("user", "show", "bob"), "There is no such account."),
        (("user", "remove", "bob"), "There is no such account."),
        (("user", "remove", "ann"), "This is the last account that can change users."),
        (("user", "passwd", "bob"), "There is no such account."),
        (("user", "scopes", "bob", "Admin"), "There is no such account."),
        (("user", "scopes", "ann", "None"), "This is the last account that can change users."),
    ],
)
def test_what_is_against_the_rules_is_refused_with_exit_code_1(box, arguments, said):
    outcome = box(*arguments)

    assert (outcome.code, outcome.complaint) == (1, said)
    assert box.names() == ["ann"]


@pytest.mark.parametrize("password", ["", "short", "nouppercase1", "Password1", "\x00" * 20])
@pytest.mark.parametrize("command", ["add", "passwd"])
def test_a_weak_password_is_refused_and_not_repeated(box, command, password):
    outcome = box("user", command, "ann", password=password)

    assert (outcome.code, outcome.complaint) == (1, "The password does not meet the rules.")


@pytest.mark.clause("IEC 62443-4-2 CR 1.7")
def test_the_rules_for_passwords_follow_the_settings(keystead, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_PASSWORD_PROFILE", "nist")

    assert keystead("user", "add", "ann", password=PASSWORD).code == 1
    keystead.done("user", "add", "ann", password="sailing without capitals")


def test_the_first_use_makes_the_folder_what_a_server_needs(keystead):
    keystead.done("user", "list")

    assert UUID((keystead.data / "identity").read_text().strip()).version == 4
    assert not (keystead.data / "control.sock").exists()
