"""Data of every function: what fits, what does not, and that a misfit changes nothing."""

from typing import Any

import msgspec
import pytest

from keystead.domain.model import Scope
from keystead.domain.refusal import Reason
from keystead.rpc.method import Catalogue
from keystead.tani.catalogue import with_paging
from keystead.tani.errors import Status, status
from keystead.tani.methods import catalogue
from tests.conformance.stores import listening
from tests.doubles import PASSWORD
from tests.tani_box import Box

SECRET = "An-open-secret-9"
RIGHTS = {"UserEdit": False, "Editor": True, "Diag": False}
ITEMS: list[dict[str, Any]] = [
    {"Itemname": "A.B"},
    {"Itemname": "", "Prefix": True, "Write": True},
]

# Each function with all data that it takes; those that must not be left out come first.
FULL: dict[str, tuple[list[str], dict[str, Any]]] = {
    "Users/Login": (["Username", "Password"], {"Username": "olga", "Password": PASSWORD}),
    "Users/ActivateSession": (["AuthKey"], {"AuthKey": "x"}),
    "Users/AccessRights": ([], {}),
    "Users/Logout": ([], {"AuthKey": "x"}),
    "Users/Subscribe": (["Events"], {"Events": ["UsersChanged", "AccessRightsChanged"]}),
    "Users/List": ([], {"StartOffset": 1, "MaxResults": 2}),
    "Users/ListGroup": ([], {"StartOffset": 1, "MaxResults": 2}),
    "Users/Write": (
        ["Username"],
        {"Username": "bob", "Password": PASSWORD, "Groups": ["crew"], "Items": ITEMS} | RIGHTS,
    ),
    "Users/WriteGroup": (["Groupname"], {"Groupname": "guests", "Items": ITEMS} | RIGHTS),
    "Users/Delete": (["Username"], {"Username": "ann"}),
    "Users/DeleteGroup": (["Groupname"], {"Groupname": "crew"}),
}
NO_LIST: list[Any] = [None, 1, True, "x", {}]
WRONG: dict[str, list[Any]] = {
    **{name: [None, 1, True, [], {}] for name in ("Username", "Groupname", "AuthKey")},
    "Password": [None, 1, 1.5, [], {}],
    **{name: [None, 0, 1, "true", [], {}] for name in RIGHTS},
    "Groups": [*NO_LIST, ["crew", None], [1], [[]]],
    "Events": [*NO_LIST, [None], [1], ["usersChanged"], ["UsersChanged", ""]],
    **{
        name: [None, True, "1", 1.5, -1, 2**63, -(2**70), []]
        for name in ("StartOffset", "MaxResults")
    },
    "Items": [
        *NO_LIST,
        *([None], [1], ["A"], [[]], [{}], [{"Prefix": True}], [{"Itemname": None}]),
        *(
            [{"Itemname": 1}],
            [{"Itemname": "A", "Write": 1}],
            [{"Itemname": "A", "Prefix": None}],
        ),
    ],
}
every_function = pytest.mark.parametrize("function", FULL)


def served():
    """Give a connection on which everything may be done, and what is changed."""
    box = Box()
    crew = box.group("crew")
    box.add("olga", Scope.ADMIN)
    box.add("ann", groups=[crew])
    return box.connect(authentication=False), listening(box.store)


def test_the_table_has_every_function_with_all_its_data():
    fields = {
        function: [field.encode_name for field in msgspec.structs.fields(method.params)]
        for function, method in catalogue.methods.items()
    }
    assert {function: sorted(data) for function, (_, data) in FULL.items()} == {
        function: sorted(names) for function, names in fields.items()
    }


@every_function
def test_data_that_fit_are_taken(function):
    line, _ = served()
    expected = Status.SESSION_OVER if "AuthKey" in FULL[function][1] else Status.OK
    assert line.ask(function, FULL[function][1])["status"] == expected


@every_function
def test_only_what_is_needed_must_be_there(function):
    line, _ = served()
    needed, full = FULL[function]
    response = line.ask(function, {name: full[name] for name in needed})
    assert response["status"] not in {Status.BAD_REQUEST, Status.STORAGE_FAILED}


