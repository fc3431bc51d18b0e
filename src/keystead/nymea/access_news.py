"""What the namespace ``Access`` tells unasked: what has changed, and who waits to be paired."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import assert_never

import msgspec

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import Scope, UserId
from keystead.nymea.catalogue import notification
from keystead.nymea.types import Uint, View

NameOf = Callable[[UserId], str | None]


class AccessPairing(View, frozen=True):
    """A device that waits to be let in, where it is, and until when it waits, in seconds."""

    transaction_id: int
    device_name: str
    source: str
    until: Uint


@notification("Access.PairingRequested")
class PairingRequested(msgspec.Struct, frozen=True):
    """Tell administrators that a device asks to be let in.

    Of more than ten requests in a second some are not told; Access.GetPairing gives the one
    that waits.
    """

    pairing: AccessPairing


@notification("Access.PairingFinished")
class PairingFinished(msgspec.Struct, frozen=True, rename="camel"):
    """Tell administrators how a request ended that they were told of."""

    transaction_id: int
    success: bool


@notification("Access.AccountChanged")
class AccountChanged(msgspec.Struct, frozen=True):
    """Tell those who manage users, and the user concerned, that there is something new.

    The account was added or removed, or its details, scopes, groups, rules, state or password
    were changed.
    """

    username: str


@notification("Access.GroupChanged")
class GroupChangedParams(msgspec.Struct, frozen=True):
    """Tell those who manage users that a group was added, changed or removed."""

    name: str


@notification("Access.TokensChanged")
class TokensChanged(msgspec.Struct, frozen=True):
    """Tell those who manage users, and the user concerned, of other tokens of an account."""

    username: str


@dataclass(frozen=True, slots=True)
class News:
    """What some subscribers of the namespace ``Access`` are told.

    Attributes:
        concerns: a user who is told even without the right in *needs*.
    """

    name: str
    params: msgspec.Struct
    concerns: UserId | None = None
    needs: Scope = Scope.USER_EDIT


def pairing_requested(pairing: AccessPairing) -> News:
    """Say that a device asks to be let in."""
    return News("Access.PairingRequested", PairingRequested(pairing), needs=Scope.ADMIN)


def pairing_finished(number: int, *, success: bool) -> News:
    """Say how a request to be let in has ended."""
    return News("Access.PairingFinished", PairingFinished(number, success), needs=Scope.ADMIN)


def news(changes: Iterable[Change], name_of: NameOf) -> Collection[News]:
    """Say what *changes* are about, each thing once.

    Args:
        changes: of one commit.
        name_of: gives the name of a user who is still there.
    """
    found = (_news(change, name_of) for change in changes)
    return dict.fromkeys(one for one in found if one)


def _news(change: Change, name_of: NameOf) -> News | None:
    match change:
        case (
            UserAdded(user=user)
            | UserChanged(user=user)
            | UserRemoved(user=user)
            | MembershipsChanged(user=user)
            | UserItemsChanged(user=user)
        ):
            return News("Access.AccountChanged", AccountChanged(user.name), user.id)
        case PasswordChanged(user_id=user_id):
            return _named(user_id, name_of, "Access.AccountChanged", AccountChanged)
        case TokenAdded(token=token) | TokenChanged(token=token):
            return _named(token.user_id, name_of, "Access.TokensChanged", TokensChanged)
        case TokenRotated(user_id=user_id) | TokenRemoved(user_id=user_id):
            return _named(user_id, name_of, "Access.TokensChanged", TokensChanged)
        case (
            GroupAdded(group=group)
            | GroupChanged(group=group)
            | GroupItemsChanged(group=group)
            | GroupRemoved(group=group)
        ):
            return News("Access.GroupChanged", GroupChangedParams(group.name))
        case PasswordRehashed() | TokenExtended():
            return None
        case _:
            assert_never(change)


def _named(
    user_id: UserId, name_of: NameOf, said: str, shape: Callable[[str], msgspec.Struct]
) -> News | None:
    name = name_of(user_id)
    # None: the account was removed as well, which is told.
    return None if name is None else News(said, shape(name), user_id)
