"""What is written down soon, but nobody waits for: refusals, uses of tokens, failed sign-ins."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from keystead.domain.events import SERVER, Action, Entry
from keystead.domain.model import LastUse, TokenId
from keystead.domain.ports import Store, Transaction
from keystead.domain.refusal import RefusedError
from keystead.domain.throttle import Attempts

FOLDED_FOR = timedelta(minutes=1)  # in which the same entry is counted, not told again
MAX_ENTRIES = 2_000  # different ones that wait; of more only the number is told
MAX_USES = 20_000  # tokens whose last use waits; the uses of more are not kept


class Journal:
    """Collects what is to be written, and writes it when asked to.

    A flood of the same refusal becomes one event a minute that says how many there were, so
    that nobody can wash the trail out.

    Args:
        store: where it goes.
        attempts: gives what has changed about failed sign-ins since it was last asked.
    """

    def __init__(
        self, store: Store, attempts: Callable[[], Sequence[Attempts]] = lambda: ()
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._entries: dict[Entry, int] = {}  # to be told, each with how often
        self._told: dict[Entry, datetime] = {}  # when it was told last
        self._uses: dict[TokenId, LastUse] = {}
        self._unkept: dict[tuple[str, str], Attempts] = {}
        self._missed = 0

    def note(self, entry: Entry) -> None:
        """Tell the audit trail of *entry* before long."""
        if entry in self._entries:
            self._entries[entry] += 1
        elif len(self._entries) < MAX_ENTRIES:
            self._entries[entry] = 1
        else:
            self._missed += 1

    def used(self, token_id: TokenId, use: LastUse) -> None:
        """Have it kept that a token was used."""
        if token_id in self._uses or len(self._uses) < MAX_USES:
            self._uses[token_id] = use

    async def flush(self, now: datetime, *, last: bool = False) -> None:
        """Write what is due; what cannot be written now is kept for the next time.

        Args:
            now: aware, UTC.
            last: the server stops, so that everything is due.

        Raises:
            RefusedError: STORAGE_FAILED.
        """
        self._told = {e: t for e, t in self._told.items() if abs(now - t) < FOLDED_FOR}
        due = {e: n for e, n in self._entries.items() if last or e not in self._told}
        uses, missed = self._uses, self._missed
        self._unkept |= {(a.account, a.source): a for a in self._attempts()}
        attempts = tuple(self._unkept.values())
        if not (due or uses or missed or attempts):
            return
        self._entries = {e: n for e, n in self._entries.items() if e not in due}
        self._uses, self._unkept, self._missed = {}, {}, 0

        async def write(tx: Transaction) -> None:
            for entry, count in due.items():
                await tx.note(entry._replace(times=count))
            if missed:
                await tx.note(Entry(SERVER, Action.AUDIT_GAP, times=missed))
            if uses:
                await tx.keep_last_uses(uses)
            if attempts:
                await tx.keep_attempts(attempts)

        try:
            await self._store.write(write, essential=True)
        except RefusedError:
            self._take_back(due, uses, attempts, missed)
            raise
        self._told |= dict.fromkeys(due, now)

    def _take_back(
        self,
        due: dict[Entry, int],
        uses: dict[TokenId, LastUse],
        attempts: Sequence[Attempts],
        missed: int,
    ) -> None:
        for entry, count in due.items():
            if entry in self._entries or len(self._entries) < MAX_ENTRIES:
                self._entries[entry] = self._entries.get(entry, 0) + count
            else:
                self._missed += count
        self._uses = uses | self._uses
        self._unkept = {(a.account, a.source): a for a in attempts} | self._unkept
        self._missed += missed
