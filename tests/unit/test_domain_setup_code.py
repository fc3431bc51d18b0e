"""The one-time code of the set-up: what it looks like, and what is taken for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain import names
from keystead.domain.accounts import NewUser
from keystead.domain.events import Origin
from keystead.domain.groups import RightsChange
from keystead.domain.model import Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.setup_code import CODE_BYTES, THROTTLE_NAME, SetupCode, read, written
from keystead.domain.sign_in import create_first_account
from keystead.domain.throttle import LOCAL
from keystead.domain.upserts import UserDraft, write_first_user
from tests.doubles import PASSWORD, CountingRandomness, directory
from tests.unit.people import reason_of

RANDOM = st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES)
STRANGER, OTHER = Origin("nymea", "192.0.2.66"), Origin("nymea", "192.0.2.67")
NEW = NewUser("ann", Scope.ADMIN)


class House:
    """A directory without an account, and the code that opens it."""

    def __init__(self, origin=STRANGER):
        self.randomness = CountingRandomness()
        self.setup_code = SetupCode()
        self.directory = directory(setup_code=self.setup_code).at(origin)
        self.code = self.setup_code.renew(self.randomness)

    def set_up(self, code, *, password=PASSWORD, origin=STRANGER):
        return create_first_account(self.directory.at(origin), NEW, password, code)

    def reason(self, code, **how):
        return reason_of(self.set_up(code, **how))

    def guess_until_throttled(self):
        for _ in range(100):
            if self.reason("0000-0000-0000-0000") is Reason.THROTTLED:
                return
        pytest.fail("whoever guesses is never slowed down")


@pytest.fixture
def house():
    return House()


# --- what it looks like ---------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 6.5.4", "OWASP ASVS 5.0 6.4.1")
@given(RANDOM, RANDOM)
def test_a_code_has_eighty_bits_in_groups_of_four(one, other):
    assert [len(group) for group in written(one).split("-")] == [4, 4, 4, 4]
    assert (written(one) == written(other)) is (one == other)


@given(RANDOM)
def test_a_code_is_known_again_as_it_was_printed(random):
    code = SetupCode()
    assert code.fits(code.renew(lambda size: random[:size]))


@given(RANDOM, st.data())
def test_a_code_is_known_again_however_it_is_typed(random, data):
    code = SetupCode()
    printed = code.renew(lambda size: random[:size])
    lookalikes = {"0": "0oO", "1": "1iIlL", "-": ["-", "", " ", " - "]}
    typed = "".join(
        data.draw(st.sampled_from(lookalikes.get(c, [c, c.lower()]))) for c in printed
    )
    assert code.fits(typed)


@given(st.text(st.characters(), max_size=100))
def test_any_text_can_be_typed_and_none_fits_before_there_is_a_code(typed):
    assert read(typed).isalnum() or not read(typed)
    assert not SetupCode().fits(typed)


@pytest.mark.clause("OWASP ASVS 5.0 6.4.1")
def test_a_new_code_takes_the_place_of_the_one_before(house):
    fresh = house.setup_code.renew(house.randomness)
    assert not house.setup_code.fits(house.code)
    assert house.setup_code.fits(fresh)


def test_half_characters_are_wrong_and_no_fault(house):
    assert not house.setup_code.fits("\ud800")


def test_what_is_kept_does_not_tell_the_code(house):
    kept = house.setup_code._digest
    assert house.code.encode() not in kept
    assert read(house.code).encode() not in kept
    assert house.code not in repr(house.directory)


# --- what it opens --------------------------------------------------------------------------


def test_the_code_makes_the_first_account(house):
    assert asyncio.run(house.set_up(house.code)).scopes is Scope.ADMIN


@pytest.mark.clause("OWASP ASVS 5.0 6.5.1", "OWASP ASVS 5.0 6.4.1")
def test_the_code_dies_with_the_first_account(house):
    asyncio.run(house.set_up(house.code))
    assert house.reason(house.code) is Reason.SET_UP_ALREADY


@pytest.mark.parametrize("typed", ["", "0000-0000-0000-0000", PASSWORD])
@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_without_the_code_there_is_no_first_account(house, typed):
    assert house.reason(typed) is Reason.SETUP_CODE_WRONG
    assert asyncio.run(house.directory.store.reader.count_users()) == 0


def test_there_is_no_first_account_before_a_code_is_made():
    house = House()
    house.directory = replace(house.directory, setup_code=SetupCode())
    assert house.reason(house.code) is Reason.SETUP_CODE_WRONG


def test_a_weak_password_leaves_the_code_as_good_as_it_was(house):
    for _ in range(20):
        assert house.reason(house.code, password="weak") is Reason.PASSWORD_TOO_WEAK
    asyncio.run(house.set_up(house.code))


def test_where_no_code_is_needed_it_does_not_matter():
    asyncio.run(create_first_account(directory(), NEW, PASSWORD, "whatever"))


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_a_face_without_a_place_for_the_code_makes_no_first_account(house):
    draft = UserDraft("ann", RightsChange(Scope.USER_EDIT), PASSWORD)
    assert reason_of(write_first_user(house.directory, draft)) is Reason.SETUP_CODE_WRONG


# --- guessing it ----------------------------------------------------------------------------


def test_whoever_guesses_has_to_wait_even_with_the_right_code(house):
    house.guess_until_throttled()
    assert house.reason(house.code) is Reason.THROTTLED


def test_whoever_guesses_keeps_nobody_else_waiting(house):
    house.guess_until_throttled()
    asyncio.run(house.set_up(house.code, origin=OTHER))


def test_whoever_has_waited_may_try_again(house):
    house.guess_until_throttled()
    with pytest.raises(RefusedError) as refused:
        asyncio.run(house.set_up(house.code))
    house.directory.clock.advance(refused.value.retry_after)
    asyncio.run(house.set_up(house.code))


def test_whoever_leaves_the_code_out_has_guessed_nothing(house):
    for _ in range(100):
        assert house.reason("") is Reason.SETUP_CODE_WRONG
    assert house.directory.throttle.locks(house.directory.clock()) == []


def test_the_owners_socket_never_waits(house):
    for _ in range(100):
        assert house.reason("0", origin=Origin("control", LOCAL)) is Reason.SETUP_CODE_WRONG


def test_with_the_first_account_the_guesses_are_forgotten(house):
    house.guess_until_throttled()
    asyncio.run(house.set_up(house.code, origin=OTHER))
    waiting = house.directory.throttle.locks(house.directory.clock())
    assert THROTTLE_NAME not in {lock.account for lock in waiting}


@given(st.text(max_size=30))
def test_no_name_that_is_typed_stands_for_the_code(name):
    assert names.key(name) != THROTTLE_NAME


def test_the_trail_tells_of_guesses_and_not_what_was_typed(house):
    house.guess_until_throttled()
    house.directory.clock.advance(timedelta(minutes=1))
    asyncio.run(house.directory.journal.flush(house.directory.clock()))
    events = asyncio.run(house.directory.store.reader.audit_events(0, 100))
    told = b"".join(event.body for event in events)
    assert b"sign-in.lock" in told
    assert b"throttled" in told
    assert b"0000-0000" not in told
