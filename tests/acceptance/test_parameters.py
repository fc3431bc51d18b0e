"""What happens to params: what is missing, unknown, of another type, and what is converted."""

import pytest

from tests.acceptance.box import ADMIN, CONTROL, PASSWORD, Box, new_name
from tests.acceptance.client import Client

NULL_UUID = "00000000-0000-0000-0000-000000000000"
UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def admin(box: Box) -> Client:
    return box.admin()


def complaint(client: Client, method: str, params: object) -> str:
    """Give what the server finds wrong with *params*, after `Invalid params: `."""
    request = client.request(method, params)
    client.send(request)
    reply = client.reply()
    assert reply == {"error": reply.get("error"), "id": request["id"], "status": "error"}, reply
    start, found, rest = str(reply["error"]).partition("Invalid params: ")
    assert (start, found) == ("", "Invalid params: ")
    return rest


@pytest.mark.parametrize(
    ("method", "key"),
    [
        ("JSONRPC.Authenticate", "deviceName"),
        ("JSONRPC.CreateUser", "password"),
        ("JSONRPC.KeepAlive", "sessionId"),
        ("JSONRPC.RequestPushButtonAuth", "deviceName"),
        ("Users.ChangePassword", "newPassword"),
        ("Users.ChangeUserPassword", "newPassword"),
        ("Users.CreateUser", "password"),
        ("Users.GetUserTokens", "username"),
        ("Users.RemoveToken", "tokenId"),
        ("Users.RemoveUser", "username"),
        ("Users.SetUserScopes", "scopes"),
    ],
)
@pytest.mark.parametrize("params", [{}, None, [], "text"], ids=repr)
def test_the_first_missing_key_is_named(admin, method, key, params):
    expected = f"Missing required key: {key} in {method}, param {key}"
    assert complaint(admin, method, params) == expected


@pytest.mark.parametrize(
    ("method", "params", "key"),
    [
        ("JSONRPC.Authenticate", {"deviceName": "x"}, "password"),
        ("JSONRPC.Authenticate", {"deviceName": "x", "password": "y"}, "username"),
        ("Users.CreateUser", {"password": PASSWORD}, "username"),
        ("Users.SetUserScopes", {"scopes": []}, "username"),
    ],
)
def test_the_next_missing_key_is_named(admin, method, params, key):
    expected = f"Missing required key: {key} in {method}, param {key}"
    assert complaint(admin, method, params) == expected


def test_absent_params_count_as_empty(admin):
    admin.send({"id": 4, "method": "JSONRPC.KeepAlive", "token": admin.token})
    assert admin.reply()["error"] == (
        "Invalid params: Missing required key: sessionId in JSONRPC.KeepAlive, param sessionId"
    )
    admin.send({"id": 5, "method": "Users.GetUserInfo", "token": admin.token})
    assert admin.reply()["status"] == "success"


@pytest.mark.parametrize(
    "method",
    [
        "JSONRPC.Hello",
        "JSONRPC.Introspect",
        "JSONRPC.Version",
        "JSONRPC.SetNotificationStatus",
        "Users.GetTokens",
        "Users.GetUserInfo",
        "Users.GetUsers",
        "Users.SetUserInfo",
    ],
)
def test_an_unknown_key_is_named(admin, method):
    expected = f"Invalid key: foo in {method}, param "
    assert complaint(admin, method, {"foo": 1}) == expected


def test_the_first_unknown_key_in_order_is_named(admin):
    found = complaint(admin, "Users.GetUsers", {"b": 1, "a": 1, "B": 1})
    assert found == "Invalid key: B in Users.GetUsers, param "


def test_a_key_with_its_prefix_is_unknown(admin):
    found = complaint(admin, "Users.SetUserInfo", {"o:email": "x"})
    assert found == "Invalid key: o:email in Users.SetUserInfo, param "


def test_missing_keys_are_named_before_unknown_ones(admin):
    found = complaint(admin, "Users.RemoveUser", {"a": 1})
    assert found == "Missing required key: username in Users.RemoveUser, param username"


def test_given_keys_are_checked_in_order(admin):
    params = {"scopes": "x", "username": "u"}
    found = complaint(admin, "Users.SetUserScopes", params | {"a": 1})
    assert found == "Invalid key: a in Users.SetUserScopes, param "
    found = complaint(admin, "Users.SetUserScopes", params | {"z": 1})
    assert found == (
        "Expected flags PermissionScopes but got x in Users.SetUserScopes, param scopes."
    )


# Strings


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (None, ""),
        (5, "5"),
        (-17, "-17"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ("", ""),
        ("a\u0000b", "a\u0000b"),
    ],
)
def test_simple_values_are_taken_as_text(admin, given, taken):
    assert admin.get("JSONRPC.KeepAlive", sessionId=given) == {
        "sessionId": taken,
        "success": True,
    }


@pytest.mark.parametrize("given", [[], ["x"], {}, {"a": 1}])
def test_a_list_or_an_object_is_no_string(admin, given):
    found = complaint(admin, "JSONRPC.KeepAlive", {"sessionId": given})
    assert found == (
        "Invalid value. Expected: String, Got:  in JSONRPC.KeepAlive, param sessionId."
    )


def test_a_list_is_no_user_name(admin):
    found = complaint(admin, "Users.RemoveUser", {"username": ["olga"]})
    assert (
        found == "Invalid value. Expected: String, Got:  in Users.RemoveUser, param username."
    )


def test_null_for_an_optional_string_is_accepted(admin):
    name = new_name()
    answer = admin.get(
        "Users.CreateUser",
        username=name,
        password=PASSWORD,
        email=None,
        displayName=None,
    )
    assert answer == {"error": "UserErrorNoError"}


