"""The commands about TLS."""

import argparse
from pathlib import Path

import msgspec

from keystead import CannotError
from keystead.net.tls import served_fingerprint
from keystead.settings import Settings
from keystead.store.folder import Folder


class Fingerprints(msgspec.Struct, frozen=True):
    """What clients may compare or trust, as SHA-256 fingerprints.

    Attributes:
        server: of the certificate that is served.
        authority: of the device's own authority; None where an own certificate is set.
    """

    server: str
    authority: str | None


def show_fingerprints(settings: Settings, given: argparse.Namespace) -> None:
    """Print the fingerprints of the certificates.

    Raises:
        CannotError: there are none, or they cannot be read.
    """
    found = _fingerprints(settings)
    if given.json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    print(f"server certificate:  {found.server}")
    if found.authority:
        print(f"authority:           {found.authority}")


def _fingerprints(settings: Settings) -> Fingerprints:
    if settings.certificate:
        return Fingerprints(served_fingerprint(Path(settings.certificate)), None)
    folder = Folder(Path(settings.data)).certificates
    if not (folder / "server.crt").exists():
        raise CannotError(
            f"There is no certificate in {folder}; the first start of a server with TLS makes it."
        )
    return Fingerprints(
        served_fingerprint(folder / "server.crt"), served_fingerprint(folder / "ca.crt")
    )
