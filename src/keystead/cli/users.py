"""The commands about accounts."""

import argparse
import getpass
import sys
from typing import Any
from uuid import UUID

from keystead import CannotError, printable
from keystead.cli import printing
from keystead.cli.arguments import AddCommand, moment, scopes, scopes_help, with_json
from keystead.cli.owner import RefusedByRulesError, done, result
from keystead.cli.printing import called
from keystead.control.accounts import UserDetails
from keystead.control.rows import UserRow
from keystead.domain.model import Scope
from keystead.settings import Settings


def describe(groups: Any, command: AddCommand) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the groups of commands.
        command: makes a command of a group.
    """
    user = groups.add_parser("user", help="look after accounts").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add = command(user, "add", _add, "make an account; asks for the password")
    add.add_argument("name")
    add.add_argument("--scopes", type=scopes, default=Scope.ADMIN, help=scopes_help())
    add.add_argument("--thing", type=UUID, action="append", default=[], metavar="UUID")
    add.add_argument("--display-name", default="")
    add.add_argument("--email", default="")
    with_json(command(user, "list", _list, "list all accounts"))
    show = with_json(command(user, "show", _show, "show an account and its tokens"))
    show.add_argument("name")
    remove = command(user, "remove", _remove, "remove an account and its tokens")
    remove.add_argument("name")
    passwd = command(user, "passwd", _passwd, "set a password; its tokens are removed")
    passwd.add_argument("name")
    change = command(user, "scopes", _set_scopes, "set what an account may do")
    change.add_argument("name")
    change.add_argument("scopes", type=scopes, help=scopes_help())
    change.add_argument("--thing", type=UUID, action="append", metavar="UUID")
    members = command(user, "groups", _set_groups, "set which groups an account is in")
    members.add_argument("name")
    members.add_argument("group", nargs="*", help="default: none")
    disable = command(user, "disable", _disable, "switch an account off, and sign it out")
    disable.add_argument("name")
    enable = command(user, "enable", _enable, "switch an account on, for ever or for a time")
    enable.add_argument("name")
    enable.add_argument("--since", type=moment, metavar="TIME", help="it opens nothing before")
    enable.add_argument(
        "--until", type=moment, metavar="TIME", help="it opens nothing from then"
    )


def _add(settings: Settings, given: argparse.Namespace) -> None:
    params = {
        "name": given.name,
        "password": _new_password(),
        "scopes": given.scopes,
        "things": given.thing,
        "display_name": given.display_name,
        "email": given.email,
    }
    done(settings, "users.add", params)


def _list(settings: Settings, given: argparse.Namespace) -> None:
    users = result(settings, "users.list", {}, list[UserRow])
    if given.json:
        printing.print_json(users)
        return
    printing.print_columns(
        [
            (called(user.name), "  ".join((",".join(user.scopes) or "None", *_remarks(user))))
            for user in users
        ]
    )


def _remarks(user: UserRow) -> list[str]:
    """Say what is not the same for most accounts."""
    remarks = []
    if user.groups:
        remarks.append(f"groups: {','.join(map(printable, user.groups))}")
    if not user.has_password:
        remarks.append("no password")
    state = _state(user)
    if state != "enabled":
        remarks.append(state)
    return remarks


def _state(user: UserRow) -> str:
    since = f" since {printing.time(user.since)}" if user.since else ""
    until = f" until {printing.time(user.until)}" if user.until else ""
    return f"{'enabled' if user.enabled else 'disabled'}{since}{until}"


def _show(settings: Settings, given: argparse.Namespace) -> None:
    details = result(settings, "users.show", {"name": given.name}, UserDetails)
    if given.json:
        printing.print_json(details)
        return
    user = details.user
    print(f"name:          {called(user.name)}")
    print(f"display name:  {printable(user.display_name)}")
    print(f"e-mail:        {printable(user.email)}")
    print(f"scopes:        {','.join(user.scopes) or 'None'}")
    print(f"state:         {_state(user)}")
    print(f"password:      {'yes' if user.has_password else 'no'}")
    for group in user.groups:
        print(f"group:         {printable(group)}")
    for thing in user.things:
        print(f"thing:         {thing}")
    for item in details.items:
        print(f"item:          {printing.rule(item)}")
    for token in details.tokens:
        print(f"token:         {printing.token(token)}")


def _remove(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "users.remove", {"name": given.name})


def _passwd(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "users.passwd", {"name": given.name, "password": _new_password()})


def _set_scopes(settings: Settings, given: argparse.Namespace) -> None:
    params = {"name": given.name, "scopes": given.scopes, "things": given.thing}
    done(settings, "users.scopes", params)


def _set_groups(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "users.groups", {"name": given.name, "groups": given.group})


def _disable(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "users.state", {"name": given.name, "enabled": False})


def _enable(settings: Settings, given: argparse.Namespace) -> None:
    params = {
        "name": given.name,
        "enabled": True,
        "since": given.since,
        "until": given.until,
    }
    done(settings, "users.state", params)


def _new_password() -> str:
    if not sys.stdin.isatty():
        return _read_line()
    try:
        password = getpass.getpass("New password: ")
        again = getpass.getpass("Again: ")
    except EOFError as error:
        raise CannotError("No password was given.") from error
    if again != password:
        raise RefusedByRulesError("The two passwords differ; nothing was changed.")
    return password


def _read_line() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CannotError("The password is not UTF-8 text.") from error
