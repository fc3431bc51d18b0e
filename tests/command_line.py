"""The program called in this process, with what it printed, and as a server beside it."""

import io
import json
import logging
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from keystead.cli import main
from keystead.logs import JsonLines

PASSWORD = "Plain7Sailing"
PATIENCE = 20  # seconds for a server to start or stop, on a loaded machine
PLAIN = ("--listen", "nymea://127.0.0.1:0")


@dataclass
class Outcome:
    """What came of a command: its exit code, what it printed, and what it complained of."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def complaint(self):
        """The one line that says what is wrong, without the program's name."""
        (line,) = self.err.splitlines()
        assert line.startswith("keystead: "), line
        assert self.out == ""
        return line.removeprefix("keystead: ")


class CommandLine:
    """Runs commands on one data folder.

    Args:
        capfd, monkeypatch: pytest's.
        data: the data folder; it need not exist.
    """

    def __init__(self, capfd, monkeypatch, data):
        self._capfd = capfd
        self._monkeypatch = monkeypatch
        self.data = data

    def __call__(self, *arguments, password=PASSWORD):
        """Run a command on the data folder, with *password* on standard input."""
        return self.plain(*arguments, "--data", str(self.data), password=password)

    def plain(self, *arguments, password=""):
        """Run a command line as it is."""
        given = password if isinstance(password, bytes) else f"{password}\n".encode()
        stdin = io.TextIOWrapper(io.BytesIO(given), "utf-8")
        self._monkeypatch.setattr("sys.stdin", stdin)
        self._capfd.readouterr()
        handlers, level = logging.root.handlers[:], logging.root.level
        try:
            code: Any = main(list(map(str, arguments)))
        except SystemExit as stop:  # how argparse ends
            code = stop.code
        finally:
            logging.root.handlers[:] = [
                one for one in handlers if not isinstance(one.formatter, JsonLines)
            ]
            logging.root.setLevel(level)
        return Outcome(code, *self._capfd.readouterr())

    def done(self, *arguments, password=PASSWORD):
        """Run a command that must succeed, and give what it printed."""
        outcome = self(*arguments, password=password)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        return outcome

    def names(self):
        return [user["name"] for user in self.done("user", "list", "--json").json]


def program(*arguments, password="", **how):
    """Run a command in a process of its own, as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "keystead", *map(str, arguments)],
        input=f"{password}\n".encode(),
        env=_environment(),
        timeout=PATIENCE,
        check=False,
        **how,
    )


def _environment():
    """Give the environment without what would set something or hide a buffer."""
    settings = {name for name in os.environ if name.startswith("KEYSTEAD_")}
    return {k: v for k, v in os.environ.items() if k not in settings | {"PYTHONUNBUFFERED"}}


class Server:
    """``keystead serve`` in a process of its own.

    Attributes:
        process: the process.
        events: what it has logged so far.
        urls: where it listens.
    """

    def __init__(self, process):
        self.process = process
        self.events = []
        self.urls = self.until("listening")["addresses"]

    def until(self, event):
        """Read the log up to an event, and give it."""
        for line in self.process.stderr:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == event:
                return self.events[-1]
        raise AssertionError(f"the server ended with {self.process.wait()}: {self.events}")

    @property
    def port(self):
        return int(self.urls[0].rpartition(":")[2])

    def stop(self):
        """Ask it to stop; give the exit code."""
        self.process.terminate()
        self.events += map(json.loads, self.process.stderr)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(data, *arguments):
    """Run a server on a data folder."""
    command = [sys.executable, "-m", "keystead", "serve", "--data", str(data)]
    process = subprocess.Popen(
        [*command, *(arguments or PLAIN)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        text=True,
    )
    with process:
        try:
            yield Server(process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Nymea:
    """A nymea client of a running server, as plain as can be."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._lines = self._socket.makefile("rb")
        self.notifications = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._socket.close()

    def ask(self, method, token=None, **params):
        """Send a request and give the parameters of its reply."""
        request = {"id": 1, "method": method, "params": params}
        request |= {"token": token} if token else {}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while "status" not in (message := json.loads(self._lines.readline())):
            self.notifications.append(message)
        assert message["status"] == "success", message
        return message["params"]

    def notification(self):
        """Give the next thing that is told unasked."""
        return (
            self.notifications.pop(0)
            if self.notifications
            else json.loads(self._lines.readline())
        )

    def is_closed(self):
        """Read to the end, which must come."""
        return self._lines.read() is not None
