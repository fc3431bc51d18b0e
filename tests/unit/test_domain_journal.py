"""What is written down soon: refusals that are folded, uses of tokens, failed sign-ins."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.audit.chain import decode
from keystead.domain import journal as journals
from keystead.domain.change import TokenAdded, UserAdded
from keystead.domain.events import SERVER, Action, Author, Entry, Origin, Outcome
from keystead.domain.journal import Journal
from keystead.domain.model import LastUse, TokenId
from keystead.domain.refusal import Reason
from keystead.domain.throttle import Attempts
from keystead.store.memory import MemoryStore
from tests.conformance.samples import ANN, PHONE, TABLET
from tests.conformance.stores import record
from tests.doubles import NOON, BrokenStore, SettableClock
from tests.unit.people import reason_of

SECOND = timedelta(seconds=1)
BOB = Author("user", "bob", "0b" * 16, None, Origin("nymea", "192.0.2.7"))
DENIED = Entry(BOB, Action.DENIED, "Users.GetUsers", outcome=Outcome.REFUSED)
OTHER = DENIED._replace(object="Users.AddUser")
USE, LATER = LastUse(NOON, "local"), LastUse(NOON + SECOND, "192.0.2.7")
PAIR = Attempts("ann", "192.0.2.7", 5, NOON, known=False)


class Desk:
    """A journal over a store in memory that can be broken.

    Attributes:
        attempts: what has changed about failed sign-ins.
    """

    def __init__(self):
        self.clock = SettableClock()
        self.store = MemoryStore(self.clock)
        self.attempts = []
        self.journal = Journal(self.store, self._changed)

    def _changed(self):
        changed, self.attempts = self.attempts, []
        return changed

    def flush(self, *, last=False):
        asyncio.run(self.journal.flush(self.clock.now, last=last))

    def told(self):
        """Give what and how often the trail tells."""
        events = asyncio.run(self.store.reader.audit_events(0, 10_000))
        return [(event.action, event.object, event.times) for event in map(decode, events)]

    def last_uses(self):
        tokens = asyncio.run(self.store.reader.tokens_of(ANN.id))
        return [token.last_used for token in tokens]

    def kept(self):
        return list(asyncio.run(self.store.reader.attempts()))

    def break_down(self):
        """Let nothing be written."""
        self.journal._store = BrokenStore(self.store)

    def come_back(self):
        """Let everything be written again."""
        self.journal._store = self.store

    def flush_in_vain(self):
        self.break_down()
        assert reason_of(self.journal.flush(self.clock.now)) is Reason.STORAGE_FAILED
        self.come_back()


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def ann(desk):
    """Put Ann in with two tokens; give how many events tell so."""
    tokens = TokenAdded(TABLET, b"t" * 32), TokenAdded(PHONE, b"p" * 32)
    asyncio.run(record(desk.store, UserAdded(ANN, None), *tokens))
    return 3


# --- folded ---------------------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 16.3.2")
def test_what_is_noted_is_told_when_it_is_written(desk):
    desk.journal.note(DENIED)
    desk.journal.note(OTHER)
    assert desk.told() == []
    desk.flush()
    assert desk.told() == [("denied", "Users.GetUsers", 1), ("denied", "Users.AddUser", 1)]


def test_the_same_several_times_is_told_once_with_how_often(desk):
    for _ in range(7):
        desk.journal.note(DENIED)
    desk.journal.note(DENIED._replace(author=BOB._replace(name="carl")))
    desk.flush()
    assert desk.told() == [("denied", "Users.GetUsers", 7), ("denied", "Users.GetUsers", 1)]


def test_the_same_is_told_once_a_minute_however_often_it_is_written(desk):
    for second in range(150):
        desk.journal.note(DENIED)
        desk.clock.now = NOON + second * SECOND
        desk.flush()
    assert [times for _, _, times in desk.told()] == [1, 60, 60]


def test_something_else_is_told_at_once_meanwhile(desk):
    desk.journal.note(DENIED)
    desk.flush()
    desk.journal.note(DENIED)
    desk.journal.note(OTHER)
    desk.clock.advance(SECOND)
    desk.flush()
    assert desk.told() == [("denied", "Users.GetUsers", 1), ("denied", "Users.AddUser", 1)]


def test_at_the_end_everything_is_told(desk):
    for _ in range(3):
        desk.journal.note(DENIED)
        desk.flush()
    desk.flush(last=True)
    assert desk.told() == [("denied", "Users.GetUsers", 1), ("denied", "Users.GetUsers", 2)]


def test_a_clock_that_is_put_back_holds_nothing_up_for_longer_than_a_minute(desk):
    desk.journal.note(DENIED)
    desk.flush()
    desk.clock.now = NOON - timedelta(days=9)
    desk.journal.note(DENIED)
    desk.flush()
    assert len(desk.told()) == 2


def test_where_nothing_is_due_nothing_is_written(desk):
    desk.break_down()
    desk.flush()
    desk.flush(last=True)
    assert desk.told() == []


@pytest.mark.clause("OWASP ASVS 5.0 16.4.1")
def test_of_too_many_different_entries_only_the_number_is_told(desk, monkeypatch):
    monkeypatch.setattr(journals, "MAX_ENTRIES", 3)
    for number in range(10):
        desk.journal.note(DENIED._replace(object=str(number)))
        desk.journal.note(DENIED._replace(object="0"))
    desk.flush()
    assert desk.told() == [
        ("denied", "0", 11),
        ("denied", "1", 1),
        ("denied", "2", 1),
        ("audit.gap", "", 7),
    ]
    desk.flush(last=True)
    assert len(desk.told()) == 4


# --- uses and attempts ----------------------------------------------------------------------


def test_the_last_of_all_uses_is_kept(desk, ann):
    desk.journal.used(TABLET.id, USE)
    desk.journal.used(TABLET.id, LATER)
    desk.flush()
    assert desk.last_uses() == [LATER, None]
    desk.flush()
    assert len(desk.told()) == ann


def test_uses_of_too_many_tokens_are_not_kept(desk, ann, monkeypatch):
    monkeypatch.setattr(journals, "MAX_USES", 1)
    desk.journal.used(TABLET.id, USE)
    desk.journal.used(PHONE.id, USE)
    desk.journal.used(TABLET.id, LATER)
    desk.flush()
    assert desk.last_uses() == [LATER, None]


def test_a_use_of_a_token_that_is_gone_hinders_nobody(desk, ann):
    desk.journal.used(TokenId(UUID(int=99)), USE)
    desk.journal.used(PHONE.id, USE)
    desk.flush()
    assert desk.last_uses() == [None, USE]


def test_what_has_changed_about_failed_sign_ins_is_kept(desk):
    desk.attempts = [PAIR]
    desk.flush()
    assert desk.kept() == [PAIR]


def test_a_journal_may_know_of_no_sign_ins(desk):
    journal = Journal(desk.store)
    journal.note(DENIED)
    asyncio.run(journal.flush(NOON))
    assert len(desk.told()) == 1


# --- a store that fails ---------------------------------------------------------------------


def test_what_cannot_be_written_is_written_the_next_time(desk, ann):
    desk.journal.note(DENIED)
    desk.journal.used(TABLET.id, USE)
    desk.attempts = [PAIR]
    desk.flush_in_vain()
    assert (len(desk.told()), desk.last_uses(), desk.kept()) == (ann, [None, None], [])
    desk.journal.note(DENIED)
    desk.flush()
    assert desk.told()[ann:] == [("denied", "Users.GetUsers", 2)]
    assert (desk.last_uses(), desk.kept()) == ([USE, None], [PAIR])


def test_what_came_meanwhile_is_newer_than_what_could_not_be_written(desk, ann):
    worse = replace(PAIR, failures=6)
    desk.journal.used(TABLET.id, USE)
    desk.journal.used(PHONE.id, USE)
    desk.attempts = [PAIR]
    desk.flush_in_vain()
    desk.journal.used(TABLET.id, LATER)
    desk.attempts = [worse]
    desk.flush()
    assert (desk.last_uses(), desk.kept()) == ([LATER, USE], [worse])


def test_a_store_that_fails_for_long_costs_no_more_than_room_for_so_many(desk, monkeypatch):
    monkeypatch.setattr(journals, "MAX_ENTRIES", 2)
    for number in range(4):
        desk.journal.note(DENIED._replace(object=str(number)))
    desk.flush_in_vain()
    assert len(desk.journal._entries) == 2
    desk.flush()
    assert desk.told() == [("denied", "0", 1), ("denied", "1", 1), ("audit.gap", "", 2)]


class Meanwhile:
    """A store that fails, and while it does so lets something happen."""

    def __init__(self, store, happen):
        self._broken = BrokenStore(store)
        self._happen = happen

    async def write(self, operation, **how):
        self._happen()
        return await self._broken.write(operation, **how)


def test_what_is_noted_while_it_cannot_be_written_is_counted_with_it(desk, monkeypatch):
    monkeypatch.setattr(journals, "MAX_ENTRIES", 2)

    def happen():
        desk.journal.note(DENIED)
        desk.journal.note(DENIED._replace(object="new"))

    desk.journal.note(DENIED)
    desk.journal.note(OTHER)
    desk.journal._store = Meanwhile(desk.store, happen)
    assert reason_of(desk.journal.flush(NOON)) is Reason.STORAGE_FAILED
    desk.come_back()
    desk.flush()
    assert desk.told() == [
        ("denied", "Users.GetUsers", 2),
        ("denied", "new", 1),
        ("audit.gap", "", 1),
    ]


def test_what_is_missed_is_told_by_the_server(desk, monkeypatch):
    monkeypatch.setattr(journals, "MAX_ENTRIES", 0)
    desk.journal.note(DENIED)
    desk.flush()
    (event,) = asyncio.run(desk.store.reader.audit_events(0, 9))
    assert decode(event).author == SERVER
