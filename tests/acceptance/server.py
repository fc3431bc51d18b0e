"""The real program as a process: started, asked over its command line, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

KEYSTEAD = Path(sys.executable).with_name("keystead")
START_TIMEOUT = 20.0  # seconds, on a loaded machine
STOP_TIMEOUT = 5.0  # seconds, promised
PLAIN = ("nymea", "http")
ALL = ("nymea", "http", "nymeas", "https")


def run(
    *arguments: str | Path, password: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `keystead` to its end, with *password* on its standard input."""
    return subprocess.run(
        [KEYSTEAD, *arguments],
        input="" if password is None else f"{password}\n",
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


class Server:
    """One `keystead serve` on a data folder; its output goes to files beside the folder.

    Args:
        data: the data folder; it need not exist.
        schemes: what to listen on, each with a free port of 127.0.0.1; a `?query` is kept.
        flags: further arguments of `keystead serve`.
        program: what is run.
    """

    def __init__(
        self,
        data: Path,
        schemes: tuple[str, ...] = PLAIN,
        flags: tuple[str, ...] = (),
        program: Path = KEYSTEAD,
    ) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.stderr")
        self.printed = data.with_name(f"{data.name}.stdout")
        self._listen = [_listener(scheme) for scheme in schemes]
        self._flags = flags
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.urls: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def addresses(self) -> Path:
        """The file that names the ports while the server listens."""
        return self.data / "addresses.json"

    def start(self) -> "Server":
        """Start and wait until it listens."""
        self.launch()
        deadline = time.monotonic() + START_TIMEOUT
        while not self.addresses.exists():
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.01)
        urls = json.loads(self.addresses.read_text())
        assert len(urls) == len(self._listen)
        self.urls = {urlsplit(url).scheme: url for url in urls}
        return self

    def launch(self) -> None:
        """Start and do not wait."""
        self.addresses.unlink(missing_ok=True)  # a killed server leaves its own behind
        arguments = [part for url in self._listen for part in ("--listen", url)]
        with self.log.open("ab") as log, self.printed.open("ab") as printed:
            self._process = subprocess.Popen(
                [self._program, "serve", "--data", self.data, *self._flags, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=log,
            )

    def ended(self, seconds: float = START_TIMEOUT) -> int:
        """Wait for the end of the process and give its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def terminate(self) -> None:
        """Ask it to stop and do not wait."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to stop, wait as long as promised, and give the exit code."""
        self.terminate()
        return self.ended(STOP_TIMEOUT)

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self.ended()

    def discard(self) -> None:
        """End it in whatever state it is."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def run(
        self, *arguments: str, password: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run another command of the program on the same data folder."""
        return run(*arguments, "--data", self.data, password=password)


def _listener(scheme: str) -> str:
    name, mark, query = scheme.partition("?")
    return f"{name}://127.0.0.1:0{mark}{query}"
