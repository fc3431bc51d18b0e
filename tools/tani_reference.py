"""Write the reference of Tani's functions: what each takes and gives, with a real exchange.

The exchanges are not written down anywhere: they happen while the page is made.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as kinds

from keystead.domain.access import Access, Gate
from keystead.domain.model import Scope
from keystead.rpc.method import Method, Shape
from keystead.tani.methods import catalogue
from tests.tani_box import Box
from tools.definitions import Field, doc, fields, named
from tools.exchanges import Exchanges, Message, Send, example, filled

_HEAD = """\
# Tani functions

What each function takes and gives; [Tani frames](../guide/tani.md) tells how they are used. This page
is made from the definitions, and its examples from real exchanges: they happened one after the other, in
the order of their `id`, on one connection to a fresh server.
"""
_BOILER = {"Itemname": "Objects.Plant.Boiler.Setpoint", "Write": True}
_CLOCK = {"Itemname": "Objects.Clock"}
_PLANT = {"Itemname": "Objects.Plant", "Prefix": True}
_BOB: dict[str, Any] = {"Username": "bob", "Password": "Longer-Still-5", "Diag": False}
_KEY = "$KEY"

# What is asked, in this order. Each function is shown with its last exchange, each event with its
# first.
STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Users/AccessRights", {}),
    ("Users/Write", {"Username": "ann", "Password": "Rather-Long-4", "UserEdit": True}),
    ("Users/Login", {"Username": "ann", "Password": "Rather-Long-4"}),
    ("Users/Subscribe", {"Events": ["UsersChanged", "AccessRightsChanged"]}),
    ("Users/WriteGroup", {"Groupname": "anonymous", "Items": [_CLOCK]}),
    ("Users/WriteGroup", {"Groupname": "operators", "Diag": True, "Items": [_PLANT]}),
    ("Users/Write", _BOB | {"Groups": ["operators"], "Items": [_BOILER]}),
    ("Users/List", {"StartOffset": 1, "MaxResults": 1}),
    ("Users/ListGroup", {}),
    ("Users/Delete", {"Username": "bob"}),
    ("Users/DeleteGroup", {"Groupname": "operators"}),
    ("Users/ActivateSession", {"AuthKey": _KEY}),
    ("Users/Logout", {}),
)


def exchanges(send: Send) -> Exchanges:
    """Let the story happen on a connection to a fresh server."""
    shown = Exchanges()
    known = {_KEY: ""}
    for number, (function, data) in enumerate(STORY, 1):
        request = {"function": function, "id": number, "data": filled(data, known)}
        *told, reply = send(request)
        assert reply["status"] == 0, (request, reply)
        shown.asked[function] = request, reply
        for message in told:
            shown.told.setdefault(message["event"], message)
        known[_KEY] = reply["data"].get("AuthKey", known[_KEY])
    return shown


def page() -> str:
    """Give the page."""
    line = Box().connect()
    story = exchanges(lambda request: line.send(msgspec.json.encode(request)))
    parts = [_HEAD, "## Functions\n"]
    for method in sorted(catalogue, key=lambda each: each.name):
        parts += _function(method, story.asked[method.name])
    parts.append("## Events\n")
    for notification in sorted(catalogue.notifications.values(), key=lambda each: each.name):
        parts.append(f"### {notification.name}\n\n{notification.doc}\n")
        parts += _table("Data", notification.params)
        parts.append(example("event", story.told[notification.name]))
    parts.append("## Types\n")
    enums, shapes = named(catalogue)
    for enum in enums:
        values = ", ".join(f"`{member.value}`" for member in enum)
        parts.append(f"### {enum.__name__}\n\n{doc(enum)}\n\nOne of {values}.\n")
    for shape in shapes:
        parts.append(f"### {shape.__name__}\n\n{doc(shape).replace('``', '`')}\n")
        parts += _table("", shape)
    return "\n".join(parts)


def _function(method: Method[Any], exchange: tuple[Message, Message]) -> Iterator[str]:
    yield f"### {method.name}\n\n{method.doc}\n\n{_who(method.access)}\n"
    yield from _table("Request data", method.params)
    yield from _table("Response data", method.returns)
    yield example("request", exchange[0])
    yield example("response", exchange[1])


def _who(access: Access) -> str:
    needs = "Needs the right `UserEdit`"
    match access.gate:
        case Gate.OPEN:
            return "Open to everybody."
        case Gate.SET_UP:
            return f"{needs}; open to everybody for the first user of all."
        case _:
            assert access.scope is Scope.USER_EDIT
            return f"{needs}."


def _table(title: str, shape: Shape) -> Iterator[str]:
    rows = fields(shape)
    heading = f"**{title}**\n\n" if title else ""
    if not rows:
        yield f"{heading}None.\n"
        return
    lines = [f"| `{row.key}` | {_kind(row)} | {_note(row)} |" for row in rows]
    yield heading + "\n".join(("| Field | Type | Notes |", "|---|---|---|", *lines)) + "\n"


def _note(field: Field) -> str:
    return "optional" if field.is_optional else ""


def _kind(field: Field) -> str:
    return " or ".join(_named(kind) for kind in field.kinds)


def _named(kind: kinds.Type) -> str:
    match kind:
        case kinds.Metadata(type=inner):
            return _named(inner)
        case kinds.StrType():
            return "text"
        case kinds.BoolType():
            return "boolean"
        case kinds.IntType():
            return "number"
        case kinds.EnumType(cls=cls) | kinds.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case kinds.ListType(item_type=item):
            return f"list of {_named(item)}"
        case _:
            raise TypeError(f"no field can be {kind}")
