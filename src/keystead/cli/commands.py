"""The commands: what each takes, what it has the owner's side do, and what it prints."""

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import msgspec

from keystead import CannotError, printable
from keystead.cli import audit
from keystead.cli.owner import RefusedByRulesError, done, result
from keystead.cli.rights import check_right, explain_right
from keystead.cli.transfer import export_directory, import_export, import_nymea
from keystead.control.catalogue import UserDetails, UserRow
from keystead.domain.model import Scope
from keystead.domain.scopes import SCOPE_NAMES
from keystead.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"keystead: {printable(message)}; see {self.prog} --help\n")


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

    rights = groups.add_parser("rights", help="ask who may do what").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = _command(rights, "check", check_right, "exit with 0 if it is allowed, 1 if not")
    explain = _json(_command(rights, "explain", explain_right, "tell why it is allowed or not"))
    for question in (check, explain):
        question.add_argument("user", help='"anonymous" for whoever is not signed in')
        question.add_argument("item", help="such as Objects.Plant.Boiler.Setpoint")
        question.add_argument("--write", action="store_true", help="ask for writing")

    imports = groups.add_parser("import", help="take over another system").add_subparsers(
        required=True, metavar="COMMAND"
    )
    nymea = _command(imports, "nymea", import_nymea, "take over a nymea user database")
    nymea.add_argument("file", type=Path)
    nymea.add_argument("--zone", help="time zone of the old box; default: this machine's")
    keystead = _command(imports, "keystead", import_export, "take over what export wrote")
    keystead.add_argument("file", type=Path)
    export = _command(groups, "export", export_directory, "write all accounts to a file")
    export.add_argument("file", type=Path)
    tls = groups.add_parser("tls", help="look after certificates").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _json(_command(tls, "fingerprint", _show_fingerprints, "print what clients may compare"))
    audit.describe(groups, _command)
    _json(_command(groups, "security-report", _show_report, "tell what is proven and set"))
    _describe_reference(groups)
    return root


def _describe_reference(groups: Any) -> None:
    reference = groups.add_parser("reference", help="write about an API").add_subparsers(
        required=True, metavar="COMMAND"
    )
    build = _command(reference, "build", _build_reference, "write Markdown for mkdocs")
    build.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder")
    source = build.add_mutually_exclusive_group()
    source.add_argument(
        "--introspect", type=Path, metavar="FILE", help="a JSON file; default: Keystead itself"
    )
    source.add_argument(
        "--from",
        dest="server",
        metavar="URL",
        help="a running server: nymea://host:port, nymeas://..., ws://..., wss://...",
    )
    build.add_argument("--token", help="for --from; better in the variable KEYSTEAD_TOKEN")
    build.add_argument(
        "--fingerprint", metavar="SHA256", help="for --from: the certificate to accept"
    )
    build.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="for --from: whom to trust (PEM)"
    )
    build.add_argument("--lang", default="fr", help="fr or en; default: fr")
    build.add_argument(
        "--sections", type=Path, metavar="FILE", help="which namespace is where (TOML)"
    )
    build.add_argument(
        "--source-version", metavar="TEXT", help="the version, where the file does not tell it"
    )
    build.add_argument(
        "--check", action="store_true", help="write nothing; list what differs, and exit with 1"
    )


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


def _build_reference(settings: Settings, given: argparse.Namespace) -> int:
    from keystead.cli import reference  # noqa: PLC0415 - the other commands go without it

    return reference.build_reference(settings, given)


def _show_fingerprints(settings: Settings, given: argparse.Namespace) -> None:
    from keystead.cli import tls  # noqa: PLC0415 - the other commands go without it

    tls.show_fingerprints(settings, given)


def _show_report(settings: Settings, given: argparse.Namespace) -> None:
    from keystead.cli import security  # noqa: PLC0415 - the other commands go without it

    security.show_report(settings, given)


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
        _print_json(users)
        return
    width = max((len(_called(user.name)) for user in users), default=0)
    for user in users:
        print(f"{_called(user.name):{width}}  {','.join(user.scopes) or 'None'}")


def _show(settings: Settings, given: argparse.Namespace) -> None:
    details = result(settings, "users.show", {"name": given.name}, UserDetails)
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
    done(settings, "users.remove", {"name": given.name})


def _passwd(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "users.passwd", {"name": given.name, "password": _new_password()})


def _set_scopes(settings: Settings, given: argparse.Namespace) -> None:
    params = {"name": given.name, "scopes": given.scopes, "things": given.thing}
    done(settings, "users.scopes", params)


def _press(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "pairing.press", {}, needs_server=True)


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
