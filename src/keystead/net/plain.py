"""Plain HTTP answers on the port of WebSockets (RFC 9110): the page, and whether all is well."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from keystead.rpc.resource import Resource

HEALTH = "/healthz"
_HEALTHY = Resource(
    "text/plain; charset=utf-8", b"ok\n", b"", "", {"Cache-Control": "no-store"}
)

# Two years, as browsers' own lists want it. They heed it only where a name has a certificate that
# they trust, and never for an address.
_STAY_ENCRYPTED = ("Strict-Transport-Security", "max-age=63072000")

_REQUEST = re.compile(rb"([!-~]+) ([!-~]+) HTTP/1\.[01]\r\n")
_NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")

Headers = Mapping[str, str]


def answer(head: bytes, resources: Mapping[str, Resource], *, is_encrypted: bool) -> bytes:
    """Answer a request for something that is there; b"" for all others, such as handshakes.

    Args:
        head: the request up to its empty line.
        resources: what there is at each path, besides the health.
        is_encrypted: whether it came over TLS.
    """
    line = _REQUEST.match(head)
    if line is None:
        return b""
    verb, target = line[1], line[2].decode()
    path = target.partition("?")[0]
    headers = _headers(head)
    if "websocket" in headers.get("upgrade", "").lower():
        return b""
    resource = _HEALTHY if path == HEALTH else resources.get(path)
    if resource is None:
        return _response(HTTPStatus.NOT_FOUND, ()) if verb == b"HEAD" else b""
    further = (_STAY_ENCRYPTED,) if is_encrypted else ()
    if verb not in {b"GET", b"HEAD"}:
        return _response(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"), *further))
    body, about = _chosen(resource, headers)
    about += further
    if resource.etag and resource.etag in _tags(headers):
        return _response(HTTPStatus.NOT_MODIFIED, about)
    about += (("Content-Length", str(len(body))),)
    return _response(HTTPStatus.OK, about) + (body if verb == b"GET" else b"")


def _chosen(resource: Resource, headers: Headers) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Give the form of the body that the client wants, and what is told of it."""
    about = (("Content-Type", resource.content_type), *resource.headers.items())
    if resource.etag:
        about += (("ETag", resource.etag),)
    accepted = headers.get("accept-encoding", "").lower()
    if resource.gzipped and "gzip" in accepted and not _NO_GZIP.search(accepted):
        return resource.gzipped, (*about, ("Content-Encoding", "gzip"))
    return resource.body, about


def _tags(headers: Headers) -> Iterator[str]:
    """Give the forms of a resource that the client has; RFC 9110 13.1.2, the weak comparison."""
    for tag in headers.get("if-none-match", "").split(","):
        yield f"W/{tag.strip().removeprefix('W/')}"


def _headers(head: bytes) -> dict[str, str]:
    """Read the headers by their names in lower case; the last one counts."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    parts = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in parts}


def _response(status: HTTPStatus, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Write the head of an answer after which the connection ends."""
    lines = (f"{name}: {value}" for name, value in (*headers, ("Connection", "close")))
    return "\r\n".join((f"HTTP/1.1 {status.value} {status.phrase}", *lines, "", "")).encode()
