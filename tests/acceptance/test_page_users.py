"""Users on the admin page: found, added, given one right and no more, barred, removed."""

import re

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, wait
from tests.acceptance.page import AXE, Page

CONFIRM = "dialog:last-of-type button[type=submit]"
BOILER = "Objects.Plant.Boiler.SetPoint"
HEAT_PUMP = "5c8b0f4e-8a5b-4d1c-9d8e-0a1b2c3d4e5f"
WALL_BOX = "0d6ad0c7-6a5c-4b9f-a3f1-9a7f0e6d2b11"

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


def add(page: Page, typed: str) -> None:
    """Add a user, and come to their page; names are kept in lower case."""
    page.press("Users")
    page.shows("Users")
    page.press("Add a user")
    page.fill(Name=typed, Password=PASSWORD, Password_once_more=PASSWORD)
    page.browser.click("dialog button[type=submit]")
    page.shows(typed.lower())
    page.says("Active")


def tries(page: Page, item: str, way: str) -> str:
    """Ask in the box "Try it", and give what it says."""
    page.fill(Which_item=item)
    page.browser.click(f"{page.field('To')} option[value='{way}']")
    page.press("Try it")
    wait(lambda: page.browser.text(".answer"))
    return page.browser.text(".answer")


def test_a_colleague_may_write_one_set_point_and_nothing_else_and_try_it_proves_it(page):
    add(page, "bob")
    assert tries(page, BOILER, "write") == "Not allowed\n\nNo rule."
    page.press("Add a rule")
    page.browser.type(".rule-rows input", BOILER)
    page.browser.click(".rule-rows select[aria-label=May] option:last-child")
    page.check_everywhere()
    page.browser.click("form:has(.rule-rows) button[type=submit]")
    page.says("What this changes")
    assert re.search(rf"bob\s+{re.escape(BOILER)}\s+\S → write", page.browser.text(".effects"))
    page.check_everywhere()
    page.browser.click(CONFIRM)
    wait(lambda: BOILER in page.browser.text(".tree"))
    assert f"{BOILER} write its own" in page.browser.text(".tree").replace("\n", " ")
    assert tries(page, BOILER, "write").startswith("Allowed")
    assert tries(page, "Objects.Plant.Boiler.Other", "").startswith("Not allowed")
    assert tries(page, "Objects.Plant.Boiler", "write").startswith("Not allowed")
    page.says("Rules of a user changed")
    page.check_everywhere()


def test_scopes_are_given_in_plain_words_once_what_they_change_is_seen(page):
    add(page, "Bob")
    page.browser.click(page.field("Control things"))
    page.browser.click(page.field("See all things"))
    page.browser.click("//form[.//label[.='Control things']]//button[@type='submit']")
    page.says("What this changes")
    page.browser.click("dialog button.plain")
    assert page.browser.value(
        f"document.querySelector('{page.field('Control things')}').checked"
    )
    page.browser.click("//form[.//label[.='Control things']]//button[@type='submit']")
    page.browser.click(CONFIRM)
    wait(lambda: "See all things" in page.browser.text(".tree"))


def test_an_account_is_disabled_and_deleted_by_whoever_types_its_name(page):
    add(page, "bob")
    page.press("Disable or expire")
    page.browser.click(page.field("Active"))
    page.check_everywhere()
    page.browser.click("dialog button[type=submit]")
    page.says("What this changes")
    page.browser.click(CONFIRM)
    page.says("Disabled")
    page.press("Delete")
    page.says("Type “bob” to confirm")
    page.fill(**{"Type “bob” to confirm": "bo"})
    page.browser.click("dialog button.danger")
    page.says("This is not the name.")
    page.fill(**{"Type “bob” to confirm": "bob"})
    page.browser.click("dialog button.danger")
    page.shows("Users")
    wait(lambda: "bob" not in page.browser.text("table"))


def test_who_is_disabled_keeps_their_end_to_the_second(page, connect):
    client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    add(page, "bob")
    client.get("Access.SetAccountState", username="bob", enabled=True, validUntil=2_000_000_017)
    page.says("2033")
    page.press("Disable or expire")
    page.browser.click(page.field("Active"))
    page.browser.click("dialog button[type=submit]")
    page.says("What this changes")
    page.browser.click(CONFIRM)
    page.says("Disabled")
    account = client.get("Access.GetAccount", username="bob")["account"]
    assert (account["enabled"], account["validUntil"]) == (False, 2_000_000_017)


def test_an_account_that_expires_has_no_access_any_more(page, connect):
    add(page, "bob")
    phone = connect(page.server)
    phone.hello()
    phone.sign_in("bob", PASSWORD, "bob's phone")
    page.says("JSON-RPC")  # how bob is signed in at the moment
    page.says("bob's phone")
    page.press("Disable or expire")
    until = f"document.querySelector('{page.field('Valid until')}')"
    page.browser.run(f"{until}.value = '2024-05-17T12:00'")
    page.browser.click("dialog button[type=submit]")
    page.says("What this changes")
    page.browser.click(CONFIRM)
    page.says("Expired")
    assert phone.rest()[-1]["status"] == "unauthorized"
    page.says("none of this counts")
    page.check_everywhere()


def test_things_are_given_one_by_one(page, connect):
    client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    add(page, "bob")
    page.fill(Things=f"{HEAT_PUMP}\n{WALL_BOX}")
    page.browser.click("//form[.//label[.='Control things']]//button[@type='submit']")
    page.says("What this changes")
    assert HEAT_PUMP in page.browser.text(".effects")
    page.browser.click(CONFIRM)
    wait(lambda: WALL_BOX in page.browser.text(".tree"))
    account = client.get("Access.GetAccount", username="bob")["account"]
    assert account["allowedThingIds"] == [HEAT_PUMP, WALL_BOX]


def test_a_forgotten_password_is_replaced_and_details_are_kept(page):
    add(page, "bob")
    page.fill(Shown_as="Bob the Builder")
    page.browser.click("//form[.//label[.='E-mail']]//button[@type='submit']")
    wait(lambda: "Bob the Builder" in page.browser.text(".facts"))
    page.press("Reset the password")
    page.fill(Password="Another-Plain-8", Password_once_more="Another-Plain-8")
    page.browser.click("dialog button[type=submit]")
    page.says("The password is changed.")
    page.press("Sign out")
    page.sign_in("bob", "Another-Plain-8")
    assert page.views == ["Own account"]
