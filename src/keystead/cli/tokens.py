"""The commands about tokens. A secret goes to standard output alone, all else to standard error."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from keystead import printable
from keystead.cli import printing
from keystead.cli.arguments import AddCommand, moment, scopes, scopes_help, with_json
from keystead.cli.owner import done, result
from keystead.control.rows import RuleRow, TokenRow
from keystead.control.tokens import NewToken
from keystead.settings import Settings, SettingsError


def describe(groups: Any, command: AddCommand) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the groups of commands.
        command: makes a command of a group.
    """
    token = groups.add_parser("token", help="look after tokens").add_subparsers(
        required=True, metavar="COMMAND"
    )
    shown = with_json(command(token, "list", _list, "list the tokens of an account"))
    shown.add_argument("name", help="of the account")
    add = command(token, "add", _add, "make a token; prints its secret, this once")
    add.add_argument("name", help="of the account")
    add.add_argument("device", help="what the token is for")
    add.add_argument(
        "--expires", type=moment, metavar="TIME", help="default: as the settings say"
    )
    add.add_argument("--scopes", type=scopes, help=f"no others; {scopes_help()}")
    add.add_argument(
        "--thing", type=UUID, action="append", metavar="UUID", help="no others; repeatable"
    )
    add.add_argument(
        "--item", type=_item, action="append", dest="items", metavar="NAME", help="no others"
    )
    add.add_argument(
        "--item-prefix",
        type=_prefix,
        action="append",
        dest="items",
        metavar="NAME",
        help="no others, and what is below; both repeatable",
    )
    add.add_argument(
        "--write",
        action="append_const",
        const=None,
        dest="items",
        help="the item named before may be written, too",
    )
    rotate = command(token, "rotate", _rotate, "give a token another secret, and print it")
    remove = command(token, "remove", _remove, "take a token away")
    for one in (rotate, remove):
        one.add_argument("id", type=UUID)


def _list(settings: Settings, given: argparse.Namespace) -> None:
    tokens = result(settings, "tokens.list", {"name": given.name}, list[TokenRow])
    if given.json:
        printing.print_json(tokens)
        return
    for token in tokens:
        print(printing.token(token))


def _add(settings: Settings, given: argparse.Namespace) -> None:
    params = {
        "name": given.name,
        "device_name": given.device,
        "expires": given.expires,
        "scopes": given.scopes,
        "things": given.thing,
        "items": None if given.items is None else _rules(given.items),
    }
    made = result(settings, "tokens.add", params, NewToken)
    _give(made, f"for {printable(given.device)}")


def _item(name: str) -> RuleRow:
    return RuleRow(name)


def _prefix(name: str) -> RuleRow:
    return RuleRow(name, prefix=True)


def _rules(said: Sequence[RuleRow | None]) -> list[RuleRow]:
    """Give the rules that were *said*; None lets the one before give the right to write.

    Raises:
        SettingsError: there is none before.
    """
    rules: list[RuleRow] = []
    for rule in said:
        if rule is not None:
            rules.append(rule)
        elif rules:
            rules[-1] = msgspec.structs.replace(rules[-1], write=True)
        else:
            raise SettingsError("The item that may be written comes before --write.")
    return rules


def _rotate(settings: Settings, given: argparse.Namespace) -> None:
    made = result(settings, "tokens.rotate", {"token_id": given.id}, NewToken)
    _give(made, "with another secret")


def _remove(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "tokens.remove", {"token_id": given.id})


def _give(made: NewToken, what: str) -> None:
    print(f"Token {made.id} {what}. Its secret is shown this once:", file=sys.stderr)
    print(made.secret)
