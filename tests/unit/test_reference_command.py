"""``keystead reference build``, as it is typed."""

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keystead import __version__
from keystead.net.tls import fingerprint, server_context
from tests.command_line import PASSWORD, CommandLine, Nymea, program, serving
from tests.unit.introspections import LIGHTS, NYMEA, changed
from tests.unit.scripted_server import serving as scripted

ROOT = Path(__file__).parents[2]

NOBODY = "nymea://127.0.0.1:1"  # nothing listens there


@pytest.fixture
def build(capfd, monkeypatch, tmp_path):
    """Give the command, with the folder ``out``."""
    monkeypatch.chdir(tmp_path)
    command_line = CommandLine(capfd, monkeypatch, tmp_path)

    def run(*arguments, out="out"):
        return command_line.plain("reference", "build", "--out", out, *arguments)

    return run


@pytest.fixture
def lights(tmp_path):
    """Give a file with the description of a server."""
    (tmp_path / "lights.json").write_bytes(changed())
    return tmp_path / "lights.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run a server with an administrator and somebody who may nothing, plain and encrypted."""
    data = tmp_path_factory.mktemp("box")
    for name, scopes in (("root", "Admin"), ("ann", "None")):
        made = program(
            "user", "add", name, "--scopes", scopes, "--data", data, password=PASSWORD
        )
        assert made.returncode == 0
    schemes = ("nymea", "nymeas", "http", "https")
    listen = [f"{scheme}://127.0.0.1:0" for scheme in schemes]
    with serving(data, *(word for url in listen for word in ("--listen", url))) as running:
        running.data = data
        yield running


@pytest.fixture(scope="module")
def token(server):
    with Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")
        return client.ask(
            "JSONRPC.Authenticate", username="root", password=PASSWORD, deviceName="builder"
        )["token"]


@pytest.fixture
def token_in_the_environment(token, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_TOKEN", token)


def test_keystead_describes_itself_by_default(build, tmp_path):
    outcome = build()

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "3 namespaces, 46 methods, 10 notifications; files written: 8, removed: 0.\n"
    )
    index = (tmp_path / "out" / "index.md").read_text("utf-8")
    assert f"| Keystead | {__version__} | 9.0 |" in index
    assert "### Users.CreateUser" in (tmp_path / "out" / "systeme" / "Users.md").read_text()


def test_keystead_describes_what_its_settings_open(build, tmp_path, monkeypatch):
    monkeypatch.setenv("KEYSTEAD_SELF_SERVICE", "true")
    build()
    users = (tmp_path / "out" / "systeme" / "Users.md").read_text("utf-8")

    assert "PUBLIC</span>" in users.partition("### Users.ChangePassword")[2][:100]


def test_a_file_is_read_and_an_unknown_namespace_is_named(build, lights, tmp_path):
    outcome = build("--introspect", lights, "--lang", "en")

    assert outcome.code == 0
    assert outcome.err == (
        "keystead: warning: the namespace Lights has no section; it goes to system\n"
    )
    assert "## Methods" in (tmp_path / "out" / "systeme" / "Lights.md").read_text()
    assert (
        "| lights.json | not stated | not stated |"
        in (tmp_path / "out" / "index.md").read_text()
    )


def test_a_table_gives_a_namespace_its_section(build, lights, tmp_path):
    (tmp_path / "table.toml").write_text('business = ["Lights"]')
    outcome = build("--introspect", lights, "--sections", "table.toml")

    assert outcome.err == ""
    assert (tmp_path / "out" / "metier" / "Lights.md").exists()


def test_the_version_is_what_the_file_says_or_the_command(build, lights, tmp_path):
    lights.write_bytes(b"9.0\n" + changed())
    build("--introspect", lights, "--source-version", "1.15.2")

    assert "| lights.json | 1.15.2 | 9.0 |" in (tmp_path / "out" / "index.md").read_text()


