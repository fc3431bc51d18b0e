"""Two pages of one server, side by side: each shows what the other does, and none loses what is typed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.acceptance.box import ADMIN, PASSWORD, Connect
from tests.acceptance.browser import NEEDS_BROWSER, Browser, a_browser, wait
from tests.acceptance.client import Client
from tests.acceptance.page import AXE, Page
from tests.acceptance.server import Server

CONFIRM = "dialog:last-of-type button[type=submit]"
BOILER = "Objects.Plant.Boiler.Setpoint"
Pair = tuple[Page, Page]

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Browser]]:
    """Two browsers in English."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(a_browser(tmp_path_factory.mktemp(name), "--lang=en-US"))
            for name in ("left", "right")
        ]


@pytest.fixture
def pages(browsers: list[Browser], start) -> Iterator[Pair]:
    """The page of a new server in both: olga's, who has just set it up, and ann's beside it."""
    server: Server = start("new", ("nymea", "http"))
    server._listen = list(server.urls.values())  # it keeps its ports when it starts again
    for browser in browsers:
        browser.complaints()
    left, right = (Page(browser, server) for browser in browsers)
    left.set_up()
    client = Client(server.urls["nymea"])
    client.hello()
    client.sign_in("olga", PASSWORD)
    add(client, "ann", ADMIN)
    add(client, "bob")
    client.close()
    right.open().sign_in("ann")
    yield left, right
    for browser in browsers:
        lost = "WebSocket connection to"
        assert [one for one in browser.complaints() if lost not in one] == []


def add(client: Client, name: str, *scopes: str) -> None:
    params = {"username": name, "password": PASSWORD, "scopes": list(scopes)}
    assert client.get("Users.CreateUser", **params) == {"error": "UserErrorNoError"}


def to(page: Page, view: str, name: str = "") -> Page:
    """Go to a view by the navigation, and there to whom or what is called *name*."""
    page.press(view)
    page.shows(view)
    if name:
        wait(lambda: name in page.browser.text("table"))
        page.press(name)
        page.shows(name)
        page.says("Item rules")
    return page


def save(page: Page, near: str, *, confirm: bool = False) -> None:
    """Press the "Save" of the form with a label."""
    page.browser.click(f"//form[.//label[.='{near}']]//button[@type='submit']")
    if confirm:
        page.says("What this changes")
        page.browser.click(CONFIRM)
    page.says("Saved.")


def part(page: Page, title: str) -> str:
    """Give the text of the part of a page with a heading."""
    return page.browser.text(f"section[aria-labelledby='{heading(page, title)}']")


def heading(page: Page, title: str) -> str:
    wanted: str = page.browser.value(
        f"[...document.querySelectorAll('h2')].find(one => one.textContent === '{title}').id"
    )
    return wanted


def rule_names(page: Page) -> list[str]:
    """Give the names in the table of rules."""
    names: list[str] = page.browser.value(
        "[...document.querySelectorAll('.rule-rows input')].map(one => one.value)"
    )
    return names


def add_rule(page: Page, name: str) -> None:
    """Add a rule to whom or what is shown, and save it."""
    page.press("Add a rule")
    page.browser.type(".rule-rows input", name)
    page.browser.click("form:has(.rule-rows) button[type=submit]")
    page.says("What this changes")
    page.browser.click(CONFIRM)
    page.says("Saved.")


# --- what the other does --------------------------------------------------------------------------


def test_users_that_are_added_changed_and_removed_in_one_are_so_in_the_other(pages):
    left, right = pages
    to(left, "Users")
    to(right, "Users").press("Add a user")
    right.fill(Name="carl", Password=PASSWORD, Password_once_more=PASSWORD)
    right.browser.click(CONFIRM)
    right.shows("carl")
    wait(lambda: "carl" in left.browser.text("table"))

    right.fill(Shown_as="Carl of the night shift")
    save(right, "Shown as")
    wait(lambda: "Carl of the night shift" in left.browser.text("table"))
    to(left, "Users", "carl")
    right.browser.click(right.field("See all things"))
    save(right, "See all things", confirm=True)
    wait(lambda: "See all things" in left.browser.text(".tree"))
    assert left.browser.value(
        f"document.querySelector('{left.field('See all things')}').checked"
    )

    right.press("Delete")
    right.fill(**{"Type “carl” to confirm": "carl"})
    right.browser.click("dialog button.danger")
    left.shows("Users")
    left.says("This user is gone.")
    wait(lambda: "carl" not in left.browser.text("table"))


