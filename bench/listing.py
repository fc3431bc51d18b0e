"""What one long list costs, and how long others wait for it."""

from statistics import median

from bench.client import Client
from bench.figures import Figure, Plan, at_most, shown
from bench.machine import cores_apart
from bench.populate import populate
from bench.server import scratch, serving
from bench.waits import Waits

USERS = 10_000
MOST_CPU = 30.0  # ms a call
MOST_WAIT = 10.0  # ms
CALLS = 8  # in each round


def listing(plan: Plan) -> list[Figure]:
    """List all users of a directory while another connection asks small questions."""
    costs: list[float] = []
    waits = Waits()
    with cores_apart() as cores, scratch() as folder:
        administrator = populate(folder, USERS, 1)[0]
        with serving(folder, cores=cores) as server:
            client = Client(server.tcp)
            client.sign_in(administrator.token)
            size = _list(client)
            for _ in range(max(3, plan.rounds // 3)):
                for _ in range(CALLS):
                    before = server.program.settled_cpu()
                    _list(client)
                    costs.append(server.program.settled_cpu() - before)
                waits.measure(server.tcp, administrator.token, lambda: _list(client))
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
            waits.worst_extra(),
            MOST_WAIT,
            "ms",
            waits.remark("a list"),
        ),
        shown("KeepAlive on an idle server", waits.idle(), "ms", "round trip"),
    ]


def _list(client: Client) -> int:
    """Call GetUsers and give the length of the reply, unparsed: that would take our time."""
    client.wire.sock.sendall(client.request("Users.GetUsers", {}, number=1))
    return len(client.wire.message())
