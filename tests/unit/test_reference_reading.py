"""Reading what a server says of itself, and refusing what is no such thing."""

import json

import pytest
from hypothesis import given

from keystead.reference.document import IntrospectionError
from keystead.reference.introspection import (
    Basic,
    Field,
    ListOf,
    Method,
    Notification,
    Reference,
    Structure,
    references,
)
from keystead.reference.reading import read
from tests.unit.introspections import LIGHTS, NYMEA, changed, introspections, method


def problems(document):
    with pytest.raises(IntrospectionError) as refused:
        read(document)
    return [str(problem) for problem in refused.value.problems]


def test_every_part_is_read():
    lights = read(changed())

    assert lights.enums == {"Colour": ("ColourRed", "ColourBlue")}
    assert lights.flags == {"Colours": "Colour"}
    assert lights.types["Lamps"] == ListOf(Reference("Lamp"))
    assert lights.methods[1] == Method(
        "Lights.Switch",
        "Switch a lamp.",
        Structure(
            (
                Field("after", Basic("Uint"), is_optional=True),
                Field("ids", ListOf(Basic("Uuid"))),
                Field("on", Basic("Bool")),
            )
        ),
        Structure(),
        "ControlThings",
    )
    on = Field("on", Basic("Bool"), is_optional=True, is_deprecated=True)
    assert lights.notifications == (
        Notification("Lights.Switched", "A lamp was switched.", Structure((on,))),
    )


def test_methods_are_sorted_by_name():
    assert [m.name for m in read(changed()).methods] == ["Lights.List", "Lights.Switch"]


def test_all_of_nymea_is_read():
    nymea = read(NYMEA)

    assert len(nymea.namespaces) == 16
    assert (len(nymea.methods), len(nymea.notifications)) == (161, 80)
    assert (len(nymea.types), len(nymea.enums), len(nymea.flags)) == (87, 50, 3)


def test_the_whole_reply_is_read_as_well():
    reply = {"id": 7, "params": LIGHTS, "status": "success"}

    assert read(json.dumps(reply).encode()) == read(changed())


def test_a_byte_order_mark_is_passed_over():
    assert read(b"\xef\xbb\xbf" + changed()) == read(changed())


def test_enums_and_flags_may_be_missing():
    parts: dict[str, object] = {name: {} for name in ("methods", "notifications", "types")}

    assert read(json.dumps(parts).encode()).enums == {}


def test_what_the_reference_has_no_place_for_is_passed_over():
    assert read(method(since="9.1")) == read(method())


def test_a_server_may_have_basic_types_of_its_own():
    document = method(params={"when": "Date"})

    assert problems(document) == [
        'methods["Lights.Switch"].params.when: there is no basic type Date'
    ]
    own = json.loads(document) | {"enums": LIGHTS["enums"] | {"BasicType": ["Date"]}}
    assert read(json.dumps(own).encode()).methods[0].params.fields[0].notation == Basic("Date")


def test_an_object_may_be_described_in_place():
    (found,) = read(method(params={"at": {"o:x": "Int"}})).methods
    inner = Structure((Field("x", Basic("Int"), is_optional=True),))

    assert found.params == Structure((Field("at", inner),))


@given(introspections())
def test_whatever_a_server_says_is_read_and_every_reference_leads_somewhere(document):
    found = read(document)
    known = found.enums.keys() | found.flags.keys() | found.types.keys()
    notations = [*found.types.values(), *(entry.params for entry in found.entries)]

    assert known.issuperset(name for notation in notations for name in references(notation))


