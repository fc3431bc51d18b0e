"""Taking accounts over from other systems, and from one data folder to another."""

import argparse
import os
from collections.abc import Iterable
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from keystead import CannotError, printable
from keystead.cli.owner import result
from keystead.domain.exports import FORMAT, Export
from keystead.domain.imports import ImportedToken, ImportedUser, Report
from keystead.domain.model import ThingId, TokenId
from keystead.domain.tokens import digest
from keystead.settings import Settings, SettingsError


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
    part = given.file.with_name(given.file.name + ".part")
    try:
        if given.file.exists():
            raise CannotError(f"The file {given.file} exists already.")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.rename(given.file)
    except OSError as error:
        raise CannotError(
            f"The file {given.file} cannot be written: {error.strerror}."
        ) from error
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
        export = msgspec.json.decode(given.file.read_bytes(), type=Export)
    except OSError as error:
        raise CannotError(f"The file {given.file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CannotError(f"The file {given.file} is no export: {error}.") from error
    if export.format != FORMAT:
        raise CannotError(
            f"The file {given.file} has format {export.format}; this Keystead knows {FORMAT}."
        )
    params = {"users": export.users, "tokens": export.tokens, "groups": export.groups}
    report = result(settings, "import.users", params, Report)
    print(f"Took {report.users} accounts, {report.groups} groups and {report.tokens} tokens.")
    _print_left(report.left)


def _print_left(left: Iterable[str]) -> None:
    for sentence in left:
        print(f"left: {printable(sentence)}")


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
