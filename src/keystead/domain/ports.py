"""What the rules need from the outside world. ``keystead.app`` hands in the adapters."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from keystead.domain.change import Change, Commit
from keystead.domain.events import SERVER, Author, Entry, StoredCheckpoint, StoredEvent
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
from keystead.domain.throttle import Attempts, Lane

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

    async def credentials(self, name: str) -> tuple[User, str | None] | None:
        """Find a user as ``user_named`` does, with the encoded hash of their password."""

    async def token(self, token_id: TokenId) -> Token | None:
        """Find a token by id, or None."""

    async def principal(
        self, user_id: UserId, token_id: TokenId, now: datetime
    ) -> Principal | None:
        """Give a user, if they have this token still and both open something *now*; else None."""

    async def principal_by_digest(
        self, digest: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        """Find whom the token belongs to whose secret has this SHA-256 *digest*, or None.

        A token of another *kind*, or one that expired by *now*, belongs to nobody, and so does
        one of an account that is not valid *now*.
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

    def members_of(self, group_id: GroupId) -> AsyncIterator[Sequence[User]]:
        """The members of a group in the order of their ids, in portions.

        None for an unknown group, nor for that of everybody.
        """

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

    async def has_user_editor(self, now: datetime) -> bool:
        """Tell whether there is an account that can change users and can get in.

        It counts when it, or a group of it, holds ``USER_EDIT``, when it is valid *now* and has
        no end, and when it has a password or at least one token without limits that never
        expires.
        """

    async def audit_events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        """At most *limit* events of the audit trail that follow the sequence *after*."""

    async def audit_events_before(
        self, before: int | None, limit: int
    ) -> Sequence[StoredEvent]:
        """At most *limit* events before the sequence *before*, the newest first."""

    async def audit_checkpoints(self) -> Sequence[StoredCheckpoint]:
        """What vouches for the events that were removed, oldest first."""

    async def audit_size(self) -> tuple[int, int]:
        """Count the events that are kept, and the bytes of their bodies."""

    async def attempts(self) -> Sequence[Attempts]:
        """What is known of sign-ins, by account and source."""


class Transaction(Reader, Protocol):
    """A consistent view; everything recorded commits together or not at all.

    Attributes:
        now: the time at which it takes place; aware, UTC.
        author: who is told to have done what is recorded from here on.
        summarised: what is recorded is not told one by one, as an entry is noted for all of it.
    """

    now: datetime
    author: Author
    summarised: bool

    async def record(self, change: Change) -> None:
        """Apply *change*, and tell the audit trail. Later reads in this transaction see it."""

    async def note(self, entry: Entry) -> None:
        """Tell the audit trail something besides what is recorded."""

    async def cut_audit(self, checkpoint: StoredCheckpoint) -> None:
        """Remove the events that *checkpoint* vouches for, and keep it instead."""

    async def keep_last_uses(self, uses: Mapping[TokenId, LastUse]) -> None:
        """Keep when tokens were used; those that are gone are passed over."""

    async def keep_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Keep what is known of sign-ins; nothing of what is neither known nor failed."""


class Store(Protocol):
    """Durable data. ``tests/conformance/test_store*.py`` say what an implementation must do."""

    @property
    def reader(self) -> Reader:
        """Committed data, for reads outside of transactions."""

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        """Run *operation* in a transaction of its own and give back its result.

        When this returns, what it recorded is durable, with the events that tell of it, and
        every listener has heard of it.

        Args:
            operation: awaits nothing but the transaction, changes nothing else (it may run on
                another thread, and more than once).
            author: whose doing it is.
            bulk: it takes so long that nothing else should wait for it in the meantime.
            essential: it goes on where the audit trail cannot be written. The trail then tells
                later how much it misses.

        Raises:
            RefusedError: what *operation* raised, with nothing changed; STORAGE_FAILED when
                the changes could not be made durable; AUDIT_FAILED when the events could not.
        """

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* with every commit, in the order of their revisions."""


class PasswordHasher(Protocol):
    """Slow one-way hashing away from the event loop. Tests use a fast one.

    Passwords are taken as they were typed; ``passwords.normalised`` is the adapter's part.
    """

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        """Return an encoded hash that carries its own algorithm, salt and parameters.

        Raises:
            RefusedError: BUSY when too many hashes are being computed already.
        """

    async def verify(
        self, encoded: str | None, password: str, *, lane: Lane = Lane.KNOWN
    ) -> bool:
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
