"""A real server tells what a change would do, does not do it, and does it when it is asked to."""

import json
import re
from pathlib import Path

from tests.acceptance.box import Box, new_name

GUIDE = Path(__file__).parents[2] / "docs/guide/rights.md"
BLOCK = re.compile(r'^```json title="(.*?)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
PLANT = {"name": "Objects.Plant", "isPrefix": True, "mayWrite": False}
BOILER = {"name": "Objects.Plant.Boiler.Setpoint", "isPrefix": False, "mayWrite": True}
OK = {"error": "AccessErrorNoError"}


def test_the_guide_shows_what_a_change_would_do(box: Box) -> None:
    admin = box.admin()
    ann = {"username": box.add("ann"), "groups": ["operators"], "items": [BOILER]}
    assert admin.get("Access.WriteGroup", name="operators", items=[PLANT]) == OK
    assert admin.get("Access.SetAccountRights", **ann) == OK

    (asked, request), (answered, reply) = BLOCK.findall(GUIDE.read_text("utf-8"))

    assert (asked, answered) == ("request", "reply")
    admin.send(json.loads(request.replace("$TOKEN", box.admin_token)))
    assert admin.receive() == json.loads(reply)


def test_what_was_simulated_happens_only_when_it_is_asked_for(box: Box) -> None:
    admin, name = box.admin(), new_name()
    box.add(name)
    session = box.signed_in(name)
    removal = {"method": "Users.RemoveUser", "params": {"username": name}}
    events = admin.get("Access.GetAuditEvents", limit=1)["events"]

    admin.send(admin.request("Access.Simulate", removal))
    found = admin.reply()["params"]

    told = [
        (one["principal"], one["kind"].removeprefix("AccessEffectKind"))
        for one in found["effects"]
    ]
    assert told == [(name, "Account"), (name, "Account"), (name, "Token")]
    assert admin.get("Access.GetAuditEvents", limit=1)["events"] == events
    assert session.get("Users.GetUserInfo")["userInfo"]["username"] == name
    assert admin.get("Users.RemoveUser", username=name) == {"error": "UserErrorNoError"}
    assert box.info(name) is None
