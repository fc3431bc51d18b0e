"""A box in the hands of somebody who has never seen it: by what the page says, and nothing else."""

from collections.abc import Iterator

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, Browser, a_browser, wait
from tests.acceptance.page import AXE, Page

SETPOINT = "Objects.Plant.Boiler.Setpoint"
PHONE = "phone of Jonas"

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def browser(tmp_path) -> Iterator[Browser]:
    """A browser in English."""
    with a_browser(tmp_path, "--lang=en-US") as browser:
        yield browser


def choose(page: Page, label: str, word: str) -> None:
    """Choose what is called *word* in the field that is called *label*."""
    page.browser.click(
        f"//select[@aria-label='{label}' or @id=//label[.='{label}']/@for]/option[.='{word}']"
    )


def tried(page: Page, item: str, way: str) -> str:
    """Try whether it is allowed to read or write an item, and give what is said."""
    page.fill(Which_item=item)
    choose(page, "To", way)
    page.press("Try it")
    wait(lambda: page.browser.text(".answer"))
    return page.browser.text(".answer").replace("\n", " ")


def test_a_colleague_may_write_one_set_point_and_a_lost_phone_no_more(browser, start, connect):
    server = start("box", ("nymea", "http"))
    page = Page(browser, server).open()
    page.shows("Set up")
    page.fill(Name="olga", Password=PASSWORD, Password_once_more=PASSWORD)
    page.press("Make the account and sign in")
    page.shows("Overview")

    # a colleague ...
    page.press("Users")
    page.shows("Users")
    page.press("Add a user")
    page.fill(Name="jonas", Password=PASSWORD, Password_once_more=PASSWORD)
    browser.click("//dialog//button[.='Add a user']")
    page.shows("jonas")
    page.says("Sign in, and nothing else")

    # ... who may write one set point
    page.press("Add a rule")
    browser.type("//input[@aria-label='Item name']", SETPOINT)
    choose(page, "May", "write")
    browser.click("//section[h2='Item rules']//button[.='Save']")
    page.says("What this changes")
    page.says("→ write")
    browser.click("//dialog//button[.='Save']")
    wait(lambda: SETPOINT in browser.text(".tree"))

    # and nothing else
    assert tried(page, SETPOINT, "write").startswith("Allowed")
    assert "its own" in tried(page, SETPOINT, "write")
    for item, way in (
        (SETPOINT, "read"),
        ("Objects.Plant.Boiler", "write"),
        ("Objects.Plant.Boiler.Mode", "read"),
        (f"{SETPOINT}.Limit", "write"),
    ):
        is_allowed = item == SETPOINT  # who may write may read
        assert tried(page, item, way).startswith("Allowed" if is_allowed else "Not allowed")
    assert server.run("rights", "check", "jonas", SETPOINT, "--write").returncode == 0
    page.check_everywhere()

    # the phone of whom is lost
    phone = connect(server)
    phone.hello()
    phone.sign_in("jonas", PASSWORD, PHONE)
    page.says(PHONE)
    browser.click(f"//li[contains(., '{PHONE}')]//button[.='Revoke']")
    browser.click("//dialog//button[.='Revoke']")
    page.says(f"{PHONE} has no access any more.")
    assert phone.rest()[-1]["status"] == "unauthorized"

    # and where that is told
    page.press("Audit trail")
    page.shows("Audit trail")
    page.browser.type("input[aria-label='Search: Audit trail']", f"revoked {PHONE}")
    wait(lambda: browser.text("tbody").count("Token revoked") == 1)
    told = browser.text("tbody tr")
    assert "olga" in told
    assert PHONE in told
    page.check_everywhere()
