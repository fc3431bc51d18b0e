"""What an operation did: the only way to write to a store, and the source of notifications."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, assert_never

from keystead.domain.model import Group, GroupId, ItemRule, Token, TokenId, User, UserId


@dataclass(frozen=True, slots=True)
class UserAdded:
    """A user exists now that did not before.

    Attributes:
        password_hash: encoded hash, or None for an account that has no password.
    """

    user: User
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserChanged:
    """A user's scopes, things, details or validity are different now; never the name."""

    user: User


@dataclass(frozen=True, slots=True)
class UserRemoved:
    """A user is gone, and every token of theirs with it."""

    user: User


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """A user has another password now."""

    user_id: UserId
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordRehashed:
    """The same password is stored in a stronger form; nobody needs to hear of it."""

    user_id: UserId
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenAdded:
    """A token opens the directory now.

    Attributes:
        digest: SHA-256 of the secret, 32 bytes.
    """

    token: Token
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenChanged:
    """A token has another device name, expiry or limits now; never another owner or kind."""

    token: Token


@dataclass(frozen=True, slots=True)
class TokenRotated:
    """A token has another secret now; the old one opens nothing any more.

    Attributes:
        digest: SHA-256 of the new secret, 32 bytes.
        device_name: for whoever reads the audit trail.
    """

    user_id: UserId
    token_id: TokenId
    digest: bytes = field(repr=False)
    device_name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TokenExtended:
    """A token opens the directory for longer than it did; nobody needs to hear of it."""

    user_id: UserId
    token_id: TokenId
    expires: datetime


@dataclass(frozen=True, slots=True)
class TokenRemoved:
    """A token opens nothing any more.

    Attributes:
        device_name: for whoever reads the audit trail; the token itself is gone then.
    """

    user_id: UserId
    token_id: TokenId
    device_name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class MembershipsChanged:
    """A user is a member of just these groups now, in this order."""

    user: User
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class UserItemsChanged:
    """A user has just these rules on items now."""

    user: User
    items: tuple[ItemRule, ...]


@dataclass(frozen=True, slots=True)
class GroupAdded:
    """A group exists now that did not before."""

    group: Group


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """A group's rights are different now; never the name."""

    group: Group


@dataclass(frozen=True, slots=True)
class GroupItemsChanged:
    """A group has just these rules on items now."""

    group: Group
    items: tuple[ItemRule, ...]


@dataclass(frozen=True, slots=True)
class GroupRemoved:
    """A group is gone, and nobody is a member of it any more."""

    group: Group


Change = (
    UserAdded
    | UserChanged
    | UserRemoved
    | PasswordChanged
    | PasswordRehashed
    | TokenAdded
    | TokenChanged
    | TokenRotated
    | TokenExtended
    | TokenRemoved
    | MembershipsChanged
    | UserItemsChanged
    | GroupAdded
    | GroupChanged
    | GroupItemsChanged
    | GroupRemoved
)


class Commit(NamedTuple):
    """What one transaction did, durable.

    Attributes:
        revision: counts the commits of a directory from 1, without gaps, over all its servers.
    """

    revision: int
    changes: Sequence[Change]


def concerned(change: Change) -> UserId | GroupId:
    """Give the user or the group that *change* is about."""
    match change:
        case (
            UserAdded(user=user)
            | UserChanged(user=user)
            | UserRemoved(user=user)
            | MembershipsChanged(user=user)
            | UserItemsChanged(user=user)
        ):
            return user.id
        case TokenAdded(token=token) | TokenChanged(token=token):
            return token.user_id
        case (
            PasswordChanged(user_id=user_id)
            | PasswordRehashed(user_id=user_id)
            | TokenExtended(user_id=user_id)
            | TokenRotated(user_id=user_id)
            | TokenRemoved(user_id=user_id)
        ):
            return user_id
        case (
            GroupAdded(group=group)
            | GroupChanged(group=group)
            | GroupItemsChanged(group=group)
            | GroupRemoved(group=group)
        ):
            return group.id
        case _:
            assert_never(change)
