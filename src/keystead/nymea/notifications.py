"""How nymea announces each change, and to whom."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

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
from keystead.domain.model import PUSH_BUTTON_USER, UserId
from keystead.nymea.catalogue import notification
from keystead.nymea.types import UserInfo, user_info


class _PairingResult(msgspec.Struct, rename="camel", omit_defaults=True):
    success: bool
    transaction_id: int
    token: str | msgspec.UnsetType = msgspec.UNSET


@notification("JSONRPC.PushButtonAuthFinished")
class PairingFinished(_PairingResult):
    """Tell the client that asked for push-button authentication how it ended.

    Sent to that connection only, whatever notifications it has enabled. On success the
    connection is signed in with the token already.
    """


@notification("Users.PushButtonAuthFinished")
class UsersPairingFinished(_PairingResult):
    """Tell the same as ``JSONRPC.PushButtonAuthFinished``, for clients that listen here."""


@notification("Users.UserAdded")
class UserAddedParams(msgspec.Struct, rename="camel"):
    """Tell those who manage users that there is a new one."""

    user_info: UserInfo


@notification("Users.UserChanged")
class UserChangedParams(msgspec.Struct, rename="camel"):
    """Tell those who manage users, and the user concerned, what a user is like now."""

    user_info: UserInfo


@notification("Users.UserRemoved")
class UserRemovedParams(msgspec.Struct):
    """Tell those who manage users that one is gone."""

    username: str


class Announcement(NamedTuple):
    """What subscribers of the namespace ``Users`` are told.

    Attributes:
        concerns: a user who is told even without the right to manage users.
    """

    name: str
    params: Callable[[], msgspec.Struct]  # not made where nobody listens
    concerns: UserId | None = None


def announcement(change: Change) -> Announcement | None:
    """Say how *change* is announced; None when it is not.

    Source: nymea 4.2 and 4.5; tokens, passwords, groups, items and the nameless account are not
    announced.
    """
    match change:
        case UserAdded(user=user):
            if user.name == PUSH_BUTTON_USER:
                return None
            return Announcement("Users.UserAdded", lambda: UserAddedParams(user_info(user)))
        case UserChanged(user=user):
            return Announcement(
                "Users.UserChanged", lambda: UserChangedParams(user_info(user)), user.id
            )
        case UserRemoved(user=user):
            return Announcement(
                "Users.UserRemoved", lambda: UserRemovedParams(user.name.lower())
            )
        case PasswordChanged() | PasswordRehashed():
            return None
        case TokenAdded() | TokenChanged() | TokenRotated() | TokenExtended() | TokenRemoved():
            return None
        case MembershipsChanged() | UserItemsChanged():
            return None
        case GroupAdded() | GroupChanged() | GroupItemsChanged() | GroupRemoved():
            return None
        case _:
            assert_never(change)
