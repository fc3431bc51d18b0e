"""Operations on groups, and what users and groups that are written as a whole have in common."""

from dataclasses import dataclass

from keystead.domain import names
from keystead.domain.accounts import keep_a_user_editor, user_editor
from keystead.domain.change import GroupAdded, GroupChanged, GroupItemsChanged, GroupRemoved
from keystead.domain.directory import Directory
from keystead.domain.escalation import Holding, check_may_give, check_may_touch, holds_all
from keystead.domain.items import are_valid, folded
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    Actor,
    Group,
    GroupId,
    ItemRule,
    Scope,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError

MAX_RULES = 10_000  # of one user or group; our choice
MANY_RULES = 500  # which take long enough to write that nothing else should wait for it


@dataclass(frozen=True, slots=True)
class RightsChange:
    """Which of ``TANI_RIGHTS`` are given, and which are taken away; the others stay."""

    given: Scope = Scope.NONE
    taken: Scope = Scope.NONE

    def replace_in(self, scopes: Scope) -> Scope:
        """Give *scopes* with these rights."""
        return (scopes | self.given) & ~self.taken


NO_CHANGE = RightsChange()


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """A group as somebody wants it; None keeps what there is, and gives nothing to a new one."""

    name: str
    rights: RightsChange = NO_CHANGE
    items: tuple[ItemRule, ...] | None = None


async def write_group(directory: Directory, actor: Actor, draft: GroupDraft) -> None:
    """Make or change a group.

    Raises:
        RefusedError: TOO_LARGE, NAME_INVALID, ITEM_RULE_INVALID, ANONYMOUS_EDITS_NO_USERS,
            NOT_SIGNED_IN, FORBIDDEN, NAME_TAKEN, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """
    items = checked_items(draft.items)
    check_name(draft.name)
    if draft.name == ANONYMOUS and Scope.USER_EDIT in draft.rights.given:
        raise RefusedError(Reason.ANONYMOUS_EDITS_NO_USERS)

    async def write(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        before = await tx.group_named(draft.name)
        if before and before.name != draft.name:
            raise RefusedError(Reason.NAME_TAKEN)
        if before:
            held = Holding(before.rights, items=await tx.items_of_group(before.id))
            await check_may_give(tx, present, held)
            await _check_may_touch_members(tx, present, before)
            after = before._replace(rights=draft.rights.replace_in(before.rights))
        else:
            held = Holding()
            after = Group(GroupId(directory.randomness(16)), draft.name, draft.rights.given)
        await check_may_give(tx, present, Holding(after.rights, items=items or ()))
        if before is None:
            await tx.record(GroupAdded(after))
        elif after != before:
            await tx.record(GroupChanged(after))
        if items is not None and items != held.items:
            await tx.record(GroupItemsChanged(after, items))
        await keep_a_user_editor(tx, held.scopes & ~after.rights)

    await directory.write(actor, write, bulk=is_long(actor, items))


async def remove_group(directory: Directory, actor: Actor, name: str) -> None:
    """Remove a group, and take it from all its members.

    Raises:
        RefusedError: NAME_RESERVED, NOT_SIGNED_IN, FORBIDDEN, NO_SUCH_GROUP, ESCALATION,
            LAST_USER_EDITOR, STORAGE_FAILED.
    """

    async def remove(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        group = await group_named(tx, name)
        if group.id == ANONYMOUS_ID:
            raise RefusedError(Reason.NAME_RESERVED)
        held = Holding(group.rights, items=await tx.items_of_group(group.id))
        await check_may_give(tx, present, held)
        await _check_may_touch_members(tx, present, group)
        await tx.record(GroupRemoved(group))
        await keep_a_user_editor(tx, group.rights)

    await directory.write(actor, remove, bulk=not holds_all(actor))


async def _check_may_touch_members(tx: Transaction, actor: Actor, group: Group) -> None:
    """Refuse to change a group that somebody who holds more than *actor* is a member of.

    What is taken from the group is taken from them.

    Raises:
        RefusedError: ESCALATION.
    """
    if not holds_all(actor):
        async for members in tx.members_of(group.id):
            for member in members:
                await check_may_touch(tx, actor, member)


async def group_named(tx: Transaction, name: str) -> Group:
    """Find the group that is called just so.

    Raises:
        RefusedError: NO_SUCH_GROUP.
    """
    group = await tx.group_named(name)
    if group is None or group.name != name:
        raise RefusedError(Reason.NO_SUCH_GROUP)
    return group


def is_long(actor: Actor, items: tuple[ItemRule, ...] | None) -> bool:
    """Tell whether writing these rules takes long, or finding out whether *actor* may."""
    return len(items or ()) > MANY_RULES or not holds_all(actor)


def check_name(name: str) -> None:
    """Refuse a name that deceives whoever reads it.

    Raises:
        RefusedError: TOO_LARGE, NAME_INVALID.
    """
    if len(name) > names.MAX_NAME_LENGTH:
        raise RefusedError(Reason.TOO_LARGE)
    if not names.is_well_formed(name):
        raise RefusedError(Reason.NAME_INVALID)


def checked_items(items: tuple[ItemRule, ...] | None) -> tuple[ItemRule, ...] | None:
    """Give rules without duplicates.

    Raises:
        RefusedError: TOO_LARGE, ITEM_RULE_INVALID.
    """
    if items is None:
        return None
    if len(items) > MAX_RULES:
        raise RefusedError(Reason.TOO_LARGE)
    if not are_valid(items):
        raise RefusedError(Reason.ITEM_RULE_INVALID)
    return folded(items)
