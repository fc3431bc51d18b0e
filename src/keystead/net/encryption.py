"""The certificate that TLS listeners serve with, kept fresh while they do."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from keystead.net.signing import sign_elsewhere
from keystead.net.tls import (
    CertificateError,
    end_of_validity,
    is_due,
    served_fingerprint,
    server_context,
)

LOG = logging.getLogger("keystead.tls")

CHECKED_EVERY = timedelta(days=1)
WARN_BEFORE_END = timedelta(days=14)  # of an own certificate; the device's own is renewed


class Encryption:
    """What TLS listeners serve with, as of now. Made before the loop runs, as it blocks.

    Args:
        folder: where the device's own certificates are.
        clock: gives the time.
        certificate: an own certificate instead, with its chain.
        key: its private key.

    Raises:
        CertificateError: the certificates cannot be used.

    Attributes:
        context: what new connections are encrypted with.
        fingerprint: SHA-256 of the certificate.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._certificate = certificate
        self._key = key
        self.context, self.fingerprint = self._fresh()

    def __call__(self) -> ssl.SSLContext:
        """Give the context, for a connection that begins."""
        return self.context

    async def keep_fresh(self, asked: asyncio.Event, every: timedelta = CHECKED_EVERY) -> None:
        """Load the certificate anew whenever *asked* to, and once in a while.

        Connections keep what they began with. What cannot be used changes nothing, and is logged.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(every.total_seconds()):
                    await asked.wait()
            is_asked = asked.is_set()
            asked.clear()
            await self._reload(is_asked=is_asked)

    async def _reload(self, *, is_asked: bool) -> None:
        before = self.fingerprint
        try:
            # A new context, as a live one would be left half changed by files that do not fit.
            self.context, self.fingerprint = await asyncio.to_thread(self._fresh)
        except CertificateError as error:
            fields = {"reason": str(error), "fingerprint": before}
            LOG.error("certificate kept", extra={"fields": fields})  # noqa: TRY400 - no bug
            return
        except Exception:  # a bug, which must not end the server
            LOG.exception("certificate kept", extra={"fields": {"fingerprint": before}})
            return
        if is_asked or self.fingerprint != before:
            fields = {"fingerprint": self.fingerprint, "before": before}
            LOG.info("certificate loaded", extra={"fields": fields})

    def _fresh(self) -> tuple[ssl.SSLContext, str]:
        """Give the context and the fingerprint, after renewing what ends soon."""
        now = self._clock()
        served = self._certificate or self._folder / "server.crt"
        try:
            if self._certificate is None and self._key is None and is_due(self._folder, now):
                sign_elsewhere(self._folder, now)
            context = server_context(self._folder, now, self._certificate, self._key)
        except OSError as error:
            raise CertificateError(
                f"Cannot use the certificates in {self._folder} ({error.strerror})."
            ) from error
        if self._certificate:
            _warn_of_end(context, self._certificate, now)
        return context, served_fingerprint(served)


def _warn_of_end(context: ssl.SSLContext, certificate: Path, now: datetime) -> None:
    """Say in the log when an own certificate ends soon, or has ended."""
    with suppress(ssl.SSLError):  # one that clients of the common kind do not accept
        end = end_of_validity(context, certificate)
        if end - now < WARN_BEFORE_END:
            fields = {"certificate": str(certificate), "ends": end.isoformat()}
            LOG.warning("certificate ends soon", extra={"fields": fields})
