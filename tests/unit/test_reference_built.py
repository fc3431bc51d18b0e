"""The site that mkdocs makes of the pages: it builds strictly, and every link in it leads somewhere."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from keystead.reference.folder import carry_out, planned
from keystead.reference.words import LANGUAGES
from tests.unit.introspections import HOSTILE, LIGHTS, NYMEA, site

GUIDE = (Path(__file__).parents[2] / "docs/guide/clients.md").read_text("utf-8")
PATIENCE = 50  # seconds, on a loaded machine

# Nothing but what makes mkdocs complain of more than it does by itself.
CONFIGURATION = """\
site_name: Reference
theme: {name: material, font: false}
plugins: [literate-nav]
extra_css: [extra.css]
use_directory_urls: false
validation:
  nav: {omitted_files: warn, not_found: warn, absolute_links: warn}
  links: {not_found: warn, anchors: warn, absolute_links: warn, unrecognized_links: warn}
"""
EVERYTHING = LIGHTS["methods"]["Lights.Switch"] | {
    "description": HOSTILE,
    "deprecated": HOSTILE,
    "params": {HOSTILE.replace(":", ""): [["$ref:Lamp"]], "a|b": [{"c`": "$ref:Colours"}]},
    "permissionScope": "PermissionScopeOwn",
}
HOSTILE_LIGHTS = json.dumps(
    LIGHTS
    | {
        "enums": {"Colour": [HOSTILE], "colour": [], "none": []},
        "methods": {"Lights.Set": EVERYTHING, "Lights.set": EVERYTHING},
        "notifications": {"Lights.Set": {"description": HOSTILE, "params": {"a": "Int"}}},
    }
).encode()


class Page(HTMLParser):
    """A page of the site: its places, the links in its article, and their text."""

    def __init__(self, html):
        super().__init__()
        self.places: Counter[str] = Counter()
        self.links: list[str] = []
        self.text = ""
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places.update([found["id"]] if "id" in found else [])
        self._depth += tag == "article"
        if tag == "a" and self._depth:
            self.links.append(found["href"])

    def handle_endtag(self, tag):
        self._depth -= tag == "article"

    def handle_data(self, data):
        if self._depth:
            self.text += data


def built(folder, document, lang):
    known = site(document, lang)
    carry_out(folder / "docs", planned(folder / "docs", known))
    (folder / "mkdocs.yml").write_text(CONFIGURATION)
    build(folder)
    return known, {
        path.relative_to(folder / "site").as_posix(): Page(path.read_text("utf-8"))
        for path in (folder / "site").rglob("*.html")
        if path.name not in {"404.html", "SUMMARY.html"}
    }


def build(folder):
    """Build a site, which must give not a single warning."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"],
        cwd=folder,
        # Both warn of the future of mkdocs by itself, which is not what strictness is about.
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_the_guide_says_is_all_that_mkdocs_needs(tmp_path):
    blocks = dict(
        re.findall(r'^```\w+ title="(.*?)"\n(.*?)^```$', GUIDE, re.DOTALL | re.MULTILINE)
    )
    known = site(table=blocks["sections.toml"].encode())
    folder = tmp_path / "docs" / "api"
    carry_out(folder, planned(folder, known))
    (tmp_path / "mkdocs.yml").write_text(blocks["mkdocs.yml"])
    build(tmp_path)

    assert (tmp_path / "site" / "metier" / "Lights" / "index.html").exists()


@pytest.fixture(
    scope="module",
    params=[(NYMEA, lang) for lang in LANGUAGES] + [(HOSTILE_LIGHTS, "fr")],
    ids=["nymea-fr", "nymea-en", "hostile"],
)
def site_and_pages(request, tmp_path_factory):
    """Build a site strictly."""
    return built(tmp_path_factory.mktemp("site"), *request.param)


@pytest.fixture
def pages(site_and_pages):
    return site_and_pages[1]


def test_every_link_leads_somewhere(pages):
    for path, page in pages.items():
        assert page.links or "index" not in path
        for target in page.links:
            file, place = urldefrag(unquote(target))
            base = path.rpartition("/")[0]
            full = os.path.normpath(f"{base or '.'}/{file}") if file else path
            assert full in pages, (path, target)
            assert not place or place in pages[full].places, (path, target)


def test_every_anchor_is_unique(pages):
    for path, page in pages.items():
        twice = [place for place, times in page.places.items() if times > 1]
        # Headings of which mkdocs makes the same address are its own affair: it numbers them.
        assert not [place for place in twice if not place.startswith("__")], path


def test_every_method_notification_and_type_has_its_place(site_and_pages):
    known, pages = site_and_pages
    for entry in known.introspection.entries:
        path, _, place = known.address_of(entry).partition("#")
        assert place in pages[path.replace(".md", ".html")].places
    for name in (*known.introspection.types, *known.introspection.enums):
        assert f"type-{name}" in pages["types.html"].places


def test_descriptions_come_out_as_the_server_gives_them(site_and_pages):
    known, pages = site_and_pages
    for entry in known.introspection.entries:
        path = known.address_of(entry).partition("#")[0].replace(".md", ".html")
        assert "".join(entry.description.split()) in "".join(pages[path].text.split())


def test_lists_of_types_are_written_with_brackets(site_and_pages):
    known, pages = site_and_pages
    expected = "Lamp[][]" if "Lights" in known.introspection.namespaces else "BackupFile[]"

    assert any(expected in page.text for page in pages.values())
