"""The commands about groups, with a server running and without."""

import pytest

from keystead.domain.refusal import Reason
from tests.command_line import CommandLine, serving

RULES = 'name,prefix,write\nObjects.Plant,yes,no\n"Objects.Boiler, old",FALSE,1\n'


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on a data folder with the administrator Ann."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "add", "ann")
    return program


@pytest.fixture
def rules(tmp_path):
    """Give a file with two rules."""
    file = tmp_path / "rules.csv"
    file.write_text(RULES, "utf-8")
    return file


def names(keystead):
    return [group["name"] for group in keystead.done("group", "list", "--json").json]


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE2")
def test_a_group_is_made_with_rights_and_rules(keystead, rules):
    keystead.done("group", "write", "plumbers", "--rights", "Diag,Editor", "--items", rules)

    assert keystead.done("group", "show", "plumbers", "--json").json == {
        "name": "plumbers",
        "rights": ["Editor", "Diag"],
        "items": [
            {"name": "Objects.Plant", "prefix": True, "write": False},
            {"name": "Objects.Boiler, old", "prefix": False, "write": True},
        ],
    }
    assert keystead.done("group", "show", "plumbers").out == (
        "name:    plumbers\n"
        "rights:  Editor,Diag\n"
        "item:    read Objects.Plant and what is below\n"
        "item:    read and write Objects.Boiler, old\n"
    )


def test_what_is_not_said_stays(keystead, rules):
    keystead.done("group", "write", "plumbers", "--rights", "Diag", "--items", rules)
    before = keystead.done("group", "show", "plumbers", "--json").json

    keystead.done("group", "write", "plumbers")
    assert keystead.done("group", "show", "plumbers", "--json").json == before

    keystead.done("group", "write", "plumbers", "--rights", "")
    assert keystead.done("group", "show", "plumbers", "--json").json == before | {"rights": []}

    rules.write_text("name,prefix,write\n")
    keystead.done("group", "write", "plumbers", "--rights", "Diag", "--items", rules)
    assert keystead.done("group", "show", "plumbers", "--json").json == before | {"items": []}


def test_groups_are_listed_and_removed(keystead, rules):
    rules.write_text("name,prefix,write\nObjects,yes,yes\n")
    keystead.done("group", "write", "plumbers", "--rights", "Diag")
    keystead.done("group", "write", "anonymous", "--items", rules)

    assert keystead.done("group", "list").out == (
        "anonymous  None  1 rule\nplumbers   Diag  0 rules\n"
    )
    keystead.done("group", "remove", "plumbers")
    assert names(keystead) == ["anonymous"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The first line of {} must be name,prefix,write."),
        ("Objects.Plant,yes,no\n", "The first line of {} must be name,prefix,write."),
        ("name,prefix,write\nObjects,yes\n", "Line 2 of {} has 2 cells; a rule has 3."),
        ("name,prefix,write\n\n", "Line 2 of {} has 0 cells; a rule has 3."),
        (
            "name,prefix,write\nObjects,yes,perhaps\n",
            "Line 2 of {} says neither yes nor no: 'perhaps'.",
        ),
        ('name,prefix,write\n"Objects,yes', "The file {} is no CSV in UTF-8: "),
        (b"name,prefix,write\n\xff,yes,no\n", "The file {} is no CSV in UTF-8: "),
        (None, "The file {} cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_holds_no_rules_changes_nothing(keystead, rules, text, said):
    rules.unlink()
    if text is not None:
        rules.write_bytes(text if isinstance(text, bytes) else text.encode())

    outcome = keystead("group", "write", "plumbers", "--items", rules)

    assert outcome.code == 2
    assert outcome.complaint.startswith(said.format(rules))
    assert names(keystead) == ["anonymous"]


def test_a_file_may_begin_with_the_mark_of_a_spreadsheet(keystead, rules):
    rules.write_text("name,prefix,write\r\nObjects,yes,yes\r\n", "utf-8-sig")

    keystead.done("group", "write", "plumbers", "--items", rules)

    assert len(keystead.done("group", "show", "plumbers", "--json").json["items"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), Reason.NO_SUCH_GROUP),
        (("remove", "nobody"), Reason.NO_SUCH_GROUP),
        (("remove", "anonymous"), Reason.NAME_RESERVED),
        (("write", "anonymous", "--rights", "UserEdit"), Reason.ANONYMOUS_EDITS_NO_USERS),
        (("write", "a\nb"), Reason.NAME_INVALID),
    ],
)
def test_what_is_against_the_rules_is_refused(keystead, arguments, said):
    outcome = keystead("group", *arguments)

    assert (outcome.code, outcome.complaint) == (1, said.value)


@pytest.mark.parametrize("rights", ["Admin", "ControlThings", "Diagnose"])
def test_a_group_holds_no_other_rights(keystead, rights):
    outcome = keystead("group", "write", "plumbers", "--rights", rights)

    assert outcome.code == 2
    assert names(keystead) == ["anonymous"]


def test_a_running_server_writes_groups_too(keystead, rules):
    with serving(keystead.data):
        keystead.done("group", "write", "plumbers", "--items", rules)
        assert names(keystead) == ["anonymous", "plumbers"]
        keystead.done("group", "remove", "plumbers")
    assert names(keystead) == ["anonymous"]
