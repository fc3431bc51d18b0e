"""JSON texts to requests, and results back to JSON texts."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from keystead.nymea.framing import BYTE_ORDER_MARK

MAX_DEPTH = 1024  # levels of objects and lists; nymea 1.1
PARSE_ERROR_ID = -1
NO_ID = 0
_ID_BOUND = 2**63  # ids beyond are no ids

# Source: nymea 2.3, the texts of its JSON parser; no client looks at them.
_UNTERMINATED = "unterminated object"
_ILLEGAL = "illegal value"
_NESTED = "too deeply nested document"
_NOT_UTF8 = "invalid UTF8 string"
_NO_ID_TEXT = "Error parsing command. Missing 'id'"


class Request(msgspec.Struct, gc=False):
    """One call as nymea clients write it.

    Attributes:
        params: the raw text; anything but an object counts as an empty one.
        token: "" for none.
    """

    id: Annotated[int, msgspec.Meta(ge=-_ID_BOUND, le=_ID_BOUND - 1)]
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    token: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A text that is no request, with the answer it gets."""

    id: int
    error: str
    method: str = ""  # as far as one can be made out
    token: None = None  # equals no bound token, whatever it is


_NESTING = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[{}\[\]]', re.DOTALL)

_requests = msgspec.json.Decoder(Request)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder(order="sorted")
encode = _encoder.encode


def requests(chunk: bytes) -> list[Request] | None:
    """Read a chunk that holds whole, well-formed requests and nothing else; None otherwise.

    This is the fast way, which nearly all chunks take.
    """
    if _is_too_deep(chunk):
        return None
    try:
        found = _requests.decode_lines(chunk)
        if not chunk.isascii():
            chunk.decode()  # params are not looked at yet
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def parse(text: bytes) -> Request | Malformed:
    """Read one text with all that nymea makes of odd ones.

    Source: nymea 2.1 and 2.3, steps 1 and 2.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        text.decode()
        if _is_too_deep(text):
            return _no_json(_NESTED)
        document = _fields.decode(text)
        if isinstance(document, list):
            return Malformed(NO_ID, _NO_ID_TEXT)
        number, method, token = (
            _anything.decode(document.get(key, b"null")) for key in ("id", "method", "token")
        )
    except UnicodeDecodeError:
        return _no_json(_NOT_UTF8)
    except RecursionError:  # pragma: no cover - depends on the interpreter and who embeds us
        return _no_json(_NESTED)
    except msgspec.DecodeError as error:
        return _no_json(_UNTERMINATED if "truncated" in str(error) else _ILLEGAL)
    if (known := request_id(number)) is None:
        return Malformed(NO_ID, _NO_ID_TEXT, text_of(method))
    params = document.get("params", msgspec.Raw(b"{}"))
    return Request(known, text_of(method), params, text_of(token))


def params_of(request: Request) -> dict[str, Any] | Malformed:
    """Give the parameters of *request*; anything but an object counts as an empty one.

    What only shows when the values are looked at, such as a number without bounds, makes the
    whole text malformed.
    """
    try:
        params = _anything.decode(request.params)
    except (msgspec.DecodeError, RecursionError):
        return _no_json(_ILLEGAL)
    return params if isinstance(params, dict) else {}


def request_id(value: object) -> int | None:
    """Make an id of what came as one; None when it is none.

    >>> request_id(" 42 "), request_id(4.7), request_id(True), request_id("4.7")
    (42, 5, 1, None)

    Source: nymea 2.1; ids of more than 32 bits are kept whole, our choice.
    """
    match value:
        case bool() | int():
            number = int(value)
        case float():
            number = int(value + (0.5 if value >= 0 else -0.5))
        case str() if value.strip().lstrip("+-").isdecimal() and value.isascii():
            try:
                number = int(value)
            except ValueError:  # "+-1", or more digits than any id has
                return None
        case _:
            return None
    return number if -_ID_BOUND <= number < _ID_BOUND else None


def text_of(value: object) -> str:
    """Make a text of any JSON value, as nymea does; "" of null, lists and objects.

    >>> text_of(5.0), text_of(True), text_of(None), text_of(["a"])
    ('5', 'true', '', '')

    Source: nymea 3.4.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case _:
            return ""


def success(number: int, params: bytes) -> bytes:
    """Write a reply with encoded *params*."""
    return b'{"id":%d,"params":%b,"status":"success"}\n' % (number, params)


def error(number: int, text: str, retry_after: int | None = None) -> bytes:
    """Write the reply to a request that was in error.

    Args:
        number: the id of the request.
        text: what is wrong.
        retry_after: seconds to wait before asking again; a key of our own, left out for None.
    """
    wait = _wait(retry_after)
    return b'{"error":%b,"id":%d%b,"status":"error"}\n' % (encode(text), number, wait)


def refused(number: int, word: str, retry_after: int | None = None) -> bytes:
    """Write the reply to a request that the rules refuse with a word of its method.

    Args:
        number: the id of the request.
        word: of the enum that the method's "error" has.
        retry_after: as with ``error``.
    """
    params = encode({"error": word})
    wait = _wait(retry_after)
    return b'{"id":%d,"params":%b%b,"status":"success"}\n' % (number, params, wait)


def _wait(retry_after: int | None) -> bytes:
    return b"" if retry_after is None else b',"retryAfter":%d' % retry_after


def unauthorized(number: int, text: str) -> bytes:
    """Write the reply to a request whose token is bad."""
    return b'{"error":%b,"id":%d,"status":"unauthorized"}\n' % (encode(text), number)


def notification(number: int, name: str, params: msgspec.Struct) -> bytes:
    """Write the *number*-th notification of this server."""
    return b'{"id":%d,"notification":"%b","params":%b}\n' % (
        number,
        name.encode(),
        encode(params),
    )


def _is_too_deep(text: bytes) -> bool:
    """Tell whether JSON is nested too deeply; looks closely only where that is possible."""
    if len(text) <= 2 * MAX_DEPTH or text.count(b"{") + text.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _NESTING.finditer(text):
        opening = token.group() in {b"{", b"["}
        depth += 1 if opening else -(token.group() in {b"}", b"]"})
        if depth > MAX_DEPTH:
            return True
    return False


def _no_json(reason: str) -> Malformed:
    return Malformed(PARSE_ERROR_ID, f"Failed to parse JSON data: {reason}")
