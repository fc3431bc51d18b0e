"""What a running server offers to the world: nothing but what it says."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.box import set_up
from tests.acceptance.server import ALL, PLAIN

LISTENING = "0A"  # of TCP, in /proc/net


def sockets(pid: int) -> set[str]:
    """Give the numbers of all sockets that a process holds."""
    links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def rows(table: str) -> list[list[str]]:
    """Give the rows of one of the system's tables of sockets, without its heading."""
    lines = Path("/proc/net", table).read_text().splitlines()
    return [line.split() for line in lines[1:]]


@pytest.mark.clause("EN 18031-1 GEC-2", "ETSI EN 303 645 5.6-1", "OWASP ASVS 5.0 6.3.4")
@pytest.mark.parametrize("schemes", [PLAIN, ALL, ("nymeas",)])
def test_nothing_listens_but_what_is_said(start, schemes):
    server = start("data", schemes)
    own = sockets(server.pid)

    tcp = [row for table in ("tcp", "tcp6") for row in rows(table) if row[9] in own]
    ports = sorted(int(row[1].rpartition(":")[2], 16) for row in tcp if row[3] == LISTENING)
    said = json.loads(server.addresses.read_text())
    assert ports == sorted(urlsplit(url).port for url in said)
    assert len(tcp) == len(ports)
    assert [row for table in ("udp", "udp6") for row in rows(table) if row[9] in own] == []
    paths = {row[7] for row in rows("unix") if row[6] in own and len(row) > 7}
    assert {Path(path).name for path in paths} == {"control.sock"}


@pytest.mark.clause("OWASP ASVS 5.0 16.2.3")
def test_logs_go_to_standard_error_and_nothing_is_written_outside_the_data_folder(
    start, connect
):
    server = start("data", PLAIN)
    client = connect(server)
    set_up(client)
    links = [entry.readlink() for entry in Path(f"/proc/{server.pid}/fd").iterdir()]
    files = {link for link in links if link.is_file() and not link.is_relative_to("/dev")}
    assert files - {server.log, server.printed} <= {*server.data.rglob("*")}

    server.stop()
    events = [json.loads(line)["event"] for line in server.log.read_text().splitlines()]
    assert "stopped" in events
    assert "stopped" not in server.printed.read_text()
    for file in server.data.rglob("*"):
        assert not file.is_file() or b'"level": "info"' not in file.read_bytes(), file
