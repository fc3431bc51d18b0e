"""The settings: one frozen value, read once from a file, the environment and flags."""

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

import msgspec

from keystead import CannotError

ENVIRONMENT_PREFIX = "KEYSTEAD_"
MAX_SESSION_HOURS = 10 * 365 * 24
_NO_SETTINGS = {"KEYSTEAD_CONFIG", "KEYSTEAD_TOKEN"}  # read by the command line
LEAST_ARGON2_MEMORY = (46 * 1024, 19 * 1024, 12 * 1024)  # KiB, for a time of 1, 2, 3 or more
DEFAULT_LISTEN = ("nymeas://*:2222", "https://*:4444")

Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Scheme = Literal["nymea", "nymeas", "http", "https"]


class SettingsError(CannotError):
    """A setting is wrong; the message says which, and what is expected."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen, for what.

    Attributes:
        host: None for every address.
        port: 0 for any free one.
        authentication: False where everybody may do everything; on loopback only.
    """

    scheme: Scheme
    host: str | None
    port: int
    authentication: bool

    @property
    def is_encrypted(self) -> bool:
        """Tell whether TLS is spoken from the first byte."""
        return self.scheme in {"nymeas", "https"}

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host or "::").is_loopback
        except ValueError:
            return False

    def url(self, port: int) -> str:
        """Write the address with the *port* that is really in use."""
        host = "*" if self.host is None else self.host
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be set.

    Attributes:
        data: the data folder.
        listen: addresses, as URLs; see ``listener``.
        name: how the server introduces itself.
        log_level: what is logged at least.
        password_profile: the rules for new passwords.
        self_service: users without the right to change accounts may look after their own.
        certificate: path of an own certificate chain (PEM); with ``key``.
        key: path of its private key (PEM).
        buttons: the D-Bus where push-button agents register: "off", "system", "session", or
            an address.
        session_idle_hours: how long the session of a web page lasts without being used.
        session_most_days: how long it lasts in all.
        argon2_memory_kib: memory that hashing a password fills; see ``_check_hashing``.
        argon2_time: how often it does.
        argon2_parallelism: threads that share in it.
        connections: how many are served at a time; 0 for as many as open files allow, 20,000
            at most.
        connections_per_source: how many of them from one source; 0 for any number, as in the
            next three.
        connections_before_sign_in: how many of them from whoever has not signed in.
        requests_per_second: on one connection, of somebody signed in.
        requests_per_second_before_sign_in: ... of somebody who has not.
        limit_loopback: these four limits are for connections of this machine too.
        token_days: how long the token of a device lasts; 0 for ever.
        setup_code: the first account takes a one-time code that the server prints.
        audit_events: how many events the audit trail keeps at most.
        audit_mib: how many MiB they may have together.
        audit_days: how long they are kept; 0 for however long.
    """

    data: str = "data"
    listen: tuple[str, ...] = DEFAULT_LISTEN
    name: str = "Keystead"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    password_profile: Literal["nymea", "nist"] = "nymea"  # noqa: S105 - a name
    self_service: bool = False
    certificate: str | None = None
    key: str | None = None
    buttons: str = "off"
    session_idle_hours: Annotated[float, msgspec.Meta(gt=0, le=MAX_SESSION_HOURS)] = 8
    session_most_days: Annotated[float, msgspec.Meta(gt=0, le=MAX_SESSION_HOURS / 24)] = 7
    argon2_memory_kib: Annotated[int, msgspec.Meta(ge=1, le=1024 * 1024)] = 19 * 1024
    argon2_time: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    argon2_parallelism: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    connections: Count = 0
    connections_per_source: Count = 256
    connections_before_sign_in: Count = 1024
    requests_per_second: Count = 1000
    requests_per_second_before_sign_in: Count = 100
    limit_loopback: bool = False
    token_days: Annotated[float, msgspec.Meta(ge=0, le=MAX_SESSION_HOURS / 24)] = 0
    setup_code: bool = False
    audit_events: Annotated[int, msgspec.Meta(ge=1_000, le=100_000_000)] = 100_000
    audit_mib: Annotated[int, msgspec.Meta(ge=4, le=1024 * 1024)] = 64
    audit_days: Annotated[float, msgspec.Meta(ge=0, le=MAX_SESSION_HOURS / 24)] = 0

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Give the addresses to listen at.

        Raises:
            SettingsError: one is wrong.
        """
        return tuple(listener(url) for url in self.listen)


