"""What commands print, for people and for programs."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from keystead import printable
from keystead.control.rows import RuleRow, TokenRow


def print_json(value: object) -> None:
    """Print *value* for programs."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows, each cell below that of the row above it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def called(name: str) -> str:
    """Give the name of an account for people."""
    return printable(name) or "(push button)"


def time(moment: datetime) -> str:
    """Write a time for people.

    >>> time(datetime.fromisoformat("2026-05-17T10:00:00.5+00:00"))
    '2026-05-17 10:00:00Z'
    """
    return moment.isoformat(" ", "seconds").replace("+00:00", "Z")


def rule(row: RuleRow) -> str:
    """Say what a rule gives."""
    right = "read and write" if row.write else "read"
    if not row.name:
        return f"{right} everything"
    return f"{right} {printable(row.name)}{' and what is below' if row.prefix else ''}"


def token(row: TokenRow) -> str:
    """Say everything about a token in a line."""
    parts = [str(row.id), time(row.created), printable(row.device_name)]
    if row.kind != "device":
        parts.append(row.kind)
    if row.expires:
        parts.append(f"expires {time(row.expires)}")
    if row.last_used:
        source = f" from {printable(row.last_source)}" if row.last_source else ""
        parts.append(f"last used {time(row.last_used)}{source}")
    if row.scopes is not None:
        parts.append(f"only {','.join(row.scopes) or 'None'}")
    if row.things is not None:
        parts.append(f"only things {_listed(map(str, row.things))}")
    if row.items is not None:
        parts.append(f"only items {_listed(map(rule, row.items))}")
    return "  ".join(parts)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "none"
