"""Every command that the guides show can be given as it is shown."""

import re
import shlex
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.nymea_files import box

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("index.md", "guide/operating.md", "guide/clients.md")
ELSEWHERE = {
    "make serve": "a program of the system, which README's readers and the gate run",
    "keystead serve": "every acceptance test starts a server",
    "sqlite3": "a program that not every machine has",
    "KEYSTEAD_TOKEN=": "needs a server; the tests of the reference ask one",
    "keystead reference build --out docs/api --introspect": "needs a file of somebody else's",
}


def commands(page):
    """List the commands of *page* in order, as the words a shell would make of them."""
    text = (DOCS / page).read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            command = line.removeprefix(".venv/bin/")
            if not command.startswith(tuple(ELSEWHERE)):
                yield shlex.split(command, comments=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_guide_do_what_they_say(page, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keystead = CommandLine(capfd, monkeypatch, tmp_path / "data")
    for folder in ("data", "old", "new", "nymea"):
        (tmp_path / folder).mkdir()
    box(tmp_path / "nymea/user-db.sqlite", 2)
    shown = list(commands(page))

    assert shown
    for program, *words in shown:
        assert program == "keystead"
        here = [word.replace("/var/lib/", f"{tmp_path}/") for word in words]
        given = keystead.plain if "--data" in here else keystead
        outcome = given(*here, password="Rather-Long-4")
        is_denied = here[0] == "rights" and outcome.out.startswith("denied")
        assert outcome.code == int(is_denied), (words, outcome)
