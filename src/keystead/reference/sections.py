"""The two sections of the reference, and which namespace is in which."""

import tomllib
from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib import resources

import msgspec

from keystead import CannotError


class Section(Enum):
    """A part of the site; the value is its folder, the same in all languages.

    So a page and its translation have the same address, which is what switching the language
    relies on.
    """

    BUSINESS = "metier"
    SYSTEM = "systeme"


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    business: list[str] = []
    system: list[str] = []


def sections(text: bytes = b"") -> Mapping[str, Section]:
    """Give the section of each namespace that has one.

    Args:
        text: TOML, in UTF-8, of the form of ``sections.toml``; what it says wins over the default.

    >>> sections(b'system = ["Rules"]')["Rules"].name
    'SYSTEM'

    Raises:
        CannotError: it is not of this form, or names a namespace twice.
    """
    return _default() | _read(text)


@cache
def _default() -> dict[str, Section]:
    text = resources.files("keystead.reference").joinpath("sections.toml").read_bytes()
    return _read(text)


def _read(text: bytes) -> dict[str, Section]:
    try:
        table = msgspec.convert(tomllib.loads(text.decode()), _Table)
    except (ValueError, msgspec.ValidationError) as error:
        raise CannotError(f"The table of sections is wrong: {error}.") from error
    named = [(name, Section.BUSINESS) for name in table.business]
    named += [(name, Section.SYSTEM) for name in table.system]
    found = dict(named)
    if len(found) < len(named):
        names = [name for name, _ in named]
        twice = next(name for name in names if names.count(name) > 1)
        raise CannotError(f"The table of sections names {twice} twice.")
    return found
