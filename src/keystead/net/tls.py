"""TLS: the device's own certificate authority, and the context that listeners serve with."""

import hashlib
import os
import secrets
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from keystead import CannotError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

    Authority = tuple[Certificate, EllipticCurvePrivateKey]

# Signing uses `cryptography`, which costs 6 MB and 100 ms to load. So it is imported where a
# certificate is made, and the start of a device that has its certificates goes without it.

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this is wrong, often in 1970
BACKDATED = timedelta(days=1)  # for clients whose clock is a little behind
AUTHORITY_LIFETIME = timedelta(days=7305)  # 20 years
# The longest that Apple's systems accept below an authority that the owner has installed is
# 825 days. Nearly that, because clients that pin the certificate notice each renewal.
SERVER_LIFETIME = timedelta(days=820)
RENEW_BEFORE_END = timedelta(days=30)

# Forward secrecy and authenticated encryption only, for TLS 1.2; 1.3 has nothing else (RFC 9325).
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python's `ssl` has no name for.
_ANY_TIME = ssl.VerifyFlags(0x200000)


_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class CertificateError(CannotError):
    """The certificates cannot be used; the message is one line that says what to do."""


def server_context(
    folder: Path, now: datetime, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Give the context that TLS listeners serve with, at TLS 1.2 or newer.

    Without an own certificate it is the one in *folder*, ``server.crt``, signed by the device's
    own authority, ``ca.crt``. Both are made when the folder has neither, and ``server.crt`` is
    renewed when it ends within 30 days or cannot be used. It blocks (files, perhaps DNS), so it
    is called before the loop runs or in a thread, by one process at a time.

    Args:
        folder: where the device's own certificates and keys are kept; its mode becomes 0700.
        now: aware; taken as the start of 2026 if before that, as clocks without a battery are.
        certificate: an own certificate in PEM, with its chain; *folder* is then not touched.
        key: the private key of *certificate* in PEM, without a pass phrase.

    Raises:
        CertificateError: only one of *certificate* and *key* is given, they cannot be used, or
            the authority's certificate or key is missing, broken or has ended. A new authority
            never takes its place unasked, as every client would have to trust it anew.
        OSError: *folder* cannot be read or written.

    Source: spec/nymea.md 1.5 (TLS 1.2 at least, no client certificate); design.md 9.
    """
    if certificate is not None or key is not None:
        return _own_context(certificate, key)
    moment = max(now, EARLIEST)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    # Not ca.key: it is written first, so alone it is what a power cut left, and signed nothing.
    if not any((folder / name).exists() for name in ("ca.crt", "server.key", "server.crt")):
        # A name of its own, so that people can tell the authorities of several devices apart.
        name = f"Keystead CA {secrets.token_hex(4)}"
        _issue(folder / "ca", name, moment, moment + AUTHORITY_LIFETIME, None)
    try:
        _loaded(folder / "ca.crt", folder / "ca.key")
    except OSError as error:
        raise _unusable_authority(folder, _reason(error)) from error
    if not _is_usable(folder, moment):
        _make_server(folder, moment)
    return _loaded(folder / "server.crt", folder / "server.key")


def fingerprint(certificate_pem: bytes) -> str:
    """Give the SHA-256 fingerprint of a certificate, as ``openssl x509 -fingerprint`` writes it.

    Args:
        certificate_pem: one certificate in PEM.

    Returns:
        32 pairs of upper-case hexadecimal digits, joined by colons.

    Raises:
        ValueError: *certificate_pem* is not PEM.

    Source: our choice: people compare it with what browsers and ``openssl`` show.
    """
    der = ssl.PEM_cert_to_DER_cert(certificate_pem.decode("ascii").strip())
    return hashlib.sha256(der).digest().hex(":").upper()


def served_fingerprint(path: Path) -> str:
    """Give the fingerprint of the first certificate in a file, the one that is served.

    Raises:
        CertificateError: the file cannot be read, or holds none.
    """
    try:
        content = path.read_bytes()
        begin = content.index(_BEGIN)
        return fingerprint(content[begin : content.index(_END, begin) + len(_END)])
    except OSError as error:
        raise CertificateError(f"Cannot read {path} ({_reason(error)}).") from error
    except ValueError as error:
        raise CertificateError(f"There is no PEM certificate in {path}.") from error


def is_due(folder: Path, now: datetime) -> bool:
    """Tell whether ``server_context`` would have to sign a certificate.

    Raises:
        OSError: *folder* cannot be read.
    """
    return not (folder / "ca.crt").exists() or not _is_usable(folder, max(now, EARLIEST))


def _own_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    if certificate is None or key is None:
        raise CertificateError("A certificate and its key go together: name both or neither.")
    try:
        return _loaded(certificate, key)
    except OSError as error:
        raise CertificateError(
            f"Cannot use certificate {certificate} with key {key} ({_reason(error)}): name a "
            "PEM certificate and its PEM key without a pass phrase, both readable."
        ) from error


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # An empty pass phrase: without one, OpenSSL would ask at the terminal and wait for ever.
    context.load_cert_chain(certificate, key, password="")
    return context


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__


def _unusable_authority(folder: Path, reason: str) -> CertificateError:
    return CertificateError(
        f"Cannot use ca.crt with ca.key in {folder} ({reason}): restore both from a backup, or "
        "move all .crt and .key files away to get a new authority, which clients must then trust."
    )


def _is_usable(folder: Path, moment: datetime) -> bool:
    try:
        context = _loaded(folder / "server.crt", folder / "server.key")
        end = end_of_validity(context, folder / "ca.crt")
    except (FileNotFoundError, ssl.SSLError):
        return False
    return end - moment >= RENEW_BEFORE_END


def end_of_validity(context: ssl.SSLContext, anchor: Path) -> datetime:
    """Tell when the certificate of *context* ends, by shaking hands with it in memory.

    It takes about 2 ms and no parser: the certificate speaks for itself, where a date noted beside it
    or the age of the file could be wrong, and the authority's signature is checked as well.

    Args:
        context: what is served with.
        anchor: the authority's certificate in PEM, or the very chain that is served.

    Raises:
        ssl.SSLError: *anchor* neither signed nor is it.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= _ANY_TIME | ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(anchor)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    serving = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, serving, asking, serving, asking):  # TLS 1.2 needs all five turns
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    peer = asking.getpeercert()
    assert peer is not None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(peer["notAfter"])), UTC)


