"""Which scopes go together, what they are called, and what replaces what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.model import Scope
from keystead.domain.scopes import (
    SCOPE_NAMES,
    TANI_RIGHTS,
    are_consistent,
    names_of,
    replaced,
)

ANY_SCOPES = st.integers(0, 0xFFFF).map(Scope) | st.lists(st.sampled_from(Scope)).map(
    lambda scopes: Scope(sum(set(scopes)) & 0xFFFF)
)


# --- consistency ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scopes",
    [
        *(Scope.NONE, Scope.CONTROL_THINGS, Scope.ACCESS_ALL_THINGS, Scope.ADMIN),
        Scope.ACCESS_ALL_THINGS | Scope.CONFIGURE_THINGS,
        Scope.ACCESS_ALL_THINGS | Scope.CONFIGURE_RULES,
        *(Scope.USER_EDIT, Scope.EDITOR | Scope.DIAG | Scope.CONTROL_THINGS),
    ],
)
def test_scopes_that_go_together(scopes):
    assert are_consistent(scopes)


@pytest.mark.parametrize(
    "scopes",
    [
        *(Scope.CONFIGURE_THINGS, Scope.EXECUTE_RULES, Scope.CONFIGURE_RULES),
        Scope.CONTROL_THINGS | Scope.EXECUTE_RULES,
        Scope.USER_EDIT | Scope.CONFIGURE_THINGS,
        Scope.ADMIN & ~Scope.ACCESS_ALL_THINGS,
    ],
)
def test_who_sees_single_things_may_at_most_control_them(scopes):
    assert not are_consistent(scopes)


@given(ANY_SCOPES)
def test_the_rights_of_tani_go_with_everything(scopes):
    assert are_consistent(scopes | TANI_RIGHTS) is are_consistent(scopes & ~TANI_RIGHTS)


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (Scope.NONE, ()),
        (Scope.ADMIN, ("Admin",)),
        (Scope.CONTROL_THINGS, ("ControlThings",)),
        (Scope.CONFIGURE_THINGS, ("ControlThings", "ConfigureThings")),
        (Scope.USER_EDIT | Scope.DIAG, ("UserEdit", "Diag")),
        (Scope(0x8000), ()),  # has no name
    ],
)
def test_scopes_are_shown_by_their_names(scopes, names):
    assert names_of(scopes) == names


@given(st.lists(st.sampled_from(sorted(SCOPE_NAMES))))
def test_the_names_of_scopes_say_what_is_held(names):
    scopes = Scope.NONE
    for name in names:
        scopes |= SCOPE_NAMES[name]
    again = Scope.NONE
    for name in names_of(scopes):
        again |= SCOPE_NAMES[name]
    assert again == scopes


# --- replacing ------------------------------------------------------------------------------


def test_rights_that_cannot_be_named_stay_when_they_had_been_given_on_their_own():
    before = Scope.CONTROL_THINGS | Scope.USER_EDIT
    after = replaced(before, Scope.ACCESS_ALL_THINGS, TANI_RIGHTS)
    assert after == Scope.ACCESS_ALL_THINGS | Scope.USER_EDIT


def test_rights_that_came_with_admin_go_with_it():
    assert replaced(Scope.ADMIN, Scope.NONE, TANI_RIGHTS) == Scope.NONE


def test_who_can_name_all_rights_replaces_all():
    assert replaced(Scope.USER_EDIT | Scope.DIAG, Scope.DIAG, Scope.NONE) == Scope.DIAG


@given(ANY_SCOPES, ANY_SCOPES, ANY_SCOPES)
def test_what_was_given_is_held_and_nothing_else_but_what_was_kept(before, given_, keep):
    after = replaced(before, given_, keep)
    assert given_ in after
    assert after & ~given_ in before & keep
