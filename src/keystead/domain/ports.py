"""What the rules need from the outside world. ``keystead.app`` hands in the adapters."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from keystead.domain.change import Change, Commit
from keystead.domain.model import (
    Account,
    Group,
    GroupEntry,
    GroupId,
    ItemRule,
    Principal,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)

T = TypeVar("T")


class Reader(Protocol):
    """Committed data, or in a transaction also what it recorded itself."""

    async def ever_had_account(self) -> bool:
        """Tell whether any account has ever been made here."""

    async def user(self, user_id: UserId) -> User | None:
        """Find a user by id, or None."""

    async def user_named(self, name: str) -> User | None:
        """Find the user whose name equals *name* under ``names.key``, or None."""

    async def password_hash(self, user_id: UserId) -> str | None:
        """Give the encoded hash of a user's password; None without a password or a user."""

    async def token(self, token_id: TokenId) -> Token | None:
        """Find a token by id, or None."""

    async def principal(self, user_id: UserId, token_id: TokenId) -> Principal | None:
        """Give a user as of now, if they have this token still; else None."""

    async def principal_by_digest(
        self, digest: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        """Find whom the token belongs to whose secret has this SHA-256 *digest*, or None.

        A token of another *kind*, or one that expired by *now*, belongs to nobody.
        """

    async def is_digest_taken(self, digest: bytes) -> bool:
        """Tell whether a token, of whatever kind and state, has this *digest*."""

    async def tokens_of(self, user_id: UserId) -> Sequence[Token]:
        """All tokens of a user, oldest first."""

    async def tokens_with_digests(self, user_id: UserId) -> Sequence[tuple[Token, bytes]]:
        """All tokens of a user, oldest first, each with the SHA-256 of its secret."""

    async def groups_of(self, user_id: UserId) -> tuple[Group, ...]:
        """The groups of a user in the order they were given; none for an unknown user."""

    async def items_of_user(self, user_id: UserId) -> tuple[ItemRule, ...]:
        """A user's own rules in the order they were given; none for an unknown user."""

    async def group(self, group_id: GroupId) -> Group | None:
        """Find a group by id, or None."""

    async def group_named(self, name: str) -> Group | None:
        """Find the group whose name equals *name* under ``names.key``, or None."""

    async def items_of_group(self, group_id: GroupId) -> tuple[ItemRule, ...]:
        """A group's rules in the order they were given; none for an unknown group."""

    async def count_users(self) -> int:
        """Count all users."""

    async def count_groups(self) -> int:
        """Count all groups."""

    def users(self) -> AsyncIterator[Sequence[User]]:
        """All users in the order they were added, in portions."""

    def accounts(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[Account]]:
        """At most *limit* users after the first *offset*, as ``users``, with their belongings."""

    def group_entries(
        self, offset: int = 0, limit: int | None = None
    ) -> AsyncIterator[Sequence[GroupEntry]]:
        """At most *limit* groups after the first *offset*, in the order they were added.

        The first of all is the one of everybody, ``ANONYMOUS``.
        """

    async def has_user_editor(self) -> bool:
        """Tell whether there is an account that can change users and can get in.

        It counts when it, or a group of it, holds ``USER_EDIT``, and it has a password or at
        least one token that never expires.
        """


class Transaction(Reader, Protocol):
    """A consistent view; everything recorded commits together or not at all."""

    async def record(self, change: Change) -> None:
        """Apply *change*. Later reads in this transaction see it."""


class Store(Protocol):
    """Durable data. ``tests/conformance/test_store*.py`` say what an implementation must do."""

    @property
    def reader(self) -> Reader:
        """Committed data, for reads outside of transactions."""

    async def write(
        self, operation: Callable[[Transaction], Awaitable[T]], *, bulk: bool = False
    ) -> T:
        """Run *operation* in a transaction of its own and give back its result.

        When this returns, what it recorded is durable and every listener has heard of it.

        Args:
            operation: awaits nothing but the transaction, changes nothing else (it may run on
                another thread, and more than once).
            bulk: it records so much that nothing else should wait for it in the meantime.

        Raises:
            RefusedError: what *operation* raised, with nothing changed; or STORAGE_FAILED when
                the changes could not be made durable.
        """

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* with every commit, in the order of their revisions."""


class PasswordHasher(Protocol):
    """Slow one-way hashing away from the event loop. Tests use a fast one.

    Passwords are taken as they were typed; ``passwords.normalised`` is the adapter's part.
    """

    async def hash(self, password: str) -> str:
        """Return an encoded hash that carries its own algorithm, salt and parameters.

        Raises:
            RefusedError: BUSY when too many hashes are being computed already.
        """

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Tell whether *password* fits; with None take as long as with a hash and say False.

        Raises:
            RefusedError: BUSY as above.
        """

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether *encoded* should be replaced by a stronger form of the same password."""


class Clock(Protocol):
    """The time of day."""

    def __call__(self) -> datetime:
        """Give the present time, aware, UTC."""


class Randomness(Protocol):
    """A cryptographic source of random bytes."""

    def __call__(self, size: int, /) -> bytes:
        """Give *size* random bytes."""
