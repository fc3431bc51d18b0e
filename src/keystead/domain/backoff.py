"""Waits that grow with failures and shrink with quiet, counted in bounded memory."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Key = tuple[str, str]  # account and source; either may be empty: all accounts, all sources

_ROOM = 10  # one part in so many is made free at a time, so that it need not be done each time


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait after how many failures.

    Attributes:
        free: failures after which nobody waits.
        first: the wait after the next one; each further failure doubles it.
        most: no wait is longer.
        forgiven_every: so much quiet takes one failure off.
    """

    free: int
    first: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(minutes=15)
    forgiven_every: timedelta = timedelta(minutes=10)

    @property
    def last_step(self) -> int:
        """Give the number of failures from which on the wait stays the same.

        >>> BackOff(free=3).last_step
        14
        """
        times = -(-self.most // self.first)
        return self.free + 1 + (times - 1).bit_length()

    def wait(self, failures: int) -> timedelta:
        """Tell how long to wait after the last one of so many failures.

        >>> [BackOff(free=3).wait(failures).seconds for failures in (3, 4, 5, 13, 14, 1000)]
        [0, 1, 2, 512, 900, 900]
        """
        if failures <= self.free:
            return timedelta()
        if failures >= self.last_step:
            return self.most
        return self.first * (1 << (failures - self.free - 1))


@dataclass(slots=True)
class Tally:
    """The failures of one key.

    Attributes:
        failures: how many there were at the *last* one; what was forgiven is taken off then.
        last: aware, UTC.
        used: when somebody got in by it, to a day; None while nobody has.
        before: failures and last before the latest one, so that it can be taken back.
    """

    failures: int
    last: datetime
    used: datetime | None = None
    before: tuple[int, datetime] | None = None


class Tallies:
    """Tallies by key, as many as there is room for.

    When there are too many, those nobody would miss go first: nothing but forgiven failures,
    then the fewest failures, then the longest ago.

    Args:
        back_off: how failures are forgiven.
        most: keys that are kept.
        is_wary: what had failures when it went is remembered as one number, and newcomers do
            without as many of the free failures, so that nobody gains by being pushed out. They
            still wait for nothing but what they do themselves.
    """

    def __init__(self, back_off: BackOff, most: int, *, is_wary: bool = False) -> None:
        self.back_off = back_off
        self.entries: dict[Key, Tally] = {}
        self._most = most
        self._is_wary = is_wary
        self._missing: Tally | None = None

    def get(self, key: Key, now: datetime) -> Tally | None:
        """Find the tally of *key*, or None.

        One from the future was written before the clock was set back: it counts from now on.
        """
        tally = self.entries.get(key)
        if tally and tally.last > now:
            tally.last = now
        return tally

    def level(self, tally: Tally, now: datetime) -> int:
        """Tell how many failures are not forgiven yet."""
        quiet = (now - tally.last) // self.back_off.forgiven_every
        if quiet <= 0:
            return tally.failures
        return max(0, min(tally.failures, self.back_off.last_step) - quiet)

    def wait(self, key: Key, now: datetime) -> timedelta:
        """Tell how long *key* has to wait from *now* on; zero for not at all."""
        tally = self.get(key, now)
        if tally is None:
            return timedelta()
        return max(timedelta(), self.back_off.wait(tally.failures) - (now - tally.last))

    def count(self, key: Key, now: datetime) -> Sequence[Key]:
        """Count a failure, and give the keys that had to make room."""
        tally = self.get(key, now)
        if tally:
            tally.before = tally.failures, tally.last
            tally.failures = self.level(tally, now) + 1
            tally.last = now
            return ()
        evicted = self._make_room(now)
        missing = self.level(self._missing, now) if self._is_wary and self._missing else 0
        self.entries[key] = Tally(min(missing, self.back_off.free) + 1, now)
        return evicted

    def take_back(self, key: Key, now: datetime) -> None:
        """Take the latest failure back."""
        tally = self.entries.get(key)
        if tally is None:
            return
        if tally.before:
            tally.failures, last = tally.before
            tally.last, tally.before = min(last, now), None
        else:
            tally.failures = max(0, tally.failures - 1)
        if not tally.failures and tally.used is None:
            del self.entries[key]

    def enter(self, key: Key, tally: Tally, now: datetime) -> Sequence[Key]:
        """Keep *tally*, and give the keys that had to make room."""
        evicted = () if key in self.entries else self._make_room(now)
        self.entries[key] = tally
        return evicted

    def _make_room(self, now: datetime) -> Sequence[Key]:
        if len(self.entries) < self._most:
            return ()
        room = max(1, self._most // _ROOM)
        evicted = heapq.nsmallest(room, self.entries, lambda key: self._worth(key, now))
        worst = max(self.level(self.entries.pop(key), now) for key in evicted)
        if self._missing is None or self.level(self._missing, now) <= worst:
            self._missing = Tally(worst, now)
        return evicted

    def _worth(self, key: Key, now: datetime) -> tuple[bool, int, datetime]:
        tally = self.entries[key]
        level = self.level(tally, now)
        return bool(level) or tally.used is not None, level, tally.last
