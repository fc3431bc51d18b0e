"""The security report: what standards demand, how this installation is set, and what is weak."""

import argparse
import stat
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from keystead import CannotError, __version__, data, printable
from keystead.net.tls import RENEW_BEFORE_END, fingerprint
from keystead.settings import Settings
from keystead.store.folder import Folder

LONGEST_SESSION = timedelta(days=30)  # NIST SP 800-63B-4 2.1.3, the lowest of its levels
NO_CLAIM = "No conformity with any of these standards is claimed."

_WIDTH = 100  # characters of a line of text


class Clause(msgspec.Struct, frozen=True):
    """What one clause of a standard demands, and whether tests prove it.

    Attributes:
        clause: its name in the standard.
        applies: to whom or from which level on, as the standard has it.
        says: what it demands, in our words.
        reason: why it is not met or does not apply.
        tests: those that prove it.
    """

    clause: str
    applies: str
    says: str
    status: Literal["tested", "not met", "does not apply"]
    reason: str
    tests: tuple[str, ...]


class Standard(msgspec.Struct, frozen=True):
    """A standard, with what we build for in it."""

    standard: str
    title: str
    requirements: tuple[Clause, ...]


class ListenerState(msgspec.Struct, frozen=True):
    """An address that is set, and who may do what there."""

    address: str
    encrypted: bool
    loopback: bool
    authentication: bool


class CertificateState(msgspec.Struct, frozen=True):
    """The certificate that TLS listeners show."""

    file: str
    fingerprint: str
    ends: datetime


class HashingState(msgspec.Struct, frozen=True):
    """How passwords are hashed; the memory is in KiB."""

    algorithm: str
    memory: int
    passes: int
    lanes: int


class Report(msgspec.Struct, frozen=True):
    """Everything that the report tells.

    Attributes:
        certificate: None where no listener is encrypted, or there is none yet.
        warnings: what is weaker than it could be, a sentence each.
    """

    version: str
    settings: dict[str, Any]
    listeners: tuple[ListenerState, ...]
    hashing: HashingState
    certificate: CertificateState | None
    warnings: tuple[str, ...]
    claim: str
    standards: tuple[Standard, ...]


def show_report(settings: Settings, given: argparse.Namespace) -> None:
    """Print the report; warnings do not change the exit code.

    Raises:
        CannotError: the certificate cannot be read.
    """
    from keystead.app import now  # noqa: PLC0415 - whoever builds a report has a clock

    report = report_on(settings, now())
    if given.json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    for line in _lines(report):
        print(line)


def report_on(settings: Settings, now: datetime) -> Report:
    """Look at an installation as it is set, without opening its database.

    Raises:
        CannotError: the certificate cannot be read.
    """
    listeners = tuple(
        ListenerState(one.url(one.port), one.is_encrypted, one.is_loopback, one.authentication)
        for one in settings.listeners
    )
    certificate = _certificate(settings) if any(one.encrypted for one in listeners) else None
    return Report(
        version=__version__,
        settings=msgspec.structs.asdict(settings),
        listeners=listeners,
        hashing=HashingState(
            "argon2id",
            settings.argon2_memory_kib,
            settings.argon2_time,
            settings.argon2_parallelism,
        ),
        certificate=certificate,
        warnings=tuple(_warnings(settings, listeners, certificate, now)),
        claim=NO_CLAIM,
        standards=msgspec.json.decode(data.requirements(), type=tuple[Standard, ...]),
    )


def _certificate(settings: Settings) -> CertificateState | None:
    from cryptography import x509  # noqa: PLC0415 - takes a while to load
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    folder = Folder(Path(settings.data))
    file = Path(settings.certificate or folder.certificates / "server.crt")
    try:
        served = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except FileNotFoundError as error:
        if settings.certificate:
            raise CannotError(f"There is no certificate {file}.") from error
        return None  # the first start makes it
    except (OSError, ValueError) as error:
        raise CannotError(f"The certificate {file} cannot be read: {error}.") from error
    shown = fingerprint(served.public_bytes(Encoding.PEM))
    return CertificateState(str(file), shown, served.not_valid_after_utc)


def _warnings(
    settings: Settings,
    listeners: tuple[ListenerState, ...],
    certificate: CertificateState | None,
    now: datetime,
) -> Iterator[str]:
    for one in listeners:
        if not one.encrypted and not one.loopback:
            yield f"{one.address} sends passwords and tokens in the clear, beyond this machine."
        if not one.authentication:
            yield f"{one.address} lets every program on this machine do everything."
    if settings.password_profile == "nymea":  # noqa: S105 - a name
        yield (
            "The password profile nymea asks for 8 characters of certain kinds; NIST advises 15"
            " of any kind, which is the profile nist."
        )
    if not settings.setup_code:
        yield "As long as there is no account, whoever comes first makes it; see setup_code."
    if timedelta(days=settings.session_most_days) > LONGEST_SESSION:
        yield f"Sessions of pages last longer than the {LONGEST_SESSION.days} days that NIST allows."
    if certificate and certificate.ends - now < RENEW_BEFORE_END:
        yield f"The certificate {certificate.file} ends on {certificate.ends:%Y-%m-%d}."
    folder = Path(settings.data)
    if folder.is_dir() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield f"The data folder {folder} can be entered by others."


def _lines(report: Report) -> Iterator[str]:
    yield f"Keystead {report.version}"
    yield ""
    yield "Settings"
    for name, value in report.settings.items():
        yield f"  {name}: {printable(_shown(value))}"
    yield ""
    yield "Listeners"
    for one in report.listeners:
        encryption = "encrypted" if one.encrypted else "in the clear"
        sign_in = "" if one.authentication else ", without authentication"
        yield f"  {printable(one.address)}: {encryption}{sign_in}"
    if report.certificate:
        yield f"  certificate: {report.certificate.fingerprint}"
        yield f"  it ends on {report.certificate.ends:%Y-%m-%d}"
    cost = report.hashing
    yield ""
    yield f"Passwords: {cost.algorithm}, {cost.memory} KiB, passes {cost.passes}, lanes {cost.lanes}"
    yield ""
    yield "Warnings" if report.warnings else "No warnings"
    for warning in report.warnings:
        yield from _wrapped(printable(warning), "  - ", "    ")
    for standard in report.standards:
        yield from _chapter(standard)
    yield ""
    yield report.claim


def _shown(value: object) -> str:
    match value:
        case None:
            return "not set"
        case str():
            return value
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return msgspec.json.encode(value).decode()


def _chapter(standard: Standard) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"{standard.standard}: {standard.title}", "", "")
    for one in standard.requirements:
        tests = f" by {len(one.tests)}" if one.tests else ""
        yield from _wrapped(
            f"{one.clause} {one.status}{tests}: {one.reason or one.says}", "  ", "    "
        )


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=others)
