"""Who is told of changes to users, when, and under what numbers; nymea 2.10, design 8."""

import pytest

from keystead.domain import accounts
from keystead.domain.model import OWNER, PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import pair
from tests.doubles import PASSWORD
from tests.nymea_box import Box, finish


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    """An administrator's connection that is told of users."""
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("Users")
    return line


def names(line):
    return [message["notification"] for message in line.notifications()]


def rename(box, name, display_name="Somebody"):
    finish(accounts.set_details(box.directory, OWNER, name, display_name, None))


# --- what is announced ----------------------------------------------------------------------


def test_a_new_user_is_announced_before_the_reply(admin):
    params = {
        "username": "Ann",
        "password": PASSWORD,
        "email": "ann@example.org",
        "displayName": "Ann A.",
        "scopes": ["PermissionScopeControlThings"],
    }
    told, reply = admin.send(admin.request("Users.CreateUser", params))
    assert told == {
        "id": 1,
        "notification": "Users.UserAdded",
        "params": {
            "userInfo": {
                "allowedThingIds": [],
                "displayName": "Ann A.",
                "email": "ann@example.org",
                "scopes": ["PermissionScopeControlThings"],
                "username": "ann",
            }
        },
    }
    assert reply["params"] == {"error": "UserErrorNoError"}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.SetUserScopes", {"username": "ANN", "scopes": []}),
        ("Users.SetUserInfo", {"username": "ann", "email": "a@example.org"}),
    ],
)
def test_a_changed_user_is_announced_before_the_reply(box, admin, method, params):
    box.add("ann")
    admin.read()
    told, reply = admin.send(admin.request(method, params))
    assert told["notification"] == "Users.UserChanged"
    assert told["params"]["userInfo"]["username"] == "ann"
    assert reply["status"] == "success"


def test_a_removed_user_is_announced_in_lower_case_before_the_reply(box, admin):
    box.add("Ann")
    admin.read()
    told, reply = admin.send(admin.request("Users.RemoveUser", {"username": "ANN"}))
    assert (told["notification"], told["params"]) == ("Users.UserRemoved", {"username": "ann"})
    assert reply["status"] == "success"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.ChangePassword", {"newPassword": "Another-horse-2"}),
        ("Users.ChangeUserPassword", {"username": "ann", "newPassword": "Another-horse-2"}),
        ("Users.CreateUser", {"username": "ann", "password": PASSWORD}),
    ],
)
def test_passwords_and_refusals_are_not_announced(box, admin, method, params):
    box.add("ann")
    admin.notifications()
    admin.ask(method, params)
    assert admin.notifications() == []


def test_tokens_are_not_announced(box, admin):
    box.add("ann")
    admin.notifications()
    box.greet().sign_in("ann")
    admin.get("Users.RemoveToken", tokenId=str(box.tokens("ann")[0].id))
    assert admin.notifications() == []


def test_a_stronger_hash_is_not_announced(box, admin):
    box.hasher.generation += 1
    box.greet().sign_in("olga")
    assert admin.notifications() == []


def test_the_nameless_account_of_paired_devices_is_not_announced(box, admin):
    finish(pair(box.directory, "phone"))
    assert box.user(PUSH_BUTTON_USER)
    assert admin.notifications() == []


def test_changes_from_elsewhere_are_announced(box, admin):
    finish(accounts.remove_user(box.directory, OWNER, box.add("ann").name))
    assert names(admin) == ["Users.UserAdded", "Users.UserRemoved"]


# --- to whom --------------------------------------------------------------------------------


def test_whoever_has_not_subscribed_is_told_nothing(box):
    line = box.user_line("olga", Scope.ADMIN)
    box.add("ann")
    assert line.notifications() == []


def test_every_subscriber_is_told_the_same(box, admin):
    other = box.user_line("peter", Scope.USER_EDIT)
    other.subscribe("Users")
    admin.notifications()
    box.add("ann")
    assert other.notifications() == admin.notifications() != []


