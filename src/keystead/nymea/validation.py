"""Parameters as nymea takes them: its order of checks, its texts, and what it lets pass.

What a method accepts is computed from its definition; see ``rpc.method``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as kinds

from keystead.nymea import grammar
from keystead.nymea.envelope import text_of
from keystead.rpc.method import Method, Shape

Conversion = Callable[[Any], Any]
_FALSE = {"", "0", "false"}
_HEX_GROUPS = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(rf"{_HEX_GROUPS}|\{{{_HEX_GROUPS}\}}")


class InvalidParamsError(Exception):
    """The parameters do not fit; the message is nymea's text."""


class _Objection(Exception):  # noqa: N818 - never leaves this module
    pass


@dataclass(frozen=True, slots=True)
class _Parameter:
    raw_key: str  # with its prefixes, which nymea's texts show
    name: str  # in Python
    required: bool
    convert: Conversion


def arguments(method: Method[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keyword arguments that *params* mean for the handler of *method*.

    Raises:
        InvalidParamsError: a key is missing or unknown, or a value cannot be taken.
    Source: nymea 3.4, with the stricter checks of the older builds.
    """
    known = _parameters(method.params)
    for key, parameter in known.items():
        if parameter.required and key not in params:
            raw = parameter.raw_key
            raise _error(method, f"Missing required key: {raw}", raw)
    taken = {}
    for key in sorted(params):
        if (taker := known.get(key)) is None:
            raise _error(method, f"Invalid key: {key}", "")
        try:
            taken[taker.name] = taker.convert(params[key])
        except _Objection as objection:
            raise _error(method, str(objection), f"{key}.") from None
    return taken


def _error(method: Method[Any], message: str, path: str) -> InvalidParamsError:
    return InvalidParamsError(f"Invalid params: {message} in {method.name}, param {path}")


@cache
def _parameters(shape: Shape) -> dict[str, _Parameter]:
    """List the parameters by wire key, in the order of their raw keys."""
    info = kinds.type_info(shape)
    assert isinstance(info, kinds.StructType)
    raw_keys = {raw.rpartition(":")[2]: raw for raw in grammar.fields(shape)}
    parameters = {
        field.encode_name: _Parameter(
            raw_keys[field.encode_name], field.name, field.required, _conversion(field.type)
        )
        for field in info.fields
    }
    return dict(sorted(parameters.items(), key=lambda entry: entry[1].raw_key))


def _conversion(kind: kinds.Type) -> Conversion:
    match kind:
        case kinds.Metadata(type=inner):
            return _conversion(inner)
        case kinds.UnionType():
            return _conversion(grammar.present(kind))
        case kinds.StrType():
            return _string
        case kinds.BoolType():
            return _bool
        case kinds.UUIDType():
            return _uuid
        case kinds.IntType(ge=least, le=most):
            return lambda value: _int(value, least, most)
        case kinds.DictType():
            return _object
        case kinds.EnumType(cls=cls):
            return lambda value: _enum(cls, value)
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            return _list_conversion(item)
        case _:
            raise TypeError(f"no parameter can be {kind}")


def _list_conversion(item: kinds.Type) -> Conversion:
    match item:
        case kinds.StrType():
            return _string_list
        case kinds.StructType(cls=cls):
            return lambda value: _structs(cls, value)
        case kinds.EnumType(cls=cls):
            return lambda value: _flags(cls, value)
        case _:
            convert = _conversion(item)
            return lambda value: _list(convert, value)


def _string(value: Any) -> str:
    return text_of(_scalar(value, "String"))


def _bool(value: Any) -> bool:
    value = _scalar(value, "Bool")
    return value.lower() not in _FALSE if isinstance(value, str) else bool(value)


def _int(value: Any, least: int | None, most: int | None) -> int | None:
    """Take a whole number within bounds; null counts as one that was left out."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Objection(f"Invalid value. Expected: Uint, Got: {text_of(value)}")
    if (least is not None and value < least) or (most is not None and value > most):
        raise _Objection(f"Invalid value. Out of range: {text_of(value)}")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Objection(f"Invalid value. Expected: Object, Got: {text_of(value)}")
    return value


def _structs(cls: type, value: Any) -> list[Any]:
    """Take a list of objects, strictly: a rule that is misread would be a right that is wrong."""
    try:
        taken: list[Any] = msgspec.convert(value, list[cls])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise _Objection(f"Expected a list of {cls.__name__}: {error}") from None
    return taken


def _uuid(value: Any) -> UUID:
    text = text_of(value)
    uuid = UUID(text) if _UUID.fullmatch(text) else None
    if not uuid or not uuid.int:
        raise _Objection(f"Invalid Uuid: {text}")
    return uuid


def _string_list(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_string(item) for item in value]
    value = _scalar(value, "StringList")
    return [] if value is None else [text_of(value)]


def _list(convert: Conversion, value: Any) -> tuple[Any, ...]:
    """Take a list; anything else counts as an empty one, as in all builds of nymea."""
    return tuple(convert(item) for item in value) if isinstance(value, list) else ()


def _flags(cls: type, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Objection(f"Expected flags {cls.__name__}s but got {text_of(value)}")
    return tuple(_enum(cls, item) for item in value)


def _enum(cls: type, value: Any) -> Any:
    try:
        return msgspec.convert(value, cls)
    except msgspec.ValidationError:
        raise _Objection(
            f"Expected enum value for {cls.__name__} but got {text_of(value)}"
        ) from None


def _scalar(value: Any, expected: str) -> Any:
    if isinstance(value, (list, dict)):
        raise _Objection(f"Invalid value. Expected: {expected}, Got: ")
    return value
