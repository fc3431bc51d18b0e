"""The commands: what each takes, what it has the owner's side do, and what it prints."""

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from keystead import CannotError, printable
from keystead.cli.owner import carry_out
from keystead.control.catalogue import UserDetails, UserRow
from keystead.domain.imports import ImportedToken, ImportedUser, Report
from keystead.domain.model import Scope, ThingId, TokenId
from keystead.domain.scopes import SCOPE_NAMES
from keystead.domain.tokens import digest
from keystead.settings import Settings, SettingsError

T = TypeVar("T")

Command = Callable[[Settings, argparse.Namespace], None]


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"keystead: {printable(message)}; see {self.prog} --help\n")


class RefusedByRulesError(Exception):
    """The rules said no; the message says why."""


def parser(version: str) -> argparse.ArgumentParser:
    """Describe the command line."""
    root = _Parser("keystead", description="Users, tokens and rights.")
    root.add_argument("--version", action="version", version=f"keystead {version}")
    groups = root.add_subparsers(required=True, metavar="COMMAND")
    serve = _command(groups, "serve", _serve, "run the server")
    serve.add_argument("--listen", action="append", metavar="URL", help="repeatable")

    user = groups.add_parser("user", help="look after accounts").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add = _command(user, "add", _add, "make an account; asks for the password")
    add.add_argument("name")
    add.add_argument("--scopes", type=_scopes, default=Scope.ADMIN, help=_scopes_help())
    add.add_argument("--thing", type=UUID, action="append", default=[], metavar="UUID")
    add.add_argument("--display-name", default="")
    add.add_argument("--email", default="")
    _json(_command(user, "list", _list, "list all accounts"))
    show = _json(_command(user, "show", _show, "show an account and its tokens"))
    show.add_argument("name")
    remove = _command(user, "remove", _remove, "remove an account and its tokens")
    remove.add_argument("name")
    passwd = _command(user, "passwd", _passwd, "set a password; its tokens are removed")
    passwd.add_argument("name")
    scopes = _command(user, "scopes", _set_scopes, "set what an account may do")
    scopes.add_argument("name")
    scopes.add_argument("scopes", type=_scopes, help=_scopes_help())
    scopes.add_argument("--thing", type=UUID, action="append", metavar="UUID")

    pairing = groups.add_parser("pairing", help="pair devices").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _command(pairing, "press", _press, "push the button: let the waiting device in")

    imports = groups.add_parser("import", help="take over another system").add_subparsers(
        required=True, metavar="COMMAND"
    )
    nymea = _command(imports, "nymea", _import_nymea, "take over a nymea user database")
    nymea.add_argument("file", type=Path)
    nymea.add_argument("--zone", help="time zone of the old box; default: this machine's")
    return root


