"""Slowing down guesses: who waits, for how long, and who never does."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.backoff import BackOff
from keystead.domain.refusal import Reason
from keystead.domain.throttle import (
    LOCAL,
    Attempts,
    Lane,
    Lock,
    Throttle,
    ThrottledError,
    ThrottlePolicy,
    schedule,
)
from tests.doubles import NOON

HOME, WORK, STRANGER = "192.0.2.1", "2001:db8:1::/64", "198.51.100.7"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SMALL = ThrottlePolicy(most_kept=20)


@pytest.fixture
def throttle():
    return Throttle()


def fail(throttle, account="ann", source=STRANGER, times=1, now=NOON):
    """Fail as often as asked for, each time as soon as it is allowed, and give the time."""
    for _ in range(times):
        if lock := throttle.lock(account, source, now):
            now = lock.until
        throttle.begin(account, source, now)
    return now


def wait(throttle, account="ann", source=STRANGER, now=NOON):
    """Tell how long a sign-in would have to wait; zero where it may go ahead."""
    try:
        throttle.begin(account, source, now)
    except ThrottledError as error:
        return error.retry_after
    throttle.undone(account, source, now)
    return timedelta()


def is_nothing(throttle):
    return not throttle.changed() and not throttle.locks(NOON)


def crowd(number):
    return [f"203.0.{index // 256}.{index % 256}" for index in range(number)]


def slow(throttle, account="ann"):
    """Have so many strangers fail at an account that it is tried slowly from now on."""
    for source in crowd(100):
        throttle.begin(account, source, NOON)


def test_the_first_failures_are_free(throttle):
    fail(throttle, times=3)
    assert wait(throttle) == timedelta()


def test_the_fourth_failure_costs_a_second_and_each_further_one_twice_as_much(throttle):
    now, waits = fail(throttle, times=4), []
    for _ in range(12):
        waits.append(int(wait(throttle, now=now).total_seconds()))
        now = fail(throttle, now=now)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_the_refusal_says_why_and_for_how_long(throttle):
    fail(throttle, times=4)
    with pytest.raises(ThrottledError) as error:
        throttle.begin("ann", STRANGER, NOON)
    assert error.value.reason is Reason.THROTTLED
    assert error.value.retry_after == SECOND


def test_a_wait_ends_when_it_was_said_to(throttle):
    fail(throttle, times=4)
    assert wait(throttle, now=NOON + SECOND / 2) == SECOND / 2
    assert wait(throttle, now=NOON + SECOND) == timedelta()


def test_a_refused_try_makes_the_wait_no_longer(throttle):
    fail(throttle, times=4)
    for _ in range(50):
        assert wait(throttle) == SECOND
    assert wait(throttle, now=NOON + SECOND) == timedelta()


def test_ten_quiet_minutes_forgive_one_failure(throttle):
    now = fail(throttle, times=6)
    later = fail(throttle, now=now + 20 * MINUTE)
    assert wait(throttle, now=later) == 2 * SECOND  # as after the fifth


def test_quiet_forgives_everything_in_the_end(throttle):
    now = fail(throttle, times=200)
    fail(throttle, times=3, now=now + 140 * MINUTE)
    assert wait(throttle, now=now + 140 * MINUTE) == timedelta()


def test_a_long_wait_is_not_shortened_by_what_is_forgiven_meanwhile(throttle):
    now = fail(throttle, times=20)
    assert wait(throttle, now=now + 14 * MINUTE) == MINUTE


def test_the_right_password_forgets_the_failures_before_it(throttle):
    fail(throttle, times=3)
    throttle.begin("ann", STRANGER, NOON)
    throttle.succeeded("ann", STRANGER, NOON)

    fail(throttle, times=3)
    assert wait(throttle) == timedelta()


def test_a_try_that_was_never_decided_does_not_count(throttle):
    for _ in range(20):
        throttle.begin("ann", STRANGER, NOON)
        throttle.undone("ann", STRANGER, NOON)
    assert is_nothing(throttle)
    assert throttle.begin("ann", STRANGER, NOON) is Lane.FRESH


def test_whoever_is_turned_away_again_and_again_lets_fresh_sources_overtake(throttle):
    lanes = []
    for _ in range(4):
        lanes.append(throttle.begin("ann", STRANGER, NOON))
        throttle.turned_away("ann", STRANGER, NOON)
        throttle.turned_away("ann", LOCAL, NOON)
    assert lanes == [Lane.FRESH, Lane.FRESH, Lane.FRESH, Lane.OTHERS]
    assert throttle.begin("ann", HOME, NOON) is Lane.FRESH

    assert throttle.begin("ann", STRANGER, NOON + MINUTE) is Lane.FRESH


def test_tries_under_way_at_once_can_all_be_taken_back(throttle):
    fail(throttle, times=3)
    for _ in range(3):
        throttle.undone("ann", STRANGER, NOON)
    throttle.undone("ann", STRANGER, NOON)  # one too many changes nothing
    assert throttle.begin("ann", STRANGER, NOON) is Lane.FRESH


def test_taking_back_more_than_was_tried_takes_nothing_from_others(throttle):
    fail(throttle, "bob", times=4)
    for _ in range(5):
        throttle.undone("ann", STRANGER, NOON)
    assert wait(throttle, "bob") == SECOND


def test_many_tries_at_once_gain_nothing(throttle):
    begun = 0
    with suppress(ThrottledError):
        for _ in range(100):
            throttle.begin("ann", STRANGER, NOON)
            begun += 1
    assert begun == 4


def test_another_source_does_not_wait_for_the_stranger(throttle):
    fail(throttle, times=50)
    assert throttle.begin("ann", HOME, NOON) is Lane.FRESH


def test_another_account_does_not_wait_for_the_first(throttle):
    fail(throttle, times=5)
    assert wait(throttle, "bob") == timedelta()


def test_the_owner_of_the_machine_never_waits(throttle):
    for _ in range(200):
        assert throttle.begin("ann", LOCAL, NOON) is Lane.KNOWN
    throttle.succeeded("ann", LOCAL, NOON)
    throttle.undone("ann", LOCAL, NOON)
    assert is_nothing(throttle)


def test_a_source_is_known_to_the_account_that_signed_in_from_there_and_to_no_other(throttle):
    throttle.begin("ann", HOME, NOON)
    throttle.succeeded("ann", HOME, NOON)

    assert throttle.begin("ann", HOME, NOON) is Lane.KNOWN
    assert throttle.begin("ann", WORK, NOON) is Lane.FRESH
    assert throttle.begin("bob", HOME, NOON) is Lane.FRESH


def test_a_known_source_that_guesses_waits_as_any_other(throttle):
    throttle.succeeded("ann", HOME, NOON)
    fail(throttle, source=HOME, times=4)
    assert wait(throttle, source=HOME) == SECOND
    throttle.begin("ann", HOME, NOON + SECOND)
    throttle.undone("ann", HOME, NOON + SECOND)
    assert wait(throttle, source=HOME, now=NOON + SECOND) == timedelta()


def test_a_source_that_failed_a_moment_ago_comes_after_the_fresh_ones(throttle):
    fail(throttle, "bob")
    assert throttle.begin("ann", STRANGER, NOON + MINUTE - SECOND) is Lane.OTHERS
    assert throttle.begin("ann", STRANGER, NOON + 2 * MINUTE) is Lane.FRESH


def test_a_source_that_tries_many_accounts_waits(throttle):
    for number in range(31):
        throttle.begin(f"user{number}", STRANGER, NOON)
    assert wait(throttle, "another") == SECOND
    throttle.begin("another", STRANGER, NOON + SECOND)
    assert wait(throttle, "yet another", now=NOON + SECOND) == 2 * SECOND


def test_a_known_account_does_not_wait_for_what_its_source_does_to_others(throttle):
    throttle.succeeded("ann", STRANGER, NOON)
    for number in range(31):
        throttle.begin(f"user{number}", STRANGER, NOON)
    assert throttle.begin("ann", STRANGER, NOON) is Lane.KNOWN


def test_the_name_of_nobody_counts_for_its_source(throttle):
    for _ in range(31):
        throttle.begin("", STRANGER, NOON)
    assert throttle.locks(NOON) == [Lock("", STRANGER, 31, NOON + SECOND)]
    throttle.undone("", STRANGER, NOON)
    assert throttle.locks(NOON) == []


def test_an_account_that_was_tried_too_often_is_tried_once_a_second(throttle):
    slow(throttle)
    source = crowd(1)[0]
    throttle.begin("ann", source, NOON)
    assert wait(throttle, source=source) == SECOND
    assert wait(throttle, source=crowd(2)[1]) == SECOND
    assert wait(throttle, source=crowd(2)[1], now=NOON + SECOND) == timedelta()
    assert wait(throttle, "bob", source) == timedelta()


def test_the_slowness_of_an_account_holds_up_neither_known_nor_fresh_sources(throttle):
    throttle.succeeded("ann", HOME, NOON)
    slow(throttle)
    throttle.begin("ann", crowd(1)[0], NOON)
    for _ in range(3):
        assert throttle.begin("ann", HOME, NOON) is Lane.KNOWN
    assert throttle.begin("ann", WORK, NOON) is Lane.FRESH


def test_the_slowness_of_an_account_ends_with_quiet(throttle):
    slow(throttle)
    now = NOON + 10 * MINUTE
    for source in crowd(3):
        fail(throttle, "bob", source, now=now)  # so that none is fresh
    assert [wait(throttle, source=source, now=now) for source in crowd(3)] == [timedelta()] * 3


def test_a_slow_try_that_was_never_decided_gives_its_turn_back(throttle):
    slow(throttle)
    one, other = crowd(2)
    throttle.begin("ann", one, NOON)
    throttle.undone("ann", one, NOON)
    assert throttle.begin("ann", other, NOON) is Lane.OTHERS


def test_locks_tell_who_waits_for_what_and_until_when(throttle):
    throttle.succeeded("ann", HOME, NOON)
    fail(throttle, source=HOME, times=4)
    fail(throttle, "bob", times=3)
    now = fail(throttle, "eve", times=5)

    assert throttle.locks(now) == [Lock("eve", STRANGER, 5, now + 2 * SECOND)]
    assert throttle.locks(NOON + SECOND / 2)[-1] == Lock("ann", HOME, 4, NOON + SECOND)
    assert throttle.locks(now + MINUTE) == []


def test_locks_tell_of_accounts_that_are_tried_slowly(throttle):
    slow(throttle)
    assert throttle.locks(NOON) == [Lock("ann", "", 100, NOON + 10 * MINUTE)]


def test_an_administrator_can_clear_one_source_of_an_account(throttle):
    fail(throttle, times=4)
    fail(throttle, source=WORK, times=4)

    assert throttle.clear("ann", STRANGER) == 1
    assert wait(throttle) == timedelta()
    assert wait(throttle, source=WORK) == SECOND
    assert throttle.clear("ann", STRANGER) == 0


def test_an_administrator_can_clear_all_sources_of_an_account(throttle):
    throttle.succeeded("ann", HOME, NOON)
    slow(throttle)
    fail(throttle, source=HOME, times=4)
    fail(throttle, "bob", times=4)

    assert throttle.clear("ann", None) == 101
    assert [lock.account for lock in throttle.locks(NOON)] == ["bob"]
    assert throttle.begin("ann", HOME, NOON) is Lane.KNOWN


def test_an_administrator_can_clear_a_source_and_the_slowness_of_an_account(throttle):
    slow(throttle)
    for number in range(31):
        throttle.begin(f"user{number}", STRANGER, NOON)

    assert throttle.clear("", STRANGER) == 1
    assert throttle.clear("ann", "") == 1
    assert throttle.locks(NOON) == []


def test_a_removed_account_leaves_nothing_behind(throttle):
    throttle.succeeded("ann", HOME, NOON)
    fail(throttle, times=5)
    throttle.changed()

    throttle.forget("ann")
    throttle.forget("")

    gone = {(one.account, one.source, one.failures, one.known) for one in throttle.changed()}
    assert {("ann", HOME, 0, False), ("ann", STRANGER, 0, False)} <= gone
    assert throttle.begin("ann", HOME, NOON + 2 * MINUTE) is Lane.FRESH


def test_what_is_kept_survives_a_restart(throttle):
    throttle.succeeded("ann", HOME, NOON)
    slow(throttle, "slow")
    now = fail(throttle, "ann", times=8)
    for number in range(40):
        fail(throttle, f"user{number}", WORK, now=now)

    again = Throttle(attempts=throttle.changed())

    assert set(again.locks(now)) == set(throttle.locks(now))
    assert wait(again, now=now) == 16 * SECOND
    assert again.begin("ann", HOME, now) is Lane.KNOWN
    assert again.changed() == []


def test_what_changed_is_told_once(throttle):
    fail(throttle, times=4)
    assert Attempts("ann", STRANGER, 4, NOON, known=False) in throttle.changed()
    assert throttle.changed() == []


def test_what_is_over_is_told_as_nothing(throttle):
    fail(throttle, times=4)
    throttle.changed()
    throttle.clear("ann", STRANGER)
    assert throttle.changed() == [Attempts("ann", STRANGER, 0, NOON, known=False)]


def test_a_name_that_was_typed_by_mistake_is_kept_nowhere(throttle):
    fail(throttle, "Correct-horse-1", HOME, times=3)
    assert is_nothing(throttle)


def test_signing_in_again_and_again_is_worth_keeping_once_a_day(throttle):
    for hour in range(49):
        now = NOON + timedelta(hours=hour)
        throttle.begin("ann", HOME, now)
        throttle.succeeded("ann", HOME, now)
        kept = [one.last for one in throttle.changed()]
        assert kept == ([now] if hour % 24 == 0 else [])


def test_an_account_has_so_many_known_sources_and_the_longest_unused_makes_room(throttle):
    sources = crowd(33)
    for source in [*sources[:32], sources[0], sources[32]]:
        throttle.succeeded("ann", source, NOON)
    later = NOON + MINUTE
    assert throttle.begin("ann", sources[0], later) is Lane.KNOWN
    assert throttle.begin("ann", sources[1], later) is Lane.FRESH
    assert throttle.begin("ann", sources[32], later) is Lane.KNOWN


def test_invented_names_push_out_neither_a_lock_nor_what_is_known():
    throttle = Throttle(SMALL)
    throttle.succeeded("ann", HOME, NOON)
    fail(throttle, "ann", STRANGER, times=4)
    for number, source in enumerate(crowd(500)):
        throttle.begin(f"invented{number}", source, NOON)

    assert wait(throttle) == SECOND
    assert throttle.begin("ann", HOME, NOON) is Lane.KNOWN


def test_a_source_that_invents_names_gains_nothing_by_having_its_own_pushed_out():
    throttle = Throttle(SMALL)
    begun = 0
    with suppress(ThrottledError):
        for number in range(500):
            throttle.begin(f"invented{number}", STRANGER, NOON)
            begun += 1
    assert begun == 31


def test_sources_have_no_free_failures_while_too_many_others_fail():
    throttle = Throttle(replace(SMALL, source=BackOff(free=3)))
    for source in crowd(200):
        throttle.begin(f"tried from {source}", source, NOON)

    assert throttle.begin("ann", HOME, NOON) is Lane.FRESH
    assert wait(throttle, "bob", HOME) == SECOND
    assert wait(throttle, "bob", HOME, NOON + SECOND) == timedelta()
    assert throttle.begin("bob", WORK, NOON + timedelta(hours=1)) is Lane.FRESH
    assert wait(throttle, "bob", WORK, NOON + timedelta(hours=1)) == timedelta()


def test_the_memory_is_bounded_whatever_is_tried():
    throttle = Throttle(SMALL)
    for number, source in enumerate(crowd(300)):
        throttle.begin("ä" * 5000 + str(number), source, NOON)
        throttle.begin(f"{number}", source, NOON)
        throttle.succeeded(f"{number}", source, NOON)
    kept = throttle.changed()
    assert len(kept) <= 4 * 20
    assert all(len(one.account) <= 256 for one in kept)


def test_what_was_pushed_out_is_told_as_nothing():
    throttle = Throttle(SMALL)
    for number in range(20):
        throttle.succeeded(f"user{number}", HOME, NOON + number * SECOND)
    throttle.changed()

    throttle.succeeded("one more", HOME, NOON + MINUTE)

    changed = {(one.account, one.known) for one in throttle.changed()}
    assert changed == {("user0", False), ("user1", False), ("one more", True)}


def test_more_than_there_is_room_for_is_not_taken_over_from_before():
    many = [
        Attempts("ann", source, 4 + index, NOON, known=False)
        for index, source in enumerate(crowd(25))
    ]
    throttle = Throttle(SMALL, many)
    dropped = [one for one in throttle.changed() if not one.failures]
    assert {one.source for one in dropped} == set(crowd(len(dropped)))
    assert wait(throttle, source=crowd(25)[24]) == 15 * MINUTE


def test_a_clock_that_is_set_back_locks_nobody_for_longer(throttle):
    now = fail(throttle, times=20)
    back = now - timedelta(days=365)
    assert wait(throttle, now=back) == 15 * MINUTE
    assert wait(throttle, now=back + 15 * MINUTE) == timedelta()


def test_a_clock_that_is_set_back_does_not_make_an_account_slower(throttle):
    slow(throttle)
    one, other = crowd(2)
    throttle.begin("ann", one, NOON)
    assert wait(throttle, source=other, now=NOON - MINUTE) == timedelta()


def test_the_schedule_lists_every_wait_once_it_differs():
    waits = [int(wait.total_seconds()) for _, wait in schedule(ThrottlePolicy())]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]
    assert [number for number, _ in schedule(ThrottlePolicy())] == list(range(1, 15))


@pytest.mark.parametrize("most", [1, 2, 3, 900])
def test_the_last_step_is_the_first_with_the_longest_wait(most):
    back_off = BackOff(free=3, most=timedelta(seconds=most))
    longest = [n for n in range(100) if back_off.wait(n) == back_off.most]
    assert longest[0] == back_off.last_step
