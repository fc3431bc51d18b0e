"""What every store must do with tokens: whom they let in, and until when."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.change import (
    GroupChanged,
    GroupRemoved,
    MembershipsChanged,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserChanged,
)
from keystead.domain.model import Principal, Scope, TokenId, TokenKind, UserId
from tests.conformance.samples import (
    ANN,
    BOB,
    BOBS,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    DIGESTS,
    GROUPS,
    IDLE,
    NIGHT,
    PHONE,
    STAFF,
    TABLET,
    TOKENS,
)
from tests.conformance.stores import record
from tests.doubles import NOON

MOMENT = timedelta(microseconds=1)
PAGE = TokenAdded(BROWSER, BROWSER_DIGEST)


# --- what is kept ---------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", TokenKind)
@pytest.mark.parametrize(
    "expires", [None, NOON, NOON + MOMENT, NOON.replace(year=1950), NOON.replace(year=9999)]
)
def test_the_kind_and_the_end_of_a_token_are_kept(play, kind, expires):
    token = replace(TABLET, kind=kind, expires=expires)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(token, b"t" * 32))
        reader = store.reader
        return [await reader.token(token.id), *await reader.tokens_of(ANN.id)]

    assert play(scenario) == [token, token]


def test_tokens_come_oldest_addition_first(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)
        return list(await store.reader.tokens_of(ANN.id))

    assert play(scenario) == [TABLET, PHONE]


def test_tokens_of_all_kinds_come_with_their_digests(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS, PAGE)
        reader = store.reader
        return [
            list(await reader.tokens_with_digests(ANN.id)),
            list(await reader.tokens_with_digests(UserId(b"nobody" * 2))),
        ]

    assert play(scenario) == [
        [
            (TABLET, DIGESTS[TABLET.id]),
            (PHONE, DIGESTS[PHONE.id]),
            (BROWSER, BROWSER_DIGEST),
        ],
        [],
    ]


@pytest.mark.parametrize("kind", TokenKind)
def test_a_digest_is_taken_by_a_token_of_whatever_kind_and_state(play, kind):
    over = replace(BROWSER, kind=kind, expires=NOON.replace(year=1950))

    async def scenario(store):
        await record(store, *BOTH)
        before = await store.reader.is_digest_taken(BROWSER_DIGEST)
        await record(store, TokenAdded(over, BROWSER_DIGEST))
        taken = await store.reader.is_digest_taken(BROWSER_DIGEST)
        other = await store.reader.is_digest_taken(b"x" * 32)
        await record(store, TokenRemoved(ANN.id, over.id))
        return before, taken, other, await store.reader.is_digest_taken(BROWSER_DIGEST)

    assert play(scenario) == (False, True, False, False)


# --- whom they let in -----------------------------------------------------------------------


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
            await reader.principal(ANN.id, TABLET.id, NOON),
            await reader.principal(BOB.id, TABLET.id, NOON),
            await reader.principal(ANN.id, TokenId(UUID(int=99)), NOON),
            await reader.principal(UserId(b"nobody" * 2), TABLET.id, NOON),
            await reader.principal_by_digest(DIGESTS[TABLET.id], TokenKind.DEVICE, NOON),
            await reader.principal_by_digest(b"x" * 32, TokenKind.DEVICE, NOON),
        ]

    tablet = Principal(changed, TABLET.id)
    assert play(scenario) == [tablet, None, None, None, tablet, None]


@pytest.mark.parametrize("kind", TokenKind)
@pytest.mark.parametrize("wanted", TokenKind)
def test_a_token_opens_nothing_that_asks_for_another_kind(play, kind, wanted):
    token = replace(TABLET, kind=kind)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(token, b"t" * 32))
        return await store.reader.principal_by_digest(b"t" * 32, wanted, NOON)

    assert play(scenario) == (Principal(ANN, token.id) if kind is wanted else None)


@pytest.mark.parametrize("kind", TokenKind)
@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (NOON, True),
        (NOON + IDLE - MOMENT, True),
        (NOON + IDLE, False),
        (NOON + IDLE + MOMENT, False),
        (NOON.replace(year=9999), False),
    ],
)
def test_a_token_opens_nothing_from_the_moment_on_at_which_it_expires(play, kind, at, is_open):
    token = replace(BROWSER, kind=kind, expires=NOON + IDLE)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(token, BROWSER_DIGEST))
        reader = store.reader
        return (
            await reader.principal_by_digest(BROWSER_DIGEST, kind, at),
            await reader.principal(ANN.id, token.id, at),
        )

    expected = Principal(ANN, token.id, expires=NOON + IDLE) if is_open else None
    assert play(scenario) == (expected, expected)


@pytest.mark.parametrize("kind", TokenKind)
def test_a_token_without_an_end_never_expires(play, kind):
    token = replace(BROWSER, kind=kind, expires=None)

    async def scenario(store):
        await record(store, *BOTH, TokenAdded(token, BROWSER_DIGEST))
        last = NOON.replace(year=9999)
        return await store.reader.principal_by_digest(BROWSER_DIGEST, kind, last)

    assert play(scenario) == Principal(ANN, token.id)


def test_a_token_that_is_extended_opens_for_longer_and_stays_as_it_is(play):
    later = NOON + 2 * IDLE

    async def scenario(store):
        await record(store, *BOTH, *TOKENS, PAGE)
        await record(store, TokenExtended(ANN.id, BROWSER.id, later))
        reader = store.reader
        return [
            list(await reader.tokens_of(ANN.id)),
            await reader.principal_by_digest(BROWSER_DIGEST, TokenKind.SESSION, later - MOMENT),
            await reader.principal_by_digest(BROWSER_DIGEST, TokenKind.SESSION, later),
            list(await reader.tokens_of(BOB.id)),
        ]

    expected = [TABLET, PHONE, replace(BROWSER, expires=later)]
    assert play(scenario) == [expected, Principal(ANN, BROWSER.id, expires=later), None, [BOBS]]


def test_whoever_a_token_lets_in_comes_with_their_groups_as_of_now(play):
    stronger = NIGHT._replace(rights=Scope.USER_EDIT)

    async def scenario(store):
        seen = []

        async def look():
            reader = store.reader
            seen.append(await reader.principal(ANN.id, PHONE.id, NOON))
            known = DIGESTS[PHONE.id]
            seen.append(await reader.principal_by_digest(known, TokenKind.DEVICE, NOON))

        await record(store, *BOTH, *TOKENS, *GROUPS, MembershipsChanged(ANN, (NIGHT, STAFF)))
        await look()
        await record(store, GroupChanged(stronger))
        await look()
        await record(store, GroupRemoved(STAFF))
        await look()
        await record(store, MembershipsChanged(ANN, ()))
        await look()
        return seen

    groups = [(NIGHT, STAFF), (stronger, STAFF), (stronger,), ()]
    expected = [Principal(ANN, PHONE.id, of_ann) for of_ann in groups]
    assert play(scenario) == [principal for one in expected for principal in (one, one)]
