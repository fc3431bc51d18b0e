"""Servers and connections that end with the test or the module they were made for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.box import Box, Connect, set_up
from tests.acceptance.client import Client
from tests.acceptance.server import PLAIN, Server

Start = Callable[..., Server]


def _starter(folder: Path, stack: ExitStack) -> Start:
    def start(
        name: str = "data", schemes: tuple[str, ...] = PLAIN, flags: tuple[str, ...] = ()
    ) -> Server:
        server = Server(folder / name, schemes, flags)
        stack.callback(server.discard)
        return server.start()

    return start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        yield _starter(tmp_path, stack)


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as stack:
        yield _starter(tmp_path_factory.mktemp("shared"), stack)


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def connect(server: Server, scheme: str = "nymea", source: str | None = None) -> Client:
            client = Client(server.urls[scheme], source=source)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture(scope="module")
def shared_server(start_shared: Start) -> tuple[Server, str]:
    server = start_shared()
    client = Client(server.urls["nymea"])
    try:
        return server, set_up(client)
    finally:
        client.close()


@pytest.fixture
def box(shared_server: tuple[Server, str], connect: Connect) -> Box:
    """A box that is set up and shared by the tests of a module."""
    server, token = shared_server
    return Box(server, connect, token)
