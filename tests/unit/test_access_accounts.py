"""The namespace Access: the state of accounts, groups, rights on items, and why."""

from datetime import timedelta

import pytest

from keystead.domain.model import Scope
from keystead.domain.refusal import Reason
from keystead.nymea.access_types import AccessError, access_error
from tests.doubles import PASSWORD
from tests.nymea_box import Box

OK = {"error": "AccessErrorNoError"}
FORBIDDEN = {"error": "AccessErrorForbidden"}
PLANT = {"name": "Objects.Plant", "isPrefix": True, "mayWrite": True}
DOOR = {"name": "Door", "isPrefix": False, "mayWrite": False}


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


@pytest.fixture
def ann(box):
    """Somebody without any right."""
    return box.user_line("ann")


def denied(line, method, **params):
    return line.ask(method, params) | {"id": 0} == {
        "id": 0,
        "status": "error",
        "error": "Permission denied.",
    }


def seconds(moment):
    return int(moment.timestamp())


def test_every_reason_has_a_word_of_its_own():
    words = {str(access_error(reason)) for reason in (None, *Reason)}
    assert words == set(AccessError) == {str(word) for word in AccessError}
    assert len(words) == len(Reason) + 1


def test_accounts_are_listed_with_all_that_belongs_to_them(box, admin, ann):
    admin.get("Access.WriteGroup", name="crew", rights=["AccessRightDiag"])
    admin.get(
        "Access.SetAccountRights",
        username="ann",
        rights=["AccessRightEditor"],
        groups=["crew"],
        items=[PLANT],
    )
    olga, listed = admin.get("Access.GetAccounts")["accounts"]
    assert olga["username"] == "olga"
    assert listed == {
        "username": "ann",
        "displayName": "",
        "email": "",
        "scopes": [],
        "rights": ["AccessRightEditor"],
        "allowedThingIds": [],
        "groups": ["crew"],
        "items": [PLANT],
        "hasPassword": True,
        "enabled": True,
    }
    assert admin.get("Access.GetAccount", username="ANN") == OK | {"account": listed}
    assert ann.get("Access.GetAccount") == OK | {"account": listed}


def test_who_may_not_change_users_sees_their_own_account_only(admin, ann):
    assert ann.get("Access.GetAccount", username="Ann")["error"] == OK["error"]
    assert ann.get("Access.GetAccount", username="olga") == FORBIDDEN
    assert ann.get("Access.GetAccount", username="nobody") == FORBIDDEN
    assert admin.get("Access.GetAccount", username="nobody") == {
        "error": "AccessErrorNoSuchUser"
    }
    assert denied(ann, "Access.GetAccounts")


def test_where_nobody_signs_in_an_account_must_be_named(box, ann):
    anybody = box.greet(authentication=False)
    assert anybody.ask("Access.GetAccount")["status"] == "success"
    assert anybody.get("Access.GetAccount") == {"error": "AccessErrorNotSignedIn"}
    assert anybody.get("Access.GetAccount", username="ann")["error"] == OK["error"]


def test_an_account_that_is_switched_off_is_signed_out_and_cannot_come_back(box, admin, ann):
    token = ann.token
    state = {"username": "ann", "enabled": False}
    assert admin.get("Access.SetAccountState", **state) == OK
    assert ann.is_closed
    assert box.connect().hello(token)["authenticated"] is False
    failed = box.greet().get(
        "JSONRPC.Authenticate", username="ann", password=PASSWORD, deviceName="tablet"
    )
    assert failed == {"success": False}
    assert admin.get("Access.GetAccount", username="ann")["account"]["enabled"] is False
    assert admin.get("Access.SetAccountState", **state | {"enabled": True}) == OK
    assert box.connect().hello(token)["authenticated"] is True


def test_an_account_opens_something_from_its_beginning_until_its_end(box, admin, ann):
    now = box.clock.now
    begin, end = now + timedelta(hours=1), now + timedelta(hours=2)
    bounds = {"validSince": seconds(begin), "validUntil": seconds(end)}
    token = ann.token
    assert admin.get("Access.SetAccountState", username="ann", enabled=True, **bounds) == OK
    assert ann.is_closed
    shown = admin.get("Access.GetAccount", username="ann")["account"]
    assert {key: shown[key] for key in bounds} == bounds
    found = []
    for moment in (begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end):
        box.clock.now = moment
        found.append(box.connect().hello(token)["authenticated"])
    assert found == [False, True, True, False]


def test_whoever_is_signed_in_when_the_account_ends_is_signed_out(box, admin, ann):
    end = box.clock.now + timedelta(minutes=1)
    admin.get("Access.SetAccountState", username="ann", enabled=True, validUntil=seconds(end))
    assert not ann.is_closed
    box.clock.now = end
    ann.wait(60)
    assert ann.is_closed


def test_an_account_cannot_end_before_it_begins(box, admin, ann):
    now = seconds(box.clock.now)
    refused = admin.get(
        "Access.SetAccountState", username="ann", enabled=True, validSince=now, validUntil=now
    )
    assert refused == {"error": "AccessErrorNotYetValid"}
    assert not ann.is_closed


def test_nobody_bars_themselves_or_the_last_who_can_change_users(box, admin):
    state = {"username": "olga", "enabled": False}
    assert admin.get("Access.SetAccountState", **state) == {"error": "AccessErrorOwnAccount"}
    owner = box.greet(authentication=False)
    last = {"error": "AccessErrorLastUserEditor"}
    assert owner.get("Access.SetAccountState", **state) == last
    assert not admin.is_closed


