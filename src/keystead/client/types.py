"""What goes over the wire.

Generated from the definitions of the methods; `make fix` writes it anew.
"""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from keystead.client.shape import Shape


class PermissionScope(StrEnum):
    """nymea's names for ``Scope``."""

    NONE = "PermissionScopeNone"
    CONTROL_THINGS = "PermissionScopeControlThings"
    CONFIGURE_THINGS = "PermissionScopeConfigureThings"
    ACCESS_ALL_THINGS = "PermissionScopeAccessAllThings"
    EXECUTE_RULES = "PermissionScopeExecuteRules"
    CONFIGURE_RULES = "PermissionScopeConfigureRules"
    ADMIN = "PermissionScopeAdmin"


class UserError(StrEnum):
    """nymea's answer to a request that the rules refuse."""

    NO_ERROR = "UserErrorNoError"
    BACKEND_ERROR = "UserErrorBackendError"
    INVALID_USER_ID = "UserErrorInvalidUserId"
    DUPLICATE_USER_ID = "UserErrorDuplicateUserId"
    BAD_PASSWORD = "UserErrorBadPassword"
    TOKEN_NOT_FOUND = "UserErrorTokenNotFound"
    PERMISSION_DENIED = "UserErrorPermissionDenied"
    INCONSISTANT_SCOPES = "UserErrorInconsistantScopes"


class AuthenticateReturns(Shape, frozen=True, kw_only=True):
    """Whether the sign-in succeeded, and then the token."""

    success: bool
    token: str | None = None
    username: str | None = None
    scopes: tuple[PermissionScope, ...] | None = None


class CacheHash(Shape, frozen=True, kw_only=True):
    """A method whose reply a client may keep as long as the hash stays."""

    hash: str
    method: str


class Experience(Shape, frozen=True, kw_only=True):
    """An extension of the server that clients may show."""

    name: str
    version: str


class HelloReturns(Shape, frozen=True, kw_only=True):
    """Who the server is, and who the client is to it."""

    server: str
    name: str
    version: str
    uuid: str
    language: str
    locale: str
    protocol_version: str = msgspec.field(name="protocol version")
    initial_setup_required: bool
    authentication_required: bool
    push_button_auth_available: bool
    experiences: tuple[Experience, ...] | None = None
    cache_hashes: tuple[CacheHash, ...] | None = None
    authenticated: bool | None = None
    permission_scopes: tuple[PermissionScope, ...] | None = None
    username: str | None = None


class IntrospectReturns(Shape, frozen=True, kw_only=True):
    """The description of this API."""

    methods: dict[str, Any]
    notifications: dict[str, Any]
    types: dict[str, Any]
    enums: dict[str, Any]
    flags: dict[str, Any]


class KeepAliveReturns(Shape, frozen=True, kw_only=True):
    """The session id as it was given."""

    success: bool
    session_id: str


class NotificationStatus(Shape, frozen=True, kw_only=True):
    """Which namespaces notify this connection."""

    namespaces: tuple[str, ...]


class PairingReturns(Shape, frozen=True, kw_only=True):
    """The number under which the end of the pairing will be told."""

    success: bool
    transaction_id: int


class TokenInfo(Shape, frozen=True, kw_only=True):
    """A token as clients see it: never the secret itself."""

    creation_time: int
    device_name: str
    id: UUID
    username: str


class UserInfo(Shape, frozen=True, kw_only=True):
    """A user as clients see them."""

    allowed_thing_ids: tuple[UUID, ...]
    display_name: str
    email: str
    scopes: tuple[PermissionScope, ...]
    username: str


class VersionReturns(Shape, frozen=True, kw_only=True):
    """Versions of the server and its protocol."""

    version: str
    protocol_version: str = msgspec.field(name="protocol version")
    qt_version: str
    qt_build_version: str


class JSONRPCPushButtonAuthFinished(Shape, frozen=True, kw_only=True):
    """Tell the client that asked for push-button authentication how it ended.

    Sent to that connection only, whatever notifications it has enabled. On success the
    connection is signed in with the token already.
    """

    success: bool
    transaction_id: int
    token: str | None = None


class UsersPushButtonAuthFinished(Shape, frozen=True, kw_only=True):
    """Tell the same as ``JSONRPC.PushButtonAuthFinished``, for clients that listen here."""

    success: bool
    transaction_id: int
    token: str | None = None


class UserAdded(Shape, frozen=True, kw_only=True):
    """Tell those who manage users that there is a new one."""

    user_info: UserInfo


class UserChanged(Shape, frozen=True, kw_only=True):
    """Tell those who manage users, and the user concerned, what a user is like now."""

    user_info: UserInfo


class UserRemoved(Shape, frozen=True, kw_only=True):
    """Tell those who manage users that one is gone."""

    username: str


Told = (
    JSONRPCPushButtonAuthFinished
    | UsersPushButtonAuthFinished
    | UserAdded
    | UserChanged
    | UserRemoved
)

NOTIFICATIONS: Final[dict[str, type[Told]]] = {
    "JSONRPC.PushButtonAuthFinished": JSONRPCPushButtonAuthFinished,
    "Users.PushButtonAuthFinished": UsersPushButtonAuthFinished,
    "Users.UserAdded": UserAdded,
    "Users.UserChanged": UserChanged,
    "Users.UserRemoved": UserRemoved,
}
