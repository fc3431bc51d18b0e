"""The machine that the figures belong to: what it is, and how it is shared out."""

import os
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

FSYNC_BLOCK = b"\0" * 4096  # bytes; about what one small commit writes


def description() -> list[str]:
    """Name what a reader must know to compare these figures with others."""
    return [
        f"CPU: {_cpu_model()}, {os.cpu_count()} cores",
        f"Python: {platform.python_implementation()} {platform.python_version()}",
        f"Kernel: {platform.system()} {platform.release()}",
        f"Date: {datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC):%Y-%m-%d}",
    ]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, text = line.partition(":")
        if key.strip() == "model name":
            return text.strip()
    return platform.machine()


class Neighbours:
    """What other programs do meanwhile: more than a few percent, and the figures mean little."""

    def __init__(self) -> None:
        self._before = _cpu_seconds()

    def description(self) -> str:
        """Tell how much of the machine others have used since the beginning."""
        passed, busy, ours = (
            now - before for now, before in zip(_cpu_seconds(), self._before, strict=True)
        )
        return f"Other programs meanwhile: {max(0.0, busy - ours) / passed:.0%} of the CPU"


def _cpu_seconds() -> tuple[float, float, float]:
    """Give the CPU time of all cores that has passed, that was used, and that we used."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ticks = [int(count) / os.sysconf("SC_CLK_TCK") for count in first]
    _user, _nice, _system, idle, waiting, *_ = ticks
    ours = time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        sum(ticks),
        sum(ticks) - idle - waiting,
        ours + children.ru_utime + children.ru_stime,
    )


@contextmanager
def cores_apart() -> Iterator[set[int]]:
    """Move this process to one core and give back the others, for the server.

    With a single core both share it.
    """
    before = os.sched_getaffinity(0)
    mine = {min(before)}
    os.sched_setaffinity(0, mine)
    try:
        yield before - mine or mine
    finally:
        os.sched_setaffinity(0, before)


def raise_open_files() -> int:
    """Allow this process as many open files as it may have, and tell how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def durable_appends_per_second(folder: Path, seconds: float) -> float:
    """Measure how often the disk under *folder* can make a small append durable."""
    path = folder / "fdatasync"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        count = 0
        start = time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            os.write(fd, FSYNC_BLOCK)
            os.fdatasync(fd)
            count += 1
        return count / elapsed
    finally:
        os.close(fd)
        path.unlink()
