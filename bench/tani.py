"""CPU per `Users/AccessRights` of somebody signed in, beside a bare echo of the same bytes."""

import itertools
from contextlib import ExitStack

from bench.client import TaniClient
from bench.figures import Figure, Plan
from bench.machine import cores_apart
from bench.server import scratch, serving
from bench.throughput import (
    BOUNDS,
    CONNECTIONS,
    FIRST_ID,
    alternate,
    beside_echo,
    compared,
    shapes_of_load,
)


def tani(plan: Plan) -> list[Figure]:
    """Compare the server with an echo, one request in flight and many."""
    with ExitStack() as stack:
        cores = stack.enter_context(cores_apart())
        server = stack.enter_context(serving(stack.enter_context(scratch()), cores=cores))
        clients = [TaniClient(server.websocket) for _ in range(CONNECTIONS + 1)]
        clients[0].set_up()
        for client in clients:
            client.log_in()
        pairs = {
            shape: beside_echo(stack, cores, server.program, lanes)
            for shape, lanes in shapes_of_load(clients, _access_rights).items()
        }
        alternate(list(itertools.chain.from_iterable(pairs.values())), plan)
    return [
        figure
        for shape, pair in pairs.items()
        for figure in compared(
            "AccessRights, Tani frames", shape, BOUNDS["WebSocket", shape], pair
        )
    ]


def _access_rights(client: TaniClient, count: int) -> list[bytes]:
    """Give *count* requests of the same length for what the client may do."""
    return [
        client.request("Users/AccessRights", {}, number=FIRST_ID + index)
        for index in range(count)
    ]