def load(
    file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Settings:
    """Read the settings; flags win over the environment, and that over the file.

    Args:
        file: a TOML file, or None.
        environment: variables; those that begin with ``KEYSTEAD_`` count.
        flags: what the command line says; None counts as not said.

    Raises:
        SettingsError: a file cannot be read, a key is unknown, a value is wrong.
    """
    values: dict[str, Any] = {}
    for layer in (
        _from_file(file) if file else {},
        _from_environment(environment),
        {key: value for key, value in flags.items() if value is not None},
    ):
        _settings(layer)  # wrong is wrong, even where another layer wins
        values |= layer
    settings = _settings(values)
    if (settings.certificate is None) != (settings.key is None):
        raise SettingsError("The settings certificate and key go together; one is missing.")
    _check_hashing(settings)
    _ = settings.listeners
    return settings


def _settings(values: Mapping[str, Any]) -> Settings:
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting is wrong: {error}.") from error
    if any("\0" in str(value) for value in msgspec.structs.astuple(settings)):
        raise SettingsError("A setting is wrong: it holds a NUL.")
    return settings


def _check_hashing(settings: Settings) -> None:
    """Refuse passwords to be hashed in a way that is easier to guess than the default.

    Source: OWASP ASVS 5.0, appendix C.
    """
    least = LEAST_ARGON2_MEMORY[min(settings.argon2_time, len(LEAST_ARGON2_MEMORY)) - 1]
    if settings.argon2_memory_kib < least:
        raise SettingsError(
            f"Hashing with argon2_memory_kib = {settings.argon2_memory_kib} is too weak: with"
            f" argon2_time = {settings.argon2_time} it must be {least} at least."
        )


def listener(url: str) -> Listener:
    """Read one listening address.

    >>> listener("nymea://127.0.0.1:2222").is_loopback
    True

    Raises:
        SettingsError: it is no such address.
    """
    try:
        if not url.isprintable():  # urlsplit would pass over some of it
            raise ValueError("it holds characters that cannot be seen")  # noqa: TRY301
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise SettingsError(f"The address {url} is wrong: {error}.") from error
    if parts.scheme not in get_args(Scheme):
        known = ", ".join(get_args(Scheme))
        raise SettingsError(f"The address {url} must begin with one of: {known}.")
    extras = parts.username or parts.password or parts.fragment
    if port is None or not host or extras or parts.path not in {"", "/"}:
        raise SettingsError(f"The address {url} must look like {parts.scheme}://host:port.")
    options = parse_qs(parts.query, keep_blank_values=True)
    authentication = options.pop("authentication", ["on"])
    if options or authentication not in (["on"], ["off"]):
        raise SettingsError(f"The address {url} has an option other than authentication=off.")
    found = Listener(
        parts.scheme,  # type: ignore[arg-type]  # checked above
        None if host == "*" else host,
        port,
        authentication == ["on"],
    )
    if not found.authentication and not found.is_loopback:
        raise SettingsError(
            f"The address {url} may do without authentication on loopback only."
        )
    return found


def _from_file(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings {file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings {file} are not TOML: {error}.") from error
    for key in values:
        _check_known(key, f"in {file}")
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in environment.items():
        is_ours = variable.startswith(ENVIRONMENT_PREFIX) and variable not in _NO_SETTINGS
        if not is_ours or not value:  # an empty one says nothing
            continue
        key = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        _check_known(key, f"in the environment ({variable})")
        values[key] = value.split() if key == "listen" else value
    return values


def _check_known(key: str, where: str) -> None:
    known = Settings.__struct_fields__
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0)
        raise SettingsError(f"Unknown setting {key} {where}; did you mean {near[0]}?")
