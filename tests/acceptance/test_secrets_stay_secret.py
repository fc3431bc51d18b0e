"""Secrets that were made up for this, used wherever one can be, and then looked for everywhere."""

import base64
import json
import os
import re
import resource
import secrets
import signal
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.client import PATIENCE, Client, ClosedError, dial
from tests.acceptance.server import ALL

SETTINGS = 'log_level = "debug"\nself_service = true\n'
PUBLIC = {"identity", "addresses.json", "ca.crt", "server.crt", "audit.pub"}


class Secrets:
    """Makes secrets up, and finds them again however they are written.

    Attributes:
        made: every one, with what it was used for.
    """

    def __init__(self):
        self.made = {}

    def password(self, use):
        """Make up a password that any rule accepts."""
        return self.keep(use, f"Canary7{secrets.token_hex(12)}")

    def token(self, use):
        """Make up what looks like a token."""
        return self.keep(use, "kst_" + secrets.token_urlsafe(37))

    def keep(self, use, secret):
        self.made[secret] = use
        return secret

    def of(self, use):
        return next(secret for secret, its_use in self.made.items() if its_use == use)

    def found_in(self, content):
        """Name the uses of the secrets that occur in *content*, as they are or in disguise."""
        return {
            use
            for secret, use in self.made.items()
            if any(form in content for form in disguises(secret.encode()))
        }


def disguises(secret):
    yield secret
    yield secret.hex().encode()
    yield secret.decode().encode("utf-16-le")
    yield base64.b64encode(secret)[:-4]  # whatever follows it


@pytest.fixture
def hidden():
    return Secrets()


