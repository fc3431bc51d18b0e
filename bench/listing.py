"""What one long list costs, and how long others wait for it."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from statistics import median

from bench.client import Client
from bench.figures import Figure, Plan, at_most, shown
from bench.machine import cores_apart
from bench.populate import populate
from bench.server import scratch, serving

USERS = 10_000
MOST_CPU = 30.0  # ms a call
MOST_WAIT = 10.0  # ms
PROBE_PERIOD = 0.002  # seconds
CALLS = 8  # in each round
PAUSE = 0.02  # seconds between two lists


def listing(plan: Plan) -> list[Figure]:
    """List all users of a directory while another connection asks small questions."""
    rounds = max(3, plan.rounds // 3)
    costs, quiet, disturbed = [], [], []
    with cores_apart() as cores, scratch() as folder:
        administrator = populate(folder, USERS, 1)[0]
        with serving(folder, cores=cores) as server:
            client = Client(server.tcp)
            client.sign_in(administrator.token)
            size = _list(client)
            for _ in range(rounds):
                for _ in range(CALLS):
                    before = server.program.settled_cpu()
                    _list(client)
                    costs.append(server.program.settled_cpu() - before)
                quiet.append(_waits(server.tcp, administrator.token, None))
                disturbed.append(_waits(server.tcp, administrator.token, client))
    idle = median(wait for waits in quiet for wait in waits) * 1e3
    worst = median(max(waits) for waits in disturbed) * 1e3
    all_worst = max(max(waits) for waits in disturbed) * 1e3
    quiet_worst = median(max(waits) for waits in quiet) * 1e3
    return [
        at_most(
            f"GetUsers of {USERS} users: CPU per call",
            median(costs) * 1e3,
            MOST_CPU,
            "ms",
            f"reply of {size / 1e6:.1f} MB",
        ),
        at_most(
            f"GetUsers of {USERS} users: worst extra wait of another request",
            worst - idle,
            MOST_WAIT,
            "ms",
            f"worst of all rounds {all_worst - idle:.1f} ms, "
            f"of rounds without a list {quiet_worst - idle:.1f} ms",
        ),
        shown("KeepAlive on an idle server", idle, "ms", "round trip"),
    ]


def _list(client: Client) -> int:
    """Call GetUsers and give the length of the reply, unparsed: that would take our time."""
    client.sock.sendall(client.request("Users.GetUsers", {}, number=1))
    return len(client.message())


def _waits(url: str, token: str, lister: Client | None) -> list[float]:
    """Collect another connection's waits while *lister* makes its calls, or nobody does."""
    ours, theirs = multiprocessing.Pipe()
    prober = multiprocessing.get_context("spawn").Process(
        target=_probe, args=(theirs, url, token)
    )
    prober.start()
    ours.recv()  # it is connected
    for _ in range(CALLS):
        if lister is not None:
            _list(lister)
        time.sleep(PAUSE)
    ours.send(None)
    waits: list[float] = ours.recv()
    prober.join()
    return waits


def _probe(parent: Connection, url: str, token: str) -> None:
    """Ask small questions until the parent speaks, and send it how long each of them took."""
    client = Client(url)
    client.sign_in(token)
    waits: list[float] = []
    parent.send(None)
    while not parent.poll():
        start = time.perf_counter()
        client.call("JSONRPC.KeepAlive", sessionId="probe")
        waits.append(time.perf_counter() - start)
        time.sleep(PROBE_PERIOD)
    parent.send(waits)
    client.close()
