"""Asking a server to describe itself, whatever its version."""

import asyncio
from pathlib import Path

import msgspec

from keystead.client.address import address, tls_context
from keystead.client.client import TIMEOUT
from keystead.client.wires import connect


async def introspect(
    url: str,
    token: str | None = None,
    fingerprint: str | None = None,
    *,
    ca_file: Path | str | None = None,
) -> bytes:
    """Give what ``JSONRPC.Introspect`` of a server returns, as the JSON that was sent.

    Args:
        url: see ``Client``.
        token: see ``Client``.
        fingerprint: see ``Client``.
        ca_file: see ``Client``.

    Raises:
        ValueError: *url* or *fingerprint* is none, or they do not go together.
        OSError: *ca_file* cannot be used.
        CertificateError: the server cannot prove that it is the right one.
        UnauthorizedError: the token is bad, or there is none and one is needed.
        RequestError: the token is not allowed to introspect, or the server cannot.
        ConnectionLostError: there is no way to the server, or it closed the connection.
        UnexpectedReplyError: the server did not reply with an object.
        TimeoutError: it took too long.
    """
    server = address(url, fingerprint, ca_file)
    context = await asyncio.to_thread(tls_context, server)
    try:
        async with asyncio.timeout(TIMEOUT):
            connection = await connect(server, context, _ignore)
            try:
                await connection.greet(token or "", None)
                described = await connection.send("JSONRPC.Introspect", {}, token or "")
                return bytes(await described)
            finally:
                await connection.close()
    except TimeoutError:
        raise TimeoutError(f"{server} did not describe itself within {TIMEOUT:g} s.") from None


def _ignore(name: str, params: msgspec.Raw) -> None:
    """Nobody listens to notifications here."""
