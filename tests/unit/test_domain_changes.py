"""Changes: whom they are about, and that they show no secret."""

from typing import get_args
from uuid import UUID

import pytest

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
    concerned,
)
from keystead.domain.model import (
    Group,
    GroupId,
    ItemRule,
    Scope,
    Token,
    TokenId,
    User,
    UserId,
)
from keystead.domain.refusal import Reason, RefusedError
from tests.doubles import NOON

ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN)
STAFF = Group(GroupId(b"s" * 16), "staff")
RULES = (ItemRule("Objects.Plant"),)
TABLET = Token(TokenId(UUID(int=1)), ANN.id, "tablet", NOON)
OF_USERS = [
    UserAdded(ANN, "a secret hash"),
    UserChanged(ANN),
    UserRemoved(ANN),
    PasswordChanged(ANN.id, "a secret hash"),
    PasswordRehashed(ANN.id, "a secret hash"),
    TokenAdded(TABLET, b"a secret hash"),
    TokenChanged(TABLET),
    TokenRotated(ANN.id, TABLET.id, b"a secret hash"),
    TokenExtended(ANN.id, TABLET.id, NOON),
    TokenRemoved(ANN.id, TABLET.id),
    MembershipsChanged(ANN, (STAFF,)),
    UserItemsChanged(ANN, RULES),
]
OF_GROUPS = [
    GroupAdded(STAFF),
    GroupChanged(STAFF),
    GroupItemsChanged(STAFF, RULES),
    GroupRemoved(STAFF),
]


@pytest.mark.parametrize("change", OF_USERS)
def test_what_is_done_to_a_user_concerns_that_user(change):
    assert concerned(change) == ANN.id


@pytest.mark.parametrize("change", OF_GROUPS)
def test_what_is_done_to_a_group_concerns_that_group(change):
    assert concerned(change) == STAFF.id


def test_every_kind_of_change_is_looked_at_here():
    assert {type(change) for change in OF_USERS + OF_GROUPS} == set(get_args(Change))


@pytest.mark.parametrize("change", OF_USERS)
def test_no_change_shows_a_secret(change):
    assert "secret" not in repr(change)


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_says_its_reason(reason):
    refused = RefusedError(reason)
    assert refused.reason is reason
    assert str(refused) == reason.value
    assert reason.value.endswith(".")
