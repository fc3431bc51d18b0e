"""Whatever is written, every store shows the same: all that can be seen is compared."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import (
    Change,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from tests.conformance.stores import STORES, all_users, listening
from tests.doubles import NOON

NAMES = ["Ann", "ANN", "Straße", "STRASSE", "", "bob", "\uff42ob"]
USER_IDS = [UserId(bytes([n]) * 16) for n in range(4)]
TOKEN_IDS = [TokenId(UUID(int=n)) for n in range(4)]
TOKEN_DIGESTS = [bytes([n]) * 32 for n in range(4)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
SCOPES = st.sampled_from([*Scope, Scope.NONE, Scope.USER_EDIT | Scope.CONTROL_THINGS])
USERS = st.builds(
    User,
    id=st.sampled_from(USER_IDS),
    name=st.sampled_from(NAMES),
    scopes=SCOPES,
    display_name=TEXTS,
    email=TEXTS,
    things=st.lists(st.builds(ThingId, st.uuids()), max_size=3).map(tuple),
)
MADE_TOKENS = st.builds(
    Token,
    id=st.sampled_from(TOKEN_IDS),
    user_id=st.sampled_from(USER_IDS[:2]),
    device_name=TEXTS,
    created=st.integers(-3, 3).map(lambda n: NOON + n * timedelta(days=9999, milliseconds=1)),
)
HASHES = st.sampled_from(["one", "two", "three"])
CHANGES = st.one_of(
    st.builds(UserAdded, USERS, st.none() | HASHES),
    st.builds(UserChanged, USERS),
    st.builds(UserRemoved, USERS),
    st.builds(PasswordChanged, st.sampled_from(USER_IDS), HASHES),
    st.builds(PasswordRehashed, st.sampled_from(USER_IDS), HASHES),
    *[st.builds(TokenAdded, MADE_TOKENS, st.sampled_from(TOKEN_DIGESTS))] * 3,
    st.builds(TokenRemoved, st.sampled_from(USER_IDS), st.sampled_from(TOKEN_IDS)),
)


@dataclass(frozen=True)
class Step:
    """One transaction: what it tries to record, how, and whether it is refused at the end."""

    changes: list[Change]
    refused: bool
    bulk: bool


REFUSED = st.sampled_from([False, False, False, True])
STEPS = st.lists(
    st.builds(Step, st.lists(CHANGES, max_size=5), REFUSED, st.booleans()), max_size=12
)
# Two people are there from the start, so that most changes concern somebody.
AT_FIRST = Step(
    [
        UserAdded(User(USER_IDS[0], "Ann", Scope.ADMIN), "one"),
        UserAdded(User(USER_IDS[1], "bob", Scope.NONE), None),
    ],
    refused=False,
    bulk=False,
)


async def is_possible(tx: Transaction, change: Change) -> object:
    """Tell whether an operation that checks first would record *change*."""
    match change:
        case UserAdded(user=user):
            return not (await tx.user(user.id) or await tx.user_named(user.name))
        case UserChanged(user=user):
            namesake = await tx.user_named(user.name)
            return await tx.user(user.id) and (namesake is None or namesake.id == user.id)
        case UserRemoved(user=user):
            return await tx.user(user.id)
        case PasswordChanged(user_id=user_id) | PasswordRehashed(user_id=user_id):
            return await tx.user(user_id)
        case TokenAdded(token=token, digest=digest):
            known = await tx.token(token.id) or await tx.principal_by_digest(digest)
            return not known and await tx.user(token.user_id)
        case TokenRemoved(user_id=user_id, token_id=token_id):
            there = await tx.token(token_id)
            return there and there.user_id == user_id


async def everything(reader):
    """Give all that a reader can be asked."""
    return {
        "ever": await reader.ever_had_account(),
        "users": await all_users(reader),
        "by id": [await reader.user(user_id) for user_id in USER_IDS],
        "by name": [await reader.user_named(name) for name in NAMES],
        "hashes": [await reader.password_hash(user_id) for user_id in USER_IDS],
        "tokens": [await reader.token(token_id) for token_id in TOKEN_IDS],
        "by digest": [await reader.principal_by_digest(digest) for digest in TOKEN_DIGESTS],
        "principals": [
            await reader.principal(user_id, token_id)
            for user_id in USER_IDS
            for token_id in TOKEN_IDS
        ],
        "tokens of": [list(await reader.tokens_of(user_id)) for user_id in USER_IDS],
        "editors": [await reader.has_user_editor_beside(user_id) for user_id in USER_IDS],
    }


async def history(store, steps):
    """Play *steps* and give everything that can be seen after each change and each commit."""
    heard = listening(store)
    seen: list[object] = []

    for step in steps:

        async def operation(tx, step=step):
            inside = []
            for change in step.changes:
                if await is_possible(tx, change):
                    await tx.record(change)
                    inside.append(await everything(tx))
            if step.refused:
                raise RefusedError(Reason.FORBIDDEN)
            return inside

        try:
            seen.append(await store.write(operation, bulk=step.bulk))
        except RefusedError as refused:
            seen.append(refused.reason)
        seen.append(await everything(store.reader))
        seen.append([(commit.revision, list(commit.changes)) for commit in heard])
    return seen


@given(STEPS)
def test_all_stores_give_the_same_results(steps):
    async def play_all():
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            opened = [
                await stack.enter_async_context(opening(folder)) for opening in STORES.values()
            ]
            return [await history(store, [AT_FIRST, *steps]) for store in opened]

    reference, *others = asyncio.run(play_all())
    assert all(other == reference for other in others)
