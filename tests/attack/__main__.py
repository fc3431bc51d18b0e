"""Attack a real server, and report what was tried and what came of it; see ``main``."""

import argparse
import platform
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from keystead import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

# The same attacks in the form that `make test` has time for.
ALSO = (
    "test_guess_storm",
    "test_revocation_races",
    "test_secrets_stay_secret",
    "test_escalation_walk",
    "test_wrong_doors",
    "test_exhaustion",
    "test_floods",
    "test_eavesdropping",
)


@dataclass
class Tried:
    """One attack: what was tried, how often, and what came of it."""

    clauses: list[str]
    variants: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    observed: list[str] = field(default_factory=list)


class Record:
    """Takes down what pytest tells."""

    def __init__(self):
        self.tried: dict[tuple[str, str], Tried] = {}
        self._clauses: dict[str, list[str]] = {}

    def pytest_itemcollected(self, item):
        marks = item.iter_markers("clause")
        self._clauses[item.nodeid] = [name for mark in marks for name in mark.args]

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and not (report.failed or report.skipped):
            return
        file, _, name = report.nodeid.partition("::")
        plain, _, variant = name.partition("[")
        tried = self.tried.setdefault(
            (Path(file).stem, plain), Tried(self._clauses[report.nodeid])
        )
        variant = variant.rstrip("]")
        tried.variants += 1
        tried.skipped += report.skipped
        if report.failed:
            tried.failed.append(variant or "as it is")
        if said := "; ".join(str(value) for _, value in report.user_properties):
            tried.observed.append(f"*{variant}* {said}" if variant else said)


def table(tried):
    """Write the report as Markdown."""
    found = sum(bool(one.failed) for one in tried.values())
    yield "# Attacks on a running server"
    yield ""
    yield f"Keystead {__version__}, Python {platform.python_version()}, {platform.platform()}."
    forms = sum(one.variants for one in tried.values())
    came = f"{found} found something" if found else "nothing was found"
    yield f"{len(tried)} attacks in {forms} forms: {came}."
    yield ""
    yield "| where | what must hold | clauses | forms | outcome | observed |"
    yield "|---|---|---|---|---|---|"
    for (file, name), one in sorted(tried.items()):
        outcome = "holds" if one.skipped < one.variants else "not tried"
        if one.failed:
            outcome = "**found**: " + ", ".join(one.failed)
        cells = (
            re.sub(r"^(test|attack)_", "", file).replace("_", " "),
            name.removeprefix("test_").replace("_", " "),
            ", ".join(one.clauses),
            str(one.variants),
            outcome,
            "<br>".join(one.observed),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Run all attacks; print the report, and write it to a file if one is named.

    Returns:
        0 when nothing was found, 1 otherwise, or when the attacks could not be made.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("--report", type=Path, help="a file to write the report to")
    parser.add_argument("-k", default="", help="only attacks whose names fit, as for pytest")
    given = parser.parse_args()
    record = Record()
    files = [*sorted(HERE.glob("attack_*.py")), *_acceptance_files()]
    ended = pytest.main(
        [
            "-q",
            "-o",
            "faulthandler_timeout=0",
            "-o",
            "python_files=attack_*.py test_*.py",
            "-k",
            given.k,
            *map(str, files),
        ],
        plugins=[record],
    )
    report = "\n".join(table(record.tried)) + "\n"
    sys.stdout.write(f"\n{report}")
    if given.report:
        given.report.write_text(report, encoding="utf-8")
    return 0 if ended is pytest.ExitCode.OK and record.tried else 1


def _acceptance_files():
    return [ROOT / "tests" / "acceptance" / f"{name}.py" for name in ALSO]


if __name__ == "__main__":
    sys.exit(main())
