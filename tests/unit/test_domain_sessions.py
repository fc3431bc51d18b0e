"""Sessions of web pages: opened, extended, closed, and when they are over."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import (
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserRemoved,
)
from keystead.domain.directory import SessionLifetime
from keystead.domain.model import LastUse, Principal, Scope, Token, TokenId, TokenKind
from keystead.domain.refusal import Reason
from keystead.domain.sessions import (
    MAX_SESSIONS,
    close_session,
    extend,
    is_over,
    open_session,
)
from keystead.domain.sign_in import sign_in
from keystead.domain.tokens import digest, principal_of
from tests.doubles import NOON, PASSWORD, BrokenStore
from tests.unit.plant import Plant

SECOND = timedelta(seconds=1)
LIFETIME = SessionLifetime(idle=timedelta(hours=2), most=timedelta(hours=5))


@pytest.fixture
def plant():
    return of_lifetime(LIFETIME)


@pytest.fixture
def ann(plant):
    guests = plant.group("guests", Scope.DIAG)
    return plant.person("ann", groups=[guests])


def of_lifetime(lifetime):
    plant = Plant()
    plant.directory = replace(plant.directory, session_lifetime=lifetime)
    return plant


def opened(plant, name="ann", password=PASSWORD):
    return plant.do(open_session(plant.directory, name, password, "page"))


def whose(plant, secret, kind=TokenKind.SESSION):
    return plant.do(principal_of(plant.directory.store.reader, secret, kind, plant.clock.now))


def sessions(plant, principal):
    return [token for token in plant.tokens(principal) if token.kind is TokenKind.SESSION]


# --- opened ---------------------------------------------------------------------------------


def test_a_session_opens_the_directory_to_its_user_with_their_groups(plant, ann):
    session = opened(plant)

    (added,) = plant.changes()
    token_id = session.principal.token_id
    ends = NOON + LIFETIME.idle
    used = LastUse(NOON, "")
    token = Token(token_id, ann.user.id, "page", NOON, TokenKind.SESSION, ends, last_used=used)
    assert added == TokenAdded(token, digest(session.secret))
    assert session.principal == Principal(ann.user, token_id, ann.groups, expires=ends)
    assert whose(plant, session.secret) == session.principal
    assert session.expires == NOON + LIFETIME.idle


@pytest.mark.clause("EN 18031-1 CCK-1", "OWASP ASVS 5.0 7.2.2", "OWASP ASVS 5.0 7.2.3")
def test_a_key_is_256_random_bits_that_fit_into_an_address(plant, ann):
    keys = {opened(plant).secret for _ in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {len("kss_") + 43 + 6}  # random, and a check sum
    assert all(key.replace("-", "").replace("_", "").isalnum() for key in keys)


@pytest.mark.clause("EN 18031-1 SSM-3")
def test_no_key_is_kept_or_shown(plant, ann):
    session = opened(plant)
    assert session.secret not in repr(session)
    assert session.secret not in repr(plant.changes())


@pytest.mark.parametrize("name", ["ANN", "\uff41nn"])
def test_whoever_signs_in_is_found_by_a_name_that_looks_the_same(plant, ann, name):
    assert opened(plant, name).principal.user == ann.user


def test_an_outdated_hash_is_replaced_on_the_way(plant, ann):
    plant.hasher.generation += 1
    opened(plant)
    assert plant.kinds() == [PasswordRehashed, TokenAdded]


def test_a_key_of_another_kind_opens_nothing(plant, ann):
    session = opened(plant)
    device = plant.do(sign_in(plant.directory, "ann", PASSWORD, "tablet"))
    assert whose(plant, session.secret, TokenKind.DEVICE) is None
    assert whose(plant, device.secret, TokenKind.SESSION) is None
    assert whose(plant, session.secret + " ") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"),
        ("ann", ""),
        ("ann", PASSWORD + "\ud800"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("device", PASSWORD),
        ("\ud800", PASSWORD),
    ],
)
def test_an_unknown_name_and_a_wrong_password_are_refused_alike(plant, ann, name, password):
    plant.person("device", password=None)
    asked = open_session(plant.directory, name, password, "page")
    assert plant.refusal(asked) is Reason.SIGN_IN_FAILED


def test_who_must_wait_for_hashes_is_told_so(plant, ann):
    plant.hasher.is_busy = True
    for name in ("ann", "nobody"):
        asked = open_session(plant.directory, name, PASSWORD, "page")
        assert plant.refusal(asked) is Reason.BUSY


def test_nobody_signs_in_whose_account_is_removed_meanwhile(plant, ann):
    async def remove():
        await plant.directory.store.write(lambda tx: tx.record(UserRemoved(ann.user)))
        plant.commits.clear()

    plant.hasher.meanwhile = remove
    asked = open_session(plant.directory, "ann", PASSWORD, "page")
    assert plant.refusal(asked) is Reason.SIGN_IN_FAILED


# --- how many -------------------------------------------------------------------------------


def test_there_are_as_many_sessions_as_the_bound_and_the_oldest_make_room(plant, ann):
    device = plant.do(sign_in(plant.directory, "ann", PASSWORD, "tablet"))
    keys = [opened(plant).secret for _ in range(MAX_SESSIONS)]
    assert all(whose(plant, key) for key in keys)
    plant.commits.clear()

    keys += [opened(plant).secret, opened(plant).secret]

    assert plant.kinds() == [TokenRemoved, TokenAdded] * 2
    assert [bool(whose(plant, key)) for key in keys] == [False] * 2 + [True] * MAX_SESSIONS
    assert whose(plant, device.secret, TokenKind.DEVICE)
    assert len(sessions(plant, ann)) == MAX_SESSIONS


def test_sessions_of_others_make_no_room(plant, ann):
    plant.person("bob")
    key = opened(plant, "bob").secret
    for _ in range(MAX_SESSIONS + 1):
        opened(plant)
    assert whose(plant, key)


def test_more_sessions_than_the_bound_are_made_fewer(plant, ann):
    for number in range(MAX_SESSIONS + 3):
        plant.put(TokenAdded(session_token(ann, number), digest(str(number))))
    opened(plant)
    assert [whose(plant, str(number)) is None for number in range(6)] == [True] * 4 + [
        False
    ] * 2
    assert len(sessions(plant, ann)) == MAX_SESSIONS


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(plant, ann):
    old = opened(plant)
    plant.clock.advance(LIFETIME.idle)
    plant.commits.clear()

    new = opened(plant)

    assert plant.kinds() == [TokenRemoved, TokenAdded]
    assert plant.changes()[0] == TokenRemoved(ann.user.id, old.principal.token_id)
    assert [token.id for token in sessions(plant, ann)] == [new.principal.token_id]


def test_sessions_that_are_over_make_room_before_any_that_is_not(plant, ann):
    used = opened(plant)
    for _ in range(MAX_SESSIONS - 1):
        opened(plant)
    plant.clock.advance(LIFETIME.idle - SECOND)
    plant.do(extend(plant.directory, used.principal))
    plant.clock.advance(SECOND)

    new = opened(plant)

    left = [used.principal.token_id, new.principal.token_id]
    assert [token.id for token in sessions(plant, ann)] == left


def session_token(principal, number, expires=NOON + LIFETIME.idle):
    token_id = TokenId(UUID(int=number))
    return Token(token_id, principal.user.id, "page", NOON, TokenKind.SESSION, expires)


# --- over -----------------------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 7.3.1")
def test_a_session_that_is_not_used_is_over_at_the_exact_moment(plant, ann):
    session = opened(plant)
    plant.clock.advance(LIFETIME.idle - timedelta(microseconds=1))
    assert whose(plant, session.secret)
    plant.clock.advance(timedelta(microseconds=1))
    assert whose(plant, session.secret) is None
    plant.commits.clear()
    asked = extend(plant.directory, session.principal)
    assert plant.refusal(asked) is Reason.SESSION_OVER


def test_a_session_that_is_used_lasts_longer_up_to_the_absolute_end(plant, ann):
    session, ends = opened(plant), []
    for _ in range(4):
        plant.clock.advance(timedelta(hours=1, minutes=15) - SECOND)
        if whose(plant, session.secret):
            ends.append(plant.do(extend(plant.directory, session.principal)) - NOON)
    most = LIFETIME.most
    assert ends == [
        timedelta(hours=3.25) - SECOND,
        timedelta(hours=4.5) - 2 * SECOND,
        most,
        most,
    ]
    plant.clock.advance(4 * SECOND)
    assert plant.clock.now == NOON + most
    assert whose(plant, session.secret) is None


def test_extending_records_the_new_end(plant, ann):
    session = opened(plant)
    plant.clock.advance(SECOND)
    plant.commits.clear()

    end = plant.do(extend(plant.directory, session.principal))

    extended = TokenExtended(ann.user.id, session.principal.token_id, end)
    assert plant.changes() == [extended]
    assert sessions(plant, ann)[0].expires == end == NOON + SECOND + LIFETIME.idle


def test_what_would_not_make_it_last_longer_records_nothing(plant, ann):
    session = opened(plant)
    plant.commits.clear()
    assert plant.do(extend(plant.directory, session.principal)) == session.expires
    plant.clock.advance(-timedelta(hours=1))
    assert plant.do(extend(plant.directory, session.principal)) == session.expires
    assert plant.commits == []


@given(st.lists(st.integers(0, 200), max_size=12), st.integers(1, 120), st.integers(1, 400))
def test_an_end_never_comes_nearer_nor_lies_beyond_the_last(pauses, idle, most):
    plant = of_lifetime(SessionLifetime(timedelta(minutes=idle), timedelta(minutes=most)))
    plant.person("ann")
    session = opened(plant)
    end = session.expires
    assert end == NOON + timedelta(minutes=min(idle, most))
    for pause in pauses:
        plant.clock.advance(timedelta(minutes=pause))
        if not whose(plant, session.secret):
            assert plant.clock.now >= end
            return
        before, end = end, plant.do(extend(plant.directory, session.principal))
        assert plant.clock.now < before <= end <= NOON + timedelta(minutes=most)
        assert end <= plant.clock.now + timedelta(minutes=idle)


def test_tokens_of_devices_are_never_over(plant, ann):
    device = plant.do(sign_in(plant.directory, "ann", PASSWORD, "tablet"))
    plant.clock.advance(timedelta(days=10_000))
    assert whose(plant, device.secret, TokenKind.DEVICE)
    assert not is_over(plant.tokens(ann)[0], plant.clock.now)
    plant.commits.clear()
    asked = extend(plant.directory, device.principal)
    assert plant.refusal(asked) is Reason.SESSION_OVER


# --- closed ---------------------------------------------------------------------------------


def test_a_session_that_is_closed_opens_nothing_and_others_stay(plant, ann):
    one, other = opened(plant), opened(plant)
    plant.commits.clear()

    plant.do(close_session(plant.directory, one.principal))

    assert plant.changes() == [TokenRemoved(ann.user.id, one.principal.token_id)]
    assert whose(plant, one.secret) is None
    assert whose(plant, other.secret)
    plant.commits.clear()
    asked = extend(plant.directory, one.principal)
    assert plant.refusal(asked) is Reason.SESSION_OVER


def test_closing_twice_or_the_token_of_a_device_does_nothing(plant, ann):
    session = opened(plant)
    plant.do(close_session(plant.directory, session.principal))
    plant.commits.clear()
    plant.do(close_session(plant.directory, session.principal))
    plant.do(close_session(plant.directory, ann))
    assert plant.commits == []
    assert [token.id for token in plant.tokens(ann)] == [ann.token_id]


def test_what_cannot_be_stored_leaves_sessions_as_they_were(plant, ann):
    session = opened(plant)
    plant.clock.advance(SECOND)
    plant.commits.clear()
    broken = replace(plant.directory, store=BrokenStore(plant.directory.store))
    for asked in (
        open_session(broken, "ann", PASSWORD, "page"),
        extend(broken, session.principal),
        close_session(broken, session.principal),
    ):
        assert plant.refusal(asked) is Reason.STORAGE_FAILED
    assert [token.expires for token in sessions(plant, ann)] == [session.expires]
