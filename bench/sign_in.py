"""Signing in: how many a second, and how long others wait meanwhile."""

import multiprocessing
import os
import select
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

import argon2

from bench.client import PASSWORD, USER_NAME, Client
from bench.figures import Figure, Plan, at_least, at_most, ratio_and_spread, shown
from bench.populate import record
from bench.server import scratch, serving
from bench.wire import TIMEOUT
from keystead.domain.change import Change, UserAdded
from keystead.domain.model import Scope, User, UserId
from keystead.hashing.argon2id import MEMORY_COST, PARALLELISM, TIME_COST, WAITING_PER_CORE

CORES = os.cpu_count() or 1
AT_ONCE = 4 * CORES  # sign-ins under way, so that no thread ever waits for the next
FULL = CORES * (1 + WAITING_PER_CORE)  # ... so that there is room for no other
LEAST_RATE = 0.9  # of what bare Argon2id does
MOST_WAIT = 3.0  # times the wait on an idle server
RATE = 500.0  # questions a second of the one who waits
LONGER = 2  # than in other runs, as a sign-in takes longer than other requests

hasher = argon2.PasswordHasher(TIME_COST, MEMORY_COST, PARALLELISM)


def sign_in(plan: Plan) -> list[Figure]:
    """Compare sign-ins with bare hashing, and others' waits meanwhile with those at rest."""
    with scratch() as folder:
        _populate(folder)
        with serving(folder) as server:
            return [*_rates(server.tcp, plan), *_waits(server.tcp, plan)]


def _populate(folder: Path) -> None:
    """Make users who all have the same password, so that it need be hashed only once."""
    encoded = hasher.hash(PASSWORD)

    def changes() -> Iterator[Change]:
        for name in [USER_NAME, *_names(FULL)]:
            yield UserAdded(User(UserId(os.urandom(16)), name, Scope.ADMIN), encoded)

    record(folder, changes())


def _names(count: int) -> list[str]:
    return [f"user{index:04}" for index in range(count)]


def _rates(url: str, plan: Plan) -> list[Figure]:
    seconds = plan.seconds * LONGER
    crowd = Crowd(url, AT_ONCE)
    served, bare = [], []
    for _ in range(plan.rounds):
        bare.append(_bare_rate(seconds))
        end = time.perf_counter() + seconds
        served.append(crowd.sign_in(lambda end=end: time.perf_counter() < end))  # type: ignore[misc]
    crowd.close()
    ratio, spread = ratio_and_spread(served, bare)
    subject = f"sign-ins on {CORES} cores"
    return [
        at_least(f"{subject}: rate, ratio to bare Argon2id", ratio, LEAST_RATE, "x", spread),
        shown(subject, median(served), "/s", f"bare Argon2id {median(bare):.0f}/s"),
    ]


def _bare_rate(seconds: float) -> float:
    """Check a password on all cores for that long, and tell how often a second."""
    encoded = hasher.hash(PASSWORD)
    start = time.perf_counter()

    def check(_: int) -> int:
        count = 0
        while time.perf_counter() < start + seconds:
            hasher.verify(encoded, PASSWORD)
            count += 1
        return count

    with ThreadPoolExecutor(CORES) as threads:
        count = sum(threads.map(check, range(CORES)))
    return count / (time.perf_counter() - start)


class Crowd:
    """Clients that sign in again and again, each with an account of its own.

    Args:
        url: of the server, which knows them after the first time.
        count: clients.
    """

    def __init__(self, url: str, count: int) -> None:
        self._clients = {}
        for name in _names(count):
            client = Client(url)
            client.call("JSONRPC.Hello")
            params = {"username": name, "password": PASSWORD, "deviceName": "bench"}
            client.call("JSONRPC.Authenticate", **params)
            request = client.request("JSONRPC.Authenticate", params, number=1)
            self._clients[client.wire.sock.fileno()] = client, request

    def sign_in(self, goes_on: Callable[[], bool]) -> float:
        """Keep all of them signing in, and tell how many are done a second.

        Raises:
            RuntimeError: one was refused.
        """
        with select.epoll() as readable:
            for number, (client, request) in self._clients.items():
                readable.register(number, select.EPOLLIN)
                client.wire.sock.sendall(request)
            under_way, done, start, last = len(self._clients), 0, 0.0, 0.0
            while under_way:
                ready = readable.poll(TIMEOUT)
                if not ready:
                    raise TimeoutError(f"{under_way} sign-ins are not answered")
                for number, _ in ready:
                    client, request = self._clients[number]
                    reply = client.wire.message()
                    if b'"success":true' not in reply:
                        raise RuntimeError(f"a sign-in was refused: {reply!r}")
                    if goes_on():
                        client.wire.sock.sendall(request)
                        last = time.perf_counter()
                        start, done = (start, done + 1) if start else (last, 0)
                    else:
                        under_way -= 1
        return done / (last - start)

    def close(self) -> None:
        """Close all connections."""
        for client, _ in self._clients.values():
            client.wire.close()


def _waits(url: str, plan: Plan) -> list[Figure]:
    ours, theirs = multiprocessing.Pipe()
    crowd = multiprocessing.get_context("spawn").Process(target=_fill, args=(theirs, url))
    crowd.start()
    theirs.close()  # so that a crowd that fails is noticed
    ours.recv()
    client = Client(url)
    client.call("JSONRPC.Hello")
    signed_in = client.call(
        "JSONRPC.Authenticate", username=USER_NAME, password=PASSWORD, deviceName="bench"
    )
    client.token = str(signed_in["token"])
    idle, full = [], []
    for _ in range(plan.rounds):
        idle.append(_slowest(client, plan.seconds * LONGER))
        ours.send(None)
        ours.recv()
        full.append(_slowest(client, plan.seconds * LONGER))
        ours.send(None)
        ours.recv()
    ours.close()
    crowd.join()
    ratio, spread = ratio_and_spread(full, idle)
    remark = f"{median(full) * 1e3:.2f} ms, idle {median(idle) * 1e3:.2f} ms; {spread}"
    subject = f"GetUserInfo, {RATE:g}/s, while {FULL} sign-ins wait: p99, ratio to idle"
    return [at_most(subject, ratio, MOST_WAIT, "x", remark)]


def _slowest(client: Client, seconds: float) -> float:
    """Ask at an even pace, and give the seconds that 1 in 100 answers takes longer than."""
    waits = []
    start = time.perf_counter()
    for number in range(int(seconds * RATE)):
        time.sleep(max(0.0, start + number / RATE - time.perf_counter()))
        asked = time.perf_counter()
        client.call("Users.GetUserInfo")
        waits.append(time.perf_counter() - asked)
    return quantiles(waits, n=100)[-1]


def _fill(parent: Connection, url: str) -> None:
    """Keep the pool full from one word of the parent to the next, until it hangs up."""
    crowd = Crowd(url, FULL)
    parent.send(None)
    while True:
        try:
            parent.recv()
        except EOFError:
            break
        parent.send(None)
        crowd.sign_in(lambda: not parent.poll())
        parent.recv()
        parent.send(None)
    crowd.close()
