"""Text messages to requests, and results back to text messages."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from keystead import printable
from keystead.rpc.method import Shape
from keystead.tani.errors import Status

LONGEST_ERROR = 200  # characters

_NO_NAME = b'""'
_NULL = b"null"
_ZERO = ord("0")
_USUAL_LENGTH = 20  # of an id
_ID_BEGINS = frozenset(b'"-0123456789')


class Request(msgspec.Struct, gc=False):
    """One call as Tani clients write it.

    Attributes:
        id: the raw text, which goes back as it is; b"" for none.
        data: the raw text.
    """

    function: str
    id: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that is no request, with the answer it gets."""

    reply: bytes


class InvalidDataError(Exception):
    """The data do not fit; the message says where."""


class _Identified(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw()


_ids = msgspec.json.Decoder(_Identified)
_requests = msgspec.json.Decoder(Request)
_anything = msgspec.json.Decoder()
encode = msgspec.json.encode


def parse(message: bytes) -> Request | Malformed:
    """Read one message.

    Source: Tani 2; 5, 23 and 24 for what is no request.
    """
    try:
        request = _requests.decode(message)
        if not request.function.isascii():
            request.function.encode()
        if request.id and not _is_id(request.id):
            return Malformed(_wrong(_NULL, "An id is a text or a number."))
    except msgspec.ValidationError as error:
        return Malformed(_wrong(_id_in(message), f"This is no request: {_short(error)}."))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Malformed(_wrong(_NULL, "This is no JSON."))
    return request


def data_of(request: Request, shape: Shape) -> dict[str, Any]:
    """Give the keyword arguments that the data of *request* mean.

    Raises:
        InvalidDataError: a field is missing, or of the wrong type.
    """
    try:
        data = msgspec.json.decode(request.data, type=shape)
    except msgspec.ValidationError as error:
        raise InvalidDataError(f"The data do not fit: {_short(error)}.") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidDataError("The data are no JSON.") from None
    return {name: getattr(data, name) for name in shape.__struct_fields__}


def head(request: Request) -> bytes:
    """Begin a response to *request*, up to its data."""
    if request.id:
        begin = _begin(request.function)
        return b"".join((begin, b',"id":', bytes(request.id), b',"status":0,"data":'))
    return _begin(request.function) + b',"status":0,"data":'


def success(request: Request, data: bytes) -> bytes:
    """Write the response to *request* with encoded *data*."""
    return b"".join((head(request), data, b"}"))


def failure(
    request: Request, status: Status, text: str, retry_after: int | None = None
) -> bytes:
    """Write the response to a request that was not done.

    Args:
        request: what was asked.
        status: its number.
        text: why.
        retry_after: seconds to wait before asking again, given as data; None for no data.
    """
    data = b"{}" if retry_after is None else b'{"RetryAfter":%d}' % retry_after
    return _failure(encode(request.function), bytes(request.id), status, text, data)


def too_large() -> bytes:
    """Write the response to a message that nobody looked at, as it is too large."""
    text = "The message is too large."
    return _failure(_NO_NAME, _NULL, Status.TOO_LARGE, text)


def event(name: str, data: msgspec.Struct) -> bytes:
    """Write an event."""
    return b'{"event":%b,"data":%b}' % (encode(name), encode(data))


def _short(error: msgspec.ValidationError) -> str:
    """Say what is wrong, without all of a long text that was sent."""
    return printable(str(error)[:LONGEST_ERROR])


def _is_id(raw: msgspec.Raw) -> bool:
    text = bytes(raw)
    if len(text) < _USUAL_LENGTH and text.isdigit() and text[0] != _ZERO:
        return True
    _anything.decode(text)  # nobody has looked at it yet
    return text == _NULL or text[0] in _ID_BEGINS


def _id_in(message: bytes) -> bytes:
    """Give the id of something that has the wrong shape, as far as there is one."""
    try:
        raw = _ids.decode(message).id
        return bytes(raw) if raw and _is_id(raw) else _NULL
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NULL


@lru_cache(maxsize=64)  # only functions that there are come here
def _begin(function: str) -> bytes:
    return b'{"function":%b' % encode(function)


def _wrong(number: bytes, text: str) -> bytes:
    return _failure(_NO_NAME, number, Status.BAD_REQUEST, text)


def _failure(
    function: bytes, number: bytes, status: Status, text: str, data: bytes = b"{}"
) -> bytes:
    echo = b'"id":%b,' % number if number else b""
    return b'{"function":%b,%b"status":%d,"error":%b,"data":%b}' % (
        function,
        echo,
        status,
        encode(text),
        data,
    )
