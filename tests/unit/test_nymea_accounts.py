"""The methods of the namespace Users that make, change and remove accounts; nymea 4.2."""

import pytest

from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.refusal import Reason, RefusedError
from tests.doubles import PASSWORD
from tests.nymea_box import Box

THING = "11111111-2222-3333-4444-555555555555"
OTHER_THING = "22222222-3333-4444-5555-666666666666"
CONTROL = "PermissionScopeControlThings"
CONFIGURE = "PermissionScopeConfigureThings"
ALL_THINGS = "PermissionScopeAccessAllThings"
NONE = "PermissionScopeNone"
ADMIN = "PermissionScopeAdmin"

NO_ERROR = {"error": "UserErrorNoError"}
BACKEND = {"error": "UserErrorBackendError"}
INVALID = {"error": "UserErrorInvalidUserId"}
DUPLICATE = {"error": "UserErrorDuplicateUserId"}
BAD_PASSWORD = {"error": "UserErrorBadPassword"}
DENIED = {"error": "UserErrorPermissionDenied"}
INCONSISTENT = {"error": "UserErrorInconsistantScopes"}


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


@pytest.fixture
def editor(box, admin):
    """Somebody who may manage users and holds nothing else."""
    return box.user_line("tani", Scope.USER_EDIT)


def create(line, username="ann", password=PASSWORD, **params):
    return line.get("Users.CreateUser", username=username, password=password, **params)


# --- CreateUser -----------------------------------------------------------------------------


def test_a_new_user_has_what_was_asked_for(box, admin):
    scopes, things = [CONTROL], [f"{{{THING}}}", OTHER_THING, THING]
    details = {"email": "a@example.org", "displayName": "Ann A."}
    assert create(admin, "Ann", scopes=scopes, allowedThingIds=things, **details) == NO_ERROR
    user = box.user("ann")
    assert (user.name, user.scopes, user.email, user.display_name) == (
        "ann",
        Scope.CONTROL_THINGS,
        "a@example.org",
        "Ann A.",
    )
    assert list(map(str, user.things)) == [THING, OTHER_THING]


def test_a_new_user_is_an_administrator_unless_scopes_say_otherwise(box, admin):
    create(admin, "ann")
    create(admin, "bob", scopes=[])
    create(admin, "eve", scopes=[NONE])
    assert [box.user(name).scopes for name in ("ann", "bob", "eve")] == [
        Scope.ADMIN,
        Scope.NONE,
        Scope.NONE,
    ]


def test_a_new_user_can_sign_in(box, admin):
    create(admin)
    assert box.greet().sign_in("ann")


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("ab", PASSWORD, INVALID),
        ("", PASSWORD, INVALID),
        ("ab", "weak", INVALID),
        ("ann", "weak", BAD_PASSWORD),
        ("ann", "no-capital-1", BAD_PASSWORD),
        ("olga", "weak", BAD_PASSWORD),
        ("olga", PASSWORD, DUPLICATE),
        ("OLGA", PASSWORD, DUPLICATE),
    ],
)
def test_a_bad_name_or_password_makes_no_user(admin, username, password, error):
    for method in ("Users.CreateUser", "JSONRPC.CreateUser"):
        assert admin.get(method, username=username, password=password) == error
    assert len(admin.get("Users.GetUsers")["users"]) == 1


@pytest.mark.parametrize("scopes", [[CONFIGURE], ["PermissionScopeExecuteRules"]])
def test_scopes_that_do_not_go_together_make_no_user(admin, scopes):
    assert create(admin, scopes=scopes) == INCONSISTENT
    assert create(admin, "olga", scopes=scopes) == INCONSISTENT
    assert create(admin, password="weak", scopes=scopes) == BAD_PASSWORD


@pytest.mark.parametrize("scopes", [[CONTROL], [CONFIGURE, ALL_THINGS], [ADMIN], [NONE]])
def test_scopes_that_go_together_make_a_user(admin, scopes):
    assert create(admin, scopes=scopes) == NO_ERROR


@pytest.mark.parametrize("key", ["email", "displayName"])
def test_texts_that_cannot_be_kept_make_no_user(admin, key):
    assert create(admin, **{key: "\0"}) == BACKEND


def test_too_much_hashing_makes_no_user(box, admin):
    box.hasher.is_busy = True
    assert create(admin) == BACKEND


@pytest.mark.clause("OWASP ASVS 5.0 16.5.3")
def test_a_store_that_cannot_write_makes_no_user(box, admin):
    box.store.fault = RefusedError(Reason.STORAGE_FAILED)
    assert create(admin) == BACKEND


def test_nobody_makes_a_user_with_more_rights_than_their_own(editor):
    assert create(editor) == DENIED
    assert create(editor, scopes=[CONTROL]) == DENIED
    assert create(editor, scopes=[], allowedThingIds=[THING]) == DENIED
    assert create(editor, scopes=[]) == NO_ERROR


def test_an_administrator_may_make_another_the_old_way(box, admin):
    params = {"displayName": "Ann A.", "email": "a@example.org"}
    made = admin.get("JSONRPC.CreateUser", username="Ann", password=PASSWORD, **params)
    user = box.user("ann")
    assert made == NO_ERROR
    assert (user.scopes, user.display_name, user.email) == (
        Scope.ADMIN,
        "Ann A.",
        "a@example.org",
    )