SWITCH = 'methods["Lights.Switch"]'
BROKEN = [
    (b"", "it is not JSON in UTF-8: Expecting value: line 1 column 1 (char 0)"),
    (b"{}x", "it is not JSON in UTF-8: Extra data: line 1 column 3 (char 2)"),
    (b'"\xff"', "it is not JSON in UTF-8: 'utf-8' codec can't decode byte 0xff"),
    (b'{"methods": NaN}', "it is not JSON in UTF-8: NaN is no number"),
    (b"[" * 100_000, "the document: it is nested too deeply"),
    (b'{"a":' * 40 + b"1" + b"}" * 40, "it is nested too deeply"),
    (b"[]", "the document: Expected object, got array"),
    (b"9", "the document: Expected object, got int"),
    (b"{}", "the document: Object missing required field methods"),
    (b'{"methods": {}, "methods": {}}', "methods: the name is there twice"),
    (b'{"methods": {"a": {"b": 1, "b": 2}}}', "methods.a.b: the name is there twice"),
    (b'{"methods": ["\\ud800"]}', "methods[0]: half a surrogate pair is no text"),
    (b'{"\\ud800": 1}', "the document: half a surrogate pair is no text"),
    (changed(methods=[]), "methods: Expected object, got array"),
    (changed(methods={"Lights.Switch": 3}), f"{SWITCH}: Expected object, got int"),
    (changed(methods={"Switch": LIGHTS["methods"]["Lights.List"]}), "is Namespace.Name"),
    (
        changed(notifications={"../Up.Down": {"description": "", "params": {}}}),
        'notifications["../Up.Down"]: a name is Namespace.Name',
    ),
    (
        changed(notifications={"LIGHTS.On": {"description": "", "params": {}}}),
        "the document: the namespaces LIGHTS and Lights differ in case only",
    ),
    (changed(notifications={"A.B": {"params": {}}}), 'notifications["A.B"]: Object missing'),
    (method(description=None), f"{SWITCH}.description: Expected str, got null"),
    (method(params=[]), f"{SWITCH}.params: Expected object, got array"),
    (method(deprecated=True), f"{SWITCH}.deprecated: Expected str | null, got bool"),
    (method(permissionScope="Admin"), f"{SWITCH}.permissionScope: there is no scope Admin"),
    (
        method(permissionScope="PermissionScope<"),
        f"{SWITCH}.permissionScope: there is no scope PermissionScope<",
    ),
    (
        changed(enums=LIGHTS["enums"] | {"PermissionScope": ["PermissionScopeNone"]}),
        f"{SWITCH}.permissionScope: there is no scope PermissionScopeControlThings",
    ),
    (method(params={"a": "$ref:Sun"}), f"{SWITCH}.params.a: there is no type Sun"),
    (method(returns={"a": [["$ref:Sun"]]}), f"{SWITCH}.returns.a[0][0]: there is no type Sun"),
    (method(params={"a": "int"}), f"{SWITCH}.params.a: there is no basic type int"),
    (method(params={"a": None}), f"{SWITCH}.params.a: a type must be a name, a list of one"),
    (method(params={"a": []}), f"{SWITCH}.params.a: a type must be a name, a list of one"),
    (method(params={"a": ["Int", "Int"]}), f"{SWITCH}.params.a: a type must be a name"),
    (method(params={"": "Int"}), f'{SWITCH}.params[""]: the field has no name'),
    (method(params={"o: ": "Int"}), f'{SWITCH}.params["o: "]: the field has no name'),
    (method(params={"x:a": "Int"}), "x: is not made of o:, r: and d:, each at most once"),
    (method(params={"o:o:a": "Int"}), "o:o: is not made of o:, r: and d:, each at most once"),
    (method(params={"a": "Int", "o:a": "Int"}), f"{SWITCH}.params.a: the name is there twice"),
    (changed(types={"Lamps": "Uuid"}), "types.Lamps: a type must be an object or a list"),
    (changed(types={"Lamps": ["Uuid", "Uuid"]}), "types.Lamps: a type must be a name, a list"),
    (changed(types={"A b": {}}), 'types["A b"]: a name is of letters, digits and _'),
    (
        changed(types=LIGHTS["types"] | {"Colour": {}}),
        "types.Colour: the name is among the enums too",
    ),
    (changed(enums={"Colour": [1]}), "enums.Colour[0]: Expected str, got int"),
    (changed(enums={"Colour": ["a", "a"]}), "enums.Colour: the value a is there twice"),
    (changed(flags={"Colours": ["$ref:Sun"]}), "flags.Colours: there is no enum Sun"),
    (changed(flags={"Colours": "Colour"}), "flags.Colours: flags must be a list of one"),
]


@pytest.mark.parametrize(("document", "problem"), BROKEN, ids=[p for _, p in BROKEN])
def test_what_is_broken_is_refused_with_its_place_and_the_reason(document, problem):
    assert any(problem in found for found in problems(document))


def test_all_problems_are_found_at_once():
    assert problems(method(params={"a": "$ref:Sun", "b": 1, "c": "Moon"})) == [
        f"{SWITCH}.params.b: a type must be a name, a list of one type, or an object",
        f"{SWITCH}.params.c: there is no basic type Moon",
        f"{SWITCH}.params.a: there is no type Sun",
    ]


def test_the_message_names_three_problems_and_how_many_there_are_beside():
    with pytest.raises(IntrospectionError, match=r"^[^\n]*; and 2 more\.$"):
        read(method(params=dict.fromkeys("abcde", "Moon")))
