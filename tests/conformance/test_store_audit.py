"""What every store must do with the audit trail: no change without its event, in one chain."""

import asyncio

import pytest

from keystead.audit.chain import GENESIS, decode, digest_of, sequence_in
from keystead.audit.verification import verify
from keystead.domain.change import (
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.events import (
    SERVER,
    Action,
    Author,
    Entry,
    Origin,
    Outcome,
    StoredCheckpoint,
    entry_of,
)
from keystead.domain.refusal import Reason, RefusedError
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    IDLE,
    TABLET,
    TOKENS,
    numbered,
)
from tests.conformance.stores import listening, record
from tests.conformance.test_store_commits import EVERY_KIND, SETTLED
from tests.doubles import NOON

ROOT = Author("user", "root", "0b" * 16, TABLET.id, Origin("nymea", "192.0.2.7"))
OWNER = Author("owner", origin=Origin("control", "local"))
NOTED = Entry(ROOT, Action.EXPORT, "backup", outcome=Outcome.REFUSED, detail=(("why", "ü"),))
ALL = 10_000  # more events than any test here makes


def recording(*changes):
    """Give an operation that records *changes*."""

    async def operation(tx):
        for change in changes:
            await tx.record(change)

    return operation


def noting(*entries):
    """Give an operation that tells of *entries*."""

    async def operation(tx):
        for entry in entries:
            await tx.note(entry)

    return operation


async def trail(reader):
    """Give all events that are kept, as they are stored."""
    return list(await reader.audit_events(0, ALL))


def entries(events):
    """Give what *events* tell, read back."""
    read = [decode(event) for event in events]
    return [
        Entry(
            event.author,
            Action(event.action),
            event.object,
            event.object_id,
            Outcome(event.outcome),
            event.detail,
            event.times,
        )
        for event in read
    ]


def told_by(changes, author=SERVER):
    """Give what is to be told of *changes*."""
    return [entry for change in changes if (entry := entry_of(change, author))]


# --- no change without its event ------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 2.8", "EN 18031-2 LGM-1")
@pytest.mark.parametrize("bulk", [False, True])
def test_every_change_has_its_event_in_the_order_in_which_it_was_recorded(play, bulk):
    async def scenario(store):
        await store.write(recording(*SETTLED, *EVERY_KIND), author=ROOT, bulk=bulk)
        return entries(await trail(store.reader))

    assert play(scenario) == told_by((*SETTLED, *EVERY_KIND), ROOT)


@pytest.mark.clause("EN 18031-2 LGM-4", "IEC 62443-4-2 CR 2.11", "OWASP ASVS 5.0 16.2.1")
def test_an_event_tells_when_it_was_and_whose_doing(play):
    async def scenario(store):
        await store.write(recording(BOTH[0]))
        await store.write(recording(BOTH[1]), author=ROOT)
        await store.write(recording(UserRemoved(BOB)), author=OWNER)
        return [decode(event) for event in await trail(store.reader)]

    events = play(scenario)
    assert [(event.sequence, event.time, event.author) for event in events] == [
        (1, NOON, SERVER),
        (2, NOON, ROOT),
        (3, NOON, OWNER),
    ]


def test_the_author_may_become_known_in_the_middle(play):
    async def operation(tx):
        await tx.record(BOTH[0])
        tx.author = ROOT
        await tx.record(BOTH[1])

    async def scenario(store):
        await store.write(operation, author=OWNER)
        return [entry.author for entry in entries(await trail(store.reader))]

    assert play(scenario) == [OWNER, ROOT]


def test_what_only_keeps_things_as_they_are_is_a_commit_without_an_event(play):
    async def scenario(store):
        await record(store, *BOTH, TokenAdded(BROWSER, BROWSER_DIGEST))
        before = await trail(store.reader)
        heard = listening(store)
        later = TokenExtended(ANN.id, BROWSER.id, NOON + 2 * IDLE)
        await record(store, PasswordRehashed(ANN.id, "stronger"), later)
        return len(heard), await trail(store.reader) == before

    assert play(scenario) == (1, True)


