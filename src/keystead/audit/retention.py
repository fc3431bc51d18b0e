"""How long events are kept: so many, so much, so long, and never less than the newest ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from keystead.audit.chain import Head, decode
from keystead.domain.events import StoredEvent

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


class EventReader(Protocol):
    """What ``ports.Reader`` gives of a trail."""

    async def audit_events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        """At most *limit* events that follow the sequence *after*."""


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


async def cut(
    retention: Retention, trail: Trail, events: EventReader, now: datetime
) -> Head | None:
    """Tell up to where events are to be removed now; None while nothing is to be.

    Args:
        retention: what is kept at most.
        trail: what there is.
        events: what there is, too; it is asked for a few events where there is something to do,
            or a limit of age.
        now: aware.
    """
    remove = max(
        _too_many(retention, trail),
        _too_large(retention, trail),
        await _too_old(retention.age, trail, events, now) if retention.age else 0,
    )
    remove = min(remove, trail.events - MIN_EVENTS)
    if remove <= 0:
        return None
    last = await _event(events, trail.first + remove - 1)
    return Head(last.sequence, last.digest)


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


async def _too_old(age: timedelta, trail: Trail, events: EventReader, now: datetime) -> int:
    """Count events to remove; about right if the clock was put back meanwhile."""
    if trail.events <= MIN_EVENTS or not await _is_before(
        now - age - AGE_SLACK, events, trail.first
    ):
        return 0
    too_old, kept = 0, trail.events  # places that are known to be so
    while kept - too_old > 1:
        middle = (too_old + kept) // 2
        if await _is_before(now - age, events, trail.first + middle):
            too_old = middle
        else:
            kept = middle
    return kept


async def _is_before(time: datetime, events: EventReader, sequence: int) -> bool:
    """Tell whether an event took place before *time*, or cannot be read."""
    found = decode(await _event(events, sequence)).time
    return found is None or found < time


async def _event(events: EventReader, sequence: int) -> StoredEvent:
    (event,) = await events.audit_events(sequence - 1, 1)
    return event
