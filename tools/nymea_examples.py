"""Write examples of nymea's methods: a real exchange for each, and each notification."""

from collections.abc import Callable
from typing import Any

import msgspec

from keystead.domain.events import Action
from keystead.reference.introspection import Method, Notification, Structure
from keystead.reference.sections import sections
from keystead.reference.site import anchor_of
from tests.nymea_box import Box, finish
from tools.exchanges import Exchanges, Message, Send, example, filled

_HEAD = """\
# JSON-RPC examples

A request and its reply for every method; the [guide](../guide/integrators.md) tells how they are used, and
the [reference](json-rpc/index.md) what they take and give. These are real exchanges: they happened one
after the other, in the order of their `id`, on one connection to a fresh server.
"""
_BUTTON = "the button is pushed"
_ANN = {"username": "ann", "password": "Rather-Long-4"}
_CARL = {"username": "carl", "password": "Long-Enough-7"}
_BOB = {"username": "bob", "password": "Longer-Still-5"}
_THING = "5c8b0f4e-8a5b-4d1c-9d8e-0a1b2c3d4e5f"
_PLANT = {"name": "Objects.Plant", "isPrefix": True}
_BOILER = {"name": "Objects.Plant.Boiler", "mayWrite": True}
_OPERATORS = {"name": "operators"}
_END = 1_893_456_000  # the first second of 2030
_CONTROL, _EVERYTHING = "PermissionScopeControlThings", "PermissionScopeAccessAllThings"

# What is asked, in this order; a new method gets its place here, or a test fails. Each method is
# shown with its last exchange, each notification when it comes first.
STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("JSONRPC.Hello", {"locale": "de_AT"}),
    ("Access.GetSetup", {}),
    ("Access.CreateFirstUser", _ANN | {"setupCode": "9F4K-2TQ7-0XWZ-H3MB"}),
    ("JSONRPC.Authenticate", _ANN | {"deviceName": "tablet in the hall"}),
    ("Access.GetOwnState", {}),
    ("Access.GetServerState", {}),
    ("JSONRPC.Version", {}),
    ("JSONRPC.Introspect", {}),
    ("JSONRPC.SetNotificationStatus", {"namespaces": ["Access", "Users"]}),
    ("JSONRPC.KeepAlive", {"sessionId": "7f3a"}),
    ("Users.GetUserInfo", {}),
    ("Users.CreateUser", _BOB | {"scopes": [_CONTROL], "allowedThingIds": [_THING]}),
    (
        "Users.SetUserInfo",
        {"username": "bob", "displayName": "Bob", "email": "bob@example.org"},
    ),
    ("Users.SetUserScopes", {"username": "bob", "scopes": [_CONTROL, _EVERYTHING]}),
    ("Access.WriteGroup", _OPERATORS | {"rights": ["AccessRightDiag"], "items": [_PLANT]}),
    ("Access.GetGroups", {}),
    (
        "Access.SetAccountRights",
        {"username": "bob", "groups": ["operators"], "items": [_BOILER]},
    ),
    ("Access.Explain", {"username": "bob", "item": "Objects.Plant.Boiler", "write": True}),
    ("Access.SetAccountState", {"username": "bob", "enabled": True, "validUntil": _END}),
    ("Access.GetAccount", {"username": "bob"}),
    ("Access.GetAccounts", {}),
    ("Access.CreateToken", {"username": "bob", "deviceName": "script", "expires": _END}),
    ("Access.ChangeToken", {"tokenId": "$NEW", "deviceName": "report", "items": [_PLANT]}),
    ("Access.RotateToken", {"tokenId": "$NEW"}),
    ("Access.GetTokens", {"username": "bob"}),
    ("Access.GetOwnTokens", {}),
    ("Access.GetSessions", {}),
    ("Access.GetLocks", {}),
    ("Access.ClearLock", {"username": "bob"}),
    ("Access.GetAuditEvents", {"limit": 1, "fileFormat": "AccessAuditFormatCsv"}),
    ("Access.CheckAudit", {}),
    ("Access.Simulate", {"method": "Access.RemoveGroup", "params": _OPERATORS}),
    ("Access.RemoveGroup", _OPERATORS),
    ("Users.ChangeUserPassword", {"username": "bob", "newPassword": "Even-Longer-6"}),
    ("Users.GetUsers", {}),
    ("Users.RemoveUser", {"username": "bob"}),
    ("Users.ChangePassword", {"newPassword": "Rather-Longer-5"}),
    ("Users.GetUserTokens", {"username": "ann"}),
    ("Users.GetTokens", {}),
    ("JSONRPC.CreateUser", _CARL),
    ("JSONRPC.RequestPushButtonAuth", {"deviceName": "display in the hall"}),
    ("Access.GetPairing", {}),
    ("Access.ConfirmPairing", {"transactionId": 1}),
    ("JSONRPC.RequestPushButtonAuth", {"deviceName": "somebody's phone"}),
    ("Access.RefusePairing", {"transactionId": 2}),
    ("JSONRPC.RequestPushButtonAuth", {"deviceName": "display at the door"}),
    (_BUTTON, {}),
    ("Users.RemoveToken", {"tokenId": "$ID"}),
    ("Access.SignOut", {}),
)