def _make_server(folder: Path, moment: datetime) -> None:
    from cryptography import x509  # noqa: PLC0415 - see the top
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    signer = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise _unusable_authority(folder, "not an elliptic-curve key")
    if authority.not_valid_after_utc <= moment:
        raise _unusable_authority(folder, f"ended on {authority.not_valid_after_utc:%Y-%m-%d}")
    end = min(moment + SERVER_LIFETIME, authority.not_valid_after_utc)
    _issue(folder / "server", "Keystead", moment, end, (authority, signer))


def _issue(
    pair: Path, name: str, moment: datetime, end: datetime, authority: "Authority | None"
) -> None:
    """Write a new ``.key`` and ``.crt``, signed by *authority*, or an authority itself."""
    from cryptography import x509  # noqa: PLC0415 - see the top
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signer = (authority[0].subject, authority[1]) if authority else (subject, key)
    signs = authority is None
    off = False  # first comes digital signature, sixth and seventh certificates and their lists
    usage = x509.KeyUsage(not signs, off, off, off, off, signs, signs, off, off)
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(signs, 0 if signs else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(subject_id, critical=False)
    )
    if not signs:
        names = [x509.DNSName(host) for host in _own_names()]
        addresses = [x509.IPAddress(address) for address in own_addresses()]
        for extension in (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.SubjectAlternativeName([*names, *addresses]),
        ):
            builder = builder.add_extension(extension, critical=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(pem)
    _write(pair.with_suffix(".key"), secret, 0o600)
    _write(pair.with_suffix(".crt"), certificate, 0o644)


def _own_names() -> list[str]:
    host = socket.gethostname()
    names = ["localhost", host, f"{host.partition('.')[0]}.local"]  # .local: multicast DNS
    return [name for name in dict.fromkeys(names) if name.isascii() and name.strip(".")]


def own_addresses() -> list[IPv4Address | IPv6Address]:
    """Give the addresses that this machine has at present. It blocks, perhaps for DNS."""
    found = ["127.0.0.1", "::1"]
    with suppress(OSError, ValueError):  # ValueError: a host name that DNS cannot carry
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)]
    # Connecting a datagram socket sends nothing, but picks the address that a packet would
    # leave from. The targets are reserved for documentation (RFC 5737, RFC 3849).
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found.append(probe.getsockname()[0])
    without_zone = (text.partition("%")[0] for text in found)
    return [ip_address(text) for text in dict.fromkeys(without_zone)]


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put *content* at *path* so that a power cut leaves the old file or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
