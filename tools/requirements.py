"""Say of every requirement whether a test proves it: the matrix, as a page and as JSON."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tools.clauses import Proof, proofs

ROOT = Path(__file__).parent.parent
DEFINITION = "docs/security/requirements.toml"

TESTED, NOT_MET, DOES_NOT_APPLY = "tested", "not met", "does not apply"

_HEAD = f"""\
# Matrix of requirements

Each requirement that Keystead is built for, in our own words, with the tests that prove it. *Not met*
and *does not apply* say why. No conformity with any of these standards is claimed; see
[how to read this](index.md).

This page is made from `{DEFINITION}` and from the markers of the tests.
"""


class RequirementsError(Exception):
    """The definition and the tests do not fit together; the message has a line for each fault."""


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one clause demands.

    Attributes:
        applies: to whom or from which level on, as the standard has it.
        says: what it demands, in our words.
        not_met: why it is not met.
        does_not_apply: why it does not apply.
    """

    applies: str
    says: str
    not_met: str = ""
    does_not_apply: str = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard, with what we build for in it, by clause."""

    name: str
    title: str
    requirements: dict[str, Requirement]


def read(definition: str) -> list[Standard]:
    """Read the definition.

    Raises:
        msgspec.ValidationError: an entry has another shape.
        tomllib.TOMLDecodeError: it is no TOML, or has a clause twice.
    """
    return [
        Standard(
            name,
            content.pop("title"),
            msgspec.convert(content, dict[str, Requirement]),
        )
        for name, content in tomllib.loads(definition).items()
    ]


def check(standards: Iterable[Standard], proven: Iterable[Proof]) -> None:
    """See that each clause has either tests or one reason for having none.

    Raises:
        RequirementsError: one has neither or both, or a marker names a clause that is not there.
    """
    known = {
        f"{one.name} {id_}": it for one in standards for id_, it in one.requirements.items()
    }
    faults = [
        f"{proof.test} names an unknown clause: {proof.clause}"
        for proof in proven
        if proof.clause not in known
    ]
    tested = {proof.clause for proof in proven}
    for clause, requirement in known.items():
        reasons = bool(requirement.not_met) + bool(requirement.does_not_apply)
        if reasons > 1:
            faults.append(f"{clause} cannot be not met and not apply at the same time")
        elif reasons and clause in tested:
            faults.append(f"{clause} has a test, and in {DEFINITION} a reason for having none")
        elif not reasons and clause not in tested:
            faults.append(f"{clause} has neither a test nor a reason for having none")
    if faults:
        raise RequirementsError("\n".join(faults))


def matrix(standards: Iterable[Standard], proven: Iterable[Proof]) -> list[dict[str, Any]]:
    """Give the matrix as JSON values, in the order of the definition.

    Raises:
        RequirementsError: the two do not fit together.
    """
    standards, proven = list(standards), list(proven)
    check(standards, proven)
    return [
        {
            "standard": standard.name,
            "title": standard.title,
            "requirements": [
                {
                    "clause": clause,
                    "applies": requirement.applies,
                    "says": requirement.says,
                    "status": _status(requirement),
                    "reason": requirement.not_met or requirement.does_not_apply,
                    "tests": [
                        proof.test
                        for proof in proven
                        if proof.clause == f"{standard.name} {clause}"
                    ],
                }
                for clause, requirement in standard.requirements.items()
            ],
        }
        for standard in standards
    ]


def page() -> str:
    """Write the page of the matrix."""
    standards = _ours()
    parts = [_HEAD, *_summary(standards)]
    for standard in standards:
        parts.append(f"## {standard['standard']}\n\n{standard['title']}.\n")
        parts.append(_table(standard["requirements"]))
    return "\n".join(parts)


def document() -> str:
    """Write the matrix for ``keystead security-report``."""
    return msgspec.json.format(msgspec.json.encode(_ours()), indent=1).decode() + "\n"


def _ours() -> list[dict[str, Any]]:
    return matrix(read((ROOT / DEFINITION).read_text("utf-8")), proofs(ROOT))


def _status(requirement: Requirement) -> str:
    if requirement.not_met:
        return NOT_MET
    return DOES_NOT_APPLY if requirement.does_not_apply else TESTED


def _summary(standards: list[dict[str, Any]]) -> Iterator[str]:
    words = (TESTED, NOT_MET, DOES_NOT_APPLY)
    lines = ["| standard | " + " | ".join(words) + " |", "|---" * 4 + "|"]
    for standard in standards:
        said = [one["status"] for one in standard["requirements"]]
        counts = " | ".join(str(said.count(word)) for word in words)
        lines.append(f"| {standard['standard']} | {counts} |")
    yield "\n".join(lines) + "\n"


def _table(requirements: list[dict[str, Any]]) -> str:
    lines = [
        "| clause | applies | what it demands | status | tests, or why not |",
        "|---" * 5 + "|",
    ]
    for one in requirements:
        why = one["reason"] or "<br>".join(f"`{test}`" for test in one["tests"])
        lines.append(
            f"| {one['clause']} | {one['applies']} | {one['says']} | {one['status']} | {why} |"
        )
    return "\n".join(lines) + "\n"
