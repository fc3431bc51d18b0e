"""How long events are kept: so many, so much, so long, and never less than the newest ones."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

# The newest events, which stay whatever the rules and the clock say: one that jumps ahead must
# not empty the trail. At 4 KiB each they are 4 MiB at most.
MIN_EVENTS = 1_000
WARN_AT = 0.8  # of what fits; our choice for IEC 62443-4-2 CR 2.9 RE 1
AGE_SLACK = timedelta(days=1)  # so that a limit of age cuts once a day at most


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept at most.

    When there is more, a quarter of it is removed at once: so a cut is rare, and the owner is
    warned before each one. Some 250 bytes an event are usual.

    Attributes:
        events: how many; not below ``MIN_EVENTS``.
        size: bytes of all bodies together.
        age: None for however old.
    """

    events: int = 100_000
    size: int = 64 * 1024 * 1024
    age: timedelta | None = None


class Trail(NamedTuple):
    """What there is: events without gaps.

    Attributes:
        first: the sequence of the oldest event.
        last: of the newest one; less than *first* where there is none.
        size: bytes of all bodies together.
    """

    first: int
    last: int
    size: int

    @property
    def events(self) -> int:
        """Count them."""
        return self.last - self.first + 1


def cut(
    retention: Retention, trail: Trail, now: datetime, time_of: Callable[[int], datetime | None]
) -> int:
    """Tell up to which sequence events are to be removed now; 0 for none.

    Args:
        retention: what is kept at most.
        trail: what there is.
        now: aware.
        time_of: when the event with a sequence took place; None if it cannot be read. It is
            asked a few times, and only where there is a limit of age.
    """
    if trail.events <= MIN_EVENTS:
        return 0
    remove = max(
        _too_many(retention, trail),
        _too_large(retention, trail),
        _too_old(retention, trail, now, time_of),
    )
    remove = min(remove, trail.events - MIN_EVENTS)
    return trail.first + remove - 1 if remove else 0


def filled(retention: Retention, trail: Trail) -> float:
    """Tell how much of what fits is used; at 1 the next cut is due.

    The owner is warned when it comes to ``WARN_AT``.
    """
    return max(trail.events / retention.events, trail.size / retention.size)


def _too_many(retention: Retention, trail: Trail) -> int:
    if trail.events <= retention.events:
        return 0
    return trail.events - retention.events * 3 // 4


def _too_large(retention: Retention, trail: Trail) -> int:
    """Count events to remove, taking all for equally large."""
    if trail.size <= retention.size:
        return 0
    kept = retention.size * 3 // 4
    return trail.events - trail.events * kept // trail.size


def _too_old(
    retention: Retention,
    trail: Trail,
    now: datetime,
    time_of: Callable[[int], datetime | None],
) -> int:
    """Count events to remove; about right if the clock was put back meanwhile."""
    age = retention.age
    if age is None:
        return 0
    oldest = time_of(trail.first)
    if oldest is not None and now - oldest < age + AGE_SLACK:
        return 0
    begin = now - age

    def is_kept(place: int) -> bool:
        time = time_of(trail.first + place)
        return time is not None and time >= begin

    return bisect_left(range(trail.events), x=True, key=is_kept)
