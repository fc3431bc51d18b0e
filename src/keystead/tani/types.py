"""The shapes Tani puts on the wire, and how domain values become them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec

from keystead.domain.groups import RightsChange
from keystead.domain.model import Account, Group, GroupEntry, ItemRule, Scope

Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class EventName(StrEnum):
    """What a client can be told without asking."""

    AccessRightsChanged = "AccessRightsChanged"
    UsersChanged = "UsersChanged"


class ItemRight(msgspec.Struct, rename="pascal", frozen=True, gc=False):
    """A right on items; Tani spells it ``Itemname``."""

    itemname: str
    prefix: bool = False
    write: bool = False


class AccessRights(msgspec.Struct, rename="pascal", kw_only=True):
    """What a connection may do: effective rights, own and given by groups."""

    groups: list[str]
    user_edit: bool
    editor: bool
    diag: bool
    username: str


class LoggedIn(AccessRights, kw_only=True):
    """What a connection may do, and the key that opens the session again."""

    auth_key: str


class UserRecord(msgspec.Struct, rename="pascal", kw_only=True, gc=False):
    """A user as stored: rights of their own, and whether they have a password."""

    username: str
    password: bool
    user_edit: bool
    editor: bool
    diag: bool
    groups: list[str]
    items: list[ItemRight]


class GroupRecord(msgspec.Struct, rename="pascal", kw_only=True, gc=False):
    """A group as stored."""

    groupname: str
    user_edit: bool
    editor: bool
    diag: bool
    items: list[ItemRight]


def access_rights(username: str, groups: Iterable[Group], scopes: Scope) -> AccessRights:
    """Show who somebody is and what they may do."""
    return AccessRights(
        groups=[group.name for group in groups],
        user_edit=Scope.USER_EDIT in scopes,
        editor=Scope.EDITOR in scopes,
        diag=Scope.DIAG in scopes,
        username=username,
    )


def user_record(account: Account) -> UserRecord:
    """Show *account*."""
    scopes = account.user.scopes
    return UserRecord(
        username=account.user.name,
        password=account.has_password,
        user_edit=Scope.USER_EDIT in scopes,
        editor=Scope.EDITOR in scopes,
        diag=Scope.DIAG in scopes,
        groups=[group.name for group in account.groups],
        items=_item_rights(account.items),
    )


def group_record(entry: GroupEntry) -> GroupRecord:
    """Show a group."""
    rights = entry.group.rights
    return GroupRecord(
        groupname=entry.group.name,
        user_edit=Scope.USER_EDIT in rights,
        editor=Scope.EDITOR in rights,
        diag=Scope.DIAG in rights,
        items=_item_rights(entry.items),
    )


def rights_change(
    *, user_edit: bool | Unset, editor: bool | Unset, diag: bool | Unset
) -> RightsChange:
    """Read which rights are given and which are taken away; what is left out stays."""
    given = taken = Scope.NONE
    for said, right in (
        (user_edit, Scope.USER_EDIT),
        (editor, Scope.EDITOR),
        (diag, Scope.DIAG),
    ):
        if said is True:
            given |= right
        elif said is False:
            taken |= right
    return RightsChange(given, taken)


def item_rules(items: list[ItemRight] | Unset) -> tuple[ItemRule, ...] | None:
    """Read rules on items; None when the field is left out."""
    if isinstance(items, Unset):
        return None
    # What ItemRule(...) does, without the detour through Python; there may be thousands.
    return tuple(
        [tuple.__new__(ItemRule, (item.itemname, item.prefix, item.write)) for item in items]
    )


def _item_rights(items: tuple[ItemRule, ...]) -> list[ItemRight]:
    return [ItemRight(*rule) for rule in items]
