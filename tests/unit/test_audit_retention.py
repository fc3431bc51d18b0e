"""Where a trail is cut, so that it is neither too long nor too short."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.audit.chain import Head, link
from keystead.audit.retention import MIN_EVENTS, WARN_AT, Retention, Trail, cut, filled
from keystead.domain.events import StoredEvent
from tests.unit.trails import NOON, SIGNED_IN

MIB = 1024 * 1024
DAY = timedelta(days=1)
NO_LIMIT = Retention(events=10**9, size=10**12)
SMALL = Retention(events=4_000, size=MIB)

RETENTIONS = st.builds(
    Retention,
    st.integers(MIN_EVENTS, 20_000),
    st.integers(4 * MIB, 8 * MIB),
    st.none() | st.integers(1, 400).map(timedelta),
)


@st.composite
def trails(draw):
    first = draw(st.integers(1, 2**40))
    events = draw(st.integers(0, 30_000))
    return Trail(first, first + events - 1, events * draw(st.integers(60, 4096)))


class Daily:
    """A trail that got an event every day, the last one at noon.

    Args:
        trail: how long it is.
        unreadable: how many of its first events cannot be read.
    """

    def __init__(self, trail, unreadable=0):
        self._trail = trail
        self._unreadable = unreadable

    async def audit_events(self, after, limit):
        sequence = after + 1
        assert self._trail.first <= sequence <= self._trail.last
        assert limit == 1
        if sequence < self._trail.first + self._unreadable:
            return [StoredEvent(sequence, b"", b"")]
        time = NOON - (self._trail.last - sequence) * DAY
        return [link(Head(after, bytes(32)), time, SIGNED_IN)]


def cut_at(retention, trail, now=NOON, unreadable=0):
    """Tell the last sequence that is removed; 0 for none."""
    head = asyncio.run(cut(retention, trail, Daily(trail, unreadable), now))
    return head.sequence if head else 0


@pytest.mark.clause("EN 18031-2 LGM-3")
@given(RETENTIONS, trails())
def test_the_newest_events_stay_whatever_the_rules_say(retention, trail):
    at = cut_at(retention, trail)
    kept = trail.last - max(at, trail.first - 1)
    assert kept >= min(MIN_EVENTS, trail.events)
    assert at == 0 or trail.first <= at < trail.last


@given(RETENTIONS, trails())
def test_after_a_cut_everything_fits_and_no_cut_is_due(retention, trail):
    at = cut_at(retention, trail)
    if at:
        kept = trail.last - at
        trail = Trail(at + 1, trail.last, trail.size * kept // trail.events)
    assert cut_at(retention, trail) == 0
    assert trail.events <= retention.events
    assert trail.size <= retention.size or trail.events <= MIN_EVENTS


@given(RETENTIONS, trails())
def test_a_cut_is_rare_and_warned_of_before(retention, trail):
    without_age = Retention(retention.events, retention.size)
    at = cut_at(without_age, trail)
    if at and trail.last - at > MIN_EVENTS:
        assert filled(without_age, trail) > 1
        kept = trail.last - at
        rest = Trail(at + 1, trail.last, trail.size * kept // trail.events)
        assert filled(without_age, rest) < WARN_AT


def test_a_quarter_is_removed_when_there_are_too_many_events():
    assert cut_at(SMALL, Trail(1, 4_000, 4_000)) == 0
    assert cut_at(SMALL, Trail(1, 4_001, 4_001)) == 1_001
    assert cut_at(SMALL, Trail(501, 4_501, 4_001)) == 1_501


def test_a_quarter_is_removed_when_they_are_too_large():
    assert cut_at(SMALL, Trail(1, 2_000, MIB)) == 0
    assert cut_at(SMALL, Trail(1, 2_000, MIB + 1)) == 501


def test_what_is_older_than_the_limit_is_removed_once_a_day():
    years = Retention(NO_LIMIT.events, NO_LIMIT.size, 2_000 * DAY)
    kept, due, late = Trail(1, 2_002, 1), Trail(1, 2_003, 1), Trail(1, 2_100, 1)
    assert cut_at(years, kept) == 0
    assert cut_at(years, due) == 2
    assert cut_at(years, late) == 99


def test_a_clock_that_jumps_ahead_does_not_empty_the_trail():
    trail = Trail(1, 5_000, 1)
    retention = Retention(NO_LIMIT.events, NO_LIMIT.size, DAY)
    at = cut_at(retention, trail, NOON + 10_000 * DAY)
    assert at == 5_000 - MIN_EVENTS


def test_an_event_that_cannot_be_read_is_taken_for_old():
    trail = Trail(1, 2_000, 1)
    retention = Retention(NO_LIMIT.events, NO_LIMIT.size, 5_000 * DAY)
    assert cut_at(retention, trail, unreadable=7) == 7


def test_an_empty_trail_is_left_alone():
    assert cut_at(Retention(age=DAY), Trail(1, 0, 0)) == 0


@pytest.mark.parametrize(
    ("trail", "part"),
    [
        (Trail(1, 0, 0), 0),
        (Trail(11, 1_010, 0), 0.25),
        (Trail(1, 1_000, MIB * 9 // 10), 0.9),
        (Trail(1, 8_000, 0), 2),
    ],
)
def test_how_full_it_is_goes_by_what_is_nearer_to_its_limit(trail, part):
    assert filled(SMALL, trail) == pytest.approx(part, abs=1e-6)


def test_the_digest_of_the_last_event_that_goes_is_given_to_be_signed():
    trail = Trail(1, 4_001, 0)
    head = asyncio.run(cut(SMALL, trail, Daily(trail), NOON))
    (event,) = asyncio.run(Daily(trail).audit_events(1_000, 1))
    assert head == (1_001, event.digest)
