"""How fast one connection may ask: nothing is refused, but what is too much has to wait."""

from math import inf
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.net.conversation import SLICE
from keystead.net.limits import BURST, Limits
from keystead.net.pace import Pace
from tests.net_stage import Face, guest, on_each_loop, stage

LIMITS = Limits(requests=1000, requests_before_sign_in=100)


class SignedIn:
    """As much of a session as counts here."""

    token_id = "somebody"


class Asking:
    """Somebody who asks.

    Attributes:
        now: monotonic seconds.
    """

    def __init__(self, source="192.0.2.1", limits=LIMITS):
        self.now = 5000.0
        self._guest = guest(source, limits=limits)
        self._pace = Pace(limits, self._guest, lambda: self.now)

    def asks(self, times):
        """Ask so many times; give the seconds to rest."""
        self._pace.left -= times
        return 0.0 if self._pace.left >= 0 else self._pace.rest()

    def signs_in(self):
        self._guest.session = cast("Any", SignedIn())


def test_a_burst_is_answered_at_once():
    somebody = Asking()

    assert [somebody.asks(1) for _ in range(BURST * 100)] == [0.0] * (BURST * 100)
    assert somebody.asks(1) > 0


def test_after_a_burst_one_has_to_rest_for_as_long_as_what_is_too_much_takes():
    somebody = Asking()
    somebody.asks(BURST * 100)

    assert somebody.asks(50) == pytest.approx(0.5)
    somebody.now += 0.5
    assert somebody.asks(1) == pytest.approx(0.01)


def test_who_goes_on_too_early_rests_for_longer():
    somebody = Asking()
    somebody.asks(BURST * 100)
    somebody.asks(50)
    somebody.now += 0.4

    assert somebody.asks(10) == pytest.approx(0.2)


def test_who_rests_for_long_saves_up_no_more_than_a_burst():
    somebody = Asking()
    somebody.asks(BURST * 100 + 1)
    somebody.now += 3600
    somebody.asks(1)

    assert somebody.asks(BURST * 100 + 1) == pytest.approx(0.01)


def test_who_signs_in_may_ask_faster_from_then_on():
    somebody = Asking()
    somebody.asks(BURST * 100)
    somebody.signs_in()

    assert somebody.asks(100) == pytest.approx(0.1)
    somebody.now += 3600
    assert somebody.asks(BURST * 1000) == 0.0


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 2000)), max_size=50))
def test_whatever_is_asked_the_rate_is_kept_and_nobody_rests_for_longer_than_they_must(steps):
    somebody = Asking()
    begun, asked = somebody.now, 0
    for pause, times in steps:
        somebody.now += pause
        asked += times
        rest = somebody.asks(times)
        somebody.now += rest
        allowed = 2 * BURST * 100 + 100 * (somebody.now - begun)
        assert asked <= allowed + 0.01
        assert rest <= times / 100 + 0.01


@pytest.mark.parametrize("source", ["127.0.0.1", "::/64", "local"])
def test_whoever_is_on_this_machine_may_ask_as_fast_as_they_can(source):
    assert Asking(source).asks(10**12) == 0.0


def test_the_limit_may_count_for_this_machine_too():
    limits = Limits(requests_before_sign_in=100, counts_loopback=True)

    assert Asking("127.0.0.1", limits).asks(BURST * 100 + 1) > 0


def test_without_a_limit_nobody_rests():
    somebody = Asking(limits=Limits(requests=inf, requests_before_sign_in=100))
    somebody.asks(BURST * 100)
    somebody.signs_in()

    assert [somebody.asks(10**6), somebody.asks(10**12)] == [0.0, 0.0]


SLOW = Limits(requests_before_sign_in=1, counts_loopback=True)
MANY = SLICE + 30  # requests; all but a slice have to wait, for about a minute


@on_each_loop
async def test_what_comes_too_fast_is_left_waiting_and_answered_later_in_order():
    async with stage(limits=SLOW) as box:
        client, session = await box.connect()
        await client.send(b"".join(b"echo %d\n" % number for number in range(MANY)))

        first = [await client.line() for _ in range(SLICE)]
        (conversation,) = box.everyone.open
        assert len(box.face.answered(session)) == SLICE
        conversation._end_rest()  # a minute later
        rest = [await client.line() for _ in range(MANY - SLICE)]

    assert first + rest == [str(number) for number in range(MANY)]


@on_each_loop
async def test_who_asks_too_fast_is_not_read_and_others_are():
    async with stage(limits=SLOW) as box:
        hasty, session = await box.connect()
        other, _ = await box.connect()
        await hasty.send(b"echo much\n" * SLICE)
        for _ in range(SLICE):
            await hasty.line()
        before = session.received

        await hasty.send(b"echo more\n")

        assert await other.ask("echo unharmed") == "unharmed"
        assert session.received == before


@on_each_loop
async def test_a_request_that_waits_is_answered_during_a_rest():
    async with stage(limits=SLOW) as box:
        client, session = await box.connect()
        await client.send(b"echo much\n" * (SLICE - 1) + b"wait gate late\necho after\n")
        for _ in range(SLICE - 1):
            await client.line()

        box.face.gates["gate"].set()

        assert await client.line() == "late"
        assert len(box.face.answered(session)) == SLICE


@on_each_loop
async def test_who_rests_may_leave():
    async with stage(limits=SLOW) as box:
        client, session = await box.connect()
        await client.send(b"echo much\n" * MANY)
        for _ in range(SLICE):
            await client.line()
        (conversation,) = box.everyone.open
        conversation.abort()
        await session.is_over.wait()

        conversation._end_rest()

        assert len(box.face.answered(session)) == SLICE


@on_each_loop
async def test_stopping_does_not_wait_for_who_rests():
    async with stage(root=Face(), limits=SLOW) as box:
        client, session = await box.connect()
        await client.send(b"echo much\n" * MANY)
        for _ in range(SLICE):
            await client.line()

        await box.everyone.close_all(0.01)

        await session.is_over.wait()
