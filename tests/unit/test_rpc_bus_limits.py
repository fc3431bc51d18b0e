"""The bus: users with several tokens of different limits, and accounts that come to an end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.change import (
    GroupChanged,
    TokenChanged,
    TokenRemoved,
    TokenRotated,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import (
    ALWAYS,
    NO_LIMITS,
    Principal,
    Scope,
    Token,
    TokenLimits,
    Validity,
)
from keystead.rpc.bus import Bus, LiveUser
from tests.conformance.samples import RULES, STAFF
from tests.doubles import NOON, directory
from tests.unit.on_the_bus import ANN, BOB, BOBS, PHONE, TABLET, Listener, publish
from tests.unit.people import DOOR, LAMP

DIAG = TokenLimits(scopes=Scope.DIAG)
DAY = timedelta(days=1)
TABLET_TOKEN = Token(TABLET, ANN.id, "tablet", NOON)


@pytest.fixture
def bus():
    house = directory()
    return Bus(house.store.reader, house.clock, ever_had_account=True)


@pytest.fixture
def two(bus):
    """Give Ann with a token as it is, and Ann with one of narrow limits."""
    wide, narrow = Listener(bus), Listener(bus)
    wide.sign_in(ANN, TABLET)
    narrow.sign_in(ANN, PHONE, limits=DIAG)
    return wide, narrow


# --- different limits -----------------------------------------------------------------------


def test_tokens_of_one_user_with_different_limits_hold_differently(bus, two):
    wide, narrow = two
    assert (wide.live.scopes, narrow.live.scopes) == (Scope.ADMIN, Scope.DIAG)
    assert {live.limits: live.sessions for live in bus.users()} == {
        NO_LIMITS: {wide},
        DIAG: {narrow},
    }
    assert set(bus.sessions_of(ANN.id)) == {wide, narrow}


def test_tokens_of_one_user_with_the_same_limits_share_what_is_known(bus, two):
    _, narrow = two
    other = Listener(bus)
    assert other.sign_in(ANN, TABLET, limits=DIAG) is narrow.live


def test_a_change_of_the_user_comes_to_all_within_their_limits(bus, two):
    wide, narrow = two
    publish(bus, UserChanged(ANN._replace(scopes=Scope.DIAG | Scope.EDITOR)))
    publish(bus, UserChanged(ANN._replace(scopes=Scope.NONE)))
    assert wide.heard == [Scope.DIAG | Scope.EDITOR, Scope.NONE]
    assert narrow.heard == [Scope.DIAG, Scope.NONE]


def test_a_change_of_rules_and_groups_comes_to_all_within_their_limits(bus):
    wide, narrow = Listener(bus), Listener(bus)
    wide.sign_in(BOB, BOBS, STAFF)
    narrow.sign_in(BOB, PHONE, STAFF, limits=DIAG)
    publish(bus, UserItemsChanged(BOB, RULES))
    publish(bus, GroupChanged(STAFF._replace(rights=Scope.DIAG | Scope.EDITOR)))
    assert wide.heard == [STAFF.rights, Scope.DIAG | Scope.EDITOR]
    assert narrow.heard == [Scope.NONE, Scope.DIAG]


def test_when_the_last_session_has_gone_nobody_is_followed(bus, two):
    wide, narrow = two
    narrow.sign_out()
    assert [live.limits for live in bus.users()] == [NO_LIMITS]
    wide.sign_out()
    assert (list(bus.users()), bus.sessions_of(ANN.id)) == ([], ())


@pytest.mark.parametrize(
    ("limits", "scopes", "things"),
    [
        (NO_LIMITS, Scope.ACCESS_ALL_THINGS | Scope.DIAG, (LAMP,)),
        (DIAG, Scope.DIAG, (LAMP,)),
        (TokenLimits(things=(DOOR,)), Scope.DIAG, (DOOR,)),
    ],
)
def test_a_user_is_shown_within_the_limits(limits, scopes, things):
    user = ANN._replace(scopes=Scope.ACCESS_ALL_THINGS | Scope.DIAG, things=(LAMP,))
    live = LiveUser(user, (), limits)
    assert live.shown == user._replace(scopes=scopes, things=things)
    assert live.principal(TABLET, NOON) == Principal(user, TABLET, (), limits, NOON)


# --- tokens that change ---------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
@pytest.mark.parametrize("limits", [DIAG, TokenLimits(scopes=Scope.EDITOR)])
def test_a_session_is_renewed_once_when_its_token_has_other_limits(bus, two, limits):
    wide, narrow = two
    publish(bus, TokenChanged(replace(TABLET_TOKEN, limits=limits, expires=NOON + DAY)))
    assert wide.renewed == [Principal(ANN, TABLET, (), limits, NOON + DAY)]
    assert wide.live.scopes == limits.scopes
    assert (narrow.renewed, narrow.live.scopes) == ([], Scope.DIAG)


def test_all_sessions_of_a_token_are_renewed(bus, two):
    wide, narrow = two
    another = Listener(bus)
    another.sign_in(ANN, TABLET)
    publish(bus, TokenChanged(replace(TABLET_TOKEN, limits=DIAG)))
    assert [len(session.renewed) for session in (wide, another, narrow)] == [1, 1, 0]
    assert [live.limits for live in bus.users()] == [DIAG]


def test_a_token_of_somebody_who_is_not_here_renews_nobody(bus, two):
    publish(bus, TokenChanged(replace(TABLET_TOKEN, user_id=BOB.id)))
    assert [session.renewed for session in two] == [[], []]


@pytest.mark.parametrize(
    "change", [TokenRotated(ANN.id, TABLET, b"new"), TokenRemoved(ANN.id, TABLET)]
)
def test_a_token_that_is_rotated_or_gone_ends_its_sessions_alone(bus, two, change):
    wide, narrow = two
    publish(bus, change)
    assert (wide.revoked, narrow.revoked) == (1, 0)


# --- accounts that are over -----------------------------------------------------------------


@pytest.mark.parametrize(
    "validity",
    [
        Validity(enabled=False),
        Validity(since=NOON + DAY),
        Validity(until=NOON),
        Validity(since=NOON - 2 * DAY, until=NOON - DAY),
    ],
)
def test_an_account_that_is_not_valid_any_more_ends_all_its_sessions(bus, two, validity):
    bobs = Listener(bus)
    bobs.sign_in(BOB, BOBS)
    publish(bus, UserChanged(ANN._replace(validity=validity)))
    assert [session.revoked for session in (*two, bobs)] == [1, 1, 0]
    assert [live.user for live in bus.users()] == [BOB]


def test_a_removed_account_ends_all_its_sessions(bus, two):
    publish(bus, UserRemoved(ANN))
    assert [session.revoked for session in two] == [1, 1]


def test_an_account_that_is_bounded_tells_its_sessions_to_mind_it(bus, two):
    wide, narrow = two
    publish(bus, UserChanged(ANN._replace(validity=Validity(until=NOON + DAY))))
    assert (wide.heard, narrow.heard) == ([Scope.ADMIN], [Scope.DIAG])
    assert [session.revoked for session in two] == [0, 0]


@pytest.mark.parametrize(
    ("until", "expires", "ends"),
    [
        (None, None, None),
        (None, NOON, NOON),
        (NOON, None, NOON),
        (NOON, NOON + DAY, NOON),
        (NOON + DAY, NOON, NOON),
    ],
)
def test_nobody_is_signed_in_beyond_the_end_of_the_token_or_the_account(until, expires, ends):
    live = LiveUser(ANN._replace(validity=ALWAYS._replace(until=until)))
    assert live.ends(expires) == ends
