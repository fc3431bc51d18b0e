"""The embedded store: one SQLite file, and durable commits shared by all who wait."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, assert_never, cast
from uuid import UUID

import apsw

from keystead.domain import names
from keystead.domain.change import (
    Change,
    Commit,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Principal, Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.ports import Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.store import sqlite_file
from keystead.store.sql import QUERIES

T = TypeVar("T")
LOG = logging.getLogger("keystead.store")

PORTION = 256  # users read at a time; under a millisecond, so that listings delay nobody
MAX_BATCH = 64  # operations that share one durable commit; some 2 ms on the event loop
BUSY_PATIENCE = 5000  # ms to wait for another program that has the file locked

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_scope = cache(Scope)  # there are few, and making one takes longer than the rest of a row


class _SqliteReader:
    """Point reads by index, fast enough to run in place (about 10 µs each)."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    async def ever_had_account(self) -> bool:
        return bool(self._value(QUERIES.meta, "ever_had_account"))

    async def user(self, user_id: UserId) -> User | None:
        row = self._row(QUERIES.user, user_id)
        return _user(row) if row else None

    async def user_named(self, name: str) -> User | None:
        try:
            row = self._row(QUERIES.user_named, names.key(name))
        except UnicodeEncodeError:  # half a character is in no name
            return None
        return _user(row) if row else None

    async def password_hash(self, user_id: UserId) -> str | None:
        encoded: str | None = self._value(QUERIES.password_hash, user_id)
        return encoded

    async def token(self, token_id: TokenId) -> Token | None:
        row = self._row(QUERIES.token, token_id.bytes)
        return _token(row) if row else None

    async def principal(self, user_id: UserId, token_id: TokenId) -> Principal | None:
        row = self._row(QUERIES.user_with_token, user_id, token_id.bytes)
        return Principal(_user(row), token_id) if row else None

    async def principal_by_digest(self, digest: bytes) -> Principal | None:
        row = self._row(QUERIES.user_by_digest, digest)
        return Principal(_user(row), TokenId(UUID(bytes=row[-1]))) if row else None

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [_token(row) for row in self._db.execute(QUERIES.tokens_of, (user_id,))]

    async def users(self) -> AsyncIterator[Sequence[User]]:
        last = 0
        while rows := self._db.execute(QUERIES.users_after, (last, PORTION)).fetchall():
            yield [_user(row) for row in rows]
            last = cast("int", rows[-1][-1])

    async def has_user_editor_beside(self, user_id: UserId) -> bool:
        return bool(self._value(QUERIES.user_editor_beside, user_id))

    def _row(self, query: str, *arguments: Any) -> tuple[Any, ...] | None:
        return self._db.execute(query, arguments).fetchone()

    def _value(self, query: str, argument: object) -> Any:
        row = self._row(query, argument)
        return row[0] if row else None


class _SqliteTransaction(_SqliteReader):
    def __init__(self, db: apsw.Connection) -> None:
        super().__init__(db)
        self.recorded: list[Change] = []

    async def record(self, change: Change) -> None:
        execute = self._db.execute
        match change:
            case UserAdded(user=user, password_hash=encoded):
                execute(QUERIES.add_user, (*_user_row(user), encoded))
                execute(QUERIES.set_meta, ("ever_had_account", 1))
            case UserChanged(user=user):
                execute(QUERIES.change_user, _user_row(user))
            case UserRemoved(user=user):
                execute(QUERIES.remove_user, (user.id,))
            case (
                PasswordChanged(user_id=user_id, password_hash=encoded)
                | PasswordRehashed(user_id=user_id, password_hash=encoded)
            ):
                execute(QUERIES.set_password_hash, (user_id, encoded))
            case TokenAdded(token=token, digest=digest):
                execute(QUERIES.add_token, _token_row(token, digest))
            case TokenRemoved(token_id=token_id):
                execute(QUERIES.remove_token, (token_id.bytes,))
            case _:
                assert_never(change)
        self.recorded.append(change)


@dataclass(slots=True)
class _Job:
    """An operation that waits for its turn, then its outcome."""

    operation: Callable[[Transaction], Awaitable[Any]]
    bulk: bool
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    commit: Commit | None = None


