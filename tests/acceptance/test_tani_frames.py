"""Tani frames: what every function answers, in which order, and with whose id."""

import base64
import re

import pytest

from tests.acceptance.box import PASSWORD, new_name
from tests.acceptance.client import HandshakeError, Message
from tests.acceptance.tani_client import (
    ALL_RIGHTS,
    CONFLICT,
    DONE,
    EVERYTHING,
    FORBIDDEN,
    NO_FUNCTION,
    NO_RIGHTS,
    NO_SESSION,
    NOBODY,
    NOT_FOUND,
    SIGN_IN_FAILED,
    WRONG,
    Tani,
    rule,
)

RIGHTS_FIELDS = {"Username", "Groups", "UserEdit", "Editor", "Diag"}
USER_FIELDS = {"Username", "Password", "UserEdit", "Editor", "Diag", "Groups", "Items"}
GROUP_FIELDS = {"Groupname", "UserEdit", "Editor", "Diag", "Items"}


def typed(record: Message) -> bool:
    """Tell that every field of *record* has the type that its name promises."""
    for name, value in record.items():
        match name:
            case "Username" | "Groupname" | "Itemname" | "AuthKey":
                assert type(value) is str, record
            case "Groups":
                assert all(type(group) is str for group in value), record
            case "Items":
                assert all(set(item) == {"Itemname", "Prefix", "Write"} for item in value)
                assert all(map(typed, value))
            case _:
                assert type(value) is bool, record
    return True


# What the functions answer


def test_everybody_may_ask_for_their_rights(tani):
    assert tani.anonymous().ask("Users/AccessRights") == {
        "function": "Users/AccessRights",
        "id": 1,
        "status": DONE,
        "data": NOBODY,
    }


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_signing_in_answers_with_the_rights_and_a_key(tani, scheme):
    group = tani.add_group(Editor=True)
    name = tani.add(Groups=[group], Diag=True)
    connection = tani.anonymous(scheme)
    answer = connection.get("Users/Login", Username=name, Password=PASSWORD)
    assert set(answer) == RIGHTS_FIELDS | {"AuthKey"}
    assert typed(answer)
    key = answer.pop("AuthKey")
    rights = {
        "Username": name,
        "Groups": [group],
        "UserEdit": False,
        "Editor": True,
        "Diag": True,
    }
    assert answer == rights
    assert connection.rights() == rights
    other = tani.anonymous(scheme)
    assert other.get("Users/ActivateSession", AuthKey=key) == rights
    assert other.rights() == rights
    other.do("Users/Logout")
    assert other.rights() == NOBODY


def test_an_administrator_holds_all_three_rights(tani):
    assert tani.admin().rights() == {"Username": "olga", "Groups": []} | ALL_RIGHTS


def test_a_key_is_opaque_and_never_the_same(tani):
    name = tani.add()
    keys = {tani.signed_in(name).key for _ in range(4)}
    assert len(keys) == 4
    for key in keys:
        assert re.fullmatch(r"[A-Za-z0-9_=.+/-]+", key)
        random = key.removeprefix("kss_")[:43]
        assert len(base64.urlsafe_b64decode(random + "=")) == 32


def test_users_are_listed_with_what_is_stored(tani):
    group = tani.add_group(UserEdit=True, Editor=True, Items=[rule("In.Group")])
    items = [rule("Objects.Plant", prefix=True), rule("Objects.Valve", write=True)]
    with_password = tani.add(Groups=[group], Diag=True, Items=items)
    without = new_name()
    admin = tani.admin()
    admin.do("Users/Write", Username=without)
    answer = admin.get("Users/List")
    assert set(answer) == {"Results"}
    assert all(set(record) == USER_FIELDS for record in answer["Results"])
    assert all(map(typed, answer["Results"]))
    users = admin.users()
    assert users[with_password] == {
        "Username": with_password,
        "Password": True,
        "UserEdit": False,
        "Editor": False,
        "Diag": True,
        "Groups": [group],
        "Items": items,
    }
    assert users[without] == {
        "Username": without,
        "Password": False,
        "Groups": [],
        "Items": [],
    } | (NO_RIGHTS)
    assert users["olga"]["Password"] is True
    assert users["olga"].items() >= ALL_RIGHTS.items()


