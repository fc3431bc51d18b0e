"""Named SQL: statements live in ``.sql`` files, where they can be read as SQL."""

import re
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def named(text: str) -> SimpleNamespace:
    r"""Give the statements of *text* by the names in their ``-- name:`` comments.

    >>> named("-- name: one\nselect 1;\n").one
    'select 1;'
    """
    _, *parts = _NAME.split(text)
    return SimpleNamespace(
        **{name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
    )


QUERIES = named(resources.files("keystead.store").joinpath("queries.sql").read_text("utf-8"))


def migrations() -> list[str]:
    """Give the scripts that lead from an empty file to the present schema, in order."""
    folder = resources.files("keystead.store").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [folder.joinpath(name).read_text("utf-8") for name in names]