def test_a_note_stands_among_the_changes_where_it_was_made_and_is_no_commit(play):
    async def operation(tx):
        await tx.record(BOTH[0])
        await tx.note(NOTED)
        await tx.record(BOTH[1])

    async def scenario(store):
        await store.write(operation)
        heard = listening(store)
        await store.write(noting(NOTED, NOTED._replace(times=7)))
        return entries(await trail(store.reader)), heard

    first, second = told_by(BOTH)
    assert play(scenario) == ([first, NOTED, second, NOTED, NOTED._replace(times=7)], [])


def test_changes_that_are_summarised_are_told_by_one_note(play):
    summary = Entry(OWNER, Action.IMPORT, detail=(("users", "2"),))

    async def operation(tx):
        tx.summarised = True
        for change in (*BOTH, *TOKENS):
            await tx.record(change)
        await tx.note(summary)

    async def scenario(store):
        heard = listening(store)
        await store.write(operation, author=OWNER)
        await record(store, UserRemoved(BOB))
        return entries(await trail(store.reader)), [len(one.changes) for one in heard]

    assert play(scenario) == ([summary, *told_by([UserRemoved(BOB)])], [5, 1])


@pytest.mark.parametrize("essential", [False, True])
@pytest.mark.parametrize("bulk", [False, True])
def test_a_write_that_is_refused_leaves_no_event_and_no_gap(play, bulk, essential):
    async def fail(tx):
        await tx.record(BOTH[1])
        await tx.note(NOTED)
        raise RefusedError(Reason.FORBIDDEN)

    async def fail_at_once(tx):
        await tx.note(NOTED)
        raise RefusedError(Reason.FORBIDDEN)

    async def scenario(store):
        await record(store, BOTH[0])
        for operation in (fail, fail_at_once):
            with pytest.raises(RefusedError):
                await store.write(operation, bulk=bulk, essential=essential)
        await record(store, BOTH[1])
        return await trail(store.reader)

    events = play(scenario)
    assert entries(events) == told_by(BOTH)
    assert [event.sequence for event in events] == [1, 2]


def test_an_event_is_seen_by_listeners_of_its_commit_and_not_before(play):
    async def scenario(store):
        seen = []

        async def operation(tx):
            await tx.record(BOTH[0])
            seen.append(len(await tx.audit_events(0, ALL)))

        def listen(commit):
            reading = store.reader.audit_events(0, ALL)
            with pytest.raises(StopIteration) as stop:
                reading.send(None)
            seen.append(len(stop.value.value))

        store.listen(listen)
        await store.write(operation)
        return seen

    assert play(scenario) == [0, 1]


# --- one chain ------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 2.8")
def test_events_are_one_chain_that_begins_at_the_beginning(play):
    async def scenario(store):
        await record(store, *BOTH)
        await record(store, *TOKENS[:1])
        await record(store, *TOKENS[1:])
        await store.write(noting(NOTED))
        return await trail(store.reader)

    events = play(scenario)
    digest = GENESIS.digest
    for number, event in enumerate(events, 1):
        digest = digest_of(digest, event.body)
        assert (event.sequence, event.digest) == (number, digest)
        assert sequence_in(event.body) == number


def test_writes_at_the_same_time_make_a_chain_without_gaps(play):
    def adding(number):
        async def operation(tx):
            await tx.record(UserAdded(numbered(number), None))
            await tx.note(NOTED._replace(object=str(number)))
            if number % 7 == 0:
                raise RefusedError(Reason.FORBIDDEN)

        return operation

    async def scenario(store):
        heard = listening(store)
        writes = (
            store.write(adding(number), essential=number % 2 == 0) for number in range(400)
        )
        await asyncio.gather(*writes, return_exceptions=True)
        return heard, await trail(store.reader)

    heard, events = play(scenario)
    told = entries(events)
    names = [change.user.name for commit in heard for change in commit.changes]
    assert [entry.object for entry in told[::2]] == names
    assert [f"user-{entry.object}" for entry in told[1::2]] == names
    assert len(names) == len([number for number in range(400) if number % 7])
    assert verify([], [events], None).problems == ()


