"""Find which tests say that they prove which clause of a standard, without running them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARKER = "clause"
PROVES_NOTHING = {"skip", "xfail"}  # marks of tests that need not pass

Function = ast.FunctionDef | ast.AsyncFunctionDef


class ClauseError(Exception):
    """A marker is not where, or not what, it has to be; the message says which."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test, and a clause that it proves.

    Attributes:
        clause: the standard, a blank, and the clause in it.
        test: as pytest names it, ``tests/unit/test_tls.py::test_tls_1_2_is_served``.
    """

    clause: str
    test: str


def proofs(root: Path) -> list[Proof]:
    """Collect the markers of all tests below *root*, in the order of files and lines.

    Raises:
        ClauseError: a marker is on no test, or does not name its clauses literally.
    """
    return [
        proof
        for file in sorted((root / "tests").rglob("test_*.py"))
        for proof in proofs_in(file.read_text("utf-8"), file.relative_to(root).as_posix())
    ]


def proofs_in(source: str, file: str) -> list[Proof]:
    """Collect the markers of one *file* with the text *source*.

    Raises:
        ClauseError: a marker is on no test, or does not name its clauses literally.
    """
    if f"mark.{MARKER}" not in source:
        return []
    module = ast.parse(source, file)
    of_all = _marks_of_module(module)
    tests = [
        node
        for node in module.body
        if isinstance(node, Function) and node.name.startswith("test_")
    ]
    found = [proof for test in tests for proof in _proofs_of(test, of_all, file)]
    known = {id(_called(mark)) for test in tests for mark in (*of_all, *test.decorator_list)}
    for node in ast.walk(module):
        if _name(node) == MARKER and id(node) not in known:
            raise ClauseError(f"{file}:{_line(node)}: this marker is on no test")
    return found


def _proofs_of(test: Function, of_all: list[ast.expr], file: str) -> Iterator[Proof]:
    marks = [*of_all, *test.decorator_list]
    clauses = [
        clause
        for mark in marks
        if _name(_called(mark)) == MARKER
        for clause in _clauses(mark, file)
    ]
    if clauses and any(_name(_called(mark)) in PROVES_NOTHING for mark in marks):
        raise ClauseError(f"{file}::{test.name} need not pass, so it proves nothing")
    for clause in dict.fromkeys(clauses):
        yield Proof(clause, f"{file}::{test.name}")


def _marks_of_module(module: ast.Module) -> list[ast.expr]:
    """Give what the name ``pytestmark`` stands for."""
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=ast.List(elts=marks)):
                return marks
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=mark):
                return [mark]
            case _:
                pass
    return []


def _called(mark: ast.expr) -> ast.expr:
    return mark.func if isinstance(mark, ast.Call) else mark


def _name(node: ast.AST) -> str | None:
    """Give the name of a mark of pytest; None for anything else."""
    match node:
        case ast.Attribute(ast.Attribute(ast.Name("pytest"), "mark"), name):
            return name
        case _:
            return None


def _clauses(mark: ast.expr, file: str) -> list[str]:
    match mark:
        case ast.Call(args=[_, *_], keywords=[]):
            texts = [each.value for each in mark.args if isinstance(each, ast.Constant)]
            clauses = [text for text in texts if isinstance(text, str)]
            if len(clauses) == len(mark.args):
                return clauses
        case _:
            pass
    raise ClauseError(f"{file}:{_line(mark)}: a marker names its clauses as literal texts")


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)
