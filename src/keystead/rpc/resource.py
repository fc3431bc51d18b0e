"""What a plain GET gives on the port of WebSockets, as a value: ``web`` makes it, ``net`` serves it."""

from collections.abc import Mapping
from typing import NamedTuple


class Resource(NamedTuple):
    """Something to be shown by a browser, the same for everybody.

    Attributes:
        content_type: with its character set.
        body: as it is.
        gzipped: the same, compressed; b"" where that would be no shorter.
        etag: changes with the body; a weak one, as both forms share it (RFC 9110 8.8.3).
        headers: what else is sent with it.
    """

    content_type: str
    body: bytes
    gzipped: bytes
    etag: str
    headers: Mapping[str, str]
