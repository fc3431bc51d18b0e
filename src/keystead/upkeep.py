"""What a running server does by itself: it writes its journal, and keeps its audit trail in bounds.

Whatever goes wrong here is logged and tried again: it must not end the server.
"""

import asyncio
import logging
from collections.abc import Callable

from keystead.audit.chain import Head
from keystead.audit.checkpoints import Checkpoint, Purpose, sign
from keystead.audit.retention import WARN_AT, Retention, Trail, cut, filled
from keystead.domain.directory import Directory
from keystead.domain.events import Action, Entry
from keystead.domain.ports import Transaction

LOG = logging.getLogger("keystead")

JOURNAL_PAUSE = 1.0  # seconds for which what nobody waits for may not be written yet
TRAIL_PAUSE = 600.0  # seconds between two looks at how large the audit trail is

Key = Callable[[], bytes]


async def keep_journal(directory: Directory) -> None:
    """Write down now and every second what nobody waits for."""
    while True:
        await write_journal(directory)
        await asyncio.sleep(JOURNAL_PAUSE)


async def write_journal(directory: Directory, *, last: bool = False) -> None:
    """Write down what is due, or at the *last* time everything."""
    try:
        await directory.journal.flush(directory.clock(), last=last)
    except Exception:
        LOG.exception("journal cannot be written")


async def keep_trail(directory: Directory, retention: Retention, key: Key) -> None:
    """Look now and then whether old events have to go, and warn before.

    Args:
        directory: whose trail it is.
        retention: what is kept at most.
        key: gives the private key that signs for what is removed; it blocks.
    """
    has_warned = False
    while True:
        try:
            has_warned = await _look_at_trail(directory, retention, key, has_warned=has_warned)
        except Exception:
            LOG.exception("audit trail cannot be cut")
        await asyncio.sleep(TRAIL_PAUSE)


async def _look_at_trail(
    directory: Directory, retention: Retention, key: Key, *, has_warned: bool
) -> bool:
    """Cut the trail if that is due; tell whether the owner is warned of the next cut."""
    trail, head = await directory.store.write(
        lambda tx: _state(tx, retention), bulk=True, essential=True
    )
    if head is not None:
        await cut_trail(directory, head, await asyncio.to_thread(key))
        LOG.warning("audit trail cut", extra={"fields": {"up to": head.sequence}})
        return False
    is_filling = filled(retention, trail) >= WARN_AT
    if is_filling and not has_warned:
        LOG.warning("audit trail is filling", extra={"fields": {"events": trail.events}})
        directory.note(None, Action.AUDIT_FILLING, events=str(trail.events))
    return is_filling


async def _state(tx: Transaction, retention: Retention) -> tuple[Trail, Head | None]:
    """Give how large the trail is, and up to where events have to go."""
    count, size = await tx.audit_size()
    newest = await tx.audit_events_before(None, 1)
    last = newest[0].sequence if newest else 0
    trail = Trail(last - count + 1, last, size)
    return trail, await cut(retention, trail, tx, tx.now)


async def cut_trail(directory: Directory, head: Head, key: bytes) -> None:
    """Remove the events up to *head*, and keep a signed word for them.

    Raises:
        AuditKeyError: *key* is none.
        RefusedError: STORAGE_FAILED, AUDIT_FAILED.
    """
    checkpoint = sign(Checkpoint(head, directory.clock(), Purpose.CUT), key)

    async def remove(tx: Transaction) -> None:
        await tx.cut_audit(checkpoint)
        detail = (("until", str(head.sequence)),)
        await tx.note(Entry(tx.author, Action.AUDIT_CUT, detail=detail))

    await directory.write(None, remove, bulk=True)
