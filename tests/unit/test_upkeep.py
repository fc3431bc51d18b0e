"""What a running server does by itself."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from keystead import upkeep
from keystead.audit.chain import decode
from keystead.audit.checkpoints import AuditKeyError
from keystead.audit.retention import MIN_EVENTS, Retention
from keystead.audit.verification import verify
from keystead.domain.events import SERVER, Action, Entry
from keystead.domain.journal import Journal
from keystead.domain.refusal import Reason, RefusedError
from tests.doubles import BrokenStore, directory
from tests.unit.trails import KEY, PUBLIC_KEY

LIMITS = Retention(events=2_000)


async def tell(house, number):
    async def note(tx):
        for _ in range(number):
            await tx.note(Entry(SERVER, Action.START))

    await house.store.write(note)


def look(house, *, has_warned=False, key=lambda: KEY):
    return upkeep._look_at_trail(house, LIMITS, key, has_warned=has_warned)


@pytest.mark.clause("IEC 62443-4-2 CR 2.9")
def test_a_trail_that_is_full_is_cut_and_still_verifies(caplog):
    async def scenario():
        house = directory()
        await tell(house, 2_001)
        assert await look(house) is False
        events = await house.store.reader.audit_events(0, 10_000)
        checkpoints = await house.store.reader.audit_checkpoints()
        return events, verify(checkpoints, [events], PUBLIC_KEY)

    events, report = asyncio.run(scenario())
    assert report.is_intact
    assert MIN_EVENTS < len(events) < 2_000
    last = decode(events[-1])
    assert (last.action, dict(last.detail)) == ("audit.cut", {"until": "501"})
    assert "audit trail cut" in caplog.text


@pytest.mark.clause("IEC 62443-4-2 CR 2.9 RE1")
def test_the_owner_is_warned_once_before_events_have_to_go(caplog):
    async def scenario():
        house = directory()
        await tell(house, 1_599)
        assert await look(house) is False
        await tell(house, 1)
        assert await look(house) is True
        assert await look(house, has_warned=True) is True
        await house.journal.flush(house.clock())
        return [decode(e) for e in await house.store.reader.audit_events_before(None, 2)]

    newest, before = asyncio.run(scenario())
    assert (newest.action, dict(newest.detail)) == ("audit.filling", {"events": "1600"})
    assert before.action == "server.start"
    assert caplog.text.count("audit trail is filling") == 1


def test_an_empty_trail_needs_nothing():
    async def scenario():
        house = directory()
        assert await look(house) is False
        return await house.store.reader.audit_events(0, 10)

    assert asyncio.run(scenario()) == []


def no_key():
    raise AuditKeyError("The key is missing.")


def fault():
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("key", "is_broken"), [(no_key, False), (no_key, True), (fault, False)]
)
def test_a_trail_that_cannot_be_cut_is_kept_and_said_so(caplog, monkeypatch, key, is_broken):
    house = directory()
    asyncio.run(tell(house, 2_001))
    if is_broken:
        house = directory(BrokenStore(house.store))

    class LookedTwiceError(Exception):
        pass

    pauses = iter([None])

    async def pause(_):
        if next(pauses, LookedTwiceError) is LookedTwiceError:
            raise LookedTwiceError

    monkeypatch.setattr("keystead.upkeep.asyncio.sleep", pause)
    with pytest.raises(LookedTwiceError):
        asyncio.run(upkeep.keep_trail(house, LIMITS, key))
    assert caplog.text.count("audit trail cannot be cut") == 2
    assert asyncio.run(house.store.reader.audit_size())[0] == 2_001


def test_a_fault_in_the_journal_ends_no_server(caplog):
    house = directory()
    faulty = replace(house, journal=Journal(house.store, fault))
    asyncio.run(upkeep.write_journal(faulty))
    assert "journal cannot be written" in caplog.text


def test_a_journal_that_cannot_be_written_is_kept_and_said_so(caplog):
    house = directory()
    broken = directory(BrokenStore(house.store))
    broken.note(None, Action.START)
    asyncio.run(upkeep.write_journal(broken))
    assert "journal cannot be written" in caplog.text
    with pytest.raises(RefusedError) as caught:
        asyncio.run(broken.journal.flush(broken.clock() + timedelta(hours=1)))
    assert caught.value.reason is Reason.STORAGE_FAILED


def test_the_journal_is_written_again_and_again(monkeypatch, caplog):
    caplog.set_level(logging.ERROR)
    house = directory()
    turns = iter([None, None])

    class OverError(Exception):
        pass

    async def pause(_):
        if next(turns, OverError) is OverError:
            raise OverError
        house.note(None, Action.START, turn=str(len(caplog.records)))

    monkeypatch.setattr("keystead.upkeep.asyncio.sleep", pause)
    with pytest.raises(OverError):
        asyncio.run(upkeep.keep_journal(house))
    assert asyncio.run(house.store.reader.audit_size())[0] == 1
