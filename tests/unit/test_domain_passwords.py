"""Which passwords there may be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.passwords import (
    CONTEXT_WORDS,
    MAX_PASSWORD_BYTES,
    PasswordPolicy,
    PasswordProfile,
    normalised,
)
from tests.doubles import PASSWORD, nothing_is_common

NYMEA = PasswordPolicy(PasswordProfile.NYMEA, nothing_is_common)
NIST = PasswordPolicy(PasswordProfile.NIST, nothing_is_common)


@pytest.mark.clause("IEC 62443-4-2 CR 1.7", "OWASP ASVS 5.0 6.2.1")
@pytest.mark.parametrize(
    ("password", "allowed"),
    [
        ("Abcdefg1", True),
        ("Abcdef1", False),  # 7 characters
        ("abcdefg1", False),
        ("ABCDEFG1", False),
        ("Abcdefgh", False),
        ("Äbcdefg1", False),  # no plain upper-case letter
        ("Abcdefg\u0661", False),  # no plain digit
        ("        aA1", True),
        ("aA1" + "\U0001f600" * 5, True),
        ("aA1" + "e\u0301" * 4, False),  # 7 characters when composed
        ("aA1" + "e\u0301" * 5, True),
    ],
)
def test_nymea_asks_for_eight_characters_of_three_kinds(password, allowed):
    assert NYMEA.allows(password, "ann") is allowed


@pytest.mark.clause(
    "IEC 62443-4-2 CR 1.7", "OWASP ASVS 5.0 6.2.1", "NIST SP 800-63B-4 3.1.1.2 characters"
)
@pytest.mark.parametrize(
    ("password", "allowed"),
    [
        ("a" * 14, False),
        ("a" * 15, True),
        ("correct horse battery staple", True),
        ("\U0001f600" * 15, True),
        ("e\u0301" * 14, False),
        ("Abcdefg1", False),
    ],
)
def test_nist_asks_for_fifteen_characters_of_any_kind(password, allowed):
    assert NIST.allows(password, "ann") is allowed


@pytest.mark.clause("OWASP ASVS 5.0 6.2.9", "NIST SP 800-63B-4 3.1.1.2 long")
@pytest.mark.parametrize("policy", [NYMEA, NIST])
@pytest.mark.parametrize(
    ("size", "allowed"), [(MAX_PASSWORD_BYTES, True), (MAX_PASSWORD_BYTES + 1, False)]
)
def test_a_password_has_a_limited_size(policy, size, allowed):
    assert policy.allows("Aa1" + "x" * (size - 3), "ann") is allowed
    assert policy.allows("Aa1x" + "é" * ((size - 4) // 2) + "x" * (size % 2), "ann") is allowed


@pytest.mark.clause("NIST SP 800-63B-4 3.1.1.2 block-list")
@pytest.mark.parametrize("policy", [NYMEA, NIST])
@pytest.mark.parametrize(
    "name", ["Annabel1.Archer", "ANNABEL1.ARCHER", "\uff21nnabel1.Archer", "annabel1.archer"]
)
def test_a_password_is_not_the_name_of_its_user(policy, name):
    assert not policy.allows("Annabel1.Archer", name)
    assert policy.allows("Annabel1.Archery", name)


@pytest.mark.parametrize("policy", [NYMEA, NIST])
def test_a_password_is_text(policy):
    assert not policy.allows("Abcdefghijklmn1\ud800", "ann")


@pytest.mark.clause("NIST SP 800-63B-4 3.1.1.2 block-list")
@pytest.mark.parametrize("profile", PasswordProfile)
def test_a_common_password_is_not_allowed_however_it_is_composed(profile):
    policy = PasswordPolicy(profile, {"P\u00e9ssword-number-1"}.__contains__)
    assert not policy.allows("P\u00e9ssword-number-1", "ann")
    assert not policy.allows("Pe\u0301ssword-number-1", "ann")
    assert policy.allows("Pessword-number-1", "ann")


@pytest.mark.parametrize("policy", [NYMEA, NIST])
def test_the_password_of_the_tests_is_allowed(policy):
    assert policy.allows(PASSWORD, "ann")


@given(st.sampled_from([NYMEA, NIST]), st.text(), st.text())
def test_every_password_is_allowed_or_not_however_it_is_composed(policy, password, name):
    allowed = policy.allows(password, name)
    assert allowed in {True, False}
    assert policy.allows(normalised(password), name) is allowed


@given(st.text())
def test_normalising_composes_and_does_so_once(password):
    composed = normalised(password)
    assert normalised(composed) == composed == unicodedata.normalize("NFC", password)


@pytest.mark.clause("OWASP ASVS 5.0 6.2.11")
@given(
    st.lists(st.sampled_from([*CONTEXT_WORDS, "ann"]), min_size=1, max_size=4),
    st.lists(st.text("0123456789 .,;:!?_-+", max_size=8), min_size=5, max_size=5),
)
def test_words_that_are_tried_first_here_are_no_passwords_whatever_is_around_them(words, signs):
    between = [*signs[: len(words)], signs[-1]]
    written = between[0] + "".join(
        map("".join, zip(map(str.title, words), between[1:], strict=True))
    )
    for policy in (NYMEA, NIST):
        assert not policy.allows(f"{written}123456789012345", "Ann")


@pytest.mark.parametrize("password", ["Keystead is an arch", "My-Nymea-box-1", "Rootword12"])
def test_a_password_may_hold_such_a_word_beside_others(password):
    assert NYMEA.allows(f"{password} 1", "ann")


def test_a_name_that_is_made_of_such_words_takes_no_longer():
    assert NYMEA.allows("Admin" * 150 + "x1", "adminadmin")
