"""The queue between a connection and its listener."""

import asyncio

import pytest

from keystead.client import Missed, Notifications, UnauthorizedError
from keystead.client.types import UserRemoved
from tests.net_stage import on_each_loop

ANN, BEN, CAT, DAN = (UserRemoved(username=name) for name in ("ann", "ben", "cat", "dan"))


async def next_of(queue):
    return await asyncio.wait_for(anext(queue), 1)


@on_each_loop
async def test_notifications_come_in_order():
    queue = Notifications(3)
    for told in (ANN, BEN, CAT):
        queue.put(told)
    assert [await next_of(queue) for _ in range(3)] == [ANN, BEN, CAT]


@on_each_loop
async def test_a_slow_listener_is_told_how_much_it_missed_and_keeps_the_newest():
    queue = Notifications(2)
    for told in (ANN, BEN, CAT, DAN):
        queue.put(told)
    assert [await next_of(queue) for _ in range(3)] == [Missed(2), CAT, DAN]
    queue.put(ANN)
    assert await next_of(queue) == ANN


@on_each_loop
async def test_a_listener_waits_for_what_comes():
    queue = Notifications(2)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(next_of(queue))
        await asyncio.sleep(0)
        queue.put(ANN)
    assert listening.result() == ANN


@on_each_loop
async def test_what_waits_comes_before_the_end():
    queue = Notifications(2)
    queue.put(ANN)
    queue.end(None)
    assert [told async for told in queue] == [ANN]


@on_each_loop
async def test_the_first_end_counts():
    queue = Notifications(2)
    queue.end(UnauthorizedError("The token is bad."))
    queue.end(None)
    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            await next_of(queue)
