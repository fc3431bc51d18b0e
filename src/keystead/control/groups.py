"""The owner's commands about groups."""

import msgspec

from keystead.control.desk import Desk, ScopeBits, method
from keystead.control.rows import RuleRow, rule_rows, rules_of
from keystead.domain import groups
from keystead.domain.access import OPEN
from keystead.domain.groups import NO_CHANGE, GroupDraft, RightsChange
from keystead.domain.model import OWNER, GroupEntry, Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import TANI_RIGHTS, names_of
from keystead.rpc.method import Page


class GroupRow(msgspec.Struct, frozen=True):
    """A group, with what its members may do by it."""

    name: str
    rights: tuple[str, ...]
    items: tuple[RuleRow, ...]


@method("groups.list", access=OPEN, returns="groups")
async def list_groups(desk: Desk) -> Page[GroupRow]:
    """List all groups in the order they were made, first that of everybody."""
    found = desk.directory.store.reader.group_entries()
    return Page([_row(entry) for entry in portion] async for portion in found)


@method("groups.show", access=OPEN, refusable=True)
async def show(desk: Desk, name: str) -> GroupRow:
    """Show a group."""
    reader = desk.directory.store.reader
    group = await reader.group_named(name)
    if group is None:
        raise RefusedError(Reason.NO_SUCH_GROUP)
    return _row(GroupEntry(group, await reader.items_of_group(group.id)))


@method("groups.write", access=OPEN, refusable=True)
async def write(
    desk: Desk,
    name: str,
    *,
    rights: ScopeBits | None = None,
    items: tuple[RuleRow, ...] | None = None,
) -> None:
    """Make a group, or replace the rights or rules of one; None keeps what there is."""
    change = NO_CHANGE
    if rights is not None:
        given = Scope(rights)
        if given & ~TANI_RIGHTS:
            raise RefusedError(Reason.INCONSISTENT_SCOPES)
        change = RightsChange(given, TANI_RIGHTS & ~given)
    draft = GroupDraft(name, change, None if items is None else rules_of(items))
    await groups.write_group(desk.directory, OWNER, draft)


@method("groups.remove", access=OPEN, refusable=True)
async def remove(desk: Desk, name: str) -> None:
    """Remove a group and take it from its members."""
    await groups.remove_group(desk.directory, OWNER, name)


def _row(entry: GroupEntry) -> GroupRow:
    group, items = entry
    return GroupRow(group.name, names_of(group.rights), rule_rows(items))
