"""Write the reference of Tani's functions: what each takes and gives, with a real exchange.

The exchanges are not written down anywhere: they happen while the page is made.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import inspect as kinds

from keystead.domain.access import Access, Gate
from keystead.domain.model import Scope
from keystead.rpc.bus import Bus
from keystead.rpc.method import Method, Shape
from keystead.tani.face import Face
from keystead.tani.methods import catalogue
from keystead.tani.session import Session
from tests.doubles import directory
from tools.definitions import Field, doc, fields, named

_HEAD = """\
# Tani functions

What each function takes and gives; [Tani frames](../guide/tani.md) tells how they are used. This page
is made from the definitions, and its examples from real exchanges, in this order, with a fresh server.
"""
_BOILER = {"Itemname": "Objects.Plant.Boiler.Setpoint", "Write": True}
_CLOCK = {"Itemname": "Objects.Clock"}
_PLANT = {"Itemname": "Objects.Plant", "Prefix": True}
_BOB: dict[str, Any] = {"Username": "bob", "Password": "Longer-Still-5", "Diag": False}
_KEY = "$KEY"

# What is asked, in this order. Each function is shown with its last exchange, each event with its
# first.
_STORY: tuple[tuple[str, dict[str, Any]], ...] = (
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


class _Peer:
    """Notes what a session sends unasked or in parts."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def push(self, message: bytes) -> None:
        self.heard.append(message)

    async def stream(self, parts: Any) -> None:
        self.heard.append(b"".join([part async for part in parts]))

    def close(self) -> None:
        """Nothing is open."""


def page() -> str:
    """Give the page."""
    exchanges, events = asyncio.run(_exchanges())
    parts = [_HEAD, "## Functions\n"]
    for method in sorted(catalogue, key=lambda each: each.name):
        parts += _function(method, exchanges[method.name])
    parts.append("## Events\n")
    for notification in sorted(catalogue.notifications.values(), key=lambda each: each.name):
        parts.append(f"### {notification.name}\n\n{notification.doc}\n")
        parts += _table("Data", notification.params)
        parts.append(_example("event", events[notification.name]))
    parts.append("## Types\n")
    enums, shapes = named(catalogue)
    for enum in enums:
        values = ", ".join(f"`{member.value}`" for member in enum)
        parts.append(f"### {enum.__name__}\n\n{doc(enum)}\n\nOne of {values}.\n")
    for shape in shapes:
        parts.append(f"### {shape.__name__}\n\n{doc(shape).replace('``', '`')}\n")
        parts += _table("", shape)
    return "\n".join(parts)


def _function(method: Method[Any], exchange: tuple[str, str]) -> Iterator[str]:
    yield f"### {method.name}\n\n{method.doc}\n\n{_who(method.access)}\n"
    yield from _table("Request data", method.params)
    yield from _table("Response data", method.returns)
    yield _example("request", exchange[0])
    yield _example("response", exchange[1])


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


def _example(title: str, message: str) -> str:
    text = json.dumps(json.loads(message), indent=2, ensure_ascii=False)
    return f'```json title="{title}"\n{text}\n```\n'


async def _exchanges() -> tuple[Mapping[str, tuple[str, str]], Mapping[str, str]]:
    """Let the story happen; give the last exchange of each function, and each event once."""
    rooms = directory()
    bus = Bus(rooms.store.reader, rooms.clock, ever_had_account=False)
    rooms.store.listen(bus.publish)
    peer = _Peer()
    face = Face(rooms, bus, monotonic=lambda: 0.0)
    session = face.session(peer, authentication=True, source="192.0.2.1")
    shown: dict[str, tuple[str, str]] = {}
    events: dict[str, str] = {}
    key = ""
    for number, (function, data) in enumerate(_STORY, 1):
        request = {"function": function, "id": number, "data": data}
        message = json.dumps(request).replace(_KEY, key)
        reply = await _reply(session, peer, message, events)
        assert json.loads(reply)["status"] == 0, (message, reply)
        shown[function] = (message, reply)
        key = json.loads(reply)["data"].get("AuthKey", key)
    return shown, events


async def _reply(session: Session, peer: _Peer, message: str, events: dict[str, str]) -> str:
    session.receive([message.encode()])
    replies = list(session.advance(1))
    if session.job is not None:
        replies += await session.job
        session.resume()
    for heard in peer.heard:
        said = json.loads(heard)
        if "event" in said:
            events.setdefault(said["event"], heard.decode())
        else:
            replies.append(heard)
    peer.heard.clear()
    (reply,) = replies
    return reply.decode()
