"""The admin page as people use it, in a real browser in front of a real server."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.box import ADMIN, ALL_SIX, CONTROL, PASSWORD, Connect, set_up
from tests.acceptance.browser import NEEDS_BROWSER, Browser, a_browser, wait
from tests.acceptance.client import Client
from tests.acceptance.page import AXE, Page
from tests.acceptance.server import Server

OTHER = "Another-Plain-8"
EVERY_VIEW = [
    "Overview",
    "Users",
    "Groups",
    "Tokens and devices",
    "Pairing",
    "Audit trail",
    "Own account",
]

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in English; each server has a port, and so an origin, of its own."""
    with a_browser(tmp_path_factory.mktemp("browser"), "--lang=en-US") as browser:
        yield browser


@pytest.fixture
def server(start) -> Server:
    """A new server that keeps its ports when it starts again."""
    server: Server = start("new", ("nymea", "http", "https"))
    server._listen = list(server.urls.values())
    return server


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of a new server; the browser must find nothing to complain about."""
    page = Page(browser, server)
    browser.complaints()
    yield page
    lost = "WebSocket connection to"
    assert [one for one in browser.complaints() if lost not in one] == []


def greeted(connect: Connect, server: Server, name: str = "olga") -> Client:
    client = connect(server)
    client.hello()
    client.sign_in(name, PASSWORD)
    return client


def add(client: Client, name: str, *scopes: str) -> None:
    returned = client.get(
        "Users.CreateUser", username=name, password=PASSWORD, scopes=list(scopes)
    )
    assert returned == {"error": "UserErrorNoError"}


def denials(client: Client) -> list[object]:
    events: list[object] = client.get("Access.GetAuditEvents", action="denied")["events"]
    return events


# --- set-up ---------------------------------------------------------------------------------------


def test_a_new_box_is_set_up_over_tls_by_whoever_compares_the_fingerprint(
    browser, server, connect
):
    page = Page(browser, server, "https").open()
    page.shows("Set up")
    printed = re.search(r"fingerprint: ([0-9A-F:]+)", server.printed.read_text())
    assert printed is not None
    assert browser.value("document.querySelector('code').textContent") == printed[1]
    page.check_everywhere()

    page.press("Make the account and sign in")
    assert page.wrong("Name") == "Please fill this in."
    page.fill(Name="Olga", Password="weak", Password_once_more="other")
    page.press("Make the account and sign in")
    assert page.wrong("Password") == "This does not meet the rules."
    assert page.wrong("Password once more") == "The two differ."
    page.check_everywhere()

    page.fill(Password="Password1", Password_once_more="Password1")
    page.press("Make the account and sign in")
    wait(lambda: "tried first by everybody" in page.wrong("Password"))
    page.fill(Password=PASSWORD, Password_once_more=PASSWORD, This_device_is_called="tablet")
    page.press("Make the account and sign in")
    page.shows("Overview")
    client = greeted(connect, server)
    assert client.get("Users.GetUserInfo")["userInfo"]["scopes"] == ALL_SIX
    tokens = client.get("Users.GetTokens")["tokenInfoList"]
    assert "tablet" in [one["deviceName"] for one in tokens]


def test_a_box_that_asks_for_its_code_has_it_from_the_link_or_by_hand(browser, start):
    server: Server = start("coded", ("http",), ("--setup-code",))
    wait(lambda: "#setup=" in server.printed.read_text())
    found = re.search(r"#setup=(\S+)", server.printed.read_text())
    assert found is not None
    page = Page(browser, server).open(f"/#setup={found[1]}")
    page.shows("Set up")
    assert page.value("Set-up code") == found[1]
    assert browser.value("location.href") == f"{page.address}/"

    page.fill(Name="olga", Password=PASSWORD, Password_once_more=PASSWORD)
    page.fill(**{"Set-up code": "wrong"})
    page.press("Make the account and sign in")
    wait(lambda: page.wrong("Set-up code") == "The set-up code is wrong.")
    page.check_everywhere()
    assert page.value("Name") == "olga"
    page.fill(**{"Set-up code": found[1].lower().replace("-", " ")})
    page.press("Make the account and sign in")
    page.shows("Overview")


def test_whoever_guesses_the_code_is_told_how_long_to_wait(browser, start):
    page = Page(browser, start("coded", ("http",), ("--setup-code",))).open()
    page.fill(Name="olga", Password=PASSWORD, Password_once_more=PASSWORD)
    page.fill(**{"Set-up code": "wrong"})
    told = []

    def is_told_to_wait():
        page.press("Make the account and sign in")
        told.append(page.browser.text("form [role=alert]"))
        return told[-1]

    wait(is_told_to_wait)
    assert re.fullmatch(r"Too many failures. You can try again in \d+:\d\d.", told[-1])
    page.says("You can try again now.")
    assert page.value("Set-up code") == "wrong"


# --- signing in and out ---------------------------------------------------------------------------


def test_a_wrong_password_is_told_and_then_how_long_to_wait(page, server, connect):
    set_up(connect(server))
    page.open()
    page.shows("Sign in")
    page.check_everywhere()
    page.fill(Name="olga", Password=OTHER)
    for _ in range(9):
        page.press("Sign in")
        wait(lambda: page.browser.text("form [role=alert]"))
        if "too many" in page.browser.text("form [role=alert]").lower():
            break
    assert re.search(r"try again in \d+:\d\d", page.browser.text("form [role=alert]"))
    assert page.value("Name") == "olga"
    page.check_everywhere()


def test_the_token_stays_in_the_tab_unless_one_stays_signed_in(page, server, connect):
    set_up(connect(server))
    page.open().fill(This_device_is_called="phone of Olga")
    page.sign_in("olga")
    assert page.stored("sessionStorage")["keystead.token"].startswith("kst_")
    assert "keystead.token" not in page.stored("localStorage")
    assert page.browser.value("document.cookie") == ""
    assert page.browser.value("location.href").endswith("/")
    page.browser.reload()
    page.shows("Overview")

    page.press("Sign out")
    page.shows("Sign in")
    assert "keystead.token" not in page.stored("sessionStorage")
    assert page.value("This device is called") == "phone of Olga"
    page.browser.click(page.field("Stay signed in on this device"))
    page.sign_in("olga")
    assert "keystead.token" not in page.stored("sessionStorage")
    assert page.stored("localStorage")["keystead.token"].startswith("kst_")
    page.browser.reload()
    page.shows("Overview")


def test_signing_out_revokes_the_token(page, server, connect):
    page.set_up()
    token = page.stored("sessionStorage")["keystead.token"]
    page.press("Sign out")
    page.shows("Sign in")
    assert connect(server).hello(token)["authenticated"] is False


def test_whoever_is_signed_out_from_elsewhere_is_told(page, server, connect):
    page.set_up()
    client = greeted(connect, server)
    add(client, "ann", CONTROL)
    page.press("Sign out")
    page.sign_in("ann")
    client.get("Access.SetAccountState", username="ann", enabled=False)
    page.shows("Sign in")
    page.says("You have been signed out")


@pytest.mark.clause(
    "NIST SP 800-63B-4 3.1.1.2 managers", "OWASP ASVS 5.0 6.2.6", "OWASP ASVS 5.0 6.2.7"
)
def test_passwords_are_hidden_and_can_be_pasted_and_filled_in_by_programs(
    page, server, connect
):
    def autocomplete(label):
        return page.browser.value(f"document.querySelector('{page.field(label)}').autocomplete")

    def is_hidden(label):
        return page.browser.value(
            f"document.querySelector('{page.field(label)}').type === 'password'"
        )

    page.open().shows("Set up")
    assert is_hidden("Password")
    assert is_hidden("Password once more")
    assert autocomplete("Password") == autocomplete("Password once more") == "new-password"
    set_up(connect(server))
    page.browser.reload()
    page.shows("Sign in")
    assert is_hidden("Password")
    assert (autocomplete("Name"), autocomplete("Password")) == ("username", "current-password")
    for label, text in (("Name", "olga"), ("Password", PASSWORD)):
        page.browser.run(f"document.querySelector('{page.field(label)}').focus()")
        page.browser.devtools("Input.insertText", text=text)  # as a clipboard does, in one
    page.press("Sign in")
    page.shows("Overview")


@pytest.mark.clause("OWASP ASVS 5.0 7.4.4")
def test_every_view_shows_where_to_sign_out(page):
    page.set_up()
    for view in page.views:
        page.press(view)
        page.shows(view)
        assert page.browser.text(".bar .me button") == "Sign out"


def test_signing_in_needs_no_mouse(page, server, connect):
    set_up(connect(server))
    page.open().shows("Sign in")
    page.browser.press("olga\ue004")
    page.browser.press(PASSWORD)
    page.browser.press("\ue007")
    page.shows("Overview")
    assert page.browser.value("document.activeElement.tagName") == "H1"
    page.browser.run("document.activeElement.blur()")
    page.browser.press("\ue004")
    assert page.browser.text(":focus") == "Skip to the content"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.browser.value(outline) == "solid"
    page.browser.press("\ue007")
    assert page.browser.value("document.activeElement.id") == "main"


def test_where_nobody_has_to_sign_in_the_page_is_open(browser, start):
    server = start("open", ("http?authentication=off",))
    page = Page(browser, server).open()
    page.shows("Overview")
    assert page.views == EVERY_VIEW


# --- views ----------------------------------------------------------------------------------------


def test_the_overview_tells_who_is_there_and_what_happens_and_what_to_mind(
    page, server, connect
):
    page.set_up()
    page.says("There is only one administrator")
    page.says("Passwords may be short")
    page.says("not encrypted")
    client = greeted(connect, server)
    add(client, "ann", ADMIN)
    page.says("User added")
    page.says("olga → ann")
    wait(lambda: "only one administrator" not in page.text)
    page.check_everywhere()


def test_the_overview_tells_of_devices_that_were_away_and_leads_to_them(page, server, connect):
    page.set_up()
    greeted(connect, server)
    with closing(sqlite3.connect(server.data / "keystead.sqlite")) as database, database:
        database.execute("update token set last_used = 0 where device_name = 'a phone'")
    page.open()
    page.press("1 device has been away for 90 days")
    page.shows("Tokens and devices")


def test_the_own_account_shows_devices_and_revokes_them(page, server, connect):
    page.set_up()
    page.press("Own account")
    page.shows("Own account")
    page.says("Everything: administrator")
    client = greeted(connect, server)
    wait(lambda: page.browser.value("document.querySelectorAll('.rows li').length") == 2)
    page.check_everywhere()
    page.press("Revoke")
    page.browser.click("//dialog//button[.='Revoke']")
    wait(lambda: page.browser.value("document.querySelectorAll('.rows li').length") == 1)
    page.says("has no access any more")
    page.check_everywhere()
    assert client.rest()[-1]["status"] == "unauthorized"


def test_the_own_password_is_changed(page, server, connect):
    page.set_up()
    page.press("Own account")
    page.fill(Password=OTHER, Password_once_more=OTHER)
    page.press("Change the password")
    page.says("The password is changed.")
    assert page.value("Password") == ""
    client = connect(server)
    client.hello()
    assert client.sign_in("olga", OTHER)


def test_who_may_do_little_sees_little_and_the_page_does_not_try_more(page, server, connect):
    page.set_up()
    client = greeted(connect, server)
    add(client, "ann", CONTROL)
    page.press("Sign out")
    page.sign_in("ann")
    page.shows("Own account")
    assert page.views == ["Own account"]
    page.says("Control things")
    assert "Revoke" not in page.text
    assert "Change the password" not in page.text
    page.check_everywhere()
    page.open("/#/overview")
    page.shows("Own account")
    assert denials(client) == []

    client.get("Users.SetUserScopes", username="ann", scopes=[ADMIN])
    wait(lambda: page.views == EVERY_VIEW)
    client.get("Users.SetUserScopes", username="ann", scopes=[])
    wait(lambda: page.views == ["Own account"])
    assert denials(client) == []


def test_a_lost_connection_is_told_and_comes_back_and_nothing_typed_is_lost(page, server):
    page.set_up()
    page.press("Own account")
    page.fill(Password=OTHER)
    for end in (server.stop, server.kill):
        end()
        page.says("The connection is lost")
        page.check_everywhere()
        server.start()
        wait(lambda: "connection is lost" not in page.text)
        assert page.value("Password") == OTHER
    page.fill(Password_once_more=OTHER)
    page.press("Change the password")
    page.says("The password is changed.")


# --- what keeps the page safe ---------------------------------------------------------------------


def test_the_page_runs_nothing_inline_and_talks_to_nobody_else(page, browser):
    page.open().shows("Set up")
    browser.run(
        "const one = document.createElement('script');"
        "one.textContent = 'window.isBroken = true'; document.body.append(one);"
        "const other = document.createElement('p');"
        "other.setAttribute('style', 'color: red'); document.body.append(other);"
        "window.broken = []; addEventListener('securitypolicyviolation',"
        "  event => broken.push(event.effectiveDirective));"
    )
    assert browser.value("window.isBroken ?? false") is False
    browser.run(
        "fetch('http://127.0.0.1:9/').catch(() => 0);"
        "try { new WebSocket('ws://127.0.0.1:9/'); } catch {}"
    )
    wait(lambda: browser.value("broken.filter(one => one === 'connect-src').length") == 2)
    assert set(browser.value("broken")) == {"connect-src", "script-src-elem", "style-src-attr"}
    assert len(browser.complaints()) >= 4


def test_a_table_of_thousands_keeps_few_of_them_and_searches_them_all(page, browser):
    page.open().shows("Set up")
    browser.value(
        "Promise.all([import('/table.js'), import('/ui.js')]).then(([{ table }, { head }]) => {"
        "  window.shown = table({ label: 'Users', empty: 'none', key: row => row.name,"
        "    text: row => row.name, sortBy: 0, columns: ["
        "      { title: 'Name', cell: row => row.name, sort: row => row.name },"
        "      { title: 'Age', cell: row => row.age, sort: row => row.age, number: true }]});"
        "  document.getElementById('main').replaceChildren(head('Users'), shown.root);"
        "  shown.show(Array.from({ length: 5000 }, (_, n) =>"
        "    ({ name: `user ${n}`, age: 5000 - n })));"
        "})"
    )
    rows = "[...document.querySelectorAll('tbody th')].map(th => th.textContent)"
    assert browser.value(f"{rows}.length") < 100
    assert browser.value(f"{rows}[0]") == "user 0"
    assert "5,000 rows" in page.text
    browser.run("document.querySelector('.table').scrollTop = 1e9")
    wait(lambda: browser.value(f"{rows}.at(-1)") == "user 4999")
    page.press("Age")
    browser.run("document.querySelector('.table').scrollTop = 0")
    wait(lambda: browser.value(f"{rows}[0]") == "user 4999")
    assert browser.value("document.querySelector('[aria-sort]').textContent") == "Age"
    page.check_everywhere()
    browser.type("input[type=search]", "user 123")
    wait(lambda: "15 of 5,000" in page.text)
    assert browser.value(f"{rows}.length") == 15
    browser.type("input[type=search]", "nobody")
    page.says("Nothing matches.")
    page.check_everywhere()
