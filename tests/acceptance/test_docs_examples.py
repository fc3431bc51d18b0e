"""Every request that the guides show is sent to a server, and answered as they show.

In a reply "..." stands for any value, as a key for any further ones; "$NAME" is what came first.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.client import Client
from tests.acceptance.tani_client import Tani

GUIDES = Path(__file__).parents[2] / "docs/guide"
BLOCK = re.compile(r'^```json title="(.*?)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def nymea(server):
    """Speak JSON-RPC over TCP."""
    return Client(server.urls["nymea"])


def tani(server):
    """Speak Tani frames over WebSocket."""
    return Tani(server.urls["http"])


def fits(shown, came, known):
    """Tell whether *came* is what is *shown*; learn what the names in it stand for."""
    if shown == "...":
        return True
    if isinstance(shown, str) and shown.startswith("$"):
        return known.setdefault(shown, came) == came
    if isinstance(shown, dict) and isinstance(came, dict):
        named = shown.keys() - {"..."}
        return ("..." in shown or came.keys() == named) and all(
            key in came and fits(shown[key], came[key], known) for key in named
        )
    if isinstance(shown, list) and isinstance(came, list):
        return len(shown) == len(came) and all(map(fits, shown, came, [known] * len(came)))
    return shown == came


@pytest.mark.parametrize(("guide", "protocol"), [("integrators", nymea), ("tani", tani)])
def test_the_guide_shows_what_happens(start, guide, protocol):
    blocks = BLOCK.findall((GUIDES / f"{guide}.md").read_text("utf-8"))
    assert {title for title, _ in blocks} == {"request", "request, new connection", "reply"}
    server = start()
    connection = protocol(server)
    known: dict[str, str] = {}
    for title, text in blocks:
        if title == "request, new connection":
            connection.close()
            connection = protocol(server)
        for line in text.splitlines():
            if title == "reply":
                came = connection.receive()
                assert fits(json.loads(line), came, known), (line, came)
            else:
                for name, value in known.items():
                    line = line.replace(name, value)  # noqa: PLW2901 - names filled in
                connection.send(json.loads(line))
    connection.close()


def test_the_program_of_the_guide_to_clients_prints_what_it_shows(start):
    guide = (GUIDES / "clients.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)

    printed = subprocess.run(
        [sys.executable, "-c", program, start().urls["nymea"]],
        capture_output=True,
        text=True,
        check=True,
    )

    assert printed.stdout == shown
