"""The admin page in front of thousands of users, in a headless Chromium: what people wait for.

Times are taken on the page: from what the user does until the browser has painted what comes of it.
"""

from collections.abc import Callable
from statistics import median

from bench.figures import Figure, Plan, at_most, shown
from bench.populate import populate
from bench.server import scratch, serving
from tests.acceptance.browser import CHROMIUM, DRIVER, Browser, a_browser, wait

USERS = 5_000
MOST_TO_FIRST_ROWS = 1_000.0  # ms, from the address on
MOST_TO_SEARCH = 100.0  # ms, each key
MOST_TO_OPEN = 1_000.0  # ms, until it is told what the user may do, and why
WANTED = "user004321"
ROW = "tbody tr[data-key]"
# Before anything of the page runs: notes when it was painted what is waited for.
STOPWATCH = """
  const painted = () => new Promise(done => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
  window.took = [];
  window.clock = (what, from) => {
    const look = new MutationObserver(() => {
      if (!document.querySelector(what)) return;
      look.disconnect();
      void painted().then(now => took.push(now - from));
    });
    look.observe(document, { childList: true, subtree: true });
  };
  window.addEventListener("input", ({ timeStamp }) =>
    void painted().then(now => took.push(now - timeStamp)), true);
"""


def page(plan: Plan) -> list[Figure]:
    """Open the list of all users, search it key by key, and open one of them."""
    if DRIVER is None or CHROMIUM is None:
        return [Figure("admin page", "", remark="needs chromium and chromedriver")]
    with scratch() as folder:
        owner = populate(folder / "data", USERS, 1)[0]
        with serving(folder / "data") as server, a_browser(folder) as browser:
            browser.look(1280)
            browser.go(server.websocket)
            browser.run(f"sessionStorage.setItem('keystead.token', '{owner.token}')")
            rows = _rounds(plan, lambda: _first_rows(browser, server.websocket))
            keys = [key for _ in range(max(3, plan.rounds // 3)) for key in _search(browser)]
            opened = _rounds(plan, lambda: _open_one(browser))
            drawn = browser.value(f"document.querySelectorAll('{ROW}').length")
    who = f"admin page, {USERS} users"
    return [
        at_most(
            f"{who}: from the address to the first rows",
            median(rows),
            MOST_TO_FIRST_ROWS,
            "ms",
            _spread(rows),
        ),
        at_most(
            f"{who}: search, the worst key", max(keys), MOST_TO_SEARCH, "ms", _spread(keys)
        ),
        at_most(
            f"{who}: from a row to the page of its user",
            median(opened),
            MOST_TO_OPEN,
            "ms",
            _spread(opened),
        ),
        shown(f"{who}: drawn at a time", drawn, "rows"),
    ]


def _rounds(plan: Plan, measured: Callable[[], float]) -> list[float]:
    return [measured() for _ in range(max(3, plan.rounds // 3))]


def _spread(values: list[float]) -> str:
    return f"{len(values)} times, {min(values):.0f} to {max(values):.0f}"


def _took(browser: Browser, count: int) -> list[float]:
    """Wait for *count* times, and give them, in milliseconds."""
    wait(lambda: browser.value("took.length") >= count)
    took: list[float] = browser.value("took.splice(0)")
    return took


def _first_rows(browser: Browser, address: str) -> float:
    """Load the page anew with the list of users."""
    watch = f"{STOPWATCH} clock('{ROW}', 0);"
    told = browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=watch)
    browser.go("about:blank")
    browser.go(f"{address}/#/users")
    (took,) = _took(browser, 1)
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=told["identifier"])
    return took


def _search(browser: Browser) -> list[float]:
    """Type a name into the search, and give what each key took."""
    browser.run("document.querySelector('input[type=search]').focus()")
    for count, key in enumerate(WANTED, 1):
        browser.press(key)
        wait(lambda count=count: browser.value("took.length") >= count)  # type: ignore[misc]
    took = _took(browser, len(WANTED))
    assert browser.text("tbody th") == WANTED
    browser.run("document.querySelector('input[type=search]').value = ''")
    browser.run(
        "document.querySelector('input[type=search]').dispatchEvent(new Event('input'))"
    )
    _took(browser, 1)
    return took


def _open_one(browser: Browser) -> float:
    """Press the second row, as the first is an administrator's, and come back."""
    second = "document.querySelectorAll('tbody a')[1]"
    browser.run(f"clock('.tree li', performance.now()); {second}.click()")
    (took,) = _took(browser, 1)
    browser.run("clock('tbody tr[data-key]', 0); history.back()")
    _took(browser, 1)
    return took
