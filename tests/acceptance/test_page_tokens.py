"""Tokens and devices on the admin page: found, made, renamed, limited, rotated, revoked, as clients feel it."""

from typing import Any

import pytest

from tests.acceptance.box import ADMIN, CONTROL, PASSWORD, Connect
from tests.acceptance.browser import NEEDS_BROWSER, wait
from tests.acceptance.client import Client
from tests.acceptance.page import AXE, Page

CONFIRM = "dialog:last-of-type button[type=submit]"
SAVE = "//section[h2='Details']//button[.='Save']"
END = 2_000_000_017  # seconds; not the first of a minute
LAMP = "11111111-2222-3333-4444-555555555555"
BOILER = {"name": "Plant.Boiler", "isPrefix": True, "mayWrite": True}

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def olga(page: Page, connect: Connect) -> Client:
    """The administrator at another client, and a second administrator ann."""
    client: Client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD, "laptop of Olga")
    client.get("Users.CreateUser", username="ann", password=PASSWORD, scopes=[ADMIN])
    return client


def made(olga: Client, device: str, **params: object) -> str:
    """Make a token of ann, and give its secret."""
    params = {"username": "ann", "deviceName": device, **params}
    secret: str = olga.get("Access.CreateToken", **params)["token"]
    return secret


def at_page(page: Page, device: str = "") -> Page:
    """Come to the view, and to the page of a device's token."""
    page.press("Tokens and devices")
    page.shows("Tokens and devices")
    if device:
        page.says(device)
        page.press(device)
        page.shows(device)
    return page


def seen(olga: Client, device: str) -> dict[str, Any]:
    """Give what the server says of ann's token of that name."""
    held = olga.get("Access.GetTokens", username="ann")["tokens"]
    (one,) = (one for one in held if one["deviceName"] == device)
    return dict(one)


def rows(page: Page) -> list[str]:
    """Give what the rows of the table are called."""
    names: list[str] = page.browser.value(
        "[...document.querySelectorAll('tbody th')].map(th => th.innerText)"
    )
    return names


def shown(page: Page) -> str:
    """Wait for the secret that is shown once, see it as a code too, and close it."""
    page.says("Shown this once")
    secret = page.browser.text("dialog code")
    assert page.browser.value("document.querySelectorAll('dialog svg.qr path').length") == 1
    page.press("Copy")
    page.says("Copied.")
    page.check_everywhere()
    page.browser.click("//dialog//button[.='Close']")
    wait(lambda: secret not in page.browser.value("document.documentElement.innerHTML"))
    return secret


def test_all_tokens_are_listed_and_found_by_device_owner_and_use(page, olga, connect):
    made(olga, "meter", scopes=[CONTROL], items=[BOILER], expires=END)
    phone = connect(page.server)
    phone.hello()
    phone.sign_in("ann", PASSWORD, "phone of Ann")
    at_page(page)
    wait(lambda: {"laptop of Olga", "meter", "phone of Ann"} < {*rows(page)})
    (meter,) = (
        page.browser.text(f"tbody tr:nth-child({at})")
        for at, name in enumerate(rows(page), start=1)
        if name == "meter"
    )
    for part in ("ann", "just now", "never used yet", "Control things; Items (1)"):
        assert part in meter
    page.check_everywhere()
    page.browser.type("input[type=search]", "ann phone")
    assert rows(page) == ["phone of Ann"]
    page.browser.type("input[type=search]", "ann")
    assert {*rows(page)} == {"meter", "phone of Ann"}
    page.browser.click("select option:nth-child(2)")
    assert rows(page) == ["meter"]
    page.browser.click("select option:nth-child(3)")
    assert rows(page) == []


