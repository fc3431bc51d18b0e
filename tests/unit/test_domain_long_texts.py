"""Texts that nobody checks before they are compared: how long one is does not decide the cost.

To compose a text takes a time that grows with the square of its combining marks: more than a
second for those that fit into one message of a stranger.
"""

import unicodedata

import pytest

from keystead.domain import names
from keystead.domain.names import MAX_NAME_LENGTH
from keystead.domain.passwords import MAX_PASSWORD_BYTES, normalised

MARKS = "\u0315\u0316"  # in the wrong order
LONGEST = 4 * MAX_NAME_LENGTH


@pytest.mark.parametrize("name", ["A" * (LONGEST + 1), MARKS * 200_000])
def test_a_text_that_no_name_looks_like_is_not_folded(name):
    assert names.key(name) == name


@pytest.mark.parametrize("letter", ["A", "\u00c9", "\u1f82", "\u0390", "\U0001d160"])
def test_the_longest_name_is_found_however_it_is_composed(letter):
    name = letter * MAX_NAME_LENGTH
    for form in ("NFC", "NFD"):
        composed = unicodedata.normalize(form, name)
        assert len(composed) <= LONGEST
        assert names.key(composed) == names.key(name)


def test_a_password_that_is_too_long_is_not_composed():
    password = MARKS * 200_000
    assert normalised(password) == password


def test_the_longest_password_is_composed():
    decomposed = "e\u0301" * (MAX_PASSWORD_BYTES // 3)
    assert normalised(decomposed) == "\u00e9" * (MAX_PASSWORD_BYTES // 3)
