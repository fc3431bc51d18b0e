"""Hello with a token, Authenticate, and what a failed sign-in does; nymea 2.4, 2.6, 4.1."""

import pytest

from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea.session import SIGN_IN_PAUSE
from tests.doubles import PASSWORD
from tests.nymea_box import Box

ALL_SIX = [
    "PermissionScopeControlThings",
    "PermissionScopeConfigureThings",
    "PermissionScopeAccessAllThings",
    "PermissionScopeExecuteRules",
    "PermissionScopeConfigureRules",
    "PermissionScopeAdmin",
]
FAILED = {"success": False}


@pytest.fixture
def box():
    box = Box()
    box.add("Olga", Scope.ADMIN)
    return box


def try_to_sign_in(line, username="olga", password="Wrong-horse-1", device_name="", token=None):
    token = line.token if token is None else token
    params = {"username": username, "password": password, "deviceName": device_name}
    return line.ask("JSONRPC.Authenticate", params, token=token)


# --- Hello with a token ---------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 1.2")
def test_hello_with_a_good_token_tells_whose_it_is(box):
    reply = box.connect().hello(box.token("olga"))
    assert reply["authenticated"] is True
    assert reply["username"] == "olga"
    assert reply["permissionScopes"] == ALL_SIX


def test_hello_names_it_when_a_user_holds_no_scope(box):
    box.add("ann")
    reply = box.connect().hello(box.token("ann"))
    assert reply["permissionScopes"] == ["PermissionScopeNone"]


def test_hello_without_a_token_tells_nothing_of_users(box):
    reply = box.connect().hello()
    assert {"authenticated", "permissionScopes", "username"}.isdisjoint(reply)


@pytest.mark.parametrize("token", ["x", "12", "ä" * 50, "\0"])
def test_hello_with_a_bad_token_is_answered(box, token):
    line = box.connect()
    assert line.hello(token)["authenticated"] is False
    assert not line.is_closed


def test_hello_may_be_repeated(box):
    line = box.greet()
    assert line.hello(box.token("olga"))["authenticated"] is True


# --- Authenticate ---------------------------------------------------------------------------


def test_a_sign_in_gives_a_token_the_name_and_the_scopes(box):
    reply = try_to_sign_in(box.greet(), "OLGA", PASSWORD)["params"]
    token = reply.pop("token")
    assert reply == {"success": True, "username": "olga", "scopes": ALL_SIX}
    assert (token[:4], len(token)) == ("kst_", 53)


def test_a_sign_in_of_a_user_without_scopes_says_so(box):
    box.add("ann")
    reply = try_to_sign_in(box.greet(), "ann", PASSWORD)["params"]
    assert reply["scopes"] == ["PermissionScopeNone"]


def test_a_sign_in_binds_the_connection_to_the_new_token(box):
    line = box.greet()
    line.sign_in("olga")
    assert line.get("Users.GetUserInfo")["userInfo"]["username"] == "olga"


def test_a_sign_in_ends_what_was_bound_before(box):
    box.add("ann")
    line = box.greet(box.token("olga"))
    before = line.token
    line.sign_in("ann")
    assert line.ask("JSONRPC.Version", token=before)["status"] == "unauthorized"


@pytest.mark.clause("OWASP ASVS 5.0 7.2.2")
def test_every_sign_in_makes_a_token_of_its_own(box):
    first, second = box.greet().sign_in("olga"), box.greet().sign_in("olga")
    assert first != second
    assert [token.device_name for token in box.tokens("olga")] == ["a phone", "a phone"]


@pytest.mark.clause("ETSI EN 303 645 5.1-2A")
def test_a_token_of_a_sign_in_works_on_another_connection(box):
    token = box.greet().sign_in("olga")
    assert box.connect().hello(token)["authenticated"] is True


