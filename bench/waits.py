"""How long others wait while the server has something large to do."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median

from bench.client import Client

PROBE_PERIOD = 0.002  # seconds
TIMES = 8  # that the large thing is done in each round
PAUSE = 0.02  # seconds between two of them


@dataclass
class Waits:
    """Rounds of another connection's round trips, in seconds each."""

    quiet: list[list[float]] = field(default_factory=list)
    disturbed: list[list[float]] = field(default_factory=list)

    def measure(self, url: str, token: str, disturb: Callable[[], object]) -> None:
        """Add a round without and a round with *disturb*, which is called some times."""
        self.quiet.append(_collect(url, token, None))
        self.disturbed.append(_collect(url, token, disturb))

    def idle(self) -> float:
        """Give the milliseconds that a round trip takes when nothing else happens."""
        return median(wait for waits in self.quiet for wait in waits) * 1e3

    def worst_extra(self) -> float:
        """Give the milliseconds that the worst wait of a round lies above that."""
        return self._worst(self.disturbed) - self.idle()

    def remark(self, what: str) -> str:
        """Tell of the worst round, and of those without *what*."""
        worst = max(max(waits) for waits in self.disturbed) * 1e3 - self.idle()
        quiet = self._worst(self.quiet) - self.idle()
        return f"worst of all rounds {worst:.1f} ms, of rounds without {what} {quiet:.1f} ms"

    def _worst(self, rounds: list[list[float]]) -> float:
        return median(max(waits) for waits in rounds) * 1e3


def _collect(url: str, token: str, disturb: Callable[[], object] | None) -> list[float]:
    ours, theirs = multiprocessing.Pipe()
    prober = multiprocessing.get_context("spawn").Process(
        target=_probe, args=(theirs, url, token)
    )
    prober.start()
    theirs.close()  # so that a prober that fails is noticed
    ours.recv()  # it is connected
    for _ in range(TIMES):
        if disturb is not None:
            disturb()
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
    client.wire.close()
