"""Strangers who take memory, and clients who take no rest; ``make attack`` has larger forms."""

import json
import time
from contextlib import suppress

import pytest

from tests.acceptance.box import set_up
from tests.acceptance.client import ClosedError
from tests.acceptance.exhaustion import MIB, memory, unfinished

STRANGERS = 100
AT_ONCE = 64 * 1024  # bytes that are sent ahead of the answers
SHORT = 2  # seconds


@pytest.mark.clause("EN 18031-1 RLM-1")
@pytest.mark.parametrize("path", ["/", "/tani"])
@pytest.mark.parametrize("in_parts", [True, False])
def test_unfinished_messages_of_strangers_take_little_memory(start, connect, path, in_parts):
    server = start()
    assert set_up(connect(server))
    before = memory(server)
    with unfinished(server, path, STRANGERS, in_parts=in_parts):
        assert memory(server) - before < 30 * MIB  # and not one for each
        assert connect(server).hello()


@pytest.mark.clause("OWASP ASVS 5.0 7.3.2", "IEC 62443-4-2 CR 2.6")
def test_whoever_asks_without_a_pause_is_signed_out_in_time_all_the_same(
    start, connect, tmp_path
):
    settings = tmp_path / "keystead.toml"
    settings.write_text("limit_loopback = true\nrequests_per_second = 200\n")
    server = start(flags=("--config", str(settings)))
    admin = connect(server)
    admin.token = set_up(admin)
    end = int(time.time()) + 1 + SHORT  # noqa: TID251 - the clock of this machine
    made = admin.get("Access.CreateToken", deviceName="short", expires=end)
    client = connect(server)
    client.hello(made["token"])
    request = {"id": 1, "method": "Users.GetUsers", "token": made["token"]}
    line = json.dumps(request).encode() + b"\n"

    client.send(line * (AT_ONCE // len(line)))
    until = time.monotonic() + 3 * SHORT + 10
    last = 0.0
    with suppress(ClosedError):
        while time.monotonic() < until:
            if client.reply()["status"] == "success":
                last = time.time()  # noqa: TID251
            client.send(line)
    assert 0 < last < end + 1