def test_checking_lists_what_differs_and_writes_nothing(build, lights, tmp_path):
    outcome = build("--introspect", lights, "--check")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "out/SUMMARY.md",
        "out/extra.css",
        "out/index.md",
        "out/notifications.md",
        "out/systeme/Lights.md",
        "out/types.md",
    ]
    assert not (tmp_path / "out").exists()

    build("--introspect", lights)
    outcome = build("--introspect", lights, "--check")
    assert (outcome.code, outcome.out) == (0, "")

    (tmp_path / "out" / "types.md").unlink()
    lights.write_bytes(changed(notifications={}, methods={}))
    outcome = build("--introspect", lights, "--check")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "out/SUMMARY.md",
        "out/index.md",
        "out/notifications.md",
        "out/systeme/Lights.md",
        "out/types.md",
    ]
    assert not (tmp_path / "out" / "types.md").exists()


def test_what_stays_of_a_namespace_that_is_gone_is_told(build, lights, tmp_path):
    build("--introspect", lights)
    page = tmp_path / "out" / "systeme" / "Lights.md"
    page.write_text("My notes.\n" + page.read_text("utf-8"), "utf-8")
    lights.write_bytes(changed(notifications={}, methods={}))
    outcome = build("--introspect", lights)

    assert outcome.code == 0
    assert "warning: systeme/Lights.md is of a namespace that is gone" in outcome.err
    assert page.read_text("utf-8").startswith("My notes.\n")


@pytest.fixture
def certificates(server):
    return server.data / "certificates"


@pytest.fixture
def pin(certificates):
    return fingerprint((certificates / "server.crt").read_bytes())


def builds(build, url, *trust):
    """Build the reference of a server and tell whether it is that of Keystead, and stays so."""
    outcome = build("--from", url, *trust)
    assert (outcome.code, outcome.err) == (0, "")
    index = Path("out/index.md").read_text("utf-8")
    checked = build("--from", url, *trust, "--check")
    return f"| Keystead | {__version__} | 9.0 |" in index and checked.code == 0


@pytest.mark.parametrize("number", [0, 2], ids=["nymea", "ws"])
@pytest.mark.usefixtures("token_in_the_environment")
def test_a_running_server_is_asked(build, server, number):
    url = server.urls[number].replace("http", "ws")

    assert builds(build, url)


@pytest.mark.parametrize("number", [1, 3], ids=["nymeas", "wss"])
@pytest.mark.usefixtures("token_in_the_environment")
def test_a_server_is_known_by_its_authority_or_by_its_certificate(
    build, server, number, certificates, pin
):
    url = server.urls[number].replace("https", "wss")

    assert builds(build, url, "--ca-file", certificates / "ca.crt")
    for written in (pin, f"sha256:{pin.replace(':', '').lower()}"):
        assert builds(build, url, "--fingerprint", written)


@pytest.mark.usefixtures("token_in_the_environment")
def test_a_server_is_asked_as_the_guide_shows(build, server, pin):
    guide = (ROOT / "docs/guide/clients.md").read_text("utf-8")
    (shown,) = re.findall("^KEYSTEAD_TOKEN=[.]{3} keystead (.*)$", guide, re.MULTILINE)
    here = {"nymeas://box:2222": server.urls[1], "sha256:...": f"sha256:{pin}"}
    reference, build_, out, folder, *rest = shown.split()
    outcome = build(*(here.get(word, word) for word in rest), out=folder)

    assert (reference, build_, out) == ("reference", "build", "--out")
    assert here.keys() <= set(rest)
    assert (outcome.code, outcome.err) == (0, "")
    assert Path(folder, "index.md").exists()


def test_a_token_may_be_named_in_the_command(build, server, token):
    assert build("--from", server.urls[0], "--token", token).code == 0


@pytest.fixture
def other(tmp_path_factory):
    """Give the authority of another box."""
    folder = tmp_path_factory.mktemp("other")
    server_context(folder, datetime(2026, 6, 1, tzinfo=UTC))
    return folder / "ca.crt"


def test_a_server_that_refuses_to_describe_itself_is_told_of(build, tmp_path):
    async def refuse(peer):
        await peer.greet(authenticated=True)
        request = await peer.request("JSONRPC.Introspect")
        peer.say({"id": request["id"], "status": "error", "error": "Permission denied."})
        await peer.end()

    async def asked():
        async with scripted(refuse) as url:
            return await asyncio.to_thread(build, "--from", url, "--token", "a token")

    complaint = refused(asyncio.run(asked()), tmp_path)
    assert complaint.endswith("itself: JSONRPC.Introspect: Permission denied.")


