"""The namespace ``Access``: the audit trail."""

import msgspec

from keystead.audit.chain import AuditEvent, decode
from keystead.domain import names
from keystead.domain.access import ADMINISTERS
from keystead.nymea.access_types import AccessAuditEvent, access_event
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import Uint

MAX_EVENTS = 500  # of one reply
MAX_PORTIONS = 20  # of that many, that are searched for one reply


class AuditReturns(msgspec.Struct, omit_defaults=True):
    """Events, and where to go on."""

    events: list[AccessAuditEvent]
    next: Uint | msgspec.UnsetType = msgspec.UNSET


@method("Access.GetAuditEvents", access=ADMINISTERS)
async def get_audit_events(
    session: Session,
    *,
    before: Uint | None = None,
    limit: Uint = 100,
    action: str = "",
    username: str | None = None,
) -> AuditReturns:
    """List events of the audit trail, the newest first.

    "before" gives only those with a smaller sequence, "action" those whose action is or begins
    with it, "username" those done by a user or to them. "next" is there when there may be more,
    and is what to give as "before" to get them; at most 500 come at once.
    """
    most = min(limit, MAX_EVENTS)
    wanted = None if username is None else await _about(session, username)
    found: list[AccessAuditEvent] = []
    reader = session.directory.store.reader
    for _ in range(MAX_PORTIONS):
        portion = await reader.audit_events_before(before, MAX_EVENTS)
        for stored in portion:
            if len(found) == most:
                return AuditReturns(found, before or 0)
            event = decode(stored)
            if event.action.startswith(action) and (wanted is None or _concerns(event, wanted)):
                found.append(access_event(event))
            before = stored.sequence
        if len(portion) < MAX_EVENTS:
            return AuditReturns(found)
        await session.face.pause()
    return AuditReturns(found, before or 0)


async def _about(session: Session, username: str) -> tuple[str, str]:
    """Give what events about a user hold: the name as it is compared, and the id."""
    user = await session.directory.store.reader.user_named(username)
    return names.key(username), user.id.hex() if user else ""


def _concerns(event: AuditEvent, wanted: tuple[str, str]) -> bool:
    key, user_id = wanted
    if user_id and user_id in {event.author.id, event.object_id}:
        return True
    return key in {names.key(event.author.name), names.key(event.object)}
