"""What the admin page shows to whom: in each view no more than the API gives, and it asks for no more."""

import pytest

from tests.acceptance.box import CONTROL, PASSWORD, Connect
from tests.acceptance.browser import NEEDS_BROWSER, wait
from tests.acceptance.client import Client
from tests.acceptance.page import AXE, Page

LINKS = "[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))"
SECRET = "secret-group"
# Answers come in the order of the requests, so that with this one all are there.
ANSWERED = (
    "import('/store.js').then(({ api }) => api.ask('JSONRPC.KeepAlive', { sessionId: '' }))"
)

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def olga(page: Page, connect: Connect) -> Client:
    """The administrator at another client, with a group and a user ann who may do nothing."""
    client: Client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    client.get("Access.WriteGroup", name=SECRET, rights=["AccessRightUserEdit"])
    client.get("Users.CreateUser", username="ann", password=PASSWORD, scopes=[CONTROL])
    return client


def addresses(page: Page) -> list[str]:
    """Give where every view is, and the pages of a user and of a group."""
    links: list[str] = page.browser.value(LINKS)
    assert len(links) >= 4
    return [*links, "#/users/olga", f"#/groups/{SECRET}"]


def denials(client: Client) -> list[object]:
    events: list[object] = client.get("Access.GetAuditEvents", action="denied")["events"]
    return events


def test_no_address_leads_whoever_manages_no_users_beyond_the_own_account(page, olga):
    everywhere = addresses(page)
    page.press("Sign out")
    page.sign_in("ann")
    for address in everywhere:
        page.open(f"/{address}")
        page.says("This browser")
        assert page.title not in {"olga", SECRET}, address
        assert "olga" not in page.text, address
        assert SECRET not in page.text, address
        assert not {"Overview", "Users", "Groups"} & {*page.views}
    assert denials(olga) == []


def test_who_manages_users_sees_what_that_takes_and_nothing_of_the_trail(page, olga):
    everywhere = addresses(page)
    olga.get("Access.SetAccountRights", username="ann", groups=[SECRET])
    page.press("Sign out")
    page.sign_in("ann")
    assert {"Overview", "Users", "Groups"} <= {*page.views}
    for address in everywhere:
        page.open(f"/{address}").browser.value(ANSWERED)
        assert "Recent events" not in page.text, address
        assert "Needs attention" not in page.text, address
    page.open("/#/users/olga").shows("olga")
    page.says("Everything: administrator")
    page.check_everywhere()
    assert denials(olga) == []


def test_what_the_rules_refuse_is_said_in_words_and_what_was_typed_stays(page, olga):
    olga.get("Access.SetAccountRights", username="ann", groups=[SECRET])
    page.press("Sign out")
    page.sign_in("ann")
    page.open("/#/users/olga").shows("olga")
    page.says("Active")
    page.fill(Shown_as="Olga, the great")
    page.browser.click("//form[.//label[.='E-mail']]//button[@type='submit']")
    said = f"form:has({page.field('E-mail')}) [role=alert]"
    wait(lambda: page.browser.text(said) == "The rules do not allow this.")
    assert page.value("Shown as") == "Olga, the great"
