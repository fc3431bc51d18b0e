"""Durable writes: what waiting together gains over waiting alone."""

import itertools
from contextlib import ExitStack

from bench.client import Client, signed_in
from bench.figures import Figure, Plan, at_least, ratio_and_spread, shown
from bench.load import Lane, lane
from bench.machine import durable_appends_per_second
from bench.server import scratch, serving
from bench.throughput import FIRST_ID, Side, alternate, typical

CLIENTS = 64
LEAST_GAIN = 8.0
PASSWORD = "Battery-Staple-7"


def writes(plan: Plan) -> list[Figure]:
    """Compare 64 clients that change users at the same time with one that does so alone."""
    disk = []
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        server = stack.enter_context(serving(folder))
        first = Client(server.tcp)
        token = first.set_up()
        names = [f"user{index:03}" for index in range(CLIENTS)]
        for name in names:
            first.call("Users.CreateUser", username=name, password=PASSWORD, scopes=[])
        clients = signed_in(server.tcp, [token] * CLIENTS)
        lanes = [_lane(client, name) for client, name in zip(clients, names, strict=True)]
        together = Side(server.program, lanes, [])
        alone = Side(server.program, [_lane(first, names[0])], [])
        for _ in range(plan.rounds):
            alternate([together, alone], Plan(rounds=1, seconds=plan.seconds), warm_up=0.05)
            disk.append(durable_appends_per_second(folder, plan.seconds / 3))
    rates = [run.rate for run in together.runs]
    gain, spread = ratio_and_spread(rates, [run.rate for run in alone.runs])
    one = typical(alone.runs, lambda run: run.rate)
    cost = typical(together.runs, lambda run: run.cost) * 1e6
    return [
        at_least(
            f"SetUserInfo, {CLIENTS} clients: rate, ratio to one", gain, LEAST_GAIN, "x", spread
        ),
        shown(
            f"SetUserInfo, {CLIENTS} clients",
            typical(together.runs, lambda run: run.rate),
            "/s",
            f"CPU {cost:.0f} us each",
        ),
        shown("SetUserInfo, one client", one, "/s"),
        shown("fdatasync of 4 KiB appended to a file", sorted(disk)[len(disk) // 2], "/s"),
    ]


def _lane(client: Client, name: str) -> Lane:
    """Make a lane whose every request changes user *name* anew."""
    requests = [
        client.request(
            "Users.SetUserInfo", {"username": name, "displayName": display}, number=FIRST_ID
        )
        for display in ("Ada", "Bob")
    ]
    alike = lane(client.wire, requests[:1])
    return Lane(client.wire.sock, itertools.cycle(reversed(requests)), alike.reply)