class SqliteStore:
    """Keeps everything in one file. Use ``sqlite_file.prepare`` on the path first.

    Operations run in place, one after the other, as they take some 30 µs; only their commit,
    which waits for the disk, runs on a thread. Meanwhile others wait, and share the next
    commit.

    Args:
        path: a prepared database file, which no other process writes to.
    """

    def __init__(self, path: Path) -> None:
        self._writing = sqlite_file.connect(path, writing=True)
        self._reading = sqlite_file.connect(path, writing=False)
        self._reader = _SqliteReader(self._reading)
        self._revision: int = self._reader._value(QUERIES.meta, "revision")
        self._listeners: list[Callable[[Commit], None]] = []
        self._thread = ThreadPoolExecutor(1, "keystead-store")
        self._waiting: deque[_Job] = deque()
        self._is_busy = False  # a batch is begun and not delivered

    @property
    def reader(self) -> Reader:
        """Committed data, read in place on the event loop's thread."""
        return self._reader

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* on the event loop with every commit."""
        self._listeners.append(listener)

    async def write(
        self, operation: Callable[[Transaction], Awaitable[T]], *, bulk: bool = False
    ) -> T:
        """Run *operation*; whoever waits at the same time shares one durable commit."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(operation, bulk, done))
        if not self._is_busy:
            self._is_busy = True
            loop.call_soon(self._begin)  # so that all requests of this moment join
        return await done

    def close(self) -> None:
        """Finish the commit under way and close the file."""
        self._thread.shutdown()
        self._reading.close()
        self._writing.close()

    def _begin(self) -> None:
        """Take what waits, run it here if it is short, and have it committed by the thread."""
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < MAX_BATCH and not batch[-1].bulk:
            batch.append(self._waiting.popleft())
        try:
            has_run = not batch[-1].bulk and self._run(batch, patience=0)
        except apsw.Error:
            LOG.exception("write failed")
            self._fail(batch)
            self._deliver(batch)
            return
        work = partial(self._commit if has_run else self._run_and_commit, batch)
        finished = asyncio.get_running_loop().run_in_executor(self._thread, work)
        finished.add_done_callback(lambda _: self._deliver(batch))

    def _run_and_commit(self, batch: list[_Job]) -> None:
        try:
            if self._run(batch, patience=BUSY_PATIENCE):
                self._commit(batch)
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
        transaction = _SqliteTransaction(self._writing)
        job.error = job.commit = None
        try:
            job.result = _drive(job.operation(transaction))
        except apsw.Error:
            raise
        except BaseException as error:  # noqa: BLE001 - given to whoever awaits the operation
            job.error = error
            return bool(transaction.recorded)
        if transaction.recorded:
            job.commit = Commit(revision, transaction.recorded)
        return False

    def _commit(self, batch: list[_Job]) -> None:
        revision = max((job.commit.revision for job in batch if job.commit), default=None)
        try:
            if revision is not None:
                self._writing.execute(QUERIES.set_meta, ("revision", revision))
            if self._writing.in_transaction:
                self._writing.execute("commit")
        except Exception:  # whatever it is, nobody may take it for stored
            LOG.exception("commit failed")
            self._fail(batch)
        else:
            self._revision = revision or self._revision

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
            asyncio.get_running_loop().call_soon(self._begin)

    def _announce(self, commit: Commit) -> None:
        for listener in self._listeners:
            try:
                listener(commit)
            except Exception:  # it is stored, whatever goes wrong in telling so
                LOG.exception("listener failed")


def _drive(operation: Awaitable[T]) -> T:
    """Run a coroutine that awaits nothing but a transaction of this store, which never waits."""
    assert isinstance(operation, Coroutine)
    try:
        operation.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    operation.close()
    raise TypeError("an operation may await its transaction only")


def _user(row: tuple[Any, ...]) -> User:
    user_id, name, scopes, display_name, email, packed, _ = row
    things = _things(packed) if packed else ()
    # What User(...) does, without the detour through Python; lists of all users are made of it.
    return tuple.__new__(User, (user_id, name, _scope(scopes), display_name, email, things))


def _things(packed: bytes) -> tuple[ThingId, ...]:
    return tuple(ThingId(UUID(bytes=packed[i : i + 16])) for i in range(0, len(packed), 16))


def _user_row(user: User) -> tuple[bytes, str, str, int, str, str, bytes]:
    things = b"".join(thing.bytes for thing in user.things)
    name_key = names.key(user.name)
    return user.id, user.name, name_key, int(user.scopes), user.display_name, user.email, things


def _token(row: tuple[Any, ...]) -> Token:
    token_id, user_id, device_name, created = row
    return Token(
        TokenId(UUID(bytes=token_id)),
        user_id,
        device_name,
        _EPOCH + created * _MICROSECOND,
    )


def _token_row(token: Token, digest: bytes) -> tuple[bytes, bytes, bytes, str, int]:
    created = (token.created - _EPOCH) // _MICROSECOND
    return token.id.bytes, digest, token.user_id, token.device_name, created
