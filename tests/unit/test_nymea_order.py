"""The order of nymea's steps, their texts, and what closes the connection; nymea 2.3, 2.4."""

import pytest

from keystead.domain.model import Scope
from tests.doubles import PASSWORD
from tests.nymea_box import Box

HANDSHAKE = "Changing the user (token) requires a new handshake. Call JSONRPC.Hello."
FORBIDDEN = "Forbidden: Invalid token."
SET_UP = "Initial setup required. Call JSONRPC.CreateUser first."


@pytest.fixture
def box():
    """A box that is set up."""
    box = Box()
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def admin(box):
    return box.greet(box.token("olga"))


@pytest.fixture
def guest(box):
    return box.greet()


def error(number, text):
    return {"error": text, "id": number, "status": "error"}


def unauthorized(number, text):
    return {"error": text, "id": number, "status": "unauthorized"}


# --- step 1 and 2: no JSON, no id -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"id":1,}', "illegal value"),
        (b"nonsense}", "illegal value"),
        (b'{"id":1,"method":"\xff"}', "invalid UTF8 string"),
        (b'{"id":1,"a":[}\n{', "illegal value"),
    ],
)
def test_what_is_no_json_is_complained_about_and_the_connection_stays(guest, text, reason):
    assert guest.send(text)[0] == error(-1, f"Failed to parse JSON data: {reason}")
    assert not guest.is_closed


def test_after_a_malformed_message_the_next_one_is_answered(admin):
    replies = admin.send(b'{"id":1,}\n' + admin.request("JSONRPC.Version"))
    assert [reply["status"] for reply in replies] == ["error", "success"]


@pytest.mark.parametrize("text", [b"[]", b"{}", b'{"id":null,"method":"A.b"}', b'{"id":"x"}'])
def test_what_has_no_id_is_complained_about_and_the_connection_stays(guest, text):
    assert guest.send(text) == [error(0, "Error parsing command. Missing 'id'")]
    assert not guest.is_closed


@pytest.mark.parametrize(("written", "number"), [(b'"7"', 7), (b"6.7", 7), (b"true", 1)])
def test_an_odd_id_comes_back_as_the_number_it_was_taken_for(guest, written, number):
    (reply,) = guest.send(b'{"id":' + written + b',"method":"JSONRPC.Hello"}')
    assert (reply["id"], reply["status"]) == (number, "success")


# --- step 3: the method ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["", "Hello", "JSONRPC.Hello.Again", "..", "JSONRPC/Hello"])
def test_a_method_is_a_namespace_and_a_name(guest, method):
    text = f"Error parsing method. Got: '{method}'', Expected: 'Namespace.method'"
    assert guest.ask(method, token="a wrong one") == error(2, text)
    assert not guest.is_closed


def test_an_absent_method_is_an_empty_one(guest):
    (reply,) = guest.send(b'{"id":5}')
    assert reply["error"].startswith("Error parsing method. Got: ''',")


# --- step 4: another token ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["JSONRPC.Version", "No.such", "Users.CreateUser"])
def test_another_token_than_the_bound_one_ends_the_connection(admin, method):
    assert admin.ask(method, token="another") == unauthorized(2, HANDSHAKE)
    assert admin.is_closed


def test_no_token_is_another_one_too(admin):
    assert admin.ask("JSONRPC.Version", token="") == unauthorized(2, HANDSHAKE)
    assert admin.is_closed


def test_an_absent_a_null_and_an_empty_token_are_the_same(guest):
    for token in (b"", b',"token":null', b',"token":""', b',"token":[]'):
        (reply,) = guest.send(b'{"id":5,"method":"JSONRPC.Hello"' + token + b"}")
        assert "authenticated" not in reply["params"]


def test_the_reply_before_a_close_is_the_last_one(admin):
    stream = admin.request("JSONRPC.Version", token="x") + admin.request("JSONRPC.Version")
    assert admin.send(stream) == [unauthorized(2, HANDSHAKE)]


@pytest.mark.parametrize("token", ["", "stale", "bound"])
def test_authenticate_is_accepted_with_no_token_the_bound_one_and_a_stale_one(admin, token):
    params = {"username": "olga", "password": PASSWORD, "deviceName": ""}
    offered = admin.token if token == "bound" else token
    reply = admin.ask("JSONRPC.Authenticate", params, token=offered)
    assert reply["params"]["success"] is True


def test_a_hello_with_another_token_binds_the_connection_to_it(box, admin):
    box.add("ann")
    other = box.token("ann")
    assert admin.hello(other)["username"] == "ann"
    assert admin.get("Users.GetUserInfo")["userInfo"]["username"] == "ann"


def test_a_hello_without_a_token_unbinds_the_connection(admin):
    bound = admin.token
    admin.hello()
    assert admin.ask("JSONRPC.Version", token=bound) == unauthorized(3, HANDSHAKE)


def test_a_hello_with_a_bad_token_binds_none(admin):
    reply = admin.hello("stale")
    assert reply["authenticated"] is False
    assert reply["username"] == ""
    assert reply["permissionScopes"] == ["PermissionScopeNone"]
    assert admin.ask("JSONRPC.Version", token="") == unauthorized(3, FORBIDDEN)