def test_groups_are_listed_with_what_is_stored(tani):
    name = tani.add_group(Diag=True, Items=[EVERYTHING])
    admin = tani.admin()
    answer = admin.get("Users/ListGroup")
    assert set(answer) == {"Results"}
    assert all(set(record) == GROUP_FIELDS for record in answer["Results"])
    assert all(map(typed, answer["Results"]))
    groups = admin.groups()
    assert groups[name] == {"Groupname": name, "Items": [EVERYTHING]} | (
        NO_RIGHTS | {"Diag": True}
    )
    assert groups["anonymous"] == {"Groupname": "anonymous", "Items": []} | NO_RIGHTS


def test_deleting_answers_with_nothing(tani):
    name, group = tani.add(), tani.add_group()
    admin = tani.admin()
    admin.do("Users/Delete", Username=name)
    admin.do("Users/DeleteGroup", Groupname=group)
    assert name not in admin.users()
    assert group not in admin.groups()


def test_data_may_be_left_out_where_nothing_is_to_be_said(tani):
    editor = tani.user(UserEdit=True)
    for function in ("Users/AccessRights", "Users/List", "Users/ListGroup", "Users/Logout"):
        editor.send({"function": function, "id": function})
        response = editor.response()
        assert (response["id"], response["status"]) == (function, DONE)


def test_fields_that_are_not_known_are_passed_over(tani):
    admin, name = tani.admin(), new_name()
    admin.send(
        {
            "function": "Users/Write",
            "id": 1,
            "version": 3,
            "data": {"Username": name, "Colour": "red", "username": "x", "Diag": True},
        }
    )
    assert admin.response()["status"] == DONE
    assert admin.users()[name]["Diag"] is True
    admin.do("Users/Write", Username=name, Items=[rule("A.B") | {"Colour": [1]}])
    assert admin.users()[name]["Items"] == [rule("A.B")]


# Failures: data is there, and error says why


@pytest.mark.parametrize(
    ("function", "data", "status"),
    [
        ("Users/Login", {"Username": "nobody at all", "Password": "x"}, SIGN_IN_FAILED),
        ("Users/ActivateSession", {"AuthKey": "x"}, NO_SESSION),
        ("Users/List", {}, FORBIDDEN),
        ("Users/ListGroup", {}, FORBIDDEN),
        ("Users/Write", {"Username": "eve", "Password": PASSWORD} | ALL_RIGHTS, FORBIDDEN),
        ("Users/WriteGroup", {"Groupname": "anonymous", "Editor": True}, FORBIDDEN),
        ("Users/Delete", {"Username": "olga"}, FORBIDDEN),
        ("Users/DeleteGroup", {"Groupname": "anonymous"}, FORBIDDEN),
        ("Users/Rename", {"Username": "olga"}, NO_FUNCTION),
    ],
)
def test_a_failure_says_why_and_changes_nothing(tani, function, data, status):
    before = tani.admin().stored()
    connection = tani.anonymous()
    response = connection.ask(function, **data)
    assert response["status"] == status
    assert response["error"]
    assert response["data"] == {}
    assert connection.rights() == NOBODY
    assert tani.admin().stored() == before


@pytest.mark.parametrize(
    ("function", "data"),
    [
        ("Users/List", {}),
        ("Users/ListGroup", {}),
        ("Users/Write", {"Username": "eve", "Password": PASSWORD}),
        ("Users/WriteGroup", {"Groupname": "eves"}),
        ("Users/Delete", {"Username": "olga"}),
        ("Users/DeleteGroup", {"Groupname": "eves"}),
    ],
)
def test_users_and_groups_need_the_right_to_edit_users(tani, function, data):
    before = tani.admin().stored()
    user = tani.user(Editor=True, Diag=True, Items=[EVERYTHING])
    before[0][user.who] = tani.admin().users()[user.who]
    assert user.status(function, **data) == FORBIDDEN
    assert tani.admin().stored() == before


