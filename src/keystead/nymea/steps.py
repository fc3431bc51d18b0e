"""The steps of a nymea request in their order, each with what it answers when it ends there."""

from typing import TYPE_CHECKING, Any, assert_never

from keystead.domain.events import Action, Outcome
from keystead.domain.model import Scope
from keystead.domain.refusal import RefusedError
from keystead.nymea import calls, envelope
from keystead.nymea.envelope import Malformed, Request
from keystead.nymea.errors import INVALID_TOKEN, PERMISSION_DENIED
from keystead.nymea.validation import InvalidParamsError, arguments
from keystead.rpc.method import Kind, Method

if TYPE_CHECKING:
    from keystead.nymea.session import Session

HELLO = "JSONRPC.Hello"
TOO_LARGE = Malformed(0, "")  # stands for a text that is too large to be looked at


def answer(session: "Session", request: Request | Malformed) -> bytes:
    """Take the steps of a request in nymea's order; give the reply, b"" when there is none.

    Source: nymea 1.2 for the first text, 2.3 for all others.
    """
    session.number = request.id
    if not session.has_begun and request.method != HELLO:
        session.closing = True
        return b""
    session.has_begun = True
    if isinstance(request, Malformed):
        session.closing = request is TOO_LARGE
        return b"" if session.closing else envelope.error(request.id, request.error)
    method = session.face.catalogue.methods.get(request.method)
    if objection := _objection(session, request, method):
        return objection
    assert method
    params = envelope.params_of(request)
    if isinstance(params, Malformed):
        return envelope.error(params.id, params.error)
    try:
        taken = arguments(method, params)
    except InvalidParamsError as invalid:
        return envelope.error(request.id, str(invalid))
    if not session.has_greeted and method.name != HELLO:
        session.closing = True
        handshake = f"Handshake required. Call {HELLO} first."
        return envelope.error(request.id, handshake)
    return _call(session, request, method, taken)


def _objection(session: "Session", request: Request, method: Method["Session"] | None) -> bytes:
    """Say why the caller may not call this, or that it does not exist; b"" when all is well."""
    number = request.id
    if request.method.count(".") != 1:
        return envelope.error(
            number,
            f"Error parsing method. Got: '{request.method}'', Expected: 'Namespace.method'",
        )
    is_open = method is not None and method.access.gate.is_open(
        needs_set_up=session.needs_set_up
    )
    if request.token != session.token and not is_open:
        session.closing = True
        changed = f"Changing the user (token) requires a new handshake. Call {HELLO}."
        return envelope.unauthorized(number, changed)
    if session.authentication and not is_open:
        if session.live is None:
            session.closing = True
            required = "Initial setup required. Call JSONRPC.CreateUser first."
            return envelope.unauthorized(
                number, required if session.needs_set_up else INVALID_TOKEN
            )
        demand = Scope.ADMIN
        if method is not None:
            demand = method.access.demand(self_service=session.face.directory.self_service)
        if demand not in session.live.scopes:
            # Not what somebody made up: any number of different texts would fill the trail.
            name = method.name if method else ""
            session.directory.note(session.principal, Action.DENIED, name, Outcome.REFUSED)
            return envelope.error(number, PERMISSION_DENIED)
    if method is not None:
        return b""
    namespace = request.method.partition(".")[0]
    known = any(name.startswith(f"{namespace}.") for name in session.face.catalogue.methods)
    return envelope.error(number, "No such method" if known else "No such namespace")


def _call(
    session: "Session", request: Request, method: Method["Session"], taken: dict[str, Any]
) -> bytes:
    session.offered_token = request.token
    match method.kind:
        case Kind.WAITING:
            session.job = calls.waiting(session, request.id, method, taken)
        case Kind.LISTING:
            session.job = calls.listing(session, request.id, method, taken)
        case Kind.AT_ONCE:
            try:
                returns = calls.at_once(session, method, taken)
            except RefusedError as refused:
                return calls.refusal(session, request.id, method, refused)
            if method.steady and session.live:
                session.live.kept[method.name] = returns
            return envelope.success(request.id, returns)
        case _:
            assert_never(method.kind)
    return b""
