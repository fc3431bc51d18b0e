"""The owner's commands about who has to wait after failed sign-ins."""

from datetime import datetime

import msgspec

from keystead.control.desk import Desk, method
from keystead.domain import names
from keystead.domain.access import OPEN
from keystead.domain.events import Action, Entry, author_of
from keystead.domain.model import OWNER


class LockRow(msgspec.Struct, frozen=True):
    """Somebody who has to wait.

    Attributes:
        account: as names are told apart, also of accounts that do not exist; empty for a source
            that waits at all accounts.
        source: empty for an account that strangers may only try slowly.
    """

    account: str
    source: str
    failures: int
    until: datetime


class Cleared(msgspec.Struct, frozen=True):
    """How many counts of failures there were."""

    count: int


@method("locks.list", access=OPEN, returns="locks")
async def list_locks(desk: Desk) -> list[LockRow]:
    """List who has to wait at present before the next sign-in."""
    directory = desk.directory
    locks = directory.throttle.locks(directory.clock())
    return [LockRow(lock.account, lock.source, lock.failures, lock.until) for lock in locks]


@method("locks.clear", access=OPEN, refusable=True)
async def clear(desk: Desk, *, account: str = "", source: str | None = None) -> Cleared:
    """Forget failures at an account, from one source or from all; at once, and for good.

    Without an account it is what the source failed at whatever the account.
    """
    directory = desk.directory
    count = directory.throttle.clear(names.key(account), source)
    if count:
        user = await directory.store.reader.user_named(account) if account else None
        known = (user.name, user.id.hex()) if user else ("", "")
        detail = (("source", source),) if source else ()
        author = author_of(OWNER, directory.origin)
        directory.journal.note(Entry(author, Action.UNLOCK, *known, detail=detail))
        await directory.journal.flush(directory.clock())
    return Cleared(count)
