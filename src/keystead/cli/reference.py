"""Writing the reference of an API: Keystead's own, that of a file, or of a running server."""

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path

import msgspec

from keystead import CannotError, __version__, client, printable
from keystead.nymea import grammar
from keystead.nymea.methods import catalogue
from keystead.nymea.methods.jsonrpc import PROTOCOL_VERSION
from keystead.reference.folder import carry_out, planned
from keystead.reference.introspection import Introspection
from keystead.reference.plan import Plan
from keystead.reference.reading import read
from keystead.reference.sections import sections
from keystead.reference.site import Site, Source
from keystead.reference.words import LANGUAGES
from keystead.settings import Settings

SAME, DIFFERS = 0, 1
TOKEN_VARIABLE = "KEYSTEAD_TOKEN"  # noqa: S105 - a name

_VERSION_LINE = re.compile(rb"\s*(\d+(?:\.\d+)+)\s*\n")


def build_reference(settings: Settings, given: argparse.Namespace) -> int:
    """Write the reference into a folder, or tell what differs there.

    Raises:
        CannotError: the source cannot be had or is broken, or something is in the way.
    """
    if given.lang not in LANGUAGES:
        known = " or ".join(LANGUAGES)
        raise CannotError(f"There is no language {given.lang}; choose {known}.")
    table = sections(_read(given.sections) if given.sections else b"")
    source, document = _source(settings, given)
    site = Site(read(document), source, table, LANGUAGES[given.lang])
    plan = planned(given.out, site)
    if not given.check:
        carry_out(given.out, plan)
    for namespace in site.unplaced:
        _warn(f"the namespace {namespace} has no section; it goes to system")
    for warning in plan.warnings:
        _warn(warning)
    if given.check:
        for path in plan.differing:
            print(printable(str(given.out / path)))
        return DIFFERS if plan.differing else SAME
    print(_report(site.introspection, plan))
    return SAME


def _report(known: Introspection, plan: Plan) -> str:
    return (
        f"{len(known.namespaces)} namespaces, {len(known.methods)} methods,"
        f" {len(known.notifications)} notifications; files written: {len(plan.written)},"
        f" removed: {len(plan.removed)}."
    )


def _source(settings: Settings, given: argparse.Namespace) -> tuple[Source, bytes]:
    if given.introspect:
        return _from_file(given.introspect, given.source_version or "")
    if given.server:
        return asyncio.run(_from_server(given))
    described = grammar.describe(catalogue, self_service=settings.self_service)
    return Source("Keystead", __version__, PROTOCOL_VERSION), msgspec.json.encode(described)


def _from_file(file: Path, version: str) -> tuple[Source, bytes]:
    """Read a file; a first line with the protocol's version is nymea's own habit (nymea 3.1)."""
    document = _read(file)
    if found := _VERSION_LINE.match(document):
        return Source(file.name, version, found[1].decode()), document[found.end() :]
    return Source(file.name, version), document


async def _from_server(given: argparse.Namespace) -> tuple[Source, bytes]:
    access = {
        "token": given.token or os.environ.get(TOKEN_VARIABLE),
        "fingerprint": given.fingerprint,
        "ca_file": given.ca_file,
    }
    try:
        document = await client.introspect(given.server, **access)
        async with client.Client(given.server, **access) as connection:
            server = connection.server
    except (client.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
        raise CannotError(
            f"The server {given.server} does not describe itself: {error}"
        ) from error
    return Source(server.name, server.version, server.protocol_version), document


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CannotError(f"The file {file} cannot be read: {error.strerror}.") from error


def _warn(warning: str) -> None:
    print(f"keystead: warning: {printable(warning)}", file=sys.stderr)
