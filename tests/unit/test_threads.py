"""Threads that work for the event loop."""

import asyncio
import gc
import threading
import weakref
from contextlib import closing
from functools import partial

import pytest

from keystead.threads import Threads

TIMEOUT = 10  # seconds


def test_work_is_done_on_another_thread_and_its_result_comes_back():
    async def talk():
        with closing(Threads(1, "worker")) as threads:
            assert await threads.run(lambda: threading.current_thread().name) == "worker_0"
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 // 0)

    asyncio.run(talk())


def test_one_thread_does_what_came_first_first():
    done: list[int] = []

    async def talk():
        with closing(Threads(1, "worker")) as threads:
            await asyncio.gather(*(threads.run(partial(done.append, n)) for n in range(99)))

    asyncio.run(talk())
    assert done == list(range(99))


def test_every_thread_begins_as_it_is_told():
    begun, together = [], threading.Barrier(3)

    async def talk():
        with closing(
            Threads(3, "worker", lambda: begun.append(threading.get_ident()))
        ) as threads:
            await asyncio.gather(
                *(threads.run(lambda: together.wait(TIMEOUT)) for _ in range(3))
            )

    asyncio.run(talk())
    assert len(set(begun)) == 3


def test_its_end_is_told_though_nobody_waits_any_more():
    async def talk():
        gate, over = threading.Event(), asyncio.Event()
        with closing(Threads(1, "worker")) as threads:
            waiting = threads.run(lambda: gate.wait(TIMEOUT), over.set)
            waiting.cancel()
            await asyncio.sleep(0)
            assert not over.is_set()
            gate.set()
            async with asyncio.timeout(TIMEOUT):
                await over.wait()

    asyncio.run(talk())


def test_closing_finishes_what_waits_and_leaves_no_thread():
    before = threading.active_count()
    done: list[int] = []

    async def talk():
        threads = Threads(2, "worker")
        for number in range(20):
            threads.run(partial(done.append, number))
        threads.close()

    asyncio.run(talk())
    assert sorted(done) == list(range(20))
    assert threading.active_count() == before
    Threads(2, "worker").close()  # which never began


def test_what_ends_after_the_loop_troubles_nobody(capfd):
    gate = threading.Event()
    threads = Threads(1, "worker")

    async def talk():
        threads.run(lambda: gate.wait(TIMEOUT))

    asyncio.run(talk())
    gate.set()
    threads.close()
    assert capfd.readouterr().err == ""


def test_a_thread_that_waits_keeps_nothing_of_what_it_did():
    class Secret:
        def check(self):
            return True

    async def talk():
        with closing(Threads(1, "worker")) as threads:
            secret = Secret()
            kept = weakref.ref(secret)
            assert await threads.run(secret.check)
            del secret
            async with asyncio.timeout(TIMEOUT):
                while kept():
                    gc.collect()
                    await asyncio.sleep(0)

    asyncio.run(talk())
