"""The project's own site can be built, without a warning."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUIET = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}  # of their future


def test_the_site_is_built_strictly_with_all_its_pages(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | QUIET,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    written = {str(page.relative_to(tmp_path).parent) for page in tmp_path.rglob("index.html")}
    sources = (ROOT / "docs").rglob("*.md")
    pages = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in sources}
    expected = {page.removesuffix("index").removesuffix("README") for page in pages}
    assert {page.strip("/") or "." for page in expected if "SUMMARY" not in page} <= written
