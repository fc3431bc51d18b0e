"""The namespace Access: what a page shows of whoever is signed in, and of the server."""

from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.model import PUSH_BUTTON_USER, Scope, Validity
from keystead.domain.passwords import PasswordProfile
from keystead.domain.sessions import open_session
from keystead.nymea.face import Identity
from tests.doubles import PASSWORD
from tests.nymea_box import Box, finish

ALL_RIGHTS = ["AccessRightUserEdit", "AccessRightEditor", "AccessRightDiag"]
CONTROL = "PermissionScopeControlThings"


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def state(line):
    return line.get("Access.GetServerState")


def test_an_administrator_sees_what_they_may_do_and_with_which_token(box, admin):
    found = admin.get("Access.GetOwnState")
    assert found.pop("scopes")[-1] == "PermissionScopeAdmin"
    [token] = box.tokens("olga")
    assert found == {
        "username": "olga",
        "rights": ALL_RIGHTS,
        "ownAccount": True,
        "tokenId": str(token.id),
    }


@pytest.mark.parametrize("self_service", [False, True])
def test_own_account_is_what_the_setting_opens(self_service):
    line = Box(self_service=self_service).user_line("ann", Scope.CONTROL_THINGS)
    found = line.get("Access.GetOwnState")
    assert (found["ownAccount"], found["rights"]) == (self_service, [])
    assert found["scopes"] == [CONTROL]


def test_what_groups_give_and_what_the_token_lacks_is_counted(box, admin):
    admin.get("Access.WriteGroup", name="office", rights=["AccessRightUserEdit"])
    line = box.user_line("ann", Scope.CONTROL_THINGS)
    admin.get("Access.SetAccountRights", username="ann", groups=["office"])
    assert line.get("Access.GetOwnState")["rights"] == ["AccessRightUserEdit"]
    limited = admin.get("Access.CreateToken", deviceName="meter", scopes=[CONTROL])["token"]
    found = box.greet(limited).get("Access.GetOwnState")
    assert (found["scopes"], found["rights"], found["ownAccount"]) == ([CONTROL], [], False)


def test_where_nobody_signs_in_everybody_may_do_everything_and_is_nobody(box):
    found = box.greet(authentication=False).get("Access.GetOwnState")
    assert (found["username"], found["rights"], found["ownAccount"]) == ("", ALL_RIGHTS, False)
    assert "tokenId" not in found


def test_signing_out_ends_this_token_for_good_and_no_other(box, admin):
    line = box.user_line("ann")
    other = box.greet(box.token("ann", "tablet"))
    token = line.token
    assert line.get("Access.SignOut") == {"error": "AccessErrorNoError"}
    assert line.is_closed
    assert box.connect().hello(token)["authenticated"] is False
    assert [one.device_name for one in box.tokens("ann")] == ["tablet"]
    assert other.get("Access.GetOwnState")["username"] == "ann"
    finish(box.directory.journal.flush(box.clock.now, last=True))
    [told] = admin.get("Access.GetAuditEvents", action="sign-out")["events"]
    assert (told["author"], told["object"]) == ("ann", "ann")


def test_where_nobody_is_signed_in_nobody_signs_out(box):
    line = box.greet(authentication=False)
    assert line.get("Access.SignOut") == {"error": "AccessErrorNotSignedIn"}
    assert not line.is_closed


def test_a_server_that_needs_nothing_says_so():
    box = Box(profile=PasswordProfile.NIST)
    admin = box.user_line("olga", Scope.ADMIN)
    box.add("ann", Scope.USER_EDIT)
    assert state(admin) == {
        "plainListeners": [],
        "passwordProfile": "nist",
        "hasSecondEditor": True,
        "unusedTokens": 0,
    }


def test_listeners_without_encryption_are_named(box, admin):
    urls = ("http://*:8080",)
    box.face.identity = Identity("The box", UUID(int=1), "1", plain_listeners=urls)
    assert state(admin)["plainListeners"] == ["http://*:8080"]


@pytest.mark.parametrize(
    ("scopes", "details"),
    [
        (Scope.ADMIN & ~Scope.USER_EDIT, {}),
        (Scope.ADMIN, {"validity": Validity(enabled=False)}),
    ],
)
def test_who_cannot_change_users_or_cannot_get_in_is_no_second_administrator(
    box, admin, scopes, details
):
    box.add("ann", scopes, **details)
    assert state(admin)["hasSecondEditor"] is False


def test_an_account_without_a_password_is_no_second_administrator(box, admin):
    box.add(PUSH_BUTTON_USER, Scope.ADMIN)
    assert state(admin)["hasSecondEditor"] is False


def test_a_member_of_a_group_that_changes_users_is_a_second_administrator(box, admin):
    admin.get("Access.WriteGroup", name="office", rights=["AccessRightUserEdit"])
    box.add("ann")
    assert state(admin)["hasSecondEditor"] is False
    admin.get("Access.SetAccountRights", username="ann", groups=["office"])
    assert state(admin)["hasSecondEditor"] is True


def test_devices_that_were_away_for_90_days_are_counted_and_others_are_not(box, admin):
    box.add("ann")
    box.token("ann", "lost")
    box.clock.now += timedelta(days=90)
    assert state(admin)["unusedTokens"] == 0
    box.clock.now += timedelta(seconds=1)
    used = box.token("ann", "used")
    assert box.greet(used).get("Access.GetOwnState")["username"] == "ann"
    admin = box.greet(box.token("olga"))
    finish(box.directory.journal.flush(box.clock.now, last=True))
    assert state(admin)["unusedTokens"] == 2


def test_sessions_of_web_pages_are_no_devices(box, admin):
    box.add("ann")
    finish(open_session(box.directory, "ann", PASSWORD, "page"))
    box.clock.now += timedelta(days=91)
    assert state(admin)["unusedTokens"] == 1  # the one of olga
