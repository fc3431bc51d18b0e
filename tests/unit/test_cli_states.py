"""Switching accounts on and off on the command line."""

import pytest

from tests.command_line import PASSWORD, CommandLine, Nymea, serving


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on a data folder with the administrator Ann, and Bob."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "add", "ann")
    program.done("user", "add", "bob", "--scopes", "ControlThings")
    return program


def state(keystead):
    (line,) = [
        line
        for line in keystead.done("user", "show", "bob").out.splitlines()
        if line.startswith("state:")
    ]
    return line.removeprefix("state:").strip()


def test_an_account_is_switched_off_and_on(keystead):
    keystead.done("user", "disable", "bob")
    assert state(keystead) == "disabled"
    assert keystead.done("user", "list").out == "ann  Admin\nbob  ControlThings  disabled\n"

    keystead.done("user", "enable", "bob")
    assert state(keystead) == "enabled"
    assert keystead.done("user", "list").out == "ann  Admin\nbob  ControlThings\n"


def test_an_account_is_switched_on_for_a_time(keystead):
    span = ("--since", "2026-05-17T12:00+02:00", "--until", "2026-05-18T10:00:00Z")

    keystead.done("user", "enable", "bob", *span)

    said = "enabled since 2026-05-17 10:00:00Z until 2026-05-18 10:00:00Z"
    assert state(keystead) == said
    assert said in keystead.done("user", "list").out
    shown = keystead.done("user", "show", "bob", "--json").json["user"]
    assert (shown["since"], shown["until"]) == ("2026-05-17T10:00:00Z", "2026-05-18T10:00:00Z")


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "soon",
        "2026-05-17",
        "2026-05-17T12:00",
        "0001-01-01T00:00+14:00",
        "2026-13-01T00:00Z",
    ],
)
def test_a_time_without_a_zone_is_none(keystead, moment):
    outcome = keystead("user", "enable", "bob", "--until", moment)

    assert outcome.code == 2
    assert "is no time with a zone" in outcome.complaint
    assert state(keystead) == "enabled"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("disable", "ann"), "This is the last account that can change users."),
        (("disable", "nobody"), "There is no such account."),
        (
            ("enable", "bob", "--since", "2030-01-01T00:00Z", "--until", "2029-01-01T00:00Z"),
            "An account can only begin to be valid before it ends to be.",
        ),
    ],
)
def test_what_is_against_the_rules_is_refused(keystead, arguments, said):
    outcome = keystead("user", *arguments)

    assert (outcome.code, outcome.complaint) == (1, said)


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
def test_a_running_server_signs_out_whoever_is_switched_off(keystead):
    with serving(keystead.data) as server:
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello")
            who = {"username": "bob", "password": PASSWORD, "deviceName": "phone"}
            token = client.ask("JSONRPC.Authenticate", **who)["token"]
            keystead.done("user", "disable", "bob")
            assert client.is_closed()
        keystead.done("user", "enable", "bob")
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello", token)
            info = client.ask("Users.GetUserInfo", token)["userInfo"]
    assert info["username"] == "bob"
