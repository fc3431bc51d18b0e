"""The pages about security say what is there."""

import re
from pathlib import Path
from typing import get_args

import pytest

from keystead.settings import Scheme
from tests.unit.test_nymea_access import AFTER_SET_UP, DURING_SET_UP
from tests.unit.test_tani_access import OPEN

PAGES = Path(__file__).parents[2] / "docs/security"


@pytest.mark.clause("OWASP ASVS 5.0 6.1.3")
def test_all_ways_in_are_listed():
    section = (PAGES / "index.md").read_text("utf-8").partition("## Ways in\n")[2]
    ways = section.partition("\n## ")[0]
    open_to_all = {*AFTER_SET_UP, *DURING_SET_UP, *OPEN, "Users/Write"}
    others = {*get_args(Scheme), "/healthz", "control.sock", "?authentication=off"}
    assert [word for word in open_to_all | others if f"`{word}`" not in ways] == []


def test_no_conformity_is_claimed():
    for page in ("index.md", "matrix.md"):
        text = " ".join((PAGES / page).read_text("utf-8").split())
        assert re.search(r"No conformity (\w+ )*is claimed", text)
