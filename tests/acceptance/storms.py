"""Storms of wrong passwords on a real server, and the owner who signs in meanwhile."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.box import PASSWORD
from tests.acceptance.client import Client
from tests.acceptance.server import Server
from tests.acceptance.tani_client import DONE, Tani

ROOT = Path(__file__).parents[2]

IN_TIME = 2.0  # seconds that the owner may need at most to sign in
RETRY = 0.5  # seconds after which somebody who was told to come again does

_STORM_ENDS = 120.0  # seconds


@dataclass
class Storm:
    """A storm under way.

    Attributes:
        outcomes: how often what came of a guess; empty until it has ended.
    """

    program: subprocess.Popen[str]
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def rages(self) -> bool:
        """Tell whether there are guesses to come."""
        return self.program.poll() is None


@contextmanager
def storm(url: str, name: str, *, guesses: int, sources: int, at_once: int) -> Iterator[Storm]:
    """Guess passwords of an account from many addresses, in a process beside this one."""
    numbers = {"guesses": guesses, "sources": sources, "at-once": at_once}
    flags = [part for key, number in numbers.items() for part in (f"--{key}", str(number))]
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.attack.storm", url, name, *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        under_way = Storm(program)
        try:
            yield under_way
            said, _ = program.communicate(timeout=_STORM_ENDS)
            under_way.outcomes = json.loads(said)
        finally:
            program.kill()


def time_to_sign_in(server: Server, scheme: str, *, source: str | None = None) -> float:
    """Sign in as the owner, olga, coming again when told so; give the seconds it takes."""
    begun = time.monotonic()
    while not _signs_in(server.urls[scheme], source):
        assert time.monotonic() - begun < _STORM_ENDS, "the owner is locked out"
        time.sleep(RETRY)  # as somebody does who reads "try again"
    return time.monotonic() - begun


def _signs_in(url: str, source: str | None) -> bool:
    if url.startswith("http"):
        page = Tani(url, source=source)
        try:
            return page.status("Users/Login", Username="olga", Password=PASSWORD) == DONE
        finally:
            page.close()
    client = Client(url, source=source)
    try:
        client.hello()
        signing_in = {"username": "olga", "password": PASSWORD, "deviceName": "a phone"}
        reply = client.ask("JSONRPC.Authenticate", **signing_in)
        return reply["status"] == "success" and bool(reply["params"]["success"])
    finally:
        client.close()


def newest_event(admin: Client) -> int:
    """Give the sequence of the newest event of the audit trail."""
    sequence: int = admin.get("Access.GetAuditEvents", limit=1)["events"][0]["sequence"]
    return sequence
