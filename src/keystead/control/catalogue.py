"""The owner's commands: one function each, called by name on both sides of the Unix socket.

Those about a subject have a module of their own, imported here so that all are listed.
"""

import msgspec

from keystead.control import accounts, groups, locks, tokens
from keystead.control.desk import Desk, catalogue, method
from keystead.domain import exports, imports
from keystead.domain.access import OPEN
from keystead.domain.events import Action, Entry
from keystead.domain.exports import Export
from keystead.domain.imports import ImportedGroup, ImportedToken, ImportedUser, Report
from keystead.domain.model import OWNER, ItemRule
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError

__all__ = ["Desk", "accounts", "catalogue", "groups", "locks", "tokens"]


class SpokenRule(msgspec.Struct, frozen=True):
    """A rule that matches an item, and the group that gives it."""

    rule: ItemRule
    group: str | None


class RightsAnswer(msgspec.Struct, frozen=True):
    """Whether something is allowed, and the rules that spoke, the most specific first."""

    allowed: bool
    is_admin: bool
    spoken: tuple[SpokenRule, ...]


@method("pairing.press", access=OPEN, refusable=True)
async def press(desk: Desk) -> None:
    """Push the button: let the device in that waits."""
    if desk.press is None:
        raise RefusedError(Reason.NOTHING_TO_PAIR)
    await desk.press()


@method("import.users", access=OPEN, refusable=True)
async def import_users(
    desk: Desk,
    users: list[ImportedUser],
    tokens: list[ImportedToken],
    *,
    groups: tuple[ImportedGroup, ...] = (),
) -> Report:
    """Take accounts, tokens and groups over from another system."""
    return await imports.take_over(desk.directory, users, tokens, groups)


@method("export", access=OPEN, refusable=True)
async def export_all(desk: Desk) -> Export:
    """Give all accounts, groups and device tokens, as another directory can take them over."""
    return await exports.export(desk.directory)


@method("backup.begin", access=OPEN, refusable=True)
async def begin_backup(desk: Desk, file: str) -> None:
    """Tell the audit trail of a backup that is about to be made, so that it holds that, too."""

    async def tell(tx: Transaction) -> None:
        await tx.note(Entry(tx.author, Action.BACKUP, detail=(("file", file),)))

    # A trail that cannot be written is one more reason for a backup.
    await desk.directory.write(OWNER, tell, essential=True)


@method("rights.explain", access=OPEN, refusable=True)
async def explain_right(
    desk: Desk, user: str, item: str, *, write: bool = False
) -> RightsAnswer:
    """Tell whether a user may read or write an item, and which rules say so."""
    decision = await desk.rights.explain(user, item, write=write)
    spoken = tuple(SpokenRule(rule, source) for rule, source in decision.spoken)
    return RightsAnswer(decision.allowed, decision.is_admin, spoken)
