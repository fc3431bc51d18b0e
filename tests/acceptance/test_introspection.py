"""The introspected document against the published one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.box import Box

GOLDEN = Path(__file__).parents[1] / "golden" / "nymea-introspect.json"


@pytest.fixture
def published() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(GOLDEN.read_text())
    return document


OURS = re.compile(r"Access|ItemRule|SpokenRule|PasswordRules")  # of our own namespace


def without_ours(part: dict[str, Any]) -> dict[str, Any]:
    """Give what is not of the namespace Access."""
    return {name: entry for name, entry in part.items() if not OURS.match(name)}


@pytest.fixture
def document(box: Box) -> dict[str, Any]:
    return box.admin().get("JSONRPC.Introspect")


@pytest.mark.parametrize("part", ["enums", "flags", "types"])
def test_types_are_the_published_ones(document, published, part):
    assert without_ours(document[part]) == published[part]


@pytest.mark.parametrize("part", ["methods", "notifications"])
def test_methods_and_notifications_are_the_published_ones(document, published, part):
    described = {
        name: {key: value for key, value in entry.items() if key != "description"}
        for name, entry in without_ours(document[part]).items()
    }
    assert described == published[part]


def test_the_document_has_five_parts(document):
    assert sorted(document) == ["enums", "flags", "methods", "notifications", "types"]


def test_everything_is_described(document):
    for part in ("methods", "notifications"):
        for name, entry in document[part].items():
            assert entry["description"].strip(), name


def test_everything_is_in_alphabetical_order(document):
    def ordered(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return list(value) == sorted(value) and all(map(ordered, value.values()))

    assert ordered(document)


def test_everybody_gets_the_same_document(box, document):
    assert box.user().get("JSONRPC.Introspect") == document
    assert box.admin(scheme="http").get("JSONRPC.Introspect") == document
