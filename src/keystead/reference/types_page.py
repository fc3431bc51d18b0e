"""The page of all types: what they are made of, and where each is used."""

from collections.abc import Iterator, Mapping
from typing import assert_never

from keystead.reference.entries import fields_table, notation_text, type_link
from keystead.reference.introspection import (
    ListOf,
    Method,
    Notation,
    Structure,
    references,
)
from keystead.reference.markdown import anchor, blocks, code, link, table
from keystead.reference.site import TYPES, Site, relative, type_anchor


def types_page(site: Site) -> str:
    """Write the page."""
    words, known = site.words, site.introspection
    uses = _uses(site)
    objects = {name: _type_body(known.types[name], site) for name in known.types}
    enums = {name: _values(known.enums[name], site) for name in known.enums}
    flags = {
        name: words.combination_of.format(type_link(enum, TYPES))
        for name, enum in known.flags.items()
    }
    kinds = ((words.objects, objects), (words.enums, enums), (words.flags, flags))
    return blocks(
        f"# {words.types}",
        words.types_intro,
        f"## {words.basic_types}",
        table((words.type, words.in_json), words.basic.items()),
        *(part for head, bodies in kinds for part in _kind(head, bodies, uses, site)),
    )


def _kind(
    head: str, bodies: Mapping[str, str], uses: Mapping[str, list[str]], site: Site
) -> Iterator[str]:
    words = site.words
    yield f"## {head}"
    if not bodies:
        yield words.none_such
    for name in sorted(bodies):
        used = ", ".join(uses.get(name, ()))
        yield blocks(
            anchor(type_anchor(name)),
            f"### {name}",
            bodies[name],
            words.used_by.format(used) if used else words.unused,
        )


def _type_body(notation: Structure | ListOf, site: Site) -> str:
    match notation:
        case Structure():
            return fields_table(notation, TYPES, site.words) or site.words.no_fields
        case ListOf(item=item):
            return site.words.list_of.format(notation_text(item, TYPES))
        case _:
            assert_never(notation)


def _values(values: tuple[str, ...], site: Site) -> str:
    return "\n".join(f"- {code(value)}" for value in values) or site.words.no_values


def _uses(site: Site) -> dict[str, list[str]]:
    """Give links to what uses each type directly: methods, notifications, then types."""
    found: dict[str, dict[str, None]] = {}
    for text, notation in _users(site):
        for name in references(notation):
            found.setdefault(name, {})[text] = None
    return {name: list(texts) for name, texts in found.items()}


def _users(site: Site) -> Iterator[tuple[str, Notation]]:
    known = site.introspection
    for entry in known.entries:
        text = link(entry.name, relative(site.address_of(entry), TYPES))
        yield text, entry.params
        if isinstance(entry, Method):
            yield text, entry.returns
    for name in sorted(known.types):
        yield type_link(name, TYPES), known.types[name]
