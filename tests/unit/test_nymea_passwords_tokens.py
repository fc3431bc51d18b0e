"""The methods of the namespace Users about passwords and tokens; nymea 4.2, design 8."""

from datetime import timedelta

import pytest

from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import pair
from tests.doubles import NOON, PASSWORD
from tests.nymea_box import Box, finish

NEW = "Another-horse-2"
THING = "11111111-2222-3333-4444-555555555555"

NO_ERROR = {"error": "UserErrorNoError"}
INVALID = {"error": "UserErrorInvalidUserId"}
BAD_PASSWORD = {"error": "UserErrorBadPassword"}
BACKEND = {"error": "UserErrorBackendError"}
DENIED = {"error": "UserErrorPermissionDenied"}
NOT_FOUND = {"error": "UserErrorTokenNotFound"}


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


@pytest.fixture
def paired(box):
    """A connection of the nameless account of paired devices."""
    return box.greet(finish(pair(box.directory, "phone")).secret)


def token_id(box, name):
    return str(box.tokens(name)[-1].id)


def is_good(box, token):
    return box.connect().hello(token)["authenticated"]


# --- ChangePassword -------------------------------------------------------------------------


@pytest.mark.clause("EN 18031-1 AUM-4")
def test_a_changed_password_is_the_one_to_sign_in_with(box, admin):
    assert admin.get("Users.ChangePassword", newPassword=NEW) == NO_ERROR
    params = {"username": "olga", "deviceName": ""}
    line = box.greet()
    assert line.get("JSONRPC.Authenticate", password=PASSWORD, **params) == {"success": False}
    assert line.get("JSONRPC.Authenticate", password=NEW, **params)["success"] is True


def test_tokens_outlast_a_change_of_one_s_own_password(box, admin):
    other = box.token("olga")
    admin.get("Users.ChangePassword", newPassword=NEW)
    assert is_good(box, other)
    assert admin.get("Users.GetUserInfo")["error"] == "UserErrorNoError"


@pytest.mark.parametrize("password", ["", "weak", "olga", "x" * 2000])
def test_a_weak_password_is_refused(admin, password):
    assert admin.get("Users.ChangePassword", newPassword=password) == BAD_PASSWORD


def test_the_nameless_account_gets_no_password(paired):
    assert paired.get("Users.ChangePassword", newPassword=NEW) == INVALID
    changed = paired.get("Users.ChangeUserPassword", username=PUSH_BUTTON_USER, newPassword=NEW)
    assert changed == INVALID


def test_too_much_hashing_changes_no_password(box, admin):
    box.hasher.is_busy = True
    assert admin.get("Users.ChangePassword", newPassword=NEW) == BACKEND


# --- ChangeUserPassword ---------------------------------------------------------------------


def test_a_reset_password_takes_all_tokens_of_that_user_away(box, admin):
    box.add("ann")
    tokens = [box.token("ann"), box.token("ann")]
    params = {"username": "ANN", "newPassword": NEW}
    assert admin.get("Users.ChangeUserPassword", **params) == NO_ERROR
    assert [is_good(box, token) for token in tokens] == [False, False]
    assert box.greet().sign_in("ann", NEW)


def test_a_reset_password_takes_no_token_of_others_away(box, admin):
    box.add("ann")
    admin.get("Users.ChangeUserPassword", username="ann", newPassword=NEW)
    assert is_good(box, admin.token)


def test_the_password_of_nobody_cannot_be_reset(admin):
    params = {"username": "nobody", "newPassword": NEW}
    assert admin.get("Users.ChangeUserPassword", **params) == INVALID


def test_a_password_is_not_reset_to_a_weak_one(box, admin):
    box.add("ann")
    params = {"username": "ann", "newPassword": "weak"}
    assert admin.get("Users.ChangeUserPassword", **params) == BAD_PASSWORD


# --- GetTokens, GetUserTokens ---------------------------------------------------------------


def test_tokens_are_listed_oldest_first(box, admin):
    box.clock.advance(timedelta(seconds=90))
    box.token("olga", "tablet")
    listed = admin.get("Users.GetTokens")
    ids = [str(token.id) for token in box.tokens("olga")]
    noon = int(NOON.timestamp())
    assert listed == {
        "error": "UserErrorNoError",
        "tokenInfoList": [
            {"creationTime": noon, "deviceName": "a phone", "id": ids[0], "username": "olga"},
            {
                "creationTime": noon + 90,
                "deviceName": "tablet",
                "id": ids[1],
                "username": "olga",
            },
        ],
    }


def test_tokens_of_another_user_are_listed(box, admin):
    box.add("Ann")
    box.token("ann", "tablet")
    listed = admin.get("Users.GetUserTokens", username="ANN")["tokenInfoList"]
    assert [(token["deviceName"], token["username"]) for token in listed] == [("tablet", "ann")]


@pytest.mark.parametrize("name", ["nobody", "", "bob"])
def test_who_does_not_exist_or_has_no_tokens_has_an_empty_list(box, admin, name):
    box.add("bob")
    assert admin.get("Users.GetUserTokens", username=name) == NO_ERROR | {"tokenInfoList": []}


@pytest.mark.clause("IEC 62443-4-2 CR 1.14", "OWASP ASVS 5.0 8.2.3")
def test_no_list_shows_a_secret(admin):
    reply = admin.ask("Users.GetTokens")
    assert admin.token not in str(reply)


# --- RemoveToken ----------------------------------------------------------------------------


def test_an_administrator_removes_any_token(box, admin):
    box.add("ann")
    token = box.token("ann")
    assert admin.get("Users.RemoveToken", tokenId=token_id(box, "ann")) == NO_ERROR
    assert not is_good(box, token)


def test_an_id_in_braces_is_the_same_token(box, admin):
    box.token("olga")
    found = f"{{{token_id(box, 'olga').upper()}}}"
    assert admin.get("Users.RemoveToken", tokenId=found) == NO_ERROR
    assert len(box.tokens("olga")) == 1


def test_an_unknown_token_is_not_found(admin):
    assert admin.get("Users.RemoveToken", tokenId=THING) == NOT_FOUND


def test_a_token_can_be_removed_once(box, admin):
    box.token("olga")
    found = token_id(box, "olga")
    admin.get("Users.RemoveToken", tokenId=found)
    assert admin.get("Users.RemoveToken", tokenId=found) == NOT_FOUND


def test_nobody_removes_a_token_of_an_account_with_more_rights(box, admin):
    editor = box.user_line("tani", Scope.USER_EDIT)
    assert editor.get("Users.RemoveToken", tokenId=token_id(box, "olga")) == DENIED
    assert is_good(box, admin.token)
