"""What goes over the wire.

Generated from the definitions of the methods; `make fix` writes it anew.
"""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from keystead.client.shape import Shape


class AccessAuditFormat(StrEnum):
    """What lines of a file events are written as."""

    JSON_LINES = "AccessAuditFormatJsonLines"
    CSV = "AccessAuditFormatCsv"
    SYSLOG = "AccessAuditFormatSyslog"


class AccessEffectKind(StrEnum):
    """What is gained or lost."""

    ACCOUNT = "AccessEffectKindAccount"
    STATE = "AccessEffectKindState"
    GROUP = "AccessEffectKindGroup"
    SCOPE = "AccessEffectKindScope"
    RIGHT = "AccessEffectKindRight"
    THING = "AccessEffectKindThing"
    ITEM = "AccessEffectKindItem"
    TOKEN = "AccessEffectKindToken"


class AccessError(StrEnum):
    """Why the rules say no to a request of the namespace ``Access``."""

    NO_ERROR = "AccessErrorNoError"
    NOT_SIGNED_IN = "AccessErrorNotSignedIn"
    FORBIDDEN = "AccessErrorForbidden"
    SIGN_IN_FAILED = "AccessErrorSignInFailed"
    SET_UP_ALREADY = "AccessErrorSetUpAlready"
    NAME_INVALID = "AccessErrorNameInvalid"
    NAME_TAKEN = "AccessErrorNameTaken"
    NAME_RESERVED = "AccessErrorNameReserved"
    NO_SUCH_USER = "AccessErrorNoSuchUser"
    NO_SUCH_GROUP = "AccessErrorNoSuchGroup"
    NO_SUCH_TOKEN = "AccessErrorNoSuchToken"
    SESSION_OVER = "AccessErrorSessionOver"
    PASSWORD_TOO_WEAK = "AccessErrorPasswordTooWeak"
    PASSWORD_KEPT = "AccessErrorPasswordKept"
    INCONSISTENT_SCOPES = "AccessErrorInconsistentScopes"
    ESCALATION = "AccessErrorEscalation"
    LAST_USER_EDITOR = "AccessErrorLastUserEditor"
    TEXT_INVALID = "AccessErrorTextInvalid"
    OWN_ACCOUNT = "AccessErrorOwnAccount"
    FIRST_MUST_EDIT_USERS = "AccessErrorFirstMustEditUsers"
    ANONYMOUS_EDITS_NO_USERS = "AccessErrorAnonymousEditsNoUsers"
    ITEM_RULE_INVALID = "AccessErrorItemRuleInvalid"
    TOO_LARGE = "AccessErrorTooLarge"
    NOTHING_TO_PAIR = "AccessErrorNothingToPair"
    NOT_YET_VALID = "AccessErrorNotYetValid"
    LIMITS_INVALID = "AccessErrorLimitsInvalid"
    EXPIRY_INVALID = "AccessErrorExpiryInvalid"
    SETUP_CODE_WRONG = "AccessErrorSetupCodeWrong"
    THROTTLED = "AccessErrorThrottled"
    BUSY = "AccessErrorBusy"
    AUDIT_FAILED = "AccessErrorAuditFailed"
    STORAGE_FAILED = "AccessErrorStorageFailed"


class AccessRight(StrEnum):
    """The rights that accounts and groups have besides nymea's scopes."""

    USER_EDIT = "AccessRightUserEdit"
    EDITOR = "AccessRightEditor"
    DIAG = "AccessRightDiag"


class AccessTokenKind(StrEnum):
    """What a token is for."""

    DEVICE = "AccessTokenKindDevice"
    SESSION = "AccessTokenKindSession"


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


class ItemRule(Shape, frozen=True, kw_only=True):
    """A right to read an item, and to write it if it says so; with a prefix what lies below."""

    name: str
    is_prefix: bool | None = None
    may_write: bool | None = None


class AccessAccount(Shape, frozen=True, kw_only=True):
    """An account with all that belongs to it; times in seconds, absent for none."""

    username: str
    display_name: str
    email: str
    scopes: tuple[PermissionScope, ...]
    rights: tuple[AccessRight, ...]
    allowed_thing_ids: tuple[UUID, ...]
    groups: tuple[str, ...]
    items: tuple[ItemRule, ...]
    has_password: bool
    enabled: bool
    valid_since: int | None = None
    valid_until: int | None = None


class AccessAuditEvent(Shape, frozen=True, kw_only=True):
    """An event of the audit trail; its time in milliseconds, "line" what a file of them has."""

    sequence: int
    time: int
    author_kind: str
    author: str
    author_id: str
    token_id: UUID | None = None
    face: str
    source: str
    action: str
    object: str
    object_id: str
    outcome: str
    detail: dict[str, Any]
    times: int
    line: str | None = None


class AccessEffect(Shape, frozen=True, kw_only=True):
    """One thing that would be different for a user, or with "anonymous" for everybody."""

    principal: str
    object: str
    kind: AccessEffectKind
    before: str
    after: str
    is_prefix: bool | None = None
    token_id: UUID | None = None


class AccessGroup(Shape, frozen=True, kw_only=True):
    """A group, with what its members may do by it."""

    name: str
    rights: tuple[AccessRight, ...]
    items: tuple[ItemRule, ...]


