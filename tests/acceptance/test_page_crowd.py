"""The admin page in front of 5,000 users and 10,000 rules: few are drawn, and each is found."""

from collections.abc import Iterator

import pytest

from bench.populate import populate
from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, Browser, wait
from tests.acceptance.page import AXE, Page
from tests.acceptance.server import Server

USERS = 5_000
RULES = 10_000  # the most that one user may have
DRAWN = "[...document.querySelectorAll('tbody th')].map(th => th.textContent)"
# Scroll through the whole table, and give all names that were drawn, and how many at most.
SCROLLED = f"""(async () => {{
  const box = document.querySelector('.table');
  const names = new Set();
  let most = 0;
  for (let top = 0; top < box.scrollHeight; top += box.clientHeight) {{
    box.scrollTop = top;
    await new Promise(requestAnimationFrame);
    const drawn = {DRAWN};
    most = Math.max(most, drawn.length);
    drawn.forEach(name => names.add(name));
  }}
  return [names.size, most];
}})()"""

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a server with many users; who is signed in is the first of them."""
    server = Server(tmp_path_factory.mktemp("crowd") / "data")
    owner = populate(server.data, USERS, 1)[0]
    try:
        server.start()
        assert server.run("user", "passwd", owner.name, password=PASSWORD).returncode == 0
        yield Page(browser, server).open().sign_in(owner.name)
    finally:
        server.discard()


@pytest.fixture
def users(page: Page) -> Page:
    """The list of them all."""
    page.press("Overview")
    page.press("Users")
    page.shows("Users")
    page.says("5,000 rows")
    return page


def test_few_are_drawn_at_a_time_and_each_can_be_reached(users):
    names, most = users.browser.value(SCROLLED)
    assert names == USERS
    assert most < 100
    users.check_everywhere()


def test_the_keyboard_reaches_the_first_and_the_last(users):
    users.browser.run("document.querySelector('.table').focus()")
    users.browser.press("\ue010")  # End
    wait(lambda: users.browser.value(DRAWN)[-1] == "user004999")
    users.browser.press("\ue011")  # Home
    wait(lambda: users.browser.value(DRAWN)[0] == "user000000")
    users.press("Name")
    wait(lambda: users.browser.value(DRAWN)[0] == "user004999")


def test_search_finds_one_of_them_by_any_word_and_leads_to_their_page(users):
    users.browser.type("input[type=search]", "0432 Example.com")
    users.says("11 of 5,000")
    users.browser.type("input[type=search]", "User 004321")
    users.says("1 of 5,000")
    assert users.browser.value(DRAWN) == ["user004321"]
    users.press("user004321")
    users.shows("user004321")
    users.says("Active")


def test_what_others_change_shows_and_search_and_focus_stay(users, connect):
    users.browser.type("input[type=search]", "user001234")
    users.says("1 of 5,000")
    users.browser.run("document.querySelector('tbody a').focus()")
    client = connect(users.server)
    client.hello()
    client.sign_in("user000000", PASSWORD)
    changed = client.get(
        "Users.SetUserInfo", username="user001234", displayName="Ann", email="ann@example.com"
    )
    assert changed == {"error": "UserErrorNoError"}
    client.get("Access.SignOut")  # no further device is left behind
    wait(lambda: "Ann" in users.browser.text("tbody"))
    assert users.browser.value("document.querySelector('input[type=search]').value") == (
        "user001234"
    )
    assert users.browser.text(":focus") == "user001234"
    users.says("1 of 5,000")


def test_the_devices_of_all_are_listed_and_found_by_their_owner(page):
    page.press("Tokens and devices")
    page.shows("Tokens and devices")
    page.says("5,000 rows")
    assert len(page.browser.value(DRAWN)) < 100
    page.browser.type("input[type=search]", "user004321")
    page.says("1 of 5,000")
    page.check_everywhere()


def test_the_names_of_all_are_offered_to_a_new_token(page):
    page.press("Tokens and devices")
    page.shows("Tokens and devices")
    page.press("New token")
    page.fill(Owner="user004321")
    names = (
        "[...document.querySelector('#' + document.activeElement.getAttribute('list')).options]"
    )
    wait(lambda: page.browser.value(f"{names}.length") == USERS)
    assert page.browser.value(f"{names}.at(-1).value") == "user004999"
    page.check_everywhere()
    page.press("Cancel")


def test_of_very_many_rules_few_are_drawn_and_one_is_found_changed_and_saved(page, connect):
    client = connect(page.server)
    client.hello()
    client.sign_in("user000000", PASSWORD)
    items = [{"name": f"Plant.Unit{n:05}.SetPoint", "mayWrite": True} for n in range(RULES)]
    client.get("Access.SetAccountRights", username="user000777", items=items)
    page.open("/#/users/user000777").shows("user000777")
    page.says("100 of 10,000")
    assert page.browser.value("document.querySelectorAll('.rule-rows li').length") == 100
    assert page.browser.value("document.querySelectorAll('.tree .spoken').length") < 200
    page.check_everywhere()

    page.browser.type("section:has(.tree) input[type=search]", "unit04321")
    wait(lambda: "Plant.Unit04321.SetPoint" in page.browser.text(".tree"))
    assert "Plant.Unit00000" not in page.browser.text(".tree")
    assert page.browser.value("document.activeElement.value") == "unit04321"
    page.browser.type("form input[type=search]", "unit04321")
    wait(lambda: page.browser.value("document.querySelectorAll('.rule-rows li').length") == 1)
    page.browser.click(".rule-rows select[aria-label=May] option:first-child")
    page.browser.click("form:has(.rule-rows) button[type=submit]")
    page.says("What this changes")
    assert page.browser.text(".effects").count("Plant.Unit") == 1
    page.browser.click("dialog button[type=submit]")
    wait(lambda: "read" in page.browser.text(".tree"))
    saved = client.get("Access.GetAccount", username="user000777")["account"]["items"]
    assert [one for one in saved if not one.get("mayWrite")] == [
        {"name": "Plant.Unit04321.SetPoint", "isPrefix": False, "mayWrite": False}
    ]
    assert len(saved) == RULES
    client.get("Access.SetAccountRights", username="user000777", items=[])
    client.get("Access.SignOut")
