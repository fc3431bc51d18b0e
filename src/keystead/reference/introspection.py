"""What a server says of itself: its methods, notifications and types, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

BASIC_TYPES = (
    "Uuid",
    "String",
    "StringList",
    "Int",
    "Uint",
    "Double",
    "Bool",
    "Variant",
    "Color",
    "Time",
    "Object",
)  # nymea 3.2; a server's own enum BasicType may name more


@dataclass(frozen=True, slots=True)
class Basic:
    """A type that the protocol has by itself, such as ``Uuid``."""

    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A type, an enum or a set of flags that the description names."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of something."""

    item: "Notation"


@dataclass(frozen=True, slots=True)
class Structure:
    """An object with known fields, in the order in which the server lists them."""

    fields: "tuple[Field, ...]" = ()


Notation = Basic | Reference | ListOf | Structure


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object.

    Attributes:
        name: as on the wire, without the letters that the server's description puts before.
    """

    name: str
    notation: Notation
    is_optional: bool = False
    is_read_only: bool = False
    is_deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """Something a client may call.

    Attributes:
        name: with its namespace, ``Users.CreateUser``.
        scope: what the caller must hold, without the words before: ``ControlThings``.
        deprecated: what to use instead, possibly empty; None if it is not deprecated.
    """

    name: str
    description: str
    params: Structure
    returns: Structure
    scope: str
    deprecated: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """Something the server tells unasked.

    Attributes:
        name: with its namespace, ``Users.UserAdded``.
        deprecated: what to use instead, possibly empty; None if it is not deprecated.
    """

    name: str
    description: str
    params: Structure
    deprecated: str | None = None


@dataclass(frozen=True, slots=True)
class Introspection:
    """The whole description; every reference in it leads to an enum, to flags or to a type.

    Attributes:
        enums: their values, by name.
        flags: the enum whose values are combined, by name.
        types: objects and lists, by name.
        methods: by full name, sorted.
        notifications: by full name, sorted.
    """

    enums: Mapping[str, tuple[str, ...]]
    flags: Mapping[str, str]
    types: Mapping[str, Structure | ListOf]
    methods: tuple[Method, ...]
    notifications: tuple[Notification, ...]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Give all namespaces, sorted."""
        return tuple(sorted({namespace_of(entry.name) for entry in self.entries}))

    @property
    def entries(self) -> "tuple[Method | Notification, ...]":
        """Give all methods, then all notifications."""
        return (*self.methods, *self.notifications)

    def methods_of(self, namespace: str) -> tuple[Method, ...]:
        """Give the methods of one namespace, sorted."""
        return tuple(m for m in self.methods if namespace_of(m.name) == namespace)

    def notifications_of(self, namespace: str) -> tuple[Notification, ...]:
        """Give the notifications of one namespace, sorted."""
        return tuple(n for n in self.notifications if namespace_of(n.name) == namespace)


def namespace_of(name: str) -> str:
    """Give the part of a full name before the dot.

    >>> namespace_of("Users.CreateUser")
    'Users'
    """
    return name.partition(".")[0]


def references(notation: Notation) -> Iterator[str]:
    """Give the names of the types that *notation* is made of, as often as they occur.

    >>> list(references(ListOf(Structure((Field("user", Reference("UserInfo")),)))))
    ['UserInfo']
    """
    match notation:
        case Basic():
            return
        case Reference(name=name):
            yield name
        case ListOf(item=item):
            yield from references(item)
        case Structure(fields=fields):
            for field in fields:
                yield from references(field.notation)
        case _:
            assert_never(notation)
