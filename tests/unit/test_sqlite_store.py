"""What is SQLite's own: shared commits, failing disks, and the end of the store."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import apsw
import pytest

from keystead.domain.change import UserAdded, UserChanged
from keystead.domain.model import Scope, User, UserId
from keystead.domain.refusal import Reason, RefusedError
from keystead.store import sqlite, sqlite_file
from keystead.store.sqlite import MAX_BATCH, SqliteStore
from tests.conformance.stores import all_users, listening, record
from tests.doubles import SettableClock

PATIENCE = 2  # seconds until a test gives up waiting
ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keystead.sqlite"
    sqlite_file.prepare(path)
    return path


def numbered(number):
    return ANN._replace(id=UserId(number.to_bytes(16, "big")), name=f"user-{number}")


def adding(user):
    """Give an operation that adds *user*."""

    async def add(tx):
        await tx.record(UserAdded(user, None))

    return add


async def all_at_once(store, operations):
    """Write all *operations* at one moment, and give their results or errors."""
    return await asyncio.gather(*map(store.write, operations), return_exceptions=True)


async def begun(store):
    """Wait until *store* is at what was asked of it."""
    await asyncio.sleep(0)  # until it is asked
    while store._waiting:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)


@contextmanager
def durable_commits(store) -> Iterator[list[None]]:
    """Count the transactions that SQLite commits and that change something."""
    commits: list[None] = []

    def note():
        commits.append(None)
        return False  # let it commit

    store._writing.set_commit_hook(note)
    yield commits
    store._writing.set_commit_hook(None)


# --- shared commits -------------------------------------------------------------------------


def test_whoever_waits_at_the_same_time_shares_one_durable_commit(path):
    async def scenario(store):
        heard = listening(store)
        with durable_commits(store) as commits:
            await all_at_once(store, [adding(numbered(n)) for n in range(MAX_BATCH)])
        return len(commits), [commit.revision for commit in heard]

    with closing(SqliteStore(path, SettableClock())) as store:
        commits, revisions = asyncio.run(scenario(store))
    assert commits == 1
    assert revisions == list(range(1, MAX_BATCH + 1))


def test_a_commit_is_shared_by_a_limited_number(path):
    async def scenario(store):
        with durable_commits(store) as commits:
            await all_at_once(store, [adding(numbered(n)) for n in range(2 * MAX_BATCH + 9)])
        return len(commits), len(await all_users(store.reader))

    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(scenario(store)) == (3, 2 * MAX_BATCH + 9)


def test_who_fails_among_those_that_share_a_commit_fails_alone(path):
    def refused(user):
        async def add(tx):
            await adding(user)(tx)
            await tx.record(UserChanged(numbered(0)._replace(email="changed")))
            raise RefusedError(Reason.FORBIDDEN)

        return add

    operations = [(refused if n % 10 == 5 else adding)(numbered(n)) for n in range(MAX_BATCH)]

    async def scenario(store):
        heard = listening(store)
        with durable_commits(store) as commits:
            done = await all_at_once(store, operations)
        return len(commits), done, heard, await all_users(store.reader)

    with closing(SqliteStore(path, SettableClock())) as store:
        commits, done, heard, users = asyncio.run(scenario(store))
    assert commits == 1
    assert [n for n, result in enumerate(done) if result is not None] == list(
        range(5, MAX_BATCH, 10)
    )
    assert users == [numbered(n) for n in range(MAX_BATCH) if n % 10 != 5]
    assert [commit.revision for commit in heard] == list(range(1, len(users) + 1))


@pytest.mark.parametrize("bug", [ZeroDivisionError("bug"), UnicodeError("bug"), KeyError(1)])
def test_a_bug_in_one_operation_reaches_its_caller_and_nobody_else(path, bug):
    async def buggy(tx):
        await tx.record(UserAdded(ANN, None))
        raise bug

    async def scenario(store):
        done = await all_at_once(store, [adding(numbered(1)), buggy, adding(numbered(2))])
        return done, await all_users(store.reader)

    with closing(SqliteStore(path, SettableClock())) as store:
        done, users = asyncio.run(scenario(store))
    assert done == [None, bug, None]
    assert users == [numbered(1), numbered(2)]


def test_an_operation_that_awaits_anything_but_its_transaction_is_a_bug(path):
    async def sleeps(tx):
        await tx.record(UserAdded(ANN, None))
        await asyncio.sleep(0)

    async def scenario(store):
        done = await all_at_once(store, [sleeps, adding(numbered(1))])
        return done, await all_users(store.reader)

    with closing(SqliteStore(path, SettableClock())) as store:
        (bug, result), users = asyncio.run(scenario(store))
    assert isinstance(bug, TypeError)
    assert result is None
    assert users == [numbered(1)]


def test_an_operation_that_runs_again_counts_once(path):
    runs: list[str] = []

    def noted(name, user, error=None):
        async def add(tx):
            runs.append(name)
            await tx.record(UserAdded(user, None))
            if error:
                raise error
            return runs.count(name)

        return add

    spoilt = RefusedError(Reason.FORBIDDEN)

    async def scenario(store):
        heard = listening(store)
        operations = [noted("first", numbered(1)), noted("spoilt", numbered(2), spoilt)]
        done = await all_at_once(store, operations)
        return done, [commit.changes for commit in heard], await all_users(store.reader)

    with closing(SqliteStore(path, SettableClock())) as store:
        done, changes, users = asyncio.run(scenario(store))
    assert done == [runs.count("first"), spoilt]
    assert changes == [[UserAdded(numbered(1), None)]]
    assert users == [numbered(1)]


def test_a_listener_that_fails_stops_nobody(path):
    def fail(commit):
        raise ZeroDivisionError

    async def scenario(store):
        store.listen(fail)
        heard = listening(store)
        for number in range(2):
            with suppress(ZeroDivisionError):
                writing = record(store, UserAdded(numbered(number), None))
                await asyncio.wait_for(writing, PATIENCE)
        return [commit.revision for commit in heard]

    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(scenario(store)) == [1, 2]


# --- failing disks --------------------------------------------------------------------------


class Disk(apsw.VFS):
    """The disk of every connection opened while it lasts, which fails when told to.

    Attributes:
        error: raised by every write and every flush; None while the disk works.
        only_flushing: let writes through.
    """

    def __init__(self):
        self.error: Exception | None = None
        self.only_flushing = False
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return DiskFile(self, name, flags)


class DiskFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self._disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        if self._disk.error and not self._disk.only_flushing:
            raise self._disk.error
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        if self._disk.error:
            raise self._disk.error
        super().xSync(flags)


@pytest.fixture
def disk():
    disk = Disk()
    yield disk
    disk.unregister()


@pytest.mark.clause("OWASP ASVS 5.0 16.5.3")
@pytest.mark.parametrize("only_flushing", [False, True])
@pytest.mark.parametrize("error", [apsw.FullError("disk is full"), OSError("broken")])
def test_a_commit_that_fails_refuses_everybody_who_shares_it(disk, path, error, only_flushing):
    disk.only_flushing = only_flushing
    operations = [adding(numbered(n)) for n in range(20)]

    async def scenario(store):
        heard = listening(store)
        await record(store, UserAdded(ANN, "hash"))
        disk.error = error
        failed = await all_at_once(store, operations)
        found = await all_users(store.reader)
        disk.error = None
        again = await all_at_once(store, operations)
        return failed, found, again, [commit.revision for commit in heard]

    with closing(SqliteStore(path, SettableClock())) as store:
        failed, found, again, revisions = asyncio.run(scenario(store))
    assert [refused.reason for refused in failed] == [Reason.STORAGE_FAILED] * 20
    assert found == [ANN]
    assert again == [None] * 20
    assert revisions == list(range(1, 22))


@pytest.mark.clause("OWASP ASVS 5.0 16.5.2")
def test_after_a_failed_commit_the_file_is_whole(disk, path):
    async def scenario(store):
        await record(store, UserAdded(ANN, "hash"))
        disk.error = apsw.FullError("disk is full")
        with pytest.raises(RefusedError):
            await record(store, UserAdded(numbered(1), None))
        disk.error = None

    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(scenario(store))
    with closing(SqliteStore(path, SettableClock())) as store:
        assert store._writing.pragma("quick_check") == "ok"
        assert asyncio.run(all_users(store.reader)) == [ANN]
        heard = listening(store)
        asyncio.run(record(store, UserAdded(numbered(2), None)))
    assert [commit.revision for commit in heard] == [2]


def test_a_database_that_may_not_grow_refuses_all_who_wrote_at_that_time(path):
    # SQLite rolls back by itself here, and what was counted so far does not count.
    large = numbered(7)._replace(display_name="x" * 200_000)
    operations = [adding(numbered(1)), adding(large), adding(numbered(2))]

    async def scenario(store):
        failed = await all_at_once(store, operations)
        found = await all_users(store.reader)
        store._writing.execute("pragma max_page_count = 1000000")
        heard = listening(store)
        again = await all_at_once(store, operations)
        return failed, found, again, [commit.revision for commit in heard]

    with closing(SqliteStore(path, SettableClock())) as store:
        store._writing.execute("pragma max_page_count = 20")
        failed, found, again, revisions = asyncio.run(scenario(store))
    assert [refused.reason for refused in failed] == [Reason.STORAGE_FAILED] * 3
    assert found == []
    assert again == [None] * 3
    assert revisions == [1, 2, 3]


@pytest.mark.parametrize("pages", [20, 1_000_000])
def test_a_bulk_write_that_fails_is_refused_and_others_go_on(disk, path, pages):
    large = numbered(7)._replace(display_name="x" * 200_000)

    async def scenario(store):
        heard = listening(store)
        disk.error = apsw.FullError("disk is full")  # at the end, unless there are few pages
        store._writing.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(RefusedError) as refused:
            await store.write(adding(large), bulk=True)
        disk.error = None
        await store.write(adding(ANN), bulk=True)
        return refused.value.reason, await all_users(store.reader), heard

    with closing(SqliteStore(path, SettableClock())) as store:
        reason, users, heard = asyncio.run(scenario(store))
    assert reason is Reason.STORAGE_FAILED
    assert users == [ANN]
    assert [commit.revision for commit in heard] == [1]


@pytest.mark.clause("OWASP ASVS 5.0 16.3.4", "OWASP ASVS 5.0 16.5.1")
def test_what_went_wrong_is_logged_and_not_told(disk, path, caplog):
    async def scenario(store):
        disk.error = apsw.FullError("disk is full")
        with pytest.raises(RefusedError) as refused:
            await record(store, UserAdded(ANN, "hash"))
        disk.error = None
        return str(refused.value)

    with closing(SqliteStore(path, SettableClock())) as store:
        told = asyncio.run(scenario(store))
    assert told == Reason.STORAGE_FAILED.value
    assert "disk is full" in caplog.text


# --- reopening and closing ------------------------------------------------------------------


def test_revisions_go_on_where_they_ended(path):
    for number in range(1, 4):
        with closing(SqliteStore(path, SettableClock())) as store:
            heard = listening(store)
            asyncio.run(record(store, UserAdded(numbered(number), None)))
        assert [commit.revision for commit in heard] == [number]


def test_everything_is_there_after_reopening(path):
    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(record(store, UserAdded(ANN, "hash")))

    async def scenario(store):
        hash_of_ann = await store.reader.password_hash(ANN.id)
        return await all_users(store.reader), hash_of_ann, await store.reader.ever_had_account()

    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(scenario(store)) == ([ANN], "hash", True)


def test_closing_finishes_the_commit_under_way(path):
    async def scenario(store):
        writing = asyncio.gather(*(store.write(adding(numbered(n))) for n in range(5)))
        await begun(store)
        store.close()
        await writing

    asyncio.run(scenario(SqliteStore(path, SettableClock())))
    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(all_users(store.reader)) == [numbered(n) for n in range(5)]


@pytest.mark.parametrize("bulk", [False, True])
def test_a_write_that_nobody_waits_for_any_more_is_still_whole(path, bulk):
    async def scenario(store):
        writing = asyncio.gather(store.write(adding(ANN), bulk=bulk))
        await begun(store)
        writing.cancel()

    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(scenario(store))
    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(all_users(store.reader)) == [ANN]


# --- other programs -------------------------------------------------------------------------


def test_a_write_waits_for_another_program_that_has_the_file_locked(path):
    async def scenario(store, other):
        other.execute("begin immediate")
        writing = asyncio.gather(record(store, UserAdded(ANN, "hash")))
        await begun(store)  # and found locked
        found = await all_users(store.reader)
        other.execute("rollback")
        await writing
        return found, await all_users(store.reader)

    with (
        closing(SqliteStore(path, SettableClock())) as store,
        closing(sqlite_file.connect(path, writing=True)) as other,
    ):
        assert asyncio.run(scenario(store, other)) == ([], [ANN])


def test_a_write_does_not_wait_for_ever(path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_PATIENCE", 10)

    async def scenario(store, other):
        heard = listening(store)
        other.execute("begin immediate")
        refused = await all_at_once(store, [adding(numbered(n)) for n in range(3)])
        other.execute("rollback")
        await record(store, UserAdded(ANN, "hash"))
        return refused, await all_users(store.reader), [commit.revision for commit in heard]

    with (
        closing(SqliteStore(path, SettableClock())) as store,
        closing(sqlite_file.connect(path, writing=True)) as other,
    ):
        refused, users, revisions = asyncio.run(scenario(store, other))
    assert [error.reason for error in refused] == [Reason.STORAGE_FAILED] * 3
    assert (users, revisions) == ([ANN], [1])
