"""The namespace Access: who is told that an account, a group or a token is not as it was."""

import pytest

from keystead.domain import accounts, groups
from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.groups import GroupDraft
from keystead.domain.model import OWNER, Scope
from keystead.domain.pairing import pair
from keystead.nymea.access_news import news
from tests.conformance.samples import ANN, GUESTS, TABLET
from tests.doubles import NOON, PASSWORD
from tests.nymea_box import Box, finish

ACCOUNT, GROUP, TOKENS = "Access.AccountChanged", "Access.GroupChanged", "Access.TokensChanged"
CHANGES: dict[str, tuple[Change, str | None]] = {
    "a new account": (UserAdded(ANN, None), ACCOUNT),
    "other details": (UserChanged(ANN), ACCOUNT),
    "a removed account": (UserRemoved(ANN), ACCOUNT),
    "other groups": (MembershipsChanged(ANN, ()), ACCOUNT),
    "other rules": (UserItemsChanged(ANN, ()), ACCOUNT),
    "another password": (PasswordChanged(ANN.id, "x"), ACCOUNT),
    "a stronger hash": (PasswordRehashed(ANN.id, "x"), None),
    "a token": (TokenAdded(TABLET, b"x" * 32), TOKENS),
    "a changed token": (TokenChanged(TABLET), TOKENS),
    "a rotated token": (TokenRotated(ANN.id, TABLET.id, b"x" * 32), TOKENS),
    "a removed token": (TokenRemoved(ANN.id, TABLET.id), TOKENS),
    "a session that is used": (TokenExtended(ANN.id, TABLET.id, NOON), None),
    "a new group": (GroupAdded(GUESTS), GROUP),
    "a changed group": (GroupChanged(GUESTS), GROUP),
    "other rules of a group": (GroupItemsChanged(GUESTS, ()), GROUP),
    "a removed group": (GroupRemoved(GUESTS), GROUP),
}


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    """An administrator's connection that is told of everything in the namespace."""
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("Access")
    return line


def told(line):
    """Give what *line* was told of whom."""
    return [
        (one["notification"], *one["params"].values())
        for one in line.notifications()
        if one["notification"].startswith("Access.")
    ]


def announced(*changes):
    return [one.name for one in news(changes, {ANN.id: ANN.name}.get)]


@pytest.mark.parametrize(("change", "name"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_as_what_it_is_about(change, name):
    assert announced(change) == ([name] if name else [])


def test_each_thing_is_told_once_for_a_commit():
    changes = [change for change, _ in CHANGES.values()]
    assert announced(*changes) == [ACCOUNT, TOKENS, GROUP]


@pytest.mark.parametrize("change", ["another password", "a removed token"])
def test_of_a_user_who_is_gone_nothing_more_is_told(change):
    assert list(news([CHANGES[change][0]], lambda _: None)) == []


def test_whoever_manages_users_is_told_before_the_reply(admin):
    params = {"username": "ann", "password": PASSWORD}
    first, reply = admin.send(admin.request("Users.CreateUser", params))
    assert first == {"id": 0, "notification": ACCOUNT, "params": {"username": "ann"}}
    assert reply["params"] == {"error": "UserErrorNoError"}


def test_names_are_those_under_which_accounts_are_listed(box, admin):
    box.add("Ann")
    finish(accounts.reset_password(box.directory, OWNER, "ann", "Another-horse-2"))
    finish(pair(box.directory, "phone"))
    assert told(admin) == [(ACCOUNT, "Ann"), (ACCOUNT, "Ann"), (ACCOUNT, ""), (TOKENS, "")]
    listed = admin.get("Access.GetAccounts")["accounts"]
    assert {"Ann", ""} < {account["username"] for account in listed}


def test_a_new_password_that_ends_tokens_tells_of_both(box, admin):
    box.add("ann")
    box.token("ann")
    admin.notifications()
    finish(accounts.reset_password(box.directory, OWNER, "ann", "Another-horse-2"))
    assert told(admin) == [(ACCOUNT, "ann"), (TOKENS, "ann")]


def test_groups_are_told_of_to_whoever_manages_users(box, admin):
    line = box.user_line("eve", Scope.ADMIN & ~Scope.USER_EDIT)
    line.subscribe("Access")
    admin.notifications()
    finish(groups.write_group(box.directory, OWNER, GroupDraft("guests")))
    assert told(admin) == [(GROUP, "guests")]
    assert told(line) == []


def test_users_are_told_of_their_own_account_and_tokens_alone(box):
    line = box.user_line("ann")
    line.subscribe("Access")
    box.add("bob")
    box.token("bob")
    finish(accounts.set_details(box.directory, OWNER, "ann", "Annie", None))
    box.token("ann")
    assert told(line) == [(ACCOUNT, "ann"), (TOKENS, "ann")]


def test_without_authentication_everybody_is_told(box):
    line = box.greet(authentication=False)
    line.subscribe("Access")
    box.add("ann")
    assert told(line) == [(ACCOUNT, "ann")]


def test_whoever_asked_for_users_alone_is_told_as_ever(box, admin):
    line = box.user_line("peter", Scope.ADMIN)
    line.subscribe("Users")
    box.add("ann")
    box.token("ann")
    box.add("bob")
    assert [(one["id"], one["notification"]) for one in line.notifications()] == [
        (2, "Users.UserAdded"),
        (3, "Users.UserAdded"),
    ]


def test_whoever_asked_for_both_is_told_in_both(box):
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("Access", "Users")
    box.add("ann")
    assert [(one["id"], one["notification"]) for one in line.notifications()] == [
        (1, "Users.UserAdded"),
        (0, ACCOUNT),
    ]


def test_whoever_enables_all_as_older_clients_do_is_told_too(box):
    line = box.user_line("olga", Scope.ADMIN)
    line.get("JSONRPC.SetNotificationStatus", enabled=True)
    box.add("ann")
    assert told(line) == [(ACCOUNT, "ann")]


def test_a_subscription_to_what_tells_nothing_is_none(box, admin):
    admin.subscribe("JSONRPC")
    box.add("ann")
    assert told(admin) == []
    assert box.face.subscribers == {}