def test_a_bad_token_of_a_hello_is_refused_afterwards(guest):
    guest.hello("stale")
    reply = guest.ask("JSONRPC.Version", token="stale")
    assert reply["status"] == "unauthorized"
    assert guest.is_closed


# --- step 5a: initial set-up ----------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "JSONRPC.Version",
        "JSONRPC.Authenticate",
        "JSONRPC.KeepAlive",
        "Users.GetUsers",
        "No.such",
    ],
)
def test_before_the_set_up_most_methods_ask_for_it_and_end_the_connection(method):
    line = Box().greet()
    assert line.ask(method) == unauthorized(2, SET_UP)
    assert line.is_closed


def test_a_box_is_set_up_on_one_connection():
    line = Box().greet()
    new = {"username": "Olga", "password": PASSWORD}
    assert line.get("JSONRPC.CreateUser", **new) == {"error": "UserErrorNoError"}
    line.sign_in("olga")
    (user,) = line.get("Users.GetUsers")["users"]
    assert (user["username"], user["scopes"][-1]) == ("olga", "PermissionScopeAdmin")


def test_a_token_during_the_set_up_does_not_hinder_it():
    line = Box().greet("a token of the old box")
    reply = line.ask(
        "JSONRPC.CreateUser", {"username": "olga", "password": PASSWORD}, token="x"
    )
    assert reply["params"] == {"error": "UserErrorNoError"}


def test_a_first_account_with_a_bad_name_or_password_leaves_the_set_up_open():
    line = Box().greet()
    bad = line.get("JSONRPC.CreateUser", username="ab", password=PASSWORD)
    weak = line.get("JSONRPC.CreateUser", username="olga", password="weak")
    assert (bad["error"], weak["error"]) == ("UserErrorInvalidUserId", "UserErrorBadPassword")
    assert line.hello()["initialSetupRequired"] is True


def test_whoever_comes_second_in_a_race_for_the_set_up_is_refused():
    box = Box()
    first, second = box.greet(), box.greet()
    first.start("JSONRPC.CreateUser", {"username": "ann", "password": PASSWORD})
    second.get("JSONRPC.CreateUser", username="bob", password=PASSWORD)
    (reply,) = first.end()
    assert reply["params"] == {"error": "UserErrorPermissionDenied"}


def test_removing_every_account_does_not_bring_the_set_up_back(box, admin):
    box.add("tani", Scope.USER_EDIT)
    admin.get("Users.RemoveUser", username="olga")
    assert box.greet().hello()["initialSetupRequired"] is False


# --- step 5b and 5c: no right to ------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("JSONRPC.Version", {}),
        ("JSONRPC.KeepAlive", {"wrong": 1}),
        ("JSONRPC.CreateUser", {"username": "ann", "password": PASSWORD}),
        ("Users.GetUsers", {}),
        ("No.such", {}),
    ],
)
def test_without_a_token_most_methods_end_the_connection(guest, method, params):
    assert guest.ask(method, params) == unauthorized(2, FORBIDDEN)
    assert guest.is_closed


@pytest.mark.parametrize("method", ["Users.GetUsers", "Users.NoSuch", "No.such"])
def test_without_the_scope_a_method_is_denied_and_the_connection_stays(box, method):
    line = box.user_line("ann", Scope.ADMIN & ~Scope.USER_EDIT)
    assert line.ask(method, {"wrong": 1}) == error(2, "Permission denied.")
    assert not line.is_closed


# --- step 6 to 8: no such thing, wrong parameters -------------------------------------------


@pytest.mark.parametrize("method", ["No.such", "users.GetUsers", ".GetUsers", "."])
def test_an_unknown_namespace_is_told(admin, method):
    assert admin.ask(method, {"wrong": 1}) == error(2, "No such namespace")
    assert not admin.is_closed


@pytest.mark.parametrize("method", ["Users.NoSuch", "Users.getUsers", "JSONRPC."])
def test_an_unknown_method_is_told(admin, method):
    assert admin.ask(method, {"wrong": 1}) == error(2, "No such method")
    assert not admin.is_closed


def test_wrong_parameters_are_told(admin):
    text = "Invalid params: Missing required key: username in Users.CreateUser, param username"
    assert admin.ask("Users.CreateUser", {"password": "x"}) == error(2, text)
    assert not admin.is_closed


@pytest.mark.parametrize("params", [None, [], "text", 5, False])
def test_params_that_are_no_object_count_as_empty(admin, params):
    assert admin.ask("Users.GetUserInfo", params)["status"] == "success"


def test_params_that_turn_out_to_be_no_json_make_the_whole_request_so(admin):
    request = admin.request("JSONRPC.KeepAlive", {"sessionId": 5}).replace(b"5}", b"1e999}")
    assert admin.send(request) == [error(-1, "Failed to parse JSON data: illegal value")]
    assert not admin.is_closed


def test_unknown_keys_beside_the_params_are_ignored(admin):
    assert admin.ask("JSONRPC.Version", jsonrpc="2.0", more=[1])["status"] == "success"
