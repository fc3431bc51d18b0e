"""What whoever starts the server is shown of the set-up code: a text, and a QR code to scan."""

import io
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

QUIET_ZONE = 4  # modules around a QR code, as ISO/IEC 18004 has it


def setup_text(code: str, address: str | None, encoding: str) -> str:
    """Write what is shown of a set-up code.

    Args:
        code: as it is printed.
        address: of the page where it can be used; None where there is none.
        encoding: of what it is shown on; without half blocks there is no QR code.
    """
    text = f"Set-up code for the first account: {code}\n"
    if address is None:
        return text
    link = f"{address}/#setup={code}"
    drawn = qr_code(link)
    try:
        drawn.encode(encoding)
    except UnicodeEncodeError:
        drawn = ""
    return f"{text}{drawn}{link}\n"


def qr_code(text: str) -> str:
    """Draw a QR code with half blocks, light on dark as terminals are; phones read it both ways."""
    import segno  # noqa: PLC0415 - only a server that is not set up pays for it

    drawing = io.StringIO()
    code = segno.make_qr(text, error="l")
    code.terminal(drawing, border=QUIET_ZONE, compact=True)
    return drawing.getvalue()


def page_address(
    urls: Sequence[str], addresses: Sequence[IPv4Address | IPv6Address]
) -> str | None:
    """Give the address of the first page that is served, encrypted if there is one that is.

    Args:
        urls: where the server listens.
        addresses: this machine's; one stands for "*".

    >>> page_address(["nymeas://*:2222", "https://*:4444"], [IPv4Address("192.0.2.7")])
    'https://192.0.2.7:4444'
    """
    pages = [url for url in urls if urlsplit(url).scheme in {"https", "http"}]
    if not pages:
        return None
    url = urlsplit(min(pages, key=lambda page: urlsplit(page).scheme != "https"))
    if url.hostname not in {"*", "0.0.0.0", "::"}:  # noqa: S104 - nothing is bound here
        return f"{url.scheme}://{url.netloc}"
    return f"{url.scheme}://{_reachable(addresses)}:{url.port}"


def _reachable(addresses: Sequence[IPv4Address | IPv6Address]) -> str:
    """Name this machine for others: by an IPv4 address if it has one, which people can type."""
    found = [one for one in addresses if not (one.is_loopback or one.is_link_local)]
    best = min(found, key=lambda one: one.version, default="localhost")
    return f"[{best}]" if isinstance(best, IPv6Address) else str(best)
