"""What every store must do with tokens: whom they let in, and until when."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from keystead.domain.change import TokenAdded, TokenRemoved, UserChanged
from keystead.domain.model import Principal, Scope, TokenId, TokenKind, UserId
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    DIGESTS,
    PHONE,
    TABLET,
    TOKENS,
)
from tests.conformance.stores import record
from tests.doubles import NOON


def test_the_time_a_token_was_made_is_kept_to_the_microsecond(play):
    made = [
        replace(TABLET, created=NOON + timedelta(microseconds=1)),
        replace(PHONE, created=NOON + timedelta(microseconds=999_999)),
    ]

    async def scenario(store):
        await record(store, *BOTH, *(TokenAdded(token, DIGESTS[token.id]) for token in made))
        return list(await store.reader.tokens_of(ANN.id))

    assert play(scenario) == made


def test_a_token_from_before_1970_is_kept(play):
    old = replace(TABLET, created=NOON.replace(year=1950))

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(old, b"t" * 32))
        return await store.reader.token(old.id)

    assert play(scenario) == old


def test_tokens_come_oldest_addition_first(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        return list(await store.reader.tokens_of(ANN.id))

    assert play(scenario) == [TABLET, PHONE]


def test_a_removed_token_opens_nothing_and_leaves_the_others(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        await record(store, TokenRemoved(ANN.id, TABLET.id))
        reader = store.reader
        return [
            await reader.token(TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id], TokenKind.DEVICE, NOON),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == [None, None, [PHONE]]


def test_a_token_opens_its_own_user_as_of_now(play):
    changed = ANN._replace(scopes=Scope.NONE)

    async def scenario(store):
        await record(store, *BOTH, *TOKENS, UserChanged(changed))
        reader = store.reader
        return [
            await reader.principal(ANN.id, TABLET.id),
            await reader.principal(BOB.id, TABLET.id),
            await reader.principal(ANN.id, TokenId(UUID(int=99))),
            await reader.principal(UserId(b"nobody" * 2), TABLET.id),
            await reader.principal_by_digest(DIGESTS[TABLET.id], TokenKind.DEVICE, NOON),
            await reader.principal_by_digest(b"x" * 32, TokenKind.DEVICE, NOON),
        ]

    tablet = Principal(changed, TABLET.id)
    assert play(scenario) == [tablet, None, None, None, tablet, None]
