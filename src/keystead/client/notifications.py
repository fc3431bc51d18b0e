"""The queue between a connection and whoever listens to its notifications."""

import asyncio
from collections import deque
from dataclasses import dataclass

from keystead.client.errors import ClientError
from keystead.client.types import Told


@dataclass(frozen=True, slots=True)
class Missed:
    """Something may have been told that is not told here: read again what you keep.

    Attributes:
        count: how many notifications were dropped, because they were not taken in time or not
            understood; None when the connection was lost, and is there again.
    """

    count: int | None


Notification = Told | Missed


class Notifications:
    """An asynchronous iterator over what the server tells, for one listener.

    When more than *most* notifications wait, the oldest are dropped: the listener gets one
    ``Missed`` in their place, and then those that are left. So memory is bounded, what comes last
    is kept, and nothing is lost unnoticed. It ends when the client is closed; when the client
    comes to its end in another way, it raises that error.
    """

    def __init__(self, most: int) -> None:
        self._waiting: deque[Notification] = deque()
        self._most = most
        self._dropped = 0
        self._something = asyncio.Event()
        self._is_over = False
        self._error: ClientError | None = None

    def put(self, notification: Notification) -> None:
        """Let the listener have *notification* next."""
        if len(self._waiting) == self._most:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(notification)
        self._something.set()

    def end(self, error: ClientError | None) -> None:
        """Let the listener have what waits, then *error*, or the end."""
        if not self._is_over:
            self._is_over = True
            self._error = error
            self._something.set()

    def __aiter__(self) -> "Notifications":
        return self

    async def __anext__(self) -> Notification:
        while not self._waiting:
            if self._error:
                raise self._error
            if self._is_over:
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        if self._dropped:
            count, self._dropped = self._dropped, 0
            return Missed(count)
        return self._waiting.popleft()
