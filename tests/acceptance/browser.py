"""A headless Chromium, driven by its own chromedriver over plain HTTP (W3C WebDriver).

`tools/test-needs.sh` installs both where the system has them.
"""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for a reference to one
PATIENCE = 15.0  # seconds, for a browser on a loaded machine
FLAGS = [
    "--headless",
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NEEDS_BROWSER = [
    pytest.mark.skipif(
        DRIVER is None or CHROMIUM is None,
        reason="needs chromium and chromedriver: sh tools/apt.sh chromium chromium-driver",
    ),
    pytest.mark.timeout(120),
]


class Browser:
    """One page of a headless Chromium.

    Args:
        driver: the address of chromedriver.
        profile: an empty folder for everything that the browser keeps.
        flags: further flags of Chromium.
    """

    def __init__(self, driver: str, profile: Path, flags: tuple[str, ...] = ()) -> None:
        self._url = f"{driver}/session"
        arguments = [*FLAGS, *flags, f"--user-data-dir={profile}"]
        options = {"binary": CHROMIUM, "args": arguments}
        wanted = {
            "capabilities": {
                "alwaysMatch": {
                    "goog:chromeOptions": options,
                    "goog:loggingPrefs": {"browser": "ALL"},
                    "acceptInsecureCerts": True,
                }
            }
        }
        self._url += "/" + self._call("POST", "", wanted)["sessionId"]

    def _call(self, verb: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - chromedriver, on this machine
            self._url + path,
            method=verb,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return json.loads(response.read())["value"]

    def quit(self) -> None:
        """End the browser."""
        self._call("DELETE", "")

    def go(self, url: str) -> None:
        """Open *url*."""
        self._call("POST", "/url", {"url": url})

    def reload(self) -> None:
        """Load the page anew."""
        self._call("POST", "/refresh", {})

    def _element(self, what: str) -> str:
        using = "xpath" if what.startswith("//") else "css selector"
        found = self._call("POST", "/element", {"using": using, "value": what})
        return f"/element/{found[ELEMENT]}"

    def click(self, what: str) -> None:
        """Click what a CSS selector or an XPath selects, once it is there, as a person would."""

        def is_clicked() -> bool:
            try:
                self._call("POST", f"{self._element(what)}/click", {})
            except HTTPError as error:
                if error.code == HTTPStatus.NOT_FOUND:  # not there yet, or drawn anew just now
                    return False
                raise
            return True

        wait(is_clicked, f"there is no {what}")

    def type(self, what: str, text: str) -> None:
        """Type *text* into what is selected, in place of what is there."""
        element = self._element(what)
        self._call("POST", f"{element}/clear", {})
        self._call("POST", f"{element}/value", {"text": text})

    def press(self, keys: str) -> None:
        """Press *keys* one after the other, wherever the focus is; see W3C WebDriver 17.4.2."""
        actions = [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")
        ]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("POST", "/actions", {"actions": [keyboard]})

    def value(self, expression: str) -> Any:
        """Give the value of a JavaScript expression on the page; a promise is awaited."""
        script = {"script": f"return {expression}", "args": []}
        return self._call("POST", "/execute/sync", script)

    def text(self, css: str) -> str:
        """Give the text of what *css* selects; empty where there is nothing."""
        text: str = self.value(f"document.querySelector({json.dumps(css)})?.innerText ?? ''")
        return text

    def run(self, script: str) -> None:
        """Run JavaScript on the page, past its Content-Security-Policy."""
        self._call("POST", "/execute/sync", {"script": script, "args": []})

    def devtools(self, command: str, **params: object) -> Any:
        """Give Chromium a command of its DevTools."""
        body = {"cmd": command, "params": params}
        return self._call("POST", "/goog/cdp/execute", body)

    def look(self, width: int, scheme: str = "light", height: int = 800) -> None:
        """Show the page on a screen of so many pixels, in the "light" or the "dark"."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **screen)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.devtools("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, file: Path) -> None:
        """Keep what can be seen as a PNG."""
        file.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """Give what Chromium has logged since this was last asked: errors, and broken rules."""
        told = self._call("POST", "/se/log", {"type": "browser"})
        return [one["message"] for one in told if one["level"] in {"SEVERE", "WARNING"}]


def wait(
    condition: Callable[[], object], otherwise: str = "the page does not get there"
) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


@contextmanager
def a_browser(folder: Path, *flags: str) -> Iterator[Browser]:
    """Run a browser that keeps everything in *folder*."""
    assert DRIVER is not None
    log = folder / "chromedriver.log"
    with log.open("wb") as output:
        driver = subprocess.Popen([DRIVER, "--port=0"], stdout=output, stderr=output)
    try:
        wait(lambda: "started successfully on port" in log.read_text())
        port = re.search(r"on port (\d+)", log.read_text().split("started successfully")[1])
        assert port is not None
        browser = Browser(f"http://127.0.0.1:{port[1]}", folder / "profile", flags)
        try:
            yield browser
        finally:
            browser.quit()
    finally:
        driver.terminate()
        driver.wait(10)
