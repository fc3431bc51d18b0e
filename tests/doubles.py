"""Stand-ins for the outside world: fast, settable, and the same on every run."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from keystead.domain.change import Commit
from keystead.domain.directory import Directory
from keystead.domain.events import SERVER, Author
from keystead.domain.journal import Journal
from keystead.domain.passwords import PasswordPolicy, PasswordProfile, normalised
from keystead.domain.ports import (
    Clock,
    PasswordHasher,
    Randomness,
    Reader,
    Store,
    Transaction,
)
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.setup_code import SetupCode
from keystead.domain.throttle import Lane, Throttle
from keystead.store.memory import MemoryStore

T = TypeVar("T")

PASSWORD = "Correct-horse-1"  # allowed by the nymea rules, and by those of NIST
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


class FastHasher:
    """A ``PasswordHasher`` that takes no time.

    Attributes:
        is_busy: refuse everything, as under too much load.
        generation: part of every hash; raise it to make all hashes so far outdated.
        meanwhile: awaited in the middle of the next hash, which takes a while in real life.
    """

    def __init__(self) -> None:
        self.is_busy = False
        self.generation = 1
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self._salts = count(1)

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        """Return a new encoded hash each time."""
        await self._take_a_while()
        return _fast_hash(str(self.generation), str(next(self._salts)), password)

    async def verify(
        self, encoded: str | None, password: str, *, lane: Lane = Lane.KNOWN
    ) -> bool:
        """Tell whether *password* fits."""
        await self._take_a_while()
        if encoded is None or not encoded.startswith("$fast$"):
            return False
        generation, salt, _ = encoded.removeprefix("$fast$").split("$")
        return encoded == _fast_hash(generation, salt, password)

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether *encoded* is not of the present generation."""
        return not encoded.startswith(f"$fast${self.generation}$")

    async def _take_a_while(self) -> None:
        if self.is_busy:
            raise RefusedError(Reason.BUSY)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()


def _fast_hash(generation: str, salt: str, password: str) -> str:
    secret = normalised(password).encode(errors="surrogatepass")
    digest = hashlib.sha256(salt.encode() + secret)
    return f"$fast${generation}${salt}${digest.hexdigest()}"


class SettableClock:
    """A ``Clock`` that stands still until it is told otherwise.

    Attributes:
        now: what it shows.
    """

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Give what the clock shows."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


class CountingRandomness:
    """A ``Randomness`` whose bytes never repeat, and are the same on every run."""

    def __init__(self) -> None:
        self._count = count(1)

    def __call__(self, size: int) -> bytes:
        """Give *size* bytes."""
        return hashlib.shake_256(next(self._count).to_bytes(8, "big")).digest(size)


class RecordingPeer:
    """A ``Peer`` that keeps what it is told.

    Attributes:
        pushed: every message sent unasked, in order.
        is_closed: whether the connection was ended.
    """

    def __init__(self) -> None:
        self.pushed: list[bytes] = []
        self.is_closed = False

    def push(self, message: bytes) -> None:
        """Keep *message*."""
        assert not self.is_closed, "nothing is sent after the end of a connection"
        self.pushed.append(message)

    def close(self) -> None:
        """Take note that the connection was ended."""
        self.is_closed = True


class BrokenStore:
    """A ``Store`` that can be read, and fails to keep anything.

    Args:
        store: what is read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def reader(self) -> Reader:
        """What was kept before it broke."""
        return self._store.reader

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call *listener* never, as there are no commits."""

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        """Run *operation*, and refuse with STORAGE_FAILED what it did not refuse."""

        async def lost(tx: Transaction) -> T:
            await operation(tx)
            raise RefusedError(Reason.STORAGE_FAILED)

        return await self._store.write(lost, author=author, bulk=bulk, essential=essential)


def nothing_is_common(password: str) -> bool:
    """Find no password common."""
    return False


def directory(
    store: Store | None = None,
    *,
    hasher: PasswordHasher | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    profile: PasswordProfile = PasswordProfile.NYMEA,
    is_common: Callable[[str], bool] = nothing_is_common,
    self_service: bool = False,
    setup_code: SetupCode | None = None,
) -> Directory:
    """Build a directory of stand-ins around *store*, by default an empty one in memory."""
    clock = clock or SettableClock()
    store = store or MemoryStore(clock)
    throttle = Throttle()
    return Directory(
        store=store,
        hasher=hasher or FastHasher(),
        clock=clock,
        throttle=throttle,
        journal=Journal(store, throttle.changed),
        randomness=randomness or CountingRandomness(),
        passwords=PasswordPolicy(profile, is_common),
        self_service=self_service,
        setup_code=setup_code,
    )
