"""Whatever is written, every store shows the same: all that can be seen is compared."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
    concerned,
)
from keystead.domain.model import (
    ANONYMOUS_ID,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from tests.conformance.stores import STORES, all_accounts, all_groups, all_users, listening
from tests.doubles import NOON

NAMES = ["Ann", "ANN", "Straße", "STRASSE", "", "bob", "\uff42ob"]
USER_IDS = [UserId(bytes([n]) * 16) for n in range(1, 5)]
GROUP_IDS = [ANONYMOUS_ID, *(GroupId(bytes([n]) * 16) for n in range(5, 8))]
TOKEN_IDS = [TokenId(UUID(int=n)) for n in range(4)]
TOKEN_DIGESTS = [bytes([n]) * 32 for n in range(4)]
MOMENTS = [NOON + n * timedelta(days=9999, milliseconds=1) for n in range(-3, 4)]
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
RIGHTS = st.sampled_from([Scope.NONE, Scope.USER_EDIT, Scope.DIAG, TANI_RIGHTS])
GROUPS = st.builds(Group, st.sampled_from(GROUP_IDS), st.sampled_from(NAMES), RIGHTS)
SEVERAL_GROUPS = st.lists(GROUPS, max_size=3, unique_by=lambda group: group.id).map(tuple)
ITEMS = st.lists(
    st.builds(ItemRule, TEXTS, is_prefix=st.booleans(), may_write=st.booleans()), max_size=4
).map(tuple)
TOKEN_ID = st.sampled_from(TOKEN_IDS)
TOKENS = st.builds(
    Token,
    id=TOKEN_ID,
    user_id=st.sampled_from(USER_IDS[:2]),
    device_name=TEXTS,
    created=st.sampled_from(MOMENTS),
    kind=st.sampled_from(TokenKind),
    expires=st.none() | st.sampled_from(MOMENTS),
)
HASHES = st.sampled_from(["one", "two", "three"])
CHANGES = st.one_of(
    st.builds(UserAdded, USERS, st.none() | HASHES),
    st.builds(UserChanged, USERS),
    st.builds(UserRemoved, USERS),
    st.builds(PasswordChanged, st.sampled_from(USER_IDS), HASHES),
    st.builds(PasswordRehashed, st.sampled_from(USER_IDS), HASHES),
    *[st.builds(TokenAdded, TOKENS, st.sampled_from(TOKEN_DIGESTS))] * 3,
    st.builds(TokenExtended, st.just(USER_IDS[0]), TOKEN_ID, st.sampled_from(MOMENTS)),
    st.builds(TokenRemoved, st.just(USER_IDS[0]), TOKEN_ID),
    *[st.builds(MembershipsChanged, USERS, SEVERAL_GROUPS)] * 3,
    st.builds(UserItemsChanged, USERS, ITEMS),
    *[st.builds(GroupAdded, GROUPS)] * 2,
    st.builds(GroupChanged, GROUPS),
    st.builds(GroupItemsChanged, GROUPS, ITEMS),
    st.builds(GroupRemoved, GROUPS),
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
# Two people and a group are there from the start, so that most changes concern somebody.
STAFF = Group(GROUP_IDS[1], "Ann", Scope.USER_EDIT)
AT_FIRST = Step(
    [
        UserAdded(User(USER_IDS[0], "Ann", Scope.ADMIN), "one"),
        UserAdded(User(USER_IDS[1], "bob", Scope.NONE), None),
        GroupAdded(STAFF),
        MembershipsChanged(User(USER_IDS[1], "bob", Scope.NONE), (STAFF,)),
    ],
    refused=False,
    bulk=False,
)


async def fitted(tx: Transaction, change: Change) -> Change:
    """Give *change* as it can be: with names, owners and groups that are there."""
    match change:
        case UserChanged(user=user):
            before = await tx.user(user.id)
            return UserChanged(user._replace(name=before.name)) if before else change
        case GroupChanged(group=group):
            known = await tx.group(group.id)
            return GroupChanged(group._replace(name=known.name)) if known else change
        case MembershipsChanged(user=user, groups=groups):
            there = [await tx.group(group.id) for group in groups]
            fit = [group for group in there if group and group.id != ANONYMOUS_ID]
            return MembershipsChanged(user, tuple(fit))
        case TokenExtended(token_id=token_id) | TokenRemoved(token_id=token_id):
            token = await tx.token(token_id)
            return replace(change, user_id=token.user_id) if token else change
        case _:
            return change


async def is_possible(tx: Transaction, change: Change) -> object:
    """Tell whether an operation that checks first would record *change*."""
    match change:
        case UserAdded(user=user):
            return not (await tx.user(user.id) or await tx.user_named(user.name))
        case GroupAdded(group=group):
            return not (await tx.group(group.id) or await tx.group_named(group.name))
        case TokenAdded(token=token, digest=digest):
            known = await tx.token(token.id) or await tx.is_digest_taken(digest)
            return not known and await tx.user(token.user_id)
        case TokenExtended(token_id=token_id) | TokenRemoved(token_id=token_id):
            return await tx.token(token_id)
        case GroupRemoved(group=group):
            return group.id != ANONYMOUS_ID and await tx.group(group.id)
        case _:
            whom = concerned(change)
            return await tx.user(UserId(whom)) or await tx.group(GroupId(whom))


async def everything(reader):
    """Give all that a reader can be asked."""
    return {
        "ever": await reader.ever_had_account(),
        "users": await all_users(reader),
        "accounts": await all_accounts(reader),
        "groups": await all_groups(reader),
        "parts": [
            (await all_accounts(reader, *part), await all_groups(reader, *part))
            for part in [(1, None), (0, 1), (1, 2), (2, 0), (9, 9)]
        ],
        "counts": (await reader.count_users(), await reader.count_groups()),
        "by id": [await reader.user(user_id) for user_id in USER_IDS],
        "by name": [await reader.user_named(name) for name in NAMES],
        "hashes": [await reader.password_hash(user_id) for user_id in USER_IDS],
        "groups of": [await reader.groups_of(user_id) for user_id in USER_IDS],
        "items of users": [await reader.items_of_user(user_id) for user_id in USER_IDS],
        "groups by id": [await reader.group(group_id) for group_id in GROUP_IDS],
        "groups by name": [await reader.group_named(name) for name in [*NAMES, "anonymous"]],
        "items of groups": [await reader.items_of_group(group_id) for group_id in GROUP_IDS],
        "tokens": [await reader.token(token_id) for token_id in TOKEN_IDS],
        "by digest": [
            await reader.principal_by_digest(digest, kind, now)
            for digest in TOKEN_DIGESTS
            for kind in TokenKind
            for now in MOMENTS[1:6:2]
        ],
        "digests": [await reader.is_digest_taken(digest) for digest in TOKEN_DIGESTS],
        "principals": [
            await reader.principal(user_id, token_id, NOON)
            for user_id in USER_IDS
            for token_id in TOKEN_IDS
        ],
        "tokens of": [list(await reader.tokens_of(user_id)) for user_id in USER_IDS],
        "with digests": [
            list(await reader.tokens_with_digests(user_id)) for user_id in USER_IDS
        ],
        "has editor": await reader.has_user_editor(NOON),
    }


async def history(store, steps):
    """Play *steps* and give everything that can be seen after each change and each commit."""
    heard = listening(store)
    seen: list[object] = []

    for step in steps:

        async def operation(tx, step=step):
            inside = []
            for wanted in step.changes:
                change = await fitted(tx, wanted)
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