# Bools and lists of strings


@pytest.mark.parametrize("given", [True, "true", "TRUE", "yes", "1", 1])
def test_enabled_switches_all_namespaces_on(admin, given):
    answer = admin.get("JSONRPC.SetNotificationStatus", enabled=given)
    assert sorted(answer["namespaces"]) == ["Access", "JSONRPC", "Users"]
    assert answer["enabled"] is True
    assert set(answer) == {"enabled", "namespaces"}


@pytest.mark.parametrize("given", [False, "false", "FALSE", "0", "", 0, None])
def test_not_enabled_switches_all_namespaces_off(admin, given):
    admin.subscribe()
    answer = admin.get("JSONRPC.SetNotificationStatus", enabled=given)
    assert answer == {"enabled": False, "namespaces": []}


@pytest.mark.parametrize("given", [[], {}])
def test_a_list_or_an_object_is_no_bool(admin, given):
    found = complaint(admin, "JSONRPC.SetNotificationStatus", {"enabled": given})
    assert found == (
        "Invalid value. Expected: Bool, Got:  in JSONRPC.SetNotificationStatus, param enabled."
    )


def test_enabled_wins_over_namespaces(admin):
    answer = admin.get("JSONRPC.SetNotificationStatus", enabled=True, namespaces=["Users"])
    assert sorted(answer["namespaces"]) == ["Access", "JSONRPC", "Users"]
    answer = admin.get("JSONRPC.SetNotificationStatus", enabled=False, namespaces=["Users"])
    assert answer == {"enabled": False, "namespaces": []}


def test_unknown_namespaces_are_dropped(admin):
    answer = admin.get("JSONRPC.SetNotificationStatus", namespaces=["Users", "Things", "users"])
    assert answer == {"enabled": True, "namespaces": ["Users"]}
    answer = admin.get("JSONRPC.SetNotificationStatus", namespaces=["Things"])
    assert answer == {"enabled": False, "namespaces": []}


def test_neither_enabled_nor_namespaces_switches_all_off(admin):
    admin.subscribe()
    answer = admin.get("JSONRPC.SetNotificationStatus")
    assert answer == {"enabled": False, "namespaces": []}


def test_an_object_is_no_list_of_strings(admin):
    found = complaint(admin, "JSONRPC.SetNotificationStatus", {"namespaces": {}})
    assert found == (
        "Invalid value. Expected: StringList, Got: "
        " in JSONRPC.SetNotificationStatus, param namespaces."
    )


# Flags


@pytest.mark.parametrize(
    ("given", "text"),
    [(ADMIN, ADMIN), (5, "5"), (True, "true"), (None, ""), ({}, ""), ("", "")],
)
@pytest.mark.parametrize("method", ["Users.CreateUser", "Users.SetUserScopes"])
def test_flags_must_be_a_list(admin, method, given, text):
    params = {"username": "nobody", "password": PASSWORD, "scopes": given}
    if method == "Users.SetUserScopes":
        del params["password"]
    found = complaint(admin, method, params)
    assert found == f"Expected flags PermissionScopes but got {text} in {method}, param scopes."


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("Admin", "Admin"),
        ("permissionscopeadmin", "permissionscopeadmin"),
        (5, "5"),
        (None, ""),
    ],
)
def test_each_flag_must_be_known(admin, given, text):
    params = {"username": "nobody", "scopes": [CONTROL, given]}
    found = complaint(admin, "Users.SetUserScopes", params)
    start = (
        f"Expected enum value for PermissionScope but got {text}"
        " in Users.SetUserScopes, param scopes."
    )
    assert found.startswith(start)


# UUIDs


@pytest.mark.parametrize(
    "given",
    [
        "nope",
        "",
        NULL_UUID,
        UUID.replace("-", ""),
        UUID[:-1],
        UUID + "0",
        UUID.replace("1", "g"),
        "{" + UUID,
    ],
)
def test_what_is_no_uuid_is_refused(admin, given):
    found = complaint(admin, "Users.RemoveToken", {"tokenId": given})
    assert found == f"Invalid Uuid: {given} in Users.RemoveToken, param tokenId."


@pytest.mark.parametrize("given", [None, 5, True, [UUID], {"id": UUID}])
def test_what_is_not_even_text_is_no_uuid(admin, given):
    found = complaint(admin, "Users.RemoveToken", {"tokenId": given})
    assert found.startswith("Invalid ")
    assert found.endswith(" in Users.RemoveToken, param tokenId.")


@pytest.mark.parametrize("given", [UUID, UUID.upper(), "{" + UUID + "}"])
def test_a_uuid_may_be_written_with_braces_and_capitals(admin, given):
    answer = admin.get("Users.RemoveToken", tokenId=given)
    assert answer == {"error": "UserErrorTokenNotFound"}


@pytest.mark.parametrize("given", ["nope", "", NULL_UUID, UUID.replace("-", "")])
def test_each_thing_id_must_be_a_uuid(admin, given):
    params = {"username": new_name(), "password": PASSWORD, "allowedThingIds": [UUID, given]}
    found = complaint(admin, "Users.CreateUser", params)
    start = f"Invalid Uuid: {given} in Users.CreateUser, param allowedThingIds."
    assert found.startswith(start)


@pytest.mark.parametrize("given", [None, 7, {}])
def test_thing_ids_that_are_no_list_count_as_none(box, admin, given):
    name = new_name()
    answer = admin.get(
        "Users.CreateUser",
        username=name,
        password=PASSWORD,
        scopes=[CONTROL],
        allowedThingIds=given,
    )
    assert answer == {"error": "UserErrorNoError"}
    info = box.info(name)
    assert info is not None
    assert info["allowedThingIds"] == []
