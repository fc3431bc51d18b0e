"""Turns at computing: who comes next, who is refused, and what becomes of who leaves."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.throttle import Lane
from keystead.hashing.turns import Turns

TIMEOUT = 10  # seconds


class Queue:
    """Some who ask for turns, and what became of them.

    Attributes:
        served: who got a turn, in order.
        refused: who was refused, in order.
    """

    def __init__(self, at_once=1, most_waiting=3):
        self.turns = Turns(at_once, most_waiting)
        self.served, self.refused = [], []
        self.tasks = {}
        self.group = asyncio.TaskGroup()

    async def ask(self, *askers):
        """Have each ask whose name begins with the letter of their lane, and let them wait."""
        for name in askers:
            self.come(name)
            await settled()

    def come(self, name):
        self.tasks[name] = self.group.create_task(self._ask(name))

    async def leave(self, name):
        self.tasks[name].cancel()
        await settled()

    async def give_back(self, times=1):
        for _ in range(times):
            self.turns.give_back()
            await settled()

    async def _ask(self, name):
        lane = {"K": Lane.KNOWN, "F": Lane.FRESH, "O": Lane.OTHERS}[name[0]]
        try:
            await self.turns.take(lane)
        except RefusedError as error:
            self.refused.append(name if error.reason is Reason.BUSY else error)
        else:
            self.served.append(name)


async def settled():
    for _ in range(3):
        await asyncio.sleep(0)


def play(scenario, **sizes):
    """Run *scenario* with a queue, end whoever still waits, and give the queue."""

    async def whole():
        queue = Queue(**sizes)
        async with asyncio.timeout(TIMEOUT), queue.group:
            await scenario(queue)
            for task in queue.tasks.values():
                task.cancel()
        return queue

    return asyncio.run(whole())


def test_as_many_as_there_are_turns_need_not_wait():
    async def scenario(queue):
        await queue.ask("O1", "O2", "O3")

    assert play(scenario, at_once=2).served == ["O1", "O2"]


def test_better_lanes_come_first_and_within_one_whoever_came_first():
    async def scenario(queue):
        await queue.ask("O0", "O1", "F1", "K1", "O2", "F2", "K2")
        await queue.give_back(6)

    served = play(scenario, most_waiting=6).served
    assert served == ["O0", "K1", "K2", "F1", "F2", "O1", "O2"]


def test_the_newest_of_the_worst_lane_makes_room_for_a_better_one():
    async def scenario(queue):
        await queue.ask("K0", "F1", "O1", "O2")
        await queue.ask("F2")
        assert queue.refused == ["O2"]
        await queue.ask("K1")
        assert queue.refused == ["O2", "O1"]
        await queue.ask("K2")
        assert queue.refused == ["O2", "O1", "F2"]
        await queue.give_back(3)

    assert play(scenario).served == ["K0", "K1", "K2", "F1"]


@pytest.mark.parametrize("newcomer", ["F9", "O9"])
def test_nobody_makes_room_for_a_lane_that_is_no_better(newcomer):
    async def scenario(queue):
        await queue.ask("K0", "F1", "F2", "K1")
        await queue.ask(newcomer)
        assert queue.refused == [newcomer]
        await queue.give_back(3)

    assert play(scenario).served == ["K0", "K1", "F1", "F2"]


def test_a_queue_full_of_the_best_refuses_the_best():
    async def scenario(queue):
        await queue.ask("K0", "K1", "K2", "K3", "K4")

    assert play(scenario).refused == ["K4"]


def test_who_leaves_is_passed_over_and_makes_room():
    async def scenario(queue):
        await queue.ask("O0", "O1", "O2", "O3")
        await queue.leave("O1")
        await queue.ask("O4")
        await queue.give_back(3)

    queue = play(scenario)
    assert (queue.served, queue.refused) == (["O0", "O2", "O3", "O4"], [])


def test_a_turn_given_to_who_leaves_at_that_moment_goes_to_the_next():
    async def scenario(queue):
        await queue.ask("O0", "O1", "O2")
        queue.turns.give_back()
        await queue.leave("O1")

    assert play(scenario).served == ["O0", "O2"]


def test_who_left_a_moment_ago_gets_no_turn():
    async def scenario(queue):
        await queue.ask("O0", "O1", "O2")
        queue.tasks["O1"].cancel()
        await queue.give_back()

    assert play(scenario).served == ["O0", "O2"]


def test_who_leaves_at_the_moment_of_being_refused_is_only_gone():
    async def scenario(queue):
        await queue.ask("K0", "O1", "O2", "O3")
        queue.come("F1")
        await queue.leave("O3")
        await queue.give_back(3)

    queue = play(scenario)
    assert (queue.served, queue.refused) == (["K0", "F1", "O1", "O2"], [])


def test_all_turns_are_free_again_in_the_end():
    async def scenario(queue):
        assert queue.turns.are_all_free
        await queue.ask("O0", "O1")
        assert not queue.turns.are_all_free
        await queue.give_back(2)
        assert queue.turns.are_all_free

    play(scenario)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from("KFO")),
        st.tuples(st.just("leave"), st.integers(0, 99)),
        st.tuples(st.just("give back"), st.none()),
    ),
    max_size=60,
)


@given(STEPS)
def test_no_turn_is_lost_or_given_twice_and_the_queue_stays_short(steps):
    async def scenario(queue):
        held = 0
        for number, (what, which) in enumerate(steps):
            before = len(queue.served)
            if what == "ask":
                await queue.ask(f"{which}{number}")
            elif what == "leave" and queue.tasks:
                await queue.leave(list(queue.tasks)[which % len(queue.tasks)])
            elif what == "give back" and held:
                await queue.give_back()
                held -= 1
            held += len(queue.served) - before
            waiting = sum(map(len, queue.turns._waiting.values()))
            assert held <= 2
            assert waiting <= 3
            assert held == 2 or not waiting
            assert queue.turns.are_all_free is (held == 0)

    play(scenario, at_once=2)


@given(st.lists(st.sampled_from("KFO"), min_size=1, max_size=30))
def test_whoever_waits_is_served_before_those_of_worse_lanes(lanes):
    async def scenario(queue):
        await queue.ask("K", *(f"{lane}{number:02}" for number, lane in enumerate(lanes)))
        await queue.give_back(len(lanes))

    queue = play(scenario, most_waiting=30)
    order = [("KFO".index(name[0]), name) for name in queue.served[1:]]
    assert len(order) == len(lanes)
    assert all(one < other for one, other in pairwise(order))
