"""The stores that must all behave alike, and how to ask them. To add one: ``STORES``."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

from keystead.domain.change import Change, Commit
from keystead.domain.model import Account, GroupEntry, GroupId, User
from keystead.domain.ports import Reader, Store, Transaction
from keystead.store import sqlite_file
from keystead.store.memory import MemoryStore
from keystead.store.sqlite import SqliteStore
from tests.doubles import SettableClock

Opening = Callable[[Path], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[Store]:
    """Give an empty store in memory."""
    yield MemoryStore(SettableClock())


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Store]:
    """Give an empty store in a file in *folder*."""
    path = folder / "keystead.sqlite"
    sqlite_file.prepare(path)
    with closing(SqliteStore(path, SettableClock())) as store:
        yield store


STORES: dict[str, Opening] = {"memory": memory, "sqlite": sqlite}


async def record(store: Store, *changes: Change) -> None:
    """Write *changes* in one transaction."""

    async def operation(tx: Transaction) -> None:
        for change in changes:
            await tx.record(change)

    await store.write(operation)


def listening(store: Store) -> list[Commit]:
    """Give the list to which *store* adds every commit from now on."""
    heard: list[Commit] = []
    store.listen(heard.append)
    return heard


async def all_users(reader: Reader) -> list[User]:
    """Give the users of all portions."""
    return [user async for portion in reader.users() for user in portion]


async def all_members(reader: Reader, group_id: GroupId) -> list[User]:
    """Give the members of a group of all portions."""
    return [user async for portion in reader.members_of(group_id) for user in portion]


async def all_accounts(
    reader: Reader, offset: int = 0, limit: int | None = None
) -> list[Account]:
    """Give the accounts of all portions."""
    portions = reader.accounts(offset, limit)
    return [account async for portion in portions for account in portion]


async def all_groups(
    reader: Reader, offset: int = 0, limit: int | None = None
) -> list[GroupEntry]:
    """Give the groups of all portions."""
    portions = reader.group_entries(offset, limit)
    return [entry async for portion in portions for entry in portion]