@pytest.mark.parametrize(
    ("function", "data", "status"),
    [
        ("Users/Delete", {"Username": "nobody at all"}, NOT_FOUND),
        ("Users/DeleteGroup", {"Groupname": "nothing at all"}, NOT_FOUND),
        ("Users/Delete", {"Username": "olga"}, CONFLICT),
        ("Users/DeleteGroup", {"Groupname": "anonymous"}, CONFLICT),
        ("Users/Write", {"Username": ""}, WRONG),
        ("Users/WriteGroup", {"Groupname": ""}, WRONG),
    ],
)
def test_an_administrator_is_told_why_it_was_not_done(tani, function, data, status):
    admin = tani.admin()
    before = admin.stored()
    response = admin.ask(function, **data)
    assert (response["status"], response["data"]) == (status, {})
    assert admin.stored() == before


# Ids


def echoed(connection: Tani, id_text: str) -> Message:
    connection.send(f'{{"function":"Users/AccessRights","id":{id_text},"data":{{}}}}')
    return connection.response()


@pytest.mark.parametrize(
    ("id_text", "expected"),
    [
        ('"a"', "a"),
        ('""', ""),
        ('"Zo\\u00eb \\ud83d\\ude00 \\" \\\\ \\u0000"', 'Zoë 😀 " \\ \0'),
        ("0", 0),
        ("-1", -1),
        ("7", 7),
        ("1.5", 1.5),
        ("-2.5e3", -2500),
        ("9007199254740993", 9007199254740993),
        ("9223372036854775807", 9223372036854775807),
        ("18446744073709551615", 18446744073709551615),
    ],
)
def test_an_id_comes_back_as_it_was_sent(tani, id_text, expected):
    response = echoed(tani.anonymous(), id_text)
    assert response["id"] == expected
    assert isinstance(response["id"], str) == isinstance(expected, str)
    assert (response["function"], response["status"]) == ("Users/AccessRights", DONE)


def test_an_id_comes_back_with_a_failure_too(tani):
    connection = tani.anonymous()
    for function, status in (("Users/List", FORBIDDEN), ("Users/Nothing", NO_FUNCTION)):
        for given in ("a", 1.25):
            connection.send({"function": function, "id": given, "data": {}})
            response = connection.response()
            assert (response["function"], response["id"]) == (function, given)
            assert response["status"] == status


def test_without_an_id_there_is_none_in_the_response(tani):
    connection = tani.anonymous()
    connection.send({"function": "Users/AccessRights", "data": {}})
    assert connection.response() == {
        "function": "Users/AccessRights",
        "status": DONE,
        "data": NOBODY,
    }
    connection.send({"function": "Users/List"})
    response = connection.response()
    assert response["status"] == FORBIDDEN
    assert "id" not in response


def test_an_id_that_is_null_is_null_in_the_response(tani):
    response = echoed(tani.anonymous(), "null")
    assert response["id"] is None


@pytest.mark.parametrize("id_text", ["[]", "[1]", "{}", '{"a":1}', "true", "false"])
def test_an_id_of_another_type_is_refused(tani, id_text):
    connection = tani.anonymous()
    response = echoed(connection, id_text)
    assert (response["function"], response["id"], response["status"]) == ("", None, WRONG)
    assert connection.rights() == NOBODY


def test_a_request_with_a_refused_id_has_no_effect(tani):
    admin, name = tani.admin(), new_name()
    admin.send({"function": "Users/Write", "id": [1], "data": {"Username": name}})
    assert admin.response()["status"] == WRONG
    assert name not in admin.users()


# Functions


