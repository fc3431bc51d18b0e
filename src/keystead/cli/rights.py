"""Asking who may do what with which item, and why."""

import argparse
from contextlib import suppress

import msgspec

from keystead import CannotError, printable
from keystead.cli import printing
from keystead.cli.owner import RefusedByRulesError, result
from keystead.control.catalogue import RightsAnswer
from keystead.control.rows import RuleRow
from keystead.domain.model import ItemRule
from keystead.settings import Settings

ALLOWED, DENIED = 0, 1


def check_right(settings: Settings, given: argparse.Namespace) -> int:
    """Exit with 0 if it is allowed, with 1 if it is denied.

    Raises:
        CannotError: it cannot be told, as there is no such user.
    """
    answer = _ask(settings, given)
    return _told(answer, _verdict(answer))


def explain_right(settings: Settings, given: argparse.Namespace) -> int:
    """Tell which rules spoke, and whose they are; exit as ``check_right``.

    Raises:
        CannotError: it cannot be told, as there is no such user.
    """
    answer = _ask(settings, given)
    if given.json:
        return _told(
            answer, msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
        )
    lines = [_verdict(answer)]
    if answer.is_admin:
        lines.append("  administrators may read and write everything")
    lines += [f"  {_sentence(spoken.rule, spoken.group)}" for spoken in answer.spoken]
    if len(lines) == 1:
        lines.append("  no rule covers this item")
    return _told(answer, "\n".join(lines))


def _told(answer: RightsAnswer, text: str) -> int:
    """Print *text* and give the exit code, which holds even if nobody reads what is printed."""
    with suppress(BrokenPipeError):
        print(text)
    return ALLOWED if answer.allowed else DENIED


def _verdict(answer: RightsAnswer) -> str:
    return "allowed" if answer.allowed else "denied"


def _ask(settings: Settings, given: argparse.Namespace) -> RightsAnswer:
    params = {"user": given.user, "item": given.item, "write": given.write}
    try:
        return result(settings, "rights.explain", params, RightsAnswer)
    except RefusedByRulesError as refused:
        raise CannotError(str(refused)) from refused


def _sentence(rule: ItemRule, group: str | None) -> str:
    whose = "own rule" if group is None else f"group {printable(group)}"
    return f"{whose}: {printing.rule(RuleRow(*rule))}"