class AccessLock(Shape, frozen=True, kw_only=True):
    """Somebody who has to wait after failed sign-ins; "" stands for all of them."""

    username: str
    source: str
    failures: int
    until: int


class AccessPairing(Shape, frozen=True, kw_only=True):
    """A device that waits to be let in, where it is, and until when it waits, in seconds."""

    transaction_id: int
    device_name: str
    source: str
    until: int


class AccessSession(Shape, frozen=True, kw_only=True):
    """A connection on which somebody is signed in."""

    username: str
    token_id: UUID
    face: str
    source: str


class AccessToken(Shape, frozen=True, kw_only=True):
    """A token with its properties; what it is not limited to is absent, and so are times."""

    id: UUID
    username: str
    device_name: str
    kind: AccessTokenKind
    created: int
    expires: int | None = None
    last_used: int | None = None
    last_source: str | None = None
    scopes: tuple[PermissionScope, ...] | None = None
    rights: tuple[AccessRight, ...] | None = None
    allowed_thing_ids: tuple[UUID, ...] | None = None
    items: tuple[ItemRule, ...] | None = None


class AuditCheck(Shape, frozen=True, kw_only=True):
    """When the trail was checked, in seconds since 1970, and what was found: a sentence a problem."""

    time: int
    is_intact: bool
    events: int
    problems: tuple[str, ...]


class AuditReturns(Shape, frozen=True, kw_only=True):
    """Events, and where to go on."""

    events: tuple[AccessAuditEvent, ...]
    next: int | None = None
    heading: str | None = None


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


class OwnState(Shape, frozen=True, kw_only=True):
    """Who is signed in, and what they may do with this token, groups and all."""

    username: str
    scopes: tuple[PermissionScope, ...]
    rights: tuple[AccessRight, ...]
    own_account: bool
    token_id: UUID | None = None


class PairingReturns(Shape, frozen=True, kw_only=True):
    """The number under which the end of the pairing will be told."""

    success: bool
    transaction_id: int


class PasswordRules(Shape, frozen=True, kw_only=True):
    """What a new password must be like; characters, and bytes in UTF-8."""

    min_length: int
    max_bytes: int
    needs_lower_case: bool
    needs_upper_case: bool
    needs_digit: bool


class ServerState(Shape, frozen=True, kw_only=True):
    """What administrators may want to do something about."""

    plain_listeners: tuple[str, ...]
    password_profile: str
    has_second_editor: bool
    unused_tokens: int


class SetupReturns(Shape, frozen=True, kw_only=True):
    """Whether the server waits for its first account, and what that takes."""

    setup_required: bool
    code_required: bool
    server_name: str
    password_rules: PasswordRules
    certificate_fingerprint: str | None = None


class SpokenRule(Shape, frozen=True, kw_only=True):
    """A rule that matches an item, and the group that gives it, if none of the account's own."""

    rule: ItemRule
    group: str | None = None


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


class WaitingPairing(Shape, frozen=True, kw_only=True):
    """The request that waits, if there is one."""

    pairing: AccessPairing | None = None


class Explanation(Shape, frozen=True, kw_only=True):
    """What ``Access.Explain`` gives."""

    allowed: bool
    is_admin: bool
    is_valid: bool
    spoken: tuple[SpokenRule, ...]


class Simulated(Shape, frozen=True, kw_only=True):
    """What ``Access.Simulate`` gives."""

    effects: tuple[AccessEffect, ...]
    more: int
    accounts: int


class NewToken(Shape, frozen=True, kw_only=True):
    """What ``Access.CreateToken`` gives."""

    token: str
    token_id: UUID


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


class PairingRequested(Shape, frozen=True, kw_only=True):
    """Tell administrators that a device asks to be let in.

    Of more than ten requests in a second some are not told; Access.GetPairing gives the one
    that waits.
    """

    pairing: AccessPairing


class PairingFinished(Shape, frozen=True, kw_only=True):
    """Tell administrators how a request ended that they were told of."""

    transaction_id: int
    success: bool


class AccountChanged(Shape, frozen=True, kw_only=True):
    """Tell those who manage users, and the user concerned, that there is something new.

    The account was added or removed, or its details, scopes, groups, rules, state or password
    were changed.
    """

    username: str


class GroupChanged(Shape, frozen=True, kw_only=True):
    """Tell those who manage users that a group was added, changed or removed."""

    name: str


class TokensChanged(Shape, frozen=True, kw_only=True):
    """Tell those who manage users, and the user concerned, of other tokens of an account."""

    username: str


Told = (
    JSONRPCPushButtonAuthFinished
    | UsersPushButtonAuthFinished
    | UserAdded
    | UserChanged
    | UserRemoved
    | PairingRequested
    | PairingFinished
    | AccountChanged
    | GroupChanged
    | TokensChanged
)

NOTIFICATIONS: Final[dict[str, type[Told]]] = {
    "JSONRPC.PushButtonAuthFinished": JSONRPCPushButtonAuthFinished,
    "Users.PushButtonAuthFinished": UsersPushButtonAuthFinished,
    "Users.UserAdded": UserAdded,
    "Users.UserChanged": UserChanged,
    "Users.UserRemoved": UserRemoved,
    "Access.PairingRequested": PairingRequested,
    "Access.PairingFinished": PairingFinished,
    "Access.AccountChanged": AccountChanged,
    "Access.GroupChanged": GroupChanged,
    "Access.TokensChanged": TokensChanged,
}
