"""Where a server is, and how it proves that it is the right one."""

import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from keystead.client.errors import CertificateError

_PORTS: Final = {"nymea": 2222, "nymeas": 2222, "ws": 4444, "wss": 4444}  # nymea's own
_ENCRYPTED: Final = {"nymeas", "wss"}
_FINGERPRINT: Final = re.compile("(?:sha256:)?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Address:
    """A server as the user of the client names it.

    Attributes:
        path: of the WebSocket; None for TCP.
        fingerprint: SHA-256 of the only certificate that is accepted; None to ask authorities.
        ca_file: PEM of the authorities that are trusted; None for those of the system.
    """

    host: str
    port: int
    path: str | None
    is_encrypted: bool
    fingerprint: bytes | None
    ca_file: Path | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def address(
    url: str, fingerprint: str | None = None, ca_file: Path | str | None = None
) -> Address:
    """Read what a client is told about its server.

    >>> str(address("nymeas://box"))
    'box:2222'

    Raises:
        ValueError: *url* or *fingerprint* is none, or they do not go together.
    """
    parts = urlsplit(url)
    is_websocket = parts.scheme in {"ws", "wss"}
    has_more = parts.fragment or "@" in parts.netloc
    if not is_websocket:
        has_more = has_more or parts.query or parts.path not in {"", "/"}
    if parts.scheme not in _PORTS or not parts.hostname or has_more:
        raise ValueError(
            "An address is nymea://host:port, nymeas://host:port, ws://host:port/path or "
            "wss://host:port/path, and has no user and no password."
        )
    is_encrypted = parts.scheme in _ENCRYPTED
    if not is_encrypted and (fingerprint is not None or ca_file is not None):
        raise ValueError(f"{parts.scheme}:// has no certificate: use nymeas:// or wss://.")
    if fingerprint is not None and ca_file is not None:
        raise ValueError("With a fingerprint no authority is asked: name only one of both.")
    query = f"?{parts.query}" if parts.query else ""
    return Address(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        path=f"{parts.path or '/'}{query}" if is_websocket else None,
        is_encrypted=is_encrypted,
        fingerprint=None if fingerprint is None else fingerprint_bytes(fingerprint),
        ca_file=None if ca_file is None else Path(ca_file),
    )


def fingerprint_bytes(text: str) -> bytes:
    """Read a SHA-256 fingerprint as people copy it.

    >>> fingerprint_bytes("sha256:" + 32 * "0a") == fingerprint_bytes(":".join(32 * ["0A"]))
    True

    Raises:
        ValueError: *text* is none.
    """
    found = _FINGERPRINT.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("A fingerprint is sha256: and 64 hexadecimal digits.")
    return bytes.fromhex(found[1].replace(":", ""))


def tls_context(server: Address) -> ssl.SSLContext | None:
    """Give what an encrypted connection is made with; it reads files. None for a plain one.

    Raises:
        OSError: the file of the authorities cannot be used.
    """
    if not server.is_encrypted:
        return None
    if server.fingerprint is None:
        context = ssl.create_default_context(cafile=server.ca_file)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint says all; see `check`
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def check(server: Address, certificate: bytes | None) -> None:
    """See to it that a pinned server has shown its own *certificate*, in DER.

    Raises:
        CertificateError: it is another one.
    """
    if server.fingerprint is None:
        return
    shown = hashlib.sha256(certificate or b"").digest()
    if shown != server.fingerprint:
        raise CertificateError(
            f"{server} has another certificate than the pinned one: its fingerprint is "
            f"sha256:{shown.hex()}."
        )
