"""The admin page: files that browsers load, and what browsers are told about them.

The page is an ordinary client of the JSON-RPC over WebSocket; nothing here knows of its rules.
How it is built, and how to add a view, is said at the top of ``static/main.js``.
"""

import gzip
import hashlib
import re
from pathlib import Path

from keystead.rpc.resource import Resource

STATIC = Path(__file__).with_name("static")
PAGE = "index.html"  # what is given at "/"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Lines of comment and what lines are indented by, a fifth of the page, which browsers do without;
# line numbers stay.
_MARGIN = re.compile(
    rb"^[ \t]*(?:(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)$)?", re.MULTILINE | re.DOTALL
)
# Within a line: types, and comments at its end that cannot be a part of a text.
_ASIDE = re.compile(rb"/\*\* @type [^*\n]*\*/ ?|[ \t]*// [^\n\"'`]*$", re.MULTILINE)
_BLANK = re.compile(rb"(?<=[:;,{}]) | (?=[{}])")  # of a style sheet

# Source: OWASP ASVS 5.0 3.4, and its secure headers project.
HEADERS = {
    "Cache-Control": "no-cache",  # kept, but asked for each time: an upgrade shows at once
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none';"
        " form-action 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


def resources() -> dict[str, Resource]:
    """Read the page: what is given at each path. It reads files, so call it off the loop."""
    return {
        _path(file): _resource(file)
        for file in sorted(STATIC.rglob("*"))
        if file.suffix in CONTENT_TYPES
    }


def _path(file: Path) -> str:
    name = file.relative_to(STATIC).as_posix()
    return "/" if name == PAGE else f"/{name}"


def _resource(file: Path) -> Resource:
    body = file.read_bytes()
    if file.suffix in {".js", ".css"}:
        body = _MARGIN.sub(lambda margin: b"\n" * margin.group().count(b"\n"), body)
        body = (_ASIDE if file.suffix == ".js" else _BLANK).sub(b"", body)
    gzipped = gzip.compress(body, mtime=0)
    return Resource(
        content_type=CONTENT_TYPES[file.suffix],
        body=body,
        gzipped=gzipped if len(gzipped) < len(body) else b"",
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        headers=HEADERS,
    )
