"""What the client's types are generated from, and what comes of it."""

from enum import StrEnum
from typing import Annotated

import msgspec
import pytest

from keystead.client import types
from keystead.client.shape import Shape
from keystead.domain.access import OPEN
from keystead.nymea.methods import catalogue as nymea
from keystead.nymea.types import Deprecated
from keystead.rpc.method import Catalogue
from keystead.tani.methods import catalogue as tani
from tools import typescript
from tools.definitions import Field, fields, named, snake


class Colour(StrEnum):
    """What paint is mixed of."""

    RED = "ColourRed"


class Paint(msgspec.Struct):
    """What walls are painted with."""

    colours: tuple[Colour, ...]


class Wall(msgspec.Struct, rename="camel"):
    """What is painted."""

    the_paint: Paint | None = None
    height: Annotated[int | msgspec.UnsetType, Deprecated] = msgspec.UNSET
    name: str | bool = ""


def painting(catalogue: Catalogue[object]) -> Catalogue[object]:
    @catalogue.method("Walls.Paint", access=OPEN)
    def paint(session: object, wall: Wall) -> None:
        """Paint a wall."""

    return catalogue


@pytest.mark.parametrize(
    ("wire", "python"),
    [("CreateUser", "create_user"), ("JSONRPC", "jsonrpc"), ("ModbusRtu", "modbus_rtu")],
)
def test_names_are_spelt_as_python_does(wire, python):
    assert snake(wire) == python


def test_fields_say_what_may_be_there():
    def seen(field: Field):
        kinds = [type(kind).__name__ for kind in field.kinds]
        return field.key, field.name, kinds, field.is_optional, field.is_deprecated

    assert [seen(field) for field in fields(Wall)] == [
        ("thePaint", "the_paint", ["StructType"], True, False),
        ("height", "height", ["IntType"], True, True),
        ("name", "name", ["BoolType", "StrType"], True, False),
    ]


def test_types_within_types_are_found():
    assert named(painting(Catalogue("camel"))) == ([Colour], [Paint, Wall])


def test_two_types_of_one_name_are_refused():
    catalogue = painting(Catalogue("camel"))
    other = msgspec.defstruct("Paint", [("price", int)])
    catalogue.notification("Walls.Priced")(msgspec.defstruct("Priced", [("paint", other)]))
    with pytest.raises(ValueError, match="Two types have the name Paint"):
        named(catalogue)


@pytest.mark.parametrize(
    ("text", "catalogue"), [(typescript.api(), nymea), (typescript.functions(), tani)]
)
def test_typescript_names_everything(text, catalogue):
    for name in (*catalogue.methods, *catalogue.notifications):
        assert f'\n  "{name}": {{\n' in text


def test_no_repr_shows_a_secret():
    shapes = [cls for cls in vars(types).values() if isinstance(cls, type)]
    secretive = [
        cls for cls in shapes if issubclass(cls, Shape) and "token" in cls.__struct_fields__
    ]
    assert len(secretive) == 4
    for cls in secretive:
        others = {name: None for name in cls.__struct_fields__ if name != "token"}
        assert repr(cls(token="hunter2", **others)).count("token=...") == 1
