"""What is in an SQLite file, as the domain sees it: reading it, and recording changes."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never, cast
from uuid import UUID

import apsw
import msgspec

from keystead.audit.chain import GENESIS, Head
from keystead.domain import names
from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.events import (
    Author,
    Entry,
    StoredCheckpoint,
    StoredEvent,
    entry_of,
)
from keystead.domain.model import (
    Account,
    Group,
    GroupEntry,
    GroupId,
    ItemRule,
    LastUse,
    Principal,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)
from keystead.domain.throttle import Attempts
from keystead.store import sqlite_rows as rows_of
from keystead.store.sql import QUERIES
from keystead.store.sqlite_rows import Row

PORTION = 256  # users read at a time; under a millisecond, so that listings delay nobody
PORTION_OF_RULES = 32 * 1024  # bytes of rules read at a time, and one user's more; some 1 ms

_LAST_PLACE = 2**63 - 1  # after every event


class SqliteReader:
    """Point reads by index, fast enough to run in place (about 10 µs each)."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def revision(self) -> int:
        """Give the number of the last commit."""
        revision: int = self._value(QUERIES.meta, "revision")
        return revision

    def audit_missed(self) -> int:
        """Count the events that could not be written since one could."""
        missed: int = self._value(QUERIES.meta, "audit_missed")
        return missed

    async def ever_had_account(self) -> bool:
        found: int | None = self._value(QUERIES.meta, "ever_had_account")
        return found != 0  # whoever cannot tell lets nobody in

    async def user(self, user_id: UserId) -> User | None:
        row = self._row(QUERIES.user, user_id)
        return rows_of.user(row) if row else None

    async def user_named(self, name: str) -> User | None:
        row = self._named(QUERIES.user_named, name)
        return rows_of.user(row) if row else None

    async def password_hash(self, user_id: UserId) -> str | None:
        encoded: str | None = self._value(QUERIES.password_hash, user_id)
        return encoded

    async def credentials(self, name: str) -> tuple[User, str | None] | None:
        row = self._named(QUERIES.credentials, name)
        return (rows_of.user(row), row[-1]) if row else None

    async def token(self, token_id: TokenId) -> Token | None:
        row = self._row(QUERIES.token, token_id.bytes)
        return rows_of.token(row) if row else None

    async def principal(
        self, user_id: UserId, token_id: TokenId, now: datetime
    ) -> Principal | None:
        row = self._row(QUERIES.user_with_plain_token, user_id, token_id.bytes)
        if row:
            user = rows_of.user(row)
            groups = await self.groups_of(user_id) if row[-1] else ()
            return Principal(user, token_id, groups) if user.validity.holds(now) else None
        token, found = await self.token(token_id), await self.user(user_id)
        if found is None or token is None or token.user_id != user_id:
            return None
        if not found.validity.holds(now) or (token.expires and token.expires <= now):
            return None
        groups = await self.groups_of(user_id)
        return Principal(found, token_id, groups, token.limits, token.expires)

    async def principal_by_digest(
        self, digest: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        row = self._row(QUERIES.user_by_digest, digest, kind.value, rows_of.microseconds(now))
        if row is None:
            return None
        *of_user, token_id, expires, limits = row
        user = rows_of.user(tuple(of_user))
        if not user.validity.holds(now):
            return None
        return Principal(
            user,
            TokenId(UUID(bytes=token_id)),
            await self.groups_of(user.id) if of_user[-1] else (),
            rows_of.limits(limits),
            rows_of.optional_moment(expires),
        )

    async def is_digest_taken(self, digest: bytes) -> bool:
        return self._row(QUERIES.digest, digest) is not None

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [rows_of.token(row) for row in self._db.execute(QUERIES.tokens_of, (user_id,))]

    async def tokens_with_digests(self, user_id: UserId) -> Sequence[tuple[Token, bytes]]:
        rows = self._db.execute(QUERIES.tokens_with_digests, (user_id,))
        return [(rows_of.token(row[:-1]), row[-1]) for row in rows]

    async def groups_of(self, user_id: UserId) -> tuple[Group, ...]:
        return tuple(
            rows_of.group(row) for row in self._db.execute(QUERIES.groups_of, (user_id,))
        )

    async def items_of_user(self, user_id: UserId) -> tuple[ItemRule, ...]:
        return rows_of.items(self._value(QUERIES.items_of_user, user_id))

    async def group(self, group_id: GroupId) -> Group | None:
        row = self._row(QUERIES.group_by_id, group_id)
        return rows_of.group(row) if row else None

    async def group_named(self, name: str) -> Group | None:
        row = self._named(QUERIES.group_named, name)
        return rows_of.group(row) if row else None

    async def items_of_group(self, group_id: GroupId) -> tuple[ItemRule, ...]:
        return rows_of.items(self._value(QUERIES.items_of_group, group_id))

    async def members_of(self, group_id: GroupId) -> AsyncIterator[Sequence[User]]:
        last = b""
        query = QUERIES.members_after
        while rows := self._db.execute(query, (group_id, last, PORTION)).fetchall():
            yield [rows_of.user(row) for row in rows]
            last = cast("bytes", rows[-1][0])

    async def count_users(self) -> int:
        return cast("int", self._value(QUERIES.count_users))

    async def count_groups(self) -> int:
        return cast("int", self._value(QUERIES.count_groups))

    async def users(self) -> AsyncIterator[Sequence[User]]:
        last = 0
        while rows := self._db.execute(QUERIES.users_after, (last, PORTION)).fetchall():
            yield [rows_of.user(row) for row in rows]
            last = cast("int", rows[-1][-1])

    async def accounts(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[Account]]:
        last = self._place(QUERIES.user_before, offset)
        while True:
            with self._db:  # as of one moment, though the thread may commit at any time
                rows = self._some(QUERIES.accounts_after, last, limit)
                groups = self._memberships(rows)
            if not rows:
                return
            yield [
                Account(
                    rows_of.user(row[:10]),
                    bool(row[9]),
                    tuple(groups[row[0]]),
                    rows_of.items(row[10]),
                )
                for row in rows
            ]
            last, limit = rows[-1][-1], None if limit is None else limit - len(rows)

    async def group_entries(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[GroupEntry]]:
        last = self._place(QUERIES.group_before, offset)
        while rows := self._some(QUERIES.group_entries_after, last, limit):
            yield [GroupEntry(rows_of.group(row[:3]), rows_of.items(row[3])) for row in rows]
            last, limit = rows[-1][-1], None if limit is None else limit - len(rows)

    async def has_user_editor(self, now: datetime) -> bool:
        return bool(self._value(QUERIES.user_editor, rows_of.microseconds(now)))

    async def audit_events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        rows = self._db.execute(QUERIES.audit_events_after, (after, limit))
        return [StoredEvent(*row) for row in rows]

    async def audit_events_before(
        self, before: int | None, limit: int
    ) -> Sequence[StoredEvent]:
        place = _LAST_PLACE if before is None else before
        rows = self._db.execute(QUERIES.audit_events_before, (place, limit))
        return [StoredEvent(*row) for row in rows]

    async def audit_checkpoints(self) -> Sequence[StoredCheckpoint]:
        return [StoredCheckpoint(*row) for row in self._db.execute(QUERIES.audit_checkpoints)]

    async def audit_size(self) -> tuple[int, int]:
        count, size = self._db.execute(QUERIES.audit_size).fetchone() or (0, 0)
        return count, size

    async def attempts(self) -> Sequence[Attempts]:
        return [rows_of.attempts(row) for row in self._db.execute(QUERIES.attempts)]

    def audit_head(self) -> Head:
        """Give the place and the digest of the last event."""
        row = self._row(QUERIES.audit_head)
        return Head(*row) if row else GENESIS

    def _memberships(self, rows: list[Row]) -> dict[UserId, list[Group]]:
        """Read the groups of the users in *rows*, which come in the order of their places."""
        groups: dict[UserId, list[Group]] = defaultdict(list)
        if rows:
            between = (rows[0][-1], rows[-1][-1])
            for user_id, *group in self._db.execute(QUERIES.memberships_between, between):
                groups[user_id].append(rows_of.group(group))
        return groups

    def _row(self, query: str, *arguments: Any) -> Row | None:
        return self._db.execute(query, arguments).fetchone()

    def _named(self, query: str, name: str) -> Row | None:
        try:
            return self._row(query, names.key(name))
        except UnicodeEncodeError:  # half a character is in no name
            return None

    def _value(self, query: str, *arguments: Any) -> Any:
        row = self._row(query, *arguments)
        return row[0] if row else None

    def _place(self, query: str, offset: int) -> int | None:
        """Give the number of the row after which to read on; None when there is none."""
        place: int | None = self._value(query, offset - 1) if offset else 0
        return place

    def _some(self, query: str, last: int | None, limit: int | None) -> list[Row]:
        """Read rows whose last column but one holds rules, until those are many."""
        if last is None:
            return []
        portion = PORTION if limit is None else min(limit, PORTION)
        rows: list[Row] = []
        size = 0
        cursor = self._db.execute(query, (last, portion))
        for row in cursor:
            rows.append(row)
            size += len(row[-2] or b"")
            if size > PORTION_OF_RULES:
                cursor.close()
                break
        return rows


class SqliteTransaction(SqliteReader):
    """Reads and records in the transaction that is open.

    Attributes:
        recorded: what was recorded, in order.
        entries: what the audit trail is told when it commits, in order.
        has_written: anything is to be committed besides *entries*.
    """

    def __init__(self, db: apsw.Connection, author: Author, now: datetime) -> None:
        super().__init__(db)
        self.author = author
        self.now = now
        self.summarised = False
        self.recorded: list[Change] = []
        self.entries: list[Entry] = []
        self.has_written = False

    async def record(self, change: Change) -> None:  # noqa: C901, PLR0912 - a branch a change
        execute = self._db.execute
        match change:
            case UserAdded(user=user, password_hash=encoded):
                details = rows_of.details(user)
                row = (user.id, user.name, names.key(user.name), *details, encoded)
                execute(QUERIES.add_user, row)
                execute(QUERIES.set_meta, ("ever_had_account", 1))
            case UserChanged(user=user):
                execute(QUERIES.change_user, (user.id, *rows_of.details(user)))
            case UserRemoved(user=user):
                execute(QUERIES.remove_user, (user.id,))
                execute(QUERIES.remove_attempts_of, (names.key(user.name),))
            case (
                PasswordChanged(user_id=user_id, password_hash=encoded)
                | PasswordRehashed(user_id=user_id, password_hash=encoded)
            ):
                execute(QUERIES.set_password_hash, (user_id, encoded))
            case TokenAdded(token=token, digest=digest):
                execute(QUERIES.add_token, rows_of.token_row(token, digest))
            case TokenChanged(token=token):
                expires = rows_of.optional_microseconds(token.expires)
                limits = rows_of.encoded_limits(token.limits)
                execute(
                    QUERIES.change_token, (token.id.bytes, token.device_name, expires, limits)
                )
            case TokenRotated(token_id=token_id, digest=digest):
                execute(QUERIES.rotate_token, (token_id.bytes, digest))
            case TokenExtended(token_id=token_id, expires=expires):
                execute(QUERIES.extend_token, (token_id.bytes, rows_of.microseconds(expires)))
            case TokenRemoved(token_id=token_id):
                execute(QUERIES.remove_token, (token_id.bytes,))
            case MembershipsChanged(user=user, groups=groups):
                execute(QUERIES.remove_memberships, (user.id,))
                for position, group in enumerate(groups):
                    execute(QUERIES.add_membership, (user.id, position, group.id))
            case UserItemsChanged(user=user, items=items):
                self._record_items("user", user.id, items)
            case GroupAdded(group=group):
                key = names.key(group.name)
                execute(QUERIES.add_group, (group.id, group.name, key, int(group.rights)))
            case GroupChanged(group=group):
                execute(QUERIES.change_group, (group.id, int(group.rights)))
            case GroupItemsChanged(group=group, items=items):
                self._record_items("group", group.id, items)
            case GroupRemoved(group=group):
                execute(QUERIES.remove_group, (group.id,))
            case _:
                assert_never(change)
        self.recorded.append(change)
        self.has_written = True
        if not self.summarised and (entry := entry_of(change, self.author)):
            self.entries.append(entry)

    async def note(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def cut_audit(self, checkpoint: StoredCheckpoint) -> None:
        self._db.execute(QUERIES.cut_audit, (checkpoint.sequence,))
        self._db.execute(QUERIES.add_audit_checkpoint, checkpoint)
        self.has_written = True

    async def keep_last_uses(self, uses: Mapping[TokenId, LastUse]) -> None:
        self._db.executemany(
            QUERIES.use_token,
            [
                (token_id.bytes, rows_of.microseconds(use.time), use.source)
                for token_id, use in uses.items()
            ],
        )
        self.has_written = True

    async def keep_attempts(self, attempts: Sequence[Attempts]) -> None:
        for kept in attempts:
            if kept.failures or kept.known:
                last = rows_of.microseconds(kept.last)
                row = (kept.account, kept.source, kept.failures, last, kept.known)
                self._db.execute(QUERIES.set_attempt, row)
            else:
                self._db.execute(QUERIES.remove_attempt, (kept.account, kept.source))
        self.has_written = True

    def _record_items(self, whose: str, owner: bytes, items: tuple[ItemRule, ...]) -> None:
        if items:
            query = getattr(QUERIES, f"set_{whose}_items")
            self._db.execute(query, (owner, msgspec.json.encode(items)))
        else:
            self._db.execute(getattr(QUERIES, f"remove_{whose}_items"), (owner,))
