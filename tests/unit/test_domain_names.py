"""Which names there may be, and which of them are the same."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.names import MAX_NAME_LENGTH, is_valid, key

# Letters whose case, composition or compatibility forms are tangled.
TANGLED = st.text(
    "aAK\u00df\u0130\u0131\u017f\u01c5\u0301\u0307\u0308\u0345"
    "\u03a3\u03b1\u03c2\u1e9b\u1e9e\u1f80\u1fb3\u2163\ufb00\uff41"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "aNN"),
        ("Straße", "STRASSE"),
        ("\uff21nn", "ann"),  # full-width
        ("e\u0301va", "\u00e9va"),  # decomposed
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3",
        ),
        ("\ufb01nn", "finn"),  # ligature
        ("Max\u00a0M", "max m"),
    ],
)
def test_names_that_look_the_same_are_one_account(one, other):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ann", "anna"), ("ann", "ann "), ("\u0131nn", "inn"), ("ann", "a.n")]
)
def test_other_names_are_other_accounts(one, other):
    assert key(one) != key(other)


@given(st.text() | TANGLED)
@example("\u0345\u0301")
@example("\u03b1\u0301\u0345")
def test_the_key_of_a_key_is_itself(name):
    assert key(key(name)) == key(name)


@given(st.text() | TANGLED)
def test_the_way_a_name_is_composed_does_not_matter(name):
    forms = {key(unicodedata.normalize(form, name)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert forms == {key(name)}


@given(st.text(min_size=1))
def test_only_the_nameless_account_has_an_empty_key(name):
    assert key(name) != key("") == ""


@pytest.mark.parametrize(
    "name",
    [
        *("ann", "Ann", "a.b", "123", "ann@example.org", "ann+home@example.org", "a_b-c"),
        *("Ann Archer", "ÄÖabc", "éé;<=", "x/y:z", "a" * MAX_NAME_LENGTH),
    ],
)
def test_a_name_with_three_plain_characters_in_a_row_is_valid(name):
    assert is_valid(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "ab", "ab cd", "äöü", "ab!cd", "a" * (MAX_NAME_LENGTH + 1)),
        *(" ann", "ann ", "ann\n", "\u00a0ann", "ann\u3000"),
        *(
            "an\0n",
            "ann\x7f",
            "ann\u200bann",
            "\u202eann",
            "ann\ud800",
            "ann\u2028b",
            "a\u2029nn",
        ),
        *("ann\u00ad", "\ufeffann", "ann\x85b"),
    ],
)
def test_other_names_are_not_valid(name):
    assert not is_valid(name)


@given(st.text())
def test_every_text_is_valid_or_not(name):
    assert is_valid(name) in {True, False}


@given(st.text(min_size=1), st.sampled_from("\0\n\t\x1b\u200b\u202e\ud800\u2028"))
def test_no_name_with_an_invisible_character_is_valid(name, invisible):
    assert not is_valid(f"abc{name}{invisible}{name}abc")