@pytest.fixture
def server(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a core file would be
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    (tmp_path / "keystead.toml").write_text(SETTINGS)
    yield start(schemes=ALL, flags=("--config", str(tmp_path / "keystead.toml")))
    resource.setrlimit(resource.RLIMIT_CORE, before)


def asked(client, method, **params):
    """Ask, whatever comes of it."""
    with suppress(ClosedError):
        client.ask(method, **params)


def use_them_over_nymea(server, hidden, connect):
    first = hidden.password("the first password")
    admin = connect(server)
    admin.hello()
    admin.get("JSONRPC.CreateUser", username="olga", password=first)
    hidden.keep("a token", admin.sign_in("olga", first))
    for use, name in (("of a taken name", "olga"), ("of a bad name", "x"), ("of no name", 7)):
        asked(admin, "Users.CreateUser", username=name, password=hidden.password(use))
    asked(admin, "Users.CreateUser", username=hidden.password("no name") + "\n", password="x")
    known = hidden.password("of anna")
    admin.get("Users.CreateUser", username="anna", password=known, scopes=[])
    anna = connect(server, "nymeas")
    anna.hello()
    hidden.keep("a token of anna", anna.sign_in("anna", known))
    asked(anna, "Users.ChangePassword", newPassword=hidden.password("set by anna"))
    reset = {"username": "anna", "newPassword": hidden.password("reset")}
    asked(admin, "Users.ChangeUserPassword", **reset)
    for use in ("typed wrong", "typed wrong again"):
        line = connect(server)
        line.hello()
        typed = {"password": hidden.password(use), "deviceName": "a phone"}
        asked(line, "JSONRPC.Authenticate", username="olga", **typed)
        typed["password"] = hidden.password(f"{use}, of nobody")
        asked(line, "JSONRPC.Authenticate", username=hidden.password("as a name"), **typed)
    line = connect(server, "https")
    asked(line, "JSONRPC.Hello", token=hidden.token("a parameter"))
    line.token = hidden.token("of Hello")
    asked(line, "JSONRPC.Hello")
    line = connect(server)
    line.hello()
    line.token = hidden.token("of a call")
    asked(line, "Users.GetUsers")
    made = admin.get("Access.CreateToken", deviceName="meter")
    hidden.keep("a token that is rotated", made["token"])
    rotated = admin.get("Access.RotateToken", tokenId=made["tokenId"])
    hidden.keep("a rotated token", rotated["token"])
    asked(admin, "Access.RotateToken", tokenId=hidden.token("for the id of one"))
    return admin


def use_them_over_tani(server, hidden, open_tani):
    page = open_tani(server, "https")
    page.ask("Users/Login", Username="olga", Password=hidden.password("wrong on a page"))
    page.ask("Users/Login", Username=hidden.password("as a name on a page"), Password="x")
    page.ask("Users/ActivateSession", AuthKey=hidden.token("a wrong key"))
    page.ask("Users/Logout", AuthKey=hidden.token("a wrong key to sign out with"))
    hidden.keep("a key of a session", page.sign_in("olga", hidden.of("the first password")))
    word = hidden.password("of bert")
    page.ask("Users/Write", Username="bert", Password=[hidden.password("in a list")])
    page.ask("Users/Write", Username="bert", Password=word, Groups=["no such group"])
    page.do("Users/Write", Username="bert", Password=word)
    page.ask("Users/Write", Username="bert", **{hidden.password("as a member"): 1})
    page.ask(hidden.password("as a function"))


def use_them_in_wrong_places(server, hidden):
    """Say what no protocol understands, with a secret in it."""
    for scheme, url in server.urls.items():
        token, word = hidden.token(f"in a URL of {scheme}"), hidden.password(f"raw on {scheme}")
        for said in (
            f"GET /?token={token} HTTP/1.1\r\nHost: box\r\n\r\n",
            f"GET /tani?AuthKey={token} HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            f"GET / HTTP/1.1\r\nAuthorization: Bearer {token}\r\nCookie: key={token}\r\n\r\n",
            f"GET /{token} HTTP/1.1\r\nSec-WebSocket-Protocol: {token}\r\n{token}\r\n\r\n",
            f"{word}\r\n\r\n",
            f'{{"id":1,"method":"JSONRPC.Hello","token":"{token}"',
            f'{{"id":1,"method":"{word}.{word}","params":{{"{word}":"{word}"}}}}\n',
            f'{{"id":"{word}","method":["{word}"]}}\n\n}}\n{{',
        ):
            with dial(url) as line, suppress(OSError):
                line.settimeout(PATIENCE)
                line.sendall(said.encode())
                line.shutdown(socket.SHUT_WR)
                while line.recv(1 << 16):
                    pass


def everything_told(server, admin, page):
    """Give all that the server tells: to its owner, to administrators, to its log."""
    told = {"the log": server.log.read_bytes(), "its output": server.printed.read_bytes()}
    for method in (
        "Users.GetUsers",
        "Access.GetAccounts",
        "Access.GetLocks",
        "Users.GetTokens",
    ):
        told[method] = json.dumps(admin.get(method)).encode()
    events = admin.get("Access.GetAuditEvents", limit=500)
    told["events"] = json.dumps(events).encode()
    told["Users/List"] = json.dumps(page.get("Users/List")).encode()
    for form in ("jsonl", "csv", "syslog"):
        told[form] = server.run("audit", "export", "-", "--format", form).stdout.encode()
    for command in (("list",), ("show", "olga")):
        told[command[0]] = server.run("user", *command, "--json").stdout.encode()
    export = server.data.with_name("export.json")
    assert server.run("export", str(export)).returncode == 0
    return told | {"the export": export.read_bytes()}


def kept(server, when):
    """Give the content of every file in the data folder."""
    return {
        f"{path.relative_to(server.data)} {when}": path.read_bytes()
        for path in server.data.rglob("*")
        if path.is_file()
    }


def failures(admin):
    return [
        event
        for event in admin.get("Access.GetAuditEvents", limit=500)["events"]
        if (event["action"], event["outcome"]) == ("sign-in", "failure")
    ]


@pytest.mark.clause(
    "EN 18031-1 SSM-3",
    "OWASP ASVS 5.0 16.2.5",
    "OWASP ASVS 5.0 8.2.3",
)
def test_no_secret_is_found_where_others_could_read_it(server, hidden, connect, open_tani):
    admin = use_them_over_nymea(server, hidden, connect)
    use_them_over_tani(server, hidden, open_tani)
    use_them_in_wrong_places(server, hidden)
    for path in (server.data / "certificates").glob("*.key"):
        body = "".join(path.read_text().splitlines()[1:-1])
        hidden.keep(f"the private key {path.name}", body[:60])
    page = open_tani(server)
    page.activate(hidden.of("a key of a session"))
    deadline = time.monotonic() + PATIENCE
    while not failures(admin):  # they are written before long
        assert time.monotonic() < deadline

    told = everything_told(server, admin, page) | kept(server, "while it runs")
    assert server.stop() == 0
    told |= kept(server, "after the end")

    assert all(told[name] for name in ("the log", "jsonl", "csv", "syslog", "list", "show"))
    its_own = [name for name in told if re.match(r"certificates/\w+\.key ", name)]
    assert all(hidden.found_in(told.pop(name)) for name in its_own)
    found = {name: uses for name, what in told.items() if (uses := hidden.found_in(what))}
    assert found == {}


@pytest.mark.clause("EN 18031-1 SSM-3", "EN 18031-1 CCK-1")
def test_a_server_that_crashes_leaves_no_memory_behind(server, hidden, connect, tmp_path):
    limits = Path(f"/proc/{server.pid}/limits").read_text()
    assert re.search(r"Max core file size +1 +1 ", limits)

    use_them_over_nymea(server, hidden, connect)
    os.kill(server.pid, signal.SIGSEGV)
    assert server.ended() == -signal.SIGSEGV

    names = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in names if name.startswith("core")]
    assert hidden.found_in(server.log.read_bytes()) == set()


@pytest.mark.clause("EN 18031-1 SSM-1")
def test_whatever_holds_a_secret_is_for_its_owner_alone_even_in_a_folder_that_is_not(
    start, tmp_path
):
    (tmp_path / "data").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        server = start(schemes=ALL)
    finally:
        os.umask(before)
    client = Client(server.urls["nymea"])
    client.hello()
    client.get("JSONRPC.CreateUser", username="olga", password="Plain7Sailing")
    client.close()
    assert server.run("audit", "checkpoint").returncode == 0

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.data.rglob("*")}
    assert {"keystead.sqlite", "server.key", "audit.key", "control.sock"} <= modes.keys()
    assert {name for name, mode in modes.items() if mode & 0o077} <= PUBLIC | {"certificates"}
    assert {name: mode for name, mode in modes.items() if mode & 0o022} == {}