def test_subscribers_without_the_right_to_manage_users_are_told_nothing_of_others(box):
    line = box.user_line("ann", Scope.ADMIN & ~Scope.USER_EDIT)
    line.subscribe("Users")
    bob = box.add("bob", Scope.ADMIN)
    box.add("eve", Scope.ADMIN)
    rename(box, bob.name)
    finish(accounts.remove_user(box.directory, OWNER, bob.name))
    assert line.notifications() == []


def test_subscribers_are_told_of_their_own_changes(box):
    line = box.user_line("ann")
    line.subscribe("Users")
    rename(box, "ann", "Annie")
    (told,) = line.notifications()
    assert told["notification"] == "Users.UserChanged"
    assert told["params"]["userInfo"]["displayName"] == "Annie"


def test_whoever_gains_the_right_by_a_change_is_told_of_it(box):
    line = box.user_line("ann")
    line.subscribe("Users")
    finish(accounts.set_scopes(box.directory, OWNER, "ann", Scope.ADMIN))
    box.add("bob")
    assert names(line) == ["Users.UserChanged", "Users.UserAdded"]


def test_whoever_loses_the_right_by_a_change_is_told_of_it_and_of_nothing_after_it(box, admin):
    box.add("peter", Scope.ADMIN)
    admin.notifications()
    finish(accounts.set_scopes(box.directory, OWNER, "olga", Scope.NONE))
    box.add("bob")
    assert names(admin) == ["Users.UserChanged"]


def test_whoever_is_signed_out_by_a_change_is_not_told_of_it(box, admin):
    box.add("peter", Scope.ADMIN)
    admin.notifications()
    finish(accounts.remove_user(box.directory, OWNER, "olga"))
    assert admin.notifications() == []


def test_a_subscription_outlasts_a_sign_in(box, admin):
    box.add("ann")
    admin.hello()
    box.add("bob")
    admin.sign_in("olga")
    admin.notifications()
    box.add("eve")
    assert names(admin) == ["Users.UserAdded"]


def test_a_subscriber_who_has_signed_out_is_told_nothing(box, admin):
    admin.hello()
    box.add("ann")
    assert admin.notifications() == []


def test_a_connection_that_is_gone_is_told_nothing(box, admin):
    admin.leave()
    box.add("ann")
    assert admin.notifications() == []


def test_a_connection_that_is_gone_does_not_subscribe_with_what_it_sent_before(box):
    line = box.user_line("olga", Scope.ADMIN)
    line.start("Users.SetUserInfo", {"displayName": "Olga O."})
    line.session.receive(
        [line.request("JSONRPC.SetNotificationStatus", {"namespaces": ["Users"]})]
    )
    line.leave()
    line.end()
    assert not box.face.subscribers


# --- under what numbers ---------------------------------------------------------------------


def test_announcements_are_numbered_whoever_is_told(box):
    box.add("ann")
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("Users")
    box.add("bob")
    box.add("eve")
    assert [message["id"] for message in line.notifications()] == [2, 3]


# --- subscriptions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "namespaces"),
    [
        ({}, []),
        ({"namespaces": []}, []),
        ({"namespaces": ["Users"]}, ["Users"]),
        ({"namespaces": ["Users", "Nope", "JSONRPC", "Users"]}, ["JSONRPC", "Users"]),
        ({"namespaces": ["users"]}, []),
        ({"namespaces": "Users"}, ["Users"]),
        ({"namespaces": None}, []),
        ({"enabled": True}, ["Access", "JSONRPC", "Users"]),
        ({"enabled": "true"}, ["Access", "JSONRPC", "Users"]),
        ({"enabled": True, "namespaces": []}, ["Access", "JSONRPC", "Users"]),
        ({"enabled": False, "namespaces": ["Users"]}, []),
    ],
)
def test_a_subscription_tells_what_it_is_now(admin, params, namespaces):
    assert admin.get("JSONRPC.SetNotificationStatus", **params) == {
        "namespaces": namespaces,
        "enabled": bool(namespaces),
    }


@pytest.mark.parametrize("params", [{}, {"namespaces": ["JSONRPC"]}, {"enabled": False}])
def test_every_subscription_replaces_the_one_before(box, admin, params):
    admin.get("JSONRPC.SetNotificationStatus", **params)
    box.add("ann")
    assert admin.notifications() == []
