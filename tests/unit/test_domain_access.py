"""Whom a method lets in, and what a caller must hold."""

import pytest

from keystead.domain.access import (
    MANAGES_USERS,
    OPEN,
    OWN_ACCOUNT,
    SET_UP,
    SIGN_IN,
    SIGNED_IN,
    Gate,
    manages_users,
    scopes_of,
)
from keystead.domain.model import OWNER, Group, GroupId, Principal, Scope, TokenId, User, UserId
from tests.unit.people import LAMP

ANN = User(UserId(b"a" * 16), "Ann", Scope.CONTROL_THINGS)


@pytest.mark.parametrize(
    ("gate", "before_set_up", "after_set_up"),
    [
        (Gate.OPEN, True, True),
        (Gate.SET_UP, True, False),
        (Gate.SIGN_IN, False, True),
        (Gate.SIGNED_IN, False, False),
    ],
)
def test_a_gate_is_open_to_strangers_before_or_after_the_set_up(
    gate, before_set_up, after_set_up
):
    assert gate.is_open(needs_set_up=True) is before_set_up
    assert gate.is_open(needs_set_up=False) is after_set_up


@pytest.mark.parametrize(
    ("access", "demand"),
    [
        (OPEN, Scope.NONE),
        (SIGNED_IN, Scope.NONE),
        (SIGN_IN, Scope.NONE),
        (SET_UP, Scope.ADMIN),
        (MANAGES_USERS, Scope.USER_EDIT),
        (OWN_ACCOUNT, Scope.USER_EDIT),
    ],
)
def test_every_access_demands_its_scope(access, demand):
    assert access.demand(self_service=False) is demand


@pytest.mark.parametrize("access", [OPEN, SIGNED_IN, SIGN_IN, SET_UP, MANAGES_USERS])
def test_self_service_opens_nothing_but_the_own_account(access):
    assert access.demand(self_service=True) is access.scope


def test_self_service_opens_the_own_account_to_everybody_who_is_signed_in():
    assert OWN_ACCOUNT.demand(self_service=True) is Scope.NONE
    assert not OWN_ACCOUNT.gate.is_open(needs_set_up=False)


def test_a_user_holds_their_own_scopes_and_those_of_all_groups_and_the_owner_all():
    groups = (Group(GroupId(b"g" * 16), "g", Scope.DIAG), Group(GroupId(b"h" * 16), "h"))
    assert scopes_of(Principal(ANN, TokenId(LAMP))) is Scope.CONTROL_THINGS
    in_groups = Principal(ANN, TokenId(LAMP), groups)
    assert scopes_of(in_groups) == Scope.CONTROL_THINGS | Scope.DIAG
    assert scopes_of(OWNER) is Scope.ADMIN


@pytest.mark.parametrize(
    ("scopes", "manages"),
    [
        (Scope.ADMIN, True),
        (Scope.USER_EDIT, True),
        (Scope.ADMIN & ~Scope.USER_EDIT, False),
        (Scope.NONE, False),
    ],
)
def test_who_holds_the_right_to_change_users_manages_them(scopes, manages):
    assert manages_users(scopes) is manages
