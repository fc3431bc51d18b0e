"""What is in an SQLite file, as the domain sees it: reading it, and recording changes."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, assert_never, cast
from uuid import UUID

import apsw
import msgspec

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
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import (
    Account,
    Group,
    GroupEntry,
    GroupId,
    ItemRule,
    Principal,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)
from keystead.store.sql import QUERIES

PORTION = 256  # users read at a time; under a millisecond, so that listings delay nobody
PORTION_OF_RULES = 32 * 1024  # bytes of rules read at a time, and one user's more; some 1 ms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_scope = cache(Scope)  # there are few, and making one takes longer than the rest of a row
_rules = msgspec.json.Decoder(tuple[ItemRule, ...])
_Row = tuple[Any, ...]


class SqliteReader:
    """Point reads by index, fast enough to run in place (about 10 µs each)."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def revision(self) -> int:
        """Give the number of the last commit."""
        revision: int = self._value(QUERIES.meta, "revision")
        return revision

    async def ever_had_account(self) -> bool:
        return bool(self._value(QUERIES.meta, "ever_had_account"))

    async def user(self, user_id: UserId) -> User | None:
        row = self._row(QUERIES.user, user_id)
        return _user(row) if row else None

    async def user_named(self, name: str) -> User | None:
        row = self._named(QUERIES.user_named, name)
        return _user(row) if row else None

    async def password_hash(self, user_id: UserId) -> str | None:
        encoded: str | None = self._value(QUERIES.password_hash, user_id)
        return encoded

    async def token(self, token_id: TokenId) -> Token | None:
        row = self._row(QUERIES.token, token_id.bytes)
        return _token(row) if row else None

    async def principal(self, user_id: UserId, token_id: TokenId) -> Principal | None:
        row = self._row(QUERIES.user_with_token, user_id, token_id.bytes)
        return await self._principal(row, token_id) if row else None

    async def principal_by_digest(
        self, digest: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        row = self._row(QUERIES.user_by_digest, digest, kind.value, _microseconds(now))
        return await self._principal(row[:7], TokenId(UUID(bytes=row[7]))) if row else None

    async def is_digest_taken(self, digest: bytes) -> bool:
        return self._row(QUERIES.digest, digest) is not None

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [_token(row) for row in self._db.execute(QUERIES.tokens_of, (user_id,))]

    async def tokens_with_digests(self, user_id: UserId) -> Sequence[tuple[Token, bytes]]:
        rows = self._db.execute(QUERIES.tokens_with_digests, (user_id,))
        return [(_token(row[:-1]), row[-1]) for row in rows]

    async def groups_of(self, user_id: UserId) -> tuple[Group, ...]:
        return tuple(_group(row) for row in self._db.execute(QUERIES.groups_of, (user_id,)))

    async def items_of_user(self, user_id: UserId) -> tuple[ItemRule, ...]:
        return _items(self._value(QUERIES.items_of_user, user_id))

    async def group(self, group_id: GroupId) -> Group | None:
        row = self._row(QUERIES.group_by_id, group_id)
        return _group(row) if row else None

    async def group_named(self, name: str) -> Group | None:
        row = self._named(QUERIES.group_named, name)
        return _group(row) if row else None

    async def items_of_group(self, group_id: GroupId) -> tuple[ItemRule, ...]:
        return _items(self._value(QUERIES.items_of_group, group_id))

    async def count_users(self) -> int:
        return cast("int", self._value(QUERIES.count_users))

    async def count_groups(self) -> int:
        return cast("int", self._value(QUERIES.count_groups))

    async def users(self) -> AsyncIterator[Sequence[User]]:
        last = 0
        while rows := self._db.execute(QUERIES.users_after, (last, PORTION)).fetchall():
            yield [_user(row) for row in rows]
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
                    _user((*row[:6], None)), bool(row[6]), tuple(groups[row[0]]), _items(row[7])
                )
                for row in rows
            ]
            last, limit = rows[-1][-1], None if limit is None else limit - len(rows)

    async def group_entries(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[GroupEntry]]:
        last = self._place(QUERIES.group_before, offset)
        while rows := self._some(QUERIES.group_entries_after, last, limit):
            yield [GroupEntry(_group(row[:3]), _items(row[3])) for row in rows]
            last, limit = rows[-1][-1], None if limit is None else limit - len(rows)

    async def has_user_editor(self) -> bool:
        return bool(self._value(QUERIES.user_editor))

    def _memberships(self, rows: list[_Row]) -> dict[UserId, list[Group]]:
        """Read the groups of the users in *rows*, which come in the order of their places."""
        groups: dict[UserId, list[Group]] = defaultdict(list)
        if rows:
            between = (rows[0][-1], rows[-1][-1])
            for user_id, *group in self._db.execute(QUERIES.memberships_between, between):
                groups[user_id].append(_group(group))
        return groups

    async def _principal(self, row: _Row, token_id: TokenId) -> Principal:
        user = _user(row)
        return Principal(user, token_id, await self.groups_of(user.id) if row[-1] else ())

    def _row(self, query: str, *arguments: Any) -> _Row | None:
        return self._db.execute(query, arguments).fetchone()

    def _named(self, query: str, name: str) -> _Row | None:
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

    def _some(self, query: str, last: int | None, limit: int | None) -> list[_Row]:
        """Read rows whose last column but one holds rules, until those are many."""
        if last is None:
            return []
        portion = PORTION if limit is None else min(limit, PORTION)
        rows: list[_Row] = []
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
    """

    def __init__(self, db: apsw.Connection) -> None:
        super().__init__(db)
        self.recorded: list[Change] = []

    async def record(self, change: Change) -> None:  # noqa: C901, PLR0912 - a branch a change
        execute = self._db.execute
        match change:
            case UserAdded(user=user, password_hash=encoded):
                row = (user.id, user.name, names.key(user.name), *_details(user), encoded)
                execute(QUERIES.add_user, row)
                execute(QUERIES.set_meta, ("ever_had_account", 1))
            case UserChanged(user=user):
                execute(QUERIES.change_user, (user.id, *_details(user)))
            case UserRemoved(user=user):
                execute(QUERIES.remove_user, (user.id,))
            case (
                PasswordChanged(user_id=user_id, password_hash=encoded)
                | PasswordRehashed(user_id=user_id, password_hash=encoded)
            ):
                execute(QUERIES.set_password_hash, (user_id, encoded))
            case TokenAdded(token=token, digest=digest):
                execute(QUERIES.add_token, _token_row(token, digest))
            case TokenExtended(token_id=token_id, expires=expires):
                execute(QUERIES.extend_token, (token_id.bytes, _microseconds(expires)))
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

    def _record_items(self, whose: str, owner: bytes, items: tuple[ItemRule, ...]) -> None:
        if items:
            query = getattr(QUERIES, f"set_{whose}_items")
            self._db.execute(query, (owner, msgspec.json.encode(items)))
        else:
            self._db.execute(getattr(QUERIES, f"remove_{whose}_items"), (owner,))


def _user(row: _Row) -> User:
    user_id, name, scopes, display_name, email, packed, _ = row
    things = _things(packed) if packed else ()
    # What User(...) does, without the detour through Python; lists of all users are made of it.
    return tuple.__new__(User, (user_id, name, _scope(scopes), display_name, email, things))


def _things(packed: bytes) -> tuple[ThingId, ...]:
    return tuple(ThingId(UUID(bytes=packed[i : i + 16])) for i in range(0, len(packed), 16))


def _details(user: User) -> tuple[int, str, str, bytes]:
    things = b"".join(thing.bytes for thing in user.things)
    return int(user.scopes), user.display_name, user.email, things


def _group(row: Sequence[Any]) -> Group:
    group_id, name, rights = row
    return Group(group_id, name, _scope(rights))


def _items(encoded: bytes | None) -> tuple[ItemRule, ...]:
    return _rules.decode(encoded) if encoded else ()


def _token(row: _Row) -> Token:
    token_id, user_id, device_name, created, kind, expires = row
    return Token(
        TokenId(UUID(bytes=token_id)),
        user_id,
        device_name,
        _EPOCH + created * _MICROSECOND,
        TokenKind(kind),
        None if expires is None else _EPOCH + expires * _MICROSECOND,
    )


def _token_row(token: Token, digest: bytes) -> _Row:
    return (
        token.id.bytes,
        digest,
        token.user_id,
        token.device_name,
        _microseconds(token.created),
        token.kind.value,
        None if token.expires is None else _microseconds(token.expires),
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
