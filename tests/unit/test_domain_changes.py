"""Changes: whom they are about, and that they show no secret."""

from uuid import UUID

import pytest

from keystead.domain.change import (
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
    user_id,
)
from keystead.domain.model import Scope, Token, TokenId, User, UserId
from keystead.domain.refusal import Reason, RefusedError
from tests.doubles import NOON

ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN)
TABLET = Token(TokenId(UUID(int=1)), ANN.id, "tablet", NOON)
CHANGES = [
    UserAdded(ANN, "a secret hash"),
    UserChanged(ANN),
    UserRemoved(ANN),
    PasswordChanged(ANN.id, "a secret hash"),
    PasswordRehashed(ANN.id, "a secret hash"),
    TokenAdded(TABLET, b"a secret hash"),
    TokenRemoved(ANN.id, TABLET.id),
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_about_a_user(change):
    assert user_id(change) == ANN.id


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_shows_a_secret(change):
    assert "secret" not in repr(change)


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_says_its_reason(reason):
    refused = RefusedError(reason)
    assert refused.reason is reason
    assert str(refused) == reason.value
    assert reason.value.endswith(".")
