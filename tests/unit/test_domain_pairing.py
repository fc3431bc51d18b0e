"""Pairing: who waits for the button, for how long, and what the button gives."""

import asyncio

import pytest

from keystead.domain.change import TokenAdded, UserAdded
from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import PAIRING_TIMEOUT, PairingDesk, pair, take_back
from keystead.domain.refusal import Reason
from tests.conformance.stores import listening
from tests.doubles import BrokenStore, directory
from tests.unit.people import move_in, opened, reason_of, users_of

LIMIT = PAIRING_TIMEOUT.total_seconds()


class Requester:
    """Somebody who is equal to everybody, and yet only themselves."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


@pytest.fixture
def desk():
    return PairingDesk()


def test_nobody_waits_at_first(desk):
    assert desk.waiting is None
    assert desk.take() is None
    assert desk.expire(0) is None


@pytest.mark.clause("OWASP ASVS 5.0 6.5.5")
def test_a_device_waits_for_five_minutes(desk):
    waiting, before = desk.request("tablet", "Ann's tablet", 100.0)
    assert before is None
    assert desk.waiting is waiting
    assert (waiting.requester, waiting.device_name) == ("tablet", "Ann's tablet")
    assert waiting.until == 100.0 + 300


@pytest.mark.clause("OWASP ASVS 5.0 6.5.1")
def test_the_button_is_for_the_device_that_waits_and_for_that_one_once(desk):
    waiting, _ = desk.request("tablet", "Ann's tablet", 0)
    assert desk.take() is waiting
    assert desk.take() is None


def test_who_asks_last_waits_and_who_waited_before_is_given_back(desk):
    first, _ = desk.request("tablet", "Ann's tablet", 0)
    second, before = desk.request("phone", "Ann's phone", 1)
    assert before is first
    assert desk.take() is second


def test_requests_have_numbers_of_their_own(desk):
    numbers = []
    for _ in range(3):
        numbers.append(desk.request("tablet", "Ann's tablet", 0)[0].number)
        desk.take()
    assert numbers == [1, 2, 3]


def test_who_is_gone_waits_no_more(desk):
    desk.request("tablet", "Ann's tablet", 0)
    desk.withdraw("tablet")
    assert desk.take() is None


def test_who_did_not_wait_withdraws_nobody_else():
    desk: PairingDesk[Requester] = PairingDesk()
    desk.withdraw(Requester())
    waiting, _ = desk.request(Requester(), "Ann's tablet", 0)
    desk.withdraw(Requester())
    assert desk.take() is waiting


def test_a_request_ends_with_its_time(desk):
    waiting, _ = desk.request("tablet", "Ann's tablet", 10)
    assert desk.expire(10 + LIMIT - 0.001) is None
    assert desk.waiting is waiting
    assert desk.expire(10 + LIMIT) is waiting
    assert desk.waiting is None


# --- the token ------------------------------------------------------------------------------


def test_the_first_pairing_makes_the_nameless_administrator():
    house = directory()
    heard = listening(house.store)
    signed_in = asyncio.run(pair(house, "Ann's tablet"))
    user = signed_in.principal.user
    assert (user.name, user.scopes) == (PUSH_BUTTON_USER, Scope.ADMIN)
    assert asyncio.run(users_of(house)) == [user]
    assert asyncio.run(house.store.reader.password_hash(user.id)) is None
    (commit,) = heard
    made, added = commit.changes
    assert made == UserAdded(user, None)
    assert isinstance(added, TokenAdded)
    assert added.token.device_name == "Ann's tablet"


def test_every_further_pairing_gives_a_token_of_the_same_account():
    house = directory()

    async def pair_two():
        return await asyncio.gather(pair(house, "tablet"), pair(house, "phone"))

    tablet, phone = asyncio.run(pair_two())
    assert tablet.principal.user == phone.principal.user
    assert tablet.secret != phone.secret
    found = asyncio.run(opened(house, phone.secret))
    assert found == phone.principal


def test_a_paired_device_holds_what_the_nameless_account_was_left_with():
    house = directory()
    asyncio.run(move_in(house, PUSH_BUTTON_USER, Scope.CONTROL_THINGS, password=None))
    assert asyncio.run(pair(house, "tablet")).principal.user.scopes is Scope.CONTROL_THINGS


def test_a_device_name_that_nobody_should_have_to_keep_pairs_nothing():
    house = directory()
    assert reason_of(pair(house, "\0")) is Reason.TEXT_INVALID
    assert asyncio.run(users_of(house)) == []
    assert not asyncio.run(house.store.reader.ever_had_account())


def test_a_pairing_that_cannot_be_stored_is_refused():
    house = directory(BrokenStore(directory().store))
    assert reason_of(pair(house, "tablet")) is Reason.STORAGE_FAILED


def test_a_token_that_reached_nobody_is_taken_back_though_it_is_the_only_way_in():
    house = directory()
    signed_in = asyncio.run(pair(house, "tablet"))

    asyncio.run(take_back(house, signed_in.principal))
    asyncio.run(take_back(house, signed_in.principal))

    assert asyncio.run(opened(house, signed_in.secret)) is None
