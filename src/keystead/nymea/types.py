"""The shapes nymea puts on the wire, and how domain values become them."""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from uuid import UUID

import msgspec

from keystead.domain.model import Scope, Token, User

Uint = Annotated[int, msgspec.Meta(ge=0)]
BracedUuid = Annotated[
    str, msgspec.Meta(extra={"basic": "Uuid"})
]  # where nymea keeps the braces
Deprecated = msgspec.Meta(extra={"deprecated": True})  # marks a key ``d:``
Undeclared = msgspec.Meta(extra={"undeclared": True})  # sent, but not described


class BasicType(StrEnum):
    """The names of nymea's basic types."""

    Uuid = "Uuid"
    String = "String"
    StringList = "StringList"
    Int = "Int"
    Uint = "Uint"
    Double = "Double"
    Bool = "Bool"
    Variant = "Variant"
    Color = "Color"
    Time = "Time"
    Object = "Object"


class PermissionScope(StrEnum):
    """nymea's names for ``Scope``."""

    PermissionScopeNone = "PermissionScopeNone"
    PermissionScopeControlThings = "PermissionScopeControlThings"
    PermissionScopeConfigureThings = "PermissionScopeConfigureThings"
    PermissionScopeAccessAllThings = "PermissionScopeAccessAllThings"
    PermissionScopeExecuteRules = "PermissionScopeExecuteRules"
    PermissionScopeConfigureRules = "PermissionScopeConfigureRules"
    PermissionScopeAdmin = "PermissionScopeAdmin"


_VALUES = {
    PermissionScope.PermissionScopeNone: Scope.NONE,
    PermissionScope.PermissionScopeControlThings: Scope.CONTROL_THINGS,
    PermissionScope.PermissionScopeConfigureThings: Scope.CONFIGURE_THINGS,
    PermissionScope.PermissionScopeAccessAllThings: Scope.ACCESS_ALL_THINGS,
    PermissionScope.PermissionScopeExecuteRules: Scope.EXECUTE_RULES,
    PermissionScope.PermissionScopeConfigureRules: Scope.CONFIGURE_RULES,
    PermissionScope.PermissionScopeAdmin: Scope.ADMIN,
}


@lru_cache(maxsize=256)
def scope_names(scopes: Scope) -> tuple[PermissionScope, ...]:
    """Name every scope that is held, in nymea's order; the empty tuple for none.

    >>> [str(name) for name in scope_names(Scope.CONFIGURE_RULES)]
    ['PermissionScopeExecuteRules', 'PermissionScopeConfigureRules']

    Source: nymea 3.3.
    """
    return tuple(name for name, value in _VALUES.items() if value and value in scopes)


def scope_names_or_none(scopes: Scope) -> tuple[PermissionScope, ...]:
    """Name every scope that is held, or say that it is none.

    Source: nymea 3.3, the packing of Hello and Authenticate.
    """
    return scope_names(scopes) or (PermissionScope.PermissionScopeNone,)


def scopes_named(scopes: Iterable[PermissionScope]) -> Scope:
    """Give the scopes that have these names."""
    held = Scope.NONE
    for name in scopes:
        held |= _VALUES[name]
    return held


def smallest_name(scope: Scope) -> PermissionScope:
    """Name the least of nymea's scopes that contains *scope*.

    >>> str(smallest_name(Scope.USER_EDIT))
    'PermissionScopeAdmin'
    """
    return min(
        (name for name, value in _VALUES.items() if scope in value),
        key=lambda name: _VALUES[name].bit_count(),
    )


class UserError(StrEnum):
    """nymea's answer to a request that the rules refuse."""

    UserErrorNoError = "UserErrorNoError"
    UserErrorBackendError = "UserErrorBackendError"
    UserErrorInvalidUserId = "UserErrorInvalidUserId"
    UserErrorDuplicateUserId = "UserErrorDuplicateUserId"
    UserErrorBadPassword = "UserErrorBadPassword"
    UserErrorTokenNotFound = "UserErrorTokenNotFound"
    UserErrorPermissionDenied = "UserErrorPermissionDenied"
    UserErrorInconsistantScopes = "UserErrorInconsistantScopes"  # nymea's spelling


class View(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Something clients read but never write; the grammar marks its fields ``r:``."""


class UserInfo(View, frozen=True):
    """A user as clients see them."""

    allowed_thing_ids: tuple[UUID, ...]
    display_name: str
    email: str
    scopes: tuple[PermissionScope, ...]
    username: str


def user_info(user: User) -> UserInfo:
    """Show *user*; nymea shows names in lower case."""
    _, name, scopes, display_name, email, things, _ = user
    return UserInfo(things, display_name, email, scope_names(scopes), name.lower())


class TokenInfo(View, frozen=True):
    """A token as clients see it: never the secret itself."""

    creation_time: Uint
    device_name: str
    id: UUID
    username: str


def token_info(token: Token, user: User) -> TokenInfo:
    """Show a *token* of *user*; nymea counts time in whole seconds."""
    return TokenInfo(
        int(token.created.timestamp()), token.device_name, token.id, user.name.lower()
    )


class CacheHash(msgspec.Struct, frozen=True):
    """A method whose reply a client may keep as long as the hash stays."""

    hash: str
    method: str


class Experience(msgspec.Struct, frozen=True):
    """An extension of the server that clients may show."""

    name: str
    version: str
