"""A program under measurement: how it is started and stopped, its CPU time, its memory."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

STOP_TIMEOUT = 10.0  # seconds; a server has 5 to finish its replies
KILOBYTE = 1024


class Program:
    """One running child process."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.popen = popen
        # Linux's own encoding of another process's CPU clock (clock_getcpuclockid):
        # user and system time of all its threads, in nanoseconds instead of ticks.
        self._clock = (~popen.pid << 3) | 2

    def cpu(self) -> float:
        """Tell the seconds of CPU, user and system, used so far."""
        return time.clock_gettime(self._clock)

    def resident(self) -> int:
        """Tell the bytes resident in memory, shared pages included."""
        return self._memory("Rss")

    def proportional(self) -> int:
        """Tell the bytes resident in memory, shared pages divided by their users."""
        return self._memory("Pss")

    def open_files(self) -> int:
        """Count its open files, sockets included."""
        return len(os.listdir(f"/proc/{self.popen.pid}/fd"))  # noqa: PTH208 - only the number

    def settled_cpu(self) -> float:
        """Wait until the program has nothing left to do, then tell its CPU time."""
        last = self.cpu()
        while True:
            time.sleep(0.02)
            now = self.cpu()
            if now - last < 0.0005:
                return now
            last = now

    def _memory(self, key: str) -> int:
        rollup = Path(f"/proc/{self.popen.pid}/smaps_rollup").read_text()
        for line in rollup.splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * KILOBYTE
        raise LookupError(key)


@contextmanager
def running(
    command: list[str],
    *,
    cores: set[int] | None = None,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = None,
) -> Iterator[Program]:
    """Run *command* until the block ends, on *cores* only if they are given."""
    mine = os.sched_getaffinity(0)
    if cores:  # inherited by the child and every thread it will start
        os.sched_setaffinity(0, cores)
    try:
        popen = subprocess.Popen(command, stdout=stdout, stderr=stderr)
    finally:
        os.sched_setaffinity(0, mine)
    with popen:
        try:
            yield Program(popen)
        finally:
            popen.send_signal(signal.SIGTERM)
            try:
                popen.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                popen.kill()
