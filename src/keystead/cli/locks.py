"""The commands about who has to wait after failed sign-ins."""

import argparse
from ipaddress import ip_address
from typing import Any

from keystead import printable
from keystead.cli import printing
from keystead.cli.arguments import AddCommand, with_json
from keystead.cli.owner import result
from keystead.control.locks import Cleared, LockRow
from keystead.net.source import source_of
from keystead.settings import Settings, SettingsError


def describe(groups: Any, command: AddCommand) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the groups of commands.
        command: makes a command of a group.
    """
    lock = groups.add_parser("lock", help="see who has to wait").add_subparsers(
        required=True, metavar="COMMAND"
    )
    with_json(command(lock, "list", _list, "list who has to wait for the next sign-in"))
    clear = command(lock, "clear", _clear, "forget failed sign-ins")
    clear.add_argument("name", nargs="?", help="of the account")
    clear.add_argument("--source", type=_source, help="an address; default: all sources")


def _list(settings: Settings, given: argparse.Namespace) -> None:
    locks = result(settings, "locks.list", {}, list[LockRow])
    if given.json:
        printing.print_json(locks)
        return
    printing.print_columns(
        [
            (
                printable(lock.account) or "(all accounts)",
                lock.source or "(all strangers, slowly)",
                f"{lock.failures} failures",
                f"until {printing.time(lock.until)}",
            )
            for lock in locks
        ]
    )


def _clear(settings: Settings, given: argparse.Namespace) -> None:
    """Forget failures.

    Raises:
        SettingsError: neither an account nor a source is named.
    """
    if not given.name and given.source is None:
        raise SettingsError("Name an account, a source, or both.")
    params = {"account": given.name or "", "source": given.source}
    cleared = result(settings, "locks.clear", params, Cleared)
    print(f"Cleared {cleared.count}.")


def _source(text: str) -> str:
    """Read an address as sources are counted: an IPv6 one as its network of 64 bits.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return source_of((str(ip_address(text.removesuffix("/64"))), 0))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no address") from error
