"""The typed client as tests use it: over any transport, with the certificate of the box pinned."""

from itertools import repeat
from typing import Any

from keystead.client import Client
from keystead.net.tls import fingerprint
from tests.acceptance.box import PASSWORD
from tests.acceptance.server import Server

SCHEMES = {
    "nymea": "nymea",
    "nymeas": "nymeas",
    "ws": "http",
    "wss": "https",
}  # by the client's
ENCRYPTED = ("nymeas", "wss")


def url_of(server: Server, scheme: str) -> str:
    """Give the address of *server* as clients write it."""
    return server.urls[SCHEMES[scheme]].replace("http", "ws", 1)


class TypedBox:
    """A running server that typed clients are made for.

    Attributes:
        pin: the fingerprint of its certificate.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        certificate = server.data / "certificates" / "server.crt"
        self.pin = f"sha256:{fingerprint(certificate.read_bytes())}"

    def client(self, scheme: str = "nymea", **more: Any) -> Client:
        """Make a client that comes back quickly; without a token it is nobody's."""
        if scheme in ENCRYPTED:
            more = {"fingerprint": self.pin} | more
        return Client(url_of(self.server, scheme), delays=lambda: repeat(0.05), **more)


async def sign_in(
    client: Client, name: str, password: str = PASSWORD, device: str = "a phone"
) -> str:
    """Sign in as *name* and give the token."""
    returns = await client.jsonrpc.authenticate(
        username=name, password=password, device_name=device
    )
    assert returns.success
    assert returns.token
    return returns.token
