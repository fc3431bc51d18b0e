"""Nobody gives, or touches an account that holds, what they do not hold themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from keystead.domain.items import RuleTable
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    EVERY_ITEM,
    Actor,
    Group,
    ItemRule,
    Owner,
    Principal,
    Scope,
    ThingId,
    TokenLimits,
    User,
    with_groups,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError


@dataclass(frozen=True, slots=True)
class Holding:
    """What is given to an account or a group, or is theirs already."""

    scopes: Scope = Scope.NONE
    things: tuple[ThingId, ...] = ()
    groups: tuple[Group, ...] = ()
    items: tuple[ItemRule, ...] = ()


def holds_all(actor: Actor) -> bool:
    """Tell whether there is nothing that *actor* does not hold."""
    match actor:
        case Owner():
            return True
        case Principal():
            return Scope.ADMIN in actor.scopes
        case _:
            assert_never(actor)


async def check_may_touch(tx: Transaction, actor: Actor, user: User) -> None:
    """Refuse to change an account that holds more than *actor*.

    Whoever could give it another password could sign in as that account.

    Raises:
        RefusedError: ESCALATION.
    """
    if not holds_all(actor):
        groups, items = await tx.groups_of(user.id), await tx.items_of_user(user.id)
        await check_may_give(tx, actor, Holding(user.scopes, user.things, groups, items))


async def check_may_give(tx: Transaction, actor: Actor, given: Holding) -> None:
    """Refuse to give what *actor* does not hold: on their own, by groups, or as everybody does.

    Raises:
        RefusedError: ESCALATION.
    """
    if isinstance(actor, Owner) or Scope.ADMIN in actor.scopes:
        return
    everybody = await tx.group(ANONYMOUS_ID)
    held_scopes = with_groups(actor.scopes, (everybody,) if everybody else ())
    scopes = with_groups(given.scopes, given.groups)
    if scopes & ~held_scopes or not _sees(actor, given.things):
        raise RefusedError(Reason.ESCALATION)
    rules = list(given.items)
    for group in given.groups:
        if group not in actor.groups or actor.limits.items is not None:
            rules += await tx.items_of_group(group.id)
    if rules:
        held = await _rules_of(tx, actor)
        if not (
            _limits_cover(actor.limits, rules) and all(held.covers(rule) for rule in rules)
        ):
            raise RefusedError(Reason.ESCALATION)


def are_within(limits: TokenLimits, bounds: TokenLimits) -> bool:
    """Tell whether whatever *limits* leave is left by *bounds*, too, whoever the owner is."""
    return (
        (
            bounds.scopes is None
            or (limits.scopes is not None and limits.scopes in bounds.scopes)
        )
        and (
            bounds.things is None
            or (limits.things is not None and set(limits.things) <= set(bounds.things))
        )
        and (
            bounds.items is None
            or (limits.items is not None and _limits_cover(bounds, limits.items))
        )
    )


def _sees(actor: Principal, things: tuple[ThingId, ...]) -> bool:
    return Scope.ACCESS_ALL_THINGS in actor.scopes or set(things) <= set(actor.things)


def _limits_cover(limits: TokenLimits, rules: Sequence[ItemRule]) -> bool:
    """Tell whether a token with *limits* leaves all of *rules* to whoever holds them."""
    if limits.items is None:
        return True
    table = RuleTable()
    table.add(limits.items, None)
    return all(table.covers(rule) for rule in rules)


async def _rules_of(tx: Transaction, actor: Principal) -> RuleTable:
    table = RuleTable()
    if Scope.ADMIN in with_groups(
        actor.user.scopes, actor.groups
    ):  # but for the token's limits
        table.add((EVERY_ITEM,), None)
    table.add(await tx.items_of_user(actor.user.id), None)
    for group in actor.groups:
        table.add(await tx.items_of_group(group.id), group.name)
    table.add(await tx.items_of_group(ANONYMOUS_ID), ANONYMOUS)
    return table
