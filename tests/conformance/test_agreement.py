"""Whatever is written, every store shows the same: all that can be seen is compared."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import astuple, dataclass, field, replace
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
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
    concerned,
)
from keystead.domain.events import (
    SERVER,
    Action,
    Author,
    Entry,
    Origin,
    Outcome,
    StoredCheckpoint,
)
from keystead.domain.model import (
    ALWAYS,
    ANONYMOUS_ID,
    NO_LIMITS,
    Group,
    GroupId,
    ItemRule,
    LastUse,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    TokenLimits,
    User,
    UserId,
    Validity,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.throttle import Attempts
from tests.conformance.stores import (
    STORES,
    all_accounts,
    all_groups,
    all_members,
    all_users,
    listening,
)
from tests.doubles import NOON

NAMES = ["Ann", "ANN", "Straße", "STRASSE", "", "bob", "\uff42ob"]
USER_IDS = [UserId(bytes([n]) * 16) for n in range(1, 5)]
GROUP_IDS = [ANONYMOUS_ID, *(GroupId(bytes([n]) * 16) for n in range(5, 8))]
TOKEN_IDS = [TokenId(UUID(int=n)) for n in range(4)]
TOKEN_DIGESTS = [bytes([n]) * 32 for n in range(4)]
MOMENTS = [NOON + n * timedelta(days=9999, milliseconds=1) for n in range(-3, 4)]
MOMENT = st.sampled_from(MOMENTS)
VALIDITIES = st.just(ALWAYS) | st.builds(
    Validity, st.sampled_from([True, True, False]), st.none() | MOMENT, st.none() | MOMENT
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
SCOPES = st.sampled_from([*Scope, Scope.NONE, Scope.USER_EDIT | Scope.CONTROL_THINGS])
THINGS = st.lists(st.builds(ThingId, st.uuids()), max_size=3).map(tuple)
USERS = st.builds(
    User,
    id=st.sampled_from(USER_IDS),
    name=st.sampled_from(NAMES),
    scopes=SCOPES,
    display_name=TEXTS,
    email=TEXTS,
    things=THINGS,
    validity=VALIDITIES,
)
RIGHTS = st.sampled_from([Scope.NONE, Scope.USER_EDIT, Scope.DIAG, TANI_RIGHTS])
GROUPS = st.builds(Group, st.sampled_from(GROUP_IDS), st.sampled_from(NAMES), RIGHTS)
SEVERAL_GROUPS = st.lists(GROUPS, max_size=3, unique_by=lambda group: group.id).map(tuple)
ITEMS = st.lists(
    st.builds(ItemRule, TEXTS, is_prefix=st.booleans(), may_write=st.booleans()), max_size=4
).map(tuple)
LIMITS = st.just(NO_LIMITS) | st.builds(
    TokenLimits, st.none() | SCOPES, st.none() | THINGS, st.none() | ITEMS
)
SOURCES = st.sampled_from(["", "local", "192.0.2.7", "2001:db8::/64"])
USES = st.builds(LastUse, MOMENT, SOURCES)
TOKEN_ID = st.sampled_from(TOKEN_IDS)
TOKENS = st.builds(
    Token,
    id=TOKEN_ID,
    user_id=st.sampled_from(USER_IDS[:2]),
    device_name=TEXTS,
    created=MOMENT,
    kind=st.sampled_from(TokenKind),
    expires=st.none() | MOMENT,
    limits=LIMITS,
    last_used=st.none() | USES,
)
HASHES = st.sampled_from(["one", "two", "three"])
CHANGES = st.one_of(
    st.builds(UserAdded, USERS, st.none() | HASHES),
    st.builds(UserChanged, USERS),
    st.builds(UserRemoved, USERS),
    st.builds(PasswordChanged, st.sampled_from(USER_IDS), HASHES),
    st.builds(PasswordRehashed, st.sampled_from(USER_IDS), HASHES),
    *[st.builds(TokenAdded, TOKENS, st.sampled_from(TOKEN_DIGESTS))] * 3,
    st.builds(TokenChanged, TOKENS),
    st.builds(TokenRotated, st.just(USER_IDS[0]), TOKEN_ID, st.sampled_from(TOKEN_DIGESTS)),
    st.builds(TokenExtended, st.just(USER_IDS[0]), TOKEN_ID, MOMENT),
    st.builds(TokenRemoved, st.just(USER_IDS[0]), TOKEN_ID),
    *[st.builds(MembershipsChanged, USERS, SEVERAL_GROUPS)] * 3,
    st.builds(UserItemsChanged, USERS, ITEMS),
    *[st.builds(GroupAdded, GROUPS)] * 2,
    st.builds(GroupChanged, GROUPS),
    st.builds(GroupItemsChanged, GROUPS, ITEMS),
    st.builds(GroupRemoved, GROUPS),
)


AUTHORS = st.builds(
    Author,
    st.sampled_from(["user", "owner", "nobody", "server"]),
    TEXTS,
    TEXTS,
    st.none() | TOKEN_ID,
    st.builds(Origin, TEXTS, SOURCES),
)
ENTRIES = st.builds(
    Entry,
    AUTHORS,
    st.sampled_from(Action),
    TEXTS,
    TEXTS,
    st.sampled_from(Outcome),
    st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
    st.integers(1, 9),
)
ATTEMPTS = st.builds(
    Attempts,
    st.sampled_from(["", "ann", "strasse", "bob", "nobody"]),
    SOURCES,
    st.integers(0, 2),
    MOMENT,
    st.booleans(),
)


@dataclass(frozen=True)
class Step:
    """One transaction: what it tries to record and to keep, how, and whether it is refused.

    Attributes:
        entries: what it notes.
        uses: when tokens were used.
        cut: it removes the oldest event.
    """

    changes: list[Change]
    refused: bool
    bulk: bool
    entries: list[Entry] = field(default_factory=list)
    uses: dict[TokenId, LastUse] = field(default_factory=dict)
    attempts: list[Attempts] = field(default_factory=list)
    cut: bool = False
    author: Author = SERVER
    essential: bool = False
    summarised: bool = False


REFUSED = SELDOM = st.sampled_from([False, False, False, True])
STEPS = st.lists(
    st.builds(
        Step,
        st.lists(CHANGES, max_size=5),
        REFUSED,
        st.booleans(),
        st.lists(ENTRIES, max_size=2),
        st.dictionaries(TOKEN_ID, USES, max_size=2),
        st.lists(ATTEMPTS, max_size=3),
        SELDOM,
        AUTHORS,
        st.booleans(),
        SELDOM,
    ),
    max_size=12,
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
        case (
            TokenExtended(token_id=token_id)
            | TokenRotated(token_id=token_id)
            | TokenRemoved(token_id=token_id)
        ):
            token = await tx.token(token_id)
            return replace(change, user_id=token.user_id) if token else change
        case TokenChanged(token=wanted):
            token = await tx.token(wanted.id)
            if token is None:
                return change
            name, expires, limits = wanted.device_name, wanted.expires, wanted.limits
            changed = replace(token, device_name=name, expires=expires, limits=limits)
            return TokenChanged(changed)
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
        case TokenChanged(token=token):
            return await tx.token(token.id)
        case TokenRotated(token_id=token_id, digest=digest):
            return not await tx.is_digest_taken(digest) and await tx.token(token_id)
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
        "credentials": [await reader.credentials(name) for name in NAMES],
        "hashes": [await reader.password_hash(user_id) for user_id in USER_IDS],
        "groups of": [await reader.groups_of(user_id) for user_id in USER_IDS],
        "items of users": [await reader.items_of_user(user_id) for user_id in USER_IDS],
        "groups by id": [await reader.group(group_id) for group_id in GROUP_IDS],
        "groups by name": [await reader.group_named(name) for name in [*NAMES, "anonymous"]],
        "members": [await all_members(reader, group_id) for group_id in GROUP_IDS],
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
            await reader.principal(user_id, token_id, now)
            for user_id in USER_IDS
            for token_id in TOKEN_IDS
            for now in MOMENTS[1:6:2]
        ],
        "tokens of": [list(await reader.tokens_of(user_id)) for user_id in USER_IDS],
        "with digests": [
            list(await reader.tokens_with_digests(user_id)) for user_id in USER_IDS
        ],
        "has editor": [await reader.has_user_editor(now) for now in MOMENTS[1:6:2]],
        "events": list(await reader.audit_events(0, 1000)),
        "newest": list(await reader.audit_events_before(None, 3)),
        "size": await reader.audit_size(),
        "checkpoints": list(await reader.audit_checkpoints()),
        "attempts": sorted(await reader.attempts(), key=astuple),
    }


async def cut_oldest(tx):
    """Remove the oldest event, but never the last."""
    oldest, *others = await tx.audit_events(0, 2) or [None]
    if others:
        await tx.cut_audit(StoredCheckpoint(oldest.sequence, b"body", oldest.digest))


async def history(store, steps):
    """Play *steps* and give everything that can be seen after each change and each commit."""
    heard = listening(store)
    seen: list[object] = []

    for step in steps:

        async def operation(tx, step=step):
            inside = []
            tx.summarised = step.summarised
            await tx.keep_attempts(step.attempts)
            if step.cut:
                await cut_oldest(tx)
            for wanted in step.changes:
                change = await fitted(tx, wanted)
                if await is_possible(tx, change):
                    await tx.record(change)
                    inside.append(await everything(tx))
            for entry in step.entries:
                await tx.note(entry)
            await tx.keep_last_uses(step.uses)
            if step.refused:
                raise RefusedError(Reason.FORBIDDEN)
            return inside

        try:
            how = {"bulk": step.bulk, "essential": step.essential}
            seen.append(await store.write(operation, author=step.author, **how))
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
