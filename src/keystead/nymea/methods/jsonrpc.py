"""The namespace ``JSONRPC``: the handshake, signing in, pairing, subscriptions."""

from typing import Annotated, Any

import msgspec

from keystead.domain.access import OPEN, SET_UP, SIGN_IN, SIGNED_IN
from keystead.domain.accounts import NewUser, create_user
from keystead.domain.model import Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.sign_in import create_first_account, sign_in
from keystead.nymea import grammar, locales
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import (
    BracedUuid,
    CacheHash,
    Deprecated,
    Experience,
    PermissionScope,
    Undeclared,
    scope_names_or_none,
)

PROTOCOL_VERSION = "9.0"


class HelloReturns(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Who the server is, and who the client is to it."""

    server: str
    name: str
    version: str
    uuid: BracedUuid
    language: str
    locale: str
    protocol_version: str = msgspec.field(name="protocol version")
    initial_setup_required: bool
    authentication_required: bool
    push_button_auth_available: bool
    experiences: list[Experience] | msgspec.UnsetType = msgspec.UNSET
    cache_hashes: list[CacheHash] | msgspec.UnsetType = msgspec.UNSET
    authenticated: bool | msgspec.UnsetType = msgspec.UNSET
    permission_scopes: tuple[PermissionScope, ...] | msgspec.UnsetType = msgspec.UNSET
    username: str | msgspec.UnsetType = msgspec.UNSET


class VersionReturns(msgspec.Struct, rename="camel", kw_only=True):
    """Versions of the server and its protocol."""

    version: str
    protocol_version: str = msgspec.field(name="protocol version")
    qt_version: str
    qt_build_version: str


class IntrospectReturns(msgspec.Struct):
    """The description of this API."""

    methods: dict[str, Any]
    notifications: dict[str, Any]
    types: dict[str, Any]
    enums: Annotated[dict[str, Any], Undeclared]
    flags: Annotated[dict[str, Any], Undeclared]


class NotificationStatus(msgspec.Struct):
    """Which namespaces notify this connection."""

    namespaces: list[str]
    enabled: Annotated[bool, Deprecated]


class AuthenticateReturns(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Whether the sign-in succeeded, and then the token."""

    success: bool
    token: str | msgspec.UnsetType = msgspec.UNSET
    username: str | msgspec.UnsetType = msgspec.UNSET
    scopes: tuple[PermissionScope, ...] | msgspec.UnsetType = msgspec.UNSET


class PairingReturns(msgspec.Struct, rename="camel"):
    """The number under which the end of the pairing will be told."""

    success: bool
    transaction_id: int


class KeepAliveReturns(msgspec.Struct, rename="camel"):
    """The session id as it was given."""

    success: bool
    session_id: str


@method("JSONRPC.Hello", access=OPEN)
async def hello(session: Session, *, locale: str | None = None) -> HelloReturns:
    """Begin the conversation; must be the first call of a connection, and may be repeated.

    With a token in the request the connection is bound to it, and the reply tells whether it
    is valid and whom it belongs to. "locale" chooses the language of translated texts.
    """
    if locale is not None:
        session.locale = locales.canonical(locale)
    offered = session.offered_token
    principal = await session.bus.resolve(offered) if offered else None
    session.bind(offered if principal else "", principal)
    if principal:
        session.directory.used(principal)
    session.greeted()
    identity = session.face.identity
    reply = HelloReturns(
        server="nymea",
        name=identity.name,
        version=identity.version,
        uuid=f"{{{identity.uuid}}}",
        language=session.locale,
        locale=session.locale,
        protocol_version=PROTOCOL_VERSION,
        initial_setup_required=session.needs_set_up,
        authentication_required=session.authentication,
        push_button_auth_available=session.face.has_buttons,
    )
    if offered:
        reply.authenticated = principal is not None
        reply.username = principal.user.name.lower() if principal else ""
        shown = session.user if principal else None
        reply.permission_scopes = scope_names_or_none(shown.scopes if shown else Scope.NONE)
    return reply


@method("JSONRPC.Introspect", access=SIGNED_IN, steady=True)
def introspect(session: Session) -> IntrospectReturns:
    """Describe all methods, notifications and types of this API."""
    self_service = session.directory.self_service
    described = grammar.describe(session.face.catalogue, self_service=self_service)
    return IntrospectReturns(**described)


@method("JSONRPC.Version", access=SIGNED_IN, steady=True)
def version(session: Session) -> VersionReturns:
    """Tell the versions of the server and of its protocol."""
    return VersionReturns(
        version=session.face.identity.version,
        protocol_version=PROTOCOL_VERSION,
        qt_version="",
        qt_build_version="",
    )


@method("JSONRPC.SetNotificationStatus", access=SIGNED_IN)
def set_notification_status(
    session: Session,
    *,
    namespaces: list[str] | None = None,
    enabled: Annotated[bool | None, Deprecated] = None,
) -> NotificationStatus:
    """Choose the namespaces that notify this connection; all others are switched off.

    The older "enabled" switches all of them at once, and wins where both are given.
    """
    known = sorted({name.partition(".")[0] for name in session.face.catalogue.methods})
    if enabled is None:
        chosen = [name for name in known if name in (namespaces or ())]
    else:
        chosen = known if enabled else []
    session.subscribe(chosen)
    return NotificationStatus(chosen, bool(chosen))


@method("JSONRPC.CreateUser", access=SET_UP, refusable=True)
async def create_first_user(
    session: Session,
    username: str,
    password: str,
    *,
    display_name: str = "",
    email: str = "",
) -> None:
    """Create the first user, an administrator, while the initial set-up is required.

    Afterwards it needs an administrator, who better calls Users.CreateUser. Call
    JSONRPC.Authenticate next to get a token.
    """
    new = NewUser(username.lower(), Scope.ADMIN, display_name, email)
    if session.needs_set_up:
        await create_first_account(session.directory, new, password)
    else:
        await create_user(session.directory, session.actor, new, password)


@method("JSONRPC.Authenticate", access=SIGN_IN)
async def authenticate(
    session: Session, username: str, password: str, device_name: str
) -> AuthenticateReturns:
    """Sign in with name and password, and get a token for this device.

    "deviceName" lets the owner recognise the token and revoke it when the device is lost. The
    connection is bound to the new token; after a failure it is bound to none.
    """
    session.bind("", None)
    try:
        signed_in = await sign_in(session.directory, username, password, device_name)
    except RefusedError as refused:
        if refused.reason not in {Reason.SIGN_IN_FAILED, Reason.TEXT_INVALID}:
            raise
        session.sign_in_failed()
        return AuthenticateReturns(success=False)
    principal = await session.bus.present(signed_in.principal)
    session.bind(signed_in.secret, principal)
    user = signed_in.principal.user
    return AuthenticateReturns(
        success=True,
        token=signed_in.secret,
        username=user.name.lower(),
        scopes=scope_names_or_none(user.scopes),
    )


@method("JSONRPC.RequestPushButtonAuth", access=OPEN)
async def request_push_button_auth(session: Session, device_name: str) -> PairingReturns:
    """Ask for a token that the push of the server's button grants.

    The end comes as the notification PushButtonAuthFinished. A request of another client takes
    over and ends this one, as do the end of the connection and five minutes of waiting. Tell
    the user to push no button then: somebody else might be the one who is let in.
    """
    return PairingReturns(success=True, transaction_id=session.request_pairing(device_name))


@method("JSONRPC.KeepAlive", access=SIGNED_IN)
def keep_alive(session: Session, session_id: str) -> KeepAliveReturns:
    """Tell that the connection lives; nothing else happens."""
    return KeepAliveReturns(success=True, session_id=session_id)
