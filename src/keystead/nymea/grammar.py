"""How nymea describes types in ``JSONRPC.Introspect``: ``String``, ``["Uuid"]``, ``$ref:UserInfo``.

The rules, read off nymea's own description (nymea 3.1, 3.2):

* ``o:`` marks what may be left out, ``r:`` what clients cannot write, ``d:`` what is deprecated.
* A set of an enum is a flag named by the plural.
* A list of something that clients cannot write is a type of its own, named ``<Object>List``.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import inspect as kinds

from keystead.nymea.types import BasicType, View, smallest_name
from keystead.rpc.method import Catalogue, Method, Notification, Shape

Json = Any
Description = dict[str, Json]

_BASIC: dict[type[kinds.Type], BasicType] = {
    kinds.StrType: BasicType.String,
    kinds.BoolType: BasicType.Bool,
    kinds.UUIDType: BasicType.Uuid,
    kinds.DictType: BasicType.Object,
}


def describe(catalogue: Catalogue[Any], *, self_service: bool) -> Description:
    """Describe everything in *catalogue* as the result of ``JSONRPC.Introspect``.

    Args:
        catalogue: the methods and notifications.
        self_service: the setting that opens some methods to every signed-in user.
    """
    enums: dict[str, type] = {BasicType.__name__: BasicType}
    flags: dict[str, type] = {}
    structs: dict[str, Shape] = {}
    for kind in _kinds(catalogue):
        match kind:
            case kinds.EnumType(cls=cls):
                enums[cls.__name__] = cls
            case kinds.StructType(cls=cls):
                structs[cls.__name__] = cls
            case kinds.VarTupleType(item_type=kinds.EnumType(cls=cls)):
                flags[f"{cls.__name__}s"] = cls
            case _:  # basic types and plain lists need no entry
                pass
    types: dict[str, Json] = {name: fields(cls) for name, cls in structs.items()}
    types |= {
        f"{name}List": [f"$ref:{name}"]
        for name, cls in structs.items()
        if issubclass(cls, View)
    }
    described: Description = _sorted(
        {
            "enums": {name: [str(v) for v in _values(cls)] for name, cls in enums.items()},
            "flags": {name: [f"$ref:{cls.__name__}"] for name, cls in flags.items()},
            "methods": {
                m.name: _method(m, self_service=self_service)
                for m in catalogue.methods.values()
            },
            "notifications": {
                n.name: _notification(n) for n in catalogue.notifications.values()
            },
            "types": types,
        }
    )
    return described


def fields(shape: Shape) -> Description:
    """Describe the fields of *shape*: prefixed keys and the notation of their types."""
    described = {}
    for field in _info(shape).fields:
        extra = _extra(field.type)
        if extra.get("undeclared"):
            continue
        prefix = "d:" if extra.get("deprecated") else ""
        prefix += "r:" if issubclass(shape, View) else ""
        prefix += "" if field.required else "o:"
        described[prefix + field.encode_name] = notation(field.type)
    return described


def notation(kind: kinds.Type) -> Json:
    """Write a type as nymea does.

    Raises:
        TypeError: nymea has no such type.
    """
    match kind:
        case kinds.Metadata(type=inner):
            return _extra(kind).get("basic") or notation(inner)
        case kinds.UnionType():
            return notation(present(kind))
        case kinds.IntType(ge=bound):
            return str(BasicType.Int if bound is None else BasicType.Uint)
        case kinds.EnumType(cls=cls) | kinds.StructType(cls=cls):
            return f"$ref:{cls.__name__}"
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            return _list_notation(item)
        case _ if basic := _BASIC.get(type(kind)):
            return str(basic)
        case _:
            raise TypeError(f"nymea has no name for {kind}")


def present(kind: kinds.UnionType) -> kinds.Type:
    """Give what a value is when it is there: a type beside None or UNSET."""
    found = [t for t in kind.types if not isinstance(t, (kinds.NoneType, kinds.CustomType))]
    if len(found) != 1:
        raise TypeError(f"nymea has no name for {kind}")
    return found[0]


def _list_notation(item: kinds.Type) -> Json:
    match item:
        case kinds.StrType():
            return str(BasicType.StringList)
        case kinds.EnumType(cls=cls):
            return f"$ref:{cls.__name__}s"
        case kinds.StructType(cls=cls) if issubclass(cls, View):
            return f"$ref:{cls.__name__}List"
        case _:
            return [notation(item)]


def _method(method: Method[Any], *, self_service: bool) -> Description:
    return {
        "description": method.doc,
        "params": fields(method.params),
        "permissionScope": str(smallest_name(method.access.demand(self_service=self_service))),
        "returns": fields(method.returns),
    }


def _notification(notification: Notification) -> Description:
    return {"description": notification.doc, "params": fields(notification.params)}


def _kinds(catalogue: Catalogue[Any]) -> Iterator[kinds.Type]:
    """Give every type that the definitions reach, those of other types included."""
    shapes = [shape for m in catalogue for shape in (m.params, m.returns)]
    shapes += [n.params for n in catalogue.notifications.values()]
    for shape in shapes:
        for field in _info(shape).fields:
            yield from _within(field.type)


def _within(kind: kinds.Type) -> Iterator[kinds.Type]:
    match kind:
        case kinds.Metadata(type=inner):
            yield from _within(inner)
        case kinds.UnionType():
            yield from _within(present(kind))
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            yield kind
            yield from _within(item)
        case kinds.StructType(fields=inner_fields):
            yield kind
            for field in inner_fields:
                yield from _within(field.type)
        case _:
            yield kind


def _info(shape: Shape) -> kinds.StructType:
    info = kinds.type_info(shape)
    assert isinstance(info, kinds.StructType)
    return info


def _extra(kind: kinds.Type) -> dict[str, Any]:
    match kind:
        case kinds.Metadata(type=inner, extra=extra):
            return _extra(inner) | (extra or {})
        case kinds.UnionType():
            return _extra(present(kind))
        case _:
            return {}


def _values(cls: type) -> Iterator[object]:
    yield from cls.__members__.values()  # type: ignore[attr-defined]  # enums have members


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value
