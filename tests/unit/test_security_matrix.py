"""The matrix of requirements: each has a test that proves it, or a reason for having none."""

from pathlib import Path

import msgspec
import pytest

from tools.clauses import ClauseError, Proof, proofs, proofs_in
from tools.requirements import (
    DEFINITION,
    DOES_NOT_APPLY,
    NOT_MET,
    ROOT,
    TESTED,
    RequirementsError,
    check,
    document,
    matrix,
    page,
    read,
)

ENTRY = """
[Locks]
title = "About locks"
["Locks"."1.1"]
applies = "all doors"
says = "A door can be locked."
"""
ABSENT = """
["Locks"."1.2"]
applies = "all doors"
says = "A lock withstands the curious."
not_met = "It does not."
["Locks"."1.3"]
applies = "gates"
says = "A gate has a bell."
does_not_apply = "There is no gate."
"""
PROOF = Proof("Locks 1.1", "tests/unit/test_door.py::test_it_locks")
FILE = "tests/unit/test_door.py"
TEST = "def test_it_locks():\n    assert True\n"
MARK = "@pytest.mark.clause"


def found(source):
    return [
        (proof.clause, proof.test.removeprefix(f"{FILE}::"))
        for proof in proofs_in(source, FILE)
    ]


def faults(definition, *proven):
    with pytest.raises(RequirementsError) as refused:
        check(read(definition), proven)
    return str(refused.value).splitlines()


def test_every_requirement_is_tested_or_says_why_not():
    check(read((ROOT / DEFINITION).read_text("utf-8")), proofs(ROOT))


def test_a_marker_names_what_its_test_proves():
    source = f'{MARK}("Locks 1.1", "Locks 1.2")\n@pytest.mark.timeout(5)\nasync {TEST}'
    assert found(source) == [("Locks 1.1", "test_it_locks"), ("Locks 1.2", "test_it_locks")]


@pytest.mark.parametrize(
    "marks", ['pytest.mark.clause("Locks 1.1")', '[pytest.mark.clause("Locks 1.1")]']
)
def test_a_marker_of_a_module_is_one_of_each_of_its_tests(marks):
    again = f'{MARK}("Locks 1.1")\n{TEST.replace("it", "she")}'
    source = f"pytestmark = {marks}\ndef door(): ...\n{TEST}{again}"
    assert found(source) == [("Locks 1.1", "test_it_locks"), ("Locks 1.1", "test_she_locks")]


def test_a_module_may_have_other_marks_or_none():
    assert found(f'pytestmark = pytest.mark.timeout(5)\n{MARK}("Locks 1.1")\n{TEST}')
    assert found(TEST) == []


@pytest.mark.parametrize(
    "source",
    [
        f'{MARK}("Locks 1.1")\ndef door(): ...\n',
        f'class TestDoor:\n    {MARK}("Locks 1.1")\n    def test_it(self): ...\n',
        f'door = pytest.param(1, marks=pytest.mark.clause("Locks 1.1"))\n{TEST}',
        'pytestmark = pytest.mark.clause("Locks 1.1")\n',
    ],
)
def test_a_marker_that_is_on_no_test_is_a_mistake(source):
    with pytest.raises(ClauseError, match="on no test"):
        found(source)


@pytest.mark.parametrize(
    "arguments", ["", "()", "(LOCK)", "(1)", '("Locks 1.1", LOCK)', '(a="b")']
)
def test_a_marker_that_names_nothing_is_a_mistake(arguments):
    with pytest.raises(ClauseError, match="literal"):
        found(f"{MARK}{arguments}\n{TEST}")


@pytest.mark.parametrize("mark", ["skip", "skip()", "xfail(reason='?')"])
def test_a_test_that_need_not_pass_proves_nothing(mark):
    with pytest.raises(ClauseError, match="proves nothing"):
        found(f'{MARK}("Locks 1.1")\n@pytest.mark.{mark}\n{TEST}')


def test_all_files_with_tests_are_looked_at(tmp_path):
    for folder in ("unit", "attack/deep"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / "test_door.py").write_text(
            f'{MARK}("Locks 1.1")\n{TEST}'
        )
    assert [proof.test for proof in proofs(tmp_path)] == [
        "tests/attack/deep/test_door.py::test_it_locks",
        "tests/unit/test_door.py::test_it_locks",
    ]


def test_an_unknown_clause_is_named_with_its_test():
    assert faults(ENTRY, PROOF, Proof("Locks 9", PROOF.test)) == [
        f"{PROOF.test} names an unknown clause: Locks 9"
    ]


def test_a_requirement_without_a_test_and_a_reason_is_named():
    assert faults(ENTRY) == ["Locks 1.1 has neither a test nor a reason for having none"]


def test_a_reason_beside_a_test_is_named():
    proven = [Proof(f"Locks {clause}", PROOF.test) for clause in ("1.1", "1.2", "1.3")]
    assert faults(ENTRY + ABSENT, *proven) == [
        f"Locks 1.2 has a test, and in {DEFINITION} a reason for having none",
        f"Locks 1.3 has a test, and in {DEFINITION} a reason for having none",
    ]


def test_two_reasons_are_one_too_many():
    both = ENTRY + 'not_met = "No."\ndoes_not_apply = "No."\n'
    assert faults(both) == ["Locks 1.1 cannot be not met and not apply at the same time"]


@pytest.mark.parametrize("line", ['sais = "x"', "not_met = 5", 'status = "tested"'])
def test_an_entry_of_another_shape_is_refused(line):
    with pytest.raises(msgspec.ValidationError):
        read(ENTRY + line)


def test_the_matrix_has_the_status_and_the_tests_of_each_clause():
    (standard,) = matrix(read(ENTRY + ABSENT), [PROOF])
    assert (standard["standard"], standard["title"]) == ("Locks", "About locks")
    rows = [
        (one["clause"], one["status"], one["reason"], one["tests"])
        for one in standard["requirements"]
    ]
    assert rows == [
        ("1.1", TESTED, "", [PROOF.test]),
        ("1.2", NOT_MET, "It does not.", []),
        ("1.3", DOES_NOT_APPLY, "There is no gate.", []),
    ]


def test_page_and_document_tell_the_same():
    written = page()
    for standard in msgspec.json.decode(document()):
        assert f"\n## {standard['standard']}\n" in written
        for one in standard["requirements"]:
            (row,) = [
                line
                for line in written.splitlines()
                if line.startswith(f"| {one['clause']} |") and one["says"] in line
            ]
            assert f"| {one['status']} |" in row
            assert one["reason"] in row
            assert all(f"`{test}`" in row for test in one["tests"])


def test_every_test_that_is_named_is_there():
    for proof in proofs(ROOT):
        file, _, name = proof.test.partition("::")
        assert f"def {name}(" in Path(ROOT, file).read_text("utf-8")