def refused(outcome, folder):
    """Give the one line that says why nothing was built."""
    assert outcome.code == 2
    assert not (folder / "out").exists()
    return outcome.complaint


def test_a_server_that_cannot_be_asked_is_told_of(build, server, other, tmp_path):
    wrong = "sha256:" + 64 * "0"
    wss = server.urls[3].replace("https", "wss")
    for arguments, reason in (
        ([NOBODY], "No connection to 127.0.0.1:1: Connection refused."),
        ([server.urls[0]], "Forbidden: Invalid token."),
        ([server.urls[0], "--token", "bad"], "The token is not valid."),
        ([server.urls[1]], "has a certificate that is not trusted"),
        ([server.urls[1], "--fingerprint", wrong], "has another certificate than the pinned"),
        ([server.urls[1], "--fingerprint", "x"], "A fingerprint is sha256: and 64"),
        ([server.urls[1], "--ca-file", "none.crt"], "No such file or directory"),
        ([wss], "has a certificate that is not trusted"),
        ([wss, "--fingerprint", wrong], "has another certificate than the pinned"),
        ([wss, "--ca-file", other], "has a certificate that is not trusted"),
        ([server.urls[1], "--ca-file", other], "has a certificate that is not trusted"),
        ([wss, "--fingerprint", wrong, "--ca-file", other], "name only one of both"),
        ([server.urls[0], "--fingerprint", wrong], "nymea:// has no certificate"),
        (["ftp://box"], "An address is nymea://host:port"),
        (["nymea://box:port"], "Port could not be cast"),
    ):
        complaint = refused(build("--from", *arguments), tmp_path)
        assert complaint.startswith(f"The server {arguments[0]} does not describe itself: ")
        assert reason in complaint


def test_what_cannot_be_built_ends_with_one_line(build, lights, tmp_path):
    (tmp_path / "broken.json").write_bytes(changed(types={}))
    (tmp_path / "table.toml").write_text("business = 1")
    good = ("--introspect", lights)
    for arguments, reason in (
        (["--introspect", "none.json"], "The file none.json cannot be read: No such file"),
        (["--introspect", "."], "The file . cannot be read: Is a directory."),
        (
            ["--introspect", "broken.json"],
            'methods["Lights.List"].returns.lamps: there is no type Lamps.',
        ),
        ([*good, "--sections", "none.toml"], "The file none.toml cannot be read: "),
        ([*good, "--sections", "table.toml"], "The table of sections is wrong: "),
        ([*good, "--lang", "de"], "There is no language de; choose fr or en."),
        ([*good, "--from", NOBODY], "argument --from: not allowed with argument --introspect"),
    ):
        assert reason in refused(build(*arguments), tmp_path)


def test_a_folder_with_something_else_is_left_alone(build, lights, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "thesis.txt").touch()
    outcome = build("--introspect", lights, out="docs")

    assert outcome.code == 2
    assert "thesis.txt" in outcome.complaint
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["thesis.txt"]


def test_the_whole_program_builds_all_of_nymea(tmp_path):
    (tmp_path / "nymea.json").write_bytes(NYMEA)
    arguments = ("--introspect", tmp_path / "nymea.json", "--out", tmp_path / "out")
    assert program("reference", "build", *arguments).returncode == 0
    shutil.copytree(tmp_path / "out", tmp_path / "first")
    assert program("reference", "build", *arguments).returncode == 0
    assert program("reference", "build", *arguments, "--check").returncode == 0

    files = [path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*.*")]
    assert len(files) == 21
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (
            tmp_path / "out" / file
        ).read_bytes()


def test_a_reply_that_was_kept_is_as_good_as_the_description(build, tmp_path):
    reply = {"id": 1, "params": LIGHTS, "status": "success"}
    (tmp_path / "reply.json").write_text(json.dumps(reply))

    assert build("--introspect", "reply.json").code == 0
