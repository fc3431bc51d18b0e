"""The commands about groups."""

import argparse
import csv
from pathlib import Path
from typing import Any

from keystead import CannotError, printable
from keystead.cli import printing
from keystead.cli.arguments import AddCommand, scopes, with_json
from keystead.cli.owner import done, result
from keystead.control.groups import GroupRow
from keystead.control.rows import RuleRow
from keystead.domain.model import Scope
from keystead.domain.scopes import TANI_RIGHTS, names_of
from keystead.settings import Settings

COLUMNS = ["name", "prefix", "write"]
_ANSWERS = {
    "yes": True,
    "true": True,
    "1": True,
    "no": False,
    "false": False,
    "0": False,
    "": False,
}


def describe(groups: Any, command: AddCommand) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the groups of commands.
        command: makes a command of a group.
    """
    group = groups.add_parser("group", help="look after groups").add_subparsers(
        required=True, metavar="COMMAND"
    )
    with_json(command(group, "list", _list, "list all groups"))
    show = with_json(command(group, "show", _show, "show a group and its rules on items"))
    write = command(group, "write", _write, "make a group, or change one")
    remove = command(group, "remove", _remove, "remove a group")
    for one in (show, write, remove):
        one.add_argument("name", help='"anonymous" for what everybody may do')
    rights = f"comma-separated: {', '.join(names_of(TANI_RIGHTS))}; default: as they are"
    write.add_argument("--rights", type=_rights, help=rights)
    write.add_argument(
        "--items",
        type=Path,
        metavar="FILE",
        help=f"all rules, CSV with the columns {','.join(COLUMNS)}; default: as they are",
    )


def _list(settings: Settings, given: argparse.Namespace) -> None:
    groups = result(settings, "groups.list", {}, list[GroupRow])
    if given.json:
        printing.print_json(groups)
        return
    printing.print_columns(
        [
            (printable(group.name), ",".join(group.rights) or "None", _counted(group))
            for group in groups
        ]
    )


def _counted(group: GroupRow) -> str:
    count = len(group.items)
    return f"{count} {'rule' if count == 1 else 'rules'}"


def _show(settings: Settings, given: argparse.Namespace) -> None:
    group = result(settings, "groups.show", {"name": given.name}, GroupRow)
    if given.json:
        printing.print_json(group)
        return
    print(f"name:    {printable(group.name)}")
    print(f"rights:  {','.join(group.rights) or 'None'}")
    for item in group.items:
        print(f"item:    {printing.rule(item)}")


def _write(settings: Settings, given: argparse.Namespace) -> None:
    items = None if given.items is None else rules_in(given.items)
    params = {"name": given.name, "rights": given.rights, "items": items}
    done(settings, "groups.write", params)


def _remove(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "groups.remove", {"name": given.name})


def rules_in(file: Path) -> list[RuleRow]:
    """Read rules on items from CSV: a line with the names of the columns, then a rule a line.

    Raises:
        CannotError: the file cannot be read, or a line is no rule.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            if next(reader, None) != COLUMNS:
                raise CannotError(f"The first line of {file} must be {','.join(COLUMNS)}.")
            return [_rule(cells, f"Line {reader.line_num} of {file}") for cells in reader]
    except OSError as error:
        raise CannotError(f"The file {file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotError(f"The file {file} is no CSV in UTF-8: {error}.") from error


def _rule(cells: list[str], place: str) -> RuleRow:
    if len(cells) != len(COLUMNS):
        raise CannotError(f"{place} has {len(cells)} cells; a rule has {len(COLUMNS)}.")
    name, prefix, write = cells
    try:
        return RuleRow(name, _ANSWERS[prefix.strip().lower()], _ANSWERS[write.strip().lower()])
    except KeyError as error:
        raise CannotError(f"{place} says neither yes nor no: {error}.") from error


def _rights(text: str) -> Scope:
    """Read the rights of a group.

    Raises:
        argparse.ArgumentTypeError: a group cannot hold one of them.
    """
    rights = scopes(text)
    if rights & ~TANI_RIGHTS:
        known = ", ".join(names_of(TANI_RIGHTS))
        raise argparse.ArgumentTypeError(f"a group can hold {known} only")
    return rights
