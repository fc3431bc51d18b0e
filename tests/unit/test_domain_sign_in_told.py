"""Signing in: what the audit trail is told of it, and how guessing is slowed down."""

import asyncio
from datetime import timedelta

import pytest

from keystead.audit.chain import decode
from keystead.domain.accounts import set_validity
from keystead.domain.events import Action, Author, Origin
from keystead.domain.model import OWNER, Scope, Validity
from keystead.domain.pairing import pair, take_back
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.sessions import close_session, open_session
from keystead.domain.sign_in import sign_in
from keystead.domain.throttle import LOCAL
from tests.doubles import NOON, PASSWORD, FastHasher, SettableClock, directory
from tests.unit.people import move_in, reason_of

HOME, AWAY = Origin("nymea", "192.0.2.7"), Origin("tani", "198.51.100.9")
SECRET = "my secret Passw0rd"  # which somebody types for their name
FREE = 3  # failures of a pair after which nobody waits; one more makes the next wait


class House:
    """A directory with Ann in it, as seen from her home."""

    def __init__(self):
        self.clock = SettableClock()
        self.hasher = FastHasher()
        self.inner = directory(clock=self.clock, hasher=self.hasher)
        self.ann = asyncio.run(move_in(self.inner, "Ann", Scope.CONTROL_THINGS))
        self.begun = len(self.events())

    def events(self):
        """Give what the trail tells, as read back."""
        asyncio.run(self.inner.journal.flush(self.clock.now, last=True))
        return [decode(e) for e in asyncio.run(self.inner.store.reader.audit_events(0, 999))]

    def told(self):
        """Give what it tells besides of how Ann came in."""
        return self.events()[self.begun :]

    def enter(self, name="Ann", password=PASSWORD, origin=HOME):
        return asyncio.run(sign_in(self.inner.at(origin), name, password, "tablet"))

    def why_not(self, name="Ann", password="wrong", origin=HOME):
        return reason_of(sign_in(self.inner.at(origin), name, password, "tablet"))

    def fail(self, times, name="Ann", origin=HOME):
        return [self.why_not(name, origin=origin) for _ in range(times)]


@pytest.fixture
def house():
    return House()


# --- what is told ---------------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 16.3.1", "IEC 62443-4-2 CR 2.8")
def test_a_sign_in_is_told_with_its_token_in_one_write(house):
    signed_in = house.enter()
    added, entered = house.told()
    author = Author("user", "Ann", house.ann.user.id.hex(), None, HOME)
    assert (added.action, added.author) == (Action.TOKEN_ADDED.value, author)
    assert added.object == str(signed_in.principal.token_id)
    assert (entered.action, entered.author, entered.outcome) == ("sign-in", author, "success")
    assert (entered.object, entered.object_id) == ("Ann", author.id)


def test_a_session_is_told_when_it_is_opened_and_when_it_is_closed(house):
    here = house.inner.at(AWAY)
    signed_in = asyncio.run(open_session(here, "Ann", PASSWORD, "page"))
    asyncio.run(close_session(here, signed_in.principal))
    asyncio.run(close_session(here, signed_in.principal))
    told = house.told()
    assert [event.action for event in told] == [
        *("token.added", "sign-in", "token.removed", "sign-out")
    ]
    assert {event.author.origin for event in told} == {AWAY}
    assert told[-1].author.token_id == signed_in.principal.token_id


@pytest.mark.clause("OWASP ASVS 5.0 16.3.1", "IEC 62443-4-2 CR 2.8")
def test_a_wrong_password_is_told_with_the_account_and_where_from(house):
    house.why_not("ANN")
    (event,) = house.told()
    assert (event.action, event.outcome, event.object) == ("sign-in", "failure", "Ann")
    assert event.author == Author("nobody", origin=HOME)
    assert event.detail == (("reason", "wrong password"),)


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
@pytest.mark.parametrize("name", [SECRET, SECRET * 99, "", "\ud800"])
def test_what_is_typed_for_an_unknown_name_is_never_written(house, name):
    house.why_not(name, SECRET)
    (event,) = house.told()
    assert (event.object, event.detail) == ("", (("reason", "no such account"),))
    bodies = asyncio.run(house.inner.store.reader.audit_events(0, 99))
    assert SECRET.encode() not in b"".join(event.body for event in bodies)
    assert not asyncio.run(house.inner.store.reader.attempts())


def test_an_account_that_is_not_valid_is_told_apart_in_the_trail_alone(house):
    asyncio.run(set_validity(house.inner, OWNER, "Ann", Validity(enabled=False)))
    assert house.why_not(password=PASSWORD) is Reason.SIGN_IN_FAILED
    event = house.told()[-1]
    assert (event.outcome, event.object) == ("refused", "Ann")
    assert event.detail == (("reason", "the account is not valid"),)


