"""Every method against everybody: who is let in; nymea 2.3, 2.5 and 4.3, design 5 and 8."""

import pytest

from keystead.domain.model import Scope
from keystead.nymea.catalogue import catalogue
from tests.doubles import PASSWORD
from tests.nymea_box import Box

UUID = "11111111-2222-3333-4444-555555555555"

# Each method with parameters that it takes, and who may call it when signed in.
ANYBODY, ADMINISTRATORS, USER_EDITORS, ONESELF = "anybody", "administrators", "editors", "self"
NEW = {"username": "new", "password": PASSWORD}
METHODS = {
    "Access.ChangeToken": ({"tokenId": UUID, "deviceName": "x"}, ONESELF),
    "Access.CheckAudit": ({}, ADMINISTRATORS),
    "Access.ClearLock": ({"username": "ann"}, USER_EDITORS),
    "Access.CreateToken": ({"deviceName": "x"}, ONESELF),
    "Access.Explain": ({"item": "Hall.Lamp"}, ANYBODY),
    "Access.GetAccount": ({}, ANYBODY),
    "Access.GetAccounts": ({}, USER_EDITORS),
    "Access.GetAuditEvents": ({}, ADMINISTRATORS),
    "Access.GetGroups": ({}, USER_EDITORS),
    "Access.GetLocks": ({}, USER_EDITORS),
    "Access.GetOwnTokens": ({}, ONESELF),
    "Access.GetSessions": ({}, USER_EDITORS),
    "Access.GetTokens": ({"username": "ann"}, USER_EDITORS),
    "Access.RemoveGroup": ({"name": "staff"}, USER_EDITORS),
    "Access.RotateToken": ({"tokenId": UUID}, ONESELF),
    "Access.SetAccountRights": ({"username": "ann"}, USER_EDITORS),
    "Access.SetAccountState": ({"username": "ann", "enabled": False}, USER_EDITORS),
    "Access.WriteGroup": ({"name": "staff"}, USER_EDITORS),
    "Access.ConfirmPairing": ({"transactionId": 1}, ADMINISTRATORS),
    "Access.CreateFirstUser": (NEW, ADMINISTRATORS),
    "Access.GetOwnState": ({}, ANYBODY),
    "Access.GetPairing": ({}, ADMINISTRATORS),
    "Access.GetServerState": ({}, ADMINISTRATORS),
    "Access.GetSetup": ({}, ANYBODY),
    "Access.RefusePairing": ({"transactionId": 1}, ADMINISTRATORS),
    "Access.Simulate": (
        {"method": "Users.RemoveUser", "params": {"username": "ann"}},
        ANYBODY,  # each method to simulate asks for what it asks for itself
    ),
    "Access.SignOut": ({}, ANYBODY),
    "JSONRPC.Authenticate": (
        {"username": "olga", "password": PASSWORD, "deviceName": ""},
        ANYBODY,
    ),
    "JSONRPC.CreateUser": (NEW, ADMINISTRATORS),
    "JSONRPC.Hello": ({}, ANYBODY),
    "JSONRPC.Introspect": ({}, ANYBODY),
    "JSONRPC.KeepAlive": ({"sessionId": "x"}, ANYBODY),
    "JSONRPC.RequestPushButtonAuth": ({"deviceName": "x"}, ANYBODY),
    "JSONRPC.SetNotificationStatus": ({}, ANYBODY),
    "JSONRPC.Version": ({}, ANYBODY),
    "Users.ChangePassword": ({"newPassword": "Another-horse-2"}, ONESELF),
    "Users.ChangeUserPassword": (
        {"username": "ann", "newPassword": "Another-horse-2"},
        USER_EDITORS,
    ),
    "Users.CreateUser": (NEW | {"scopes": []}, USER_EDITORS),
    "Users.GetTokens": ({}, ONESELF),
    "Users.GetUserInfo": ({}, ANYBODY),
    "Users.GetUserTokens": ({"username": "ann"}, USER_EDITORS),
    "Users.GetUsers": ({}, USER_EDITORS),
    "Users.RemoveToken": ({"tokenId": UUID}, ONESELF),
    "Users.RemoveUser": ({"username": "ann"}, USER_EDITORS),
    "Users.SetUserInfo": ({"email": "x"}, ONESELF),
    "Users.SetUserScopes": ({"username": "ann", "scopes": []}, USER_EDITORS),
}

# Who is let in without being signed in.
ALWAYS = {"Access.GetSetup", "JSONRPC.Hello", "JSONRPC.RequestPushButtonAuth"}
DURING_SET_UP = ALWAYS | {"Access.CreateFirstUser", "JSONRPC.CreateUser"}
AFTER_SET_UP = ALWAYS | {"JSONRPC.Authenticate"}

