"""TypeScript's own compiler accepts the declarations, and with them what is right and no more."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / "tests/typescript/node_modules/.bin/tsc"
PATIENCE = 60  # seconds, on a loaded machine

pytestmark = [
    pytest.mark.skipif(
        not COMPILER.exists() or shutil.which("node") is None,
        reason="needs TypeScript: sh tools/test-needs.sh",
    ),
    pytest.mark.timeout(PATIENCE + 10),
]


def compiled(*arguments):
    """Give the exit code and the output of the compiler."""
    run = subprocess.run(
        [COMPILER, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def test_the_declarations_and_a_program_that_uses_them_are_compiled_strictly():
    files = ["docs/reference/api.d.ts", "docs/reference/tani.d.ts", "tests/typescript/use.ts"]
    assert compiled("--noEmit", "--strict", "--lib", "es2022", *files) == (0, "", "")


def test_the_admin_page_uses_the_api_as_it_is_declared():
    assert compiled("--project", "tests/typescript/page.json") == (0, "", "")
