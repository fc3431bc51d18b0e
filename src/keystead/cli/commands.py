"""The commands: what each takes, what it has the owner's side do, and what it prints."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from keystead import printable
from keystead.cli import audit, backups, groups, locks, tokens, users
from keystead.cli.arguments import Run, with_json
from keystead.cli.owner import done
from keystead.cli.rights import check_right, explain_right
from keystead.cli.transfer import export_directory, import_export, import_nymea
from keystead.settings import Settings


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"keystead: {printable(message)}; see {self.prog} --help\n")


def parser(version: str) -> argparse.ArgumentParser:
    """Describe the command line."""
    root = _Parser("keystead", description="Users, tokens and rights.")
    root.add_argument("--version", action="version", version=f"keystead {version}")
    subjects = root.add_subparsers(required=True, metavar="COMMAND")
    serve = _command(subjects, "serve", _serve, "run the server")
    serve.add_argument("--listen", action="append", metavar="URL", help="repeatable")
    serve.add_argument(
        "--setup-code",
        action="store_const",
        const=True,
        help="print a one-time code that the first account takes",
    )

    for subject in (users, tokens, groups, locks):
        subject.describe(subjects, _command)

    pairing = subjects.add_parser("pairing", help="pair devices").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _command(pairing, "press", _press, "push the button: let the waiting device in")

    rights = subjects.add_parser("rights", help="ask who may do what").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = _command(rights, "check", check_right, "exit with 0 if it is allowed, 1 if not")
    explain = with_json(
        _command(rights, "explain", explain_right, "tell why it is allowed or not")
    )
    for question in (check, explain):
        question.add_argument("user", help='"anonymous" for whoever is not signed in')
        question.add_argument("item", help="such as Objects.Plant.Boiler.Setpoint")
        question.add_argument("--write", action="store_true", help="ask for writing")

    imports = subjects.add_parser("import", help="take over another system").add_subparsers(
        required=True, metavar="COMMAND"
    )
    nymea = _command(imports, "nymea", import_nymea, "take over a nymea user database")
    nymea.add_argument("file", type=Path)
    nymea.add_argument("--zone", help="time zone of the old box; default: this machine's")
    keystead = _command(imports, "keystead", import_export, "take over what export wrote")
    keystead.add_argument("file", type=Path)
    export = _command(subjects, "export", export_directory, "write all accounts to a file")
    export.add_argument("file", type=Path)
    tls = subjects.add_parser("tls", help="look after certificates").add_subparsers(
        required=True, metavar="COMMAND"
    )
    with_json(
        _command(tls, "fingerprint", _show_fingerprints, "print what clients may compare")
    )
    for subject in (audit, backups):
        subject.describe(subjects, _command)
    with_json(
        _command(subjects, "security-report", _show_report, "tell what is proven and set")
    )
    _describe_reference(subjects)
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


def _command(group: Any, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(name, help=text, description=text)
    command.add_argument("--data", metavar="DIR", help="the data folder")
    command.add_argument("--config", metavar="FILE", help="a settings file (TOML)")
    command.set_defaults(run=run)
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


def _press(settings: Settings, given: argparse.Namespace) -> None:
    done(settings, "pairing.press", {}, needs_server=True)
