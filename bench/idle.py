"""What a server costs that has nothing to do: memory, and the time until it listens."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from bench.client import Client, signed_in
from bench.figures import Figure, Plan, at_most
from bench.process import KILOBYTE
from bench.server import Server, scratch, serving

MOST_RESIDENT = 45.0  # MB of an idle server
MOST_START = 500.0  # ms
MOST_PER_CONNECTION = {"TCP": 4.0, "WebSocket": 20.0}  # KB
ADDRESS: dict[str, Callable[[Server], str]] = {
    "TCP": lambda server: server.tcp,
    "WebSocket": lambda server: server.websocket,
}
STARTS = 5
SETTLE = 2.0  # seconds until what signing in has borrowed is given back


def idle(plan: Plan) -> list[Figure]:
    """Start servers, look at them, and fill them with connections that say nothing."""
    return [*_starts(), *_resident(), *map(_per_connection, ADDRESS, [plan.crowd] * 2)]


def _starts() -> list[Figure]:
    first, later = [], []
    with ExitStack() as stack:
        for _ in range(STARTS):
            folder = stack.enter_context(scratch())
            with serving(folder) as server:
                first.append(server.started_in * 1e3)
                Client(server.tcp).set_up()
            with serving(folder) as server:
                later.append(server.started_in * 1e3)
    subject = "process start to accepted connection"
    return [
        at_most(f"{subject}, empty folder", median(first), MOST_START, "ms", _spread(first)),
        at_most(f"{subject}, later start", median(later), MOST_START, "ms", _spread(later)),
    ]


def _spread(values: list[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"


def _resident() -> list[Figure]:
    with scratch() as folder, serving(folder) as server:
        program = server.program
        time.sleep(SETTLE)
        started = program.resident() / 1e6
        client = Client(server.tcp)
        client.set_up()
        time.sleep(SETTLE)
        remark = f"PSS {program.proportional() / 1e6:.1f} MB"
        signed_in_once = program.resident() / 1e6
    return [
        at_most("idle server, just started: resident", started, MOST_RESIDENT, "MB"),
        at_most(
            "idle server, after set-up and a sign-in: resident",
            signed_in_once,
            MOST_RESIDENT,
            "MB",
            remark,
        ),
    ]


def _per_connection(transport: str, count: int) -> Figure:
    with scratch() as folder, serving(folder) as server:
        program = server.program
        token = Client(server.tcp).set_up()
        clients = signed_in(ADDRESS[transport](server), [token])  # loads what is loaded once
        time.sleep(SETTLE)
        before = program.resident(), program.proportional()
        clients += signed_in(ADDRESS[transport](server), [token] * count)
        time.sleep(SETTLE)
        grown = program.resident() - before[0], program.proportional() - before[1]
        for client in clients:
            client.wire.close()
    return at_most(
        f"idle signed-in connection, {transport}: resident each, of {count}",
        grown[0] / count / KILOBYTE,
        MOST_PER_CONNECTION[transport],
        "KB",
        f"PSS {grown[1] / count / KILOBYTE:.2f} KB",
    )
