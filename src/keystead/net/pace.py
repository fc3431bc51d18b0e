"""How fast one connection may ask."""

from collections.abc import Callable
from math import inf

from keystead.net.door import Guest
from keystead.net.limits import BURST, Limits


class Pace:
    """Requests that a connection may make before it has to rest.

    They come back at a steady rate, up to some seconds' worth. Whoever signs in has the higher
    rate from then on.

    Args:
        limits: the rates.
        guest: whose requests they are.
        monotonic: seconds.
    """

    __slots__ = ("_guest", "_left", "_limits", "_monotonic", "_since")

    def __init__(self, limits: Limits, guest: Guest, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._guest = guest
        self._left = inf if guest.is_spared else BURST * self._rate
        self._monotonic = monotonic
        self._since = monotonic()  # up to when they have come back

    def spent(self, requests: int) -> float:
        """Take note of requests that were made; give the seconds to rest, 0 for none."""
        self._left -= requests
        return 0.0 if self._left >= 0 or not requests else self._rest()

    @property
    def _rate(self) -> float:
        limits = self._limits
        return limits.requests if self._guest.is_signed_in else limits.requests_before_sign_in

    def _rest(self) -> float:
        """Let come back what has; give the seconds until the rest will have."""
        rate = self._rate
        if rate == inf:
            self._left = inf
            return 0.0
        now = self._monotonic()
        self._left = min(self._left + (now - self._since) * rate, BURST * rate)
        self._since = now
        return max(0.0, -self._left / rate)
