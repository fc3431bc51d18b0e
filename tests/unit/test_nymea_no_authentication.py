"""Listeners without authentication, where everybody may do everything; nymea 2.5."""

import pytest

from keystead.domain.model import Scope
from tests.doubles import PASSWORD
from tests.nymea_box import Box

THING = "11111111-2222-3333-4444-555555555555"
DENIED = {"error": "UserErrorPermissionDenied"}
NO_ERROR = {"error": "UserErrorNoError"}


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def anybody(box):
    return box.greet(authentication=False)


def test_hello_says_that_nothing_is_required(box):
    reply = box.connect(authentication=False).hello()
    assert reply["authenticationRequired"] is False
    assert reply["initialSetupRequired"] is False


def test_an_empty_directory_is_open(anybody):
    assert anybody.get("Users.GetUsers") == {"users": []}


@pytest.mark.parametrize("method", ["JSONRPC.CreateUser", "Users.CreateUser"])
def test_anybody_may_make_the_first_account(box, anybody, method):
    assert anybody.get(method, username="olga", password=PASSWORD) == NO_ERROR
    assert box.user("olga").scopes is Scope.ADMIN


def test_anybody_may_manage_users(box, anybody):
    box.add("olga", Scope.ADMIN)
    box.add("ann")
    scopes = ["PermissionScopeAdmin"]
    assert anybody.get("Users.SetUserScopes", username="ann", scopes=scopes) == NO_ERROR
    assert anybody.get("Users.RemoveUser", username="olga") == NO_ERROR
    assert [user["username"] for user in anybody.get("Users.GetUsers")["users"]] == ["ann"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.ChangePassword", {"newPassword": "Another-horse-2"}),
        ("Users.ChangeUserPassword", {"username": "ann", "newPassword": "Another-horse-2"}),
        ("Users.GetTokens", {}),
        ("Users.GetUserInfo", {}),
        ("Users.GetUserTokens", {"username": "ann"}),
        ("Users.RemoveToken", {"tokenId": THING}),
        ("Users.SetUserInfo", {"username": "ann", "email": "ann@example.org"}),
    ],
)
def test_what_asks_for_the_current_user_is_denied_when_there_is_none(
    box, anybody, method, params
):
    box.add("ann")
    assert anybody.get(method, **params) == DENIED
    assert not anybody.is_closed


def test_a_bad_token_is_nobody_s(box):
    line = box.greet("stale", authentication=False)
    assert line.get("Users.GetUserInfo") == DENIED


def test_a_bad_token_cannot_be_used_further(box):
    line = box.greet("stale", authentication=False)
    reply = line.ask("Users.GetUserInfo", token="stale")
    assert reply["error"].startswith("Changing the user (token) requires a new handshake.")
    assert line.is_closed


def test_whoever_signs_in_is_somebody(box):
    box.add("ann")
    line = box.greet(authentication=False)
    line.sign_in("ann")
    assert line.get("Users.GetUserInfo")["userInfo"]["username"] == "ann"


def test_a_good_token_is_somebody_s(box):
    box.add("ann")
    line = box.greet(box.token("ann"), authentication=False)
    assert line.get("Users.GetTokens")["tokenInfoList"][0]["username"] == "ann"


def test_whoever_signs_in_may_still_do_everything(box):
    box.add("ann")
    line = box.greet(box.token("ann"), authentication=False)
    assert line.get("Users.CreateUser", username="bob", password=PASSWORD) == NO_ERROR


@pytest.mark.parametrize(
    ("method", "text"), [("No.such", "No such namespace"), ("Users.NoSuch", "No such method")]
)
def test_anybody_learns_what_does_not_exist(anybody, method, text):
    assert anybody.ask(method) == {"error": text, "id": 2, "status": "error"}


def test_whoever_listens_hears_of_users(anybody):
    anybody.subscribe("Users")
    anybody.get("Users.CreateUser", username="ann", password=PASSWORD)
    assert [m["notification"] for m in anybody.notifications()] == ["Users.UserAdded"]
