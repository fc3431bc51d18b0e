"""Every command that README and the guides show can be given as it is shown."""

import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keystead.net.tls import fingerprint, server_context
from tests.command_line import PLAIN, CommandLine, serving
from tests.nymea_files import box

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/index.md",
    "docs/guide/operating.md",
    "docs/guide/clients.md",
    "docs/guide/integrators.md",
)
ELSEWHERE = {
    "make": "see what its targets do, below",
    "keystead serve": "see the servers, below",
    "kill": "see the tests of reloading",
    "openssl": "see the fingerprint, below",
    "KEYSTEAD_TOKEN=": "needs a server; the tests of the reference give it",
}


def lines(page):
    """List the lines of the shell that *page* shows, in order."""
    text = (ROOT / page).read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield from (line.removeprefix(".venv/bin/") for line in block.splitlines())


def commands(page, *beginnings):
    """List the commands of *page* that begin so, as the words a shell would make of them."""
    for line in lines(page):
        if line.startswith(beginnings):
            yield shlex.split(line, comments=True)


def moved(words, folder):
    """Give a command for folders below *folder*."""
    return [word.replace("/var/lib/", f"{folder}/") for word in words]


@pytest.fixture
def keystead(tmp_path, capfd, monkeypatch):
    """Give the command, where the files are that the guides speak of."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "keystead", "old", "new", "nymea"):
        (tmp_path / folder).mkdir()
    for folder in (tmp_path, tmp_path / "nymea"):
        box(folder / "user-db.sqlite", 2)
    shutil.copy(ROOT / "docs/reference/introspection.json", tmp_path)
    (tmp_path / "rules.csv").write_text("name,prefix,write\nObjects.Plant.Boiler,yes,no\n")
    return CommandLine(capfd, monkeypatch, tmp_path / "data")


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_guide_do_what_they_say(page, keystead, tmp_path):
    shown = [line for line in lines(page) if not line.startswith(tuple(ELSEWHERE))]

    assert list(lines(page))
    server_context(keystead.data / "certificates", NOW)  # as the first start does
    for program, *words in (shlex.split(line, comments=True) for line in shown):
        assert program == "keystead"
        here = moved(words, tmp_path)
        given = keystead.plain if "--data" in here else keystead
        outcome = given(*here, password="Rather-Long-4")
        is_denied = here[0] == "rights" and outcome.out.startswith("denied")
        assert outcome.code == int(is_denied), (words, outcome)


def test_the_servers_that_are_shown_listen(tmp_path):
    shown = [words for page in PAGES for words in commands(page, "keystead serve")]

    assert len(shown) == 3
    for number, words in enumerate(shown):
        data, *rest = moved(words, tmp_path / str(number))[3:]
        at_any_port = [word.replace(":2222", ":0") for word in rest]
        listen = () if "--listen" in rest else PLAIN
        with serving(data, *listen, *at_any_port) as server:
            assert server.urls == [f"nymea://127.0.0.1:{server.port}"]
        assert Path(data, "keystead.sqlite").exists()


def test_openssl_shows_the_fingerprint_as_the_guide_says(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    ((program, *words),) = commands("docs/guide/integrators.md", "openssl")
    with serving(tmp_path / "data", "--listen", "nymeas://127.0.0.1:0"):
        certificate = (tmp_path / "data/certificates/server.crt").read_bytes()
    shown = subprocess.check_output([program, *words], cwd=tmp_path, text=True)

    assert shown.strip().partition("=")[2] == fingerprint(certificate)


@pytest.mark.parametrize(
    ("target", "steps"),
    [
        ("serve", (".venv/bin/keystead serve --data data",)),
        (
            "test",
            (
                "sh tools/test-needs.sh",
                "rm -f .coverage .coverage.*",
                ".venv/bin/coverage run -m pytest",
                ".venv/bin/coverage combine -q",
            ),
        ),
    ],
)
def test_make_does_what_the_readme_says(target, steps):
    planned = subprocess.check_output(
        ["make", "--no-print-directory", "--dry-run", "--always-make", target],
        cwd=ROOT,
        text=True,
    )

    assert planned.splitlines() == ["sh tools/setup.sh", *steps]


def test_whatever_is_to_be_made_is_a_target():
    named = {
        target
        for page in PAGES
        for target in re.findall(
            r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE
        )
    }
    makefile = (ROOT / "Makefile").read_text()

    assert named >= {"serve", "test", "check", "fix", "bench", "setup"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
