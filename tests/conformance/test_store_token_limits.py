"""What every store must do with what tokens are besides a secret: limits, ends, last uses."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.change import TokenAdded, TokenChanged, TokenRemoved, TokenRotated
from keystead.domain.model import (
    NO_LIMITS,
    ItemRule,
    LastUse,
    Principal,
    Scope,
    TokenId,
    TokenKind,
    TokenLimits,
)
from tests.conformance.samples import (
    ANN,
    BOB,
    BOBS,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    DIGESTS,
    DOOR,
    IDLE,
    LAMP,
    PHONE,
    RULES,
    TABLET,
    TOKENS,
)
from tests.conformance.stores import listening, record
from tests.doubles import NOON

DEVICE = TokenKind.DEVICE
GONE = TokenId(UUID(int=99))
LIMITS = [
    NO_LIMITS,
    TokenLimits(scopes=Scope.NONE),
    TokenLimits(scopes=Scope.ADMIN),
    TokenLimits(scopes=Scope.CONTROL_THINGS | Scope.DIAG),
    TokenLimits(things=()),
    TokenLimits(things=(DOOR, LAMP)),
    TokenLimits(items=()),
    TokenLimits(items=RULES),
    TokenLimits(items=(ItemRule("", is_prefix=True), ItemRule("Ü.\U0001f4a1"))),
    TokenLimits(Scope.USER_EDIT, (LAMP,), RULES[:1]),
]


def keeping(uses):
    """Give an operation that keeps when tokens were used."""

    async def keep(tx):
        await tx.keep_last_uses(uses)

    return keep


# --- limits and ends ------------------------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
@pytest.mark.parametrize("limits", LIMITS)
def test_what_a_token_is_limited_to_is_kept_and_given_to_whoever_it_lets_in(play, limits):
    token = replace(TABLET, limits=limits)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(token, b"t" * 32))
        reader = store.reader
        ((listed, _),) = await reader.tokens_with_digests(ANN.id)
        return [
            await reader.token(token.id),
            *await reader.tokens_of(ANN.id),
            listed,
            await reader.principal(ANN.id, token.id, NOON),
            await reader.principal_by_digest(b"t" * 32, DEVICE, NOON),
        ]

    principal = Principal(ANN, token.id, limits=limits)
    assert play(scenario) == [token, token, token, principal, principal]


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("expires", [None, NOON + IDLE])
def test_a_token_that_is_changed_keeps_its_secret_its_place_and_its_last_use(
    play, limits, expires
):
    use = LastUse(NOON, "192.0.2.7")
    changed = replace(TABLET, device_name="Tablet Ü", expires=expires, limits=limits)

    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await store.write(keeping({TABLET.id: use}))
        await record(store, TokenChanged(changed))
        reader = store.reader
        return [
            list(await reader.tokens_with_digests(ANN.id)),
            await reader.principal_by_digest(DIGESTS[TABLET.id], DEVICE, NOON),
        ]

    kept = replace(changed, last_used=use)
    assert play(scenario) == [
        [(kept, DIGESTS[TABLET.id]), (PHONE, DIGESTS[PHONE.id])],
        Principal(ANN, TABLET.id, limits=limits, expires=expires),
    ]


def test_limits_and_an_end_can_be_taken_away_again(play):
    bounded = replace(TABLET, limits=LIMITS[-1], expires=NOON + IDLE)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(bounded, b"t" * 32))
        await record(store, TokenChanged(TABLET))
        return await store.reader.principal(ANN.id, TABLET.id, NOON + 2 * IDLE)

    assert play(scenario) == Principal(ANN, TABLET.id)


# --- rotated --------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_rotated_token_opens_by_its_new_secret_alone_and_stays_as_it_is(play):
    limited = replace(TABLET, limits=LIMITS[-1], expires=NOON + IDLE)
    new = b"n" * 32

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(limited, b"t" * 32), *TOKENS[1:])
        await record(store, TokenRotated(ANN.id, limited.id, new))
        reader = store.reader
        return [
            list(await reader.tokens_with_digests(ANN.id)),
            await reader.principal_by_digest(b"t" * 32, DEVICE, NOON),
            await reader.is_digest_taken(b"t" * 32),
            await reader.principal_by_digest(new, DEVICE, NOON),
        ]

    assert play(scenario) == [
        [(limited, new), (PHONE, DIGESTS[PHONE.id])],
        None,
        False,
        Principal(ANN, limited.id, limits=limited.limits, expires=limited.expires),
    ]


# --- last used ------------------------------------------------------------------------------


def test_the_last_use_of_a_token_is_kept_and_replaced(play):
    first = LastUse(NOON + timedelta(microseconds=1), "2001:db8::/64")
    second = LastUse(NOON + timedelta(days=9), "local")

    async def scenario(store):
        await record(store, *BOTH, *TOKENS, TokenAdded(BROWSER, BROWSER_DIGEST))
        seen = []
        for uses in ({TABLET.id: first, BROWSER.id: first}, {TABLET.id: second}, {}):
            await store.write(keeping(uses))
            seen.append([t.last_used for t in await store.reader.tokens_of(ANN.id)])
        return seen, await store.reader.token(BOBS.id)

    assert play(scenario) == (
        [[first, None, first], [second, None, first], [second, None, first]],
        BOBS,
    )


def test_uses_of_tokens_that_are_gone_are_passed_over(play):
    use = LastUse(NOON, "192.0.2.7")

    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, TokenRemoved(ANN.id, PHONE.id))
        await store.write(keeping({PHONE.id: use, GONE: use, TABLET.id: use}))
        reader = store.reader
        return [
            await reader.token(GONE),
            list(await reader.tokens_of(ANN.id)),
            list(await reader.tokens_of(BOB.id)),
        ]

    assert play(scenario) == [None, [replace(TABLET, last_used=use)], [BOBS]]


def test_keeping_last_uses_is_no_commit_and_no_event(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        heard, before = listening(store), await store.reader.audit_size()
        await store.write(keeping({TABLET.id: LastUse(NOON, "local")}))
        return heard, await store.reader.audit_size() == before

    assert play(scenario) == ([], True)


def test_a_token_may_come_with_its_last_use(play):
    used = replace(TABLET, last_used=LastUse(NOON, "192.0.2.7"))

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(used, b"t" * 32))
        return await store.reader.token(used.id)

    assert play(scenario) == used


def test_last_uses_of_a_write_that_is_refused_are_not_kept(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)

        async def fail(tx):
            await keeping({TABLET.id: LastUse(NOON, "local")})(tx)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.write(fail)
        return await store.reader.token(TABLET.id)

    assert play(scenario) == TABLET
