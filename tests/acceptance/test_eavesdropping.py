"""Somebody on the way between a client and the server, who records, repeats and changes."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.box import PASSWORD, Box, new_name, set_up
from tests.acceptance.client import Client
from tests.acceptance.server import Server

BOTH = ("nymea", "nymeas")
PATIENCE = 5.0  # seconds


class Wire:
    """An encrypted connection whose every byte on the way is ours to see.

    Attributes:
        sent: what the client has sent so far, a piece for each time it wrote.
    """

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.urls["nymeas"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(server.data / "certificates" / "ca.crt")
        self._socket = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self.sent: list[bytes] = []
        self._until_done(self._tls.do_handshake)

    def ask(self, method: str, **params: object) -> Any:
        """Send a request and give the answer."""
        self.send(self.encrypted(method, **params))
        return json.loads(self._until_done(self._tls.read, 1 << 16))

    def encrypted(self, method: str, **params: object) -> bytes:
        """Give a request as it goes over the wire."""
        self._tls.write(json.dumps({"id": 1, "method": method} | params).encode() + b"\n")
        return self._out.read()

    def send(self, piece: bytes) -> None:
        """Send a piece of what was encrypted, or what is taken for it."""
        self.sent.append(piece)
        self._socket.sendall(piece)

    def is_turned_away(self) -> bool:
        """Tell whether the end comes without an answer before it."""
        try:
            return not self._until_done(self._tls.read, 1 << 16)
        except (ssl.SSLError, ConnectionError):
            return True

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _until_done(self, step: Any, *arguments: object) -> Any:
        while True:
            try:
                result = step(*arguments)
            except ssl.SSLWantReadError:
                self._flush()
                if not (received := self._socket.recv(1 << 16)):
                    raise ConnectionResetError from None
                self._in.write(received)
                continue
            self._flush()
            return result

    def _flush(self) -> None:
        if waiting := self._out.read():
            self.send(waiting)


@pytest.fixture(scope="module")
def shared_server(start_shared) -> tuple[Server, str]:
    server = start_shared("encrypted", BOTH)
    with closing(Client(server.urls["nymea"])) as client:
        return server, set_up(client)


@pytest.fixture
def wire(box: Box) -> Iterator[Wire]:
    """Give a connection of the administrator."""
    wire = Wire(box.server)
    wire.ask("JSONRPC.Hello", params={"token": box.admin_token})
    yield wire
    wire.close()


def new_user(box: Box) -> dict[str, Any]:
    params = {"username": new_name(), "password": PASSWORD, "scopes": []}
    return {"token": box.admin_token, "params": params}


@pytest.mark.clause("EN 18031-1 SCM-4")
def test_what_was_recorded_cannot_be_sent_again(box, wire):
    request = new_user(box)
    wire.ask("Users.CreateUser", **request)
    name = request["params"]["username"]
    assert box.admin().get("Users.RemoveUser", username=name)
    recorded = list(wire.sent)

    with closing(Wire(box.server)) as other:
        other.send(b"".join(recorded))
        assert other.is_turned_away()
    wire.send(recorded[-1])
    assert wire.is_turned_away()

    assert box.info(name) is None


@pytest.mark.clause("EN 18031-1 SCM-2")
def test_what_was_changed_on_the_way_is_not_carried_out(box, wire):
    request = new_user(box)
    changed = bytearray(wire.encrypted("Users.CreateUser", **request))
    changed[-20] ^= 1

    wire.send(bytes(changed))

    assert wire.is_turned_away()
    assert box.info(request["params"]["username"]) is None


@pytest.mark.clause("EN 18031-1 SCM-3", "ETSI EN 303 645 5.5-7")
def test_no_secret_can_be_read_on_the_way(box, wire):
    wire.ask("Users.CreateUser", **new_user(box))

    recorded = b"".join(wire.sent)
    assert len(recorded) > 100
    for secret in (PASSWORD, box.admin_token, "Users.CreateUser", "olga"):
        assert secret.encode() not in recorded
