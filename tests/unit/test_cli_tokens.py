"""The commands about tokens, with a server running and without."""

from uuid import uuid4

import pytest

from keystead.domain.refusal import Reason
from tests.command_line import CommandLine, Nymea, program, serving

THING = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on a data folder with the administrator Ann."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "add", "ann")
    return program


def made(keystead, *arguments):
    """Make a token; give its secret."""
    outcome = keystead("token", "add", "ann", *arguments)
    assert outcome.code == 0, outcome
    (secret,) = outcome.out.splitlines()
    return secret


def tokens(keystead):
    return keystead.done("token", "list", "ann", "--json").json


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_the_secret_alone_goes_where_it_can_be_piped(keystead):
    outcome = keystead("token", "add", "ann", "panel")

    (token,) = tokens(keystead)
    assert outcome.out.startswith("kst_")
    assert outcome.out.count("\n") == 1
    assert outcome.err == f"Token {token['id']} for panel. Its secret is shown this once:\n"
    assert outcome.out.strip() not in keystead.done("user", "show", "ann", "--json").out
    assert outcome.out.strip() not in keystead.done("audit", "tail").out


def test_a_token_without_limits_lasts_for_ever(keystead):
    made(keystead, "panel")

    (token,) = tokens(keystead)
    assert token == {
        "id": token["id"],
        "device_name": "panel",
        "kind": "device",
        "created": token["created"],
        "expires": None,
        "last_used": None,
        "last_source": "",
        "scopes": None,
        "things": None,
        "items": None,
    }


def test_a_token_has_the_limits_it_was_given(keystead):
    made(
        keystead,
        *("panel", "--expires", "2999-01-01T01:00+01:00", "--scopes", "ControlThings,Diag"),
        *("--thing", THING, "--item", "Objects.Plant", "--item-prefix", "Objects.Boiler"),
        *("--write", "--item-prefix", ""),
    )

    (token,) = tokens(keystead)
    assert token["expires"] == "2999-01-01T00:00:00Z"
    assert token["scopes"] == ["ControlThings", "Diag"]
    assert token["things"] == [THING]
    assert token["items"] == [
        {"name": "Objects.Plant", "prefix": False, "write": False},
        {"name": "Objects.Boiler", "prefix": True, "write": True},
        {"name": "", "prefix": True, "write": False},
    ]
    shown = keystead.done("token", "list", "ann").out
    assert shown.endswith(
        f"  panel  expires 2999-01-01 00:00:00Z  only ControlThings,Diag  only things {THING}"
        "  only items read Objects.Plant, read and write Objects.Boiler and what is below,"
        " read everything\n"
    )
    assert shown in keystead.done("user", "show", "ann").out


def test_a_token_expires_as_the_settings_say_unless_told_otherwise(keystead, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_TOKEN_DAYS", "1")
    made(keystead, "short")
    made(keystead, "long", "--expires", "2999-01-01T00:00Z")

    short, long = tokens(keystead)
    assert short["created"] < short["expires"] < long["expires"] == "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "nobody", "panel"), Reason.NO_SUCH_USER),
        (("add", "ann", "x" * 1025), Reason.TEXT_INVALID),
        (("add", "ann", "panel", "--expires", "2001-01-01T00:00Z"), Reason.EXPIRY_INVALID),
        (("add", "ann", "panel", "--item", "a" * 2000), Reason.LIMITS_INVALID),
        (("list", "nobody"), Reason.NO_SUCH_USER),
        (("rotate", uuid4()), Reason.NO_SUCH_TOKEN),
        (("remove", uuid4()), Reason.NO_SUCH_TOKEN),
    ],
)
def test_what_is_against_the_rules_is_refused(keystead, arguments, said):
    outcome = keystead("token", *arguments)

    assert (outcome.code, outcome.complaint) == (1, said.value)
    assert tokens(keystead) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "ann"),
        ("add", "ann", "panel", "--write"),
        ("add", "ann", "panel", "--write", "--item", "Objects"),
        ("add", "ann", "panel", "--expires", "2999-01-01"),
        ("add", "ann", "panel", "--scopes", "admin"),
        ("rotate", "panel"),
        ("remove",),
    ],
)
def test_a_misspelt_command_changes_nothing(keystead, arguments):
    assert keystead("token", *arguments).code == 2
    assert tokens(keystead) == []


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_running_server_knows_at_once_which_tokens_there_are(keystead):
    with serving(keystead.data) as server:
        secret = made(keystead, "panel")
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello", secret)
            assert client.ask("Users.GetUserInfo", secret)["userInfo"]["username"] == "ann"
            (token,) = tokens(keystead)
            rotated = keystead("token", "rotate", token["id"])
            assert client.is_closed()
        assert rotated.err == (
            f"Token {token['id']} with another secret. Its secret is shown this once:\n"
        )
        other = rotated.out.strip()
        assert other != secret
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello", other)
            assert client.ask("Users.GetUserInfo", other)["userInfo"]["username"] == "ann"
            keystead.done("token", "remove", token["id"])
            assert client.is_closed()
    assert tokens(keystead) == []


def test_a_list_tells_when_and_from_where_a_token_was_used(keystead):
    secret = made(keystead, "panel")
    with serving(keystead.data) as server:
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello", secret)
            client.ask("Users.GetUserInfo", secret)
        server.stop()

    assert "  last used " in keystead.done("token", "list", "ann").out
    assert tokens(keystead)[0]["last_source"] == "127.0.0.1"


def test_a_secret_can_be_piped_from_a_shell(keystead):
    done = program("token", "add", "ann", "panel", "--data", keystead.data, capture_output=True)

    assert done.returncode == 0
    assert len(done.stdout.split()) == 1
