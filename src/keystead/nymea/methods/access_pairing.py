"""The namespace ``Access``: letting in the device that waits, instead of pressing the button."""

import msgspec

from keystead.domain.access import ADMINISTERS
from keystead.domain.events import Action, Outcome
from keystead.domain.refusal import RefusedError
from keystead.nymea.access_news import AccessPairing
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session


class WaitingPairing(msgspec.Struct, omit_defaults=True):
    """The request that waits, if there is one."""

    pairing: AccessPairing | msgspec.UnsetType = msgspec.UNSET


@method("Access.GetPairing", access=ADMINISTERS)
def get_pairing(session: Session) -> WaitingPairing:
    """Show the device that waits to be let in by JSONRPC.RequestPushButtonAuth, if there is one.

    Its name is what the device calls itself: let the user compare it, and the source, with the
    device in their hand.
    """
    waiting = session.face.desk.waiting
    return WaitingPairing(session.face.shown(waiting) if waiting else msgspec.UNSET)


@method("Access.ConfirmPairing", access=ADMINISTERS, refusable=True)
async def confirm_pairing(session: Session, transaction_id: int) -> None:
    """Let in the device whose request has this number, with a token of an administrator.

    It is refused when that request does not wait any more, be it that another took its place:
    nobody is let in but the device that was shown.
    """
    face, actor = session.face, session.actor
    try:
        await face.confirm_pairing(transaction_id, session.directory, actor)
    except RefusedError as refused:
        why = refused.reason.name.lower()
        session.directory.note(actor, Action.PAIRING, outcome=Outcome.FAILURE, reason=why)
        raise


@method("Access.RefusePairing", access=ADMINISTERS, refusable=True)
def refuse_pairing(session: Session, transaction_id: int) -> None:
    """Turn away the device whose request has this number; it is told that nobody let it in."""
    actor = session.actor
    refused = session.face.refuse_pairing(transaction_id)
    session.directory.note(
        actor,
        Action.PAIRING,
        outcome=Outcome.REFUSED,
        device=refused.device_name,
        asked_from=refused.requester.source,
    )
