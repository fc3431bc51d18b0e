"""What stands on the pages, and that every link on them leads somewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.reference.badges import SCOPES
from keystead.reference.introspection import BASIC_TYPES
from keystead.reference.pages import pages
from keystead.reference.sections import Section
from keystead.reference.site import Source
from keystead.reference.words import LANGUAGES
from tests.unit.introspections import (
    HOSTILE,
    NYMEA,
    anchors,
    changed,
    introspections,
    links,
    method,
    site,
)

LIGHTS = """\
# Lights

## Méthodes

<div class="anchor" id="method-List"></div>

### Lights.List

<span class="badge perm-none">PUBLIC</span>

List all lamps.

**Paramètres**

Aucun paramètre.

**Retours**

| Champ | Type | Notes |
| --- | --- | --- |
| `lamps` | [Lamps](../types.md#type-Lamps) |  |

<div class="anchor" id="method-Switch"></div>

### Lights.Switch

<span class="badge perm-control">CONTROL</span>

Switch a lamp.

**Paramètres**

| Champ | Type | Notes |
| --- | --- | --- |
| `after` | Uint | optionnel |
| `ids` | Uuid[] |  |
| `on` | Bool |  |

**Retours**

Aucun retour.

## Notifications

<div class="anchor" id="notification-Switched"></div>

### Lights.Switched

A lamp was switched.

**Paramètres**

| Champ | Type | Notes |
| --- | --- | --- |
| `on` | Bool | optionnel, obsolète |"""


def page(name, *arguments, **how):
    return pages(site(*arguments, **how))[name]


def lights(*arguments, **how):
    return page("systeme/Lights.md", *arguments, **how)


def broken_links(texts):
    """Give every link that leads to no page, or to no place on it."""
    places = {path: set(anchors(text)) for path, text in texts.items()}
    for path, text in texts.items():
        base = path.rpartition("/")[0]
        for target in links(text):
            file, _, place = target.partition("#")
            full = resolved(base, file) if file else path
            if full not in texts or (place and place not in places[full]):
                yield path, target


def resolved(base, file):
    parts = base.split("/") if base else []
    for part in file.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_a_namespace_has_its_methods_and_then_its_notifications():
    assert lights() == LIGHTS


def test_a_namespace_may_have_no_methods_or_no_notifications():
    assert "Aucune notification." in lights(changed(notifications={}))
    assert "Aucune méthode." in lights(changed(methods={}))


@pytest.mark.parametrize(
    ("scope", "badge"),
    [
        ("None", '<span class="badge perm-none">PUBLIC</span>'),
        ("ControlThings", '<span class="badge perm-control">CONTROL</span>'),
        ("ConfigureThings", '<span class="badge perm-configure">CONFIGURE</span>'),
        ("ExecuteRules", '<span class="badge perm-control">EXECUTE-RULES</span>'),
        ("ConfigureRules", '<span class="badge perm-configure">CONFIGURE-RULES</span>'),
        ("Admin", '<span class="badge perm-admin">ADMIN</span>'),
        ("EditUsers", '<span class="badge perm-admin">EDIT-USERS</span>'),
    ],
)
def test_a_badge_tells_what_a_method_needs(scope, badge):
    document = method(permissionScope=f"PermissionScope{scope}")

    assert badge in lights(document)
    assert badge in page("index.md", document)


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_scope_and_every_basic_type_has_its_words(words):
    assert words.scopes.keys() == SCOPES.keys()
    assert tuple(words.basic) == BASIC_TYPES


def test_the_languages_differ_in_words_only():
    french, english = (pages(site(NYMEA, lang=lang)) for lang in LANGUAGES)

    assert french.keys() == english.keys()
    for path, text in french.items():
        assert links(text) == links(english[path])
        assert anchors(text) == anchors(english[path])
    assert "## Methods" in english["systeme/Users.md"]
    assert "optionnel" not in english["systeme/Users.md"]
    assert "No parameters." in english["systeme/Users.md"]


def test_a_deprecated_method_is_marked_and_says_what_to_use():
    text = lights(method(deprecated="Use <Lights.Set>."))

    assert 'CONTROL</span> <span class="badge deprecated">OBSOLÈTE</span>' in text
    assert "**Obsolète.** Use &lt;Lights.Set&gt;." in text


def test_what_is_deprecated_without_a_replacement_is_marked_all_the_same():
    text = lights(method(deprecated=""))

    assert "OBSOLÈTE" in text
    assert "**Obsolète.**" not in text


def test_fields_keep_the_order_of_their_raw_keys():
    params = {"b": "Int", "o:a": "Int", "r:c": "Int", "z": "Int"}
    text = lights(method(params=params))

    assert "| `b` | Int |  |\n| `a` | Int | optionnel |\n| `c` | Int | lecture seule |" in text


def test_fields_of_an_object_in_place_have_rows_of_their_own():
    text = lights(method(params={"at": [{"x": [["$ref:Lamp"]]}], "end": "Int"}))

    assert (
        "| `at` | Object[] |  |\n"
        "| <code>at&#91;&#93;.x</code> | [Lamp](../types.md#type-Lamp)[][] |  |\n"
        "| `end` | Int |  |"
    ) in text


def test_the_index_counts_everything_and_names_its_source():
    text = page("index.md", NYMEA, source=Source("nymea <3", "1.15.2", "9.0"))

    assert "| nymea &lt;3 | 1.15.2 | 9.0 |" in text
    assert "| Espaces de noms | 16 |" in text
    assert "| Méthodes | 161 |" in text
    assert "| [Notifications](notifications.md) | 80 |" in text
    assert "| [Types](types.md) | 87 |" in text
    assert "| Énumérations | 50 |" in text
    assert "| Drapeaux | 3 |" in text
    assert "| [Users](systeme/Users.md) | 11 | 4 |" in text


def test_a_version_that_nobody_states_is_not_made_up():
    assert "| lights.json | non indiquée | non indiquée |" in page("index.md")


def test_all_types_are_there_with_what_uses_them():
    text = page("types.md")

    assert "### Lamps\n\nListe de [Lamp](#type-Lamp)." in text
    assert "Employé par : [Lights.List](systeme/Lights.md#method-List)." in text
    assert "### Unused\n\nAucun champ.\n\nEmployé nulle part." in text
    assert "### Colour\n\n- `ColourRed`\n- `ColourBlue`\n\nEmployé nulle part." in text
    assert "Toute combinaison des valeurs de [Colour](#type-Colour)" in text
    assert "Employé par : [Lamp](#type-Lamp)." in text


def test_what_uses_a_type_twice_is_named_once():
    text = page("types.md", method(params={"a": "$ref:Lamp"}, returns={"b": "$ref:Lamp"}))

    assert text.count("[Lights.Switch]") == 1


def test_an_enum_may_be_empty_and_kinds_may_be_missing():
    text = page("types.md", changed(types={}, flags={}, enums={"None": []}, methods={}))

    assert "### None\n\nAucune valeur." in text
    assert text.count("Il n'y en a pas.") == 2


def test_all_notifications_are_on_one_page_by_namespace():
    assert page("notifications.md") == (
        "# Notifications\n\n## Lights\n\n"
        "- [Lights.Switched](systeme/Lights.md#notification-Switched)"
        "<br>A lamp was switched.<br>`on` Bool"
    )
    assert "Aucune notification." in page("notifications.md", changed(notifications={}))


def test_the_summary_leads_through_both_sections():
    assert page("SUMMARY.md", table=b'business = ["Lights"]') == (
        "- [Référence de l'API](index.md)\n"
        "- Métier\n"
        "    - [Lights](metier/Lights.md)\n"
        "- [Notifications](notifications.md)\n"
        "- [Types](types.md)"
    )


def test_the_namespaces_of_nymea_are_where_they_belong():
    known = site(NYMEA)

    assert known.namespaces_in(Section.BUSINESS) == (
        "AppData",
        "Integrations",
        "JSONRPC",
        "Logging",
        "Rules",
        "Scripts",
        "Tags",
    )
    assert known.namespaces_in(Section.SYSTEM) == (
        "Configuration",
        "Debug",
        "ModbusRtu",
        "NetworkManager",
        "System",
        "Transfers",
        "Users",
        "ZWave",
        "Zigbee",
    )
    assert known.unplaced == ()


def test_a_namespace_that_no_table_names_goes_to_system():
    known = site()

    assert known.namespaces_in(Section.SYSTEM) == ("Lights",)
    assert known.unplaced == ("Lights",)


def test_what_a_server_writes_stays_text():
    text = lights(method(description=HOSTILE, params={"a|b`c": "Int"}))

    assert "<b>" not in text
    assert "| <code>a&#124;b&#96;c</code> | Int |  |" in text


def test_the_marks_of_the_pages_cannot_come_from_a_server():
    assert "<!--" not in lights(method(description="<!-- keystead: the end -->"))


def test_the_stylesheet_gives_every_badge_a_colour_in_light_and_dark():
    text = page("extra.css")
    dark = text.partition('[data-md-color-scheme="slate"]')[2].partition("}")[0]

    for look in ("none", "control", "configure", "admin"):
        assert f".badge.perm-{look} {{" in text
        assert f"--badge-{look}:" in dark


def test_all_links_of_nymea_lead_somewhere():
    assert not list(broken_links(pages(site(NYMEA))))


@given(introspections(), st.sampled_from(list(LANGUAGES)))
def test_whatever_a_server_says_all_links_lead_somewhere(document, lang):
    assert not list(broken_links(pages(site(document, lang))))


@given(introspections())
def test_whatever_a_server_says_all_anchors_are_unique(document):
    for text in pages(site(document)).values():
        found = anchors(text)
        assert len(found) == len(set(found))


@given(introspections())
def test_every_method_notification_and_type_has_its_heading(document):
    known = site(document)
    texts = pages(known)

    for entry in known.introspection.entries:
        page = texts[known.page_of(entry.name.partition(".")[0])]
        assert f"\n\n### {entry.name}\n\n" in page
    for name in known.introspection.types:
        assert f"\n\n### {name}\n\n" in texts["types.md"]


@given(introspections())
def test_no_line_of_a_table_has_another_number_of_cells(document):
    for text in pages(site(document)).values():
        for block in text.split("\n\n"):
            rows = [row.count("|") for row in block.splitlines() if row.startswith("|")]
            assert len(set(rows)) <= 1