# On a listener without authentication: what asks for the current user, who is nobody.
NEEDS_CURRENT_USER = {
    "Access.Explain",
    "Access.GetAccount",
    "Access.GetOwnTokens",
    "Access.SignOut",
    "Users.ChangePassword",
    "Users.ChangeUserPassword",
    "Users.GetTokens",
    "Users.GetUserInfo",
    "Users.GetUserTokens",
    "Users.RemoveToken",
    "Users.SetUserInfo",
}

ADMIN = {Scope.ADMIN}
EDITORS = {Scope.ADMIN, Scope.USER_EDIT, Scope.ADMIN & ~Scope.DIAG}
EVERY_SCOPE = [
    *Scope.__members__.values(),
    Scope.ADMIN & ~Scope.DIAG,
    Scope.ADMIN & ~Scope.USER_EDIT,
]

every_method = pytest.mark.parametrize("method", METHODS)


def may(method, scopes, *, self_service):
    """Tell whether the specification lets somebody with *scopes* call *method*."""
    if method in AFTER_SET_UP:
        return True
    match METHODS[method][1]:
        case "anybody":
            return True
        case "administrators":
            return scopes in ADMIN
        case "editors":
            return scopes in EDITORS
        case "self":
            return self_service or scopes in EDITORS
        case kind:
            raise AssertionError(kind)


def call(line, method):
    return line.ask(method, METHODS[method][0], token=line.token)


def test_the_table_has_every_method():
    assert set(METHODS) == set(catalogue.methods)


@pytest.mark.clause("EN 18031-1 ACM-2", "IEC 62443-4-2 CR 2.1", "OWASP ASVS 5.0 8.2.1")
@every_method
@pytest.mark.parametrize("scopes", EVERY_SCOPE, ids=str)
@pytest.mark.parametrize("self_service", [False, True])
def test_whoever_is_signed_in_is_let_in_or_denied(method, scopes, self_service):
    box = Box(self_service=self_service)
    box.add("olga", Scope.ADMIN)
    box.add("ann")
    line = box.user_line("caller", scopes)
    reply = call(line, method)
    if may(method, scopes, self_service=self_service):
        assert reply["status"] == "success"
        assert reply["params"].get("error") != "UserErrorPermissionDenied"
    else:
        assert reply == {"error": "Permission denied.", "id": 2, "status": "error"}
    assert line.is_closed is (method == "Access.SignOut")  # which ends the connection


@pytest.mark.clause(
    "EN 18031-1 ACM-1", "EN 18031-1 AUM-1-1", "ETSI EN 303 645 5.5-5", "IEC 62443-4-2 CR 1.1"
)
@every_method
def test_whoever_is_not_signed_in_may_only_sign_in(method):
    box = Box()
    box.add("olga", Scope.ADMIN)
    line = box.greet()
    reply = call(line, method)
    if method in AFTER_SET_UP:
        assert reply["status"] == "success"
    else:
        assert (reply["status"], reply["error"]) == (
            "unauthorized",
            "Forbidden: Invalid token.",
        )
    assert line.is_closed is (method not in AFTER_SET_UP)


@pytest.mark.clause("OWASP ASVS 5.0 6.3.2")
@every_method
def test_before_the_set_up_everybody_may_only_set_up(method):
    line = Box().greet()
    reply = call(line, method)
    if method in DURING_SET_UP:
        assert reply["status"] == "success"
    else:
        assert reply["status"] == "unauthorized"
        assert reply["error"].startswith("Initial setup required.")
    assert line.is_closed is (method not in DURING_SET_UP)


@every_method
def test_without_authentication_everybody_is_let_in(method):
    box = Box()
    box.add("olga", Scope.ADMIN)
    box.add("ann")
    line = box.greet(authentication=False)
    reply = call(line, method)
    assert reply["status"] == "success"
    is_denied = reply["params"].get("error") in {
        "UserErrorPermissionDenied",
        "AccessErrorNotSignedIn",
    }
    assert is_denied is (method in NEEDS_CURRENT_USER)
    assert not line.is_closed


@pytest.mark.clause("IEC 62443-4-2 CR 1.2", "IEC 62443-4-2 CR 2.1 RE1", "OWASP ASVS 5.0 7.2.1")
@every_method
def test_a_token_that_was_revoked_lets_nobody_in(method):
    box = Box()
    box.add("olga", Scope.ADMIN)
    line = box.greet("revoked")
    line.token = "revoked"
    if method in AFTER_SET_UP:
        assert call(line, method)["status"] == "success"
    else:
        assert call(line, method)["status"] == "unauthorized"
        assert line.is_closed


@pytest.mark.clause("OWASP ASVS 5.0 8.1.1")
@every_method
@pytest.mark.parametrize("self_service", [False, True])
def test_the_introspection_names_a_scope_that_lets_in(method, self_service):
    box = Box(self_service=self_service)
    line = box.user_line("olga", Scope.ADMIN)
    told = line.get("JSONRPC.Introspect")["methods"][method]["permissionScope"]
    everybody = may(method, Scope.NONE, self_service=self_service)
    assert told == ("PermissionScopeNone" if everybody else "PermissionScopeAdmin")
