"""What connections may take together and alone, and how often they may ask."""

from dataclasses import dataclass
from math import inf

from keystead.domain.throttle import LOCAL
from keystead.settings import Settings

MOST_CONNECTIONS = 20_000  # unless set otherwise; each takes some 20 KB, with TLS more
BURST = 5  # seconds' worth of requests that may come at once


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on connections; ``inf`` where there is none.

    A source beyond this machine is meant everywhere but in *connections*, unless
    *counts_loopback*.

    Attributes:
        connections: at a time, in all.
        per_source: ... from one source.
        before_sign_in: ... of those who have not signed in.
        requests: a second on one connection, of somebody signed in; it may save up some for
            later, so that a burst is answered at once.
        requests_before_sign_in: ... of somebody who has not.
        counts_loopback: connections of this machine are bounded like all others.
        handshake: seconds for TLS, and again for HTTP.
    """

    connections: float = inf
    per_source: float = inf
    before_sign_in: float = inf
    requests: float = inf
    requests_before_sign_in: float = inf
    counts_loopback: bool = False
    handshake: float = 10.0

    def spares(self, source: str) -> bool:
        """Tell whether *source* is bounded by the number of all connections only."""
        if source == LOCAL:
            return True
        return not self.counts_loopback and is_of_this_machine(source)


NO_LIMITS = Limits()


def is_of_this_machine(source: str) -> bool:
    """Tell whether a source is a loopback address.

    >>> is_of_this_machine("127.0.0.9"), is_of_this_machine("::/64")
    (True, True)
    >>> is_of_this_machine("192.0.2.7"), is_of_this_machine("2001:db8::/64")
    (False, False)
    """
    # Of the network of ::1, no other address is ever a peer's; RFC 4291 2.5.
    return source.startswith("127.") or source == "::/64"


def limits_from(settings: Settings, files: int) -> Limits:
    """Give the limits that are set; where 0 is set, there is none.

    Args:
        settings: what is set.
        files: how many this process may have open. A fifth is kept for all but connections.
    """
    room = files * 4 // 5
    return Limits(
        connections=min(settings.connections or MOST_CONNECTIONS, room),
        per_source=settings.connections_per_source or inf,
        before_sign_in=settings.connections_before_sign_in or inf,
        requests=settings.requests_per_second or inf,
        requests_before_sign_in=settings.requests_per_second_before_sign_in or inf,
        counts_loopback=settings.limit_loopback,
    )
