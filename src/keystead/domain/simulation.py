"""What would this change do? The change is made, looked at, and taken back."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from keystead.domain.change import Commit
from keystead.domain.comparison import Comparison
from keystead.domain.directory import Directory
from keystead.domain.effects import Effect, Findings
from keystead.domain.events import SERVER, Author
from keystead.domain.journal import Journal
from keystead.domain.ports import Reader, Store, Transaction
from keystead.domain.throttle import Lane, Throttle
from keystead.domain.watching import Watched

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a change would do.

    Attributes:
        effects: at most ``effects.MOST_EFFECTS``. What tokens open that stay as they are follows
            from what happens to their accounts.
        more: how many there are beyond; of a change that concerns very many, at least so many.
        accounts: to how many accounts the effects on ``ANONYMOUS`` apply, too, as far as they
            do not hold the same otherwise; None when there is none.
    """

    effects: tuple[Effect, ...]
    more: int = 0
    accounts: int | None = None


async def simulate(
    directory: Directory, operation: Callable[[Directory], Awaitable[object]]
) -> Simulation:
    """Tell what an operation would do, without doing it: nothing is changed, told or audited.

    Each transaction of the operation sees the directory as it is. Sign-ins are none of the
    operations that this is for: no password is right here.

    Args:
        directory: the directory.
        operation: gets a stand-in for it.

    Raises:
        RefusedError: what the operation raises; never BUSY, as no password is hashed.
    """
    store = _TrialStore(directory.store)
    await operation(
        replace(
            directory,
            store=store,
            hasher=_NoHasher(),
            throttle=Throttle(),
            journal=Journal(store),
        )
    )
    found = store.findings
    return Simulation(tuple(found.effects), found.more, store.accounts)


class _NoHasher:
    """Takes no time, and lets nobody in."""

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        return "simulated"

    async def verify(
        self, encoded: str | None, password: str, *, lane: Lane = Lane.KNOWN
    ) -> bool:
        return False

    def is_outdated(self, encoded: str) -> bool:
        return False


class _TakenBackError(Exception):
    """Ends a transaction whose effects are known, so that nothing of it stays."""


class _TrialStore:
    """Runs operations on the data of a store, and takes back what they did.

    Attributes:
        findings: the effects of all of them.
        accounts: as of ``Simulation``.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.findings = Findings()
        self.accounts: int | None = None

    @property
    def reader(self) -> Reader:
        return self._store.reader

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """There are no commits to hear of."""

    async def write(
        self,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        author: Author = SERVER,
        bulk: bool = False,
        essential: bool = False,
    ) -> T:
        done: list[tuple[T, Comparison]] = []

        async def tried(tx: Transaction) -> None:
            watched = Watched(tx)
            result = await operation(cast("Transaction", watched))
            comparison = Comparison(tx, watched.seen)
            await comparison.compare()
            done.append((result, comparison))
            raise _TakenBackError

        with suppress(_TakenBackError):
            await self._store.write(tried, author=author, bulk=True)  # many may be concerned
        result, comparison = done[-1]  # it may run more than once
        self.findings.add(comparison.findings.effects)
        self.findings.more += comparison.findings.more
        self.accounts = comparison.accounts if self.accounts is None else self.accounts
        return result
