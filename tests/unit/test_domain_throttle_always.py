"""What holds of throttling whatever is tried, by whomever, and whenever."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from keystead.domain.throttle import LOCAL, Lane, Throttle, ThrottledError, ThrottlePolicy
from tests.doubles import NOON

MOST = timedelta(minutes=15)
ACCOUNTS = st.sampled_from(["ann", "bob", "", "x" * 300])
SOURCES = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::/64"])
NEVER = "203.0.113.9"  # a source from which nobody but the owner tries anything
STEPS = st.timedeltas(timedelta(0), timedelta(hours=3)) | st.sampled_from(
    [timedelta(0), timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=10), MOST]
)
TRIES = st.lists(st.tuples(ACCOUNTS, SOURCES, STEPS, st.booleans()), max_size=60)


def goes_ahead(throttle, account, source, now):
    """Tell whether a try goes ahead; one that does not has to wait, but not for too long."""
    refused = None
    try:
        throttle.begin(account, source, now)
    except ThrottledError as error:
        refused = error
    assert refused is None or timedelta(0) < refused.retry_after <= MOST
    return refused is None


class Guessing(RuleBasedStateMachine):
    """Guesses from a few sources, on a clock that may jump either way."""

    def __init__(self):
        super().__init__()
        self.throttle = Throttle(ThrottlePolicy(most_kept=6, most_known=2))
        self.now = NOON
        self.under_way = []
        self.home = False

    @rule(by=STEPS)
    def wait(self, by):
        self.now += by

    @rule(by=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
    def set_clock(self, by):
        self.now += by
        if not NOON - 2 * timedelta(days=400) < self.now < NOON + 2 * timedelta(days=400):
            self.now = NOON

    @rule(account=ACCOUNTS, source=SOURCES, times=st.integers(1, 40))
    def try_some(self, account, source, times):
        for _ in range(times):
            if goes_ahead(self.throttle, account, source, self.now):
                self.under_way.append((account, source))

    @rule(number=st.integers(1, 40), source=SOURCES)
    def invent_names(self, number, source):
        for index in range(number):
            goes_ahead(self.throttle, f"invented{index}", source, self.now)

    @precondition(lambda self: self.under_way)
    @rule(ends_well=st.booleans(), which=st.integers(0, 1000))
    def end(self, ends_well, which):
        account, source = self.under_way.pop(which % len(self.under_way))
        if ends_well and account:
            self.throttle.succeeded(account, source, self.now)
        else:
            self.throttle.undone(account, source, self.now)

    @rule(account=ACCOUNTS, source=SOURCES | st.none() | st.just(""))
    def clear(self, account, source):
        self.throttle.clear(account, source)
        if source:
            assert account == "" or (account, source) not in self.locked()

    @rule(account=ACCOUNTS)
    def forget(self, account):
        self.throttle.forget(account)

    @rule()
    def restart(self):
        self.throttle.changed()
        stored = self.throttle._stored.values()
        self.throttle = Throttle(ThrottlePolicy(most_kept=6, most_known=2), list(stored))

    @rule(account=ACCOUNTS)
    def whoever_waits_as_told_gets_a_try(self, account):
        for source in ("192.0.2.1", "2001:db8::/64"):
            lock = self.throttle.lock(account, source, self.now)
            self.now = lock.until if lock else self.now
            assert self.throttle.lock(account, source, self.now) is None

    @invariant()
    def the_owner_gets_in(self):
        assert self.throttle.begin("ann", LOCAL, self.now) is Lane.KNOWN
        assert self.throttle.begin("ann", NEVER, self.now) is Lane.FRESH
        self.throttle.undone("ann", NEVER, self.now)

    @invariant()
    def nobody_is_locked_for_longer_than_the_longest_wait(self):
        for lock in self.throttle.locks(self.now):
            assert self.now < lock.until <= self.now + MOST

    @invariant()
    def memory_is_bounded(self):
        throttle = self.throttle
        assert all(len(tallies.entries) <= 6 for tallies in throttle._all())
        assert len(throttle._slots) <= 6
        known = sorted(throttle._known.entries)
        assert sorted((a, s) for a, all_ in throttle._homes.items() for s in all_) == known
        assert throttle._touched <= {
            *throttle._stored,
            *(key for tallies in throttle._all() for key in tallies.entries),
        }

    def locked(self):
        return {(lock.account, lock.source) for lock in self.throttle.locks(self.now)}


TestGuessing = Guessing.TestCase
TestGuessing.settings = settings(stateful_step_count=25)


def run(throttle, tries):
    """Try one after the other, and give what came of each and the time at the end."""
    now, outcomes = NOON, []
    for account, source, step, ends_well in tries:
        now += step
        went = goes_ahead(throttle, account, source, now)
        outcomes.append(went)
        if went and ends_well and account:
            throttle.succeeded(account, source, now)
    return outcomes, now


@given(tries=TRIES, account=ACCOUNTS, source=SOURCES, later=STEPS, rest=TRIES)
def test_a_try_that_is_taken_back_leaves_no_trace(tries, account, source, later, rest):
    with_it, without = Throttle(), Throttle()
    _, now = run(with_it, tries)
    run(without, tries)

    if goes_ahead(with_it, account, source, now):
        with_it.undone(account, source, now + later)

    def then(throttle):
        return [
            goes_ahead(throttle, account, source, now + later + step)
            for account, source, step, _ in sorted(rest, key=lambda one: one[2])
        ]

    assert then(with_it) == then(without)


@given(tries=TRIES, account=ACCOUNTS, source=SOURCES)
def test_nobody_else_waits_for_tries_elsewhere(tries, account, source):
    elsewhere = [one for one in tries if one[1] != source]
    throttle = Throttle()
    _, now = run(throttle, elsewhere)
    assert throttle.begin(account, source, now) is Lane.FRESH


@given(tries=TRIES, source=SOURCES)
def test_who_is_known_waits_for_no_other_account(tries, source):
    throttle = Throttle()
    throttle.succeeded("cat", source, NOON)
    _, now = run(throttle, tries)
    assert throttle.begin("cat", source, now) is Lane.KNOWN


@given(st.lists(STEPS, min_size=1, max_size=80))
def test_as_many_tries_go_ahead_at_once_as_one_after_the_other(steps):
    """Those under way count as those that failed: what goes ahead depends on the time alone."""
    throttle, waited, failures = Throttle(), MOST, 0
    now = last = NOON
    for step in steps:
        now += step
        waited = now - last
        quiet = waited // timedelta(minutes=10)
        expected = waited >= throttle._policy.pair.wait(failures)
        assert goes_ahead(throttle, "ann", "192.0.2.1", now) is expected or failures > 30
        if not expected:
            continue
        failures = max(0, min(failures, 14 if quiet else failures) - quiet) + 1
        last = now


@given(tries=TRIES, account=st.sampled_from(["ann", "bob"]), source=SOURCES)
def test_the_right_password_clears_the_pair_whatever_was_before(tries, account, source):
    throttle = Throttle()
    _, now = run(throttle, tries)
    throttle.succeeded(account, source, now)
    assert throttle.lock(account, source, now) is None
    assert [goes_ahead(throttle, account, source, now) for _ in range(5)] == [True] * 4 + [
        False
    ]


@given(tries=TRIES)
def test_everything_is_forgiven_in_the_end(tries):
    throttle = Throttle()
    _, now = run(throttle, tries)
    later = now + timedelta(days=2)
    assert not throttle.locks(later)
    for account in ("ann", "bob"):
        once = [goes_ahead(throttle, account, "192.0.2.1", later) for _ in range(5)]
        assert once == [True] * 4 + [False]
