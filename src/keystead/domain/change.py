"""What an operation did: the only way to write to a store, and the source of notifications."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from keystead.domain.model import Token, TokenId, User, UserId


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
    """A user's scopes, things or details are different now."""

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
class TokenRemoved:
    """A token opens nothing any more."""

    user_id: UserId
    token_id: TokenId


Change = (
    UserAdded
    | UserChanged
    | UserRemoved
    | PasswordChanged
    | PasswordRehashed
    | TokenAdded
    | TokenRemoved
)


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction did, durable.

    Attributes:
        revision: counts the commits of a directory from 1, without gaps, over all its servers.
    """

    revision: int
    changes: Sequence[Change]


def user_id(change: Change) -> UserId:
    """Give the user whom *change* is about."""
    match change:
        case UserAdded(user=user) | UserChanged(user=user) | UserRemoved(user=user):
            return user.id
        case TokenAdded(token=token):
            return token.user_id
        case (
            PasswordChanged(user_id=found)
            | PasswordRehashed(user_id=found)
            | TokenRemoved(user_id=found)
        ):
            return found
        case _:
            assert_never(change)
