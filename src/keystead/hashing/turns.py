"""Who may compute next when more want to than can at a time."""

import asyncio
from collections import deque
from contextlib import suppress

from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.throttle import Lane


class Turns:
    """Gives so many turns at a time; the others wait, the better lanes first.

    Args:
        at_once: turns.
        most_waiting: ... for one. When there are more, whoever came last in the worst lane is
            refused at once.
    """

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._at_once = at_once
        self._free = at_once
        self._most_waiting = most_waiting
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {
            lane: deque() for lane in Lane
        }

    @property
    def are_all_free(self) -> bool:
        """Tell whether nobody has a turn."""
        return self._free == self._at_once

    async def take(self, lane: Lane) -> None:
        """Wait for a turn; ``give_back`` it afterwards. Cancelled, it is not taken.

        Raises:
            RefusedError: BUSY.
        """
        if self._free:
            self._free -= 1
            return
        self._make_room(lane)
        turn = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._waiting[lane].remove(turn)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()  # it was given at the very moment at which nobody waited
            raise

    def give_back(self) -> None:
        """Let the next have the turn."""
        for waiting in self._waiting.values():
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1

    def _make_room(self, lane: Lane) -> None:
        """Make room for one more in *lane*.

        Raises:
            RefusedError: BUSY; all who wait have at least as good a lane.
        """
        if sum(map(len, self._waiting.values())) < self._most_waiting:
            return
        worst = max((lane for lane, waiting in self._waiting.items() if waiting), default=lane)
        if worst <= lane:
            raise RefusedError(Reason.BUSY)
        last = self._waiting[worst].pop()
        if not last.done():
            last.set_exception(RefusedError(Reason.BUSY))
