"""A Keystead server of its own for one measurement, in a folder of its own."""

import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.process import Program, running

KEYSTEAD = str(Path(sys.executable).with_name("keystead"))
SCRATCH = Path(__file__).parent / "data"  # beside the code: a system's /tmp may not be a disk
START_TIMEOUT = 20.0  # seconds
POLL = 0.001  # seconds


@dataclass(frozen=True)
class Server:
    program: Program
    tcp: str
    websocket: str
    started_in: float  # seconds from the process's start to the first accepted connection


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a fresh folder on the disk this code lies on, removed afterwards."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


@contextmanager
def serving(folder: Path, *, cores: set[int] | None = None) -> Iterator[Server]:
    """Serve *folder* on free loopback ports until the block ends.

    Raises:
        RuntimeError: the server did not come up; the message carries its last log lines.
    """
    addresses = folder / "addresses.json"
    addresses.unlink(missing_ok=True)
    command = [KEYSTEAD, "serve", "--data", str(folder)]
    command += ["--listen", "nymea://127.0.0.1:0", "--listen", "http://127.0.0.1:0"]
    log = folder / "bench.log"
    with log.open("wb") as errors:
        start = time.perf_counter()
        with running(command, cores=cores, stdout=errors, stderr=errors) as program:
            tcp, websocket = _listening(program, addresses, log)
            started_in = time.perf_counter() - start
            try:
                yield Server(program, tcp, websocket, started_in)
            except Exception as error:
                error.add_note(f"The server's log ends with:\n{log.read_text()[-2000:]}")
                raise


def _listening(program: Program, addresses: Path, log: Path) -> tuple[str, str]:
    deadline = time.perf_counter() + START_TIMEOUT
    while time.perf_counter() < deadline and program.popen.poll() is None:
        try:
            tcp, websocket = json.loads(addresses.read_text())
        except (FileNotFoundError, json.JSONDecodeError):  # not yet, or half written
            time.sleep(POLL)
            continue
        url = urlsplit(tcp)
        socket.create_connection((url.hostname, url.port)).close()
        return tcp, websocket
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")
