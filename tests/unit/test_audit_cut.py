"""A trail that outgrows its limits: what is removed, and what stands for it."""

import asyncio

import pytest

from keystead.audit.checkpoints import Checkpoint, Purpose, sign
from keystead.audit.retention import MIN_EVENTS, Retention, Trail, cut
from keystead.audit.verification import verify
from keystead.domain.events import StoredEvent
from keystead.store import sqlite_file
from keystead.store.memory import MemoryStore
from keystead.store.sqlite import SqliteStore
from keystead.store.trail_file import open_trail
from tests.unit.trails import KEY, NOON, PUBLIC_KEY, SIGNED_IN

LIMITS = Retention(events=2_000)


def now():
    return NOON


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """Give an empty store."""
    if request.param == "memory":
        yield MemoryStore(now)
        return
    sqlite_file.prepare(tmp_path / "box.sqlite")
    store = SqliteStore(tmp_path / "box.sqlite", now)
    yield store
    store.close()


async def tell(store, number):
    async def note(tx):
        for _ in range(number):
            await tx.note(SIGNED_IN)

    await store.write(note)


async def cut_what_is_due(store):
    """Do what a server does from time to time; give what was removed last, or None."""
    (oldest,) = await store.reader.audit_events(0, 1)
    (newest,) = await store.reader.audit_events_before(None, 1)
    _, size = await store.reader.audit_size()
    trail = Trail(oldest.sequence, newest.sequence, size)
    head = await cut(LIMITS, trail, store.reader, NOON)
    if head:
        signed = sign(Checkpoint(head, NOON, Purpose.CUT), KEY)
        await store.write(lambda tx: tx.cut_audit(signed))
    return head


async def report_on(store):
    checkpoints = await store.reader.audit_checkpoints()
    events = await store.reader.audit_events(0, 100_000)
    return verify(checkpoints, [events], PUBLIC_KEY)


@pytest.mark.clause("EN 18031-2 LGM-3")
def test_the_newest_events_are_kept_and_the_rest_is_vouched_for(store):
    async def overflow():
        heads = []
        for _ in range(6):
            await tell(store, 400)
            heads.append(await cut_what_is_due(store))
        await tell(store, 10)
        return heads, await report_on(store)

    heads, report = asyncio.run(overflow())
    assert [head and head.sequence for head in heads] == [None] * 5 + [900]
    assert report.is_intact
    assert (report.first, report.count, report.checkpoints) == (901, 1_510, 1)
    assert report.count >= MIN_EVENTS


def test_cut_after_cut_the_chain_goes_on(store):
    async def overflow():
        for _ in range(12):
            await tell(store, 501)
            await cut_what_is_due(store)
        return await report_on(store)

    report = asyncio.run(overflow())
    assert report.is_intact
    assert report.checkpoints > 1
    assert report.head.sequence == 12 * 501


def test_what_was_cut_reads_the_same_from_the_file(tmp_path):
    path = tmp_path / "box.sqlite"
    sqlite_file.prepare(path)
    store = SqliteStore(path, now)

    async def overflow():
        await tell(store, 2_001)
        await cut_what_is_due(store)

    asyncio.run(overflow())
    store.close()
    with open_trail(path) as trail, trail.moment():
        report = verify(trail.checkpoints(), trail.events(), PUBLIC_KEY)
        last = trail.last()
    assert report.is_intact
    assert report.count == 1_500
    assert isinstance(last, StoredEvent)
    assert last.sequence == 2_001