def test_texts_that_have_no_utf_8_or_are_too_long_are_told_all_the_same(play):
    halves, long = NOTED._replace(object="\ud800"), NOTED._replace(object="x" * 10_000)

    async def scenario(store):
        await store.write(noting(halves, long))
        return await trail(store.reader)

    events = play(scenario)
    assert [entry.object[:6] for entry in entries(events)] == ["\\ud800", "xxxxxx"]
    assert verify([], [events], None).problems == ()


# --- reading it -----------------------------------------------------------------------------


def test_events_come_in_pages_forwards_and_backwards(play):
    async def scenario(store):
        nothing = [
            list(await store.reader.audit_events(0, 10)),
            list(await store.reader.audit_events_before(None, 10)),
            await store.reader.audit_size(),
        ]
        await store.write(noting(*[NOTED] * 10))
        reader = store.reader
        forwards = [
            [event.sequence for event in await reader.audit_events(after, limit)]
            for after, limit in [(0, 3), (3, 3), (8, 3), (10, 3), (99, 3), (0, 0)]
        ]
        backwards = [
            [event.sequence for event in await reader.audit_events_before(before, limit)]
            for before, limit in [(None, 3), (8, 3), (2, 3), (1, 3), (99, 2), (None, 0)]
        ]
        return nothing, forwards, backwards

    assert play(scenario) == (
        [[], [], (0, 0)],
        [[1, 2, 3], [4, 5, 6], [9, 10], [], [], []],
        [[10, 9, 8], [7, 6, 5], [1], [], [10, 9], []],
    )


def test_the_size_is_that_of_the_bodies(play):
    async def scenario(store):
        await record(store, *BOTH)
        return await store.reader.audit_size(), await trail(store.reader)

    size, events = play(scenario)
    assert size == (2, sum(len(event.body) for event in events))


# --- cutting it -----------------------------------------------------------------------------


def checkpoint(sequence):
    return StoredCheckpoint(sequence, b"body of %d" % sequence, b"signature %d" % sequence)


def test_a_cut_removes_what_its_checkpoint_covers_and_the_chain_goes_on(play):
    async def scenario(store):
        await store.write(noting(*[NOTED] * 5))
        whole = await trail(store.reader)
        await store.write(lambda tx: tx.cut_audit(checkpoint(3)))
        cut = await trail(store.reader), list(await store.reader.audit_checkpoints())
        await store.write(noting(NOTED))
        await store.write(lambda tx: tx.cut_audit(checkpoint(5)))
        return (
            whole,
            cut,
            await trail(store.reader),
            list(await store.reader.audit_checkpoints()),
        )

    whole, cut, after, checkpoints = play(scenario)
    assert cut == (whole[3:], [checkpoint(3)])
    assert [event.sequence for event in after] == [6]
    assert after[0].digest == digest_of(whole[-1].digest, after[0].body)
    assert checkpoints == [checkpoint(3), checkpoint(5)]


def test_a_cut_with_its_note_is_one_write(play):
    async def cut(tx):
        await tx.cut_audit(checkpoint(2))
        await tx.note(Entry(SERVER, Action.AUDIT_CUT, times=2))

    async def fail(tx):
        await cut(tx)
        raise RefusedError(Reason.FORBIDDEN)

    async def scenario(store):
        await store.write(noting(*[NOTED] * 3))
        with pytest.raises(RefusedError):
            await store.write(fail)
        before = await trail(store.reader), list(await store.reader.audit_checkpoints())
        await store.write(cut)
        return before, await trail(store.reader)

    (events, checkpoints), after = play(scenario)
    assert [event.sequence for event in events] == [1, 2, 3]
    assert checkpoints == []
    assert [(event.sequence, decode(event).action) for event in after] == [
        (3, Action.EXPORT.value),
        (4, Action.AUDIT_CUT.value),
    ]


# --- what it must not hold ------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
def test_no_hash_and_no_digest_is_told(play):
    async def scenario(store):
        await store.write(recording(*SETTLED, *EVERY_KIND), author=ROOT)
        await record(store, UserChanged(ANN._replace(email="canary@example.org")))
        return await trail(store.reader)

    told = b"".join(event.body for event in play(scenario))
    for secret in (b"hash", b"stronger", b"tttt", b"zzzz", b"rrrr", b"wwww", b"canary"):
        assert secret not in told
