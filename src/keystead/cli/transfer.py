"""Taking accounts over from other systems, and from one data folder to another."""

import argparse
from collections.abc import Iterable
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from keystead import CannotError, printable
from keystead.cli.new_file import new_file
from keystead.cli.owner import result
from keystead.domain.exports import FORMAT, KNOWN_FORMATS, Export
from keystead.domain.imports import ImportedToken, ImportedUser, Report
from keystead.domain.model import ThingId, TokenId
from keystead.domain.tokens import digest
from keystead.settings import Settings, SettingsError


class _Head(msgspec.Struct, frozen=True):
    """What every export says, of whatever format."""

    format: int


def import_nymea(settings: Settings, given: argparse.Namespace) -> None:
    """Take over the accounts and tokens of a nymea user database."""
    from keystead.store import nymea_file  # noqa: PLC0415 - the server's start goes without it

    found = nymea_file.read(given.file, _zone(given.zone))
    users = [
        ImportedUser(
            user.name,
            int(user.scopes),
            user.display_name,
            user.email,
            tuple(ThingId(thing) for thing in user.things),
            password_hash=user.password_hash,
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
    report = result(settings, "import.users", params, Report)
    print(f"Version {found.version}: took {report.users} accounts and {report.tokens} tokens.")
    _print_left((*map(str, found.left), *report.left))


def export_directory(settings: Settings, given: argparse.Namespace) -> None:
    """Write all accounts, groups, rights and device tokens to a new file.

    What it holds of passwords and tokens is hashed, but nobody else should have it.

    Raises:
        CannotError: the file exists, or cannot be written.
    """
    export = result(settings, "export", {}, Export)
    text = msgspec.json.format(msgspec.json.encode(export), indent=1) + b"\n"
    with new_file(given.file) as output:
        output.write(text)
    print(
        f"Wrote {len(export.users)} accounts, {len(export.groups)} groups"
        f" and {len(export.tokens)} tokens."
    )


def import_export(settings: Settings, given: argparse.Namespace) -> None:
    """Take over what ``export_directory`` wrote.

    Raises:
        CannotError: the file cannot be read, or is no export of a known format.
    """
    try:
        text = given.file.read_bytes()
        written = msgspec.json.decode(text, type=_Head).format
        if written not in KNOWN_FORMATS:
            raise CannotError(
                f"The file {given.file} has format {written}; this Keystead knows up to {FORMAT}."
            )
        export = msgspec.json.decode(text, type=Export)
    except OSError as error:
        raise CannotError(f"The file {given.file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CannotError(f"The file {given.file} is no export: {error}.") from error
    params = {"users": export.users, "tokens": export.tokens, "groups": export.groups}
    report = result(settings, "import.users", params, Report)
    print(f"Took {report.users} accounts, {report.groups} groups and {report.tokens} tokens.")
    _print_left(report.left)


def _print_left(left: Iterable[str]) -> None:
    for sentence in left:
        print(f"left: {printable(sentence)}")


def _zone(name: str | None) -> tzinfo:
    if name is not None:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder
            text = f"There is no time zone {name}; name one with --zone."
            raise SettingsError(text) from error
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except ValueError as error:
        text = "There is no time zone set on this machine; name one with --zone."
        raise SettingsError(text) from error
    except OSError:
        return UTC
