"""Write TypeScript declarations from a catalogue: nymea's methods, or Tani's functions."""

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from msgspec import inspect as kinds

from keystead.nymea import methods as nymea
from keystead.nymea.types import View, smallest_name
from keystead.rpc.method import Catalogue, Shape
from keystead.tani import methods as tani
from keystead.tani.errors import Status
from tools.definitions import Field, doc, fields, named

_NYMEA = """
// Generated from the definitions of nymea's methods; `make fix` writes it anew.

/** A universally unique id. */
export type Uuid = string;

export type MethodName = keyof Methods;
export type NotificationName = keyof Notifications;

/** What a client sends. */
export interface Request<M extends MethodName = MethodName> {
  id: number;
  method: M;
  params?: Methods[M]["params"];
  token?: string;
}

/** What the server replies to the request with the same id. */
export type Reply<M extends MethodName = MethodName> =
  | { id: number; status: "success"; params: Methods[M]["returns"] }
  | { id: number; status: "error" | "unauthorized"; error: string };

/** What the server tells without being asked. */
export type Notification = {
  [N in NotificationName]: { id: number; notification: N; params: Notifications[N] };
}[NotificationName];
"""

_TANI = """
// Generated from the definitions of Tani's functions; `make fix` writes it anew.

export type FunctionName = keyof Functions;

/** What a client sends. */
export interface Request<F extends FunctionName = FunctionName> {
  function: F;
  id?: number | string;
  data?: Functions[F]["data"];
}

/** What the server replies to the request with the same id. */
export type Response<F extends FunctionName = FunctionName> =
  | { function: F; id?: number | string; status: 0; data: Functions[F]["returns"] }
  | {
      function: string;
      id?: number | string | null;
      status: Exclude<Status, 0>;
      error: string;
      data: Record<string, never>;
    };

/** What the server tells without being asked. */
export type Event = { [E in keyof Events]: { event: E; data: Events[E] } }[keyof Events];
"""


def api() -> str:
    """Declare nymea's methods and notifications."""
    catalogue = nymea.catalogue
    permissions = {
        method.name: f"Permission: {smallest_name(method.access.demand(self_service=False))}"
        for method in catalogue
    }
    told = {n.name: (n.doc, _object(n.params)) for n in catalogue.notifications.values()}
    return _file(
        _NYMEA,
        *_types(catalogue),
        _methods("Methods", catalogue, "params", permissions),
        _map("Notifications", "Every notification, with what it tells.", told),
    )


def functions() -> str:
    """Declare Tani's functions and events."""
    catalogue = tani.catalogue
    numbers = "".join(f"\n  | {s.value} // {s.name.lower().replace('_', ' ')}" for s in Status)
    told = {n.name: (n.doc, _object(n.params)) for n in catalogue.notifications.values()}
    return _file(
        _TANI,
        f"{_comment('How it went.')}export type Status ={numbers}\n;",
        *_types(catalogue),
        _methods("Functions", catalogue, "data", {}),
        _map("Events", "Every event, with what it tells.", told),
    )


def _types(catalogue: Catalogue[Any]) -> Iterable[str]:
    enums, structs = named(catalogue)
    yield from map(_enum, enums)
    for cls in structs:
        yield f"{_comment(doc(cls))}export interface {cls.__name__} {_object(cls)}"


def _enum(cls: type[Enum]) -> str:
    values = "".join(f"\n  | {json.dumps(member.value)}" for member in cls)
    return f"{_comment(doc(cls))}export type {cls.__name__} ={values};"


def _methods(name: str, catalogue: Catalogue[Any], sent: str, notes: Mapping[str, str]) -> str:
    entries = {}
    for method in catalogue:
        returns = method.returns
        given = returns.__name__ if returns.__doc__ else _object(returns)
        both = _indented(f"{sent}: {_object(method.params)};\nreturns: {given};")
        text = "\n\n".join(filter(None, (method.doc, notes.get(method.name))))
        entries[method.name] = text, f"{{\n{both}\n}}"
    return _map(name, f"What each takes ({sent}), and what it gives.", entries)


def _map(name: str, text: str, entries: Mapping[str, tuple[str, str]]) -> str:
    listed = "\n".join(
        _indented(f"{_comment(said)}{json.dumps(key)}: {kind};")
        for key, (said, kind) in entries.items()
    )
    return f"{_comment(text)}export interface {name} {{\n{listed}\n}}"


def _object(shape: Shape) -> str:
    listed = "\n".join(_indented(_member(field, shape)) for field in fields(shape))
    return f"{{\n{listed}\n}}" if listed else "Record<string, never>"


def _member(field: Field, shape: Shape) -> str:
    warning = _comment("@deprecated") if field.is_deprecated else ""
    modifier = "readonly " if issubclass(shape, View) else ""
    key = field.key if re.fullmatch("[A-Za-z]+", field.key) else json.dumps(field.key)
    mark = "?" if field.is_optional else ""
    return f"{warning}{modifier}{key}{mark}: {' | '.join(map(_type, field.kinds))};"


def _type(kind: kinds.Type) -> str:
    match kind:
        case kinds.StrType():
            return "string"
        case kinds.BoolType():
            return "boolean"
        case kinds.IntType():
            return "number"
        case kinds.UUIDType():
            return "Uuid"
        case kinds.DictType():
            return "Record<string, unknown>"
        case kinds.EnumType(cls=cls) | kinds.StructType(cls=cls):
            return cls.__name__
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            return f"{_type(item)}[]"
        case _:
            raise TypeError(f"nobody has needed {kind} so far")


def _comment(text: str) -> str:
    lines = text.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */\n"])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _file(head: str, *parts: str) -> str:
    return "\n\n".join((head.strip(), *parts)) + "\n"
