"""A store in dicts: the executable specification that the SQL stores are compared with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, assert_never

from keystead.audit.chain import GENESIS, link
from keystead.domain import names
from keystead.domain.change import (
    Change,
    Commit,
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
    SERVER,
    Author,
    Entry,
    StoredCheckpoint,
    StoredEvent,
    entry_of,
)
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    NO_LIMITS,
    Account,
    Group,
    GroupEntry,
    GroupId,
    ItemRule,
    LastUse,
    Principal,
    Scope,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
    with_groups,
)
from keystead.domain.ports import Clock, Reader, Transaction
from keystead.domain.throttle import Attempts

T = TypeVar("T")


@dataclass
class _Tables:
    ever_had_account: bool = False
    revision: int = 0
    users: dict[UserId, User] = field(default_factory=dict)
    password_hashes: dict[UserId, str | None] = field(default_factory=dict)
    tokens: dict[TokenId, tuple[Token, bytes]] = field(default_factory=dict)
    groups: dict[GroupId, Group] = field(
        default_factory=lambda: {ANONYMOUS_ID: Group(ANONYMOUS_ID, ANONYMOUS)}
    )
    memberships: dict[UserId, tuple[GroupId, ...]] = field(default_factory=dict)
    user_items: dict[UserId, tuple[ItemRule, ...]] = field(default_factory=dict)
    group_items: dict[GroupId, tuple[ItemRule, ...]] = field(default_factory=dict)
    events: list[StoredEvent] = field(default_factory=list)
    checkpoints: list[StoredCheckpoint] = field(default_factory=list)
    attempts: dict[tuple[str, str], Attempts] = field(default_factory=dict)

    def copy(self) -> "_Tables":
        return _Tables(
            self.ever_had_account,
            self.revision,
            dict(self.users),
            dict(self.password_hashes),
            dict(self.tokens),
            dict(self.groups),
            dict(self.memberships),
            dict(self.user_items),
            dict(self.group_items),
            list(self.events),
            list(self.checkpoints),
            dict(self.attempts),
        )


class _MemoryReader:
    def __init__(self, tables: Callable[[], _Tables]) -> None:
        self._now = tables

    @property
    def _tables(self) -> _Tables:
        return self._now()

    async def ever_had_account(self) -> bool:
        return self._tables.ever_had_account

    async def user(self, user_id: UserId) -> User | None:
        return self._tables.users.get(user_id)

    async def user_named(self, name: str) -> User | None:
        wanted = names.key(name)
        found = (u for u in self._tables.users.values() if names.key(u.name) == wanted)
        return next(found, None)

    async def password_hash(self, user_id: UserId) -> str | None:
        return self._tables.password_hashes.get(user_id)

    async def credentials(self, name: str) -> tuple[User, str | None] | None:
        user = await self.user_named(name)
        return (user, await self.password_hash(user.id)) if user else None

    async def token(self, token_id: TokenId) -> Token | None:
        entry = self._tables.tokens.get(token_id)
        return entry[0] if entry else None

    async def principal(
        self, user_id: UserId, token_id: TokenId, now: datetime
    ) -> Principal | None:
        user, token = await self.user(user_id), await self.token(token_id)
        if user is None or token is None or token.user_id != user_id:
            return None
        if not user.validity.holds(now) or (token.expires and token.expires <= now):
            return None
        groups = await self.groups_of(user_id)
        return Principal(user, token_id, groups, token.limits, token.expires)

    async def principal_by_digest(
        self, digest: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        for token, known in self._tables.tokens.values():
            if known == digest and token.kind is kind:
                return await self.principal(token.user_id, token.id, now)
        return None

    async def is_digest_taken(self, digest: bytes) -> bool:
        return any(known == digest for _, known in self._tables.tokens.values())

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [t for t, _ in self._tables.tokens.values() if t.user_id == user_id]

    async def tokens_with_digests(self, user_id: UserId) -> Sequence[tuple[Token, bytes]]:
        return [entry for entry in self._tables.tokens.values() if entry[0].user_id == user_id]

    async def groups_of(self, user_id: UserId) -> tuple[Group, ...]:
        tables = self._tables
        return tuple(tables.groups[known] for known in tables.memberships.get(user_id, ()))

    async def items_of_user(self, user_id: UserId) -> tuple[ItemRule, ...]:
        return self._tables.user_items.get(user_id, ())

    async def group(self, group_id: GroupId) -> Group | None:
        return self._tables.groups.get(group_id)

    async def group_named(self, name: str) -> Group | None:
        wanted = names.key(name)
        found = (g for g in self._tables.groups.values() if names.key(g.name) == wanted)
        return next(found, None)

    async def items_of_group(self, group_id: GroupId) -> tuple[ItemRule, ...]:
        return self._tables.group_items.get(group_id, ())

    async def members_of(self, group_id: GroupId) -> AsyncIterator[Sequence[User]]:
        tables = self._tables
        yield [
            user
            for user_id, user in sorted(tables.users.items())
            if group_id in tables.memberships.get(user_id, ())
        ]

    async def count_users(self) -> int:
        return len(self._tables.users)

    async def count_groups(self) -> int:
        return len(self._tables.groups)

    async def users(self) -> AsyncIterator[Sequence[User]]:
        yield list(self._tables.users.values())

    async def accounts(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[Account]]:
        end = None if limit is None else offset + limit
        for user in list(self._tables.users.values())[offset:end]:
            yield [
                Account(
                    user,
                    await self.password_hash(user.id) is not None,
                    await self.groups_of(user.id),
                    await self.items_of_user(user.id),
                )
            ]

    async def group_entries(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[GroupEntry]]:
        end = None if limit is None else offset + limit
        for group in list(self._tables.groups.values())[offset:end]:
            yield [GroupEntry(group, await self.items_of_group(group.id))]

    async def has_user_editor(self, now: datetime) -> bool:
        tables = self._tables
        can_get_in = {
            t.user_id
            for t, _ in tables.tokens.values()
            if t.expires is None and t.limits == NO_LIMITS
        } | {known for known, encoded in tables.password_hashes.items() if encoded is not None}
        for user in tables.users.values():
            held = with_groups(user.scopes, await self.groups_of(user.id))
            lasts = user.validity.holds(now) and user.validity.until is None
            if Scope.USER_EDIT in held and lasts and user.id in can_get_in:
                return True
        return False

    async def audit_events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        return [e for e in self._tables.events if e.sequence > after][:limit]

    async def audit_events_before(
        self, before: int | None, limit: int
    ) -> Sequence[StoredEvent]:
        newest_first = reversed(self._tables.events)
        return [e for e in newest_first if before is None or e.sequence < before][:limit]

    async def audit_checkpoints(self) -> Sequence[StoredCheckpoint]:
        return list(self._tables.checkpoints)

    async def audit_size(self) -> tuple[int, int]:
        events = self._tables.events
        return len(events), sum(len(event.body) for event in events)

    async def attempts(self) -> Sequence[Attempts]:
        return sorted(self._tables.attempts.values(), key=lambda kept: kept.last)


class _MemoryTransaction(_MemoryReader):
    def __init__(self, tables: _Tables, author: Author, now: datetime) -> None:
        super().__init__(lambda: tables)
        self.author = author
        self.now = now
        self.summarised = False
        self.recorded: list[Change] = []
        self.entries: list[Entry] = []

    async def record(self, change: Change) -> None:  # noqa: C901, PLR0912 - a branch a change
        tables = self._tables
        match change:
            case UserAdded(user=user, password_hash=password_hash):
                tables.users[user.id] = user
                tables.password_hashes[user.id] = password_hash
                tables.ever_had_account = True
            case UserChanged(user=user):
                tables.users[user.id] = user
            case UserRemoved(user=user):
                del tables.users[user.id]
                del tables.password_hashes[user.id]
                tables.memberships.pop(user.id, None)
                tables.user_items.pop(user.id, None)
                for token in await self.tokens_of(user.id):
                    del tables.tokens[token.id]
                for account, source in tuple(tables.attempts):
                    if account and account == names.key(user.name):
                        del tables.attempts[account, source]
            case (
                PasswordChanged(user_id=user_id, password_hash=encoded)
                | PasswordRehashed(user_id=user_id, password_hash=encoded)
            ):
                tables.password_hashes[user_id] = encoded
            case TokenAdded(token=token, digest=digest):
                tables.tokens[token.id] = (token, digest)
            case TokenChanged(token=token):
                before, digest = tables.tokens[token.id]
                present = replace(token, last_used=before.last_used)
                tables.tokens[token.id] = (present, digest)
            case TokenRotated(token_id=token_id, digest=digest):
                tables.tokens[token_id] = (tables.tokens[token_id][0], digest)
            case TokenExtended(token_id=token_id, expires=expires):
                token, digest = tables.tokens[token_id]
                tables.tokens[token_id] = (replace(token, expires=expires), digest)
            case TokenRemoved(token_id=token_id):
                del tables.tokens[token_id]
            case MembershipsChanged(user=user, groups=groups):
                tables.memberships[user.id] = tuple(group.id for group in groups)
            case UserItemsChanged(user=user, items=items):
                tables.user_items[user.id] = items
            case GroupAdded(group=group) | GroupChanged(group=group):
                tables.groups[group.id] = group
            case GroupItemsChanged(group=group, items=items):
                tables.group_items[group.id] = items
            case GroupRemoved(group=group):
                del tables.groups[group.id]
                tables.group_items.pop(group.id, None)
                for user_id, known in tables.memberships.items():
                    tables.memberships[user_id] = tuple(g for g in known if g != group.id)
            case _:
                assert_never(change)
        self.recorded.append(change)
        if not self.summarised and (entry := entry_of(change, self.author)):
            self.entries.append(entry)

    async def note(self, entry: Entry) -> None:
        self.entries.append(entry)

    async def cut_audit(self, checkpoint: StoredCheckpoint) -> None:
        tables = self._tables
        tables.events = [e for e in tables.events if e.sequence > checkpoint.sequence]
        tables.checkpoints.append(checkpoint)

    async def keep_last_uses(self, uses: Mapping[TokenId, LastUse]) -> None:
        for token_id, use in uses.items():
            if entry := self._tables.tokens.get(token_id):
                self._tables.tokens[token_id] = (replace(entry[0], last_used=use), entry[1])

    async def keep_attempts(self, attempts: Sequence[Attempts]) -> None:
        for kept in attempts:
            self._tables.attempts.pop((kept.account, kept.source), None)
            if kept.failures or kept.known:
                self._tables.attempts[kept.account, kept.source] = kept


class MemoryStore:
    """Forgets everything when the process ends.

    Args:
        clock: when it is now.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tables = _Tables()
        self._turn = asyncio.Lock()
        self._listeners: list[Callable[[Commit], None]] = []

    @property
    def reader(self) -> Reader:
        """Committed data."""
        return _MemoryReader(lambda: self._tables)

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* with every commit."""
        self._listeners.append(listener)

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        """Run *operation* on a copy that replaces the data when it succeeds."""
        async with self._turn:
            transaction = _MemoryTransaction(self._tables.copy(), author, self._clock())
            result = await operation(transaction)
            self._tables = tables = transaction._tables
            for entry in transaction.entries:
                last = tables.events[-1] if tables.events else GENESIS
                tables.events.append(link(last, transaction.now, entry))
            if transaction.recorded:
                self._tables.revision += 1
                commit = Commit(self._tables.revision, transaction.recorded)
                for listener in self._listeners:
                    listener(commit)
            return result
