"""Texts stay texts in Markdown."""

from html.parser import HTMLParser

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.reference.markdown import code, line, paragraphs, table
from tests.unit.introspections import HOSTILE

# What sites switch on; only what turns plain addresses into links is left out.
EXTENSIONS = [
    "abbr",
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "tables",
    "toc",
    "pymdownx.arithmatex",
    "pymdownx.betterem",
    "pymdownx.blocks.admonition",
    "pymdownx.caret",
    "pymdownx.critic",
    "pymdownx.details",
    "pymdownx.emoji",
    "pymdownx.inlinehilite",
    "pymdownx.keys",
    "pymdownx.mark",
    "pymdownx.snippets",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
    "pymdownx.tilde",
]
BEGINNINGS = [
    "# ",
    "> ",
    "- ",
    "+ ",
    "* ",
    "1. ",
    "12) ",
    "    ",
    "!!! note",
    "??? a",
    "===",
    "---",
]
BEGINNINGS += [
    ": ",
    "/// a",
    "=== a",
    "a: b",
    "--8<-- a",
    "[a]: b",
    "*[a]: b",
    "[^a]: b",
    "```",
]

texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("|<>*_`[](){}#\\&!~^=+-:$@\"'/ .1ab\n")
    | st.sampled_from(BEGINNINGS)
).map("".join)


class Page(HTMLParser):
    """The text of some HTML, and the kinds of its elements."""

    def __init__(self, html):
        super().__init__()
        self.text, self.kinds = "", []
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.kinds.append(tag)


def rendered(text, extensions=EXTENSIONS):
    return Page(markdown.markdown(text, extensions=extensions))


def visible(text):
    """Give what of *text* is to be seen, without white space."""
    line = "".join(text.splitlines()).replace("\t", " ")
    shown = "".join("\ufffd" if c < " " or "\x7f" <= c < "\xa0" else c for c in line)
    return "".join(shown.split())


@given(texts)
def test_a_description_comes_out_as_it_is(text):
    page = rendered(paragraphs(text))

    assert "".join(page.text.split()) == visible(text)
    assert set(page.kinds) <= {"p", "br"}


@given(texts)
def test_a_description_comes_out_the_same_without_extensions(text):
    page = rendered(paragraphs(text), [])

    assert "".join(page.text.split()) == visible(text)
    assert set(page.kinds) <= {"p", "br"}


@given(st.lists(texts, min_size=2, max_size=4))
def test_no_text_breaks_a_table(cells):
    page = rendered(table(["head"] * len(cells), [[line(cell) for cell in cells]]))

    assert "".join(page.text.split()) == "head" * len(cells) + "".join(map(visible, cells))
    assert page.kinds.count("tr") == 2
    assert page.kinds.count("td") == len(cells)


@given(texts.filter(str.strip))
def test_any_name_may_be_code(name):
    page = rendered(f"- {code(name)}")

    assert "".join(page.text.split()) == visible(name)
    assert page.kinds[:3] == ["ul", "li", "code"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Wrapped\nhere.", "Wrapped here."),
        ("One.\nTwo.", "One.<br>Two."),
        ("Take\n- one\n- two", "Take<br>- one<br>- two"),
        ("One.\n\n \nTwo.", "One.\n\nTwo."),
        ("  many   spaces\t ", "many spaces"),
        ("3.5 kW", "3&#46;5 kW"),
        ("", ""),
    ],
)
def test_ends_of_lines_are_kept_where_they_mean_something(text, written):
    assert paragraphs(text) == written


def test_what_is_not_active_stays_readable():
    text = 'See "it" (at http://a.b/c?d, 5 - 3 = 2; yes!).'

    assert paragraphs(text) == text


def test_what_is_active_is_written_as_entities():
    assert "<b>" not in paragraphs(HOSTILE)
    assert "|" not in line(HOSTILE)
