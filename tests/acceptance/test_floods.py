"""Floods of strangers against the real server: the owner comes in and works all the same."""

import json
import resource
import select
import socket
import ssl
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.command_line import PASSWORD, PATIENCE, Nymea, program, serving

STRANGERS = 2000
SOURCES = 20  # addresses of this machine
BEFORE_SIGN_IN = 300
SETTINGS = f"""
limit_loopback = true
connections_per_source = 200
connections_before_sign_in = {BEFORE_SIGN_IN}
"""
LINE = "connections closed for want of room"


@pytest.fixture(autouse=True, scope="module")
def _enough_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def box(tmp_path):
    """Give a data folder with an owner, and its settings."""
    config = tmp_path / "keystead.toml"
    config.write_text(SETTINGS)
    data = tmp_path / "box"
    data.mkdir()
    added = program("user", "add", "owner", "--data", data, password=PASSWORD)
    assert added.returncode == 0
    return data, config


@contextmanager
def flood(port, says=b""):
    """Connect thousands of strangers from other addresses; some are let in, none answered."""
    with ExitStack() as stack:
        strangers = []
        for number in range(STRANGERS):
            one = stack.enter_context(socket.socket())
            one.bind((f"127.0.1.{1 + number % SOURCES}", 0))
            one.connect(("127.0.0.1", port))
            with suppress(ConnectionError):  # closed already
                one.sendall(says)
            strangers.append(one)
        yield strangers


def still_open(connections):
    """Count those that are not closed by the server."""
    poll = select.poll()
    for one in connections:
        poll.register(one, select.POLLIN | select.POLLRDHUP)
    ended = select.POLLRDHUP | select.POLLHUP | select.POLLERR
    return len(connections) - sum(1 for _, event in poll.poll(0) if event & ended)


def signs_in(client):
    client.ask("JSONRPC.Hello")
    reply = client.ask(
        "JSONRPC.Authenticate", username="owner", password=PASSWORD, deviceName="phone"
    )
    return reply["token"]


@pytest.mark.clause("EN 18031-1 RLM-1")
@pytest.mark.parametrize("says", [b"", b'{"id":1,"method":"JSONRPC.Hello"}\n'])
def test_the_owner_signs_in_and_works_through_a_flood_of_strangers(box, says):
    data, config = box
    with (
        serving(data, "--config", str(config), "--listen", "nymea://127.0.0.1:0") as server,
        Nymea(server.port) as before,
    ):
        token = signs_in(before)
        with flood(server.port, says) as strangers, Nymea(server.port) as during:
            assert signs_in(during)
            assert before.ask("Users.GetUserInfo", token)["userInfo"]["username"] == "owner"

            assert still_open(strangers) <= BEFORE_SIGN_IN
        assert server.stop() == 0
    lines = [event for event in server.events if event["event"] == LINE]
    assert len(lines) == 1  # a minute, whatever their number


def test_the_owner_signs_in_through_a_flood_of_halves_of_handshakes(box):
    data, config = box
    with serving(data, "--config", str(config), "--listen", "nymeas://127.0.0.1:0") as server:
        with flood(server.port, b"\x16\x03\x01\x02\x00") as strangers:
            context = ssl.create_default_context(cafile=data / "certificates" / "ca.crt")
            with (
                socket.create_connection(("127.0.0.1", server.port), PATIENCE) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
                secure.makefile("rwb") as lines,
            ):
                for request in (
                    {"id": 1, "method": "JSONRPC.Hello"},
                    {
                        "id": 2,
                        "method": "JSONRPC.Authenticate",
                        "params": {
                            "username": "owner",
                            "password": PASSWORD,
                            "deviceName": "phone",
                        },
                    },
                ):
                    lines.write(json.dumps(request).encode() + b"\n")
                    lines.flush()
                    assert json.loads(lines.readline())["status"] == "success"
            assert still_open(strangers) <= BEFORE_SIGN_IN
        assert server.stop() == 0


def test_a_source_whose_strangers_fill_its_share_can_still_sign_in(box):
    data, config = box
    with (
        serving(data, "--config", str(config), "--listen", "nymea://127.0.0.1:0") as server,
        ExitStack() as stack,
    ):
        for _ in range(250):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        with Nymea(server.port) as owner:
            assert signs_in(owner)
        assert server.stop() == 0