def _command(group: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(name, help=text, description=text)
    command.add_argument("--data", metavar="DIR", help="the data folder")
    command.add_argument("--config", metavar="FILE", help="a settings file (TOML)")
    command.set_defaults(run=run)
    return command


def _json(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def _serve(settings: Settings, given: argparse.Namespace) -> None:
    from keystead import app  # noqa: PLC0415 - the other commands go without it

    app.serve(settings)


def _add(settings: Settings, given: argparse.Namespace) -> None:
    params = {
        "name": given.name,
        "password": _new_password(),
        "scopes": given.scopes,
        "things": given.thing,
        "display_name": given.display_name,
        "email": given.email,
    }
    _done(settings, "users.add", params)


def _list(settings: Settings, given: argparse.Namespace) -> None:
    users = _result(settings, "users.list", {}, list[UserRow])
    if given.json:
        _print_json(users)
        return
    width = max((len(_called(user.name)) for user in users), default=0)
    for user in users:
        print(f"{_called(user.name):{width}}  {','.join(user.scopes) or 'None'}")


def _show(settings: Settings, given: argparse.Namespace) -> None:
    details = _result(settings, "users.show", {"name": given.name}, UserDetails)
    if given.json:
        _print_json(details)
        return
    user = details.user
    print(f"name:          {_called(user.name)}")
    print(f"display name:  {printable(user.display_name)}")
    print(f"e-mail:        {printable(user.email)}")
    print(f"scopes:        {','.join(user.scopes) or 'None'}")
    for thing in user.things:
        print(f"thing:         {thing}")
    for token in details.tokens:
        created = token.created.isoformat(" ", "seconds")
        print(f"token:         {token.id}  {created}  {printable(token.device_name)}")


def _remove(settings: Settings, given: argparse.Namespace) -> None:
    _done(settings, "users.remove", {"name": given.name})


def _passwd(settings: Settings, given: argparse.Namespace) -> None:
    _done(settings, "users.passwd", {"name": given.name, "password": _new_password()})


def _set_scopes(settings: Settings, given: argparse.Namespace) -> None:
    params = {"name": given.name, "scopes": given.scopes, "things": given.thing}
    _done(settings, "users.scopes", params)


def _press(settings: Settings, given: argparse.Namespace) -> None:
    _done(settings, "pairing.press", {}, needs_server=True)


def _import_nymea(settings: Settings, given: argparse.Namespace) -> None:
    from keystead.store import nymea_file  # noqa: PLC0415 - the server's start goes without it

    found = nymea_file.read(given.file, _zone(given.zone))
    users = [
        ImportedUser(
            user.name,
            int(user.scopes),
            user.display_name,
            user.email,
            tuple(ThingId(thing) for thing in user.things),
            user.password_hash,
        )
        for user in found.users
    ]
    tokens = [
        ImportedToken(
            TokenId(token.id),
            token.name,
            token.device_name,
            token.created,
            digest(token.secret),
        )
        for token in found.tokens
    ]
    params = {"users": users, "tokens": tokens}
    report = _result(settings, "import.users", params, Report)
    print(f"Version {found.version}: took {report.users} accounts and {report.tokens} tokens.")
    for left in (*map(str, found.left), *report.left):
        print(f"left: {printable(left)}")


def _zone(name: str | None) -> tzinfo:
    try:
        if name is not None:
            return ZoneInfo(name)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ZoneInfoNotFoundError, ValueError) as error:
        wanted = f"no time zone {name}" if name else "no time zone set on this machine"
        raise SettingsError(f"There is {wanted}; name one with --zone.") from error
    except OSError:
        return UTC


def _done(
    settings: Settings, command: str, params: Mapping[str, Any], *, needs_server: bool = False
) -> None:
    _result(settings, command, params, object, needs_server=needs_server)


def _result(
    settings: Settings,
    command: str,
    params: Mapping[str, Any],
    shape: type[T],
    *,
    needs_server: bool = False,
) -> T:
    """Have a command carried out and give its result.

    Raises:
        RefusedByRulesError: the rules say no.
        CannotError: the command was not understood, or ``owner.carry_out`` says so.
    """
    plain = msgspec.to_builtins(params, enc_hook=int)
    answer = carry_out(settings, command, plain, needs_server=needs_server)
    if answer.outcome == "refused":
        raise RefusedByRulesError(answer.text)
    if answer.outcome == "wrong":
        raise CannotError(answer.text)
    return msgspec.json.decode(answer.result, type=shape)


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


def _scopes(text: str) -> Scope:
    """Read scopes from the command line.

    Raises:
        argparse.ArgumentTypeError: there is no such scope.
    """
    held = Scope.NONE
    for name in filter(None, text.split(",")):
        if name not in SCOPE_NAMES:
            raise argparse.ArgumentTypeError(f"there is no scope {name}; {_scopes_help()}")
        held |= SCOPE_NAMES[name]
    return held


def _scopes_help() -> str:
    return f"comma-separated: {', '.join(SCOPE_NAMES)}"


def _called(name: str) -> str:
    return printable(name) or "(push button)"


def _print_json(value: object) -> None:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    print(text.decode())
