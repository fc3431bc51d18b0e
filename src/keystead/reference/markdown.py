"""Pieces of Markdown in which a text stays a text, whatever characters it holds."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

# What Markdown or a common extension of it acts on anywhere in a line; the last three are marks
# and insertions of PyMdown, and names of emoji.
_ACTIVE = re.compile(r"[&<>*_`\[\]\\|~^{}$#@]|==|\+\+|:(?=[\w+-]+:)")
# What comes at the beginning of a paragraph before a character that they act on there.
_BEFORE_ACTIVE = re.compile(r"(?=[!%+,\-./:;=?])|\d+(?=[.)])")
_SENTENCE_END = tuple(".:;!?")
_ITEM = re.compile(r"([-*+•]|\d+[.)])\s")
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.:/-]+( [A-Za-z0-9_.:/-]+)*")


def paragraphs(text: str) -> str:
    r"""Write *text* as paragraphs.

    A blank line ends a paragraph. Any other end of a line is kept where a sentence ends or an
    item of a list follows, and is a space otherwise: there the text had only been wrapped.

    >>> paragraphs("Wrapped\nhere. See:\n<b>\n\n- an item")
    'Wrapped here. See:<br>&lt;b&gt;\n\n&#45; an item'
    """
    return "\n\n".join(_begun("<br>".join(lines)) for lines in _paragraphs(text))


def line(text: str) -> str:
    r"""Write *text* in one line, as for the cell of a table.

    >>> line("one.\n\n| two |")
    'one.<br><br>&#124; two &#124;'
    """
    return "<br><br>".join("<br>".join(lines) for lines in _paragraphs(text))


def code(text: str) -> str:
    """Write *text* as code.

    >>> code("userName"), code("a|b")
    ('`userName`', '<code>a&#124;b</code>')
    """
    return f"`{text}`" if _PLAIN_CODE.fullmatch(text) else f"<code>{line(text)}</code>"


def link(text: str, target: str) -> str:
    """Write a link; *text* is Markdown, *target* a path of letters, digits and ``._-/#``."""
    return f"[{text}]({target})"


def anchor(name: str) -> str:
    """Write a place that links lead to.

    It is HTML, so that it needs no extension, and does not depend on how the site makes anchors
    of headings: those differ between settings, and cannot tell ``Thing`` from ``THING``.
    """
    return f'<div class="anchor" id="{name}"></div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of cells that are Markdown without ends of lines.

    >>> print(table(["A", "B"], [["1", "2"]]))
    | A | B |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def blocks(*parts: str) -> str:
    """Put parts below each other; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines = [re.sub(r"[ \t]+", " ", _visible(line)).strip() for line in text.splitlines()]
    for is_blank, group in groupby(lines, key=lambda line: not line):
        if not is_blank:
            yield [_ACTIVE.sub(_entities, line) for line in _unwrapped(group)]


def _unwrapped(lines: Iterable[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if not found or found[-1].endswith(_SENTENCE_END) or _ITEM.match(line):
            found.append(line)
        else:
            found[-1] += f" {line}"
    return found


def _visible(line: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(c) else c for c in line)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character != "\t"


def _begun(paragraph: str) -> str:
    found = _BEFORE_ACTIVE.match(paragraph)
    if not found:
        return paragraph
    at = found.end()
    return f"{paragraph[:at]}{_entity(paragraph[at])}{paragraph[at + 1 :]}"


def _entities(found: re.Match[str]) -> str:
    return "".join(map(_entity, found[0]))


def _entity(character: str) -> str:
    names = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    return names.get(character) or f"&#{ord(character)};"
