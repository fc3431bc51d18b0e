"""One change told to a crowd, beside a bare loop that writes the same bytes."""

import itertools
import socket
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from bench.client import Client, signed_in
from bench.figures import Figure, Plan, at_most, ratio_and_spread, shown
from bench.load import receive
from bench.machine import cores_apart
from bench.process import Program
from bench.raw import bare
from bench.server import scratch, serving

MOST_RATIO = 1.6
CHANGES = 3  # in each round, from each side
NAME = "watched"
PASSWORD = "Battery-Staple-7"


def fanout(plan: Plan) -> list[Figure]:
    """Announce changes to a crowd of subscribers, over both transports."""
    return [*_transport("TCP", plan), *_transport("WebSocket", plan)]


def _transport(transport: str, plan: Plan) -> list[Figure]:
    with ExitStack() as stack:
        cores = stack.enter_context(cores_apart())
        server = stack.enter_context(serving(stack.enter_context(scratch()), cores=cores))
        changer = Client(server.tcp)
        token = changer.set_up()
        changer.call("Users.CreateUser", username=NAME, password=PASSWORD, scopes=[])
        url = server.tcp if transport == "TCP" else server.websocket
        crowd = signed_in(url, [token] * plan.crowd)
        for client in crowd:
            client.call("JSONRPC.SetNotificationStatus", namespaces=["Users"])
        displays = itertools.cycle(["Ada", "Bob"])

        def change() -> None:
            changer.call("Users.SetUserInfo", username=NAME, displayName=next(displays))

        change()
        size = min(len(client.wire.raw_message()) for client in crowd)
        program, port = stack.enter_context(bare(cores, "announce", size))
        trigger = socket.create_connection(("127.0.0.1", port))
        listeners = [socket.create_connection(("127.0.0.1", port)) for _ in crowd]

        def trigger_loop() -> None:
            trigger.sendall(b"!")

        crowd_socks = [client.wire.sock for client in crowd]
        costs: list[float] = []
        bare_costs: list[float] = []
        for _ in range(plan.rounds):
            costs += _announce(server.program, change, crowd_socks, size)
            bare_costs += _announce(program, trigger_loop, listeners, size)
        for sock in [*crowd_socks, *listeners]:
            sock.close()
    ratio, spread = ratio_and_spread(
        _by_round(costs, plan.rounds), _by_round(bare_costs, plan.rounds)
    )
    name = f"one change told to {plan.crowd} over {transport}"
    bare_cost = median(bare_costs) * 1e3
    return [
        shown(f"{name}: CPU", median(costs) * 1e3, "ms", f"bare loop {bare_cost:.1f} ms"),
        at_most(f"{name}: CPU, ratio to a bare loop", ratio, MOST_RATIO, "x", spread),
    ]


def _announce(
    program: Program, announce: Callable[[], None], crowd: list[socket.socket], size: int
) -> list[float]:
    """Announce some changes one by one, each heard by all, and give their CPU seconds."""
    costs = []
    for _ in range(CHANGES):
        before = program.settled_cpu()
        announce()
        receive(crowd, size)
        costs.append(program.settled_cpu() - before)
    return costs


def _by_round(costs: list[float], rounds: int) -> list[float]:
    return [median(costs[index * CHANGES :][:CHANGES]) for index in range(rounds)]
