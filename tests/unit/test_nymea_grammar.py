"""How nymea describes types, methods and notifications."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import inspect as kinds

from keystead.domain.access import MANAGES_USERS, OPEN, OWN_ACCOUNT, SET_UP
from keystead.nymea import grammar
from keystead.nymea.types import BracedUuid, Deprecated, Uint, Undeclared, View
from keystead.rpc.method import Catalogue


class Colour(StrEnum):
    Red = "Red"
    Blue = "Blue"


class Shade(StrEnum):
    Dark = "Dark"


class Part(msgspec.Struct):
    """Something clients write."""

    shade: Shade


class Whole(View, frozen=True):
    """Something clients only read."""

    part_list: tuple[Part, ...]
    note: str | None = None


def notation(kind: Any) -> object:
    return grammar.notation(kinds.type_info(kind))


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (str, "String"),
        (bool, "Bool"),
        (UUID, "Uuid"),
        (int, "Int"),
        (Uint, "Uint"),
        (dict[str, Any], "Object"),
        (BracedUuid, "Uuid"),
        (Annotated[str, Deprecated], "String"),
        (str | None, "String"),
        (str | msgspec.UnsetType, "String"),
        (Annotated[bool | None, Deprecated], "Bool"),
        (list[str], "StringList"),
        (tuple[str, ...], "StringList"),
        (tuple[UUID, ...], ["Uuid"]),
        (list[list[int]], [["Int"]]),
        (Colour, "$ref:Colour"),
        (tuple[Colour, ...], "$ref:Colours"),
        (Part, "$ref:Part"),
        (list[Part], ["$ref:Part"]),
        (Whole, "$ref:Whole"),
        (list[Whole], "$ref:WholeList"),
    ],
)
def test_every_kind_has_its_notation(kind, written):
    assert notation(kind) == written


@pytest.mark.parametrize("kind", [float, bytes, datetime, Any, set[str], tuple[str, int], None])
def test_a_kind_that_nymea_does_not_know_is_refused(kind):
    with pytest.raises(TypeError, match="nymea has no name for"):
        notation(kind)


def test_a_choice_of_several_kinds_is_refused():
    with pytest.raises(TypeError):
        notation(str | int)


def test_prefixes_tell_what_is_optional_deprecated_or_not_to_be_written():
    class Shape(msgspec.Struct):
        plain: str
        old: Annotated[str, Deprecated]
        hidden: Annotated[str, Undeclared]
        maybe: str = ""
        maybe_old: Annotated[bool | None, Deprecated] = None

    assert grammar.fields(Shape) == {
        "plain": "String",
        "d:old": "String",
        "o:maybe": "String",
        "d:o:maybe_old": "Bool",
    }
    assert grammar.fields(Whole) == {"r:partList": ["$ref:Part"], "r:o:note": "String"}


def a_catalogue() -> Catalogue[None]:
    catalogue: Catalogue[None] = Catalogue(rename="camel")

    @catalogue.method("Z.Get", access=OPEN, returns="theWholes")
    def get(session: None, colours: tuple[Colour, ...] = ()) -> list[Whole]:
        """Give all.

        Once.
        """
        return [Whole(part_list=())] * len(colours)

    @catalogue.method("A.Own", access=OWN_ACCOUNT)
    def own(session: None) -> None:
        """Do nothing."""

    @catalogue.method("A.Manage", access=MANAGES_USERS)
    def manage(session: None) -> None:
        """Do nothing."""

    @catalogue.method("A.Begin", access=SET_UP)
    def begin(session: None) -> None:
        """Do nothing."""

    @catalogue.notification("A.Told")
    class Told(msgspec.Struct):
        """Tell it."""

        number: int

    return catalogue


def test_a_description_lists_what_the_definitions_reach_and_nothing_else():
    described = grammar.describe(a_catalogue(), self_service=False)
    assert {key: list(found) for key, found in described.items()} == {
        "enums": ["BasicType", "Colour", "Shade"],
        "flags": ["Colours"],
        "methods": ["A.Begin", "A.Manage", "A.Own", "Z.Get"],
        "notifications": ["A.Told"],
        "types": ["Part", "Whole", "WholeList"],
    }


def test_enums_flags_and_types_are_described():
    described = grammar.describe(a_catalogue(), self_service=False)
    assert described["enums"]["Colour"] == ["Red", "Blue"]
    assert described["flags"] == {"Colours": ["$ref:Colour"]}
    assert described["types"] == {
        "Part": {"shade": "$ref:Shade"},
        "Whole": {"r:o:note": "String", "r:partList": ["$ref:Part"]},
        "WholeList": ["$ref:Whole"],
    }


def test_a_method_is_described_by_its_signature():
    described = grammar.describe(a_catalogue(), self_service=False)
    assert described["methods"]["Z.Get"] == {
        "description": "Give all.\n\nOnce.",
        "params": {"o:colours": "$ref:Colours"},
        "permissionScope": "PermissionScopeNone",
        "returns": {"theWholes": "$ref:WholeList"},
    }


def test_a_notification_is_described_by_its_fields():
    described = grammar.describe(a_catalogue(), self_service=False)
    assert described["notifications"] == {
        "A.Told": {"description": "Tell it.", "params": {"number": "Int"}}
    }


@pytest.mark.parametrize(
    ("method", "self_service", "scope"),
    [
        ("A.Begin", False, "PermissionScopeAdmin"),
        ("A.Begin", True, "PermissionScopeAdmin"),
        ("A.Manage", False, "PermissionScopeAdmin"),
        ("A.Manage", True, "PermissionScopeAdmin"),
        ("A.Own", False, "PermissionScopeAdmin"),
        ("A.Own", True, "PermissionScopeNone"),
        ("Z.Get", False, "PermissionScopeNone"),
    ],
)
def test_a_method_tells_the_scope_that_is_really_asked_for(method, self_service, scope):
    described = grammar.describe(a_catalogue(), self_service=self_service)
    assert described["methods"][method]["permissionScope"] == scope


def test_keys_are_in_order_everywhere():
    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            for inner in value.values():
                check(inner)

    check(grammar.describe(a_catalogue(), self_service=False))
