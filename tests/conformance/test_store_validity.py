"""What every store must do with the time in which accounts open anything."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.change import MembershipsChanged, TokenAdded, UserAdded, UserChanged
from keystead.domain.model import (
    ALWAYS,
    Principal,
    Scope,
    TokenKind,
    TokenLimits,
    Validity,
)
from tests.conformance.samples import ANN, GROUPS, LAMP, RULES, STAFF, TABLET
from tests.conformance.stores import all_accounts, all_users, record
from tests.doubles import NOON

MOMENT = timedelta(microseconds=1)
LIMITS = TokenLimits(Scope.CONTROL_THINGS, (LAMP,), RULES)
OFF = Validity(enabled=False)
TOKENS = [
    TABLET,
    replace(TABLET, expires=NOON + timedelta(days=9)),
    replace(TABLET, limits=LIMITS),
    replace(TABLET, kind=TokenKind.SESSION, expires=NOON + timedelta(days=9)),
]
VALIDITIES = [
    ALWAYS,
    OFF,
    Validity(since=NOON),
    Validity(until=NOON),
    Validity(enabled=False, since=NOON - MOMENT, until=NOON + MOMENT),
    Validity(since=NOON.replace(year=1950), until=NOON.replace(year=9999)),
]


@pytest.mark.parametrize("validity", VALIDITIES)
def test_when_an_account_opens_anything_is_kept(play, validity):
    new, changed = ANN._replace(validity=validity), ANN._replace(validity=ALWAYS)

    async def scenario(store):
        seen = []
        for change in (UserAdded(new, None), UserChanged(changed), UserChanged(new)):
            await record(store, change)
            reader = store.reader
            seen.append(
                [
                    await reader.user(ANN.id),
                    await reader.user_named("ann"),
                    *await all_users(reader),
                    *[account.user for account in await all_accounts(reader)],
                ]
            )
        return seen

    assert play(scenario) == [[new] * 4, [changed] * 4, [new] * 4]


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
@pytest.mark.parametrize("token", TOKENS, ids=["plain", "with an end", "limited", "session"])
@pytest.mark.parametrize(
    ("validity", "at", "is_open"),
    [
        (ALWAYS, NOON, True),
        (OFF, NOON, False),
        (Validity(since=NOON), NOON - MOMENT, False),
        (Validity(since=NOON), NOON, True),
        (Validity(since=NOON), NOON + MOMENT, True),
        (Validity(until=NOON), NOON - MOMENT, True),
        (Validity(until=NOON), NOON, False),
        (Validity(until=NOON), NOON + MOMENT, False),
        (Validity(since=NOON, until=NOON + MOMENT), NOON, True),
        (Validity(since=NOON, until=NOON + MOMENT), NOON + MOMENT, False),
        (Validity(enabled=False, since=NOON, until=NOON + MOMENT), NOON, False),
    ],
)
def test_a_token_opens_an_account_in_just_the_time_in_which_it_is_valid(
    play, token, validity, at, is_open
):
    ann = ANN._replace(validity=validity)

    async def scenario(store):
        await record(store, UserAdded(ann, None), *GROUPS, TokenAdded(token, b"t" * 32))
        await record(store, MembershipsChanged(ann, (STAFF,)))
        reader = store.reader

        async def both(tx):
            return [
                await tx.principal(ann.id, token.id, at),
                await tx.principal_by_digest(b"t" * 32, token.kind, at),
            ]

        return [*await both(reader), *await store.write(both)]

    found = Principal(ann, token.id, (STAFF,), token.limits, token.expires) if is_open else None
    assert play(scenario) == [found] * 4


@pytest.mark.parametrize("by_group", [False, True])
@pytest.mark.parametrize("password", [None, "hash"])
@pytest.mark.parametrize(
    ("validity", "counts"),
    [
        (ALWAYS, True),
        (OFF, False),
        (Validity(since=NOON), True),
        (Validity(since=NOON + MOMENT), False),
        (Validity(until=NOON.replace(year=9999)), False),
        (Validity(enabled=False, since=NOON), False),
    ],
)
def test_who_is_not_valid_for_ever_does_not_count_as_one_who_changes_users(
    play, validity, counts, password, by_group
):
    editors = STAFF._replace(rights=Scope.USER_EDIT)
    own = Scope.NONE if by_group else Scope.USER_EDIT
    ann = ANN._replace(scopes=own, validity=validity)

    async def scenario(store):
        await record(store, UserAdded(ann, password), TokenAdded(TABLET, b"t" * 32))
        if by_group:
            await record(store, replace(GROUPS[0], group=editors))
            await record(store, MembershipsChanged(ann, (editors,)))
        return await store.reader.has_user_editor(NOON)

    assert play(scenario) is counts


@pytest.mark.parametrize("by_group", [False, True])
@pytest.mark.parametrize(
    ("limits", "counts"),
    [
        (TokenLimits(), True),
        (TokenLimits(scopes=Scope.ADMIN), False),
        (TokenLimits(things=()), False),
        (TokenLimits(items=()), False),
    ],
)
def test_a_token_with_limits_does_not_count_for_changing_users(play, limits, counts, by_group):
    editors = STAFF._replace(rights=Scope.USER_EDIT)
    ann = ANN._replace(scopes=Scope.NONE if by_group else Scope.USER_EDIT)

    async def scenario(store):
        token = replace(TABLET, limits=limits)
        await record(store, UserAdded(ann, None), TokenAdded(token, b"t" * 32))
        if by_group:
            await record(store, replace(GROUPS[0], group=editors))
            await record(store, MembershipsChanged(ann, (editors,)))
        return await store.reader.has_user_editor(NOON)

    assert play(scenario) is counts
