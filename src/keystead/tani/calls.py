"""Calling a function for a session, and writing down what came of it."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from keystead.domain.events import Action, Outcome
from keystead.domain.refusal import MISSING_RIGHTS, RefusedError
from keystead.rpc.method import Method, Page
from keystead.rpc.session import Replies
from keystead.tani import envelope
from keystead.tani.envelope import Request
from keystead.tani.errors import status

if TYPE_CHECKING:
    from keystead.tani.session import Session

TaniMethod = Method["Session"]
Arguments = Mapping[str, Any]
_NOTHING = b"{}"


def at_once(session: "Session", method: TaniMethod, arguments: Arguments) -> bytes:
    """Call a plain function and give the encoded data."""
    return _data(method.handler(session, **arguments))


async def waiting(
    session: "Session", request: Request, method: TaniMethod, arguments: Arguments
) -> Replies:
    """Call a coroutine function and give the response."""
    try:
        result = await method.handler(session, **arguments)
    except RefusedError as refused:
        if refused.reason in MISSING_RIGHTS:
            why = refused.reason.name.lower()
            session.directory.note(
                session.principal, Action.DENIED, method.name, Outcome.REFUSED, reason=why
            )
        return [refusal(request, refused)]
    return [envelope.success(request, _data(result))]


async def listing(
    session: "Session", request: Request, method: TaniMethod, arguments: Arguments
) -> Replies:
    """Send a long list, portion by portion, as one long response."""
    page: Page[msgspec.Struct] = await method.handler(session, **arguments)

    async def parts() -> AsyncIterator[bytes]:
        yield b'%b{"%b":[' % (envelope.head(request), (method.result_field or "").encode())
        separator = b""
        async for portion in page.portions:
            if portion:
                yield separator + envelope.encode(portion)[1:-1]
                separator = b","
        yield b"]"
        if page.total is not None:
            blocked = b"true" if page.has_more else b"false"
            yield b',"MaxResults":%d,"Blocked":%b' % (page.total, blocked)
        yield b"}}"

    await session.peer.stream(parts())
    return ()


def refusal(request: Request, refused: RefusedError) -> bytes:
    """Write the response to a request that the rules refuse."""
    reason = refused.reason
    return envelope.failure(request, status(reason), reason.value, refused.seconds)


def _data(result: msgspec.Struct | None) -> bytes:
    return _NOTHING if result is None else envelope.encode(result)
