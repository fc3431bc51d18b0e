"""The admin page in a browser, as whoever sits in front of it finds their way: by labels and words."""

import json
from pathlib import Path
from typing import Any

from tests.acceptance.box import PASSWORD
from tests.acceptance.browser import Browser, wait
from tests.acceptance.server import Server

AXE = Path(__file__).parents[1] / "typescript/node_modules/axe-core/axe.min.js"
WIDTHS = (360, 1280)  # pixels
SCHEMES = ("light", "dark")


class Page:
    """What a person sees and does on the page of a server.

    Args:
        browser: where it is shown.
        server: whose page it is.
        scheme: of the listener.
    """

    def __init__(self, browser: Browser, server: Server, scheme: str = "http") -> None:
        self.browser = browser
        self.server = server
        self.address = server.urls[scheme]
        browser.look(1280)

    def open(self, place: str = "/") -> "Page":
        """Go to the page, and wait until something is shown."""
        self.browser.go("about:blank")  # so that another fragment is another visit
        self.browser.go(self.address + place)
        wait(lambda: self.title)
        return self

    @property
    def title(self) -> str:
        """The heading of what is shown."""
        return self.browser.text("h1")

    @property
    def text(self) -> str:
        """All that can be read."""
        return self.browser.text("body")

    @property
    def views(self) -> list[str]:
        """What the navigation leads to."""
        views: list[str] = self.browser.value(
            "[...document.querySelectorAll('nav a')].map(a => a.innerText.trim())"
        )
        return views

    def says(self, text: str) -> None:
        """Wait until *text* can be read."""
        wait(lambda: text in self.text)

    def shows(self, title: str) -> None:
        """Wait until a view is shown."""
        wait(lambda: self.title == title)

    def field(self, label: str) -> str:
        """Give the selector of the field with a label, once there is one."""
        wanted = json.dumps(label, ensure_ascii=False)
        labels = "[...document.querySelectorAll('label')]"
        found = f"{labels}.filter(l => l.textContent === {wanted}).at(-1)?.htmlFor"
        wait(lambda: self.browser.value(found), f"there is no field {label!r}")
        return f"#{self.browser.value(found)}"

    def fill(self, **fields: str) -> None:
        """Fill in fields by their labels, with _ for blanks."""
        for label, text in fields.items():
            self.browser.type(self.field(label.replace("_", " ")), text)

    def value(self, label: str) -> str:
        """Give what is in a field."""
        text: str = self.browser.value(f"document.querySelector('{self.field(label)}').value")
        return text

    def wrong(self, label: str) -> str:
        """Give what is said to be wrong with a field."""
        return self.browser.text(f".field:has({self.field(label)}) .error")

    def press(self, text: str) -> None:
        """Press the first button or link that says *text*."""
        said = f"normalize-space(.)={json.dumps(text, ensure_ascii=False)}"
        self.browser.click(f"//*[self::button or self::a][{said}]")

    def set_up(self, name: str = "olga", password: str = PASSWORD) -> "Page":
        """Take a new box into use, up to the overview."""
        self.open()
        self.shows("Set up")
        self.fill(Name=name, Password=password, Password_once_more=password)
        self.press("Make the account and sign in")
        self.shows("Overview")
        return self

    def sign_in(self, name: str, password: str = PASSWORD) -> "Page":
        """Sign in, up to the first view."""
        self.shows("Sign in")
        self.fill(Name=name, Password=password)
        self.press("Sign in")
        wait(lambda: self.views)
        return self

    def stored(self, where: str) -> dict[str, str]:
        """Give what the browser keeps in sessionStorage or localStorage."""
        stored: dict[str, str] = self.browser.value(f"({{...{where}}})")
        return stored

    def barriers(self) -> list[str]:
        """Give what axe-core finds that keeps somebody out, by WCAG 2.2 AA and good practice."""
        self.browser.run(AXE.read_text("utf-8"))
        found: list[dict[str, Any]] = self.browser.value("axe.run().then(r => r.violations)")
        return [
            f"{one['id']}: {node['html']} {node.get('failureSummary', '')}"
            for one in found
            for node in one["nodes"]
        ]

    def check_everywhere(self) -> None:
        """See that what is shown keeps nobody out, and fits, on each screen and in each scheme."""
        for width in WIDTHS:
            for scheme in SCHEMES:
                self.browser.look(width, scheme)
                barriers = self.barriers()
                assert not barriers, "\n".join((f"{width} pixels, {scheme}:", *barriers))
                wide = self.browser.value("document.documentElement.scrollWidth")
                assert wide <= width, f"{width} pixels, {scheme}: {wide} are needed"
        self.browser.look(1280)
