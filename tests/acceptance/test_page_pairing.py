"""Pairing on the admin page: who asks shows at once, and is let in or not by whoever looks at it."""

from collections.abc import Iterator

import pytest

from tests.acceptance.box import ALL_SIX, CONTROL, PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, Browser, wait
from tests.acceptance.client import Client, Message
from tests.acceptance.page import AXE, Page
from tests.acceptance.server import Server

CONFIRM = "dialog[open] button[type=submit]"
NOBODY = "No device is asking."

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def page(browser: Browser, start) -> Iterator[Page]:
    """The view of a new server that nobody waits for; the browser must not complain."""
    server: Server = start("new", ("nymea", "http"))
    browser.complaints()
    page = Page(browser, server).set_up()
    page.press("Pairing")
    page.shows("Pairing")
    page.says(NOBODY)
    yield page
    lost = "WebSocket connection to"
    assert [one for one in browser.complaints() if lost not in one] == []


@pytest.fixture
def asking(page, connect):
    """Have a device ask to be let in."""

    def ask(name: str) -> Client:
        device: Client = connect(page.server)
        device.hello()
        answer = device.get("JSONRPC.RequestPushButtonAuth", deviceName=name)
        assert answer["success"] is True
        return device

    return ask


def outcome(device: Client) -> Message:
    """Give how a pairing ended, which is told in two namespaces."""
    told, _ = device.notification(), device.notification()
    params: Message = told["params"]
    return params


def test_a_device_that_asks_shows_at_once_and_is_let_in_with_a_token_of_its_own(page, asking):
    page.check_everywhere()
    device = asking("Zoë's “tablet”")
    page.says("Zoë's “tablet”")
    assert "127.0.0.1" in page.browser.text("main")
    page.check_everywhere()

    page.press("Let it in")
    page.says("it becomes an administrator")
    page.check_everywhere()
    page.browser.click(CONFIRM)
    page.says("“Zoë's “tablet”” is let in.")
    page.says(NOBODY)
    finished = outcome(device)
    assert finished["success"] is True
    device.token = finished["token"]
    assert device.get("Users.GetUserInfo")["userInfo"]["scopes"] == ALL_SIX


def test_the_overview_tells_that_a_device_waits_and_leads_to_it(page, asking):
    page.press("Overview")
    page.shows("Overview")
    device = asking("Zoë's “tablet”")
    page.says("Zoë's “tablet”, 127.0.0.1")
    page.check_everywhere()
    page.press("A device waits to be let in")
    page.shows("Pairing")
    page.press("Refuse")
    page.says("is refused.")
    assert outcome(device)["success"] is False
    page.press("Overview")
    page.shows("Overview")
    page.says("Needs attention")
    assert "waits to be let in" not in page.text


def test_a_device_that_is_refused_is_told_so(page, asking):
    device = asking("a stranger")
    page.says("a stranger")
    page.press("Refuse")
    page.says("“a stranger” is refused.")
    page.says(NOBODY)
    assert outcome(device)["success"] is False


def test_who_takes_the_place_of_the_one_that_was_shown_is_not_let_in(page, asking):
    first = asking("a phone")
    page.says("a phone")
    page.press("Let it in")
    page.says("Let “a phone” in?")
    second = asking("a stranger")
    wait(lambda: page.browser.text("main h2") == "a stranger")
    page.browser.click(CONFIRM)
    page.says("This device waits no more.")
    assert outcome(first)["success"] is False
    page.press("Cancel")
    page.press("Refuse")
    page.says(NOBODY)
    assert outcome(second)["success"] is False


def test_a_device_that_goes_away_is_shown_no_more(page, asking):
    device = asking("a phone")
    page.says("a phone")
    device.close()
    page.says(NOBODY)


def test_what_waits_is_found_by_who_comes_later_and_goes_when_the_button_is_pressed(
    page, asking
):
    device = asking("a phone")
    page.browser.reload()
    page.says("a phone")
    assert page.server.run("pairing", "press").returncode == 0
    page.says(NOBODY)
    assert outcome(device)["success"] is True


def test_who_is_no_administrator_does_not_see_who_asks(page, asking, connect):
    client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    params = {"username": "bob", "password": PASSWORD, "scopes": [CONTROL]}
    assert client.get("Users.CreateUser", **params) == {"error": "UserErrorNoError"}
    asking("a phone")
    page.press("Sign out")
    page.sign_in("bob")
    assert "Pairing" not in page.views
    assert "Audit trail" not in page.views
    for place in ("/#/pairing", "/#/audit"):
        page.open(place)
        assert page.title not in {"Pairing", "Audit trail"}
        assert "a phone" not in page.text
