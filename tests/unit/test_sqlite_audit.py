"""An audit trail that cannot be written: what is refused, what goes on, and what is told later."""

import asyncio
import itertools
import logging
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from keystead.audit.chain import decode
from keystead.audit.verification import verify
from keystead.domain.change import TokenAdded, UserAdded, UserChanged
from keystead.domain.events import SERVER, Action, Entry
from keystead.domain.model import LastUse, Scope, UserId
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.sign_in import sign_in
from keystead.domain.throttle import Attempts
from keystead.store import sqlite, sqlite_file
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore
from tests.conformance.samples import ANN, DIGESTS, TABLET
from tests.conformance.stores import all_users, listening, record
from tests.doubles import NOON, PASSWORD, SettableClock, directory
from tests.unit.people import move_in, opened

NOTE = Entry(SERVER, Action.EXPORT)
BREAK = (
    "create trigger broken before insert on audit_event"
    " begin select raise(abort, 'the trail is broken'); end"
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keystead.sqlite"
    sqlite_file.prepare(path)
    return path


@pytest.fixture
def store(path):
    with closing(SqliteStore(path, SettableClock())) as store:
        yield store


def change_file(path, statement):
    with closing(sqlite_file.connect(path, writing=True)) as db:
        db.execute(statement)


@pytest.fixture
def break_trail(path):
    """Let nothing be written into the trail any more."""
    return lambda: change_file(path, BREAK)


@pytest.fixture
def mend_trail(path):
    """Let it be written again."""
    return lambda: change_file(path, "drop trigger broken")


def numbered(number):
    return ANN._replace(id=UserId(number.to_bytes(16, "big")), name=f"user-{number}")


def adding(user):
    async def add(tx):
        await tx.record(UserAdded(user, None))

    return add


async def note(tx):
    await tx.note(NOTE)


async def read(tx):
    return await tx.user(ANN.id)


async def reasons(*writes):
    """Let all *writes* share a commit; give why each was refused, None where it was not."""
    done = await asyncio.gather(*writes, return_exceptions=True)
    found = []
    for result in done:
        assert not isinstance(result, Exception) or isinstance(result, RefusedError)
        found.append(result.reason if isinstance(result, RefusedError) else None)
    return found


async def events(store):
    return [decode(event) for event in await store.reader.audit_events(0, 10_000)]


async def problems(store):
    return verify([], [await store.reader.audit_events(0, 10_000)], None).problems


# --- while it cannot be written -------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 2.10")
@pytest.mark.parametrize("bulk", [False, True])
def test_a_change_that_cannot_be_told_is_refused_and_changes_nothing(store, break_trail, bulk):
    async def scenario():
        await record(store, UserAdded(ANN, "hash"))
        heard = listening(store)
        break_trail()
        changed = ANN._replace(email="new@example.org")

        async def change(tx):
            await tx.record(UserChanged(changed))

        refused = await reasons(store.write(change, bulk=bulk), store.write(note, bulk=bulk))
        return refused, await all_users(store.reader), heard, await events(store)

    refused, users, heard, told = asyncio.run(scenario())
    assert refused == [Reason.AUDIT_FAILED] * 2
    assert users == [ANN]
    assert heard == []
    assert [event.object for event in told] == ["Ann"]


@pytest.mark.clause("IEC 62443-4-2 CR 2.10")
def test_what_is_essential_goes_on_and_what_changes_nothing_is_not_refused(store, break_trail):
    token = TokenAdded(TABLET, DIGESTS[TABLET.id])

    async def enter(tx):
        await tx.record(token)
        await tx.note(NOTE)

    async def scenario():
        await record(store, UserAdded(ANN, "hash"))
        heard = listening(store)
        break_trail()
        refused = await reasons(
            store.write(adding(numbered(1))),
            store.write(read),
            store.write(enter, essential=True),
            store.write(adding(numbered(2))),
            store.write(read, essential=True),
        )
        return (
            refused,
            heard,
            await all_users(store.reader),
            await store.reader.token(TABLET.id),
        )

    refused, heard, users, tablet = asyncio.run(scenario())
    assert refused == [Reason.AUDIT_FAILED, None, None, Reason.AUDIT_FAILED, None]
    assert [(commit.revision, list(commit.changes)) for commit in heard] == [(2, [token])]
    assert (users, tablet) == ([ANN], TABLET)


def test_what_is_kept_without_a_word_is_refused_too_unless_it_is_essential(store, break_trail):
    known = Attempts("ann", "192.0.2.7", 0, NOON, known=True)

    async def keep(tx):
        await tx.keep_attempts([known])
        await tx.keep_last_uses({TABLET.id: LastUse(NOON, "local")})

    async def scenario():
        await record(store, UserAdded(ANN, None), TokenAdded(TABLET, DIGESTS[TABLET.id]))
        break_trail()
        refused = await reasons(store.write(keep), store.write(note))
        before = list(await store.reader.attempts())
        also = await reasons(
            store.write(keep, essential=True), store.write(note, essential=True)
        )
        return refused, before, also, list(await store.reader.attempts())

    refused, before, also, kept = asyncio.run(scenario())
    assert (refused, before) == ([Reason.AUDIT_FAILED] * 2, [])
    assert (also, kept) == ([None, None], [known])


def test_an_essential_write_that_is_refused_is_refused_for_its_own_reason(store, break_trail):
    async def throttled(tx):
        await tx.note(NOTE)
        raise RefusedError(Reason.THROTTLED)

    async def scenario():
        await record(store, UserAdded(ANN, None))
        break_trail()
        writes = store.write(throttled, essential=True), store.write(adding(numbered(1)))
        return await reasons(*writes)

    assert asyncio.run(scenario()) == [Reason.THROTTLED, Reason.AUDIT_FAILED]


@pytest.mark.clause("IEC 62443-4-2 CR 2.10")
def test_whoever_signs_in_is_let_in_though_it_cannot_be_told(path, store, break_trail):
    house = directory(store)

    async def scenario():
        await move_in(house, "ann", Scope.CONTROL_THINGS)
        break_trail()
        signed_in = await sign_in(house, "ann", PASSWORD, "tablet")
        return signed_in, await opened(house, signed_in.secret)

    signed_in, found = asyncio.run(scenario())
    assert found == signed_in.principal


@pytest.mark.clause("IEC 62443-4-2 CR 2.10", "OWASP ASVS 5.0 16.3.4")
def test_it_is_said_loudly(store, break_trail, caplog):
    async def scenario():
        break_trail()
        await reasons(store.write(adding(ANN)))

    asyncio.run(scenario())
    (line,) = [line for line in caplog.records if line.levelno == logging.CRITICAL]
    assert line.getMessage() == "audit trail cannot be written: changes are refused"
    assert "the trail is broken" in caplog.text


# --- when it can be written again -----------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 2.10")
def test_the_trail_tells_how_much_it_misses_and_is_whole(store, break_trail, mend_trail):
    async def scenario():
        await store.write(adding(ANN))
        break_trail()
        for _ in range(2):
            await reasons(store.write(note, essential=True), store.write(adding(numbered(1))))
        mend_trail()
        await store.write(adding(numbered(1)))
        await store.write(note)
        return await events(store), await problems(store)

    told, found = asyncio.run(scenario())
    assert [(event.sequence, event.action, event.times) for event in told] == [
        (1, "user.added", 1),
        (2, "audit.gap", 2),
        (3, "user.added", 1),
        (4, "export", 1),
    ]
    assert told[1].author == SERVER
    assert found == ()


def test_nothing_is_missed_by_what_was_refused(store, break_trail, mend_trail):
    async def scenario():
        break_trail()
        await reasons(store.write(adding(ANN)), store.write(note), store.write(read))
        mend_trail()
        await store.write(adding(ANN))
        return [event.action for event in await events(store)]

    assert asyncio.run(scenario()) == ["user.added"]


@pytest.mark.clause("IEC 62443-4-2 CR 2.10")
def test_what_is_missed_is_told_even_by_the_next_server(path, break_trail, mend_trail):
    async def essential(store):
        await store.write(note, essential=True)

    async def told(store):
        await store.write(adding(ANN))
        return await events(store), await problems(store)

    break_trail()
    for _ in range(3):
        with closing(SqliteStore(path, SettableClock())) as store:
            asyncio.run(essential(store))
    mend_trail()
    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(told(store))
    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(store.write(note))
        found, wrong = asyncio.run(events(store)), asyncio.run(problems(store))
    assert [(event.action, event.times) for event in found] == [
        ("audit.gap", 3),
        ("user.added", 1),
        ("export", 1),
    ]
    assert wrong == ()


def test_what_is_only_read_meanwhile_tells_no_gap(store, break_trail, mend_trail):
    async def scenario():
        break_trail()
        await store.write(note, essential=True)
        mend_trail()
        await store.write(read)
        before = await events(store)
        await store.write(note)
        return before, [event.action for event in await events(store)]

    assert asyncio.run(scenario()) == ([], ["audit.gap", "export"])


def test_what_is_essential_is_refused_where_it_cannot_be_stored_either(store, break_trail):
    runs = []

    async def fails_when_it_runs_again(tx):
        runs.append(await tx.audit_size())
        for _ in runs:  # the second user of the same name is one too many
            await tx.record(UserAdded(ANN, None))

    async def scenario():
        break_trail()
        writes = store.write(fails_when_it_runs_again, essential=True), store.write(read)
        return await reasons(*writes), await all_users(store.reader)

    assert asyncio.run(scenario()) == ([Reason.STORAGE_FAILED, None], [])
    assert len(runs) == 2


class Locking(logging.Handler):
    """Another program that takes the file when the server says that it cannot write."""

    def __init__(self, path):
        super().__init__(logging.CRITICAL)
        self.db = sqlite_file.connect(path, writing=True)

    def emit(self, record):
        self.db.execute("begin immediate")


def test_what_is_essential_is_refused_while_another_program_has_the_file(
    path, store, monkeypatch
):
    monkeypatch.setattr(sqlite, "BUSY_PATIENCE", 0)
    change_file(path, BREAK.replace("abort", "rollback"))  # so that the file is free at once
    other = Locking(path)
    monkeypatch.setattr(sqlite.LOG, "handlers", [other])

    async def scenario():
        refused = await reasons(store.write(adding(ANN), essential=True), store.write(note))
        other.db.execute("rollback")
        return refused, await all_users(store.reader)

    with closing(other.db):
        expected = [Reason.STORAGE_FAILED, Reason.AUDIT_FAILED]
        assert asyncio.run(scenario()) == (expected, [])


# --- reopened, and killed -------------------------------------------------------------------


def test_the_chain_goes_on_after_a_restart(path):
    for number in range(3):
        with closing(SqliteStore(path, SettableClock(NOON + timedelta(days=number)))) as store:
            asyncio.run(store.write(adding(numbered(number))))
    with closing(SqliteStore(path, SettableClock())) as store:
        told, found = asyncio.run(events(store)), asyncio.run(problems(store))
    assert [(event.sequence, event.time) for event in told] == [
        (number + 1, NOON + timedelta(days=number)) for number in range(3)
    ]
    assert found == ()


PROGRAM = """\
import asyncio, itertools, sys
from pathlib import Path
from keystead.domain.change import UserAdded
from keystead.domain.events import SERVER, Action, Entry
from keystead.domain.model import Scope, User, UserId
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore
from tests.doubles import SettableClock

async def write(store, numbers):
    for number in numbers:
        user = User(UserId(number.to_bytes(16, "big")), f"user-{number}", Scope.NONE)

        async def add(tx):
            if number % 2:
                await tx.record(UserAdded(user, "hash"))
            else:
                await tx.note(Entry(SERVER, Action.DENIED, user.name))

        await store.write(add, essential=number % 3 == 0)
        print(number, flush=True)

async def main(store):
    numbers = itertools.count()
    await asyncio.gather(*(write(store, numbers) for _ in range(16)))

folder = Folder(Path(sys.argv[1]))
with folder.locked():
    folder.prepare()
    asyncio.run(main(SqliteStore(folder.database, SettableClock())))
"""


@pytest.mark.clause("EN 18031-2 LGM-2")
@pytest.mark.parametrize("count", [1, 40, 400])
def test_no_acknowledged_event_is_lost_by_a_kill(tmp_path, count):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        lines = list(itertools.islice(program.stdout, count))
        program.kill()
        lines += program.stdout.readlines()
    folder = Folder(tmp_path)
    with folder.locked():
        folder.prepare()
        with closing(SqliteStore(folder.database, SettableClock())) as store:
            asyncio.run(store.write(adding(ANN)))
            told, found = asyncio.run(events(store)), asyncio.run(problems(store))
            users = asyncio.run(all_users(store.reader))
    assert len(lines) >= count
    assert {f"user-{int(line)}" for line in lines} <= {event.object for event in told}
    assert found == ()
    of_changes = [event.object for event in told if event.action == "user.added"]
    assert of_changes == [user.name for user in users]
