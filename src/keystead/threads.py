"""Threads that work for the event loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


def _nothing() -> None:
    pass


class Threads:
    """Does work beside the event loop, what came first first.

    Source: our choice, see docs/decisions: an executor of ``concurrent.futures`` takes a multiple
    of the event loop's time.

    Args:
        count: threads.
        name: what they are called.
        begin: what each does first.
    """

    def __init__(self, count: int, name: str, begin: Callable[[], None] = _nothing) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads = [
            threading.Thread(
                target=_serve,
                args=(self._tasks, begin),
                name=f"{name}_{number}",
                daemon=True,  # so that a program ends which forgot to close them
            )
            for number in range(count)
        ]
        self._have_begun = False

    def run(
        self, work: Callable[[], T], over: Callable[[], None] = _nothing
    ) -> asyncio.Future[T]:
        """Have *work* done, and give what comes of it.

        Args:
            work: what to do on a thread.
            over: called on the event loop when that has ended, though nobody waits any more.
        """
        if not self._have_begun:
            self._begin()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._tasks.put((loop, work, over, future))
        return future

    def close(self) -> None:
        """Finish what was begun and what waits, and let the threads end."""
        if self._have_begun:
            for _ in self._threads:
                self._tasks.put(None)
            for thread in self._threads:
                thread.join()

    def _begin(self) -> None:
        self._have_begun = True
        for thread in self._threads:
            thread.start()


_Task = tuple[
    asyncio.AbstractEventLoop, Callable[[], Any], Callable[[], None], asyncio.Future[Any]
]


def _serve(tasks: SimpleQueue[_Task | None], begin: Callable[[], None]) -> None:
    begin()
    while task := tasks.get():
        _do(*task)
        del task  # nothing of it stays while the thread waits


def _do(
    loop: asyncio.AbstractEventLoop,
    work: Callable[[], T],
    over: Callable[[], None],
    future: asyncio.Future[T],
) -> None:
    result: T | None = None
    error: BaseException | None = None
    try:
        result = work()
    except BaseException as raised:  # noqa: BLE001 - given to whoever waits
        error = raised
    with suppress(RuntimeError):  # the loop is over, and so is everybody's waiting
        loop.call_soon_threadsafe(_settle, over, future, result, error)


def _settle(
    over: Callable[[], None],
    future: asyncio.Future[Any],
    result: object,
    error: BaseException | None,
) -> None:
    if not future.done():
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
    over()
