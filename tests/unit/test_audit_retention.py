"""Where a trail is cut, so that it is neither too long nor too short."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.audit.retention import MIN_EVENTS, WARN_AT, Retention, Trail, cut, filled
from tests.unit.trails import NOON

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


def never(sequence):
    raise AssertionError("without a limit of age nobody asks for times")


def one_a_day(trail):
    """Tell the times of a trail that got an event every day, the last one at noon."""
    return lambda sequence: NOON - (trail.last - sequence) * DAY


@given(RETENTIONS, trails())
def test_the_newest_events_stay_whatever_the_rules_say(retention, trail):
    at = cut(retention, trail, NOON, one_a_day(trail))
    kept = trail.last - max(at, trail.first - 1)
    assert kept >= min(MIN_EVENTS, trail.events)
    assert at == 0 or trail.first <= at < trail.last


@given(RETENTIONS, trails())
def test_after_a_cut_everything_fits_and_no_cut_is_due(retention, trail):
    at = cut(retention, trail, NOON, one_a_day(trail))
    if at:
        kept = trail.last - at
        trail = Trail(at + 1, trail.last, trail.size * kept // trail.events)
    assert cut(retention, trail, NOON, one_a_day(trail)) == 0
    assert trail.events <= retention.events
    assert trail.size <= retention.size or trail.events <= MIN_EVENTS


@given(RETENTIONS, trails())
def test_a_cut_is_rare_and_warned_of_before(retention, trail):
    without_age = Retention(retention.events, retention.size)
    at = cut(without_age, trail, NOON, never)
    if at and trail.last - at > MIN_EVENTS:
        assert filled(without_age, trail) > 1
        kept = trail.last - at
        rest = Trail(at + 1, trail.last, trail.size * kept // trail.events)
        assert filled(without_age, rest) < WARN_AT


def test_a_quarter_is_removed_when_there_are_too_many_events():
    assert cut(SMALL, Trail(1, 4_000, 4_000), NOON, never) == 0
    assert cut(SMALL, Trail(1, 4_001, 4_001), NOON, never) == 1_001
    assert cut(SMALL, Trail(501, 4_501, 4_001), NOON, never) == 1_501


def test_a_quarter_is_removed_when_they_are_too_large():
    assert cut(SMALL, Trail(1, 2_000, MIB), NOON, never) == 0
    assert cut(SMALL, Trail(1, 2_000, MIB + 1), NOON, never) == 501


def test_what_is_older_than_the_limit_is_removed_once_a_day():
    month = Retention(NO_LIMIT.events, NO_LIMIT.size, 2_000 * DAY)
    kept, due, late = Trail(1, 2_001, 1), Trail(1, 2_002, 1), Trail(1, 2_100, 1)
    assert cut(month, kept, NOON, one_a_day(kept)) == 0
    assert cut(month, due, NOON, one_a_day(due)) == 1
    assert cut(month, late, NOON, one_a_day(late)) == 99


def test_a_clock_that_jumps_ahead_does_not_empty_the_trail():
    trail = Trail(1, 5_000, 1)
    retention = Retention(NO_LIMIT.events, NO_LIMIT.size, DAY)
    at = cut(retention, trail, NOON + 10_000 * DAY, one_a_day(trail))
    assert at == 5_000 - MIN_EVENTS


def test_an_event_that_cannot_be_read_is_taken_for_old():
    trail = Trail(1, 2_000, 1)
    retention = Retention(NO_LIMIT.events, NO_LIMIT.size, 5_000 * DAY)
    times = one_a_day(trail)
    assert cut(retention, trail, NOON, lambda n: None if n <= 7 else times(n)) == 7


def test_an_empty_trail_is_left_alone():
    assert cut(Retention(age=DAY), Trail(1, 0, 0), NOON, never) == 0


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
