"""A subscriber that never reads: when it is cut off, and whether others notice it before."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.client import Client
from bench.figures import Figure, Plan, at_most, ratio_and_spread
from bench.machine import cores_apart
from bench.process import KILOBYTE, Program
from bench.server import Server, scratch, serving

LIMIT = 1 << 20  # bytes that may wait for a connection
FILLER = "\N{KEY}" * 1000  # as long as a text may be, four bytes each
MESSAGE_SIZE = 8 * KILOBYTE  # about, of a notification with two such texts
CHANGES = 1000  # enough for the limit and all that the kernel takes on top
CHANGES_ALONE = 400
RECEIVE_BUFFER = 4 * KILOBYTE
NAME = "watched"
PASSWORD = "Battery-Staple-7"
MOST_DELAY = 1.25  # the issue says "slows nobody"; this much lies within the disk's own noise
LOOK_EVERY = 32  # changes; what the kernel holds is soon as much as it ever takes


@dataclass
class Stage:
    """Who takes part: one connection makes changes, another hears of them and reads."""

    program: Program
    url: str
    changer: Client
    listener: Client
    token: str
    number: int = 0

    def deliver(self) -> tuple[float, int]:
        """Make one change; tell after how many seconds and bytes the listener had it."""
        self.number += 1
        name = f"{self.number} {FILLER}"
        params = {"username": NAME, "displayName": name, "email": FILLER}
        request = self.changer.request("Users.SetUserInfo", params, number=1)
        start = time.perf_counter()
        self.changer.wire.sock.sendall(request)
        size = len(self.listener.wire.raw_message())
        delay = time.perf_counter() - start
        if b"UserErrorNoError" not in self.changer.wire.message():
            raise RuntimeError("the change was refused")
        return delay, size


def laggard(plan: Plan) -> list[Figure]:
    """Flood a subscriber that does not read, over both transports."""
    figures = []
    for transport in ("TCP", "WebSocket"):
        alone: list[list[float]] = []
        beside: list[list[float]] = []
        waiting: list[int] = []
        with ExitStack() as stack:
            cores = stack.enter_context(cores_apart())
            server = stack.enter_context(serving(stack.enter_context(scratch()), cores=cores))
            url = server.tcp if transport == "TCP" else server.websocket
            stage = _stage(server, url)
            _flood(stage)  # warms up
            for _ in range(plan.rounds):
                delays, last = _flood(stage)
                beside.append(delays)
                waiting.append(last)
                alone.append([stage.deliver()[0] for _ in range(CHANGES_ALONE)])
        figures += _figures(transport, alone, beside, waiting)
    return figures


def _stage(server: Server, url: str) -> Stage:
    changer = Client(server.tcp)
    token = changer.set_up()
    changer.call("Users.CreateUser", username=NAME, password=PASSWORD, scopes=[])
    return Stage(server.program, url, changer, _subscriber(url, token), token)


def _subscriber(url: str, token: str, receive_buffer: int | None = None) -> Client:
    client = Client(url, receive_buffer=receive_buffer)
    client.sign_in(token)
    client.call("JSONRPC.SetNotificationStatus", namespaces=["Users"])
    return client


def _flood(stage: Stage) -> tuple[list[float], int]:
    """Change until the laggard is cut off.

    Returns:
        How long the listener waited for each change, and the bytes that last waited in the
        server for the laggard, or 0 when it was never cut off.
    """
    delays = []
    sent = held = waiting = 0
    client = _subscriber(stage.url, stage.token, RECEIVE_BUFFER)
    port = client.wire.sock.getsockname()[1]
    before = stage.program.open_files()
    for number in range(CHANGES):
        delay, size = stage.deliver()
        # The client itself cannot tell: the end lies behind all that it has not read.
        if stage.program.open_files() < before:
            break
        delays.append(delay)
        sent += size
        if number % LOOK_EVERY == 0:
            held = _held_by_kernel(port)
        waiting = sent - held
    else:
        waiting = 0
    client.wire.close()
    return delays, waiting


def _held_by_kernel(port: int) -> int:
    """Add up what the kernel holds between the server and the client's *port*."""
    held = 0
    end = f":{port:04X}"
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = row.split()
        to_send, to_read = (int(queue, 16) for queue in queues.split(":"))
        if remote.endswith(end):
            held += to_send
        elif local.endswith(end):
            held += to_read
    return held


def _figures(
    transport: str, alone: list[list[float]], beside: list[list[float]], waiting: list[int]
) -> list[Figure]:
    name = f"subscriber that never reads, {transport}"
    is_cut = all(abs(LIMIT - size) <= 2 * MESSAGE_SIZE for size in waiting)
    value = f"{median(waiting) / LIMIT:.3f} MiB" if all(waiting) else "never"
    delays = [median(with_it) * 1e3 for with_it in beside]
    ratio, spread = ratio_and_spread(delays, [median(without) * 1e3 for without in alone])
    return [
        Figure(
            f"{name}: waiting just before it was cut off",
            value,
            "1 MiB",
            is_cut,
            f"give or take two messages of {MESSAGE_SIZE // KILOBYTE} KiB",
        ),
        at_most(
            f"{name}: delay of another, ratio to without it",
            ratio,
            MOST_DELAY,
            "x",
            f"{median(delays):.2f} ms; {spread}",
        ),
    ]
