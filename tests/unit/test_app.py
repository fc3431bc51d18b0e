"""The server as a process: it starts, says where it listens, and leaves nothing behind."""

import asyncio
import json
import os
import resource
import secrets
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
from contextlib import closing
from datetime import UTC

import pytest
from dbus_fast.aio import MessageBus

from keystead import __version__
from keystead.app import _most_files, data_folder, directory_in, now
from keystead.domain.accounts import NewUser, create_user
from keystead.domain.model import OWNER, Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.settings import Settings
from keystead.store.folder import FolderInUseError
from keystead.store.sqlite_file import StoreError
from tests.command_line import PASSWORD, PATIENCE, Nymea, program, serving
from tests.private_bus import Agent, private_bus

PLAIN = ("--listen", "nymea://127.0.0.1:0", "--listen", "http://127.0.0.1:0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_starts_listens_and_stops_without_a_trace(tmp_path, number):
    data = tmp_path / "made" / "by the server"
    with serving(data, *PLAIN) as server:
        addresses = json.loads((data / "addresses.json").read_text())
        assert addresses == server.urls
        assert [url.rpartition(":")[0] for url in addresses] == [
            "nymea://127.0.0.1",
            "http://127.0.0.1",
        ]
        assert stat.S_IMODE((data / "control.sock").lstat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700

        server.process.send_signal(number)
        assert server.until("stopped")
        assert server.process.wait(PATIENCE) == 0
        printed = server.process.stdout.read()

    assert not (data / "addresses.json").exists()
    assert not (data / "control.sock").exists()
    assert [event["event"] for event in server.events] == ["listening", "stopping", "stopped"]
    assert server.events[0]["version"] == __version__
    assert all(url in printed for url in server.urls)


def test_a_connection_is_closed_when_the_server_stops(tmp_path):
    with serving(tmp_path, *PLAIN) as server, Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")

        assert server.stop() == 0

        assert client.is_closed()
    assert server.events[-2]["connections"] == 1


def test_health_is_told_and_a_client_greeted_on_every_listener(tmp_path):
    with serving(tmp_path, *PLAIN) as server:
        with socket.create_connection(("127.0.0.1", int(server.urls[1].split(":")[-1]))) as web:
            web.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert web.makefile("rb").read().endswith(b"\r\n\r\nok\n")
        with Nymea(server.port) as client:
            assert client.ask("JSONRPC.Hello")["initialSetupRequired"] is True


@pytest.mark.clause("EN 18031-1 SCM-1")
def test_an_encrypted_listener_has_a_certificate_of_its_own(tmp_path):
    with serving(tmp_path, "--listen", "nymeas://127.0.0.1:0") as server:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", server.port), PATIENCE) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.sendall(b'{"id":1,"method":"JSONRPC.Hello"}\n')
            assert secure.recv(1 << 16).startswith(b"{")
            assert secure.getpeercert(binary_form=True)
        assert server.stop() == 0
    assert (tmp_path / "certificates").is_dir()


@pytest.mark.clause("EN 18031-1 SCM-1")
def test_plain_listeners_beyond_loopback_are_warned_of(tmp_path):
    with serving(
        tmp_path, "--listen", "nymea://0.0.0.0:0", "--listen", "http://[::1]:0"
    ) as server:
        assert server.stop() == 0

    warnings = [event for event in server.events if event["level"] == "warning"]
    assert [event["event"] for event in warnings] == ["listening without encryption"]


def test_a_server_that_was_killed_starts_again_and_knows_everything(tmp_path):
    with serving(tmp_path) as server:
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello")
            client.ask("JSONRPC.CreateUser", username="ann", password=PASSWORD)
        server.process.kill()
        server.process.wait(PATIENCE)
    assert (tmp_path / "control.sock").exists()

    with serving(tmp_path) as server, Nymea(server.port) as client:
        assert client.ask("JSONRPC.Hello")["initialSetupRequired"] is False
        assert server.stop() == 0


def complaint(*arguments):
    """Run the server, which must refuse to start; give its one line and its exit code."""
    ended = program("serve", *arguments, stderr=subprocess.PIPE)
    (line,) = ended.stderr.decode().splitlines()
    return line, ended.returncode


def test_a_busy_port_is_named_and_nothing_is_left_behind(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        url = f"nymea://127.0.0.1:{holder.getsockname()[1]}"

        ended = complaint("--data", tmp_path, "--listen", "http://127.0.0.1:0", "--listen", url)

    assert ended == (f"keystead: The address {url} cannot be used: Address already in use.", 2)
    assert not (tmp_path / "addresses.json").exists()
    assert not (tmp_path / "control.sock").exists()


def test_a_host_that_cannot_be_a_name_is_named(tmp_path):
    line, code = complaint("--data", tmp_path, "--listen", "nymea://a..b:0")

    assert code == 2
    assert "nymea://a..b:0" in line


def test_a_missing_certificate_is_named(tmp_path):
    config = tmp_path / "keystead.toml"
    config.write_text('certificate = "none.pem"\nkey = "none.key"\nlisten = ["https://*:0"]')

    line, code = complaint("--data", tmp_path / "box", "--config", config)

    assert code == 2
    assert "none.pem" in line


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
def test_changes_are_logged_for_whoever_wants_to_know_without_names_or_secrets(tmp_path):
    config = tmp_path / "keystead.toml"
    config.write_text('log_level = "debug"')
    with (
        serving(tmp_path / "box", *PLAIN, "--config", str(config)) as server,
        Nymea(server.port) as client,
    ):
        client.ask("JSONRPC.Hello")
        client.ask("JSONRPC.CreateUser", username="somebody", password=PASSWORD)
        client.ask(
            "JSONRPC.Authenticate", username="somebody", password=PASSWORD, deviceName="phone"
        )
        assert server.stop() == 0

    changes = [event for event in server.events if "revision" in event]
    assert [event["event"] for event in changes] == ["UserAdded", "TokenAdded"]
    text = json.dumps(server.events)
    assert "somebody" not in text
    assert PASSWORD not in text


@pytest.mark.clause("OWASP ASVS 5.0 16.5.2")
def test_buttons_on_a_bus_that_is_not_there_are_reported_and_hinder_nobody(tmp_path):
    config = tmp_path / "keystead.toml"
    config.write_text(f'buttons = "unix:path={tmp_path / "no bus"}"')
    with serving(tmp_path / "box", *PLAIN, "--config", str(config)) as server:
        assert server.until("bus unavailable")["level"] == "warning"
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello")
        assert server.stop() == 0


def test_a_button_on_the_bus_lets_devices_in(tmp_path):
    config = tmp_path / "keystead.toml"
    with private_bus(tmp_path) as bus:
        config.write_text(f'buttons = "{bus.address}"')
        with (
            serving(tmp_path / "box", *PLAIN, "--config", str(config)) as server,
            Nymea(server.port) as client,
        ):
            server.until("bus joined")
            assert client.ask("JSONRPC.Hello")["pushButtonAuthAvailable"] is False
            made = asyncio.run(push_the_button(bus, client))
            server.until("button agent left")
            assert client.ask("JSONRPC.Hello")["pushButtonAuthAvailable"] is False
            assert server.stop() == 0

    told = {one["params"]["token"] for one in client.notifications}
    assert len(told) == 1
    assert made not in told | {""}
    pressed = [
        event["pairing"] for event in server.events if event["event"] == "button pressed"
    ]
    assert pressed == [True, False]


async def push_the_button(bus, client):
    """Let the client in, press once more for nobody, and give the token of a call."""
    agent = Agent(await MessageBus(bus.address).connect())
    await agent.register()
    assert client.ask("JSONRPC.Hello")["pushButtonAuthAvailable"] is True
    client.ask("JSONRPC.RequestPushButtonAuth", deviceName="panel")
    await agent.press()
    client.notifications.append(client.notification())
    await agent.press()
    answer = await agent.ask("GenerateAuthToken", "kitchen")
    refused = await agent.ask("GenerateAuthToken", "x" * 1025)
    assert not refused.body[0]
    await agent.leave()
    return bytes(answer.body[0]).decode()


def test_a_folder_serves_one_at_a_time(tmp_path):
    settings = Settings(data=str(tmp_path))

    with (
        data_folder(settings),
        pytest.raises(FolderInUseError, match="is used by another"),
        data_folder(settings),
    ):
        pytest.fail("two at a time")


def test_a_folder_keeps_its_identity(tmp_path):
    settings = Settings(data=str(tmp_path))

    with data_folder(settings) as first:
        pass
    with data_folder(settings) as second:
        pass

    assert first.uuid == second.uuid


@pytest.mark.clause("EN 18031-1 CCK-2", "ETSI EN 303 645 5.4-4", "OWASP ASVS 5.0 7.2.3")
def test_secrets_come_from_the_randomness_of_the_system(tmp_path):
    settings = Settings(data=str(tmp_path))

    with data_folder(settings) as folder, directory_in(folder, settings) as directory:
        assert directory.randomness is secrets.token_bytes


def test_a_directory_follows_the_settings(tmp_path):
    settings = Settings(data=str(tmp_path), password_profile="nist", self_service=True)

    with data_folder(settings) as folder, directory_in(folder, settings) as directory:
        assert directory.self_service
        with pytest.raises(RefusedError) as error:
            asyncio.run(create_user(directory, OWNER, NewUser("ann", Scope.ADMIN), PASSWORD))

    assert error.value.reason is Reason.PASSWORD_TOO_WEAK


def test_the_clock_knows_its_zone():
    assert now().tzinfo is UTC


def test_as_many_connections_are_let_in_as_the_system_allows():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        assert _most_files() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.clause("EN 18031-1 SSM-1")
def test_the_umask_of_the_user_opens_nothing(tmp_path):
    before = os.umask(0)
    try:
        with serving(tmp_path / "box", *PLAIN) as server:
            assert server.stop() == 0
    finally:
        os.umask(before)

    readable = [
        path.name
        for path in (tmp_path / "box").rglob("*")
        if path.name not in {"identity", "lock"} and path.stat().st_mode & 0o077
    ]
    assert stat.S_IMODE((tmp_path / "box").stat().st_mode) == 0o700
    assert readable == []


@pytest.mark.parametrize(
    "change",
    [
        "update user_group set name = cast(x'80' as text)",
        "insert into attempt values ('ann', cast(x'80' as text), 9, 0, 1)",
        "insert into attempt values ('ann', '', 9, 1 << 62, 0)",
    ],
    ids=["a name that is no text", "a source that is no text", "a failure after all time"],
)
def test_rows_that_mean_nothing_are_told_as_damage(tmp_path, change):
    settings = Settings(data=str(tmp_path))
    with data_folder(settings) as folder:
        with closing(sqlite3.connect(folder.paths.database)) as database, database:
            database.execute(change)
        with (
            pytest.raises(StoreError, match="is damaged"),
            directory_in(folder, settings),
        ):
            pytest.fail("it is open")
