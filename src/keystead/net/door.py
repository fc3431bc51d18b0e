"""The door: who is let in, who has to make room, and what the log hears of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from keystead.domain.throttle import LOCAL
from keystead.net.limits import Limits
from keystead.rpc.session import Session

LOG = logging.getLogger("keystead.net")

REPORT_EVERY = 60.0  # seconds between two lines in the log

TOO_MANY = "too many connections"
TOO_MANY_FROM_ONE = "too many connections from one source"
TOO_MANY_STRANGERS = "too many connections that have not signed in"
NO_FILES = "no more files may be opened"

Later = Callable[[float, Callable[[], None]], object]


def _later(seconds: float, what: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, what)


class Guest:
    """One connection, from the moment it is accepted.

    Attributes:
        source: where it comes from.
        authentication: False on a listener where everybody may do everything.
        session: what is spoken here; None until TLS and HTTP have shaken hands.
        cut_off: ends the connection at once.
        is_spared: whether only the number of all connections bounds it.
    """

    __slots__ = ("_door", "authentication", "cut_off", "is_spared", "session", "source")

    def __init__(
        self, door: "Door | None", source: str, *, authentication: bool, is_spared: bool
    ) -> None:
        self._door = door  # None when it is gone, or is not counted
        self.source = source
        self.authentication = authentication
        self.is_spared = is_spared
        self.session: Session | None = None
        self.cut_off: Callable[[], object] | None = None

    @property
    def is_signed_in(self) -> bool:
        """Tell whether we know who this is, or need not."""
        return self.session is not None and (
            not self.authentication or self.session.token_id is not None
        )

    def judge(self) -> None:
        """Take note of who signs in or out; to be called when that may have happened."""
        if self._door:
            self._door.judge(self)

    def leave(self) -> None:
        """Take note that the connection is gone."""
        door, self._door = self._door, None
        if door:
            door.forget(self)
        self.session = self.cut_off = None


class Crowd:
    """Those who have not signed in; knows at once which source has the most of them."""

    def __init__(self) -> None:
        self.size = 0
        self.most = 0  # of one source
        self._by_source: dict[str, dict[Guest, None]] = {}  # the oldest first
        self._by_number: dict[int, dict[str, None]] = {}  # the sources that have so many

    def __contains__(self, guest: Guest) -> bool:
        """Tell whether *guest* is one of them."""
        return guest in self._by_source.get(guest.source, ())

    def add(self, guest: Guest) -> None:
        """Take somebody in, as the youngest."""
        theirs = self._by_source.setdefault(guest.source, {})
        theirs[guest] = None
        self.size += 1
        self._move(guest.source, len(theirs) - 1, len(theirs))
        self.most = max(self.most, len(theirs))

    def discard(self, guest: Guest) -> None:
        """Leave somebody out."""
        theirs = self._by_source.get(guest.source)
        if theirs is None or guest not in theirs:
            return
        del theirs[guest]
        self.size -= 1
        self._move(guest.source, len(theirs) + 1, len(theirs))
        if not theirs:
            del self._by_source[guest.source]
        if self.most not in self._by_number:
            self.most -= 1  # this source is the first that has one fewer

    def oldest(self, source: str | None = None) -> Guest | None:
        """Give the oldest of *source*, without one of a source that has the most."""
        if source is None:
            source = next(iter(self._by_number.get(self.most, ())), "")
        return next(iter(self._by_source.get(source, ())), None)

    def _move(self, source: str, before: int, after: int) -> None:
        if before:
            del self._by_number[before][source]
            if not self._by_number[before]:
                del self._by_number[before]
        if after:
            self._by_number.setdefault(after, {})[source] = None


class Door:
    """Lets connections in, within limits.

    Whoever has not signed in makes room for newcomers, the oldest of the source with the most
    such connections first: so a flood of strangers keeps nobody out who can sign in.

    Args:
        limits: the bounds.
        later: has something done some seconds from now.
    """

    def __init__(self, limits: Limits, later: Later = _later) -> None:
        self._limits = limits
        self._size = 0
        self._by_source: Counter[str] = Counter()
        self._strangers = Crowd()
        self._spared_strangers = Crowd()
        self._report = _Report(later)

    def admit(self, source: str, *, authentication: bool) -> Guest | None:
        """Let a connection in; None when it is to be closed at once."""
        spared = self._limits.spares(source)
        if source == LOCAL:
            return Guest(None, source, authentication=authentication, is_spared=True)
        if reason := self._objection(source, is_spared=spared):
            self.turned_away(reason, source)
            return None
        guest = Guest(self, source, authentication=authentication, is_spared=spared)
        self._size += 1
        self._by_source[source] += 1
        self._crowd_of(guest).add(guest)
        return guest

    def judge(self, guest: Guest) -> None:
        """Take note of who has signed in or out."""
        crowd = self._crowd_of(guest)
        if guest.is_signed_in:
            crowd.discard(guest)
        elif guest not in crowd:
            crowd.add(guest)

    def forget(self, guest: Guest) -> None:
        """Take note that somebody is gone."""
        self._size -= 1
        self._by_source[guest.source] -= 1
        if not self._by_source[guest.source]:
            del self._by_source[guest.source]
        self._crowd_of(guest).discard(guest)

    def turned_away(self, reason: str, source: str) -> None:
        """Have the log hear of a connection that was closed for want of room, by and by."""
        self._report.note(reason, source)

    def _objection(self, source: str, *, is_spared: bool) -> str:
        """Say why there is no room for one more from *source*, even if others make some."""
        limits = self._limits
        if not is_spared:
            crowd = self._strangers
            if self._by_source[source] >= limits.per_source and not self._make_room(
                TOO_MANY_FROM_ONE, crowd, source
            ):
                return TOO_MANY_FROM_ONE
            if crowd.size >= limits.before_sign_in:
                self._make_room(TOO_MANY_STRANGERS, crowd)
        if self._size >= limits.connections:
            largest = max(self._strangers, self._spared_strangers, key=lambda crowd: crowd.most)
            if not self._make_room(TOO_MANY, largest):
                return TOO_MANY
        return ""

    def _make_room(self, reason: str, crowd: Crowd, source: str | None = None) -> bool:
        """Close a connection that has not signed in; tell whether there was one."""
        while guest := crowd.oldest(source):
            if guest.is_signed_in:  # since, by the push of a button
                crowd.discard(guest)
                continue
            self.turned_away(reason, guest.source)
            cut_off = guest.cut_off
            guest.leave()
            if cut_off:
                cut_off()
            return True
        return False

    def _crowd_of(self, guest: Guest) -> Crowd:
        return self._spared_strangers if guest.is_spared else self._strangers


class _Report:
    """Tells the log how many were turned away: at once, then once in a while."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._reasons: Counter[str] = Counter()
        self._source = ""
        self._is_quiet = False  # a line was written a moment ago

    def note(self, reason: str, source: str) -> None:
        self._reasons[reason] += 1
        self._source = source
        if not self._is_quiet:
            self._tell()

    def _tell(self) -> None:
        """Write a line, if there is something to tell."""
        self._is_quiet = bool(self._reasons)
        if not self._is_quiet:
            return
        fields = {
            "number": self._reasons.total(),
            "reasons": dict(self._reasons),
            "last_source": self._source,
        }
        LOG.warning("connections closed for want of room", extra={"fields": fields})
        self._reasons.clear()
        self._later(REPORT_EVERY, self._tell)
