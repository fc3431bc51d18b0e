"""The namespace Access: tokens with their properties, who is signed in, who has to wait."""

from datetime import timedelta

import pytest

from keystead.domain.model import Scope
from keystead.domain.sessions import open_session
from tests.doubles import PASSWORD
from tests.nymea_box import SOURCE, Box, finish

OK = {"error": "AccessErrorNoError"}
ESCALATION = {"error": "AccessErrorEscalation"}
FORBIDDEN = {"error": "AccessErrorForbidden"}
NO_SUCH_TOKEN = {"error": "AccessErrorNoSuchToken"}
CONTROL = "PermissionScopeControlThings"
LAMP = "11111111-2222-3333-4444-555555555555"
DOOR = {"name": "Door", "isPrefix": False, "mayWrite": False}
NOBODY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def made(line, device_name="meter", **params):
    returned = line.get("Access.CreateToken", deviceName=device_name, **params)
    assert returned.pop("error") == "AccessErrorNoError"
    return returned["token"], returned["tokenId"]


def listed(line):
    return {one["id"]: one for one in line.get("Access.GetOwnTokens")["tokens"]}


def test_a_new_token_opens_the_directory_to_its_owner(box, admin):
    secret, token_id = made(admin)
    assert secret.startswith("kst_")
    assert box.connect().hello(secret)["username"] == "olga"
    assert listed(admin)[token_id] == {
        "id": token_id,
        "username": "olga",
        "deviceName": "meter",
        "kind": "AccessTokenKindDevice",
        "created": int(box.clock.now.timestamp()),
    }


def test_a_token_is_narrower_than_its_owner_where_it_is_limited(box, admin):
    limits = {"scopes": [CONTROL], "rights": ["AccessRightDiag"], "items": [DOOR]}
    secret, token_id = made(admin, allowedThingIds=[LAMP], **limits)
    shown = listed(admin)[token_id]
    assert (shown["scopes"], shown["rights"]) == ([CONTROL], ["AccessRightDiag"])
    assert shown["allowedThingIds"] == [LAMP]
    assert shown["items"] == [DOOR]
    narrow = box.connect()
    assert narrow.hello(secret)["permissionScopes"] == [CONTROL]
    user = narrow.get("Users.GetUserInfo")["userInfo"]
    assert (user["scopes"], user["allowedThingIds"]) == ([CONTROL], [LAMP])
    assert narrow.ask("Users.GetUsers")["error"] == "Permission denied."
    assert box.user("olga").scopes is Scope.ADMIN


def test_a_narrow_token_makes_none_that_is_wider_and_no_new_password(box, admin):
    secret, token_id = made(admin, rights=["AccessRightUserEdit"])
    _, other_id = made(admin)
    narrow = box.greet(secret)
    assert narrow.get("Access.CreateToken", deviceName="wider") == ESCALATION
    changed = narrow.get("Access.ChangeToken", tokenId=token_id, deviceName="wider")
    assert changed == ESCALATION
    assert narrow.get("Access.RotateToken", tokenId=other_id) == ESCALATION
    assert narrow.get("Users.RemoveToken", tokenId=other_id) == {
        "error": "UserErrorPermissionDenied"
    }
    refused = narrow.get("Users.ChangePassword", newPassword="Another-Long-7")
    assert refused == {"error": "UserErrorPermissionDenied"}
    made(narrow, rights=["AccessRightUserEdit"])
    made(narrow, rights=[])


def test_a_token_ends_when_it_was_told_to_and_so_does_its_connection(box, admin):
    end = box.clock.now + timedelta(minutes=1)
    secret, token_id = made(admin, expires=int(end.timestamp()))
    assert listed(admin)[token_id]["expires"] == int(end.timestamp())
    line = box.greet(secret)
    box.clock.now = end
    line.wait(60)
    assert line.is_closed
    assert box.connect().hello(secret)["authenticated"] is False


def test_a_token_ends_in_time_for_whoever_asks_without_a_pause_too(box, admin):
    end = box.clock.now + timedelta(minutes=1)
    secret, _ = made(admin, expires=int(end.timestamp()))
    line = box.greet(secret)
    assert line.ask("Users.GetUsers")["status"] == "success"

    box.now += 60  # nobody has had the time to tell the session
    (reply,) = line.send(line.request("Users.GetUsers") + line.request("Users.GetUserInfo"))

    assert reply["status"] == "unauthorized"
    assert line.is_closed


def test_a_token_cannot_have_expired_when_it_is_made(box, admin):
    now = int(box.clock.now.timestamp())
    refused = admin.get("Access.CreateToken", deviceName="meter", expires=now)
    assert refused == {"error": "AccessErrorExpiryInvalid"}


def test_what_is_changed_counts_at_once_for_whoever_is_signed_in(box, admin):
    secret, token_id = made(admin)
    line = box.greet(secret)
    assert line.ask("Users.GetUsers")["status"] == "success"
    change = {"tokenId": token_id, "deviceName": "display", "scopes": [CONTROL]}
    assert admin.get("Access.ChangeToken", **change) == OK
    assert line.ask("Users.GetUsers")["error"] == "Permission denied."
    assert listed(admin)[token_id]["deviceName"] == "display"
    assert admin.get("Access.ChangeToken", tokenId=token_id, deviceName="display") == OK
    assert line.ask("Users.GetUsers")["status"] == "success"