def test_what_others_make_rename_and_revoke_shows_by_itself(page, olga):
    at_page(page)
    wait(lambda: "laptop of Olga" in rows(page))
    made(olga, "tablet")
    wait(lambda: "tablet" in rows(page))
    token_id = seen(olga, "tablet")["id"]
    olga.get("Access.ChangeToken", tokenId=token_id, deviceName="old tablet")
    wait(lambda: "old tablet" in rows(page))
    page.press("old tablet")
    page.shows("old tablet")
    olga.get("Access.ChangeToken", tokenId=token_id, deviceName="older tablet")
    page.shows("older tablet")
    olga.get("Users.RemoveToken", tokenId=token_id)
    page.shows("Tokens and devices")
    page.says("This token is gone.")
    made(olga, "another")
    wait(lambda: "another" in rows(page))
    olga.get("Users.RemoveUser", username="ann")
    wait(lambda: rows(page) and "another" not in rows(page))


def test_a_new_token_for_an_account_is_limited_and_its_secret_is_shown_once(
    page, olga, connect
):
    at_page(page)
    page.press("New token")
    page.browser.click(CONFIRM)
    assert page.wrong("Name") == "Please fill this in."
    page.fill(Name="display in the hall", Owner="nobody")
    page.browser.click(CONFIRM)
    page.says("This user is gone.")
    page.fill(Owner="ann")
    page.browser.click(page.field("Only some rights"))
    page.browser.click(page.field("Control things"))
    page.browser.click(page.field("Only some items"))
    page.browser.click("//dialog//button[.='Add a rule']")
    page.browser.type("dialog .rule-rows input", "Plant.Boiler")
    page.check_everywhere()
    page.browser.click(CONFIRM)
    page.says("What this changes")
    told = page.browser.text("dialog:last-of-type").replace("\n", " ")
    assert "display in the hall" in told
    assert "May Everything: administrator" in told
    assert "Limits Control things; Items (1)" in told
    assert olga.get("Access.GetTokens", username="ann")["tokens"] == []
    page.check_everywhere()
    page.browser.click(CONFIRM)
    secret = shown(page)
    wait(lambda: "display in the hall" in rows(page))
    display = connect(page.server)
    assert display.hello(secret)["username"] == "ann"
    assert display.ask("Users.GetUsers")["error"] == "Permission denied."
    told = seen(olga, "display in the hall")
    assert (told["scopes"], told["rights"]) == ([CONTROL], [])
    assert told["items"] == [{"name": "Plant.Boiler", "isPrefix": False, "mayWrite": False}]
    assert "expires" not in told
    assert "allowedThingIds" not in told


def test_a_token_has_another_name_and_keeps_its_limits_and_its_end_to_the_second(page, olga):
    limits = {
        "scopes": [CONTROL],
        "rights": ["AccessRightDiag"],
        "allowedThingIds": [LAMP],
        "items": [BOILER],
    }
    secret = made(olga, "meter", expires=END, **limits)
    before = seen(olga, "meter")
    at_page(page, "meter")
    page.check_everywhere()
    page.fill(Name="meter in the cellar")
    page.browser.click(SAVE)
    page.says("Saved.")
    page.shows("meter in the cellar")
    after = seen(olga, "meter in the cellar")
    assert after == before | {"deviceName": "meter in the cellar"}
    assert (after["expires"], after["allowedThingIds"]) == (END, [LAMP])
    assert olga.hello(secret)["username"] == "ann"


def test_a_token_that_is_limited_can_do_less_at_once_and_more_again_when_it_is_not(
    page, olga, connect
):
    phone = connect(page.server)
    phone.hello(made(olga, "phone"))
    assert phone.ask("Users.GetUsers")["status"] == "success"
    at_page(page, "phone")
    page.browser.click(page.field("Only some rights"))
    page.browser.click(page.field("Control things"))
    page.browser.click(SAVE)
    page.says("What this changes")
    assert "Manage users" in page.browser.text(".effects")
    assert "phone" in page.browser.text(".effects h3")
    page.check_everywhere()
    assert phone.ask("Users.GetUsers")["status"] == "success"
    page.browser.click(CONFIRM)
    page.says("Saved.")
    wait(lambda: "Control things" in page.browser.text(".facts"))
    assert phone.ask("Users.GetUsers")["error"] == "Permission denied."
    page.browser.click(page.field("Only some rights"))
    page.browser.click(SAVE)
    page.says("What this changes")
    page.browser.click(CONFIRM)
    wait(lambda: "Control things" not in page.browser.text(".facts"))
    assert phone.ask("Users.GetUsers")["status"] == "success"


