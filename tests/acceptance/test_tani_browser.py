"""A page in a real browser that talks Tani frames, and a nymea client beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONTROL,
    PASSWORD,
    Connect,
    info_of,
    set_up,
)
from tests.acceptance.browser import NEEDS_BROWSER, Browser, a_browser, wait
from tests.acceptance.client import Client
from tests.acceptance.server import Server
from tests.acceptance.tani_client import NOBODY, rule

PAGE = Path(__file__).with_name("tani_page.html")

pytestmark = NEEDS_BROWSER


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with a_browser(tmp_path) as browser:
        yield browser


class Page:
    """What a person sees and does on the page."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser = browser
        self._server = server
        address = server.urls["http"].replace("http:", "ws:")
        browser.go(f"{PAGE.as_uri()}?{address}/tani")
        wait(lambda: self.who)

    @property
    def who(self) -> str:
        """Who is signed in."""
        return self.browser.text("#who")

    @property
    def rights(self) -> str:
        """Which rights the page says they have."""
        return self.browser.text("#rights")

    @property
    def message(self) -> str:
        """What the page says went wrong, or well."""
        return self.browser.text("#message")

    @property
    def users(self) -> dict[str, tuple[str, str]]:
        """The groups and the number of rules of every user who is shown."""
        cells = "[...r.cells].slice(0, 3).map(c => c.textContent)"
        rows = self.browser.value(
            f"[...document.querySelectorAll('#users tr')].map(r => {cells})"
        )
        return {name: (groups, items) for name, groups, items in rows}

    def shows(self, css: str) -> bool:
        """Tell whether something can be seen."""
        return bool(self.browser.value(f"document.querySelector('{css}').checkVisibility()"))

    def fill_in(self, name: str, password: str, button: str = "#sign-in") -> None:
        """Fill in the form and press a button of it."""
        self.browser.type("#name", name)
        self.browser.type("#password", password)
        self.browser.click(button)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in, which must succeed."""
        self.fill_in(name, password)
        wait(lambda: self.who == name)

    def sign_out(self) -> None:
        """Sign out."""
        self.browser.click("#sign-out")
        wait(lambda: self.who == "nobody")

    def edit(self, name: str) -> None:
        """Open a user in the editor."""
        self.browser.click(f'[data-user="{name}"] button')

    def save(self) -> None:
        """Save the user in the editor."""
        self.browser.click("#save")
        wait(lambda: self.message.startswith("saved"))


@pytest.fixture
def server(start) -> Server:
    """A new server that keeps its ports when it starts again."""
    server: Server = start("new", ("nymea", "http"))
    server._listen = list(server.urls.values())
    return server


@pytest.fixture
def page(browser: Browser, server: Server) -> Page:
    """The page in front of a new server."""
    return Page(browser, server)


@pytest.fixture
def nymea(connect: Connect, server: Server) -> Callable[[str], Client]:
    """Opens a nymea connection and signs in."""

    def nymea(name: str) -> Client:
        client = connect(server)
        client.hello()
        client.sign_in(name, PASSWORD)
        return client

    return nymea


def create(client: Client, name: str, *scopes: str) -> None:
    answer = client.get(
        "Users.CreateUser", username=name, password=PASSWORD, scopes=list(scopes)
    )
    assert answer == {"error": "UserErrorNoError"}


def test_a_page_takes_a_new_box_into_use(page, nymea):
    assert page.who == "nobody"
    assert not page.shows("#editor")
    page.fill_in("olga", "weak", "#set-up")
    wait(lambda: page.message.startswith("1:"))
    assert page.who == "nobody"
    page.fill_in("olga", PASSWORD, "#set-up")
    wait(lambda: page.who == "olga")
    assert page.rights == "UserEdit Editor Diag"
    wait(lambda: list(page.users) == ["olga"])
    assert nymea("olga").get("Users.GetUserInfo")["userInfo"]["scopes"] == ALL_SIX


def test_a_page_and_a_nymea_client_see_each_others_changes(page, browser, server, nymea):
    page.fill_in("olga", PASSWORD, "#set-up")
    wait(lambda: page.who == "olga")
    client = nymea("olga")
    create(client, "paul", CONTROL)
    client.subscribe()
    wait(lambda: "paul" in page.users)
    browser.type("#group-name", "ops")
    browser.click("#add-group")
    wait(lambda: browser.value("groups.some(group => group.Groupname === 'ops')"))

    page.edit("paul")
    browser.click('#groups [data-name="ops"]')
    browser.click("#add-item")
    browser.type("#items tr:last-child .item", "Objects.Plant")
    browser.click('#items tr:last-child [data-name="Prefix"]')
    browser.click("#add-item")
    browser.type("#items tr:last-child .item", "Objects.Zoë.Valve")
    browser.click('#items tr:last-child [data-name="Write"]')
    page.save()
    wait(lambda: page.users.get("paul") == ("ops", "2"))
    items = browser.value("users.find(user => user.Username === 'paul').Items")
    wanted = [rule("Objects.Plant", prefix=True), rule("Objects.Zoë.Valve", write=True)]
    assert sorted(items, key=str) == sorted(wanted, key=str)
    assert server.run("rights", "check", "paul", "Objects.Plant.Boiler").returncode == 0
    assert server.run("rights", "check", "paul", "Objects.Plant", "--write").returncode == 1
    info = info_of(client, "paul")
    assert info is not None
    assert info["scopes"] == [CONTROL], "what only nymea knows stays"

    paul = nymea("paul")
    assert paul.ask("Users.GetUsers")["error"] == "Permission denied."
    page.edit("paul")
    browser.click('#user [name="UserEdit"]')
    page.save()
    assert paul.get("Users.GetUsers")["users"]
    page.edit("olga")
    browser.click('#user [name="Diag"]')
    page.save()
    wait(lambda: page.rights == "UserEdit Editor")
    heard = [each for each in client.settle() if "userInfo" in each["params"]]
    assert heard[-1]["params"]["userInfo"]["username"] == "olga"
    assert heard[-1]["params"]["userInfo"]["scopes"] == ALL_SIX[:5]


def test_a_page_comes_back_after_a_reload_and_after_a_restart(page, browser, server):
    page.fill_in("olga", PASSWORD, "#set-up")
    wait(lambda: page.who == "olga")
    browser.reload()
    wait(lambda: page.who == "olga")
    wait(lambda: list(page.users) == ["olga"])
    for end in (server.stop, server.kill):
        end()
        wait(lambda: browser.text("#state") == "offline")
        server.start()
        wait(lambda: browser.text("#state") == "online")
        wait(lambda: page.who == "olga" and list(page.users) == ["olga"])
    page.sign_out()
    assert not page.shows("#editor")
    browser.reload()
    wait(lambda: page.who == "nobody")


def test_a_page_loses_what_is_taken_away_over_nymea(page, browser, server, connect, nymea):
    token = set_up(connect(server))
    client = connect(server)
    client.hello(token)
    create(client, "paul", ADMIN)
    page.fill_in("paul", "Wrong7Password")
    wait(lambda: page.message.startswith("4:"))
    assert page.who == "nobody"
    page.sign_in("paul")
    assert page.rights == "UserEdit Editor Diag"
    assert page.shows("#editor")
    client.get("Users.SetUserScopes", username="paul", scopes=[CONTROL])
    wait(lambda: page.rights == "")
    assert not page.shows("#editor")
    client.get("Users.RemoveUser", username="paul")
    wait(lambda: page.who == "nobody")
    assert browser.value("ask('Users/AccessRights')") == NOBODY
    browser.reload()
    wait(lambda: page.who == "nobody")
