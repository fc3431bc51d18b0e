"""The namespace Access: what a change would do."""

from datetime import timedelta

import pytest

from keystead.domain.effects import Effect, EffectKind
from keystead.domain.model import Scope
from keystead.nymea.catalogue import catalogue
from keystead.nymea.methods.access_simulation import AccessEffectKind, access_effect
from keystead.rpc.method import Kind
from tests.doubles import PASSWORD
from tests.nymea_box import Box, finish

OK = {"error": "AccessErrorNoError"}
FORBIDDEN = {"error": "AccessErrorForbidden"}
PLANT = {"name": "Objects.Plant", "isPrefix": True, "mayWrite": True}
NEW_PASSWORD = "Another-horse-2"


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def simulated(line, method, **params):
    return line.ask("Access.Simulate", {"method": method, "params": params})


def effects(line, method, **params):
    returned = simulated(line, method, **params)["params"]
    assert returned.pop("error") == "AccessErrorNoError"
    assert returned.pop("more") == 0
    return returned.pop("effects")


def in_short(found):
    return [
        (one["principal"], one["kind"].removeprefix("AccessEffectKind"), one["object"])
        for one in found
    ]


def trail(box):
    return finish(box.store.reader.audit_events(0, 1000))


def test_effects_have_the_names_of_the_wire(box, admin):
    box.add("ann")
    admin.get("Access.WriteGroup", name="crew", rights=["AccessRightDiag"], items=[PLANT])
    found = effects(admin, "Access.SetAccountRights", username="ann", groups=["crew"])
    assert found == [
        {
            "principal": "ann",
            "object": "crew",
            "kind": "AccessEffectKindGroup",
            "before": "no",
            "after": "yes",
        },
        {
            "principal": "ann",
            "object": "AccessRightDiag",
            "kind": "AccessEffectKindRight",
            "before": "no",
            "after": "yes",
        },
        {
            "principal": "ann",
            "object": "Objects.Plant",
            "kind": "AccessEffectKindItem",
            "before": "none",
            "after": "write",
            "isPrefix": True,
        },
    ]
    scopes = ["PermissionScopeControlThings"]
    told = effects(admin, "Users.SetUserScopes", username="ann", scopes=scopes)
    assert in_short(told) == [("ann", "Scope", "PermissionScopeControlThings")]


@pytest.mark.parametrize("kind", EffectKind)
def test_every_kind_has_a_name_of_its_own(kind):
    shown = access_effect(Effect("ann", "x", kind, "no", "yes")).kind
    assert shown == f"AccessEffectKind{kind.value.capitalize()}"
    assert shown in AccessEffectKind


def test_nothing_is_changed_announced_or_audited(box, admin):
    phone = box.user_line("ann")
    watching = box.greet(box.token("olga"))
    watching.subscribe("Users", "Access")
    users, tokens = admin.get("Access.GetAccounts"), box.tokens("ann")
    before = trail(box)
    found = effects(admin, "Users.ChangeUserPassword", username="ann", newPassword=NEW_PASSWORD)
    assert in_short(found) == [("ann", "Account", "password"), ("ann", "Token", "")]
    assert found[1]["tokenId"] == str(tokens[0].id)
    assert trail(box) == before
    assert watching.notifications() == []
    assert phone.get("Users.GetUserInfo")["userInfo"]["username"] == "ann"
    assert (admin.get("Access.GetAccounts"), box.tokens("ann")) == (users, tokens)
    finish(box.directory.journal.flush(box.clock() + timedelta(hours=1), last=True))
    assert len(trail(box)) == len(before)


def test_what_everybody_gains_comes_with_the_number_of_accounts(box, admin):
    box.add("ann")
    returned = simulated(admin, "Access.WriteGroup", name="anonymous", items=[PLANT])["params"]
    assert in_short(returned["effects"]) == [("anonymous", "Item", "Objects.Plant")]
    assert returned["accounts"] == 2


def test_a_change_that_would_be_refused_is_refused_so(box, admin):
    refused = simulated(admin, "Users.RemoveUser", username="olga")
    assert refused["params"] == {"error": "AccessErrorLastUserEditor"}
    unknown = simulated(admin, "Access.RemoveGroup", name="crew")
    assert unknown["params"] == {"error": "AccessErrorNoSuchGroup"}
    editor = box.user_line("ed", Scope.USER_EDIT)
    above = simulated(editor, "Access.SetAccountState", username="olga", enabled=False)
    assert above["params"] == {"error": "AccessErrorEscalation"}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.RemoveUser", {"user": "ann"}),
        ("Users.CreateUser", {"username": "x", "password": PASSWORD, "more": 1}),
        ("Access.WriteGroup", {"name": "crew", "items": [{"name": 1}]}),
        ("Access.CreateToken", {"deviceName": "x", "expires": -1}),
    ],
)
def test_parameters_are_objected_to_as_by_the_method_itself(admin, method, params):
    objection = admin.ask(method, params)
    assert objection["status"] == "error"
    assert simulated(admin, method, **params) | {"id": 0} == objection | {"id": 0}


@pytest.mark.parametrize(
    "method",
    [
        *("", "Nobody.Knows", "Access.Simulate", "JSONRPC.CreateUser", "JSONRPC.Authenticate"),
        *("Users.SetUserInfo", "Users.GetUsers", "Access.ClearLock"),
    ],
)
def test_other_methods_cannot_be_simulated(admin, method):
    reply = simulated(admin, method, username="x", password=PASSWORD)
    assert reply["status"] == "error"
    assert reply["error"] == f"Invalid params: '{method}' is no method to simulate"


@pytest.mark.clause("OWASP ASVS 5.0 8.2.1")
def test_whoever_may_not_call_a_method_may_not_simulate_it(box, admin):
    ann = box.user_line("ann", Scope.CONTROL_THINGS)
    assert simulated(ann, "Users.RemoveUser", username="olga")["params"] == FORBIDDEN
    assert simulated(ann, "Access.CreateToken", deviceName="x")["params"] == FORBIDDEN
    finish(box.directory.journal.flush(box.clock(), last=True))
    assert b"Access.Simulate" in trail(box)[-1].body


def test_users_who_look_after_themselves_simulate_what_they_may_do():
    box = Box(self_service=True)
    box.add("olga", Scope.ADMIN)
    ann = box.user_line("ann")
    found = effects(ann, "Access.CreateToken", deviceName="x", items=[PLANT])
    assert in_short(found) == [("ann", "Token", "")]
    assert "tokenId" not in found[0]
    assert simulated(ann, "Users.RemoveUser", username="olga")["params"] == FORBIDDEN
    others = simulated(ann, "Access.CreateToken", deviceName="x", username="olga")
    assert others["params"] == FORBIDDEN


def test_without_authentication_it_is_as_with_the_method_itself(box, admin):
    line = box.greet(authentication=False)
    assert in_short(effects(line, "Access.WriteGroup", name="crew")) == [("crew", "Group", "")]
    refused = simulated(line, "Users.ChangePassword", newPassword=NEW_PASSWORD)
    assert refused["params"] == {"error": "AccessErrorNotSignedIn"}
    assert not line.is_closed


def test_every_method_that_can_be_simulated_waits_and_can_refuse():
    simulable = [method for method in catalogue if method.simulable]
    assert len(simulable) == 13
    assert {method.kind for method in simulable} == {Kind.WAITING}
    assert all(method.refusable for method in simulable)
