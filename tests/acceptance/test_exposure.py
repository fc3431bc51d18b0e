"""What a running server offers to the world: nothing but what it says."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

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
