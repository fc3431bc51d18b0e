"""The namespace ``Access``: the audit trail."""

import msgspec

from keystead import CannotError
from keystead.audit.chain import AuditEvent, decode
from keystead.audit.formats import heading
from keystead.audit.verification import Verification
from keystead.domain import names
from keystead.domain.access import ADMINISTERS
from keystead.nymea.access_types import (
    AccessAuditEvent,
    AccessAuditFormat,
    AuditCheck,
    access_event,
)
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import Uint

CHECK_LASTS = 60  # seconds in which the trail is not checked again
CHECKED_AT_ONCE = 100  # events; under a millisecond
MAX_EVENTS = 500  # of one reply
MAX_PORTIONS = 20  # of that many, that are searched for one reply


class AuditReturns(msgspec.Struct, omit_defaults=True):
    """Events, and where to go on."""

    events: list[AccessAuditEvent]
    next: Uint | msgspec.UnsetType = msgspec.UNSET
    heading: str | msgspec.UnsetType = msgspec.UNSET


@method("Access.GetAuditEvents", access=ADMINISTERS)
async def get_audit_events(
    session: Session,
    *,
    before: Uint | None = None,
    limit: Uint = 100,
    action: str = "",
    username: str | None = None,
    file_format: AccessAuditFormat | None = None,
) -> AuditReturns:
    """List events of the audit trail, the newest first.

    "before" gives only those with a smaller sequence, "action" those whose action is or begins
    with it, "username" those done by a user or to them. "next" is there when there may be more,
    and is what to give as "before" to get them; at most 500 come at once. With "fileFormat" each has
    its line, with its end, of a file that begins with "heading"; as "keystead audit export".
    """
    most = min(limit, MAX_EVENTS)
    wanted = None if username is None else await _about(session, username)
    found: list[AccessAuditEvent] = []
    top = heading(file_format.form) if file_format else msgspec.UNSET
    reader = session.directory.store.reader
    for _ in range(MAX_PORTIONS):
        portion = await reader.audit_events_before(before, MAX_EVENTS)
        for stored in portion:
            if len(found) == most:
                return AuditReturns(found, before or 0, top)
            event = decode(stored)
            if event.action.startswith(action) and (wanted is None or _concerns(event, wanted)):
                found.append(access_event(event, file_format))
            before = stored.sequence
        if len(portion) < MAX_EVENTS:
            return AuditReturns(found, heading=top)
        await session.face.pause()
    return AuditReturns(found, before or 0, top)


@method("Access.CheckAudit", access=ADMINISTERS)
async def check_audit(session: Session) -> AuditCheck:
    """Check whether any event of the audit trail was edited, dropped, inserted or moved.

    What was found within the last minute is told again. Whether the end was cut off or everything
    computed anew, only a checkpoint that is kept elsewhere can tell: see "keystead audit verify".
    """
    now = int(session.directory.clock().timestamp())
    known = session.face.audit_check
    if known is None or not 0 <= now - known.time < CHECK_LASTS:
        known = session.face.audit_check = await _checked(session, now)
    return known


async def _checked(session: Session, now: int) -> AuditCheck:
    reader = session.directory.store.reader
    try:
        key = session.face.identity.audit_key()
        while True:
            checkpoints = await reader.audit_checkpoints()
            verification = Verification()
            verification.check_checkpoints(checkpoints, key)
            last = 0
            while events := await reader.audit_events(last, CHECKED_AT_ONCE):
                for event in events:
                    verification.check_event(event)
                last = events[-1].sequence
                await session.face.pause()
            if await reader.audit_checkpoints() == checkpoints:  # nothing was cut meanwhile
                break
    except CannotError as error:  # the key is none
        return AuditCheck(now, is_intact=False, events=0, problems=[str(error)])
    report = verification.report()
    texts = [problem.text for problem in report.problems]
    return AuditCheck(now, report.is_intact, report.count, texts)


async def _about(session: Session, username: str) -> tuple[str, str]:
    """Give what events about a user hold: the name as it is compared, and the id."""
    user = await session.directory.store.reader.user_named(username)
    return names.key(username), user.id.hex() if user else ""


def _concerns(event: AuditEvent, wanted: tuple[str, str]) -> bool:
    key, user_id = wanted
    if user_id and user_id in {event.author.id, event.object_id}:
        return True
    return key in {names.key(event.author.name), names.key(event.object)}