def test_rights_groups_and_rules_that_are_left_out_stay(admin, ann):
    admin.get("Access.WriteGroup", name="crew")
    everything = {"rights": ["AccessRightDiag"], "groups": ["crew"], "items": [DOOR]}
    admin.get("Access.SetAccountRights", username="ann", **everything)
    admin.get("Access.SetAccountRights", username="ann", rights=["AccessRightEditor"])
    shown = admin.get("Access.GetAccount", username="ann")["account"]
    kept = everything | {"rights": ["AccessRightEditor"]}
    assert {key: shown[key] for key in everything} == kept
    admin.get("Access.SetAccountRights", username="ann", groups=[], items=[])
    shown = admin.get("Access.GetAccount", username="ann")["account"]
    assert (shown["rights"], shown["groups"], shown["items"]) == (["AccessRightEditor"], [], [])


def test_nobody_is_made_by_giving_rights(admin):
    refused = admin.get("Access.SetAccountRights", username="eve", rights=[])
    assert refused == {"error": "AccessErrorNoSuchUser"}
    assert [one["username"] for one in admin.get("Access.GetAccounts")["accounts"]] == ["olga"]


def test_groups_are_written_listed_and_removed(admin):
    assert admin.get("Access.WriteGroup", name="crew", items=[DOOR, PLANT]) == OK
    everybody, crew = admin.get("Access.GetGroups")["groups"]
    assert everybody == {"name": "anonymous", "rights": [], "items": []}
    assert crew == {"name": "crew", "rights": [], "items": [DOOR, PLANT]}
    admin.get("Access.WriteGroup", name="crew", rights=["AccessRightDiag"])
    changed = admin.get("Access.GetGroups")["groups"][1]
    assert changed == crew | {"rights": ["AccessRightDiag"]}
    assert admin.get("Access.RemoveGroup", name="crew") == OK
    assert admin.get("Access.RemoveGroup", name="crew") == {"error": "AccessErrorNoSuchGroup"}


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("Door", "Expected a list of ItemRule"),
        ([{"isPrefix": True}], "Expected a list of ItemRule"),
        ([DOOR | {"mayRead": True}], "Expected a list of ItemRule"),
        ([DOOR | {"mayWrite": "true"}], "Expected a list of ItemRule"),
    ],
)
def test_a_rule_that_is_none_is_refused_as_a_whole(admin, rules, complaint):
    reply = admin.ask("Access.WriteGroup", {"name": "crew", "items": rules})
    assert reply["status"] == "error"
    assert reply["error"].startswith(f"Invalid params: {complaint}")
    assert len(admin.get("Access.GetGroups")["groups"]) == 1


@pytest.mark.parametrize("date", [True, 1.5, "1", "", -1, 253_402_300_800, 10**20, []])
def test_a_time_is_a_whole_number_of_seconds_in_range(admin, ann, date):
    state = {"username": "ann", "enabled": True, "validUntil": date}
    reply = admin.ask("Access.SetAccountState", state)
    assert (reply["status"], reply["error"][:14]) == ("error", "Invalid params")
    assert "validUntil" not in admin.get("Access.GetAccount", username="ann")["account"]


def test_an_explanation_tells_the_rules_that_spoke_and_whose_they_are(admin, ann):
    admin.get("Access.WriteGroup", name="crew", items=[DOOR | {"mayWrite": True}])
    admin.get("Access.SetAccountRights", username="ann", groups=["crew"], items=[DOOR])
    told = admin.get("Access.Explain", username="ann", item="Door", write=True)
    assert told == OK | {
        "allowed": True,
        "isAdmin": False,
        "isValid": True,
        "spoken": [
            {"rule": DOOR},
            {"rule": DOOR | {"mayWrite": True}, "group": "crew"},
        ],
    }
    assert ann.get("Access.Explain", item="Door", write=True) == told
    assert ann.get("Access.Explain", item="Window")["allowed"] is False


def test_everybody_signed_in_may_ask_about_whoever_is_not(box, admin, ann):
    admin.get("Access.WriteGroup", name="anonymous", items=[DOOR])
    assert ann.get("Access.Explain", username="anonymous", item="Door")["allowed"] is True
    assert ann.get("Access.Explain", username="olga", item="Door") == FORBIDDEN
    unknown = admin.get("Access.Explain", username="eve", item="Door")
    assert unknown == {"error": "AccessErrorNoSuchUser"}


def test_an_account_that_is_not_valid_may_do_nothing_whatever_its_rules_say(admin, ann):
    admin.get("Access.SetAccountRights", username="ann", items=[DOOR])
    admin.get("Access.SetAccountState", username="ann", enabled=False)
    told = admin.get("Access.Explain", username="ann", item="Door")
    assert (told["allowed"], told["isValid"]) == (False, False)
    assert told["spoken"] == [{"rule": DOOR}]


def test_a_lesser_user_editor_gives_and_bars_no_more_than_they_hold(box, admin):
    editor = box.user_line("tani", Scope.USER_EDIT)
    box.add("bob", Scope.CONTROL_THINGS)
    escalation = {"error": "AccessErrorEscalation"}
    state = {"username": "bob", "enabled": False}
    assert editor.get("Access.SetAccountState", **state) == escalation
    assert editor.get("Access.WriteGroup", name="crew", items=[DOOR]) == escalation
    assert (
        editor.get("Access.WriteGroup", name="crew", rights=["AccessRightDiag"]) == escalation
    )
    assert box.user("bob").validity.enabled