def test_an_old_secret_opens_nothing_once_there_is_a_new_one(box, admin):
    old, token_id = made(admin)
    line = box.greet(old)
    new = admin.get("Access.RotateToken", tokenId=token_id)["token"]
    assert line.is_closed
    assert box.connect().hello(old)["authenticated"] is False
    assert box.connect().hello(new)["authenticated"] is True
    assert token_id in listed(admin)


def test_who_manages_users_makes_and_sees_tokens_of_others(box, admin):
    ann = box.user_line("ann")
    secret, _ = made(admin, username="ann")
    assert box.connect().hello(secret)["username"] == "ann"
    assert len(admin.get("Access.GetTokens", username="ann")["tokens"]) == 2
    nobody = {"error": "AccessErrorNoSuchUser"}
    assert admin.get("Access.GetTokens", username="eve") == nobody
    assert admin.get("Access.CreateToken", deviceName="x", username="eve") == nobody
    assert ann.ask("Access.CreateToken", {"deviceName": "x"})["error"] == "Permission denied."


def test_who_manages_users_sees_the_tokens_of_everybody_at_once(box, admin):
    ann = box.user_line("ann")
    made(admin, username="ann")
    seen = admin.get("Access.GetTokens")["tokens"]
    assert [one["username"] for one in seen] == ["olga", "ann", "ann"]
    assert seen[1:] == admin.get("Access.GetTokens", username="ann")["tokens"]
    assert ann.ask("Access.GetTokens")["error"] == "Permission denied."


def test_with_self_service_users_look_after_their_own_tokens_only():
    box = Box(self_service=True)
    admin, ann = box.user_line("olga", Scope.ADMIN), box.user_line("ann")
    _, own_id = made(ann)
    _, of_admin = made(admin)
    change = {"deviceName": "x"}
    assert ann.get("Access.ChangeToken", tokenId=own_id, **change) == OK
    assert ann.get("Access.ChangeToken", tokenId=of_admin, **change) == FORBIDDEN
    assert ann.get("Access.RotateToken", tokenId=of_admin) == FORBIDDEN
    assert ann.get("Access.RotateToken", tokenId=NOBODY) == NO_SUCH_TOKEN
    assert ann.get("Access.CreateToken", deviceName="x", username="olga") == FORBIDDEN


def test_where_nobody_signs_in_there_are_no_own_tokens(box, admin):
    anybody = box.greet(authentication=False)
    assert anybody.get("Access.GetOwnTokens") == {"error": "AccessErrorNotSignedIn"}


def test_the_last_use_of_a_token_is_told_a_little_later(box, admin):
    secret, token_id = made(admin)
    box.greet(secret)
    finish(box.directory.journal.flush(box.clock.now))
    shown = listed(admin)[token_id]
    used = int(box.clock.now.timestamp())
    assert (shown["lastUsed"], shown["lastSource"]) == (used, SOURCE)


def test_everybody_who_is_signed_in_is_listed_with_where_from(box, admin):
    ann = box.user_line("ann")
    box.greet()
    sessions = admin.get("Access.GetSessions")["sessions"]
    assert {(s["username"], s["face"], s["source"]) for s in sessions} == {
        ("olga", "nymea", SOURCE),
        ("ann", "nymea", SOURCE),
    }
    assert str(ann.session.token_id) in {one["tokenId"] for one in sessions}
    ann.leave()
    assert len(admin.get("Access.GetSessions")["sessions"]) == 1


def guess(box, times):
    stranger = {"username": "Olga", "password": "Wrong-Word-1", "deviceName": "x"}
    return [box.greet().ask("JSONRPC.Authenticate", stranger) for _ in range(times)]


def test_whoever_guesses_has_to_wait_and_an_administrator_can_see_and_end_it(box, admin):
    *free, throttled = guess(box, 5)
    assert [reply["params"] for reply in free] == [{"success": False}] * 4
    assert (throttled["status"], throttled["retryAfter"]) == ("error", 1)
    (lock,) = admin.get("Access.GetLocks")["locks"]
    assert (lock["username"], lock["source"], lock["failures"]) == ("olga", SOURCE, 4)
    assert lock["until"] > int(box.clock.now.timestamp())
    assert admin.get("Access.ClearLock", username="OLGA", source="192.0.2.9") == {"cleared": 0}
    assert admin.get("Access.ClearLock", username="OLGA")["cleared"] > 0
    assert admin.get("Access.GetLocks") == {"locks": []}
    assert guess(box, 1)[0]["params"] == {"success": False}


def test_a_session_of_a_web_page_cannot_be_made_to_last(box, admin):
    key = finish(open_session(box.directory, "olga", PASSWORD, "page"))
    token_id = str(key.principal.token_id)
    assert listed(admin)[token_id]["kind"] == "AccessTokenKindSession"
    change = {"tokenId": token_id, "deviceName": "page"}
    assert admin.get("Access.ChangeToken", **change) == {"error": "AccessErrorExpiryInvalid"}
    assert admin.get("Access.RotateToken", tokenId=token_id) == NO_SUCH_TOKEN
