"""Slowing down whoever guesses passwords, without keeping out whoever knows theirs.

Three things are counted. The *pair* of an account and a source waits after a few failures, ever
longer. A *source* that fails at many accounts waits as well, after more of them, but not for
accounts that have signed in from there before. An *account* at which all sources together have
failed often is tried slowly by those that are neither known to it nor fresh. So nobody waits for
what others do from elsewhere, and nothing ever closes for all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from keystead.domain.backoff import BackOff, Key, Tallies, Tally
from keystead.domain.names import MAX_NAME_LENGTH
from keystead.domain.refusal import Reason, RefusedError

LOCAL = "local"  # the source of whoever speaks over the owner's socket; never refused

_PAIR = BackOff(free=3)
_SOURCE = BackOff(free=30)
_PACE = timedelta(seconds=1)
_ACCOUNT = BackOff(free=99, first=_PACE, most=_PACE)  # the hundredth failure slows it down
_IN_VAIN = BackOff(free=2, first=timedelta(minutes=1), most=timedelta(minutes=1))

_DAY = timedelta(days=1)  # how exactly it is kept when a known source was last used


class Lane(IntEnum):
    """In which order sign-ins have their passwords checked when many wait; lower first."""

    KNOWN = 0  # the owner's socket, or a source from which this account has signed in before
    FRESH = 1  # a source that has tried nothing in vain lately
    OTHERS = 2


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """All numbers of throttling; the table in the manual is made from them.

    Attributes:
        pair: the waits of one source at one account.
        source: the waits of one source at all accounts that have not signed in from there.
        account: from when on, and how slowly, one account is tried by sources that are neither
            known to it nor fresh, all of them together.
        in_vain: how often a source may be turned away before it is no longer fresh for a while.
            Otherwise strangers who fill the queue would stay fresh for ever, and nobody else who
            comes from somewhere new would get in.
        fresh_after: a source is fresh that has failed at nothing for so long.
        most_kept: pairs, sources and accounts that are remembered for their failures, and pairs
            that are known; each counted for itself, so that none pushes out another kind.
        most_known: sources of one account that are known; the longest unused makes room.

    Source: our choice; NIST SP 800-63B-4 3.2.2 for the ceiling of 100.
    """

    pair: BackOff = _PAIR
    source: BackOff = _SOURCE
    account: BackOff = _ACCOUNT
    in_vain: BackOff = _IN_VAIN
    fresh_after: timedelta = timedelta(minutes=1)
    most_kept: int = 10_000
    most_known: int = 32


@dataclass(frozen=True, slots=True)
class Attempts:
    """What a store keeps of one pair, of a source, or of an account.

    Attributes:
        account: ``names.key`` of the name as typed; unknown names are treated exactly like known
            ones. Empty for the failures of a source at all accounts.
        source: an IPv4 address, or an IPv6 network of 64 bits. Empty for the failures of all
            sources at an account.
        failures: 0 for nothing that would be worth keeping.
        last: the last failure, or for a known pair without any the last use, to a day.
        known: the account has signed in from there with success.
    """

    account: str
    source: str
    failures: int
    last: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class Lock:
    """Somebody who has to wait.

    Attributes:
        account: empty for a source that waits whatever the account.
        source: empty for an account that is tried slowly by strangers.
        until: when it ends if nothing more happens.
    """

    account: str
    source: str
    failures: int
    until: datetime


class ThrottledError(RefusedError):
    """There were too many failures; the next try has to wait.

    Attributes:
        retry_after: how long; more than zero.
    """

    retry_after: timedelta

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(Reason.THROTTLED, retry_after)


def schedule(policy: ThrottlePolicy) -> list[tuple[int, timedelta]]:
    """Tell how long a pair waits after its first, second, ... failure, up to the longest wait.

    >>> [(failures, wait.seconds) for failures, wait in schedule(ThrottlePolicy())[2:6]]
    [(3, 0), (4, 1), (5, 2), (6, 4)]
    """
    steps = range(1, policy.pair.last_step + 1)
    return [(failures, policy.pair.wait(failures)) for failures in steps]


class Throttle:
    """What is known of failed sign-ins, and who has to wait for the next.

    Names are told apart by as many characters as an account's name may have.

    Args:
        policy: how long, how many.
        attempts: what was kept of earlier times.
    """

    def __init__(
        self, policy: ThrottlePolicy = ThrottlePolicy(), attempts: Iterable[Attempts] = ()
    ) -> None:
        self._policy = policy
        self._pairs = Tallies(policy.pair, policy.most_kept)  # of strangers
        self._known = Tallies(policy.pair, policy.most_kept)
        self._sources = Tallies(policy.source, policy.most_kept, is_wary=True)
        self._accounts = Tallies(policy.account, policy.most_kept, is_wary=True)
        self._in_vain = Tallies(policy.in_vain, policy.most_kept)
        self._homes: dict[str, list[str]] = {}  # known sources by account, latest used last
        self._slots: dict[str, datetime] = {}  # last try of a stranger at a slow account
        self._stored: dict[Key, Attempts] = {}
        self._touched: set[Key] = set()
        for one in sorted(attempts, key=lambda one: one.last):
            self._restore(one)

    def begin(self, account: str, source: str, now: datetime) -> Lane:
        """Let a sign-in go ahead, and tell in which lane.

        It counts as failed from here on, so that many tries at once gain nothing; tell when it
        ``succeeded``, was ``undone`` or ``turned_away``.

        Raises:
            ThrottledError: it has to wait. This counts as nothing.
        """
        if source == LOCAL:
            return Lane.KNOWN
        if lock := self.lock(account, source, now):
            raise ThrottledError(lock.until - now)
        key = account[:MAX_NAME_LENGTH], source
        if key in self._known.entries:
            self._count(self._known, key, now)
            return Lane.KNOWN
        lane = Lane.FRESH if self._is_fresh(source, now) else Lane.OTHERS
        if lane is Lane.OTHERS:
            self._take_slot(key[0], now)
        for tallies, one in self._strangers(key):
            self._count(tallies, one, now)
        return lane

    def succeeded(self, account: str, source: str, now: datetime) -> None:
        """Forget the failures of the pair, and remember that the source is known."""
        if source == LOCAL:
            return
        key = account[:MAX_NAME_LENGTH], source
        known = self._known.get(key, now)
        if known is None:
            self._take_back(key, now)
            self._pairs.entries.pop(key, None)
            known = Tally(0, now)
            self._drop(self._known.enter(key, known, now))
        if known.used is None or not timedelta() <= now - known.used < _DAY:
            known.used = now
        known.failures, known.last, known.before = 0, known.used, None
        self._touch(key)
        self._settle_in(key)

    def undone(self, account: str, source: str, now: datetime) -> None:
        """Take an attempt back that was never decided."""
        if source == LOCAL:
            return
        key = account[:MAX_NAME_LENGTH], source
        if key in self._known.entries:
            self._known.take_back(key, now)
            self._touch(key)
            return
        self._take_back(key, now)
        self._slots.pop(key[0], None)

    def turned_away(self, account: str, source: str, now: datetime) -> None:
        """Take an attempt back for which there was no room; so many of a fresh source count."""
        self.undone(account, source, now)
        if source != LOCAL and not self._in_vain.wait(("", source), now):
            self._in_vain.count(("", source), now)

    def lock(self, account: str, source: str, now: datetime) -> Lock | None:
        """Tell what keeps this pair waiting, or None; of two locks the one that ends last."""
        key = account[:MAX_NAME_LENGTH], source
        if key in self._known.entries:
            return self._lock(self._known, key, now)
        locks = (
            self._lock(self._pairs, key, now),
            self._lock(self._sources, ("", source), now),
        )
        return max((lock for lock in locks if lock), key=lambda lock: lock.until, default=None)

    def locks(self, now: datetime) -> Sequence[Lock]:
        """List who has to wait at present: pairs, sources, and accounts that are tried slowly."""
        slow = [
            Lock(*key, level, tally.last + self._policy.account.forgiven_every)
            for key, tally in self._accounts.entries.items()
            if self._policy.account.wait(level := self._accounts.level(tally, now))
        ]
        return slow + [
            lock
            for tallies in (self._pairs, self._known, self._sources)
            for key in tallies.entries
            if (lock := self._lock(tallies, key, now))
        ]

    def clear(self, account: str, source: str | None) -> int:
        """Forget failures, as an administrator asks for, and count the sources that had any.

        Args:
            account: empty for the failures of the source whatever the account.
            source: None for all sources and what slows the account down; empty for the latter.
        """
        account = account[:MAX_NAME_LENGTH]
        cleared = 0
        for tallies in self._all():
            for key in self._of(tallies, account, source):
                tally = tallies.entries[key]
                if key[1] or source is not None:
                    cleared += tally.failures > 0
                tally.failures, tally.before = 0, None
                self._touch(key)
                if tally.used is None:
                    self._drop([key])
        return cleared

    def changed(self) -> Sequence[Attempts]:
        """Give what is to be kept that was not given before.

        What is not worth keeping any more comes with no failures. Names that have not failed
        more often than is free never come, unless they are known: people type their password
        there by mistake.
        """
        changed = []
        for key in self._touched:
            present = self._to_keep(key)
            if present == self._stored.get(key):
                continue
            if present is None:
                changed.append(Attempts(*key, 0, self._stored.pop(key).last, known=False))
                continue
            self._stored[key] = present
            changed.append(present)
        self._touched.clear()
        return changed

    def forget(self, account: str) -> None:
        """Forget an account that was removed."""
        if not account:
            return  # the nameless account never signs in; the failures of sources have no name
        for tallies in self._all():
            self._drop(self._of(tallies, account[:MAX_NAME_LENGTH], None))

    def _all(self) -> tuple[Tallies, ...]:
        return self._pairs, self._known, self._sources, self._accounts

    def _strangers(self, key: Key) -> Iterator[tuple[Tallies, Key]]:
        """Say where a try of an unknown pair counts; no account has no name."""
        account, source = key
        yield self._sources, ("", source)
        if account:
            yield self._pairs, key
            yield self._accounts, (account, "")

    def _of(self, tallies: Tallies, account: str, source: str | None) -> list[Key]:
        if source is not None:
            return [(account, source)] if (account, source) in tallies.entries else []
        return [key for key in tallies.entries if key[0] == account]

    def _count(self, tallies: Tallies, key: Key, now: datetime) -> None:
        self._drop(tallies.count(key, now))
        self._touch(key)

    def _take_back(self, key: Key, now: datetime) -> None:
        """Take a try of an unknown pair back, if it is remembered."""
        if key[0] and key not in self._pairs.entries:
            return
        for tallies, one in self._strangers(key):
            tallies.take_back(one, now)
            self._touch(one)

    def _drop(self, keys: Iterable[Key]) -> None:
        """Forget all of *keys*, which may be out of their tallies already."""
        for key in keys:
            account, source = key
            for tallies in self._all():
                tallies.entries.pop(key, None)
            homes = self._homes.get(account, [])
            if source in homes:
                homes.remove(source)
                if not homes:
                    del self._homes[account]
            if not source:
                self._slots.pop(account, None)
            self._touch(key)

    def _touch(self, key: Key) -> None:
        """Look at *key* when next asked for what changed, if there is anything to look at."""
        if key in self._stored or any(key in tallies.entries for tallies in self._all()):
            self._touched.add(key)
        else:
            self._touched.discard(key)

    def _is_fresh(self, source: str, now: datetime) -> bool:
        key = "", source
        if self._in_vain.wait(key, now):
            return False
        tally = self._sources.get(key, now)
        return tally is None or now - tally.last >= self._policy.fresh_after

    def _take_slot(self, account: str, now: datetime) -> None:
        """Let one stranger after the other try an account that has failed often."""
        tally = self._accounts.get((account, ""), now)
        if tally is None:
            return
        pace = self._policy.account.wait(self._accounts.level(tally, now))
        if not pace:
            return
        last = self._slots.get(account)
        if last is not None and timedelta() <= now - last < pace:
            raise ThrottledError(pace - (now - last))
        self._slots[account] = now

    def _settle_in(self, key: Key) -> None:
        """Put the source last among those known to the account, and let the first go."""
        account, source = key
        homes = self._homes.setdefault(account, [])
        if source in homes:
            homes.remove(source)
        homes.append(source)
        if len(homes) > self._policy.most_known:
            self._drop([(account, homes[0])])

    def _lock(self, tallies: Tallies, key: Key, now: datetime) -> Lock | None:
        wait = tallies.wait(key, now)
        if not wait:
            return None
        return Lock(*key, tallies.entries[key].failures, now + wait)

    def _to_keep(self, key: Key) -> Attempts | None:
        found = (tallies.entries.get(key) for tallies in self._all())
        tally = next((tally for tally in found if tally), None)
        if tally is None:
            return None
        if tally.failures > self._policy.pair.free:
            return Attempts(*key, tally.failures, tally.last, known=tally.used is not None)
        if tally.used is None:
            return None
        return Attempts(*key, 0, tally.used, known=True)

    def _restore(self, one: Attempts) -> None:
        key = one.account, one.source
        tally = Tally(one.failures, one.last, one.last if one.known else None)
        if one.known:
            tallies = self._known
        elif not one.account:
            tallies = self._sources
        else:
            tallies = self._pairs if one.source else self._accounts
        self._stored[key] = one
        self._drop(tallies.enter(key, tally, one.last))
        if one.known:
            self._settle_in(key)
