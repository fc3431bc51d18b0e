"""Parameters as nymea takes them: its order of checks, its texts, and what it lets pass."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from keystead.domain.access import OPEN
from keystead.nymea.types import CacheHash, PermissionScope, Uint
from keystead.nymea.validation import InvalidParamsError, arguments
from keystead.rpc.method import Catalogue, Method

THING = "11111111-2222-3333-4444-55555555abcd"
CONTROL = PermissionScope.PermissionScopeControlThings

catalogue: Catalogue[None] = Catalogue(rename="camel")


@catalogue.method("Test.Any", access=OPEN)
def do_nothing(session: None) -> None:
    pass


ANY_METHOD = catalogue.methods["Test.Any"]


class Take(msgspec.Struct, rename="camel"):
    plain_text: str = ""
    maybe_text: str | None = None
    switch: bool = False
    one_id: UUID | None = None
    names: list[str] | None = None
    scopes: tuple[PermissionScope, ...] = ()
    things: tuple[UUID, ...] = ()


class Need(msgspec.Struct):
    zebra: str
    apple: str
    mango: str = ""


class Count(msgspec.Struct):
    many: Uint | None = None
    thing: dict[str, Any] | None = None


TAKE = replace(ANY_METHOD, name="Test.Take", params=Take)
COUNT = replace(ANY_METHOD, name="Test.Count", params=Count)
NEED = replace(ANY_METHOD, name="Test.Need", params=Need)


def taken(**params: Any) -> dict[str, Any]:
    return arguments(TAKE, params)


def complaint(method: Method[Any], **params: Any) -> str:
    with pytest.raises(InvalidParamsError) as raised:
        arguments(method, params)
    start, _, rest = str(raised.value).partition("Invalid params: ")
    assert start == ""
    return rest


# --- keys -----------------------------------------------------------------------------------


def test_what_is_left_out_is_left_to_the_handler():
    assert taken() == {}


def test_keys_come_in_camel_case_and_arrive_in_that_of_python():
    assert taken(plainText="x") == {"plain_text": "x"}


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({}, "apple"),
        ({"zebra": "z"}, "apple"),
        ({"apple": "a"}, "zebra"),
        ({"unknown": 1, "apple": []}, "zebra"),
    ],
)
def test_the_first_missing_key_in_order_is_named_before_anything_else(params, key):
    expected = f"Missing required key: {key} in Test.Need, param {key}"
    assert complaint(NEED, **params) == expected


def test_the_first_unknown_key_in_order_is_named_without_a_path():
    params = {"b": 1, "a": 1, "B": 1}
    assert complaint(TAKE, **params) == "Invalid key: B in Test.Take, param "


def test_keys_are_looked_at_in_order_be_they_unknown_or_wrong():
    assert complaint(TAKE, zoo=1, oneId=5).startswith("Invalid Uuid: 5 ")
    assert complaint(TAKE, oneId=5, foo=1).startswith("Invalid key: foo ")


def test_the_name_in_python_is_no_key():
    assert complaint(TAKE, plain_text="x") == ("Invalid key: plain_text in Test.Take, param ")


# --- texts and switches ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [("ä", "ä"), (None, ""), (5, "5"), (5.0, "5"), (0.5, "0.5"), (True, "true")],
)
@pytest.mark.parametrize(
    ("key", "name"), [("plainText", "plain_text"), ("maybeText", "maybe_text")]
)
def test_any_scalar_is_taken_for_a_text(key, name, value, text):
    assert taken(**{key: value}) == {name: text}


@pytest.mark.parametrize("value", [[], {}, ["a"]])
def test_a_list_or_an_object_is_no_text(value):
    assert complaint(TAKE, plainText=value) == (
        "Invalid value. Expected: String, Got:  in Test.Take, param plainText."
    )


@pytest.mark.parametrize("value", [True, 1, -0.5, "true", "yes", " ", "FALSEHOOD"])
def test_these_switch_on(value):
    assert taken(switch=value) == {"switch": True}


@pytest.mark.parametrize("value", [False, 0, 0.0, None, "", "0", "false", "FALSE"])
def test_these_switch_off(value):
    assert taken(switch=value) == {"switch": False}


@pytest.mark.parametrize("value", [[], {}])
def test_a_list_or_an_object_is_no_switch(value):
    assert complaint(TAKE, switch=value) == (
        "Invalid value. Expected: Bool, Got:  in Test.Take, param switch."
    )


# --- ids ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [THING, f"{{{THING}}}", THING.upper(), f"{{{THING.upper()}}}"])
def test_an_id_comes_with_or_without_braces_in_any_case(text):
    assert taken(oneId=text) == {"one_id": UUID(THING)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("nonsense", "nonsense"),
        (THING.replace("-", ""), THING.replace("-", "")),
        (f"{{{THING}", f"{{{THING}"),
        (f"{THING}}}", f"{THING}}}"),
        (f" {THING}", f" {THING}"),
        (f"{THING}\n", f"{THING}\n"),
        (str(UUID(int=0)), str(UUID(int=0))),
        (None, ""),
        (5, "5"),
        ([THING], ""),
        ({}, ""),
    ],
)
def test_anything_else_is_no_id(value, text):
    expected = f"Invalid Uuid: {text} in Test.Take, param oneId."
    assert complaint(TAKE, oneId=value) == expected


# --- lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["a", 5, None, True], ["a", "5", "", "true"]),
        ([], []),
        (None, []),
        ("a", ["a"]),
        (5, ["5"]),
    ],
)
def test_a_list_of_texts_may_also_be_one_or_none(value, names):
    assert taken(names=value) == {"names": names}


def test_an_object_is_no_list_of_texts():
    assert complaint(TAKE, names={}) == (
        "Invalid value. Expected: StringList, Got:  in Test.Take, param names."
    )


def test_a_list_of_texts_holds_no_lists():
    assert complaint(TAKE, names=["a", ["b"]]) == (
        "Invalid value. Expected: String, Got:  in Test.Take, param names."
    )


def test_a_list_of_ids_is_taken():
    assert taken(things=[THING.upper(), f"{{{THING}}}"]) == {
        "things": (UUID(THING), UUID(THING))
    }


@pytest.mark.parametrize("value", [[], None, THING, 5, {}, False])
def test_anything_but_a_list_counts_as_an_empty_one(value):
    assert taken(things=value) == {"things": ()}


def test_one_wrong_id_in_a_list_is_named():
    assert complaint(TAKE, things=[THING, "x"]) == (
        "Invalid Uuid: x in Test.Take, param things."
    )


def test_flags_are_a_list_of_names():
    value = ["PermissionScopeControlThings", "PermissionScopeControlThings"]
    assert taken(scopes=value) == {"scopes": (CONTROL, CONTROL)}


@pytest.mark.parametrize(
    ("value", "text"), [(CONTROL.value, CONTROL.value), (None, ""), (5, "5"), ({}, "")]
)
def test_anything_but_a_list_is_no_flags(value, text):
    assert complaint(TAKE, scopes=value) == (
        f"Expected flags PermissionScopes but got {text} in Test.Take, param scopes."
    )


@pytest.mark.parametrize(
    ("item", "text"), [("Nobody", "Nobody"), (5, "5"), (None, ""), ([CONTROL.value], "")]
)
def test_one_wrong_flag_in_a_list_is_named(item, text):
    assert complaint(TAKE, scopes=[CONTROL.value, item]) == (
        f"Expected enum value for PermissionScope but got {text} in Test.Take, param scopes."
    )


# --- numbers and objects --------------------------------------------------------------------


def test_one_word_of_a_list_of_words_is_taken_as_a_parameter():
    one = replace(ANY_METHOD, params=msgspec.defstruct("One", [("scope", PermissionScope)]))
    assert arguments(one, {"scope": CONTROL.value}) == {"scope": CONTROL}
    with pytest.raises(
        InvalidParamsError, match="Expected enum value for PermissionScope but got"
    ):
        arguments(one, {"scope": "Nobody"})


@pytest.mark.parametrize("params", [{"many": 0}, {"many": None}, {"thing": {"a": [1]}}])
def test_numbers_and_objects_are_taken_as_they_are(params):
    assert arguments(COUNT, params) == params


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (-1, "Invalid value. Out of range: -1"),
        (True, "Invalid value. Expected: Uint, Got: true"),
        ("7", "Invalid value. Expected: Uint, Got: 7"),
        (7.5, "Invalid value. Expected: Uint, Got: 7.5"),
        ([], "Invalid value. Expected: Uint, Got: "),
    ],
)
def test_what_is_no_number_within_its_bounds_is_refused(given, text):
    assert complaint(COUNT, many=given) == f"{text} in Test.Count, param many."


@pytest.mark.parametrize(("given", "text"), [(7, "7"), ("a", "a"), ([], ""), (None, "")])
def test_what_is_no_object_is_refused(given, text):
    assert complaint(COUNT, thing=given) == (
        f"Invalid value. Expected: Object, Got: {text} in Test.Count, param thing."
    )


# --- definitions ----------------------------------------------------------------------------


def test_a_parameter_of_another_kind_is_refused_when_it_is_first_used():
    odd = replace(ANY_METHOD, params=msgspec.defstruct("Odd", [("odd", CacheHash)]))
    with pytest.raises(TypeError, match="no parameter can be"):
        arguments(odd, {"odd": 1})
