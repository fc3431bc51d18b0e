"""Reading the words of the command line that several commands take."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from keystead.domain.model import Scope
from keystead.domain.scopes import SCOPE_NAMES
from keystead.settings import Settings

Run = Callable[[Settings, argparse.Namespace], int | None]
AddCommand = Callable[[Any, str, Run, str], argparse.ArgumentParser]  # of a group, by name


def with_json(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a command print JSON."""
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def scopes(text: str) -> Scope:
    """Read scopes.

    Raises:
        argparse.ArgumentTypeError: there is no such scope.
    """
    held = Scope.NONE
    for name in filter(None, text.split(",")):
        if name not in SCOPE_NAMES:
            raise argparse.ArgumentTypeError(f"there is no scope {name}; {scopes_help()}")
        held |= SCOPE_NAMES[name]
    return held


def scopes_help() -> str:
    """Name all scopes."""
    return f"comma-separated: {', '.join(SCOPE_NAMES)}"


def moment(text: str) -> datetime:
    """Read a time that says in which zone it is.

    Raises:
        argparse.ArgumentTypeError: it is none, or does not say.

    >>> moment("2026-05-17T12:00+02:00").isoformat()
    '2026-05-17T10:00:00+00:00'
    """
    try:
        given = datetime.fromisoformat(text)
        if given.tzinfo is not None:
            return given.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(
        f"{text} is no time with a zone, such as 2026-05-17T12:00+02:00 or 2026-05-17T10:00Z"
    )
