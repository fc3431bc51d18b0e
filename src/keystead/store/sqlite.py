"""The embedded store: one SQLite file, one writing thread, commits shared by waiting writers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
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
from keystead.domain.model import Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.ports import Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.store import sqlite_file
from keystead.store.sql import QUERIES

T = TypeVar("T")
LOG = logging.getLogger("keystead.store")

PORTION = 256  # users read at a time; under a millisecond, so that listings delay nobody
MAX_BATCH = 256  # operations that share one durable commit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
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
        row = self._row(QUERIES.user_named, names.key(name))
        return _user(row) if row else None

    async def password_hash(self, user_id: UserId) -> str | None:
        encoded: str | None = self._value(QUERIES.password_hash, user_id)
        return encoded

    async def token(self, token_id: TokenId) -> Token | None:
        row = self._row(QUERIES.token, token_id.bytes)
        return _token(row) if row else None

    async def token_by_digest(self, digest: bytes) -> Token | None:
        row = self._row(QUERIES.token_by_digest, digest)
        return _token(row) if row else None

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [_token(row) for row in self._db.execute(QUERIES.tokens_of, (user_id,))]

    async def users(self) -> AsyncIterator[Sequence[User]]:
        last = 0
        while rows := self._db.execute(QUERIES.users_after, (last, PORTION)).fetchall():
            yield [_user(row) for row in rows]
            last = cast("int", rows[-1][-1])

    async def has_user_editor_beside(self, user_id: UserId) -> bool:
        return bool(self._value(QUERIES.user_editor_beside, user_id))

    def _row(self, query: str, argument: object) -> tuple[Any, ...] | None:
        return self._db.execute(query, (argument,)).fetchone()

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
    """An operation that waits for its turn on the writing thread, then its outcome."""

    operation: Callable[[Transaction], Awaitable[Any]]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    commit: Commit | None = None


class SqliteStore:
    """Keeps everything in one file. Use ``sqlite_file.prepare`` on the path first.

    Args:
        path: a prepared database file, which no other process writes to.
    """

    def __init__(self, path: Path) -> None:
        self._writing = sqlite_file.connect(path, writing=True)
        self._reading = sqlite_file.connect(path, writing=False)
        self._reader = _SqliteReader(self._reading)
        self._revision: int = self._reader._value(QUERIES.meta, "revision")
        self._listeners: list[Callable[[Commit], None]] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="keystead-store", daemon=True)
        self._thread.start()

    @property
    def reader(self) -> Reader:
        """Committed data, read in place on the event loop's thread."""
        return self._reader

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* on the event loop with every commit."""
        self._listeners.append(listener)

    async def write(self, operation: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run *operation* on the writing thread; whoever waits there shares one commit."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(operation, done))
        return await done

    def close(self) -> None:
        """Finish the writes under way and close the file."""
        self._jobs.put(None)
        self._thread.join()
        self._reading.close()
        self._writing.close()

    def _work(self) -> None:
        """Take operations and commit them, batch by batch, until told to stop."""
        while (first := self._jobs.get()) is not None:
            batch, more = [first], True
            while more and len(batch) < MAX_BATCH and not self._jobs.empty():
                job = self._jobs.get_nowait()
                if job is None:
                    self._jobs.put(None)  # stop after this batch
                    more = False
                else:
                    batch.append(job)
            self._run(batch)
            loop = first.done.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._deliver, batch)

    def _run(self, batch: list[_Job]) -> None:
        before = self._revision
        try:
            self._writing.execute("begin immediate")
            for job in batch:
                self._run_one(job)
            if self._revision != before:
                self._writing.execute(QUERIES.set_meta, ("revision", self._revision))
            self._writing.execute("commit")
        except apsw.Error as error:
            LOG.exception("commit failed")
            self._revision = before
            if self._writing.in_transaction:
                self._writing.execute("rollback")
            for job in batch:
                job.commit = None
                job.error = RefusedError(Reason.STORAGE_FAILED)
                job.error.__cause__ = error

    def _run_one(self, job: _Job) -> None:
        """Run an operation in its savepoint.

        Raises:
            apsw.Error: the whole batch is lost.
        """
        transaction = _SqliteTransaction(self._writing)
        self._writing.execute("savepoint operation")
        try:
            job.result = _drive(job.operation(transaction))
        except apsw.Error:
            raise
        except BaseException as error:  # noqa: BLE001 - given to whoever awaits the operation
            job.error = error
            self._writing.execute("rollback to operation")
        else:
            if transaction.recorded:
                self._revision += 1
                job.commit = Commit(self._revision, transaction.recorded)
        self._writing.execute("release operation")

    def _deliver(self, batch: list[_Job]) -> None:
        """Tell everybody of the commits, then those who asked for them; on the event loop."""
        for job in batch:
            if job.commit:
                for listener in self._listeners:
                    listener(job.commit)
            if job.done.done():
                continue
            if job.error:
                job.done.set_exception(job.error)
            else:
                job.done.set_result(job.result)


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
    user_id, name, scopes, display_name, email, things, _ = row
    return User(
        user_id, name, _scope(scopes), display_name, email, _things(things) if things else ()
    )


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
        _EPOCH + created * _MILLISECOND,
    )


def _token_row(token: Token, digest: bytes) -> tuple[bytes, bytes, bytes, str, int]:
    created = (token.created - _EPOCH) // _MILLISECOND
    return token.id.bytes, digest, token.user_id, token.device_name, created
