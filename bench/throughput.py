"""CPU per authenticated `Users.GetUserInfo`, beside a bare echo of the same bytes."""

import itertools
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from bench.client import Client, TaniClient, signed_in
from bench.figures import Figure, Plan, at_most, ratio_and_spread, shown
from bench.load import Lane, Run, drive, lane
from bench.machine import cores_apart
from bench.process import Program
from bench.raw import bare
from bench.server import scratch, serving

C = TypeVar("C", Client, TaniClient)

CONNECTIONS = 50
DEPTH = 32  # requests in one write
WARM_UP = 0.2  # seconds
FIRST_ID = 100_000  # so many digits for every id: all requests have the same length

# How often the CPU of a bare echo each shape of load may cost.
BOUNDS = {
    ("TCP", "one in flight"): 2.5,
    ("WebSocket", "one in flight"): 3.0,
    ("TCP", "32 deep"): 5.0,
    ("WebSocket", "32 deep"): 6.0,
}


@dataclass
class Side:
    """One program under one shape of load, and what its rounds cost."""

    program: Program
    lanes: list[Lane]
    runs: list[Run]

    def measure(self, seconds: float) -> None:
        self.runs.append(drive(self.program, self.lanes, seconds))

    def costs(self) -> list[float]:
        return [run.cost for run in self.runs]


Pair = tuple[Side, Side]  # ours and the echo's


def throughput(plan: Plan) -> list[Figure]:
    """Compare the server with an echo, over both transports, one request in flight and many."""
    pairs: dict[tuple[str, str], Pair] = {}
    with ExitStack() as stack:
        cores = stack.enter_context(cores_apart())
        server = stack.enter_context(serving(stack.enter_context(scratch()), cores=cores))
        token = Client(server.tcp).set_up()
        for transport, url in (("TCP", server.tcp), ("WebSocket", server.websocket)):
            clients = signed_in(url, [token] * (CONNECTIONS + 1))
            for shape, lanes in shapes_of_load(clients, user_info).items():
                pairs[transport, shape] = beside_echo(stack, cores, server.program, lanes)
        alternate(list(itertools.chain.from_iterable(pairs.values())), plan)
    return [
        figure
        for (transport, shape), pair in pairs.items()
        for figure in compared(
            f"GetUserInfo, {transport}", shape, BOUNDS[transport, shape], pair
        )
    ]


def user_info(client: Client, count: int) -> list[bytes]:
    """Give *count* requests of the same length for the client's own user."""
    return [
        client.request("Users.GetUserInfo", {}, number=FIRST_ID + index)
        for index in range(count)
    ]


def shapes_of_load(
    clients: Sequence[C], requests: Callable[[C, int], list[bytes]]
) -> dict[str, list[Lane]]:
    """Let the first of *clients* send many *requests* at once, and the others one each."""
    single = [lane(client.wire, requests(client, 1)) for client in clients[1:]]
    batched = [lane(clients[0].wire, requests(clients[0], DEPTH))]
    return {"one in flight": single, "32 deep": batched}


def beside_echo(stack: ExitStack, cores: set[int], program: Program, lanes: list[Lane]) -> Pair:
    """Put an echo of the same bytes beside the *lanes* to *program*; it runs until *stack* ends."""
    first = lanes[0]
    request = len(next(first.requests)) // first.messages
    reply = len(first.reply) // first.messages
    echo, port = stack.enter_context(bare(cores, "echo", request, reply))
    echo_lanes = [_echo_lane(port, request, like) for like in lanes]
    return Side(program, lanes, []), Side(echo, echo_lanes, [])


def _echo_lane(port: int, request: int, like: Lane) -> Lane:
    """Make a lane to an echo that moves as many bytes as the lane it is compared with."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    batch = b"y" * request * like.messages
    return Lane(sock, itertools.repeat(batch), b"x" * len(like.reply), like.messages)


def alternate(sides: list[Side], plan: Plan, warm_up: float = WARM_UP) -> None:
    """Load all *sides* in turn, for the plan's number of rounds."""
    for side in sides:
        drive(side.program, side.lanes, warm_up)
    for _ in range(plan.rounds):
        for side in sides:
            side.measure(plan.seconds)


def typical(runs: list[Run], part: Callable[[Run], float]) -> float:
    """Give the median of one part of *runs*."""
    return median(part(run) for run in runs)


def compared(subject: str, shape: str, bound: float, pair: Pair) -> list[Figure]:
    """Tell what requests cost in one shape of load, and beside the echo."""
    keystead, echo = pair
    ratio, spread = ratio_and_spread(keystead.costs(), echo.costs())
    connections = len(keystead.lanes)
    name = f"{subject}, {connections} x {shape}"
    echo_cost = median(echo.costs()) * 1e6
    rates = [typical(side.runs, lambda run: run.rate) for side in (keystead, echo)]
    return [
        shown(
            f"{name}: CPU per request",
            median(keystead.costs()) * 1e6,
            "us",
            f"{rates[0]:.0f}/s; echo {echo_cost:.1f} us, {rates[1]:.0f}/s",
        ),
        at_most(f"{name}: CPU, ratio to echo", ratio, bound, "x", spread),
    ]