def exchanges(send: Send, push: Callable[[], list[Message]]) -> Exchanges:
    """Let the story happen on a connection to a fresh server.

    Args:
        send: sends a request of that connection.
        push: pushes the button, and gives what is told then.
    """
    shown = Exchanges()
    known: dict[str, str] = {}
    for number, (method, params) in enumerate(STORY, 1):
        if method == _BUTTON:
            told = push()
        else:
            request = {"id": number, "method": method, "params": filled(params, known)}
            request |= {"token": known["$TOKEN"]} if "$TOKEN" in known else {}
            *told, reply = send(request)
            assert reply["params"].get("error", "NoError").endswith("NoError"), reply
            shown.asked[method] = request, _shortened(method, reply)
            _learn(reply["params"], known)
        for message in told:
            shown.told.setdefault(message["notification"], message)
            _learn(message["params"], known)
    return shown


def page() -> str:
    """Give the page."""
    box = Box()
    directory = box.face.directory
    directory.note(None, Action.START)  # as a server does first
    finish(directory.journal.flush(directory.clock()))
    line = box.connect()

    def push() -> list[Message]:
        finish(box.face.press())
        return line.read()

    story = exchanges(lambda request: line.send(msgspec.json.encode(request) + b"\n"), push)
    parts = [_HEAD, "## Methods\n"]
    for name, (request, reply) in sorted(story.asked.items()):
        entry = Method(name, "", Structure(), Structure(), "")
        parts += [_head(entry), example("request", request), example("reply", reply)]
    parts.append("## Notifications\n")
    for name, told in sorted(story.told.items()):
        parts += [_head(Notification(name, "", Structure())), example("notification", told)]
    return "\n".join(parts)


def _head(entry: Method | Notification) -> str:
    namespace = entry.name.partition(".")[0]
    address = f"json-rpc/{sections()[namespace].value}/{namespace}.md#{anchor_of(entry)}"
    return f"### {entry.name}\n\n[In the reference]({address})\n"


def _shortened(method: str, reply: Message) -> Message:
    """Leave out what fills pages."""
    if method != "JSONRPC.Introspect":
        return reply
    return reply | {"params": dict.fromkeys(reply["params"], "...")}


def _learn(returned: Message, known: dict[str, str]) -> None:
    """Note what the story needs later."""
    match returned:
        case {"success": True, "token": str(token)}:
            known["$TOKEN"] = token
        case {"token": str(), "tokenId": str(name)}:
            known["$NEW"] = name
        case {"tokenInfoList": [{"id": str(name)}, *_]}:
            known["$ID"] = name
        case _:
            pass
