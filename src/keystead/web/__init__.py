"""The admin page: files that browsers load, and what browsers are told about them.

The page is an ordinary client of the JSON-RPC over WebSocket; nothing here knows of its rules.
Its files are given as they are. ARCHITECTURE.md says how to add a view.
"""

import gzip
import hashlib
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
    gzipped = gzip.compress(body, mtime=0)
    return Resource(
        content_type=CONTENT_TYPES[file.suffix],
        body=body,
        gzipped=gzipped if len(gzipped) < len(body) else b"",
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        headers=HEADERS,
    )
