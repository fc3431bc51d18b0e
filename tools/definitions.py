"""What the generators of client types read off a catalogue, whatever language they write."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from msgspec import inspect as kinds

from keystead.rpc.method import Catalogue, Shape


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter or one part of a result.

    Attributes:
        key: on the wire.
        name: in Python.
        kinds: what its value may be when it is there; more than one is a union.
        is_optional: it may be left out.
    """

    key: str
    name: str
    kinds: tuple[kinds.Type, ...]
    is_optional: bool
    is_deprecated: bool


def fields(shape: Shape) -> list[Field]:
    """List the fields of *shape* in definition order."""
    info = kinds.type_info(shape)
    assert isinstance(info, kinds.StructType)
    return [
        Field(
            field.encode_name,
            field.name,
            # msgspec keeps no order of its own in a union.
            tuple(sorted(_present(field.type), key=lambda kind: type(kind).__name__)),
            not field.required,
            _is_deprecated(field.type),
        )
        for field in info.fields
    ]


def doc(thing: type) -> str:
    """Give the docstring of a Struct or an enum."""
    return inspect.cleandoc(thing.__doc__ or "")


def named(catalogue: Catalogue[Any]) -> tuple[list[type[Enum]], list[Shape]]:
    """List the enums and Structs that have a name of their own, in alphabetical order.

    That is those which fields refer to, and what methods return as a whole where somebody has
    said what it is.
    """
    found: dict[str, type] = {}
    for method in catalogue:
        if method.returns.__doc__:
            _note(found, method.returns)
    for shape in _shapes(catalogue):
        for field in fields(shape):
            for cls in (cls for kind in field.kinds for cls in named_within(kind)):
                _note(found, cls)
    listed = [found[name] for name in sorted(found)]
    enums = [cls for cls in listed if issubclass(cls, Enum)]
    return enums, [cls for cls in listed if issubclass(cls, msgspec.Struct)]


def snake(name: str) -> str:
    """Spell a wire name as Python does.

    >>> snake("CreateUser"), snake("JSONRPC")
    ('create_user', 'jsonrpc')
    """
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _shapes(catalogue: Catalogue[Any]) -> Iterator[Shape]:
    for method in catalogue:
        yield from (method.params, method.returns)
    for notification in catalogue.notifications.values():
        yield notification.params


def _note(found: dict[str, type], cls: type) -> None:
    if found.setdefault(cls.__name__, cls) is not cls:
        raise ValueError(f"Two types have the name {cls.__name__}")


def _present(kind: kinds.Type) -> Iterator[kinds.Type]:
    match kind:
        case kinds.Metadata(type=inner):
            yield from _present(inner)
        case kinds.UnionType(types=types):
            for inner in types:
                yield from _present(inner)
        case kinds.NoneType() | kinds.CustomType():  # left out, in one way or the other
            pass
        case _:
            yield kind


def _is_deprecated(kind: kinds.Type) -> bool:
    match kind:
        case kinds.Metadata(type=inner, extra=extra):
            return bool((extra or {}).get("deprecated")) or _is_deprecated(inner)
        case kinds.UnionType(types=types):
            return any(map(_is_deprecated, types))
        case _:
            return False


def named_within(kind: kinds.Type) -> Iterator[type]:
    """List the enums and Structs that *kind* is made of."""
    match kind:
        case kinds.EnumType(cls=cls):
            yield cls
        case kinds.StructType(cls=cls):
            yield cls
            for field in fields(cls):
                for inner in field.kinds:
                    yield from named_within(inner)
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            for inner in _present(item):
                yield from named_within(inner)
        case _:
            pass
