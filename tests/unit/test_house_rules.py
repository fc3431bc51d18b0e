"""Rules of the house that no tool knows; each failure says why the rule is there."""

import hashlib
from pathlib import Path

import pytest

import keystead
import keystead.nymea.methods  # these two fill the catalogue
import keystead.nymea.notifications
from keystead.domain.refusal import Reason
from keystead.nymea import types
from keystead.nymea.catalogue import catalogue
from keystead.nymea.errors import user_error

SOURCE = Path(keystead.__file__).parent
GOLDEN = Path(__file__).parent.parent / "golden"
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 400
VAGUE = ("manager", "helper", "util")


def named(paths):
    return [str(path.relative_to(SOURCE)) for path in paths]


@pytest.mark.parametrize("module", MODULES, ids=named(MODULES))
def test_no_module_is_too_long_to_have_one_subject(module):
    lines = len(module.read_text("utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: a module has one subject; this one has two"


def test_no_module_has_a_name_that_says_nothing():
    vague = [path for path in SOURCE.rglob("*") if any(word in path.stem for word in VAGUE)]
    assert not named(vague), "such a name tells nobody what belongs in it"


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


@pytest.mark.parametrize("method", list(catalogue), ids=list(catalogue.methods))
def test_every_method_says_what_it_does(method):
    assert method.doc.endswith("."), "the docstring is the reference of the protocol"


@pytest.mark.parametrize("name", list(catalogue.notifications))
def test_every_notification_says_what_it_tells(name):
    assert catalogue.notifications[name].doc.endswith("."), "the docstring is the reference"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_word_in_nymea(reason):
    error = user_error(reason)
    assert error in types.UserError, "whoever is refused is told something"
    assert error is not types.UserError.UserErrorNoError, "a refusal is not a success"
