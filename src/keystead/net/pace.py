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

    Attributes:
        left: how many may still be made. To be lowered by whoever answers them, for whom a call
            would cost more than that; below 0 ``rest`` is due.
    """

    __slots__ = ("_guest", "_limits", "_monotonic", "_since", "left")

    def __init__(self, limits: Limits, guest: Guest, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._guest = guest
        self._monotonic = monotonic
        self._since = monotonic()  # up to when they have come back
        self.left = inf if guest.is_spared else BURST * self._rate

    def rest(self) -> float:
        """Let come back what has, and the rest in advance; give the seconds that takes."""
        rate = self._rate
        if rate == inf:
            self.left = inf
            return 0.0
        now = self._monotonic()
        left = min(self.left + (now - self._since) * rate, BURST * rate)
        seconds = max(0.0, -left / rate)
        self.left = max(0.0, left)
        self._since = now + seconds
        return seconds

    @property
    def _rate(self) -> float:
        limits = self._limits
        return limits.requests if self._guest.is_signed_in else limits.requests_before_sign_in
