"""Calling a method for a session, and writing down what came of it."""

from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from keystead.domain.events import Action, Outcome
from keystead.domain.refusal import MISSING_RIGHTS, Reason, RefusedError
from keystead.nymea import envelope
from keystead.nymea.errors import INVALID_TOKEN, error_word
from keystead.nymea.validation import InvalidParamsError
from keystead.rpc.method import Method
from keystead.rpc.session import Replies

if TYPE_CHECKING:
    from keystead.nymea.session import Session

NymeaMethod = Method["Session"]
Arguments = Mapping[str, Any]


def at_once(session: "Session", method: NymeaMethod, arguments: Arguments) -> bytes:
    """Call a plain function and give the encoded returns.

    Raises:
        RefusedError: the rules say no; see ``refusal``.
    """
    return _returns(method, method.handler(session, **arguments))


async def waiting(
    session: "Session", number: int, method: NymeaMethod, arguments: Arguments
) -> Replies:
    """Call a coroutine function and give the reply to request *number*."""
    try:
        result = await method.handler(session, **arguments)
    except RefusedError as refused:
        return [refusal(session, number, method, refused)]
    except InvalidParamsError as invalid:  # of a method that this one is about
        return [envelope.error(number, str(invalid))]
    return [envelope.success(number, _returns(method, result))]


async def listing(
    session: "Session", number: int, method: NymeaMethod, arguments: Arguments
) -> Replies:
    """Send a long list, portion by portion, as one long reply."""
    page = await method.handler(session, **arguments)

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"id":%d,"params":{"%b":[' % (number, (method.result_field or "").encode())
        separator = b""
        async for portion in page.portions:
            if portion:
                yield separator + envelope.encode(portion)[1:-1]
                separator = b","
        yield b']},"status":"success"}\n'

    await session.peer.stream(parts())
    return ()


def refusal(
    session: "Session", number: int, method: NymeaMethod, refused: RefusedError
) -> bytes:
    """Write the reply to request *number*, which the rules refuse."""
    reason = refused.reason
    if reason in MISSING_RIGHTS:
        why = reason.name.lower()
        session.directory.note(
            session.principal, Action.DENIED, method.name, Outcome.REFUSED, reason=why
        )
    if reason is Reason.NOT_SIGNED_IN and session.authentication:
        session.closing = True
        return envelope.unauthorized(number, INVALID_TOKEN)
    if method.refusable:
        word = error_word(method.name, reason)
        return envelope.refused(number, word, refused.seconds)
    return envelope.error(number, reason.value, refused.seconds)


def _returns(method: NymeaMethod, result: Any) -> bytes:
    """Write the returns of a method that came to *result*."""
    if method.result_field is None:
        if result is None:
            return _nothing(method.name, refusable=method.refusable)
        encoded = envelope.encode(result)
        if not method.refusable:
            return encoded
        return b'{"error":%b,%b' % (envelope.encode(error_word(method.name, None)), encoded[1:])
    fields = {method.result_field: result}
    if method.refusable:
        fields["error"] = error_word(method.name, None)
    return envelope.encode(fields)


@cache
def _nothing(name: str, *, refusable: bool) -> bytes:
    """Write the returns of the method *name*, which came to nothing but its end."""
    return envelope.encode({"error": error_word(name, None)} if refusable else {})
