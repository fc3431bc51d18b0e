"""The locale names that Hello gives back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.nymea.locales import canonical


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("de", "de_DE"),
        ("fr-FR", "fr_FR"),
        ("de_AT.UTF-8", "de_AT"),
        ("EN_us", "en_US"),
        ("zh_Hans_CN", "zh_CN"),
        ("", "C"),
        ("xx", "C"),
    ],
)
def test_the_names_probed_at_a_nymea_come_out_as_it_gave_them(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("en", "en_US"), ("pt", "pt_BR"), ("zh", "zh_CN"), ("ar", "ar_EG"), ("eo", "eo_001")],
)
def test_a_language_alone_gets_its_likeliest_territory(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    "name", ["de_US", "de_XX", "de_", "de__AT", "de_AUT", "de_040", "de-1996", "de_\u0131t"]
)
def test_a_territory_that_the_language_is_not_known_in_gives_way(name):
    assert canonical(name) == "de_DE"


@pytest.mark.parametrize("name", ["es_419", "en_001", "en_150"])
def test_a_region_of_the_world_is_a_territory(name):
    assert canonical(name) == name


@pytest.mark.parametrize("name", ["de_AT@euro", "de@euro_AT", "de.UTF-8@euro", "de_DE.UTF-8"])
def test_encodings_and_modifiers_are_dropped(name):
    assert canonical(name) == ("de_AT" if name.startswith("de_AT") else "de_DE")


@pytest.mark.parametrize(
    "name", ["de_AT_1996", "de-AT-x-own", "de_Latn_AT", "de-latn-at_x_y_z"]
)
def test_what_follows_the_territory_is_dropped(name):
    assert canonical(name) == "de_AT"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("zh_Hant", "zh_TW"),
        ("zh-hant", "zh_TW"),
        ("zh_Hant_HK", "zh_HK"),
        ("zh_Hant_XX", "zh_TW"),
        ("zh_SG_Hans", "zh_SG"),
        ("uz_Arab", "uz_AF"),
        ("sr_Latn", "sr_RS"),
        ("sr_Latn_ME", "sr_ME"),
    ],
)
def test_a_script_only_decides_where_the_territory_does_not(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    "name",
    ["az_Arab", "en_Shaw", "ff_Adlm", "kk_Arab", "mn_Mong", "pa_Arab", "sd_Deva", "yue_Hans"],
)
def test_the_territory_of_a_script_is_one_of_its_language(name):
    language = name.partition("_")[0]
    assert canonical(name) != canonical(language)
    assert canonical(canonical(name)) == canonical(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no", "nb_NO"),
        ("iw_IL", "he_IL"),
        ("in", "id_ID"),
        ("tl", "fil_PH"),
        ("sh_BA", "sr_BA"),
        ("mo_MD", "ro_MD"),
        ("mo", "ro_RO"),
        ("ji", "yi_UA"),
    ],
)
def test_codes_of_old_are_read(name, expected):
    assert canonical(name) == expected


@pytest.mark.parametrize(
    "name",
    ["C", "c", "POSIX", "any", "und", "und_AT", "_de", " de", "de AT", "de/AT", "@", "\u212ao"],
)
def test_what_names_no_language_is_the_c_locale(name):
    assert canonical(name) == "C"


LIKE_LOCALES = st.from_regex(r"[a-zA-Z]{0,4}([-_.@][a-zA-Z0-9]{0,5}){0,4}", fullmatch=True)


@given(st.text() | LIKE_LOCALES)
def test_every_text_has_a_name_that_names_itself(name):
    once = canonical(name)
    assert canonical(once) == once


@given(LIKE_LOCALES)
def test_a_name_is_c_or_a_language_with_a_territory(name):
    language, _, territory = canonical(name).partition("_")
    assert language == "C" or (2 <= len(language) <= 3 and 2 <= len(territory) <= 3)
