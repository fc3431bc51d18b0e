"""Groups on the admin page: rules out of a spreadsheet, and what they come to."""

import json

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, wait
from tests.acceptance.page import AXE, Page

CONFIRM = "dialog:last-of-type button[type=submit]"

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


def test_a_group_takes_rules_out_of_a_spreadsheet_and_try_it_tells_which_spoke(page, connect):
    client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    client.get("Users.CreateUser", username="bob", password=PASSWORD, scopes=[])
    page.press("Groups")
    page.shows("Groups")
    page.press("Add a group")
    page.fill(Name="operators")
    page.browser.click(CONFIRM)
    page.shows("operators")
    wait(lambda: "0 of 0" in page.text)
    client.get("Access.SetAccountRights", username="bob", groups=["operators"])
    wait(lambda: "bob" in page.browser.text("main"))
    page.press("Paste rows")
    rows = "Name\\tReach\\tMay\\nPlant.Boiler\\titem\\twrite\\nPlant\\tprefix\\tread"
    page.browser.run(f"document.querySelector('dialog textarea').value = '{rows}'")
    page.browser.click(CONFIRM)
    wait(lambda: "2 of 2" in page.text)
    page.check_everywhere()
    page.browser.click("form:has(.rule-rows) button[type=submit]")
    page.says("What this changes")
    assert "bob" in page.browser.text(".effects")
    page.browser.click(CONFIRM)
    page.says("Saved.")
    page.fill(**{"Who (or anonymous)": "bob", "Which item": "Plant.Boiler"})
    page.browser.click(f"{page.field('To')} option[value='write']")
    page.press("Try it")
    page.says("Allowed")
    assert "by operators" in page.browser.text(".answer")
    page.fill(Which_item="Plant.Pump")
    page.press("Try it")
    page.says("Not allowed")
    page.press("Delete")
    page.fill(**{"Type “operators” to confirm": "operators"})
    page.browser.click("dialog button.danger")
    page.shows("Groups")
    wait(lambda: "operators" not in page.browser.text("table"))
    page.check_everywhere()


def test_cells_pasted_into_a_rule_become_rules_and_one_cell_stays_one(page):
    page.press("Groups")
    page.press("Add a group")
    page.fill(Name="operators")
    page.browser.click(CONFIRM)
    page.shows("operators")
    page.press("Add a rule")
    paste(page, "Plant.Pump\twrite\r\nPlant.Boiler.*\tread\r\n")
    wait(lambda: "2 of 2" in page.text)
    assert names(page) == ["Plant.Pump", "Plant.Boiler"]
    page.press("Add a rule")
    page.browser.type(".rule-rows input", "Plant.")
    paste(page, "Plant.Fan\tlook")
    page.says("Row 1: what is “look”?")
    assert names(page) == ["Plant.", "Plant.Pump", "Plant.Boiler"]
    assert paste(page, "Plant.Fan\n"), "the browser pastes what is a single cell"
    page.browser.click("form:has(.rule-rows) button[type=submit]")
    page.says("Saved.")


def names(page: Page) -> list[str]:
    """Give the names in the table of rules."""
    found: list[str] = page.browser.value(
        "[...document.querySelectorAll('.rule-rows input')].map(one => one.value)"
    )
    return found


def paste(page: Page, text: str) -> bool:
    """Paste *text* into the first rule, and tell whether that is left to the browser."""
    left: bool = page.browser.value(
        "(() => { const clipboardData = new DataTransfer();"
        f" clipboardData.setData('text/plain', {json.dumps(text)});"
        " return document.querySelector('.rule-rows input').dispatchEvent("
        "new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })); })()"
    )
    return left
