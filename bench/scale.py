"""Whether a large directory slows a request that one user's directory answers."""

from contextlib import ExitStack
from itertools import islice
from statistics import median

from bench.client import signed_in
from bench.figures import Figure, Plan, at_most, ratio_and_spread, shown
from bench.load import lane
from bench.machine import cores_apart
from bench.populate import Account, populate
from bench.server import Server, scratch, serving
from bench.throughput import CONNECTIONS, Side, alternate, user_info

TOKENS_EACH = 2
MOST_SLOWDOWN = 1.10


def scale(plan: Plan) -> list[Figure]:
    """Compare a full directory with one that holds a single user."""
    with ExitStack() as stack:
        cores = stack.enter_context(cores_apart())
        sides, servers = [], []
        for users in (plan.users, 1):
            folder = stack.enter_context(scratch())
            accounts = populate(folder, users, TOKENS_EACH)
            server = stack.enter_context(serving(folder, cores=cores))
            servers.append(server)
            sides.append(_side(server, accounts))
        alternate(sides, plan)
        large, small = sides
        ratio, spread = ratio_and_spread(large.costs(), small.costs())
        subject = f"GetUserInfo, {plan.users} users with {plan.users * TOKENS_EACH} tokens"
        return [
            at_most(f"{subject}: CPU, ratio to one user", ratio, MOST_SLOWDOWN, "x", spread),
            shown(f"{subject}: CPU per request", median(large.costs()) * 1e6, "us"),
            shown(f"{subject}: start", servers[0].started_in * 1e3, "ms"),
            shown(f"{subject}: resident", servers[0].program.resident() / 1e6, "MB"),
        ]


def _side(server: Server, accounts: list[Account]) -> Side:
    """Sign in with tokens from all over the directory."""
    step = max(1, len(accounts) // CONNECTIONS)
    tokens = [account.token for account in islice(accounts, 0, None, step)][:CONNECTIONS]
    tokens = (tokens * CONNECTIONS)[:CONNECTIONS]
    clients = signed_in(server.tcp, tokens)
    return Side(
        server.program, [lane(client.wire, user_info(client, 1)) for client in clients], []
    )
