"""The description of the API against that of the reference, reduced to our namespaces."""

import json
from pathlib import Path

import pytest

from tests.nymea_box import Box

GOLDEN = Path(__file__).parents[1] / "golden" / "nymea-introspect.json"


@pytest.fixture(scope="module")
def described():
    return Box().greet(authentication=False).get("JSONRPC.Introspect")


@pytest.fixture(scope="module")
def reference():
    return json.loads(GOLDEN.read_text("utf-8"))


def without_descriptions(entries):
    return {
        name: {key: value for key, value in entry.items() if key != "description"}
        for name, entry in entries.items()
    }


def shared(described, reference):
    """Give what is described under the names that the reference has, too."""
    return {name: entry for name, entry in described.items() if name in reference}


@pytest.mark.parametrize("part", ["enums", "flags", "types"])
def test_the_types_are_those_of_the_reference(described, reference, part):
    assert shared(described[part], reference[part]) == reference[part]


@pytest.mark.parametrize("part", ["methods", "notifications"])
def test_methods_and_notifications_are_those_of_the_reference(described, reference, part):
    found = shared(described[part], reference[part])
    assert without_descriptions(found) == reference[part]


def test_the_only_namespace_beside_is_our_own(described, reference):
    assert list(described) == list(reference)
    beside = {
        name
        for part in ("methods", "notifications")
        for name in described[part].keys() - reference[part].keys()
    }
    assert {name.partition(".")[0] for name in beside} == {"Access"}


@pytest.mark.parametrize("part", ["methods", "notifications"])
def test_everything_has_a_description(described, part):
    assert all(entry["description"].strip() for entry in described[part].values())


def test_the_order_of_everything_is_that_of_the_reference(described, reference):
    def order(value):
        if isinstance(value, dict):
            return [(key, order(inner)) for key, inner in value.items() if key != "description"]
        return value

    found = {part: shared(described[part], reference[part]) for part in described}
    assert order(found) == order(reference)
