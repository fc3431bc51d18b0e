"""Every request that the guides and references show is sent to a server, and answered so.

In a reply "..." stands for any value, as a key for any further ones; "$NAME" is what came first.
"""

import json
import re
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from keystead.nymea.methods import catalogue
from tests.acceptance.client import Client
from tests.acceptance.tani_client import Tani
from tools import nymea_examples, tani_reference
from tools.exchanges import Exchanges

REFERENCE = Path(__file__).parents[2] / "docs/reference"
# What is another on each server: secrets, ids, times, places, and how the server introduces itself.
OWN = {"token", "tokenId", "AuthKey", "id", "authorId", "object", "objectId", "creationTime"}
OWN |= {"created", "time", "sequence", "next", "source", "uuid", "name", "version"}
OWN |= {"serverName", "until", "lastUsed", "lastSource", "line"}
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
    known: dict[str, str] = {}
    with ExitStack() as stack:
        connection = stack.enter_context(closing(protocol(server)))
        for title, text in blocks:
            if title == "request, new connection":
                connection = stack.enter_context(closing(protocol(server)))
            for line in text.splitlines():
                if title == "reply":
                    came = connection.receive()
                    assert fits(json.loads(line), came, known), (line, came)
                else:
                    for name, value in known.items():
                        line = line.replace(name, value)  # noqa: PLW2901 - names filled in
                    connection.send(json.loads(line))


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


def masked(value):
    """Leave of what is another on each server only of what kind it is."""
    if isinstance(value, dict):
        return {
            key: type(inner).__name__ if key in OWN else masked(inner)
            for key, inner in value.items()
        }
    return list(map(masked, value)) if isinstance(value, list) else value


def masked_all(exchanges):
    """Give all that is shown, masked."""
    asked = {name: list(map(masked, both)) for name, both in exchanges.asked.items()}
    return asked, {name: masked(told) for name, told in exchanges.told.items()}


def shown(page):
    """Give the exchanges and what was told that a page of the reference shows."""
    text = (REFERENCE / page).read_text("utf-8")
    found = Exchanges()
    for entry in re.split("^### ", text, flags=re.MULTILINE)[1:]:
        name = entry.partition("\n")[0]
        match [json.loads(message) for _, message in BLOCK.findall(entry)]:
            case [request, reply]:
                found.asked[name] = request, reply
            case [told]:
                found.told[name] = told
            case _:
                assert "```" not in entry
    return found


def sending(connection, mark):
    """Send requests on a connection, and give what comes up to the message with *mark*."""

    def send(request):
        connection.send(request)
        came = [connection.receive()]
        while mark not in came[-1]:
            came.append(connection.receive())
        return came

    return send


def test_every_method_and_notification_has_its_example():
    examples = shown("json-rpc-examples.md")

    assert examples.asked.keys() == {method.name for method in catalogue}
    assert examples.told.keys() == catalogue.notifications.keys()


def test_the_examples_of_json_rpc_are_what_happens(start):
    server = start()
    with closing(nymea(server)) as connection:

        def push():
            assert server.run("pairing", "press").returncode == 0
            told = [connection.receive()]
            while told[-1]["notification"] != "Access.PairingFinished":
                told.append(connection.receive())
            return told

        happened = nymea_examples.exchanges(sending(connection, "status"), push)

    assert masked_all(happened) == masked_all(shown("json-rpc-examples.md"))


def test_the_examples_of_tani_are_what_happens(start):
    with closing(tani(start())) as connection:
        happened = tani_reference.exchanges(sending(connection, "function"))

    assert masked_all(happened) == masked_all(shown("tani.md"))
