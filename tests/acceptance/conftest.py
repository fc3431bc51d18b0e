"""Servers and connections that end with the test or the module they were made for."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.box import Box, Connect, set_up
from tests.acceptance.browser import Browser, a_browser
from tests.acceptance.client import Client
from tests.acceptance.page import Page
from tests.acceptance.server import PLAIN, Server
from tests.acceptance.tani_client import Open, Tani, TaniBox

Start = Callable[..., Server]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a test of the page that fails what the page showed, and what its server said."""
    report = yield
    page = item.funcargs.get("page")
    if report.failed and call.when == "call" and isinstance(page, Page):
        report.sections.append(("Page", page.text))
        report.sections.append(("Log of the server", page.server.log.read_text()))
    return report


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


@pytest.fixture
def open_tani() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_tani(server: Server, scheme: str = "http", source: str | None = None) -> Tani:
            connection = Tani(server.urls[scheme], source=source)
            stack.callback(connection.close)
            return connection

        yield open_tani


@pytest.fixture(scope="module")
def tani_server(start_shared: Start) -> Iterator[tuple[Server, str, str]]:
    """A server that is set up, with an AuthKey and a nymea token of olga."""
    server = start_shared("tani", ("nymea", "http", "https"))
    client, connection = Client(server.urls["nymea"]), Tani(server.urls["http"])
    try:
        token = set_up(client)
        key = connection.sign_in("olga")
    finally:
        client.close()
        connection.close()
    yield server, key, token
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def tani(
    tani_server: tuple[Server, str, str], connect: Connect, open_tani: Open
) -> Iterator[TaniBox]:
    """A box shared by the tests of a module, where everybody may do nothing at first."""
    server, key, token = tani_server
    box = TaniBox(server, connect, open_tani, key, token)
    box.admin().do(
        "Users/WriteGroup", Groupname="anonymous", Editor=False, Diag=False, Items=[]
    )
    yield box
    assert box.admin().who == "olga"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in English."""
    with a_browser(tmp_path_factory.mktemp("browser"), "--lang=en-US") as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, start: Start) -> Iterator[Page]:
    """The page of a new server, taken into use; the browser must find nothing to complain about."""
    server = start("new", ("nymea", "http"))
    browser.complaints()
    yield Page(browser, server).set_up()
    lost = "WebSocket connection to"
    assert [one for one in browser.complaints() if lost not in one] == []
