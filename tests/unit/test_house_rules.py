"""Rules of the house that no tool knows; each failure says why the rule is there."""

import ast
import hashlib
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import keystead
import keystead.nymea.notifications  # this and the methods fill the catalogues
from keystead.control.catalogue import catalogue as control
from keystead.domain.access import OPEN
from keystead.domain.refusal import Reason
from keystead.nymea import types
from keystead.nymea.errors import user_error
from keystead.nymea.methods import catalogue as nymea
from keystead.rpc.method import Catalogue
from keystead.tani.errors import Status, status
from keystead.tani.methods import catalogue as tani
from keystead.tani.types import EventName
from tests.unit.test_nymea_access import METHODS
from tests.unit.test_tani_access import FUNCTIONS

SOURCE = Path(keystead.__file__).parent
GOLDEN = Path(__file__).parent.parent / "golden"
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 400
VAGUE = ("manager", "helper", "util")
CATALOGUES: list[Catalogue[Any]] = [nymea, tani, control]
DEFINED = [entry for one in CATALOGUES for entry in (*one, *one.notifications.values())]
WIRE_NAMES = {entry.name for entry in DEFINED}

# What keys and tokens look like; a name has few digits, a hash or a key has many.
RANDOM_LOOKING = re.compile(r"[A-Za-z0-9+/=_-]{32,}|-----BEGIN [A-Z ]*PRIVATE KEY-----")

# Where a wire name is written besides its definition, and why it has to be.
MENTIONS = {
    "nymea/steps.py": {"JSONRPC.Hello"},  # the method that comes before all others
    "nymea/face.py": {  # one push of the button is told under both names
        "JSONRPC.PushButtonAuthFinished",
        "Users.PushButtonAuthFinished",
    },
    "nymea/access_news.py": {  # which change is told by which notification
        "Access.AccountChanged",
        "Access.GroupChanged",
        "Access.PairingFinished",
        "Access.PairingRequested",
        "Access.TokensChanged",
    },
    "nymea/notifications.py": {  # the same in the namespace Users
        "Users.UserAdded",
        "Users.UserChanged",
        "Users.UserRemoved",
    },
    "domain/events.py": {"export"},  # an action that is called as the command is
    "tani/types.py": set(
        EventName
    ),  # what clients choose from; the decorators take its members
}
CALLERS = (
    "cli",  # the owner's commands are asked for by name
    "client",  # the other end of the wire, most of it generated from the catalogue
)


GENERATED = "Generated from the definitions"  # such a module has as many entries as they have


def named(paths):
    return [str(path.relative_to(SOURCE)) for path in paths]


@pytest.mark.parametrize("module", MODULES, ids=named(MODULES))
def test_no_module_is_too_long_to_have_one_subject(module):
    text = module.read_text("utf-8")
    lines = 0 if GENERATED in text else len(text.splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: a module has one subject; this one has two"


def test_no_module_has_a_name_that_says_nothing():
    vague = [path for path in SOURCE.rglob("*") if any(word in path.stem for word in VAGUE)]
    assert not named(vague), "such a name tells nobody what belongs in it"


@pytest.mark.clause("ETSI EN 303 645 5.4-3")
def test_no_key_and_no_random_text_is_written_into_the_program():
    sources = [path for path in SOURCE.rglob("*") if path.suffix in {".py", ".sql", ".toml"}]
    found = [
        (path.name, text)
        for path in sources
        for text in RANDOM_LOOKING.findall(path.read_text("utf-8"))
        if sum(letter.isdigit() for letter in text) >= 4 or "PRIVATE" in text
    ]
    assert found == [], "secrets are made on each device, and never come with the program"


def test_migrations_stay_as_they_were_recorded():
    folder = SOURCE / "store" / "migrations"
    present = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.sql")
    }
    lines = (GOLDEN / "migrations.sha256").read_text("ascii").splitlines()
    recorded = {name: digest for digest, name in map(str.split, lines)}
    assert present == recorded, (
        "databases in the field were made with these scripts: write a new one for a change,"
        " and record it with sha256sum"
    )


def test_migrations_are_numbered_without_gaps():
    names = sorted(path.name for path in (SOURCE / "store" / "migrations").glob("*.sql"))
    assert names == [f"{number:04}.sql" for number in range(1, len(names) + 1)], (
        "the number of scripts is the version of a database"
    )


@pytest.mark.parametrize("entry", DEFINED, ids=lambda entry: entry.name)
def test_whatever_is_on_the_wire_says_what_it_does(entry):
    assert entry.doc.endswith("."), "the docstring is the reference of the protocol"


def test_every_wire_name_is_defined_in_one_place():
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module in MODULES:
        for name in names_in_decorators(module):
            places[name].append(*named([module]))
    assert set(places) == WIRE_NAMES
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice, "whoever searches for a name should land on its definition"


def test_a_wire_name_is_written_elsewhere_only_where_that_was_reviewed():
    elsewhere: defaultdict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        (path,) = named([module])
        if path.split("/")[0] not in CALLERS and (names := names_beside_decorators(module)):
            elsewhere[path] = names
    assert elsewhere == MENTIONS, "a name is spelt once, so that it can change in one place"


@pytest.mark.clause("EN 18031-1 ACM-1")
@pytest.mark.parametrize(
    ("catalogue", "matrix"), [(nymea, METHODS), (tani, FUNCTIONS)], ids=["nymea", "tani"]
)
def test_every_method_is_tried_by_everybody(catalogue, matrix):
    assert set(matrix) == set(catalogue.methods), "no method is open by accident"


def test_the_owner_may_call_every_command():
    closed = [method.name for method in control if method.access is not OPEN]
    assert not closed, "whoever reaches the control socket owns the data; nothing asks further"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_word_in_nymea(reason):
    error = user_error(reason)
    assert error in types.UserError, "whoever is refused is told something"
    assert error is not types.UserError.UserErrorNoError, "a refusal is not a success"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_number_in_tani(reason):
    assert status(reason) is not Status.OK, "a refusal is not a success"


def names_in_decorators(module):
    """Give the wire names that decorators of *module* define."""
    arguments = map(wire_name, decorator_arguments(ast.parse(module.read_text("utf-8"))))
    return [name for name in arguments if name in WIRE_NAMES]


def names_beside_decorators(module):
    """Give the wire names that *module* writes as a literal and does not define there."""
    tree = ast.parse(module.read_text("utf-8"))
    definitions = {id(argument) for argument in decorator_arguments(tree)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node.value in WIRE_NAMES
        and id(node) not in definitions
    }


def decorator_arguments(tree):
    """Give the first argument of every decorator that has one."""
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, ast.Call) and decorator.args:
                yield decorator.args[0]


def wire_name(argument):
    """Give the name that a decorator's *argument* spells, be it a literal or an event's."""
    match argument:
        case ast.Constant(value=str(name)):
            return name
        case ast.Attribute(value=ast.Name(id=EventName.__name__), attr=member):
            return EventName[member].value
        case _:
            return None