@every_function
def test_fields_that_are_not_known_are_passed_over(function):
    known, unknown = served()[0], served()[0]
    data: dict[str, Any] = FULL[function][1]
    odd: dict[str, Any] = data | {"username": 1, "Name": None, "": [], "Revision": {"a": 1}}
    if "Items" in data:
        odd["Items"] = [{"Read": 1, **item} for item in ITEMS]
    assert known.ask(function, data)["status"] == unknown.ask(function, odd)["status"]


@pytest.mark.parametrize(
    ("function", "missing"),
    [(function, name) for function, (needed, _) in FULL.items() for name in needed],
)
def test_what_is_needed_is_missed(function, missing):
    line, commits = served()
    data = {name: value for name, value in FULL[function][1].items() if name != missing}
    response = line.ask(function, data)
    assert response["status"] == Status.BAD_REQUEST
    assert f"`{missing}`" in response["error"]
    assert commits == []


@pytest.mark.parametrize(
    ("function", "field", "value"),
    [
        pytest.param(function, field, value, id=f"{function} {field} {number}")
        for function, (_, data) in FULL.items()
        for field in data
        for number, value in enumerate(WRONG[field])
    ],
)
def test_a_value_of_another_type_does_not_fit(function, field, value):
    line, commits = served()
    response = line.ask(function, FULL[function][1] | {field: value})
    assert response["status"] == Status.BAD_REQUEST
    assert field in response["error"]
    assert commits == []


@pytest.mark.parametrize("value", [True, False])
def test_a_password_is_yes_or_no_only_where_it_may_be_kept(value):
    line, _ = served()
    data = {"Username": "olga", "Password": value}
    assert line.ask("Users/Login", data)["status"] == Status.BAD_REQUEST
    assert line.ask("Users/Write", data | {"Username": "new"})["status"] == Status.OK


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_status_and_a_sentence(reason):
    assert status(reason) in Status
    assert status(reason) is not Status.OK
    assert status(reason) is not Status.UNKNOWN_FUNCTION
    assert reason.value[0].isupper()
    assert reason.value.endswith(".")


@pytest.mark.parametrize(
    ("function", "data"),
    [
        ("Users/Login", {"Username": SECRET, "Password": SECRET}),
        ("Users/Login", {"Username": 1, "Password": SECRET}),
        ("Users/Login", {"Username": "olga", "Password": [SECRET]}),
        ("Users/Login", {"Username": "olga", "Password": {SECRET: SECRET}}),
        ("Users/ActivateSession", {"AuthKey": SECRET}),
        ("Users/ActivateSession", {"AuthKey": [SECRET]}),
        ("Users/Logout", {"AuthKey": SECRET}),
        ("Users/Write", {"Username": "bob", "Password": SECRET, "Groups": [SECRET]}),
        ("Users/Write", {"Username": SECRET, "Password": SECRET}),
        ("Users/Write", {"Username": "bob", "Password": {"a": SECRET}}),
        ("Users/Write", {"Username": "bob", "Password": SECRET, "Items": [{"Itemname": ""}]}),
        ("Users/Write", SECRET),
        ("Users/WriteGroup", {"Groupname": "guests", SECRET: SECRET, "Diag": SECRET}),
        (SECRET, {"Password": SECRET}),
        ({"Password": SECRET}, {}),
    ],
)
def test_no_error_holds_a_secret(function, data):
    line, _ = served()
    request = {"function": function, "id": 1, "data": data}
    (response,) = line.send(msgspec.json.encode(request))
    assert response["status"] != Status.OK
    assert SECRET not in response["error"]


# --- the catalogue --------------------------------------------------------------------------


def test_only_a_list_says_how_much_of_it_there_is():
    for method in catalogue:
        names = {field.encode_name for field in msgspec.structs.fields(method.returns)}
        assert ({"MaxResults", "Blocked"} <= names) is (method.name.startswith("Users/List"))


def test_every_function_and_event_says_what_it_does():
    for each in (*catalogue, *catalogue.notifications.values()):
        assert each.doc.endswith(".")


def test_a_catalogue_of_tani_can_be_begun_anew():
    anew: Catalogue[None] = Catalogue("pascal", with_paging, is_strict=False)
    assert list(anew) == []
