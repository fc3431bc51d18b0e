"""The languages of the admin page: the browser's, or the one that is chosen."""

from collections.abc import Iterator

import pytest

from tests.acceptance.browser import NEEDS_BROWSER, Browser
from tests.acceptance.page import AXE, Page

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def page(browser: Browser, start) -> Iterator[Page]:
    """The page of a new server, which is yet to be set up."""
    browser.complaints()
    yield Page(browser, start("new", ("nymea", "http")))
    lost = "WebSocket connection to"
    assert [one for one in browser.complaints() if lost not in one] == []


@pytest.fixture
def prefer(browser):
    """Make the browser ask for languages, in its user's order, until the test ends."""
    agent = browser.value("navigator.userAgent")

    def prefer(*tags: str) -> None:
        browser.devtools(
            "Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=",".join(tags)
        )

    yield prefer
    prefer("en-US")


@pytest.mark.parametrize(
    ("tags", "language", "title"),
    [
        (("fr-CH", "de"), "fr", "Mise en service"),
        (("de",), "de", "Einrichten"),
        (("rm", "de-CH", "fr"), "de", "Einrichten"),
        (("den", "pt-BR"), "en", "Set up"),
    ],
)
def test_the_language_follows_the_browser(page, prefer, tags, language, title):
    prefer(*tags)
    page.open().shows(title)
    assert page.browser.value("document.documentElement.lang") == language


def test_the_language_is_chosen_and_kept(page):
    page.open().shows("Set up")
    page.press("Deutsch")
    page.shows("Einrichten")
    assert page.browser.value("document.documentElement.lang") == "de"
    page.press("Français")
    page.shows("Mise en service")
    page.browser.reload()
    page.shows("Mise en service")
    page.check_everywhere()
    page.press("English")
    page.shows("Set up")