def test_rules_of_a_group_that_one_changes_show_where_they_count_in_the_other(pages):
    left, right = pages
    to(right, "Groups").press("Add a group")
    right.fill(Name="operators")
    right.browser.click(CONFIRM)
    right.shows("operators")
    to(left, "Users", "bob")
    wait(lambda: "operators" in part(left, "Groups"))
    left.browser.click(left.field("operators"))
    save(left, "operators", confirm=True)
    wait(lambda: "bob" in part(right, "Members"))

    add_rule(right, BOILER)
    wait(lambda: f"{BOILER} read by operators" in left.browser.text(".tree").replace("\n", " "))
    left.press("by operators")
    left.shows("operators")
    wait(lambda: rule_names(left) == [BOILER])
    add_rule(left, "Objects.Plant.Pump")
    wait(lambda: rule_names(right) == rule_names(left))
    assert len(rule_names(right)) == 2

    left.press("Delete")
    left.fill(**{"Type “operators” to confirm": "operators"})
    left.browser.click("dialog button.danger")
    right.shows("Groups")
    right.says("This group is gone.")


def test_who_loses_the_right_to_manage_users_is_shown_no_more_of_them(pages):
    left, right = pages
    to(right, "Users").press("Add a user")
    right.says("Password once more")
    to(left, "Users", "ann")
    left.browser.click(left.field("Everything: administrator"))
    save(left, "Everything: administrator", confirm=True)
    wait(lambda: right.views == ["Own account"])
    right.shows("Own account")
    assert "Password once more" not in right.browser.text("dialog")
    assert "olga" not in right.text
    right.check_everywhere()


def test_whose_access_is_taken_away_is_signed_out_at_once(pages):
    left, right = pages
    to(left, "Users", "ann")
    wait(lambda: "Revoke" in part(left, "Signed-in devices"))
    left.press("Revoke")
    left.browser.click("//dialog//button[.='Revoke']")
    right.shows("Sign in")
    right.says("You have been signed out")
    wait(lambda: "No device." in part(left, "Signed-in devices"))


# --- what is typed --------------------------------------------------------------------------------


def test_what_is_typed_stays_when_the_other_changes_the_same_and_saves_nothing_else(
    pages, connect: Connect
):
    left, right = pages
    to(left, "Users", "bob").fill(Shown_as="Bob the Builder")
    left.browser.click(left.field("Control things"))
    left.press("Add a rule")
    left.browser.type(".rule-rows input", BOILER)

    to(right, "Users", "bob").fill(**{"Shown as": "Robert", "E-mail": "bob@example.com"})
    save(right, "Shown as")
    right.browser.click(right.field("See all things"))
    save(right, "See all things", confirm=True)
    add_rule(right, "Objects.Plant.Pump")
    wait(lambda: "Objects.Plant.Pump" in left.browser.text(".tree"))

    assert left.value("Shown as") == "Bob the Builder"
    assert left.value("E-mail") == "bob@example.com"
    assert rule_names(left) == [BOILER, "Objects.Plant.Pump"]
    save(left, "Shown as")
    save(left, "Control things", confirm=True)
    client = connect(left.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    account = client.get("Access.GetAccount", username="bob")["account"]
    assert (account["displayName"], account["email"]) == ("Bob the Builder", "bob@example.com")
    assert account["scopes"] == [
        "PermissionScopeControlThings",
        "PermissionScopeAccessAllThings",
    ]
    left.browser.click("form:has(.rule-rows) button[type=submit]")
    left.says("What this changes")
    assert "Pump" not in left.browser.text(".effects")
    left.browser.click(CONFIRM)
    wait(lambda: f"{BOILER} read" in left.browser.text(".tree").replace("\n", " "))
    items = client.get("Access.GetAccount", username="bob")["account"]["items"]
    assert {one["name"] for one in items} == {BOILER, "Objects.Plant.Pump"}


def test_what_is_typed_stays_while_the_server_starts_again_and_can_be_saved_then(pages):
    left, right = pages
    to(left, "Users", "bob").fill(Shown_as="Bob the Builder")
    left.press("Add a rule")
    left.browser.type(".rule-rows input", BOILER)
    to(right, "Users").press("Add a user")
    right.fill(Name="carl", Password=PASSWORD)
    server = left.server
    for end in (server.stop, server.kill):
        end()
        left.says("The connection is lost.")
        server.start()
        wait(lambda: not any("connection is lost" in page.text for page in pages))
        assert left.value("Shown as") == "Bob the Builder"
        assert rule_names(left) == [BOILER]
        assert right.value("Name") == "carl"
        assert right.value("Password") == PASSWORD
    right.fill(Password_once_more=PASSWORD)
    right.browser.click(CONFIRM)
    right.shows("carl")
    save(left, "Shown as")
    wait(lambda: "Bob the Builder" in left.browser.text(".facts"))
    to(left, "Users", "carl")
