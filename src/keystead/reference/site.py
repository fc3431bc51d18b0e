"""The reference as a whole: what it is made of, and the addresses in it."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from keystead.reference.introspection import (
    Introspection,
    Method,
    Notification,
    namespace_of,
)
from keystead.reference.sections import Section
from keystead.reference.words import Words

INDEX = "index.md"
NOTIFICATIONS = "notifications.md"
TYPES = "types.md"
SUMMARY = "SUMMARY.md"
STYLESHEET = "extra.css"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the description comes from.

    Attributes:
        name: of the program or the file.
        version: of the program, empty where nobody says.
        protocol: the version of the protocol, empty where nobody says.
    """

    name: str
    version: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the pages are made of.

    Attributes:
        sections: of the namespaces that have one; others are in ``Section.SYSTEM``.
    """

    introspection: Introspection
    source: Source
    sections: Mapping[str, Section]
    words: Words

    @property
    def unplaced(self) -> tuple[str, ...]:
        """Give the namespaces that have no section of their own, sorted."""
        return tuple(n for n in self.introspection.namespaces if n not in self.sections)

    def namespaces_in(self, section: Section) -> tuple[str, ...]:
        """Give the namespaces of a section, sorted."""
        return tuple(n for n in self.introspection.namespaces if self._section(n) is section)

    def page_of(self, namespace: str) -> str:
        """Give the path of the page of a namespace."""
        return f"{self._section(namespace).value}/{namespace}.md"

    def address_of(self, entry: Method | Notification) -> str:
        """Give the path and anchor of a method or notification."""
        return f"{self.page_of(namespace_of(entry.name))}#{anchor_of(entry)}"

    def _section(self, namespace: str) -> Section:
        return self.sections.get(namespace, Section.SYSTEM)


def anchor_of(entry: Method | Notification) -> str:
    """Name the place of a method or notification on the page of its namespace."""
    bare = entry.name.partition(".")[2]
    match entry:
        case Method():
            return f"method-{bare}"
        case Notification():
            return f"notification-{bare}"
        case _:
            assert_never(entry)


def type_anchor(name: str) -> str:
    """Name the place of a type, an enum or flags on the page of types."""
    return f"type-{name}"


def relative(address: str, page: str) -> str:
    """Give *address* as seen from *page*; both begin at the folder of the reference.

    >>> relative("types.md#type-Tag", "metier/Tags.md")
    '../types.md#type-Tag'
    >>> relative("types.md#type-Tag", "types.md")
    '#type-Tag'
    """
    path, mark, place = address.partition("#")
    if path == page:
        return f"#{place}"
    return f"{posixpath.relpath(path, posixpath.dirname(page) or '.')}{mark}{place}"
