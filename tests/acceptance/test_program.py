"""The program itself: starting, refusing to start, stopping, its commands and what it writes."""

import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONTROL,
    PASSWORD,
    Box,
    Connect,
    info_of,
    set_up,
)
from tests.acceptance.client import Client, ClosedError, Message
from tests.acceptance.conftest import Start
from tests.acceptance.server import ALL, PLAIN, Server, run

NO_ERROR = {"error": "UserErrorNoError"}
OTHER_PASSWORD = "Other7Sailing"
DONE, REFUSED, CANNOT = 0, 1, 2
THING = "0a1b2c3d-0000-4000-8000-00000000000a"
FREE_PORT = "nymea://127.0.0.1:0"


def complaint(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """Give the one line that says why a command ended with *code*."""
    assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return lines[0]


def serve(data: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a server that should not start."""
    return run("serve", "--data", data, *flags)


# Listening


def get(url: str, path: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=5, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_addresses_are_written_in_the_order_of_the_flags(start):
    server = start("data", ALL)
    urls = json.loads(server.addresses.read_text())
    assert [urlsplit(url).scheme for url in urls] == list(ALL)
    assert {urlsplit(url).hostname for url in urls} == {"127.0.0.1"}
    ports = [urlsplit(url).port for url in urls]
    assert 0 not in ports
    assert len(set(ports)) == len(ALL)


def test_addresses_are_gone_after_a_clean_stop(start):
    server = start()
    assert server.stop() == DONE
    assert not server.addresses.exists()


def test_healthz_answers_on_http_and_https(start):
    server = start("data", ("http", "https"))
    assert get(server.urls["http"], "/healthz")[0] == 200
    assert get(server.urls["https"], "/healthz")[0] == 200
    assert get(server.urls["http"], "/no/such/page")[0] == 404


def test_the_certificate_outlasts_a_restart(start):
    server = start("data", ("nymeas",))

    def certificate() -> str:
        parts = urlsplit(server.urls["nymeas"])
        return ssl.get_server_certificate((parts.hostname or "", parts.port or 0), timeout=5)

    first = certificate()
    server.stop()
    server.start()
    assert certificate() == first


def test_a_killed_server_can_be_started_again(start):
    server = start()
    server.kill()
    server.start()
    assert get(server.urls["http"], "/healthz")[0] == 200


@pytest.mark.clause("EN 18031-1 SSM-1", "ETSI EN 303 645 5.4-1")
def test_the_data_folder_is_for_its_owner_alone(start, connect):
    server = start("data", ALL)
    set_up(connect(server))
    for path in [server.data, *server.data.rglob("*")]:
        mode = path.stat().st_mode
        reachable = mode & 0o077 and (path == server.data or not _closed_above(path, server))
        assert not reachable, f"{path} {stat.filemode(mode)}"


def _closed_above(path: Path, server: Server) -> bool:
    folders = [folder for folder in path.parents if folder.is_relative_to(server.data)]
    return any(folder.stat().st_mode & 0o077 == 0 for folder in folders)


# Refusing to start


def test_a_second_server_on_the_same_folder_is_refused(start, connect):
    server = start()
    before = server.addresses.read_text()
    assert complaint(serve(server.data, "--listen", FREE_PORT), CANNOT)
    assert server.addresses.read_text() == before
    assert connect(server).hello()


def test_a_busy_port_is_named(start, tmp_path):
    server = start()
    url = server.urls["nymea"]
    other = tmp_path / "other"
    said = complaint(serve(other, "--listen", url), CANNOT)
    assert str(urlsplit(url).port) in said
    assert not (other / "addresses.json").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for data in (tmp_path / "file", tmp_path / "file" / "data", Path("/proc/keystead")):
        assert str(data) in complaint(serve(data, "--listen", FREE_PORT), CANNOT)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_unwritable_folder_is_named(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    assert str(data) in complaint(serve(data, "--listen", FREE_PORT), CANNOT)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1:0",
        "nymea://127.0.0.1:99999",
        "nonsense",
        "nymea://127.0.0.1:0?authentication=maybe",
        "nymea://0.0.0.0:0?authentication=off",
        "nymea://no.such.host.invalid:0",
    ],
)
def test_a_bad_address_is_refused(tmp_path, url):
    assert complaint(serve(tmp_path / "data", "--listen", url), CANNOT)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("lisen = []\n", ["lisen", "listen"]),
        ("self_servce = true\n", ["self_servce", "self_service"]),
        ('self_service = "perhaps"\n', ["self_service"]),
        ("listen = 5\n", ["listen"]),
        ("self_service = \n", []),
        ("\xff", []),
    ],
)
def test_a_bad_setting_is_named(tmp_path, settings, words):
    file = tmp_path / "keystead.toml"
    file.write_bytes(settings.encode("latin-1"))
    said = complaint(
        serve(tmp_path / "data", "--config", str(file), "--listen", FREE_PORT), CANNOT
    )
    for word in words:
        assert word in said


def test_missing_settings_are_named(tmp_path):
    file = tmp_path / "none.toml"
    said = complaint(
        serve(tmp_path / "data", "--config", str(file), "--listen", FREE_PORT), CANNOT
    )
    assert str(file) in said


@pytest.mark.clause("EN 18031-1 GEC-3")
def test_listeners_may_come_from_the_settings(tmp_path):
    data, file = tmp_path / "data", tmp_path / "keystead.toml"
    file.write_text('listen = ["nymea://127.0.0.1:0", "http://127.0.0.1:0"]\n')
    server = Server(data, (), ("--config", str(file)))
    server.launch()
    try:
        deadline = time.monotonic() + 20
        while not server.addresses.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        urls = json.loads(server.addresses.read_text())
        assert [urlsplit(url).scheme for url in urls] == ["nymea", "http"]
    finally:
        server.discard()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve", "--nonsense"], ["user"]])
def test_an_unknown_command_is_an_error(arguments):
    ended = run(*arguments)
    assert ended.returncode == CANNOT
    assert ended.stderr
    assert "Traceback" not in ended.stderr


# A database that is not as it was left


def databases(data: Path) -> list[Path]:
    return [
        path
        for path in sorted(data.rglob("*"))
        if path.is_file() and path.read_bytes()[:16] == b"SQLite format 3\0"
    ]


def contents(data: Path) -> dict[Path, bytes]:
    """Give every file that belongs to a database."""
    (database,) = databases(data)
    return {
        path: path.read_bytes()
        for path in data.rglob(f"{database.name}*")
        if path.is_file() and not path.name.endswith("-shm")
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a stopped server that has an administrator."""
    server = Server(tmp_path_factory.mktemp("used") / "data")
    try:
        server.start()
        client = Client(server.urls["nymea"])
        try:
            set_up(client)
        finally:
            client.close()
    finally:
        server.discard()
    return server.data


def overwrite_middle(database: Path) -> None:
    content = bytearray(database.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    database.write_bytes(content)


def overwrite_start(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(b"#!/bin/sh nonsense" + content[18:])


def cut(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2 // 4096 * 4096])


def empty(database: Path) -> None:
    database.write_bytes(b"")


def make_foreign(database: Path) -> None:
    database.unlink()
    connection = sqlite3.connect(database)
    connection.execute("create table recipes (name text)")
    connection.execute("pragma application_id = 77")
    connection.commit()
    connection.close()


def make_newer(database: Path) -> None:
    connection = sqlite3.connect(database)
    (version,) = connection.execute("pragma user_version").fetchone()
    connection.execute(f"pragma user_version = {version + 1000}")
    connection.commit()
    connection.close()


DAMAGES = [overwrite_middle, overwrite_start, cut, empty, make_foreign, make_newer]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_database_is_refused_and_left_alone(used, tmp_path, damage):
    data = tmp_path / "data"
    shutil.copytree(used, data)
    (database,) = databases(data)
    damage(database)
    before = database.read_bytes()
    said = complaint(serve(data, "--listen", FREE_PORT), CANNOT)
    assert database.name in said or str(data) in said
    assert database.read_bytes() == before
    assert not (data / "addresses.json").exists()
    added = run("user", "add", "eve", "--data", data, password=PASSWORD)
    assert complaint(added, CANNOT)
    assert database.read_bytes() == before


def test_a_database_that_has_gone_is_missed(used, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(used, data)
    (database,) = databases(data)
    for path in data.rglob(f"{database.name}*"):
        path.unlink()
    for _ in range(2):
        assert complaint(serve(data, "--listen", FREE_PORT), CANNOT)
        assert not database.exists()
    assert complaint(run("user", "add", "eve", "--data", data, password=PASSWORD), CANNOT)
    assert not database.exists()


def test_an_emptied_directory_does_not_reopen_set_up(used, tmp_path, connect):
    """Somebody deletes all users with a tool of their own; the first caller gains nothing."""
    data = tmp_path / "data"
    shutil.copytree(used, data)
    (database,) = databases(data)
    connection = sqlite3.connect(database)
    connection.execute("pragma foreign_keys = on")
    tables = {name for (name,) in connection.execute("select name from sqlite_master")}
    emptied = tables & {"user", "token"}
    assert len(emptied) == 2
    for table in emptied:
        connection.execute(f"delete from {table}")  # noqa: S608
    connection.commit()
    connection.close()
    server = Server(data)
    server.launch()
    try:
        deadline = time.monotonic() + 20
        while not server.addresses.exists() and time.monotonic() < deadline:
            try:
                assert server.ended(0.01) == CANNOT
            except subprocess.TimeoutExpired:
                continue
            return
        server.urls = {
            urlsplit(url).scheme: url for url in json.loads(server.addresses.read_text())
        }
        assert connect(server).hello()["initialSetupRequired"] is False
    finally:
        server.discard()


# Stopping


@pytest.mark.parametrize("scheme", PLAIN)
def test_replies_under_way_are_finished_when_asked_to_stop(start, connect, scheme):
    server = start()
    box = Box(server, connect, set_up(connect(server)), scheme=scheme)
    clients = [box.admin() for _ in range(4)]
    signing_in = box.greet()
    signing_in.send(
        signing_in.request(
            "JSONRPC.Authenticate",
            {"username": "olga", "password": PASSWORD, "deviceName": "last minute"},
        )
    )
    names = [f"user-{number}" for number in range(4)]
    for client, name in zip(clients, names, strict=True):
        request = {"username": name, "password": PASSWORD, "scopes": [CONTROL]}
        client.send(client.request("Users.CreateUser", request))
        for number in range(50):
            change = {"username": name, "displayName": str(number)}
            client.send(client.request("Users.SetUserInfo", change))
    first = clients[0].reply()
    server.terminate()
    answered = {name: client.rest() for name, client in zip(names, clients, strict=True)}
    answered[names[0]].insert(0, first)
    last_sign_in = signing_in.rest()
    assert server.ended(5) == DONE
    server.start()
    admin = box.admin()
    for name, replies in answered.items():
        assert all(reply["params"] == NO_ERROR for reply in replies)
        info = info_of(admin, name)
        if not replies:
            continue
        assert info is not None
        done = len(replies) - 2
        shown = int(info["displayName"] or -1)
        assert shown >= done
    for reply in last_sign_in:
        assert box.greet(reply["params"]["token"]).works()


def test_a_client_that_never_reads_does_not_delay_the_stop(start, connect):
    server = start()
    box = Box(server, connect, set_up(connect(server)))
    client = box.admin()
    client.stream.raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
    client.stream.raw.socket.settimeout(0.3)
    line = json.dumps(client.request("JSONRPC.KeepAlive", {"sessionId": "x" * 10_000}))
    try:
        for _ in range(3000):
            client.stream.raw.socket.sendall(line.encode() + b"\n")
    except TimeoutError:
        pass
    half = box.admin()
    half.send('{"id":1')
    assert server.stop() == DONE


def test_a_websocket_is_told_that_the_server_stops(start, connect):
    server = start()
    client = connect(server, "http")
    client.hello()
    server.terminate()
    assert client.rest() == []
    assert client.websocket.close_reason == "Stop server"
    assert server.ended(5) == DONE


def test_idle_connections_do_not_delay_the_stop(start, connect):
    server = start("data", ALL)
    box = Box(server, connect, set_up(connect(server)))
    for scheme in ALL * 5:
        box.admin(scheme=scheme)
    began = time.monotonic()
    assert server.stop() == DONE
    assert time.monotonic() - began < 3


# Commands


class Commands:
    """The commands on a data folder, with the server running or not."""

    def __init__(self, server: Server, *, running: bool) -> None:
        self.server = server
        self.running = running

    def __call__(self, *arguments: str, password: str | None = None) -> str:
        """Run a command that must succeed and give what it prints."""
        ended = self.server.run(*arguments, password=password)
        assert ended.returncode == DONE, ended.stderr
        return ended.stdout

    def refused(self, *arguments: str, password: str | None = None, code: int = REFUSED) -> str:
        """Run a command that must fail and give its one line."""
        return complaint(self.server.run(*arguments, password=password), code)

    def user(self, name: str) -> Any:
        shown = json.loads(self("user", "show", name, "--json"))
        return shown.get("user", shown)

    def names(self) -> list[str]:
        return [user["name"] for user in json.loads(self("user", "list", "--json"))]


@pytest.fixture(params=["running", "stopped"], scope="module")
def shared_commands(
    request: pytest.FixtureRequest, start_shared: Start
) -> Iterator[tuple[Server, str, bool]]:
    server = start_shared(request.param)
    client = Client(server.urls["nymea"])
    try:
        token = set_up(client)
    finally:
        client.close()
    running = request.param == "running"
    if not running:
        server.stop()
    yield server, token, running
    server.discard()


@pytest.fixture
def commands(shared_commands: tuple[Server, str, bool]) -> Commands:
    server, _, running = shared_commands
    return Commands(server, running=running)


@pytest.fixture
def serving(
    shared_commands: tuple[Server, str, bool], connect: Connect
) -> Iterator[Callable[[], Box]]:
    """Gives a box to look at what commands did; a stopped server runs for as long."""
    server, token, running = shared_commands

    def serve() -> Box:
        if not running:
            server.start()
        return Box(server, connect, token)

    yield serve
    if not running:
        server.discard()


def test_a_user_is_added_on_the_command_line(commands, serving):
    commands(
        "user",
        "add",
        "Paul",
        "--scopes",
        "ControlThings,AccessAllThings",
        "--thing",
        THING,
        "--email",
        "p@example.org",
        "--display-name",
        "Paul P.",
        password=PASSWORD,
    )
    commands("user", "add", "gina", password=PASSWORD)
    assert {"olga", "gina"} < {name.lower() for name in commands.names()}
    assert "paul" in commands("user", "list").lower()
    assert "p@example.org" in commands("user", "show", "Paul")
    box = serving()
    info = box.info("paul")
    assert info == {
        "allowedThingIds": [THING],
        "displayName": "Paul P.",
        "email": "p@example.org",
        "scopes": [CONTROL, "PermissionScopeAccessAllThings"],
        "username": "paul",
    }
    assert box.signed_in("paul").works()


@pytest.mark.clause("ETSI EN 303 645 5.1-4", "IEC 62443-4-2 CR 1.3", "OWASP ASVS 5.0 6.4.3")
def test_scopes_and_password_are_changed_on_the_command_line(commands, serving):
    commands("user", "add", "xaver", "--scopes", "ControlThings", password=PASSWORD)
    commands("user", "scopes", "xaver", "Admin")
    commands("user", "passwd", "xaver", password=OTHER_PASSWORD)
    box = serving()
    client = box.signed_in("xaver", OTHER_PASSWORD)
    assert client.get("Users.GetUserInfo")["userInfo"]["scopes"] == ALL_SIX
    refused = box.greet().get(
        "JSONRPC.Authenticate", username="xaver", password=PASSWORD, deviceName=""
    )
    assert refused == {"success": False}


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
def test_a_user_is_removed_on_the_command_line(commands, serving):
    commands("user", "add", "yvonne", password=PASSWORD)
    commands("user", "remove", "yvonne")
    assert "yvonne" not in commands.names()
    commands.refused("user", "show", "yvonne")
    assert serving().info("yvonne") is None


@pytest.mark.parametrize(
    ("arguments", "password"),
    [
        (["user", "add", "OLGA"], PASSWORD),
        (["user", "add", "ab"], PASSWORD),
        (["user", "add", "walter"], "weak"),
        (["user", "add", "walter", "--scopes", "ConfigureThings"], PASSWORD),
        (["user", "show", "nobody"], None),
        (["user", "remove", "nobody"], None),
        (["user", "remove", "olga"], None),
        (["user", "scopes", "olga", "ControlThings"], None),
        (["user", "passwd", "nobody"], PASSWORD),
        (["user", "passwd", "olga"], "weak"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_the_rules_forbid_is_refused(lonely, connect, arguments, password):
    server, token = lonely
    assert complaint(server.run(*arguments, password=password), REFUSED)
    client = connect(server)
    client.hello(token)
    (olga,) = client.get("Users.GetUsers")["users"]
    assert (olga["username"], olga["scopes"]) == ("olga", ALL_SIX)


@pytest.fixture(scope="module")
def lonely(start_shared: Start) -> tuple[Server, str]:
    """A server with one user, and a token of hers."""
    server = start_shared("lonely")
    client = Client(server.urls["nymea"])
    try:
        return server, set_up(client)
    finally:
        client.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "walter", "--scopes", "Everything"],
        ["user", "add", "walter", "--thing", "no-uuid"],
        ["user", "add", "walter", "--password", PASSWORD],
        ["user", "add"],
        ["user", "nonsense"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_an_error(lonely, connect, arguments):
    server, token = lonely
    ended = server.run(*arguments, password=PASSWORD)
    assert ended.returncode == CANNOT
    assert ended.stderr
    assert "Traceback" not in ended.stderr
    client = connect(server)
    client.hello(token)
    assert len(client.get("Users.GetUsers")["users"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "list"],
        ["user", "scopes", "olga", "Admin"],
        ["pairing", "press"],
    ],
    ids=" ".join,
)
def test_a_folder_that_does_not_exist_is_named(tmp_path, arguments):
    data = tmp_path / "none"
    assert str(data) in complaint(run(*arguments, "--data", data), CANNOT)
    assert not data.exists()


def test_a_button_of_a_stopped_server_cannot_be_pressed(used):
    assert complaint(run("pairing", "press", "--data", used), CANNOT)


def test_a_user_added_to_a_new_folder_closes_set_up(tmp_path, connect):
    data = tmp_path / "data"
    data.mkdir()
    added = run("user", "add", "olga", "--scopes", "Admin", "--data", data, password=PASSWORD)
    assert added.returncode == DONE, added.stderr
    server = Server(data)
    try:
        server.start()
        client = connect(server)
        assert client.hello()["initialSetupRequired"] is False
        assert client.sign_in("olga", PASSWORD)
    finally:
        server.discard()


def test_commands_are_heard_of_at_once(start, connect):
    server = start()
    box = Box(server, connect, set_up(connect(server)))
    commands = Commands(server, running=True)
    listener = box.admin()
    listener.subscribe()
    commands("user", "add", "paul", "--scopes", "Admin", password=PASSWORD)
    paul = box.signed_in("paul")
    commands("user", "scopes", "paul", "ControlThings")
    assert paul.ask("Users.GetUsers")["error"] == "Permission denied."
    commands("user", "passwd", "paul", password=OTHER_PASSWORD)
    assert no_replies(paul.rest())
    paul = box.signed_in("paul", OTHER_PASSWORD)
    commands("user", "remove", "paul")
    assert no_replies(paul.rest())
    assert [news["notification"] for news in listener.settle()] == [
        "Users.UserAdded",
        "Users.UserChanged",
        "Users.UserRemoved",
    ]


def no_replies(messages: list[Message]) -> bool:
    return not any("params" in message and "id" in message for message in messages)


def test_users_are_listed_and_shown_as_json(commands):
    listed = json.loads(commands("user", "list", "--json"))
    assert all(isinstance(user["name"], str) for user in listed)
    olga = commands.user("olga")
    assert olga["name"] == "olga"
    text = json.dumps([listed, olga]).lower()
    assert "argon2" not in text
    assert "hash" not in text


# Secrets


@pytest.mark.clause("EN 18031-1 SSM-3", "ETSI EN 303 645 5.4-1", "OWASP ASVS 5.0 16.2.5")
def test_no_password_and_no_token_is_written_anywhere(start, connect):
    server = start("data", ALL)
    secrets = {
        PASSWORD,
        OTHER_PASSWORD,
        "Wr0ngButSecret",
        "c2VjcmV0IHRva2VuIGZyb20gZWxzZXdoZXJl",
    }
    box = Box(server, connect, set_up(connect(server)))
    secrets.add(box.admin_token)
    box.add("paul", scopes=[ADMIN])
    box.add("gina")
    for scheme in ALL:
        box.scheme = scheme
        client = box.signed_in("paul")
        secrets.add(client.token)
        client.get("Users.ChangePassword", newPassword="weak0Se")
        box.greet("c2VjcmV0IHRva2VuIGZyb20gZWxzZXdoZXJl")
        wrong = box.greet()
        wrong.get(
            "JSONRPC.Authenticate", username="gina", password="Wr0ngButSecret", deviceName="x"
        )
        wrong.send('{"password":"Wr0ngButSecret" nonsense}\n')
        assert wrong.reply()["id"] == -1
        bad = box.admin()
        bad.ask("Users.CreateUser", username=["x"], password="Wr0ngButSecret")
        bad.send({"id": 1, "method": "Users.GetUsers", "token": "Wr0ngButSecret"})
        bad.rest()
    box.admin().get("Users.ChangeUserPassword", username="paul", newPassword=OTHER_PASSWORD)
    waiting = box.greet()
    waiting.get("JSONRPC.RequestPushButtonAuth", deviceName="x")
    assert server.run("pairing", "press").returncode == DONE
    secrets.add(waiting.notification()["params"]["token"])
    server.run("user", "passwd", "paul", password=PASSWORD)
    live = [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]
    assert server.stop() == DONE
    still = [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]
    logs = [server.log.read_bytes(), server.printed.read_bytes()]
    for content in [*live, *still, *logs]:
        for secret in secrets:
            assert secret.encode() not in content
    assert b"Traceback" not in server.log.read_bytes()


def test_nothing_goes_wrong_in_silence(start, connect):
    """The log of an ordinary life has no traceback and no line that is no event."""
    server = start()
    box = Box(server, connect, set_up(connect(server)))
    box.user().works()
    client = box.greet(scheme="http")
    client.send("nonsense}\n")
    client.reply()
    client.close()
    assert server.stop() == DONE
    log = server.log.read_text()
    assert log.strip()
    assert "Traceback" not in log
    assert not re.search(r"\b(WARN|ERROR|CRITICAL)", log)


def test_the_trail_begins_with_the_start_however_soon_somebody_comes(start, connect):
    client = connect(start())
    client.token = set_up(client)
    events = client.get("Access.GetAuditEvents")["events"]
    assert events[-1]["action"] == "server.start"


def test_listening_takes_no_longer_than_promised(start):
    server = start()
    server.stop()
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began < 2  # half a second on a machine with nothing else to do


def test_a_connection_to_a_stopped_server_is_refused(start, connect):
    server = start()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_a_closed_connection_is_noticed(start, connect):
    server = start()
    client = connect(server)
    client.hello()
    server.kill()
    with pytest.raises(ClosedError):
        client.receive()
