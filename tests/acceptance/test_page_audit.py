"""The audit trail on the admin page: as it grows, what is wanted of it, and files of that."""

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import NEEDS_BROWSER, wait
from tests.acceptance.client import Client
from tests.acceptance.page import AXE, Page

EVENTS = "Access.GetAuditEvents"
PORTION = 200  # events that are shown at first

pytestmark = [
    *NEEDS_BROWSER,
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: sh tools/test-needs.sh"),
]


@pytest.fixture
def admin(page, connect) -> Client:
    """A client of olga's beside the page."""
    client: Client = connect(page.server)
    client.hello()
    client.sign_in("olga", PASSWORD)
    return client


@pytest.fixture
def exported(page, tmp_path) -> Callable[[str, str], str]:
    """Give what a button of the page exports."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    where = {"behavior": "allow", "downloadPath": str(folder)}
    page.browser.devtools("Browser.setDownloadBehavior", **where)

    def is_whole(kind: str) -> bool:
        """An empty file may hold the name while the browser still writes another."""
        return [f.suffix for f in folder.iterdir() if f.stat().st_size] == [f".{kind}"]

    def export(what: str, kind: str) -> str:
        page.press(what)
        wait(lambda: is_whole(kind))
        (file,) = folder.glob(f"audit-*.{kind}")
        found: str = file.read_text("utf-8")
        file.unlink()
        return found

    return export


def to_audit(page: Page) -> None:
    page.press("Audit trail")
    page.shows("Audit trail")
    wait(lambda: rows(page))


def rows(page: Page) -> list[str]:
    """Give the rows that can be seen, the newest first."""
    found: list[str] = page.browser.value(
        "[...document.querySelectorAll('tbody tr:not(.gap)')].map(r => r.innerText)"
    )
    return found


def choose(page: Page, label: str, text: str) -> None:
    page.browser.click(f"//select[@aria-label='{label}']/option[normalize-space(.)='{text}']")


def add(client: Client, name: str, password: str = PASSWORD) -> None:
    params = {"username": name, "password": password, "scopes": []}
    assert client.get("Users.CreateUser", **params) == {"error": "UserErrorNoError"}


def guess(page: Page, name: str) -> None:
    """Sign in with a wrong password."""
    client = Client(page.server.urls["nymea"])
    client.hello()
    params = {"username": name, "password": "wrong", "deviceName": "x"}
    assert client.get("JSONRPC.Authenticate", **params) == {"success": False}
    client.close()


def group(client: Client, name: str) -> None:
    assert client.get("Access.WriteGroup", name=name)["error"] == "AccessErrorNoError"


def test_what_happens_elsewhere_shows_at_once_in_plain_words(page, admin):
    to_audit(page)
    add(admin, "ann")
    wait(lambda: rows(page)[0].startswith("User added"))
    assert "olga" in rows(page)[0]
    assert "ann" in rows(page)[0]
    guess(page, "ann")
    wait(lambda: re.match(r"Sign-in\s*failed", rows(page)[0]))
    page.check_everywhere()

    page.press("User added")
    wait(lambda: "127.0.0.1, JSON-RPC" in page.browser.text("dialog"))
    page.check_everywhere()
    page.browser.click("//dialog//button[.='Close']")
    page.shows("Audit trail")


def test_it_is_narrowed_by_account_action_outcome_and_words(page, admin):
    add(admin, "ann")
    add(admin, "bob")
    group(admin, "operators")
    guess(page, "ann")
    to_audit(page)
    wait(lambda: any("failed" in row for row in rows(page)))

    choose(page, "Outcome", "failed")
    wait(lambda: len(rows(page)) == 1)
    assert "failed" in rows(page)[0]
    choose(page, "Outcome", "Every outcome")
    choose(page, "What happened", "Groups")
    wait(lambda: len(rows(page)) == 1)
    assert "operators" in rows(page)[0]
    choose(page, "What happened", "User added")
    wait(lambda: {row.split("\t")[3] for row in rows(page)} >= {"ann", "bob"})
    assert all(row.startswith("User added") for row in rows(page))
    add(admin, "carl")
    group(admin, "others")
    wait(lambda: "carl" in rows(page)[0])
    page.browser.type("input[aria-label=Account]", "bob")
    wait(lambda: len(rows(page)) == 1)
    assert "bob" in rows(page)[0]
    page.browser.type("input[aria-label=Account]", "nobody at all")
    page.says("Nothing matches.")
    page.check_everywhere()
    page.open("/#/audit/ann")
    wait(lambda: rows(page))
    assert all("ann" in row for row in rows(page))
    page.browser.type("input[aria-label='Search: Audit trail']", "user ADDED")
    wait(lambda: len(rows(page)) == 1)


def test_older_ones_come_when_they_are_asked_for(page, admin):
    for number in range(PORTION + 10):
        answer = admin.get("Users.SetUserInfo", username="olga", displayName=f"Olga {number}")
        assert answer == {"error": "UserErrorNoError"}
    everything = len(admin.get(EVENTS, limit=500)["events"])
    to_audit(page)
    page.says(f"{PORTION} rows")
    page.check_everywhere()
    page.press("Show older")
    page.says(f"{everything} rows")
    assert "Show older" not in page.text
    page.browser.run("document.querySelector('.table').scrollTop = 45 * 120")
    wait(lambda: "gap" in page.browser.value("document.querySelector('tbody tr').className"))
    place = "document.querySelector('.table').scrollTop"
    before = page.browser.value(place)
    add(admin, "ann")
    page.says(f"{everything + 1} rows")
    assert page.browser.value(place) == before + 45, "what is read stays where it is"


def test_files_are_what_the_command_writes_and_hold_no_formula(page, admin, exported):
    group(admin, '=HYPERLINK("x";"y")')
    group(admin, "\uff0bé \N{SNOWMAN}\N{GRINNING FACE}")
    add(admin, "-ann")
    device = '=cmd|" /C calc"!A0;\\ é\u202e\u00a0'
    other = Client(page.server.urls["nymea"])
    other.hello()
    other.sign_in("olga", PASSWORD, device)
    other.close()
    to_audit(page)
    wait(lambda: any("=cmd" in row for row in rows(page)))
    lines = exported("JSON Lines", "jsonl")
    table = exported("CSV", "csv")
    for written, kind in ((lines, "jsonl"), (table, "csv")):
        there = page.server.run("audit", "export", "-", "--format", kind)
        assert there.returncode == 0, there.stderr
        assert written.splitlines() == there.stdout.splitlines()
    details = [dict(json.loads(line)["detail"]) for line in lines.splitlines()]
    assert device in [detail.get("device") for detail in details]
    for row in csv.reader(table.splitlines()):
        assert not any(re.match(" *[=+\\-@\uff1d\uff0b\uff0d\uff20]", field) for field in row)


def test_a_file_has_what_is_wanted_and_nothing_else_however_old(page, admin, exported):
    add(admin, "ann")
    for number in range(PORTION + 10):
        admin.get("Users.SetUserInfo", username="olga", displayName=f"Olga {number}")
    to_audit(page)
    choose(page, "What happened", "Users")
    page.says(f"{PORTION} rows")
    page.browser.type("input[aria-label='Search: Audit trail']", "ann")
    wait(lambda: not rows(page))
    (line,) = exported("JSON Lines", "jsonl").splitlines()
    event = json.loads(line)
    assert (event["action"], event["object"], event["author_name"]) == (
        "user.added",
        "ann",
        "olga",
    )


def test_it_says_that_all_is_as_it_was_written(page):
    to_audit(page)
    wait(lambda: re.search(r"\d+ events, all as they were written; checked", page.text))
    page.check_everywhere()
    page.press("Check again")
    page.says("all as they were written")


def test_it_says_which_event_was_edited(page):
    with closing(sqlite3.connect(page.server.data / "keystead.sqlite")) as database, database:
        database.execute("update audit_event set body = ? where seq = 2", (b'{"n": 2}',))
    to_audit(page)
    page.says("It is not what was written: Event 2 does not fit the one before")
    page.check_everywhere()
