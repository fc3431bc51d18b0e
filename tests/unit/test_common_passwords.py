"""The passwords that attackers try first."""

import pathlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead import data
from keystead.data import is_common_password
from keystead.domain.passwords import PasswordPolicy, PasswordProfile

LIST = pathlib.Path(data.__file__).with_name("common-passwords.txt").read_text().splitlines()


def test_the_list_holds_ten_thousand_words_of_eight_characters_or_more():
    assert len(set(LIST)) == 10_000
    assert min(len(word) for word in LIST) == 8


@pytest.mark.clause("OWASP ASVS 5.0 6.2.4")
def test_three_thousand_words_would_be_allowed_were_they_not_on_the_list():
    profile = PasswordProfile.NYMEA
    before = PasswordPolicy(profile, lambda word: False)
    allowed = [word.title() for word in LIST if before.allows(word.title(), "ann")]
    assert len(allowed) > 3000
    policy = PasswordPolicy(profile, is_common_password)
    assert not any(policy.allows(word, "ann") for word in allowed)


def test_the_list_is_in_the_form_and_order_that_the_search_expects():
    assert sorted(LIST, key=str.encode) == LIST
    assert [unicodedata.normalize("NFC", word.casefold()) for word in LIST] == LIST


@pytest.mark.clause("OWASP ASVS 5.0 6.2.4", "NIST SP 800-63B-4 3.1.1.2 block-list")
def test_every_word_on_the_list_is_common_in_any_case():
    assert all(is_common_password(word) for word in LIST)
    assert all(is_common_password(word.upper()) for word in LIST)


@pytest.mark.parametrize(
    "password",
    ["password", "Password1", "P@ssw0rd", "Football", "Jennifer", "trustno1", "Administrator"],
)
def test_what_everybody_chooses_is_common(password):
    assert is_common_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaa",
        "€€€€€€€€",
        "abcdefghijklmnop",
        "ZYXWVUTSRQPONMLK",
        "123456789012345",
        "98765432109876543210",
        "Qwertzuiopü",
        "poiuztrewq",
        "azertyuiopqsdfghjklm",
    ],
)
def test_runs_are_common_at_any_length(password):
    assert is_common_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "\n",
        "x",
        "abc",
        "correct horse battery staple",
        "Tr0ub4dor&3",
        "kettle-Dune-47-orbit",
        "abcd-efgq-1z34-qw2r",
        "password\nfootball",
        "passwordfootballx9",
        "!",
        "~~zz~~zz9",
        "\ud800 lone surrogate",
    ],
)
def test_other_passwords_are_not_common(password):
    assert not is_common_password(password)


def test_the_way_a_letter_is_composed_does_not_matter():
    assert is_common_password("qwertzuiopü")
    assert is_common_password("qwertzuiopu\u0308")


@pytest.mark.clause("NIST SP 800-63B-4 3.1.1.2 block-list")
@given(st.sampled_from(LIST), st.text(alphabet="§¤", min_size=1, max_size=3))
def test_a_listed_word_with_something_rare_before_it_is_not_listed(word, rare):
    assert not data._is_listed(rare + word)
    assert not data._is_listed(word + rare)


@given(st.text())
def test_every_text_gets_an_answer_that_case_does_not_change(password):
    folded = unicodedata.normalize("NFC", password).casefold()
    assert is_common_password(password) == is_common_password(folded)
