"""Seeing and clearing locks on the command line, with a server running and without."""

import apsw
import pytest

from keystead import app
from keystead.store.sqlite_rows import microseconds
from tests.command_line import PASSWORD, CommandLine, Nymea, serving

HERE = "127.0.0.1"
HOME = "2001:db8::/64"


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on a data folder with the administrator Ann, who has to wait."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "add", "ann")
    just_now = microseconds(app.now())
    failed = [
        ("ann", HERE, 20, just_now, 0),
        ("ann", HOME, 20, just_now, 0),
        ("ann", "", 120, just_now, 0),
        ("no\x1b[2Jbody", HERE, 20, just_now, 0),
        ("", HOME, 50, just_now, 0),
    ]
    db = apsw.Connection(str(program.data / "keystead.sqlite"))
    db.executemany("insert into attempt values (?, ?, ?, ?, ?)", failed)
    db.close()
    return program


def pairs(keystead):
    locks = keystead.done("lock", "list", "--json").json
    return {(lock["account"], lock["source"]) for lock in locks}


def unlocks(keystead):
    """Give what the audit trail tells of cleared locks."""
    lines = keystead.done("audit", "tail", "-n", "999").out.splitlines()
    return [line.partition("sign-in.unlock  ")[2] for line in lines if "unlock" in line]


def sign_in(server):
    with Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")
        who = {"username": "ann", "password": PASSWORD, "deviceName": "phone"}
        assert client.ask("JSONRPC.Authenticate", **who)["success"]


def test_who_has_to_wait_is_listed_for_people(keystead):
    lines = keystead.done("lock", "list").out.splitlines()

    shown = sorted(line.partition("  until ")[0] for line in lines)
    assert shown == [
        "(all accounts)  2001:db8::/64            50 failures ",
        "ann             (all strangers, slowly)  120 failures",
        "ann             127.0.0.1                20 failures ",
        "ann             2001:db8::/64            20 failures ",
        r"no\x1b[2Jbody   127.0.0.1                20 failures ",
    ]


def test_a_lock_that_is_cleared_without_a_server_stays_cleared(keystead):
    assert keystead.done("lock", "clear", "ANN").out == "Cleared 2.\n"

    assert pairs(keystead) == {("no\x1b[2Jbody", HERE), ("", HOME)}
    assert unlocks(keystead) == ["ann  by owner from local (control)"]
    assert keystead.done("lock", "clear", "ann").out == "Cleared 0.\n"


@pytest.mark.parametrize("source", ["2001:db8::7", "2001:db8::/64"])
def test_a_source_may_be_named_by_any_of_its_addresses(keystead, source):
    before = pairs(keystead)

    keystead.done("lock", "clear", "--source", source)
    assert pairs(keystead) == before - {("", HOME)}

    keystead.done("lock", "clear", "ann", "--source", source)
    assert pairs(keystead) == before - {("", HOME), ("ann", HOME)}


@pytest.mark.parametrize(
    "arguments", [(), ("",), ("--source", "here"), ("ann", "--source", "192.0.2.0/24")]
)
def test_whom_to_let_in_must_be_said(keystead, arguments):
    before = pairs(keystead)

    assert keystead("lock", "clear", *arguments).code == 2
    assert pairs(keystead) == before


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_running_server_lets_in_at_once_who_had_to_wait(keystead):
    with serving(keystead.data) as server:
        with pytest.raises(AssertionError, match=r"retryAfter"):
            sign_in(server)
        keystead.done("lock", "clear", "ann", "--source", HERE)
        sign_in(server)
        assert ("ann", HERE) not in pairs(keystead)
        server.stop()

    assert ("ann", HERE) not in pairs(keystead)
    assert unlocks(keystead) == ["ann  by owner from local (control)  source: 127.0.0.1"]
