"""The namespace ``Access``: what a change would do."""

from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

import msgspec

from keystead.domain.access import SIGNED_IN
from keystead.domain.directory import Directory
from keystead.domain.effects import Effect, EffectKind
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.simulation import simulate as simulated
from keystead.nymea.catalogue import catalogue, method
from keystead.nymea.session import Session
from keystead.nymea.types import Uint, View
from keystead.nymea.validation import InvalidParamsError, arguments


class AccessEffectKind(StrEnum):
    """What is gained or lost."""

    AccessEffectKindAccount = "AccessEffectKindAccount"
    AccessEffectKindState = "AccessEffectKindState"
    AccessEffectKindGroup = "AccessEffectKindGroup"
    AccessEffectKindScope = "AccessEffectKindScope"
    AccessEffectKindRight = "AccessEffectKindRight"
    AccessEffectKindThing = "AccessEffectKindThing"
    AccessEffectKindItem = "AccessEffectKindItem"
    AccessEffectKindToken = "AccessEffectKindToken"


class AccessEffect(View, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that would be different for a user, or with "anonymous" for everybody."""

    principal: str
    object: str
    kind: AccessEffectKind
    before: str
    after: str
    is_prefix: bool = False
    token_id: UUID | msgspec.UnsetType = msgspec.UNSET


class Simulated(msgspec.Struct, rename="camel"):
    """What a change would do."""

    effects: list[AccessEffect]
    more: Uint
    accounts: Uint


@method("Access.Simulate", access=SIGNED_IN, refusable=True)
async def simulate(session: Session, method: str, params: dict[str, Any]) -> Simulated:
    """Tell what a call of another method would change, without changing anything.

    It can be any that changes what accounts, groups or tokens may do. Its parameters are checked
    as they are there, and what it would refuse is refused here. "more" counts the effects beyond
    the first 1000, of a change that concerns very many at least so many. "accounts" tells to how
    many accounts effects on "anonymous" apply, too. Before and after are "no" and "yes"; of items
    "none", "read" and "write"; of secrets "old" and "new"; or times. What is empty as "object"
    stands for the whole account, group or token.
    """
    asked = catalogue.methods.get(method)
    if asked is None or not asked.simulable:
        raise InvalidParamsError(f"Invalid params: '{method}' is no method to simulate")
    demand = asked.access.demand(self_service=session.face.directory.self_service)
    if session.authentication and demand not in session.scopes:
        raise RefusedError(Reason.FORBIDDEN)
    taken = arguments(asked, params)

    async def call(directory: Directory) -> None:
        await asked.handler(session.on(directory), **taken)

    found = await simulated(session.directory, call)
    effects = [access_effect(effect) for effect in found.effects]
    return Simulated(effects, found.more, found.accounts or 0)


def access_effect(effect: Effect) -> AccessEffect:
    """Show an effect, with the names that scopes and rights have on the wire."""
    kind, prefix = _wire_kind(effect.kind)
    return AccessEffect(
        principal=effect.principal,
        object=prefix + effect.object,
        kind=kind,
        before=effect.before,
        after=effect.after,
        is_prefix=effect.is_prefix,
        token_id=effect.token_id or msgspec.UNSET,
    )


def _wire_kind(kind: EffectKind) -> tuple[AccessEffectKind, str]:
    """Give the name of a kind, and what the names of its objects begin with."""
    match kind:
        case EffectKind.ACCOUNT:
            return AccessEffectKind.AccessEffectKindAccount, ""
        case EffectKind.STATE:
            return AccessEffectKind.AccessEffectKindState, ""
        case EffectKind.GROUP:
            return AccessEffectKind.AccessEffectKindGroup, ""
        case EffectKind.SCOPE:
            return AccessEffectKind.AccessEffectKindScope, "PermissionScope"
        case EffectKind.RIGHT:
            return AccessEffectKind.AccessEffectKindRight, "AccessRight"
        case EffectKind.THING:
            return AccessEffectKind.AccessEffectKindThing, ""
        case EffectKind.ITEM:
            return AccessEffectKind.AccessEffectKindItem, ""
        case EffectKind.TOKEN:
            return AccessEffectKind.AccessEffectKindToken, ""
        case _:
            assert_never(kind)
