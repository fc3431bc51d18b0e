"""Named SQL: statements live in ``.sql`` files, where they can be read as SQL."""

import re
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"--.*")


def named(text: str) -> SimpleNamespace:
    r"""Give the statements of *text* by the names in their ``-- name:`` comments.

    Each on one line and without comments: every character is looked at whenever it is run.

    >>> named("-- name: one\nselect 1  -- and only\nfrom t;\n").one
    'select 1 from t;'
    """
    _, *parts = _NAME.split(text)
    bodies = (" ".join(_COMMENT.sub("", body).split()) for body in parts[1::2])
    return SimpleNamespace(**dict(zip(parts[::2], bodies, strict=True)))


QUERIES = named(resources.files("keystead.store").joinpath("queries.sql").read_text("utf-8"))


def migrations() -> list[str]:
    """Give the scripts that lead from an empty file to the present schema, in order."""
    folder = resources.files("keystead.store").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [folder.joinpath(name).read_text("utf-8") for name in names]
