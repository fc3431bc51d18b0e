"""A server that is bound to a one-time code: nobody makes the first account without it."""

import re
import sqlite3
import time

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.client import PATIENCE
from tests.acceptance.server import PLAIN
from tests.acceptance.tani_client import ALL_RIGHTS, FORBIDDEN

ANN = {"username": "ann", "password": PASSWORD}
WRONG = "0000-0000-0000-0000"
OK = {"error": "AccessErrorNoError"}
CODE_WRONG = {"error": "AccessErrorSetupCodeWrong"}
FLAGS = ("--setup-code",)
CANNOT = 2  # the exit code of what cannot be done
PRINTED = re.compile(r"^Set-up code for the first account: (.*)$", re.MULTILINE)


@pytest.fixture
def server(start):
    return start(flags=FLAGS)


@pytest.fixture
def greet(server, connect):
    """Open a connection from an address of its own, and shake hands."""

    def greet(scheme="nymea", source=None):
        client = connect(server, scheme, source=source)
        client.hello()
        return client

    return greet


def codes(server, count=1):
    """Give the codes that were printed, once there are *count* of them."""
    deadline = time.monotonic() + PATIENCE
    while len(found := PRINTED.findall(server.printed.read_text("utf-8"))) < count:
        assert time.monotonic() < deadline, "no code is printed"
        time.sleep(0.01)
    return found


def sentences(server):
    return server.printed.read_text("utf-8")


def set_up(client, code, **more):
    return client.get("Access.CreateFirstUser", **ANN, setupCode=code, **more)


def guess_until_throttled(client):
    for _ in range(20):
        reply = client.ask("Access.CreateFirstUser", **ANN, setupCode=WRONG)
        if reply["params"] == {"error": "AccessErrorThrottled"}:
            return reply["retryAfter"]
        assert reply["params"] == CODE_WRONG
    pytest.fail("whoever guesses is never slowed down")


def is_set_up(client):
    return client.hello()["initialSetupRequired"] is False


# --- with the code --------------------------------------------------------------------------


@pytest.mark.clause("EN 18031-1 AUM-5-2")
@pytest.mark.parametrize("scheme", PLAIN)
def test_the_printed_code_makes_the_first_account(server, greet, scheme):
    (code,) = codes(server)
    client = greet(scheme)
    told = client.get("Access.GetSetup")
    assert (told["setupRequired"], told["codeRequired"]) == (True, True)
    assert set_up(client, WRONG) == CODE_WRONG
    assert set_up(client, code.replace("-", " ").lower()) == OK
    client.sign_in("ann", PASSWORD)
    assert client.get("Access.GetSetup")["codeRequired"] is False


def test_the_code_is_shown_as_a_link_and_a_drawing_to_scan(server):
    (code,) = codes(server)
    assert f"{server.urls['http']}/#setup={code}\n" in sentences(server)
    assert "▄" in sentences(server)


def test_an_encrypted_server_tells_the_fingerprint_that_it_has_printed(start, connect):
    server = start(schemes=("nymeas",), flags=FLAGS)
    client = connect(server, "nymeas")
    client.hello()
    shown = client.get("Access.GetSetup")["certificateFingerprint"]
    assert f"Certificate SHA-256 fingerprint: {shown}\n" in sentences(server)


@pytest.mark.clause("OWASP ASVS 5.0 6.5.1")
def test_a_code_lets_in_once(server, greet):
    (code,) = codes(server)
    assert set_up(greet(), code) == OK
    late = greet()
    reply = late.ask("Access.CreateFirstUser", **ANN, setupCode=code)
    assert reply["status"] == "unauthorized"


# --- without the code -----------------------------------------------------------------------


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_clients_without_a_place_for_the_code_are_denied(server, greet, open_tani):
    codes(server)
    client = greet()
    denied = client.get("JSONRPC.CreateUser", **ANN)
    assert denied == {"error": "UserErrorPermissionDenied"}
    tani = open_tani(server)
    first = {"Username": "ann", "Password": PASSWORD, **ALL_RIGHTS}
    assert tani.status("Users/Write", **first) == FORBIDDEN
    assert not is_set_up(client)


@pytest.mark.clause("OWASP ASVS 5.0 6.6.3")
def test_whoever_guesses_has_to_wait_and_the_owner_does_not(server, greet):
    (code,) = codes(server)
    stranger = greet(source="127.0.0.66")
    assert guess_until_throttled(stranger) == 1
    told = stranger.ask("Access.CreateFirstUser", **ANN, setupCode=code)
    assert told["params"] == {"error": "AccessErrorThrottled"}
    assert set_up(greet(source="127.0.0.2"), code) == OK


def test_a_push_of_the_button_needs_no_code(server, greet):
    codes(server)
    phone = greet()
    phone.get("JSONRPC.RequestPushButtonAuth", deviceName="phone")
    assert server.run("pairing", "press").returncode == 0
    assert phone.notification()["params"]["success"] is True
    assert is_set_up(greet())


def test_the_owner_at_the_command_line_needs_no_code(server, greet):
    codes(server)
    assert server.run("user", "add", "ann", password=PASSWORD).returncode == 0
    assert is_set_up(greet())


# --- where it is, and how long --------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
def test_the_code_is_printed_and_nowhere_else(server, greet):
    (code,) = codes(server)
    client = greet()
    set_up(client, WRONG)
    set_up(client, code)
    server.stop()
    bare = code.replace("-", "")
    kept = [path for path in server.data.rglob("*") if path.is_file()]
    assert kept
    for path in (*kept, server.log):
        content = path.read_bytes()
        assert code.encode() not in content, path
        assert bare.encode() not in content, path


@pytest.mark.clause("OWASP ASVS 5.0 6.4.1")
def test_another_start_prints_another_code_and_the_first_is_worth_nothing(server, greet):
    codes(server)
    server.stop()
    server.start()
    first, second = codes(server, 2)
    assert first != second
    assert set_up(greet(), first) == CODE_WRONG
    assert set_up(greet(), second) == OK


def test_a_server_that_is_set_up_prints_no_code(server, greet):
    set_up(greet(), codes(server)[0])
    server.stop()
    server.start()
    assert is_set_up(greet())
    assert len(codes(server)) == 1


def harmed(server, statement):
    """Stop the server and change its database behind its back."""
    server.stop()
    with sqlite3.connect(server.data / "keystead.sqlite") as database:
        database.execute(statement)
    database.close()
    return server


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_a_directory_whose_accounts_were_all_taken_out_opens_to_nobody(server, greet):
    (code,) = codes(server)
    set_up(greet(), code)
    harmed(server, "delete from user").start()
    client = greet()
    assert is_set_up(client)
    assert client.ask("Access.CreateFirstUser", **ANN, setupCode=code)["status"] != "success"
    assert len(codes(server)) == 1


@pytest.mark.clause("EN 18031-1 AUM-5-2")
@pytest.mark.parametrize(
    "harm",
    [
        "delete from meta where key = 'ever_had_account'",
        "update meta set value = null where key = 'ever_had_account'",
    ],
)
def test_a_directory_that_cannot_tell_whether_it_was_set_up_is_not_served(server, harm):
    codes(server)
    harmed(server, harm).launch()
    assert server.ended() == CANNOT
    assert len(codes(server)) == 1


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_a_database_that_is_gone_is_not_taken_for_a_new_one(server, greet):
    set_up(greet(), codes(server)[0])
    server.stop()
    (server.data / "keystead.sqlite").unlink()
    server.launch()
    assert server.ended() == CANNOT
    assert len(codes(server)) == 1
