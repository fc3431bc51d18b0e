"""Take the pictures of the admin page that the documents show: a small plant, and who looks after it.

It needs what the browser tests need; see `tools/test-needs.sh`.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.acceptance.browser import Browser, a_browser, wait
from tests.acceptance.client import Client
from tests.acceptance.page import Page
from tests.acceptance.server import Server

IMAGES = Path(__file__).parents[1] / "docs/images"
WIDTH, HEIGHT = 1280, 860  # pixels
PASSWORD = "Plain7Sailing"  # noqa: S105 - of a plant that ends with the pictures
HOST = "lindenhof.local"
BOILER = "Objects.Plant.Boiler"
GROUPS: dict[str, list[dict[str, Any]]] = {
    "heating": [
        {"name": BOILER, "isPrefix": True},
        {"name": f"{BOILER}.Setpoint", "mayWrite": True},
        {"name": "Objects.Plant.Pumps", "isPrefix": True},
    ],
    "household": [
        {"name": "Objects.House", "isPrefix": True},
        {"name": "Objects.House.Blinds", "isPrefix": True, "mayWrite": True},
        {"name": "Objects.House.Lights", "isPrefix": True, "mayWrite": True},
    ],
}
PEOPLE: dict[str, dict[str, Any]] = {
    "clara": {"displayName": "Clara Winter", "scopes": ["PermissionScopeAdmin"]},
    "jonas": {"displayName": "Jonas Berg, day shift", "email": "jonas@lindenhof.example"},
    "mia": {"displayName": "Mia Winter", "scopes": ["PermissionScopeControlThings"]},
    "tom": {"displayName": "Tom Winter", "scopes": ["PermissionScopeControlThings"]},
    "kessler": {"displayName": "Kessler Heating, service"},
    "hall-panel": {"displayName": "Panel in the hall"},
}
MEMBERS = {
    "jonas": ["heating"],
    "mia": ["household"],
    "tom": ["household"],
    "kessler": ["heating"],
    "hall-panel": ["household"],
}
DEVICES = {
    "jonas": ("phone of Jonas", "tablet in the boiler room"),
    "mia": ("phone of Mia",),
    "kessler": ("Kessler Heating, laptop",),
    "hall-panel": ("panel in the hall",),
}
# A day of the plant in some seconds, so that not all has happened just now.
FAST_CLOCK = """
import sys
from datetime import UTC, datetime, timedelta
from keystead import app, cli

began = datetime.now(UTC)

def now():
    present = datetime.now(UTC)
    return min(present, began - timedelta(hours=24) + 20_000 * (present - began))

app.now = now
sys.exit(cli.main())
"""


@contextmanager
def a_plant(folder: Path) -> Iterator[Server]:
    """Run a server that people use: groups, users, devices, and what they have done."""
    settings = folder / "keystead.toml"
    settings.write_text('name = "Lindenhof"\n')
    program = folder / "keystead"
    program.write_text(f"#!{sys.executable}\n{FAST_CLOCK}")
    program.chmod(0o700)
    flags = ("--config", str(settings))
    server = Server(folder / "data", ("nymea", "https"), flags, program)
    clients: list[Client] = []
    try:
        server.start()
        owner = Client(server.urls["nymea"])
        clients.append(owner)
        _people(owner)
        for number, (name, devices) in enumerate(DEVICES.items(), 11):
            for device in devices:
                client = Client(server.urls["nymea"], source=f"127.0.0.{number}")
                clients.append(client)
                client.hello()
                client.sign_in(name, PASSWORD, device)
        yield server
    finally:
        for client in clients:
            client.close()
        server.discard()


def _people(owner: Client) -> None:
    owner.hello()
    owner.get("JSONRPC.CreateUser", username="olga", password=PASSWORD)
    owner.sign_in("olga", PASSWORD, "workshop PC")
    owner.get("Users.SetUserInfo", username="olga", displayName="Olga Brandt", email="")
    for name, items in GROUPS.items():
        owner.get("Access.WriteGroup", name=name, items=items)
    weather = [{"name": "Objects.Weather", "isPrefix": True}]
    owner.get("Access.WriteGroup", name="anonymous", items=weather)
    for name, more in PEOPLE.items():
        params = {"username": name, "password": PASSWORD, "scopes": []} | more
        assert owner.get("Users.CreateUser", **params) == {"error": "UserErrorNoError"}
    for name, groups in MEMBERS.items():
        owner.get("Access.SetAccountRights", username=name, groups=groups)
    alarm = [{"name": "Objects.Plant.Alarms.Horn", "mayWrite": True}]
    owner.get("Access.SetAccountRights", username="jonas", items=alarm)
    month = 30 * 86_400
    until = int(time.clock_gettime(time.CLOCK_REALTIME)) + month
    owner.get("Access.SetAccountState", username="kessler", enabled=True, validUntil=until)


def take(browser: Browser, server: Server) -> None:
    """Keep a picture of a user's page, and one of the overview."""
    page = Page(browser, server, "https")
    page.address = page.address.replace("127.0.0.1", HOST)
    page.open()
    page.fill(This_device_is_called="workshop PC")
    page.sign_in("olga", PASSWORD)
    browser.look(WIDTH, "light", HEIGHT)
    page.open("/#/users/jonas").shows("jonas")
    page.says("phone of Jonas")
    page.fill(Which_item=f"{BOILER}.Setpoint")
    browser.click(f"{page.field('To')} option[value='write']")
    page.press("Try it")
    page.says("Allowed")
    _keep(browser, "user.png")
    browser.look(WIDTH, "dark", HEIGHT)
    page.open("/#/overview").shows("Overview")
    page.says("Recent events")
    _keep(browser, "overview.png")


def _keep(browser: Browser, name: str) -> None:
    """Keep what is shown, once nothing moves and nothing has the focus."""
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    wait(lambda: browser.value("document.getAnimations().length") == 0)
    IMAGES.mkdir(exist_ok=True)
    browser.picture(IMAGES / name)
    print(f"{name}: {(IMAGES / name).stat().st_size / 1000:.0f} KB")


def main() -> None:
    """Take all pictures anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        a_plant(Path(folder)) as server,
        a_browser(
            Path(folder),
            "--lang=en-US",
            "--hide-scrollbars",
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
        ) as browser,
    ):
        take(browser, server)


if __name__ == "__main__":
    main()
