"""The embedded store: one SQLite file, and durable commits shared by all who wait."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import CoroutineType
from typing import Any, TypeVar

import apsw

from keystead.audit.chain import Head, link
from keystead.domain.change import Commit
from keystead.domain.events import SERVER, Action, Author, Entry, StoredEvent
from keystead.domain.ports import Clock, Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.store import sqlite_file
from keystead.store.sql import QUERIES
from keystead.store.sqlite_tables import SqliteReader, SqliteTransaction
from keystead.threads import Threads

T = TypeVar("T")
LOG = logging.getLogger("keystead.store")

MAX_BATCH = 64  # operations that share one durable commit; some 2 ms on the event loop
QUIET_ROUNDS = 5  # of the event loop, after which one who is alone is served
COMPANY_PAUSE = 0.001  # seconds for more of those to come back who were served together
MOST_GATHERING = 0.004  # seconds, after which nobody more is waited for
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # of an operation that has not run
BUSY_PATIENCE = 5000  # ms to wait for another program that has the file locked


@dataclass(slots=True)
class _Job:
    """An operation that waits for its turn, then its outcome."""

    operation: Callable[[Transaction], Awaitable[Any]]
    author: Author
    bulk: bool
    essential: bool
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    commit: Commit | None = None
    has_written: bool = False
    entries: Sequence[Entry] = ()
    now: datetime = EARLIEST


class SqliteStore:
    """Keeps everything in one file. Use ``sqlite_file.prepare`` on the path first.

    Operations run in place, one after the other, as they take some 30 µs; only their commit,
    which waits for the disk, runs on a thread. Meanwhile others wait, and share the next
    commit.

    Args:
        path: a prepared database file, which no other process writes to.
        clock: when it is now.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._writing = sqlite_file.connect(path, writing=True)
        self._reading = sqlite_file.connect(path, writing=False)
        self._reader = SqliteReader(self._reading)
        self._revision: int = self._reader.revision()
        self._head = self._reader.audit_head()
        self._missed = self._reader.audit_missed()  # events that could not be written
        self._listeners: list[Callable[[Commit], None]] = []
        self._thread = Threads(1, "keystead-store")
        self._waiting: deque[_Job] = deque()
        self._is_busy = False  # a batch is gathered, or begun and not delivered
        self._company = 1  # operations in the last batch

    @property
    def reader(self) -> Reader:
        """Committed data, read in place on the event loop's thread."""
        return self._reader

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* on the event loop with every commit."""
        self._listeners.append(listener)

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        """Run *operation*; whoever waits at the same time shares one durable commit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(operation, author, bulk, essential, done))
        if not self._is_busy:
            self._is_busy = True
            self._serve_next()
        return await done

    def close(self) -> None:
        """Finish the commit under way and close the file."""
        self._thread.close()
        self._reading.close()
        self._writing.close()

    def _serve_next(self) -> None:
        """Begin with who waits first: at once where nobody shares the commit."""
        if self._waiting[0].bulk:
            self._begin()
        else:
            self._gather()

    def _gather(self, until: float = 0.0, known: int = 0, quiet: int = 0) -> None:
        """Begin once nobody joins any more.

        One who is alone waits for some rounds of the event loop, each of some 2 µs. Where many
        were served together, most come back together: they are waited for a little longer.
        """
        loop = asyncio.get_running_loop()
        until = until or loop.time() + MOST_GATHERING
        waiting = len(self._waiting)
        quiet = quiet + 1 if waiting == known else 0
        if waiting >= MAX_BATCH or quiet > QUIET_ROUNDS:
            self._begin()
        elif quiet < QUIET_ROUNDS:
            loop.call_soon(self._gather, until, waiting, quiet)
        elif waiting < self._company and loop.time() < until:
            loop.call_later(COMPANY_PAUSE, self._gather, until, waiting, quiet)
        else:
            self._begin()

    def _begin(self) -> None:
        """Take what waits, run it here if it is short, and have it committed by the thread."""
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < MAX_BATCH and not batch[-1].bulk:
            batch.append(self._waiting.popleft())
        self._company = len(batch)
        head = None
        try:
            has_run = not batch[-1].bulk and self._run(batch, patience=0)
            if has_run:  # here, as a thread would fight over Python's lock for each event
                head = self._told(batch)
        except apsw.Error:
            LOG.exception("write failed")
            self._fail(batch)
            self._deliver(batch)
            return
        work = partial(self._finish, batch, head, has_run=has_run)
        self._thread.run(work, partial(self._deliver, batch))

    def _finish(self, batch: list[_Job], head: Head | None, *, has_run: bool) -> None:
        """Have *batch* committed; run it and tell of it before, unless that is done."""
        try:
            if has_run or self._run(batch, patience=BUSY_PATIENCE):
                self._commit(batch, head if has_run else self._told(batch))
                return
        except Exception:  # whatever it is, nobody may take it for stored
            LOG.exception("write failed")
        self._fail(batch)

    def _run(self, batch: list[_Job], patience: int) -> bool:
        """Run operations in one transaction; False when it cannot begin within *patience* ms.

        An operation that fails after it recorded something takes the transaction along; the
        others, which may run more than once, then run again.

        Raises:
            apsw.Error: the whole batch is lost.
        """
        self._writing.set_busy_timeout(patience)
        todo = list(batch)
        while todo:
            try:
                self._writing.execute("begin immediate")
            except apsw.BusyError:
                return False
            revision = self._revision
            for job in todo:
                has_spoilt = self._run_one(job, revision + 1)
                if has_spoilt:
                    todo.remove(job)
                    self._roll_back()
                    break
                revision += job.commit is not None
            else:
                break
        return True

    def _run_one(self, job: _Job, revision: int) -> bool:
        """Run one operation; True when it failed and left changes behind.

        Raises:
            apsw.Error: the whole batch is lost.
        """
        transaction = SqliteTransaction(self._writing, job.author, self._clock())
        job.error = job.commit = None
        job.entries, job.has_written = (), False
        try:
            job.result = driven(job.operation(transaction))
        except apsw.Error:
            raise
        except BaseException as error:  # noqa: BLE001 - given to whoever awaits the operation
            job.error = error
            return transaction.has_written
        job.now, job.entries = transaction.now, transaction.entries
        job.has_written = transaction.has_written
        if transaction.recorded:
            job.commit = Commit(revision, transaction.recorded)
        return False

    def _commit(self, batch: list[_Job], head: Head | None) -> None:
        """Make what *batch* did durable, with the trail up to *head*."""
        if head is None:
            self._commit_untold(batch)
            return
        missed = 0 if any(job.entries for job in batch) else self._missed
        if self._has_committed(batch, missed):
            self._head, self._missed = head, missed

    def _commit_untold(self, batch: list[_Job]) -> None:
        """Refuse what changes something, and go on with what is essential without the trail."""
        self._roll_back()
        essential = [job for job in batch if job.essential and not job.error]
        for job in batch:
            if not job.essential and (job.has_written or job.entries):
                job.commit, job.error = None, RefusedError(Reason.AUDIT_FAILED)
        try:
            if essential and not self._run(essential, patience=BUSY_PATIENCE):
                self._fail(essential)
        except apsw.Error:
            LOG.exception("write failed")
            self._fail(essential)
        untold = sum(len(job.entries) for job in essential if not job.error)
        missed = self._missed + untold
        if self._has_committed(essential, missed):
            self._missed = missed

    def _told(self, batch: list[_Job]) -> Head | None:
        """Append to the audit trail what *batch* tells; give its new end, None if it cannot be."""
        try:
            return self._append(batch)
        except Exception:
            LOG.critical("audit trail cannot be written: changes are refused", exc_info=True)
            return None

    def _append(self, batch: list[_Job]) -> Head:
        head: Head | StoredEvent = self._head
        told = [(job.now, entry) for job in batch for entry in job.entries]
        if told and self._missed:
            told.insert(0, (told[0][0], Entry(SERVER, Action.AUDIT_GAP, times=self._missed)))
        events = []
        for now, entry in told:
            head = link(head, now, entry)
            events.append(head)
        self._writing.executemany(QUERIES.add_audit_event, events)
        return Head(head.sequence, head.digest)

    def _has_committed(self, batch: list[_Job], missed: int) -> bool:
        """Make what *batch* has changed durable; False when nothing is stored.

        Args:
            batch: what has run.
            missed: events that could not be written by now.
        """
        revision = max((job.commit.revision for job in batch if job.commit), default=None)
        try:
            if revision is not None:
                self._writing.execute(QUERIES.set_meta, ("revision", revision))
            if missed != self._missed:
                self._writing.execute(QUERIES.set_meta, ("audit_missed", missed))
            if self._writing.in_transaction:
                self._writing.execute("commit")
        except Exception:  # whatever it is, nobody may take it for stored
            LOG.exception("commit failed")
            self._fail(batch)
            return False
        self._revision = revision or self._revision
        return True

    def _fail(self, batch: list[_Job]) -> None:
        """Refuse everything: nothing of it is stored."""
        self._roll_back()
        for job in batch:
            job.commit = None
            job.error = RefusedError(Reason.STORAGE_FAILED)

    def _roll_back(self) -> None:
        if self._writing.in_transaction:
            self._writing.execute("rollback")

    def _deliver(self, batch: list[_Job]) -> None:
        """Tell everybody of the commits, then those who asked for them; then go on."""
        for job in batch:
            if job.commit:
                self._announce(job.commit)
            if job.done.done():
                continue
            if job.error:
                job.done.set_exception(job.error)
            else:
                job.done.set_result(job.result)
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            self._serve_next()

    def _announce(self, commit: Commit) -> None:
        for listener in self._listeners:
            try:
                listener(commit)
            except Exception:  # it is stored, whatever goes wrong in telling so
                LOG.exception("listener failed")


def driven(operation: Awaitable[T]) -> T:
    """Run a coroutine that awaits nothing but a reader or transaction, which never wait.

    Raises:
        TypeError: it awaits something else.
    """
    assert isinstance(operation, CoroutineType)
    try:
        operation.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    operation.close()
    raise TypeError("an operation may await its transaction only")
