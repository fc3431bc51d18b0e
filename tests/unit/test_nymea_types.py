"""The shapes nymea puts on the wire, its arithmetic of scopes, and its words for refusals."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.model import Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.refusal import Reason
from keystead.nymea.errors import user_error
from keystead.nymea.types import (
    PermissionScope,
    UserError,
    scope_names,
    scope_names_or_none,
    scopes_named,
    smallest_name,
    token_info,
    user_info,
)

THING = ThingId(UUID("11111111-2222-3333-4444-55555555ABCD"))
ALL_SIX = (
    "ControlThings",
    "ConfigureThings",
    "AccessAllThings",
    "ExecuteRules",
    "ConfigureRules",
    "Admin",
)
names = st.lists(st.sampled_from(PermissionScope))


def short(found: tuple[PermissionScope, ...]) -> tuple[str, ...]:
    return tuple(name.removeprefix("PermissionScope") for name in found)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (Scope.NONE, ()),
        (Scope.CONTROL_THINGS, ("ControlThings",)),
        (Scope.CONFIGURE_THINGS, ("ControlThings", "ConfigureThings")),
        (Scope(0x0002), ()),
        (Scope.ACCESS_ALL_THINGS, ("AccessAllThings",)),
        (
            Scope.CONFIGURE_THINGS | Scope.ACCESS_ALL_THINGS,
            ("ControlThings", "ConfigureThings", "AccessAllThings"),
        ),
        (Scope.EXECUTE_RULES, ("ExecuteRules",)),
        (Scope.CONFIGURE_RULES, ("ExecuteRules", "ConfigureRules")),
        (Scope.USER_EDIT | Scope.EDITOR | Scope.DIAG, ()),
        (Scope.ADMIN, ALL_SIX),
        (Scope.ADMIN & ~Scope.DIAG, ALL_SIX[:-1]),
    ],
)
def test_every_scope_that_is_wholly_held_is_named_in_order(scopes, expected):
    assert short(scope_names(scopes)) == expected


def test_no_scope_is_nothing_in_objects_and_named_elsewhere():
    assert scope_names(Scope.NONE) == ()
    assert scope_names_or_none(Scope.NONE) == (PermissionScope.PermissionScopeNone,)
    assert short(scope_names_or_none(Scope.ADMIN)) == ALL_SIX


@given(names)
def test_the_scopes_of_names_hold_what_was_named(chosen):
    held = set(scope_names(scopes_named(chosen)))
    assert held >= set(chosen) - {PermissionScope.PermissionScopeNone}


@given(names, names)
def test_order_and_repetition_of_names_do_not_matter(some, more):
    assert scopes_named(some + more) == scopes_named(more + some + some)


@given(st.integers(0, 0xFFFF).map(Scope))
def test_names_never_give_more_than_there_was(scopes):
    assert scopes_named(scope_names(scopes)) in scopes


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (Scope.NONE, "None"),
        (Scope.CONTROL_THINGS, "ControlThings"),
        (Scope.CONFIGURE_THINGS, "ConfigureThings"),
        (Scope.ACCESS_ALL_THINGS, "AccessAllThings"),
        (Scope.EXECUTE_RULES, "ExecuteRules"),
        (Scope.CONFIGURE_RULES, "ConfigureRules"),
        (Scope.USER_EDIT, "Admin"),
        (Scope.ADMIN, "Admin"),
    ],
)
def test_a_demand_is_named_by_the_least_scope_that_meets_it(scope, name):
    assert smallest_name(scope) == f"PermissionScope{name}"


def test_a_user_is_shown_with_the_name_in_lower_case_and_plain_ids():
    user = User(
        UserId(b"1"), "Ann", Scope.CONTROL_THINGS, "Ann A.", "ann@example.org", (THING,)
    )
    assert msgspec.to_builtins(user_info(user)) == {
        "allowedThingIds": ("11111111-2222-3333-4444-55555555abcd",),
        "displayName": "Ann A.",
        "email": "ann@example.org",
        "scopes": ("PermissionScopeControlThings",),
        "username": "ann",
    }


def test_a_token_is_shown_with_its_time_in_whole_seconds_and_no_secret():
    created = datetime(2024, 5, 17, 12, 0, 1, 999_999, tzinfo=UTC)
    token = Token(TokenId(THING), UserId(b"1"), "phone", created)
    assert msgspec.to_builtins(token_info(token, User(UserId(b"1"), "Ann", Scope.NONE))) == {
        "creationTime": 1_715_947_201,
        "deviceName": "phone",
        "id": "11111111-2222-3333-4444-55555555abcd",
        "username": "ann",
    }


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.NOT_SIGNED_IN, "PermissionDenied"),
        (Reason.FORBIDDEN, "PermissionDenied"),
        (Reason.SIGN_IN_FAILED, "PermissionDenied"),
        (Reason.SET_UP_ALREADY, "PermissionDenied"),
        (Reason.NAME_INVALID, "InvalidUserId"),
        (Reason.NAME_TAKEN, "DuplicateUserId"),
        (Reason.NO_SUCH_USER, "InvalidUserId"),
        (Reason.NO_SUCH_TOKEN, "TokenNotFound"),
        (Reason.PASSWORD_TOO_WEAK, "BadPassword"),
        (Reason.INCONSISTENT_SCOPES, "InconsistantScopes"),
        (Reason.ESCALATION, "PermissionDenied"),
        (Reason.LAST_USER_EDITOR, "PermissionDenied"),
        (Reason.TEXT_INVALID, "BackendError"),
        (Reason.NOTHING_TO_PAIR, "PermissionDenied"),
        (Reason.BUSY, "BackendError"),
        (Reason.STORAGE_FAILED, "BackendError"),
    ],
)
def test_every_refusal_has_its_word(reason, error):
    assert user_error(reason) == f"UserError{error}"


@pytest.mark.parametrize("reason", Reason)
def test_no_refusal_is_called_no_error(reason):
    assert user_error(reason) is not UserError.UserErrorNoError
