"""Users and groups as Tani writes and lists them; guide to Tani, users and groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.model import Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.tani.errors import Status
from tests.conformance.stores import listening
from tests.doubles import PASSWORD
from tests.tani_box import EVERYTHING, Box

NEW_PASSWORD = "Another-horse-2"
BOILER = {"Itemname": "Plant.Boiler", "Prefix": False, "Write": True}
HALL = {"Itemname": "Plant.Hall", "Prefix": True, "Write": False}
NO_RIGHTS = {"UserEdit": False, "Editor": False, "Diag": False}
EVERYBODY = {"Groupname": "anonymous", "Items": []} | NO_RIGHTS


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def user(admin, name):
    """Give the entry of a user in the list."""
    found = admin.get("Users/List")["Results"]
    return next((entry for entry in found if entry["Username"] == name), None)


def group(admin, name):
    """Give the entry of a group in the list."""
    found = admin.get("Users/ListGroup")["Results"]
    return next((entry for entry in found if entry["Groupname"] == name), None)


# --- users ----------------------------------------------------------------------------------


def test_a_user_is_listed_as_written(admin):
    admin.get("Users/WriteGroup", Groupname="crew", Editor=True)
    data = {"Username": "ann", "Groups": ["crew"], "Items": [BOILER, HALL]}
    assert admin.get("Users/Write", **data, Password=PASSWORD, Diag=True) == {}
    assert user(admin, "ann") == data | NO_RIGHTS | {"Diag": True, "Password": True}


def test_a_new_user_has_none_of_what_is_left_out(admin):
    admin.get("Users/Write", Username="ann")
    nothing = {"Username": "ann", "Password": False, "Groups": [], "Items": []}
    assert user(admin, "ann") == nothing | NO_RIGHTS


def test_what_may_be_left_out_of_a_rule_is_false(admin):
    admin.get("Users/Write", Username="ann", Items=[{"Itemname": "A"}])
    assert user(admin, "ann")["Items"] == [{"Itemname": "A", "Prefix": False, "Write": False}]


def test_an_administrator_of_nymea_is_listed_with_all_rights(admin):
    assert user(admin, "olga") == {"Username": "olga", "Password": True} | {
        "UserEdit": True,
        "Editor": True,
        "Diag": True,
        "Groups": [],
        "Items": [],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"Diag": True},
        {"Editor": False},
        {"Groups": []},
        {"Groups": ["guests", "crew"]},
        {"Items": []},
        {"Items": [HALL]},
        {"Diag": False, "Editor": True, "Groups": ["guests"], "Items": [BOILER]},
        {},
    ],
)
def test_what_is_left_out_keeps_its_value(admin, change):
    for name in ("crew", "guests"):
        admin.get("Users/WriteGroup", Groupname=name)
    before = {"Username": "ann", "Editor": True, "Groups": ["crew"], "Items": [BOILER, HALL]}
    admin.get("Users/Write", **before, Password=PASSWORD)
    before = user(admin, "ann")
    admin.get("Users/Write", Username="ann", **change)
    assert user(admin, "ann") == before | change


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_an_entry_of_the_list_can_be_written_back(box, admin, password):
    crew = box.group("crew")
    box.add("ann", Scope.DIAG | Scope.CONTROL_THINGS, groups=[crew], password=password)
    entry, commits = user(admin, "ann"), listening(box.store)
    assert admin.get("Users/Write", **entry) == {}
    assert commits == []
    assert user(admin, "ann") == entry
    for entry in admin.get("Users/ListGroup")["Results"]:
        assert admin.get("Users/WriteGroup", **entry) == {}
    assert commits == []


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        ("ann", True, Status.OK),
        ("ann", False, Status.BAD_REQUEST),
        ("ann", "", Status.BAD_REQUEST),
        ("ann", "weak", Status.BAD_REQUEST),
        ("ann", "Aa1" + "x" * 1022, Status.TOO_LARGE),
        ("ann", NEW_PASSWORD, Status.OK),
        ("device", True, Status.OK),
        ("device", False, Status.OK),
        ("device", "", Status.BAD_REQUEST),
        ("device", NEW_PASSWORD, Status.OK),
        ("new", True, Status.OK),
        ("new", False, Status.OK),
        ("new", "", Status.BAD_REQUEST),
        ("new", NEW_PASSWORD, Status.OK),
    ],
)
def test_a_password_is_given_or_kept_and_never_taken(box, admin, name, password, status):
    box.add("ann")
    box.add("device", password=None)
    before = user(admin, name)
    assert admin.status("Users/Write", Username=name, Password=password) is status
    if password == NEW_PASSWORD:
        assert user(admin, name)["Password"] is True
        assert box.connect().login(name, NEW_PASSWORD)["Username"] == name
    elif status is not Status.OK or before:
        assert user(admin, name) == before


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"Username": "Ann"}, Status.CONFLICT),
        ({"Username": "anonymous"}, Status.CONFLICT),
        ({"Username": ""}, Status.BAD_REQUEST),
        ({"Username": " ann"}, Status.BAD_REQUEST),
        ({"Username": "x" * 257}, Status.TOO_LARGE),
        ({"Username": "ann", "Groups": ["nobody"]}, Status.NOT_FOUND),
        ({"Username": "ann", "Groups": ["anonymous"]}, Status.CONFLICT),
        ({"Username": "ann", "Groups": ["crew"] * 257}, Status.TOO_LARGE),
        ({"Username": "ann", "Items": [{"Itemname": ""}]}, Status.BAD_REQUEST),
        ({"Username": "ann", "Items": [HALL] * 10_001}, Status.TOO_LARGE),
        ({"Username": "olga", "UserEdit": False}, Status.CONFLICT),
    ],
)
def test_a_user_who_breaks_a_rule_is_not_written(box, admin, data, status):
    box.group("crew")
    box.add("ann")
    commits = listening(box.store)
    assert admin.status("Users/Write", **({"Diag": True} | data)) is status
    assert commits == []


def test_a_user_editor_gives_no_more_than_they_hold(box, admin):
    editor = box.user_line("editor", Scope.USER_EDIT)
    for function, data in (
        ("Users/Write", {"Username": "ann", "Diag": True}),
        ("Users/Write", {"Username": "ann", "Items": [HALL]}),
        ("Users/Write", {"Username": "olga", "Password": NEW_PASSWORD}),
        ("Users/WriteGroup", {"Groupname": "crew", "Editor": True}),
        ("Users/Delete", {"Username": "olga"}),
    ):
        assert editor.status(function, **data) is Status.CONFLICT
    assert user(admin, "ann") is None


# --- deleted --------------------------------------------------------------------------------


def test_a_user_who_is_deleted_is_gone(box, admin):
    box.add("ann")
    assert admin.get("Users/Delete", Username="ann") == {}
    assert user(admin, "ann") is None
    assert admin.status("Users/Delete", Username="ann") is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["nobody", "", "Ann", "\uff41nn", "ann ", "anonymous"])
def test_only_who_is_called_just_so_is_deleted(box, admin, name):
    box.add("ann")
    assert admin.status("Users/Delete", Username=name) is Status.NOT_FOUND


def test_nobody_deletes_the_account_they_are_signed_in_with(box, admin):
    box.add("root", Scope.ADMIN)
    commits = listening(box.store)
    assert admin.status("Users/Delete", Username="olga") is Status.CONFLICT
    assert commits == []
    without = box.connect(authentication=False)
    without.login("olga")
    assert without.status("Users/Delete", Username="olga") is Status.CONFLICT
    assert without.status("Users/Delete", Username="root") is Status.OK


def test_the_last_who_can_change_users_is_not_deleted(box, admin):
    line = box.connect(authentication=False)
    assert line.status("Users/Delete", Username="olga") is Status.CONFLICT


def test_what_cannot_be_stored_is_told(box, admin):
    box.store.fault = RefusedError(Reason.STORAGE_FAILED)
    for function, name in (("Users/WriteGroup", "Groupname"), ("Users/Write", "Username")):
        assert admin.status(function, **{name: "new"}) is Status.STORAGE_FAILED
    box.store.fault = None
    assert (user(admin, "new"), group(admin, "new")) == (None, None)


# --- groups ---------------------------------------------------------------------------------


def test_a_group_is_listed_as_written(admin):
    data = {"Groupname": "crew", "Items": [BOILER, HALL], "Editor": True}
    assert admin.get("Users/WriteGroup", **data) == {}
    assert group(admin, "crew") == NO_RIGHTS | data
    assert admin.get("Users/WriteGroup", Groupname="crew", Items=[], Diag=True) == {}
    assert group(admin, "crew") == NO_RIGHTS | data | {"Items": [], "Diag": True}


def test_the_group_of_everybody_is_listed_first_and_can_be_written(box, admin):
    box.group("crew")
    first = admin.get("Users/ListGroup")["Results"][0]
    assert first == EVERYBODY
    admin.get("Users/WriteGroup", Groupname="anonymous", Diag=True, Items=[HALL])
    assert group(admin, "anonymous") == EVERYBODY | {"Diag": True, "Items": [HALL]}
    assert box.connect().who["Diag"] is True


@pytest.mark.parametrize(
    ("function", "data", "status"),
    [
        ("Users/WriteGroup", {"Groupname": "anonymous", "UserEdit": True}, Status.CONFLICT),
        ("Users/WriteGroup", {"Groupname": "Crew"}, Status.CONFLICT),
        ("Users/WriteGroup", {"Groupname": "\t"}, Status.BAD_REQUEST),
        ("Users/WriteGroup", {"Groupname": "x" * 257}, Status.TOO_LARGE),
        ("Users/DeleteGroup", {"Groupname": "anonymous"}, Status.CONFLICT),
        ("Users/DeleteGroup", {"Groupname": "Crew"}, Status.NOT_FOUND),
        ("Users/DeleteGroup", {"Groupname": "guests"}, Status.NOT_FOUND),
    ],
)
def test_a_group_that_breaks_a_rule_stays_as_it_was(box, admin, function, data, status):
    box.group("crew", items=[EVERYTHING])
    commits = listening(box.store)
    assert admin.status(function, **data) is status
    assert commits == []


def test_a_group_that_is_deleted_is_taken_from_its_members(box, admin):
    crew = box.group("crew", Scope.DIAG)
    ann = box.user_line("ann", groups=[crew])
    assert admin.get("Users/DeleteGroup", Groupname="crew") == {}
    assert (group(admin, "crew"), user(admin, "ann")["Groups"]) == (None, [])
    assert (ann.who["Groups"], ann.who["Diag"]) == ([], False)
    admin.get("Users/WriteGroup", Groupname="crew", UserEdit=True)
    assert ann.who["UserEdit"] is False


# --- parts of lists -------------------------------------------------------------------------

FUNCTIONS = {"Users/List": "Username", "Users/ListGroup": "Groupname"}
every_list = pytest.mark.parametrize("function", FUNCTIONS)


def filled(count):
    box = Box()
    for number in range(count):
        box.add(f"user {number}")
        box.group(f"group {number}")
    return box.connect(authentication=False)


@every_list
def test_a_whole_list_says_nothing_of_parts(function):
    returned = filled(3).get(function)
    assert returned.keys() == {"Results"}


def test_lists_are_in_the_order_in_which_entries_were_added():
    line = filled(3)
    names = [entry["Username"] for entry in line.get("Users/List")["Results"]]
    assert names == ["user 0", "user 1", "user 2"]
    names = [entry["Groupname"] for entry in line.get("Users/ListGroup")["Results"]]
    assert names == ["anonymous", "group 0", "group 1", "group 2"]


@every_list
@given(
    st.integers(0, 5),
    st.none() | st.integers(0, 7) | st.just(2**63 - 1),
    st.none() | st.integers(0, 7) | st.just(2**63 - 1),
)
def test_a_part_says_how_many_there_are_and_whether_more_follow(function, count, offset, limit):
    line = filled(count)
    whole = line.get(function)["Results"]
    asked = {"StartOffset": offset, "MaxResults": limit}
    part = line.get(function, **{name: n for name, n in asked.items() if n is not None})
    start = offset or 0
    end = len(whole) if limit is None else start + limit
    assert part["Results"] == whole[start:end]
    if offset is None and limit is None:
        assert part.keys() == {"Results"}
    else:
        assert part["MaxResults"] == len(whole)
        assert part["Blocked"] is (end < len(whole))