def test_a_rotated_token_works_and_the_old_one_does_not(page, olga, connect):
    old = made(olga, "meter", items=[BOILER])
    meter = connect(page.server)
    meter.hello(old)
    at_page(page, "meter")
    page.press("Rotate")
    page.says("The old secret opens nothing any more")
    page.browser.click(CONFIRM)
    new = shown(page)
    assert meter.rest()[-1]["status"] == "unauthorized"
    assert connect(page.server).hello(old)["authenticated"] is False
    assert connect(page.server).hello(new)["username"] == "ann"
    assert seen(olga, "meter")["items"] == [BOILER]


def test_a_lost_phone_is_signed_out_once_whoever_revokes_it_has_said_so_twice(
    page, olga, connect
):
    secret = made(olga, "phone of Ann")
    phone = connect(page.server)
    phone.hello(secret)
    at_page(page, "phone of Ann").press("Revoke")
    page.says("phone of Ann (ann) is signed out at once")
    page.check_everywhere()
    page.browser.click("//dialog//button[.='Cancel']")
    assert phone.works()
    page.press("Revoke")
    page.browser.click(CONFIRM)
    page.says("phone of Ann has no access any more.")
    page.shows("Tokens and devices")
    assert phone.rest()[-1]["status"] == "unauthorized"
    assert connect(page.server).hello(secret)["authenticated"] is False


def test_a_paired_device_has_a_token_of_nobody_that_can_be_renamed(page, olga):
    olga.get("JSONRPC.RequestPushButtonAuth", deviceName="panel")
    asked = olga.get("Access.GetPairing")["pairing"]
    olga.get("Access.ConfirmPairing", transactionId=asked["transactionId"])
    at_page(page, "panel")
    page.says("paired devices")
    page.fill(Name="panel in the hall")
    page.browser.click(SAVE)
    page.shows("panel in the hall")


def test_a_session_of_a_web_page_can_be_revoked_and_nothing_else(page, olga, open_tani):
    visitor = open_tani(page.server)
    visitor.sign_in("ann")
    at_page(page, "Session of a web page")
    assert "Save" not in page.text
    assert "Rotate" not in page.text
    page.press("Revoke")
    page.browser.click(CONFIRM)
    page.shows("Tokens and devices")
    wait(lambda: "Session of a web page" not in rows(page))


def test_who_looks_after_the_own_account_sees_the_own_tokens_only(
    browser, start, connect, tmp_path
):
    settings = tmp_path / "keystead.toml"
    settings.write_text("self_service = true\n")
    page = Page(browser, start("own", ("nymea", "http"), ("--config", str(settings)))).set_up()
    olga = connect(page.server)
    olga.hello()
    olga.sign_in("olga", PASSWORD, "laptop of Olga")
    olga.get("Users.CreateUser", username="ann", password=PASSWORD, scopes=[CONTROL])
    made(olga, "meter")
    page.press("Sign out")
    page.sign_in("ann")
    assert page.views == ["Tokens and devices", "Own account"]
    at_page(page)
    wait(lambda: "meter" in rows(page))
    assert len(rows(page)) == 2
    assert "olga" not in page.text
    page.press("New token")
    page.fill(Name="script")
    page.check_everywhere()
    page.browser.click(CONFIRM)
    page.says("What this changes")
    page.browser.click(CONFIRM)
    assert olga.hello(shown(page))["username"] == "ann"
    page.press("meter")
    page.shows("meter")
    page.check_everywhere()
