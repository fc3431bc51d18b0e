"""The guide to operating lists every setting with its default, and limits as they are."""

import json
import re
from pathlib import Path

import pytest

from keystead.domain.passwords import CONTEXT_WORDS
from keystead.domain.sessions import MAX_SESSIONS
from keystead.settings import Settings

GUIDE = (Path(__file__).parents[2] / "docs/guide/operating.md").read_text("utf-8")
DEFAULTS = {name: getattr(Settings(), name) for name in Settings.__struct_fields__}


def documented():
    """Give the settings of the guide with their defaults, as JSON values."""
    for row in re.findall(r"^\| (`.*?) \| (.*?) \| .*\|$", GUIDE, re.MULTILINE):
        names, values = (re.findall("`(.*?)`", cell) for cell in row)
        for number, name in enumerate(names):
            if name in DEFAULTS:
                yield name, json.loads(values[number]) if values else None


@pytest.mark.clause("EN 18031-1 GEC-4", "OWASP ASVS 5.0 7.1.1")
def test_every_setting_is_listed_with_its_default():
    assert dict(documented()) == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in DEFAULTS.items()
    }


@pytest.mark.clause("OWASP ASVS 5.0 7.1.2")
def test_the_number_of_sessions_is_listed_with_what_happens_beyond():
    assert (
        f"| sessions of web pages of one user | {MAX_SESSIONS}; the oldest make room |" in GUIDE
    )


@pytest.mark.clause("OWASP ASVS 5.0 6.1.2")
def test_the_words_that_are_no_passwords_are_listed():
    listed = GUIDE.split("user's name or of ")[1].split(" is refused")[0]
    assert tuple(re.findall("`(.+?)`", listed)) == CONTEXT_WORDS
