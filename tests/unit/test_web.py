"""The files of the admin page: what is given of them, and that their texts are complete."""

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from keystead import web
from keystead.domain.events import Action, Outcome
from keystead.domain.refusal import Reason
from keystead.nymea.access_types import AccessError
from keystead.nymea.errors import PERMISSION_DENIED
from keystead.nymea.types import PermissionScope, UserError

MAX_SIZE = 150_000  # bytes of all files together, as they lie on the disk
STATIC = web.STATIC
MODULES = {
    file.relative_to(STATIC).as_posix(): file.read_text("utf-8")
    for file in sorted(STATIC.rglob("*.js"))
}
CODE = {name: text for name, text in MODULES.items() if name != "texts.js"}
SHEET = (STATIC / "page.css").read_text("utf-8")
TYPES = (Path(__file__).parents[2] / "docs/reference/api.d.ts").read_text("utf-8")

# What begins so is put together on the page, from words of the server.
FROM_THE_SERVER = ("action.", "author.", "error.", "face.", "outcome.", "scope.")


def texts():
    """Read the texts: JSON but for comments, and commas at ends."""
    _, _, entries = MODULES["texts.js"].partition("const texts = ")
    entries, _, _ = entries.rpartition(";\n\nexport default")
    entries = re.sub(r"^ *//.*$", "", entries, flags=re.MULTILINE)
    pairs = json.loads(re.sub(r",(?=\s*[\]}])", "", entries), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.fixture(scope="module")
def resources():
    return web.resources()


def test_every_file_is_given_at_its_path_and_the_page_at_the_root(resources):
    files = {f"/{file.relative_to(STATIC)}" for file in STATIC.rglob("*") if file.is_file()}
    assert set(resources) == files - {"/index.html"} | {"/"}


def test_every_file_is_given_as_it_is(resources):
    for path, one in resources.items():
        assert one.body == (STATIC / (path.strip("/") or "index.html")).read_bytes()


def test_the_page_is_small():
    files = (file for file in STATIC.rglob("*") if file.is_file())
    assert sum(file.stat().st_size for file in files) <= MAX_SIZE


def test_each_is_compressed_and_has_a_tag_of_its_own(resources):
    for one in resources.values():
        assert not one.gzipped or gzip.decompress(one.gzipped) == one.body
    assert len({one.etag for one in resources.values()}) == len(resources)
    assert web.resources() == resources


def test_browsers_are_told_to_load_and_frame_nothing_else(resources):
    for one in resources.values():
        policy = one.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= {
            *policy
        }
        assert not any("unsafe" in part or "*" in part for part in policy)
        assert one.headers["X-Content-Type-Options"] == "nosniff"
        assert one.headers["Referrer-Policy"] == "no-referrer"
        assert one.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert one.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert one.headers["Cache-Control"] == "no-cache"
        assert "Set-Cookie" not in one.headers


def test_nothing_is_inline_and_nothing_comes_from_elsewhere():
    class Page(HTMLParser):
        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            assert tag != "style"
            assert not any(name == "style" or name.startswith("on") for name in given)
            assert tag != "script" or given["src"].startswith("/")

    Page().feed((STATIC / "index.html").read_text("utf-8"))
    for text in (*MODULES.values(), SHEET):
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)\w", text)
    assert "@import" not in SHEET
    assert "url(" not in SHEET


@pytest.mark.parametrize("module", CODE)
def test_no_module_makes_html_of_texts(module):
    text = CODE[module]
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "cookie",
    ):
        assert way not in text
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize(("key", "languages"), texts().items())
def test_a_text_is_there_in_every_language_with_the_same_places(key, languages):
    assert len(languages) == 3  # English, French, German
    for text in languages:
        assert text.strip() == text != ""
    places = {tuple(sorted(re.findall(r"\{\w+\}", text))) for text in languages}
    assert len(places) == 1


def test_every_word_of_the_server_has_a_text():
    words = {f"action.{action.value}" for action in Action}
    words |= {f"outcome.{outcome.value}" for outcome in Outcome}
    words |= {f"scope.{scope.removeprefix('PermissionScope')}" for scope in PermissionScope}
    assert words <= set(texts())


def test_every_error_that_the_page_is_typed_with_has_a_text():
    unions = re.findall(r"^export type \w+Error =\n((?:  \| .+\n)+)", TYPES, re.MULTILINE)
    words = {word for union in unions for word in re.findall(r'"(\w+)"', union)}
    assert {*AccessError, *UserError} <= words
    sentences = {Reason.BUSY.value, PERMISSION_DENIED}  # of methods whose returns have no error
    alike = dict(re.findall(r'^  "(.+)": "(\w+)",$', CODE["i18n.js"], re.MULTILINE))
    keys = {alike.get(word, word.removeprefix("AccessError")) for word in words | sentences}
    assert {f"error.{key}" for key in keys} <= set(texts())


def test_no_text_is_there_for_nothing():
    code = "\n".join(CODE.values())
    for key in texts():
        base = re.sub(r"\.(one|other)$", "", key)
        assert key.startswith(FROM_THE_SERVER) or f'"{base}"' in code, key
