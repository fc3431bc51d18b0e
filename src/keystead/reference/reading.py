"""Reading an introspection: from JSON to checked values, or to everything that is wrong in it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from keystead.reference.document import NAME, IntrospectionError, Problem, inside, parsed
from keystead.reference.introspection import (
    BASIC_TYPES,
    Basic,
    Field,
    Introspection,
    ListOf,
    Method,
    Notation,
    Notification,
    Reference,
    Structure,
)

_REFERENCE = "$ref:"
_SCOPE = "PermissionScope"
_FULL_SCOPE = re.compile(f"{_SCOPE}{NAME.pattern}")
_FULL_NAME = re.compile(rf"{NAME.pattern}\.{NAME.pattern}")
_KEY = re.compile(r"((?:[A-Za-z]:)*)(.+)", re.DOTALL)
_NOTHING = Structure()  # stands where something was wrong, until that is raised

T = TypeVar("T")


class _Document(msgspec.Struct):
    # Introspect declares only the first three as its returns (nymea 3.1).
    methods: dict[str, Any]
    notifications: dict[str, Any]
    types: dict[str, Any]
    enums: dict[str, Any] = {}
    flags: dict[str, Any] = {}


class _Notification(msgspec.Struct, kw_only=True):
    description: str
    params: dict[str, Any]
    deprecated: str | None = None


class _Method(_Notification, rename="camel", kw_only=True):
    returns: dict[str, Any]
    permission_scope: str


def read(document: bytes) -> Introspection:
    """Read an introspection.

    Args:
        document: JSON in UTF-8: the description itself, or the whole reply to
            ``JSONRPC.Introspect``. Keys that the reference has no place for are passed over.

    Raises:
        IntrospectionError: something is wrong in it.

    Source: nymea 3.1, 3.2.
    """
    value = parsed(document)
    if isinstance(value, dict) and {"params", "status"} <= value.keys():
        value = value["params"]
    reader = _Reader()
    introspection = reader.introspection(value)
    if reader.problems:
        raise IntrospectionError(tuple(reader.problems))
    return introspection


class _Reader:
    """Reads part after part; what is wrong is noted and replaced by something empty.

    Attributes:
        problems: what was wrong so far.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._basic = frozenset(BASIC_TYPES)  # and what the server adds
        self._referred: list[tuple[str, str]] = []  # place and name

    def introspection(self, value: Any) -> Introspection:
        """Read the whole description."""
        document = self._shaped(value, _Document, "") or _Document({}, {}, {})
        enums = {
            name: tuple(self._shaped(values, list[str], inside("enums", name)) or ())
            for name, values in document.enums.items()
        }
        self._basic |= set(enums.get("BasicType", ()))
        introspection = Introspection(
            enums=enums,
            flags={
                name: self._flag(value, inside("flags", name), enums)
                for name, value in document.flags.items()
            },
            types={
                name: self._type(value, inside("types", name))
                for name, value in document.types.items()
            },
            methods=tuple(
                self._method(name, value, enums.get(_SCOPE))
                for name, value in sorted(document.methods.items())
            ),
            notifications=tuple(
                self._notification(name, value)
                for name, value in sorted(document.notifications.items())
            ),
        )
        self._check_names(introspection)
        self._check_full_names(introspection)
        self._check_references(introspection)
        return introspection

    def _wrong(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))

    def _shaped(self, value: Any, shape: type[T], place: str) -> T | None:
        """Give *value* as *shape*; None if it is not."""
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            reason, _, path = str(error).partition(" - at `$")
            self._wrong(f"{place}{path.rstrip('`')}".lstrip("."), reason.replace("`", ""))
            return None

    def _flag(self, value: Any, place: str, enums: Mapping[str, tuple[str, ...]]) -> str:
        match value:
            case [str(item)] if item.startswith(_REFERENCE):
                name = item.removeprefix(_REFERENCE)
                if name not in enums:
                    self._wrong(place, f"there is no enum {name}")
                return name
            case _:
                self._wrong(place, 'flags must be a list of one reference, ["$ref:Enum"]')
                return ""

    def _type(self, value: Any, place: str) -> Structure | ListOf:
        match self._notation(value, place) if isinstance(value, (dict, list)) else None:
            case Structure() | ListOf() as notation:
                return notation
            case _:
                self._wrong(place, "a type must be an object or a list of one type")
                return _NOTHING

    def _method(self, name: str, value: Any, scopes: Iterable[str] | None) -> Method:
        place = inside("methods", name)
        shape = self._shaped(value, _Method, place)
        if shape is None:
            return Method(name, "", _NOTHING, _NOTHING, "")
        scope = shape.permission_scope
        if not _FULL_SCOPE.fullmatch(scope) or (scopes is not None and scope not in scopes):
            self._wrong(inside(place, "permissionScope"), f"there is no scope {scope}")
        return Method(
            name,
            shape.description,
            self._structure(shape.params, inside(place, "params")),
            self._structure(shape.returns, inside(place, "returns")),
            scope.removeprefix(_SCOPE),
            shape.deprecated,
        )

    def _notification(self, name: str, value: Any) -> Notification:
        place = inside("notifications", name)
        shape = self._shaped(value, _Notification, place)
        if shape is None:
            return Notification(name, "", _NOTHING)
        params = self._structure(shape.params, inside(place, "params"))
        return Notification(name, shape.description, params, shape.deprecated)

    def _structure(self, value: Mapping[str, Any], place: str) -> Structure:
        fields = tuple(
            self._field(key, inner, inside(place, key)) for key, inner in value.items()
        )
        for name in _more_than_once(field.name for field in fields):
            self._wrong(inside(place, name), "the name is there twice")
        return Structure(fields)

    def _field(self, key: str, value: Any, place: str) -> Field:
        found = _KEY.fullmatch(key)
        letters, name = found.groups() if found else ("", "")
        prefixes = letters.split(":")[:-1]
        if not name.strip():
            self._wrong(place, "the field has no name")
        if set(prefixes) - {"o", "r", "d"} or len(set(prefixes)) < len(prefixes):
            self._wrong(place, f"{letters} is not made of o:, r: and d:, each at most once")
        return Field(
            name,
            self._notation(value, place),
            is_optional="o" in prefixes,
            is_read_only="r" in prefixes,
            is_deprecated="d" in prefixes,
        )

    def _notation(self, value: Any, place: str) -> Notation:
        match value:
            case str() if value.startswith(_REFERENCE):
                name = value.removeprefix(_REFERENCE)
                self._referred.append((place, name))
                return Reference(name)
            case str() if value in self._basic:
                return Basic(value)
            case str():
                self._wrong(place, f"there is no basic type {value}")
            case [item]:
                return ListOf(self._notation(item, f"{place}[0]"))
            case dict():
                return self._structure(value, place)
            case _:
                self._wrong(place, "a type must be a name, a list of one type, or an object")
        return _NOTHING

    def _check_names(self, read: Introspection) -> None:
        """Check that a name is that of one thing, and fits into the address of a page."""
        kinds = {"enums": read.enums, "flags": read.flags, "types": read.types}
        seen: dict[str, str] = {}
        for kind, names in kinds.items():
            for name in names:
                if not NAME.fullmatch(name):
                    self._wrong(inside(kind, name), "a name is of letters, digits and _")
                if name in seen:
                    self._wrong(inside(kind, name), f"the name is among the {seen[name]} too")
                seen[name] = kind
        for name, values in read.enums.items():
            for value in _more_than_once(values):
                self._wrong(inside("enums", name), f"the value {value} is there twice")

    def _check_full_names(self, read: Introspection) -> None:
        for kind, entries in (("methods", read.methods), ("notifications", read.notifications)):
            for entry in entries:
                if not _FULL_NAME.fullmatch(entry.name):
                    self._wrong(inside(kind, entry.name), "a name is Namespace.Name")
        one_of: dict[str, str] = {}
        for name in read.namespaces:  # their pages would be one file on many systems
            other = one_of.setdefault(name.lower(), name)
            if other != name:
                self._wrong("", f"the namespaces {other} and {name} differ in case only")

    def _check_references(self, read: Introspection) -> None:
        known = read.enums.keys() | read.flags.keys() | read.types.keys()
        for place, name in self._referred:
            if name not in known:
                self._wrong(place, f"there is no type {name}")


def _more_than_once(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)
