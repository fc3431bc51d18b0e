"""Every function against everybody: who is let in; guide to Tani, users and groups."""

from typing import Any

import pytest

from keystead.domain.access import manages_users
from keystead.domain.model import Scope
from keystead.tani.errors import Status
from keystead.tani.methods import catalogue
from tests.conformance.stores import listening
from tests.doubles import PASSWORD
from tests.tani_box import EVERYTHING, Box

# Each function with data that it takes.
OPEN: dict[str, dict[str, Any]] = {
    "Users/AccessRights": {},
    "Users/ActivateSession": {"AuthKey": "unknown"},
    "Users/Login": {"Username": "olga", "Password": PASSWORD},
    "Users/Logout": {},
    "Users/Subscribe": {"Events": ["UsersChanged"]},
}
EDITORS: dict[str, dict[str, Any]] = {
    "Users/Delete": {"Username": "ann"},
    "Users/DeleteGroup": {"Groupname": "crew"},
    "Users/List": {},
    "Users/ListGroup": {},
    "Users/Write": {"Username": "new", "Password": PASSWORD},
    "Users/WriteGroup": {"Groupname": "guests"},
}
FUNCTIONS = OPEN | EDITORS
EVERY_SCOPE = [
    *Scope.__members__.values(),
    Scope.ADMIN & ~Scope.DIAG,
    Scope.ADMIN & ~Scope.USER_EDIT,
]
every_function = pytest.mark.parametrize("function", FUNCTIONS)


@pytest.fixture
def box():
    box = Box()
    box.add("olga", Scope.ADMIN)
    box.add("ann", groups=[box.group("crew")])
    return box


def let_in(line, function):
    """Tell whether the caller may call *function*, and check that it is as it should be."""
    commits = listening(line.box.store)
    response = line.ask(function, FUNCTIONS[function])
    if response["status"] == Status.NOT_PERMITTED:
        assert commits == []
        return False
    expected = Status.SESSION_OVER if function == "Users/ActivateSession" else Status.OK
    assert response["status"] == expected
    return True


def test_the_table_has_every_function():
    assert set(FUNCTIONS) == set(catalogue.methods)


@pytest.mark.clause(
    "EN 18031-1 ACM-1", "EN 18031-1 AUM-1-1", "ETSI EN 303 645 5.5-5", "IEC 62443-4-2 CR 1.1"
)
@every_function
def test_whoever_is_not_signed_in_may_sign_in_and_ask_who_they_are(box, function):
    assert let_in(box.connect(), function) is (function in OPEN)


@pytest.mark.clause("EN 18031-1 ACM-2", "IEC 62443-4-2 CR 2.1", "OWASP ASVS 5.0 8.2.1")
@every_function
@pytest.mark.parametrize("scopes", EVERY_SCOPE, ids=str)
def test_whoever_is_signed_in_is_let_in_or_not_permitted(box, function, scopes):
    line = box.user_line("caller", scopes)
    assert let_in(line, function) is (function in OPEN or manages_users(scopes))


@every_function
@pytest.mark.parametrize("rights", [Scope.USER_EDIT, Scope.EDITOR | Scope.DIAG], ids=str)
def test_rights_of_a_group_count(box, function, rights):
    line = box.user_line("caller", groups=[box.group("some", rights)], items=[EVERYTHING])
    assert let_in(line, function) is (function in OPEN or rights == Scope.USER_EDIT)


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE1")
@every_function
def test_a_key_of_a_session_lets_in_as_a_password_does(box, function):
    key = box.user_line("caller", Scope.ADMIN).key
    line = box.connect()
    line.get("Users/ActivateSession", AuthKey=key)
    assert let_in(line, function)


@every_function
def test_without_authentication_everybody_is_let_in(box, function):
    assert let_in(box.connect(authentication=False), function)


@every_function
def test_without_authentication_everybody_is_let_in_while_nobody_is_there(function):
    line = Box().connect(authentication=False)
    status = line.status(function, **FUNCTIONS[function])
    assert status is not Status.NOT_PERMITTED


@every_function
@pytest.mark.parametrize("data", [None, {}, {"Username": 1, "Groupname": 1}])
def test_whoever_may_not_call_a_function_learns_nothing_of_its_data(box, function, data):
    response = box.connect().ask(function, data)
    if function in EDITORS:
        assert response["status"] == Status.NOT_PERMITTED


# --- the first user -------------------------------------------------------------------------

FIRST = {"Username": "olga", "Password": PASSWORD, "UserEdit": True}


@every_function
def test_before_the_first_user_everybody_may_only_write_one(function):
    line = Box().connect()
    data = FIRST if function == "Users/Write" else FUNCTIONS[function]
    status = line.status(function, **data)
    if function in EDITORS:
        is_open = function == "Users/Write"
        assert status is (Status.OK if is_open else Status.NOT_PERMITTED)
    else:
        assert status is not Status.NOT_PERMITTED


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"UserEdit": False}, Status.CONFLICT),
        ({"Password": ""}, Status.CONFLICT),
        ({"Password": True}, Status.CONFLICT),
        ({"Password": False}, Status.CONFLICT),
        ({"Password": "weak"}, Status.BAD_REQUEST),
        ({"Username": "anonymous"}, Status.CONFLICT),
        ({"Username": ""}, Status.BAD_REQUEST),
        ({"Groups": ["nobody"]}, Status.NOT_FOUND),
    ],
)
def test_a_first_user_who_could_not_change_users_is_none(data, status):
    box = Box()
    line = box.connect()
    assert line.status("Users/Write", **(FIRST | data)) is status
    assert line.status("Users/Write", **FIRST) is Status.OK
    assert line.status("Users/Login", Username="olga", Password=PASSWORD) is Status.OK


def test_there_is_one_first_user_however_many_try():
    box = Box()
    line, other = box.connect(), box.connect()
    line.start("Users/Write", **FIRST)
    assert other.status("Users/Write", **(FIRST | {"Username": "ann"})) is Status.OK
    assert line.end()[-1]["status"] == Status.NOT_PERMITTED
    assert box.connect().status("Users/Write", **FIRST) is Status.NOT_PERMITTED


def test_a_second_first_user_who_comes_behind_the_first_is_not_permitted():
    line = Box().connect()
    second = FIRST | {"Username": "ann"}
    requests = [line.request("Users/Write", data) for data in (FIRST, second)]
    statuses = [response["status"] for response in line.send(*requests)]
    assert statuses == [Status.OK, Status.NOT_PERMITTED]


def test_the_first_user_is_an_administrator_who_declines_what_they_like():
    line = Box().connect()
    line.get("Users/Write", **FIRST, Diag=False)
    rights = line.login("olga")
    assert [rights[name] for name in ("UserEdit", "Editor", "Diag")] == [True, True, False]
    (olga,) = line.get("Users/List")["Results"]
    assert olga["Items"] == [{"Itemname": "", "Prefix": True, "Write": True}]


def test_when_all_accounts_are_gone_nobody_is_the_first_user_again():
    box = Box()
    line = box.connect(authentication=False)
    line.get("Users/Write", Username="ann")
    line.get("Users/Delete", Username="ann")
    assert box.connect().status("Users/Write", **FIRST) is Status.NOT_PERMITTED


def test_what_happens_between_the_gate_and_the_work_counts():
    box = Box()
    line = box.connect()
    line.session.receive([line.request("Users/Write", FIRST)])
    line.session.advance(1)
    box.add("root", Scope.ADMIN)
    assert line.end()[-1]["status"] == Status.NOT_PERMITTED