@pytest.mark.clause("IEC 62443-4-2 CR 1.10", "OWASP ASVS 5.0 6.3.8")
@pytest.mark.parametrize(
    ("username", "password", "device_name"),
    [
        ("olga", "Wrong-horse-1", ""),
        ("olga", "", ""),
        ("nobody", PASSWORD, ""),
        (PUSH_BUTTON_USER, "", ""),
        (PUSH_BUTTON_USER, PASSWORD, ""),
        ("olga", PASSWORD, "x" * 1025),
        ("olga", PASSWORD, "\0"),
    ],
)
def test_every_failed_sign_in_looks_the_same(box, username, password, device_name):
    box.add(PUSH_BUTTON_USER, Scope.ADMIN)
    line = box.greet()
    reply = try_to_sign_in(line, username, password, device_name)
    assert reply == {"id": 2, "params": FAILED, "status": "success"}
    assert not line.is_closed


def test_a_failed_sign_in_binds_no_token(box):
    line = box.greet(box.token("olga"))
    before = line.token
    try_to_sign_in(line)
    assert line.ask("JSONRPC.Version", token=before)["error"].startswith("Changing the user")


def test_after_a_failed_sign_in_another_without_a_token_may_succeed(box):
    line = box.greet(box.token("olga"))
    try_to_sign_in(line)
    assert try_to_sign_in(line, password=PASSWORD, token="")["params"]["success"] is True


# --- too many, too much ---------------------------------------------------------------------


def test_a_second_failure_in_short_time_is_answered_and_closes(box):
    line = box.greet()
    try_to_sign_in(line)
    line.wait(SIGN_IN_PAUSE - 0.1)
    assert try_to_sign_in(line)["params"] == FAILED
    assert line.is_closed


def test_a_second_failure_after_a_while_closes_nothing(box):
    line = box.greet()
    try_to_sign_in(line)
    line.wait(SIGN_IN_PAUSE)
    try_to_sign_in(line)
    assert not line.is_closed


def test_every_failure_begins_the_time_anew(box):
    line = box.greet()
    for _ in range(2):
        try_to_sign_in(line)
        line.wait(SIGN_IN_PAUSE)
    try_to_sign_in(line)
    line.wait(SIGN_IN_PAUSE - 0.1)
    try_to_sign_in(line)
    assert line.is_closed


def test_a_failure_of_one_connection_is_none_of_another(box):
    try_to_sign_in(box.greet())
    line = box.greet()
    try_to_sign_in(line)
    assert not line.is_closed


def test_a_stranger_who_fails_does_not_lock_the_owner_out(box):
    stranger = box.greet()
    for _ in range(2):
        try_to_sign_in(stranger)
    assert box.greet().sign_in("olga")


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.STORAGE_FAILED])
def test_a_sign_in_that_cannot_be_tried_says_so_and_counts_as_no_failure(box, reason):
    line = box.greet()
    box.store.fault = RefusedError(reason)
    for number in (2, 3):
        assert try_to_sign_in(line) == {"error": reason.value, "id": number, "status": "error"}
    assert not line.is_closed


def test_a_sign_in_while_too_much_is_hashed_says_so(box):
    line = box.greet()
    box.hasher.is_busy = True
    assert try_to_sign_in(line)["error"] == Reason.BUSY.value


# --- the small methods ----------------------------------------------------------------------


def test_keep_alive_gives_the_session_id_back(box):
    line = box.greet(box.token("olga"))
    assert line.get("JSONRPC.KeepAlive", sessionId="ä") == {"success": True, "sessionId": "ä"}


def test_keep_alive_takes_null_for_an_empty_session_id(box):
    line = box.greet(box.token("olga"))
    assert line.get("JSONRPC.KeepAlive", sessionId=None)["sessionId"] == ""


def test_version_tells_the_versions_and_has_no_qt(box):
    line = box.greet(box.token("olga"))
    assert line.get("JSONRPC.Version") == {
        "protocol version": "9.0",
        "qtBuildVersion": "",
        "qtVersion": "",
        "version": "1.2.3",
    }


def test_introspect_describes_every_method_and_notification(box):
    line = box.greet(box.token("olga"))
    described = line.get("JSONRPC.Introspect")
    assert sorted(described) == ["enums", "flags", "methods", "notifications", "types"]
    assert (len(described["methods"]), len(described["notifications"])) == (46, 10)