# --- GetUserInfo, GetUsers ------------------------------------------------------------------


def test_user_info_shows_who_is_signed_in(box):
    assert box.user_line("Ann", Scope.CONTROL_THINGS).get("Users.GetUserInfo") == {
        "error": "UserErrorNoError",
        "userInfo": {
            "allowedThingIds": [],
            "displayName": "",
            "email": "",
            "scopes": [CONTROL],
            "username": "ann",
        },
    }


def test_users_are_listed_in_the_order_they_came_the_nameless_one_too(box, admin):
    for name in ("zoe", PUSH_BUTTON_USER, "ann"):
        box.add(name)
    listed = admin.get("Users.GetUsers")
    assert list(listed) == ["users"]
    assert [user["username"] for user in listed["users"]] == ["olga", "zoe", "", "ann"]


# --- SetUserScopes --------------------------------------------------------------------------


def test_new_scopes_replace_the_old_ones_and_things_stay(box, admin):
    create(admin, scopes=[CONTROL], allowedThingIds=[THING])
    assert admin.get("Users.SetUserScopes", username="ANN", scopes=[]) == NO_ERROR
    assert box.user("ann").scopes is Scope.NONE
    assert list(map(str, box.user("ann").things)) == [THING]


@pytest.mark.parametrize("things", [[], [OTHER_THING]])
def test_new_things_replace_the_old_ones(box, admin, things):
    create(admin, scopes=[CONTROL], allowedThingIds=[THING])
    params = {"username": "ann", "scopes": [CONTROL], "allowedThingIds": things}
    assert admin.get("Users.SetUserScopes", **params) == NO_ERROR
    assert list(map(str, box.user("ann").things)) == things


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Scope.USER_EDIT | Scope.DIAG, Scope.CONTROL_THINGS | Scope.USER_EDIT | Scope.DIAG),
        (Scope.ADMIN, Scope.CONTROL_THINGS),
    ],
)
def test_rights_without_a_name_here_stay_unless_they_came_with_admin(box, admin, before, after):
    box.add("ann", before)
    assert admin.get("Users.SetUserScopes", username="ann", scopes=[CONTROL]) == NO_ERROR
    assert box.user("ann").scopes is after or box.user("ann").scopes == after


def test_scopes_that_do_not_go_together_are_refused_before_all_else(admin):
    params = {"username": "nobody", "scopes": [CONFIGURE]}
    assert admin.get("Users.SetUserScopes", **params) == INCONSISTENT


def test_scopes_of_nobody_cannot_be_set(admin):
    assert admin.get("Users.SetUserScopes", username="nobody", scopes=[]) == INVALID


def test_the_last_user_editor_cannot_be_demoted(admin):
    assert admin.get("Users.SetUserScopes", username="olga", scopes=[]) == DENIED


def test_nobody_touches_an_account_with_more_rights_than_their_own(editor):
    assert editor.get("Users.SetUserScopes", username="olga", scopes=[]) == DENIED
    assert editor.get("Users.RemoveUser", username="olga") == DENIED
    params = {"username": "olga", "newPassword": "Another-horse-2"}
    assert editor.get("Users.ChangeUserPassword", **params) == DENIED
    assert editor.get("Users.SetUserInfo", username="olga", email="x") == DENIED


# --- SetUserInfo ----------------------------------------------------------------------------


def test_details_that_are_left_out_stay(box, admin):
    create(admin, email="a@example.org", displayName="Ann")
    assert admin.get("Users.SetUserInfo", username="ANN", displayName="Annie") == NO_ERROR
    assert admin.get("Users.SetUserInfo", username="ann") == NO_ERROR
    assert (box.user("ann").display_name, box.user("ann").email) == ("Annie", "a@example.org")


def test_without_a_name_the_details_are_one_s_own(box, admin):
    assert admin.get("Users.SetUserInfo", email="o@example.org") == NO_ERROR
    assert box.user("olga").email == "o@example.org"


def test_details_can_be_emptied(box, admin):
    create(admin, email="a@example.org")
    assert admin.get("Users.SetUserInfo", username="ann", email=None) == NO_ERROR
    assert box.user("ann").email == ""


def test_details_of_nobody_cannot_be_set(admin):
    assert admin.get("Users.SetUserInfo", username="nobody", email="x") == INVALID


def test_details_that_cannot_be_kept_are_refused(admin):
    assert admin.get("Users.SetUserInfo", displayName="x" * 1025) == BACKEND


# --- RemoveUser -----------------------------------------------------------------------------


def test_a_removed_user_is_gone_with_all_tokens(box, admin):
    box.add("ann")
    token = box.token("ann")
    assert admin.get("Users.RemoveUser", username="ANN") == NO_ERROR
    assert box.connect().hello(token)["authenticated"] is False


def test_nobody_cannot_be_removed(admin):
    assert admin.get("Users.RemoveUser", username="nobody") == INVALID


def test_the_last_user_editor_cannot_be_removed(box, admin):
    box.add("ann", Scope.ADMIN & ~Scope.USER_EDIT)
    assert admin.get("Users.RemoveUser", username="olga") == DENIED


def test_no_name_is_ever_read_as_a_query(box, admin):
    name = 'zzz" OR "1"="1'
    assert admin.get("Users.RemoveUser", username=name) == INVALID
    assert box.user("olga")
