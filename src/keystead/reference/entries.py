"""How a method, a notification and a type are written, wherever they stand."""

from collections.abc import Iterator
from typing import assert_never

from keystead.reference.badges import deprecated_badge, scope_badge
from keystead.reference.introspection import (
    Basic,
    Field,
    ListOf,
    Method,
    Notation,
    Notification,
    Reference,
    Structure,
)
from keystead.reference.markdown import anchor, blocks, code, line, link, paragraphs, table
from keystead.reference.site import TYPES, anchor_of, relative, type_anchor
from keystead.reference.words import Words


def method_entry(method: Method, page: str, words: Words) -> str:
    """Write all there is to say of a method, for *page*."""
    returns = fields_table(method.returns, page, words) or words.no_returns
    return blocks(
        _head(method, words, str(scope_badge(method.scope))),
        f"**{words.parameters}**",
        _params(method, page, words),
        f"**{words.returns}**",
        returns,
    )


def notification_entry(notification: Notification, page: str, words: Words) -> str:
    """Write all there is to say of a notification, for *page*."""
    return blocks(
        _head(notification, words),
        f"**{words.parameters}**",
        _params(notification, page, words),
    )


def fields_table(structure: Structure, page: str, words: Words) -> str:
    """Write a row for each field, those of objects inside too; nothing if there is none."""
    rows = [
        (code(path), notation_text(field.notation, page), notes(field, words))
        for path, field in _fields(structure, "")
    ]
    return table((words.field, words.type, words.notes), rows) if rows else ""


def notation_text(notation: Notation, page: str) -> str:
    """Write a type: ``String``, ``Uuid[]``, or the name of a type with a link to it."""
    match notation:
        case Basic(name=name):
            return line(name)
        case Reference(name=name):
            return type_link(name, page)
        case ListOf(item=item):
            return f"{notation_text(item, page)}[]"
        case Structure():
            return "Object"
        case _:
            assert_never(notation)


def type_link(name: str, page: str) -> str:
    """Write a link to a type."""
    return link(name, relative(f"{TYPES}#{type_anchor(name)}", page))


def notes(field: Field, words: Words) -> str:
    """Tell what is special about a field."""
    said = (
        (field.is_optional, words.optional),
        (field.is_read_only, words.read_only),
        (field.is_deprecated, words.deprecated),
    )
    return ", ".join(word for is_so, word in said if is_so)


def _head(entry: Method | Notification, words: Words, badge: str = "") -> str:
    is_deprecated = entry.deprecated is not None
    badges = (badge, str(deprecated_badge(words.deprecated)) if is_deprecated else "")
    return blocks(
        anchor(anchor_of(entry)),
        f"### {entry.name}",
        " ".join(filter(None, badges)),
        f"**{words.replacement}** {line(entry.deprecated)}" if entry.deprecated else "",
        paragraphs(entry.description),
    )


def _params(entry: Method | Notification, page: str, words: Words) -> str:
    return fields_table(entry.params, page, words) or words.no_parameters


def _fields(structure: Structure, path: str) -> Iterator[tuple[str, Field]]:
    for field in structure.fields:
        name = f"{path}{field.name}"
        yield name, field
        notation = field.notation
        while isinstance(notation, ListOf):
            name, notation = f"{name}[]", notation.item
        if isinstance(notation, Structure):
            yield from _fields(notation, f"{name}.")
