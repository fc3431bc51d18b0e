"""Descriptions of made-up servers, and what tests ask of the pages made of them."""

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from keystead.reference.introspection import BASIC_TYPES
from keystead.reference.reading import read
from keystead.reference.sections import sections
from keystead.reference.site import Site, Source
from keystead.reference.words import LANGUAGES

NYMEA = (Path(__file__).parent.parent / "golden" / "nymea-all-introspect.json").read_bytes()

LIGHTS: dict[str, Any] = {
    "enums": {"Colour": ["ColourRed", "ColourBlue"]},
    "flags": {"Colours": ["$ref:Colour"]},
    "types": {
        "Lamp": {"name": "String", "o:colours": "$ref:Colours", "r:id": "Uuid"},
        "Lamps": ["$ref:Lamp"],
        "Unused": {},
    },
    "methods": {
        "Lights.Switch": {
            "description": "Switch a lamp.",
            "params": {"o:after": "Uint", "ids": ["Uuid"], "on": "Bool"},
            "permissionScope": "PermissionScopeControlThings",
            "returns": {},
        },
        "Lights.List": {
            "description": "List all lamps.",
            "params": {},
            "permissionScope": "PermissionScopeNone",
            "returns": {"lamps": "$ref:Lamps"},
        },
    },
    "notifications": {
        "Lights.Switched": {"description": "A lamp was switched.", "params": {"d:o:on": "Bool"}}
    },
}
HOSTILE = (
    "| a | <b>&amp;</b> *x* _y_ `z` [l](http://e.x) ~~s~~ {#id} \\| $x$ :smile: ==m==\n# h"
)


def changed(**parts):
    """Give the lights with some parts replaced, as JSON."""
    return json.dumps(LIGHTS | parts).encode()


def method(**parts):
    """Give the lights with another method, as JSON."""
    switch = LIGHTS["methods"]["Lights.Switch"] | parts
    return changed(methods={"Lights.Switch": switch})


def site(document=None, lang="fr", source=None, table=b""):
    """Make a site of JSON, of the lights by default."""
    return Site(
        read(changed() if document is None else document),
        source or Source("lights.json"),
        sections(table),
        LANGUAGES[lang],
    )


def links(text):
    """Give the targets of all links in some Markdown that the reference has written."""
    return re.findall(r"\]\(([^)]+)\)", text)


def anchors(text):
    """Give all places in some Markdown that the reference has written."""
    return re.findall(r' id="([^"]+)"', text)


# --- any introspection -----------------------------------------------------------------------

_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
_texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("|<>*_`\n[]#\\&"), max_size=20
)
_scopes = st.sampled_from(["None", "ControlThings", "Admin", "EditUsers"])


def _fields(types):
    return st.lists(
        st.tuples(_texts.filter(lambda name: name.strip() and ":" not in name), types),
        max_size=3,
        unique_by=lambda field: field[0],
    ).flatmap(_prefixed)


def _prefixed(fields):
    prefixes = st.lists(
        st.sampled_from(["", "o:", "r:", "d:o:", "d:r:"]),
        min_size=len(fields),
        max_size=len(fields),
    )
    return prefixes.map(
        lambda found: {p + n: t for p, (n, t) in zip(found, fields, strict=True)}
    )


@st.composite
def introspections(draw):
    """Make any description that a server may give of itself, as JSON."""
    names = draw(st.lists(_names, max_size=9, unique=True))
    enums, flags, types = names[:3], names[3:5] if names[:3] else [], names[5:]
    known = [f"$ref:{name}" for name in (*enums, *flags, *types)]
    basic = st.sampled_from([*BASIC_TYPES, *known])
    notation = st.recursive(
        basic, lambda inner: inner.map(lambda t: [t]) | _fields(inner), max_leaves=4
    )
    structure = _fields(notation)
    namespaces = draw(st.lists(_names, max_size=3, unique_by=str.lower))
    full = st.builds("{}.{}".format, st.sampled_from(namespaces or ["None"]), _names)
    most = 4 if namespaces else 0
    notification = st.fixed_dictionaries(
        {"description": _texts, "params": structure}, optional={"deprecated": _texts}
    )
    extra = st.fixed_dictionaries(
        {"returns": structure, "permissionScope": _scopes.map("PermissionScope{}".format)}
    )
    a_method = st.builds(dict.__or__, notification, extra)
    value_lists = st.lists(_texts, max_size=3, unique=True)
    document = {
        "enums": {name: draw(value_lists) for name in enums},
        "flags": {name: [f"$ref:{enums[0]}"] for name in flags},
        "types": {name: draw(structure | notation.map(lambda t: [t])) for name in types},
        "methods": draw(st.dictionaries(full, a_method, max_size=most)),
        "notifications": draw(st.dictionaries(full, notification, max_size=most)),
    }
    return json.dumps(document).encode()
