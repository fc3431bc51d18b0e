"""The setting that lets users look after their own account; design section 8."""

import pytest

from keystead.domain.model import Scope
from tests.doubles import PASSWORD
from tests.nymea_box import Box

NO_ERROR = {"error": "UserErrorNoError"}
DENIED = {"error": "UserErrorPermissionDenied"}
OPENED = {
    "Access.ChangeToken",
    "Access.CreateToken",
    "Access.GetOwnTokens",
    "Access.RotateToken",
    "Users.ChangePassword",
    "Users.GetTokens",
    "Users.RemoveToken",
    "Users.SetUserInfo",
}


@pytest.fixture
def box():
    box = Box(self_service=True)
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def ann(box):
    return box.user_line("ann")


def scopes_told(line):
    methods = line.get("JSONRPC.Introspect")["methods"]
    return {name: method["permissionScope"] for name, method in methods.items()}


def test_the_introspection_says_so(ann):
    box = Box()
    usual = scopes_told(box.user_line("ann"))
    opened = scopes_told(ann)
    assert {name for name in usual if usual[name] != opened[name]} == OPENED
    assert {usual[name] for name in OPENED} == {"PermissionScopeAdmin"}
    assert {opened[name] for name in OPENED} == {"PermissionScopeNone"}


@pytest.mark.clause("ETSI EN 303 645 5.1-4")
def test_users_may_change_their_own_password(box, ann):
    assert ann.get("Users.ChangePassword", newPassword="Another-horse-2") == NO_ERROR
    line = box.greet()
    assert line.sign_in("ann", "Another-horse-2")


def test_users_may_list_and_remove_their_own_tokens(box, ann):
    box.token("ann", "a lost phone")
    listed = ann.get("Users.GetTokens")["tokenInfoList"]
    assert [token["deviceName"] for token in listed] == ["a phone", "a lost phone"]
    assert ann.get("Users.RemoveToken", tokenId=listed[1]["id"]) == NO_ERROR
    assert len(box.tokens("ann")) == 1


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
def test_users_may_not_remove_tokens_of_others(box, ann):
    box.token("olga")
    assert ann.get("Users.RemoveToken", tokenId=str(box.tokens("olga")[0].id)) == DENIED
    assert len(box.tokens("olga")) == 1


@pytest.mark.parametrize("name", [None, "ann", "ANN"])
def test_users_may_change_their_own_details(box, ann, name):
    named = {} if name is None else {"username": name}
    assert ann.get("Users.SetUserInfo", displayName="Annie", **named) == NO_ERROR
    assert box.user("ann").display_name == "Annie"


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
@pytest.mark.parametrize("name", ["olga", "nobody", ""])
def test_users_may_not_change_details_of_others(box, ann, name):
    assert ann.get("Users.SetUserInfo", username=name, displayName="Annie") == DENIED


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.GetUsers", {}),
        ("Users.GetUserTokens", {"username": "ann"}),
        ("Users.ChangeUserPassword", {"username": "ann", "newPassword": PASSWORD}),
        ("Users.RemoveUser", {"username": "ann"}),
        ("Users.SetUserScopes", {"username": "ann", "scopes": []}),
        ("Users.CreateUser", {"username": "bob", "password": PASSWORD}),
        ("JSONRPC.CreateUser", {"username": "bob", "password": PASSWORD}),
    ],
)
def test_nothing_else_is_opened(ann, method, params):
    assert ann.ask(method, params)["error"] == "Permission denied."


@pytest.mark.parametrize("method", sorted(OPENED))
def test_without_the_setting_users_may_not_look_after_themselves(method):
    line = Box().user_line("ann")
    assert line.ask(method)["error"] == "Permission denied."
