"""What the audit trail adds to a sign-in."""

import asyncio
import os
import time
from statistics import median
from uuid import UUID

from bench.client import PASSWORD
from bench.figures import Figure, Plan, at_most, shown
from bench.populate import CREATED
from bench.server import scratch
from keystead.domain.change import TokenAdded, UserAdded
from keystead.domain.events import Action, Author, Entry, Origin
from keystead.domain.model import Scope, Token, TokenId, User, UserId
from keystead.domain.ports import Transaction
from keystead.hashing import Argon2Hasher
from keystead.store import sqlite_file
from keystead.store.sqlite import SqliteStore

WRITES = 200  # a round, of each kind
HASHES = 6  # a round
MOST_SHARE = 5.0  # percent of a sign-in

USER = User(UserId(os.urandom(16)), "user", Scope.ADMIN)
AUTHOR = Author("user", USER.name, USER.id.hex(), None, Origin("nymea", "192.0.2.1"))


def auditing(plan: Plan) -> list[Figure]:
    """Compare the CPU of what a sign-in writes with and without its events, and of the whole."""
    return asyncio.run(_auditing(plan))


async def _auditing(plan: Plan) -> list[Figure]:
    hasher = Argon2Hasher()
    told, untold, hashing = [], [], []
    with scratch() as folder:
        database = folder / "keystead.sqlite"
        sqlite_file.prepare(database)
        store = SqliteStore(database, lambda: CREATED)
        encoded = await hasher.hash(PASSWORD)
        await store.write(lambda tx: tx.record(UserAdded(USER, encoded)))
        for _ in range(plan.rounds):
            told.append(await _writes(store, is_told=True))
            untold.append(await _writes(store, is_told=False))
            hashing.append(await _hashes(hasher, encoded))
        store.close()
    hasher.close()
    extra = median(told) - median(untold)
    whole = median(hashing) + median(told)
    remark = f"hash {median(hashing) * 1e3:.1f} ms, write {median(told) * 1e6:.0f} us"
    return [
        shown("what a sign-in writes: CPU of its two events", extra * 1e6, "us", remark),
        at_most("auditing a sign-in: share of its CPU", extra / whole * 100, MOST_SHARE, "%"),
    ]


async def _writes(store: SqliteStore, *, is_told: bool) -> float:
    """Write what a sign-in does, and give the CPU of one in seconds."""
    began = time.process_time()
    for _ in range(WRITES):
        await store.write(lambda tx: _enter(tx, is_told=is_told), author=AUTHOR)
    return (time.process_time() - began) / WRITES


async def _enter(tx: Transaction, *, is_told: bool) -> None:
    tx.summarised = not is_told
    token_id = TokenId(UUID(bytes=os.urandom(16), version=4))
    await tx.record(TokenAdded(Token(token_id, USER.id, "bench", CREATED), os.urandom(32)))
    if is_told:
        await tx.note(Entry(AUTHOR, Action.SIGN_IN, USER.name, USER.id.hex()))


async def _hashes(hasher: Argon2Hasher, encoded: str) -> float:
    """Check a password, and give the CPU of that in seconds."""
    began = time.process_time()
    for _ in range(HASHES):
        assert await hasher.verify(encoded, PASSWORD)
    return (time.process_time() - began) / HASHES