@pytest.mark.parametrize(
    "function",
    [
        "users/login",
        "Users/login",
        "USERS/LOGIN",
        "Users.Login",
        "Users/Login ",
        "/Users/Login",
        "Users",
        "Users/",
        "Items/Browse",
        "Station/Init",
        "JSONRPC.Hello",
        "__class__",
        "Users/__init__",
        "Zoë/😀",
    ],
)
def test_unknown_functions_are_named_in_the_response(tani, function):
    connection = tani.anonymous()
    response = connection.ask(function, Username="olga", Password=PASSWORD)
    assert response["status"] == NO_FUNCTION
    assert connection.rights() == NOBODY


# Order


def test_responses_come_in_the_order_of_the_requests(tani):
    name = tani.add()
    connection = tani.anonymous()
    wanted: list[tuple[str, Message]] = [
        ("Users/AccessRights", {}),
        ("Users/Login", {"Username": name, "Password": PASSWORD}),
        ("Users/AccessRights", {}),
        ("Users/List", {}),
        ("Users/Login", {"Username": "olga", "Password": PASSWORD}),
        ("Users/AccessRights", {}),
        ("Users/Delete", {"Username": name}),
        ("Users/Delete", {"Username": name}),
        ("Users/Logout", {}),
        ("Users/AccessRights", {}),
    ]
    for number, (function, data) in enumerate(wanted):
        connection.send({"function": function, "id": number, "data": data})
    responses = [connection.response() for _ in wanted]
    assert [each["id"] for each in responses] == list(range(len(wanted)))
    assert [each["function"] for each in responses] == [function for function, _ in wanted]
    statuses = [DONE, DONE, DONE, FORBIDDEN, DONE, DONE, DONE, NOT_FOUND, DONE, DONE]
    assert [each["status"] for each in responses] == statuses
    seen = [responses[at]["data"]["Username"] for at in (0, 2, 5, 9)]
    assert seen == ["", name, "olga", ""]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_hundreds_of_requests_in_one_go_are_all_answered(tani, scheme):
    admin = tani.anonymous(scheme)
    admin.activate(tani.admin_key)
    name = new_name()
    for number in range(100):
        admin.send(
            {
                "function": "Users/Write",
                "id": number,
                "data": {"Username": name, "Diag": number % 2 == 0},
            }
        )
        admin.send({"function": "Users/AccessRights", "id": f"r{number}"})
    for number in range(100):
        written, asked = admin.response(), admin.response()
        assert (written["id"], written["status"]) == (number, DONE)
        assert (asked["id"], asked["status"]) == (f"r{number}", DONE)
    assert admin.users()[name]["Diag"] is False


def test_events_and_long_lists_come_over_tls_too(tani):
    items = [rule(f"Objects.Item{number:05}", write=True) for number in range(5_000)]
    editor = tani.anonymous("https")
    editor.sign_in(tani.add(UserEdit=True, Items=[EVERYTHING]))
    editor.subscribe("AccessRightsChanged", "UsersChanged")
    name = new_name()
    editor.do("Users/Write", Username=name, Items=items)
    assert sorted(editor.users()[name]["Items"], key=str) == sorted(items, key=str)
    tani.admin().do("Users/Write", Username=editor.who, Diag=True)
    assert {event["event"] for event in editor.settle()} == {
        "AccessRightsChanged",
        "UsersChanged",
    }
    editor.do("Users/Delete", Username=name)


# Paths


def test_both_protocols_are_on_one_port(tani):
    nymea = tani.connect(tani.server, "http")
    assert nymea.hello()["server"] == "nymea"
    assert tani.anonymous().rights() == NOBODY


@pytest.mark.parametrize("path", ["/tani2", "/tani/x", "/Tani", "/tan"])
def test_other_paths_speak_no_tani(tani, path):
    try:
        connection = Tani(tani.server.urls["http"], path=path)
    except HandshakeError:
        return
    try:
        connection.send({"function": "Users/AccessRights", "id": 1, "data": {}})
        # what answers there is no Tani frame: receive() would fail on a nymea reply
        raw = connection.stream.raw
        raw.socket.settimeout(1)
        assert b"anonymous" not in raw.socket.recv(4096)
    finally:
        connection.close()
