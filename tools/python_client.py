"""Write the Python client's types and methods from the catalogue of nymea's methods."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as kinds

from keystead.nymea import methods
from keystead.nymea.errors import errors_of
from keystead.nymea.methods import catalogue
from keystead.rpc.method import Method, Shape
from tools.definitions import Field, doc, fields, named, named_within, snake

ROOT = Path(__file__).parent.parent
WRITTEN = "Generated from the definitions of the methods; `make fix` writes it anew."
ERROR = "error"  # the key of a refusal, which becomes an exception


def types() -> str:
    """Write what methods take and give, and what notifications tell."""
    enums, structs = named(catalogue)
    notifications = [
        _struct(_notification_names()[n.name], fields(n.params), n.doc)
        for n in catalogue.notifications.values()
    ]
    table = "".join(f'"{wire}": {name},' for wire, name in _notification_names().items())
    return _formatted(
        f'"""What goes over the wire.\n\n{WRITTEN}\n"""',
        "from enum import StrEnum\nfrom typing import Any, Final, Union\nfrom uuid import UUID",
        "import msgspec",
        "from keystead.client.shape import Shape",
        *map(_enum, enums),
        *(_struct(cls.__name__, fields(cls), doc(cls)) for cls in _in_order(structs)),
        *(
            _struct(method.returns.__name__, _granted(method), f"What ``{method.name}`` gives.")
            for method in catalogue
            if _is_named_by_method(method)
        ),
        *notifications,
        f"Told = {' | '.join(_notification_names().values())}",
        f"NOTIFICATIONS: Final[dict[str, type[Told]]] = {{{table}}}",
    )


def api() -> str:
    """Write one class per namespace, with a method for each of its methods."""
    by_namespace = {
        namespace: list(found)
        for namespace, found in groupby(sorted(catalogue, key=_namespace), _namespace)
    }
    enums, structs = named(catalogue)
    returns = (method.returns for method in catalogue if _is_named_by_method(method))
    names = ", ".join(cls.__name__ for cls in (*enums, *structs, *returns))
    attributes = "\n".join(
        f"        self.{snake(namespace)} = {namespace}(call)" for namespace in by_namespace
    )
    return _formatted(
        f'"""The methods of the server, by namespace.\n\n{WRITTEN}\n"""',
        "from collections.abc import Sequence\nfrom typing import Any\nfrom uuid import UUID",
        f"from keystead.client.shape import Call, Shape\nfrom keystead.client.types import {names}",
        *(_results(method) for method in catalogue if method.result_field),
        *(_class(namespace, found) for namespace, found in by_namespace.items()),
        'class Api:\n    """Every namespace of the server."""\n\n'
        f"    def __init__(self, call: Call) -> None:\n{attributes}",
    )


def _enum(cls: type[Enum]) -> str:
    members = "\n".join(
        f'    {snake(str(m.value).removeprefix(cls.__name__)).upper()} = "{m.value}"'
        for m in cls
    )
    return f"class {cls.__name__}(StrEnum):\n{_quoted(doc(cls), 4)}\n\n{members}"


def _in_order(structs: list[Shape]) -> list[Shape]:
    """Put each after those that its fields refer to."""
    found: dict[str, Shape] = {}

    def place(cls: Shape) -> None:
        for field in fields(cls):
            for inner in (inner for kind in field.kinds for inner in named_within(kind)):
                if issubclass(inner, msgspec.Struct):
                    place(inner)
        found.setdefault(cls.__name__, cls)

    for cls in structs:
        place(cls)
    return list(found.values())


def _granted(method: Method[Any]) -> list[Field]:
    """List what a method gives unless it refuses; then it gives none of it."""
    granted = [field for field in fields(method.returns) if field.key != ERROR]
    return [replace(field, is_optional=False) for field in granted]


def _is_named_by_method(method: Method[Any]) -> bool:
    """Tell whether a method gives several things, in returns that may also be a refusal."""
    is_one = method.result_field or method.returns.__doc__
    return method.refusable and not is_one and bool(_granted(method))


def _struct(name: str, found: list[Field], text: str) -> str:
    listed = "\n".join(_attribute(field) for field in found if not field.is_deprecated)
    return f"class {name}(Shape, frozen=True, kw_only=True):\n{_quoted(text, 4)}\n\n{listed}"


def _results(method: Method[Any]) -> str:
    """Write what a method that gives one thing sends, which nobody sees but the method."""
    (field,) = (f for f in fields(method.returns) if f.key == method.result_field)
    return f"class {_results_name(method)}(Shape, frozen=True):\n    {snake(field.name)}: {_result(field)}"


def _attribute(field: Field) -> str:
    told = [] if _camel(field.name) == field.key else [f'name="{field.key}"']
    kind = _result(field)
    if field.is_optional:
        kind += " | None"
        told = [*told, "default=None"] if told else told
    default = " = None" if field.is_optional else ""
    return f"    {field.name}: {kind}" + (
        f" = msgspec.field({', '.join(told)})" if told else default
    )


def _class(namespace: str, found: Iterable[Method[Any]]) -> str:
    return (
        f"class {namespace}:\n{_quoted(_subject(namespace), 4)}\n\n"
        "    def __init__(self, call: Call) -> None:\n        self._call = call\n\n"
        + "\n\n".join(map(_method, found))
    )


def _subject(namespace: str) -> str:
    """Say what the modules that define the methods of *namespace* say of it."""
    said = [
        (getattr(methods, name).__doc__ or "").strip()
        for name in sorted(methods.__all__)
        if name.partition("_")[0] == namespace.lower()
    ]
    if len(said) == 1:
        return said[0]
    name = f"The namespace ``{namespace}``"
    subjects = "\n".join(f"- {text.removeprefix(f'{name}: ').rstrip('.')}" for text in said)
    return f"{name}.\n\n{subjects}"


def _method(method: Method[Any]) -> str:
    taken = [field for field in fields(method.params) if not field.is_deprecated]
    parameters = "".join(f", {_parameter(field)}" for field in taken)
    sent = ", ".join(f'"{field.key}": {field.name}' for field in taken)
    text = method.doc
    for field in taken:
        text = text.replace(f'"{field.key}"', f"*{field.name}*")
    if method.refusable:
        text += "\n\nRaises:\n    UserRefusedError: the rules say no."
    shape, given, pick = _given(method)
    return (
        f"    async def {snake(method.name.partition('.')[2])}"
        f"(self{', *' if taken else ''}{parameters}) -> {given}:\n{_quoted(text, 8)}\n"
        f"        {'' if given == 'None' else 'return '}{pick}"
    ).replace(
        "CALL",
        f'await self._call("{method.name}", {{{sent}}}, {shape}'
        f"{f', refusal={errors_of(method.name).__name__}' if method.refusable else ''})",
    )


def _given(method: Method[Any]) -> tuple[str, str, str]:
    """Tell what is sent, what of it a method gives, and how it comes to that."""
    if method.result_field:
        (field,) = (f for f in fields(method.returns) if f.key == method.result_field)
        return _results_name(method), _result(field), f"(CALL).{snake(field.name)}"
    if method.returns.__doc__ or _is_named_by_method(method):
        return method.returns.__name__, method.returns.__name__, "CALL"
    if rest := [field.key for field in _granted(method)]:
        raise ValueError(f"{method.name} returns {rest}, which has no name")
    return "Shape", "None", "CALL"


def _parameter(field: Field) -> str:
    kind = _union(field.kinds, "Sequence[{}]")
    return (
        f"{field.name}: {kind} | None = None" if field.is_optional else f"{field.name}: {kind}"
    )


def _result(field: Field) -> str:
    return _union(field.kinds, "tuple[{}, ...]")


def _union(found: Iterable[kinds.Type], many: str) -> str:
    return " | ".join(map(partial(_annotation, many=many), found))


def _annotation(kind: kinds.Type, many: str) -> str:
    match kind:
        case kinds.StrType():
            return "str"
        case kinds.BoolType():
            return "bool"
        case kinds.IntType():
            return "int"
        case kinds.UUIDType():
            return "UUID"
        case kinds.DictType():
            return "dict[str, Any]"
        case kinds.EnumType(cls=cls) | kinds.StructType(cls=cls):
            return cls.__name__
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            return many.format(_annotation(item, many))
        case _:
            raise TypeError(f"nobody has needed {kind} so far")


def _notification_names() -> dict[str, str]:
    """Name the class of each notification; its namespace comes first where two would be equal."""
    wires = list(catalogue.notifications)
    count = Counter(wire.partition(".")[2] for wire in wires)
    return {
        wire: wire.replace(".", "") if count[name] > 1 else name
        for wire, name in ((wire, wire.partition(".")[2]) for wire in wires)
    }


def _results_name(method: Method[Any]) -> str:
    return f"_{method.name.replace('.', '')}Returns"


def _namespace(method: Method[Any]) -> str:
    return method.name.partition(".")[0]


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def _quoted(text: str, indent: int) -> str:
    mark = '"""'
    lines = [mark + text] if "\n" not in text else [mark + text, ""]
    body = "\n".join(lines).replace("\n", "\n" + " " * indent)
    return " " * indent + re.sub(" +\n", "\n", body) + mark


def _formatted(*parts: str) -> str:
    """Lay out as `make fix` does, so that the formatter leaves it alone."""
    ruff = Path(sys.executable).with_name("ruff")
    name = ["--stdin-filename", "src/keystead/client/generated.py", "-"]
    text = "\n\n".join(parts)
    for command in (["check", "--select", "I,F401,UP", "--fix", "--quiet"], ["format"]):
        text = subprocess.run(
            [ruff, *command, *name],
            input=text,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text
