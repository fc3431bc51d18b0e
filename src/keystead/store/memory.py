"""A store in dicts: the executable specification that the SQL stores are compared with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

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
from keystead.domain.model import Principal, Scope, Token, TokenId, User, UserId
from keystead.domain.ports import Reader, Transaction

T = TypeVar("T")


@dataclass
class _Tables:
    ever_had_account: bool = False
    revision: int = 0
    users: dict[UserId, User] = field(default_factory=dict)
    password_hashes: dict[UserId, str | None] = field(default_factory=dict)
    tokens: dict[TokenId, tuple[Token, bytes]] = field(default_factory=dict)

    def copy(self) -> "_Tables":
        return _Tables(
            self.ever_had_account,
            self.revision,
            dict(self.users),
            dict(self.password_hashes),
            dict(self.tokens),
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

    async def token(self, token_id: TokenId) -> Token | None:
        entry = self._tables.tokens.get(token_id)
        return entry[0] if entry else None

    async def principal(self, user_id: UserId, token_id: TokenId) -> Principal | None:
        user, token = await self.user(user_id), await self.token(token_id)
        return (
            Principal(user, token_id) if user and token and token.user_id == user_id else None
        )

    async def principal_by_digest(self, digest: bytes) -> Principal | None:
        for token, known in self._tables.tokens.values():
            if known == digest:
                return await self.principal(token.user_id, token.id)
        return None

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        return [t for t, _ in self._tables.tokens.values() if t.user_id == user_id]

    async def users(self) -> AsyncIterator[Sequence[User]]:
        yield list(self._tables.users.values())

    async def has_user_editor_beside(self, user_id: UserId) -> bool:
        can_get_in = {t.user_id for t, _ in self._tables.tokens.values()} | {
            known
            for known, encoded in self._tables.password_hashes.items()
            if encoded is not None
        }
        return any(
            user.id != user_id and Scope.USER_EDIT in user.scopes and user.id in can_get_in
            for user in self._tables.users.values()
        )


class _MemoryTransaction(_MemoryReader):
    def __init__(self, tables: _Tables) -> None:
        super().__init__(lambda: tables)
        self.recorded: list[Change] = []

    async def record(self, change: Change) -> None:
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
                for token in await self.tokens_of(user.id):
                    del tables.tokens[token.id]
            case (
                PasswordChanged(user_id=user_id, password_hash=encoded)
                | PasswordRehashed(user_id=user_id, password_hash=encoded)
            ):
                tables.password_hashes[user_id] = encoded
            case TokenAdded(token=token, digest=digest):
                tables.tokens[token.id] = (token, digest)
            case TokenRemoved(token_id=token_id):
                del tables.tokens[token_id]
            case _:
                assert_never(change)
        self.recorded.append(change)


class MemoryStore:
    """Forgets everything when the process ends."""

    def __init__(self) -> None:
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
        self, operation: Callable[[Transaction], Awaitable[T]], *, bulk: bool = False
    ) -> T:
        """Run *operation* on a copy that replaces the data when it succeeds."""
        async with self._turn:
            transaction = _MemoryTransaction(self._tables.copy())
            result = await operation(transaction)
            if transaction.recorded:
                self._tables = transaction._tables
                self._tables.revision += 1
                commit = Commit(self._tables.revision, transaction.recorded)
                for listener in self._listeners:
                    listener(commit)
            return result
