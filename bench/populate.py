"""Directories of any size, written through the store without a server."""

import asyncio
import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from keystead.domain.change import Change, TokenAdded, UserAdded, UserItemsChanged
from keystead.domain.model import ItemRule, Scope, Token, TokenId, User, UserId
from keystead.domain.ports import Transaction
from keystead.domain.tokens import SECRET_SIZE, digest
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES_PER_COMMIT = 10_000
ORDINARY_SCOPES = (
    Scope.NONE,
    Scope.CONTROL_THINGS,
    Scope.CONFIGURE_THINGS | Scope.ACCESS_ALL_THINGS,
)
# An Argon2id hash in form only: nobody knows its password, and making a true one for each
# user would take most of an hour.
PASSWORD_HASH = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    token: str = field(repr=False)


def populate(
    folder: Path, users: int, tokens_per_user: int, items: tuple[ItemRule, ...] = ()
) -> list[Account]:
    """Fill the directory in *folder* and give back each user with the last of their tokens.

    The first user is an administrator, the others hold what ordinary users do. Each of them has
    all rules in *items*.
    """
    accounts: list[Account] = []
    record(folder, _changes(users, tokens_per_user, items, accounts))
    return accounts


def record(folder: Path, changes: Iterable[Change]) -> None:
    """Write *changes* to the directory in *folder*; make it if need be."""
    with Folder(folder).locked():
        Folder(folder).prepare()
        asyncio.run(_fill(Folder(folder).database, iter(changes)))


def _changes(
    users: int, tokens_per_user: int, items: tuple[ItemRule, ...], accounts: list[Account]
) -> Iterator[Change]:
    """Make the users and tokens, and note each user in *accounts*."""
    for index in range(users):
        user = User(
            id=UserId(os.urandom(16)),
            name=f"user{index:06}",
            scopes=ORDINARY_SCOPES[index % len(ORDINARY_SCOPES)] if index else Scope.ADMIN,
            display_name=f"User {index:06}",
            email=f"user{index:06}@example.com",
        )
        yield UserAdded(user, PASSWORD_HASH)
        if items:
            yield UserItemsChanged(user, items)
        for _ in range(tokens_per_user):
            secret = base64.b64encode(os.urandom(SECRET_SIZE)).decode()
            token_id = TokenId(UUID(bytes=os.urandom(16), version=4))
            yield TokenAdded(Token(token_id, user.id, "bench", CREATED), digest(secret))
        accounts.append(Account(user.name, secret))


async def _fill(database: Path, changes: Iterator[Change]) -> None:
    store = SqliteStore(database, lambda: CREATED)
    try:
        while portion := list(islice(changes, CHANGES_PER_COMMIT)):
            await store.write(lambda tx, portion=portion: _record(tx, portion))  # type: ignore[misc]
    finally:
        store.close()


async def _record(tx: Transaction, changes: list[Change]) -> None:
    tx.summarised = True
    for change in changes:
        await tx.record(change)