@pytest.mark.clause("OWASP ASVS 5.0 16.3.3")
def test_a_lock_and_what_it_refuses_are_told(house):
    reasons = house.fail(FREE + 3)
    assert reasons == [Reason.SIGN_IN_FAILED] * (FREE + 1) + [Reason.THROTTLED] * 2
    found = [(event.action, event.outcome, event.times) for event in house.told()]
    assert found == [
        ("sign-in", "failure", FREE + 1),
        ("sign-in.lock", "success", 1),
        ("sign-in", "refused", 2),
    ]
    lock, refused = house.told()[1:]
    assert lock.detail == (("until", "2024-05-17T12:00:01+00:00"),)
    assert (lock.author, refused.author) == (Author("nobody", origin=HOME),) * 2
    assert refused.detail == (("reason", "throttled"),)


def test_a_sign_in_that_was_too_much_is_not_told_as_one_that_failed(house):
    house.hasher.is_busy = True
    assert house.why_not(password=PASSWORD) is Reason.BUSY
    assert house.told() == []


def test_a_pairing_is_told_with_its_token_and_so_is_its_end(house):
    signed_in = asyncio.run(pair(house.inner.at(HOME), "remote"))
    asyncio.run(take_back(house.inner.at(HOME), signed_in.principal))
    told = house.told()
    token_id = str(signed_in.principal.token_id)
    assert [(event.action, event.object) for event in told] == [
        ("user.added", ""),
        ("token.added", token_id),
        ("pairing", token_id),
        ("token.removed", token_id),
    ]


# --- slowed down ----------------------------------------------------------------------------


@pytest.mark.clause("EN 18031-1 AUM-6", "ETSI EN 303 645 5.1-5", "OWASP ASVS 5.0 6.3.1")
def test_whoever_guesses_waits_ever_longer(house):
    house.fail(FREE)
    waits = []
    for _ in range(4):
        assert house.why_not() is Reason.SIGN_IN_FAILED
        with pytest.raises(RefusedError) as refused:
            house.enter()
        wait = refused.value.retry_after or timedelta()
        waits.append(wait.total_seconds())
        house.clock.advance(wait)
    assert waits == [1, 2, 4, 8]
    assert house.enter().principal.user == house.ann.user


def test_a_name_that_nobody_has_is_slowed_down_in_the_same_way(house):
    known = house.fail(FREE + 2)
    assert house.fail(FREE + 2, "nobody") == known
    assert house.fail(FREE + 2, "x" * 5000) == known
    assert house.why_not("y" * 5000) is Reason.THROTTLED  # all that are too long are one


def test_nobody_waits_for_what_others_do_from_elsewhere(house):
    house.fail(FREE + 2, origin=AWAY)
    assert house.enter().principal.user == house.ann.user


def test_the_owners_socket_is_never_slowed_down(house):
    local = Origin("control", LOCAL)
    assert house.fail(20, origin=local) == [Reason.SIGN_IN_FAILED] * 20
    assert house.enter(origin=local).principal.user == house.ann.user


def test_a_right_password_that_is_refused_for_something_else_does_not_count(house):
    for _ in range(FREE + 3):
        asked = sign_in(house.inner.at(HOME), "Ann", PASSWORD, "\0")
        assert reason_of(asked) is Reason.TEXT_INVALID
    assert house.enter().principal.user == house.ann.user


def test_a_success_forgets_the_failures(house):
    for _ in range(5):
        house.fail(FREE)
        house.enter()
    assert house.inner.throttle.locks(house.clock.now) == []


def test_both_ways_to_sign_in_count_together(house):
    here = house.inner.at(HOME)
    for entering in (sign_in, open_session, sign_in, open_session):
        assert reason_of(entering(here, "Ann", "wrong", "a")) is Reason.SIGN_IN_FAILED
    assert reason_of(open_session(here, "ann", PASSWORD, "a")) is Reason.THROTTLED
    assert reason_of(sign_in(here, "ANN", PASSWORD, "a")) is Reason.THROTTLED


@pytest.mark.clause("EN 18031-1 AUM-6")
def test_what_is_known_of_failures_is_kept_soon_and_without_free_ones(house):
    house.fail(FREE)
    house.events()
    assert not asyncio.run(house.inner.store.reader.attempts())
    house.fail(1)
    house.events()
    kept = asyncio.run(house.inner.store.reader.attempts())
    places = {("ann", HOME.source), ("ann", ""), ("", HOME.source)}
    assert {(one.account, one.source) for one in kept} == places
    assert {(one.failures, one.last, one.known) for one in kept} == {(FREE + 1, NOON, False)}
