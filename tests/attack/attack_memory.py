"""Strangers by the thousand: unfinished messages, halves of handshakes, subscriptions."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.acceptance.box import set_up
from tests.acceptance.client import ClosedError
from tests.acceptance.exhaustion import MIB, many_files, memory, unfinished
from tests.acceptance.storms import IN_TIME, time_to_sign_in

STRANGERS = 1_000
CEILING = 200 * MIB  # more than before


@pytest.fixture(autouse=True, scope="module")
def _files():
    with many_files():
        yield


@pytest.fixture
def server(start, connect, tmp_path):
    settings = tmp_path / "keystead.toml"
    settings.write_text("limit_loopback = true\n")
    server = start(schemes=("nymea", "http", "nymeas"), flags=("--config", str(settings)))
    set_up(connect(server))
    return server


@pytest.mark.timeout(240)
@pytest.mark.clause("EN 18031-1 RLM-1")
@pytest.mark.parametrize("in_parts", [True, False], ids=["in parts", "in one"])
@pytest.mark.parametrize("path", ["/", "/tani"])
def test_a_thousand_unfinished_messages_take_little_memory(server, observe, path, in_parts):
    before = memory(server)
    with unfinished(server, path, STRANGERS, in_parts=in_parts):
        more = memory(server) - before
        observe("memory", f"{before // MIB} MiB before, {more // MIB:+} MiB")
        took = time_to_sign_in(server, "nymea")
    observe("owner signs in", f"{took:.2f} s")
    assert more < CEILING
    assert took < IN_TIME


@pytest.mark.timeout(120)
@pytest.mark.clause("EN 18031-1 RLM-1")
@pytest.mark.parametrize(
    ("scheme", "begins"),
    [
        ("nymeas", b"\x16\x03\x01\x02\x00"),
        ("nymea", b'{"id":1,"method":"JSONRPC.Hello","params":{"locale":"' + b"x" * 65_000),
        ("http", b"GET / HTTP/1.1\r\nX: " + b"x" * 8_000),
    ],
    ids=["TLS", "a first message", "an HTTP request"],
)
def test_a_thousand_beginnings_are_dropped_after_ten_seconds(server, observe, scheme, begins):
    before = memory(server)
    host, _, port = server.urls[scheme].rpartition("/")[2].partition(":")
    with ExitStack() as stack:
        lines = []
        for number in range(STRANGERS):
            line = stack.enter_context(socket.socket())
            line.bind((f"127.4.{number // 200}.{1 + number % 200}", 0))
            line.connect((host, int(port)))
            line.sendall(begins)
            lines.append(line)
        took = time_to_sign_in(server, "nymea", source="127.5.0.1")
        more, begun = memory(server) - before, time.monotonic()
        for line in lines:
            line.settimeout(20)
            try:
                while line.recv(4096):
                    pass
            except ConnectionError:
                continue
        dropped = time.monotonic() - begun
    observe("memory", f"{before // MIB} MiB before, {more // MIB:+} MiB")
    observe("owner signs in", f"{took:.2f} s")
    observe("all dropped after", f"{dropped:.0f} s")
    assert more < CEILING
    assert took < IN_TIME


@pytest.mark.timeout(120)
@pytest.mark.clause("EN 18031-1 RLM-1")
def test_subscribers_who_do_not_read_are_cut_off(server, connect, observe):
    admin = connect(server)
    admin.hello()
    token = admin.sign_in("olga", "Plain7Sailing")
    deaf = [connect(server, source=f"127.6.0.{1 + n}") for n in range(100)]
    for line in deaf:
        line.hello(token)
        line.subscribe()
    before = memory(server)
    for _ in range(3_000):
        admin.get("Users.SetUserInfo", displayName="x" * 1_000)
        admin.get("Users.SetUserInfo", displayName="y" * 1_000)
        more = memory(server) - before
        assert more < CEILING
    observe("memory", f"{before // MIB} MiB before, {more // MIB:+} MiB at last")
    gone = 0
    for line in deaf:
        try:
            line.works()
        except (ClosedError, TimeoutError):
            gone += 1
    observe("cut off", f"{gone} of {len(deaf)}")
    assert admin.works()
