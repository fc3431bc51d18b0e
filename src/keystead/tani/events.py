"""What Tani's clients are told without asking, once they have switched it on."""

from collections.abc import Iterable
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
from keystead.tani.catalogue import event
from keystead.tani.types import AccessRights, EventName


@event(EventName.AccessRightsChanged)
class AccessRightsChanged(AccessRights):
    """Tell a connection what it may do now.

    Sent when its rights, on items too, have changed by something else than its own sign-in.
    """


@event(EventName.UsersChanged)
class UsersChanged(msgspec.Struct, rename="pascal"):
    """Tell those who may change users who was written or deleted."""

    usernames: list[str]
    groupnames: list[str]


def users_changed(changes: Iterable[Change]) -> UsersChanged | None:
    """Say whom *changes* are about; None when the lists of users and groups stay as they are."""
    users: dict[str, None] = {}
    groups: dict[str, None] = {}
    for change in changes:
        match change:
            case (
                UserAdded(user=user)
                | UserChanged(user=user)
                | UserRemoved(user=user)
                | MembershipsChanged(user=user)
                | UserItemsChanged(user=user)
            ):
                users[user.name] = None
            case (
                GroupAdded(group=group)
                | GroupChanged(group=group)
                | GroupItemsChanged(group=group)
                | GroupRemoved(group=group)
            ):
                groups[group.name] = None
            case PasswordChanged() | PasswordRehashed():
                pass
            case (
                TokenAdded()
                | TokenChanged()
                | TokenRotated()
                | TokenExtended()
                | TokenRemoved()
            ):
                pass
            case _:
                assert_never(change)
    return UsersChanged(list(users), list(groups)) if users or groups else None
