"""What every store must do with a write: all or nothing of it, and everybody hears of it."""

import asyncio
from dataclasses import replace
from typing import get_args

import pytest

from keystead.domain.change import (
    Change,
    Commit,
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
)
from keystead.domain.refusal import Reason, RefusedError
from tests.conformance.samples import (
    ANN,
    BOB,
    BOBS,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    EVERYBODY,
    GROUPS,
    GUESTS,
    IDLE,
    NIGHT,
    PHONE,
    RULES,
    STAFF,
    TABLET,
    TOKENS,
    numbered,
    numbered_group,
)
from tests.conformance.stores import all_accounts, all_groups, all_users, listening, record
from tests.doubles import NOON

SETTLED: tuple[Change, ...] = (
    *BOTH,
    *TOKENS,
    *GROUPS,
    TokenAdded(BROWSER, BROWSER_DIGEST),
    MembershipsChanged(ANN, (NIGHT, STAFF)),
    MembershipsChanged(BOB, (STAFF,)),
    UserItemsChanged(ANN, RULES),
    GroupItemsChanged(STAFF, RULES),
)
# One of each kind, possible one after the other when everybody has settled.
EVERY_KIND: tuple[Change, ...] = (
    UserAdded(numbered(1), "hash"),
    UserChanged(BOB._replace(email="new")),
    PasswordChanged(BOB.id, "new"),
    PasswordRehashed(ANN.id, "stronger"),
    TokenRemoved(ANN.id, TABLET.id),
    TokenChanged(replace(PHONE, device_name="Ann's new phone", expires=NOON + IDLE)),
    TokenRotated(ANN.id, PHONE.id, b"r" * 32),
    TokenExtended(ANN.id, BROWSER.id, NOON + 2 * IDLE),
    TokenAdded(TABLET, b"z" * 32),
    MembershipsChanged(BOB, (GUESTS, STAFF)),
    UserItemsChanged(ANN, ()),
    UserItemsChanged(BOB, RULES[:1]),
    GroupAdded(numbered_group(1)),
    GroupChanged(EVERYBODY._replace(rights=GUESTS.rights)),
    GroupItemsChanged(STAFF, RULES[::-1]),
    GroupRemoved(NIGHT),
    UserRemoved(BOB),
)


async def seen(reader):
    """Give all that there is, as far as it can be listed."""
    accounts = await all_accounts(reader)
    users = [account.user.id for account in accounts]
    hashes = [await reader.password_hash(user) for user in users]
    tokens = [list(await reader.tokens_with_digests(user)) for user in users]
    events = list(await reader.audit_events(0, 1000))
    return accounts, await all_groups(reader), hashes, tokens, events


# --- all or nothing -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RefusedError(Reason.FORBIDDEN), ZeroDivisionError("bug")])
def test_an_operation_that_raises_leaves_nothing_and_its_error_passes_through(play, error):
    async def scenario(store):
        heard = listening(store)

        async def operation(tx):
            for change in (*BOTH, *TOKENS):
                await tx.record(change)
            raise error

        with pytest.raises(type(error)) as raised:
            await store.write(operation)
        nothing = [
            await store.reader.ever_had_account(),
            await all_users(store.reader),
            await store.reader.token(TABLET.id),
            heard[:],
        ]
        await record(store, *BOTH)
        return raised.value, nothing, [commit.revision for commit in heard]

    raised, nothing, revisions = play(scenario)
    assert raised is error
    assert nothing == [False, [], None, []]
    assert revisions == [1]


def test_an_operation_that_raises_undoes_changes_and_removals(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS)

        async def operation(tx):
            await tx.record(UserRemoved(ANN))
            await tx.record(PasswordChanged(BOB.id, "new"))
            await tx.record(TokenRemoved(BOB.id, BOBS.id))
            raise RefusedError(Reason.BUSY)

        with pytest.raises(RefusedError):
            await store.write(operation)
        reader = store.reader
        return [
            await all_users(reader),
            await reader.password_hash(BOB.id),
            await reader.token(BOBS.id),
            list(await reader.tokens_of(ANN.id)),
        ]

    assert play(scenario) == [[ANN, BOB], None, BOBS, [TABLET, PHONE]]


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("count", range(1, len(EVERY_KIND) + 1))
def test_whatever_was_recorded_is_undone_when_the_operation_is_refused(play, count, bulk):
    async def scenario(store):
        await record(store, *SETTLED)
        before = await seen(store.reader)
        heard = listening(store)

        async def operation(tx):
            for change in EVERY_KIND[:count]:
                await tx.record(change)
            assert await seen(tx) != before
            raise RefusedError(Reason.BUSY)

        with pytest.raises(RefusedError):
            await store.write(operation, bulk=bulk)
        return before, await seen(store.reader), heard

    before, after, heard = play(scenario)
    assert after == before
    assert heard == []


def test_of_writes_at_the_same_time_the_refused_ones_leave_the_others_whole(play):
    def joining(number, *, refused):
        group, user = numbered_group(number), numbered(number)

        async def operation(tx):
            staff = await tx.items_of_group(STAFF.id)
            await tx.record(GroupItemsChanged(STAFF, staff[1:] + staff[:1]))
            await tx.record(GroupAdded(group))
            await tx.record(UserAdded(user, None))
            await tx.record(MembershipsChanged(user, (group, STAFF)))
            if refused:
                await tx.record(GroupRemoved(NIGHT))
                raise RefusedError(Reason.FORBIDDEN)
            return number

        return operation

    async def scenario(store):
        await record(store, *SETTLED)
        heard = listening(store)
        writes = (store.write(joining(n, refused=n % 4 == 0)) for n in range(1, 42))
        done = await asyncio.gather(*writes, return_exceptions=True)
        accounts, groups, *_ = await seen(store.reader)
        return done, accounts, groups, heard

    done, accounts, groups, heard = play(scenario)
    joined = [number for number in range(1, 42) if number % 4]
    assert [result for result in done if isinstance(result, int)] == joined
    assert [(account.user, account.groups) for account in accounts] == [
        (ANN, (NIGHT, STAFF)),
        (BOB, (STAFF,)),
        *((numbered(number), (numbered_group(number), STAFF)) for number in joined),
    ]
    assert [entry.group for entry in groups[4:]] == [numbered_group(n) for n in joined]
    assert groups[1].items == (*RULES[1:], RULES[0])  # turned 31 times
    assert [commit.revision for commit in heard] == list(range(2, 33))


def test_overlapping_writes_lose_nothing(play):
    async def scenario(store):
        await record(store, *BOTH)

        async def count_one(tx):
            bob = await tx.user(BOB.id)
            await tx.record(UserChanged(bob._replace(email=f"{int(bob.email or 0) + 1}")))

        await asyncio.gather(*(store.write(count_one) for _ in range(300)))
        return (await store.reader.user(BOB.id)).email

    assert play(scenario) == "300"


def test_of_overlapping_writers_of_one_name_all_but_one_find_it_taken(play):
    async def scenario(store):
        async def add(number):
            async def operation(tx):
                if await tx.user_named(["bob", "BOB", "\uff22ob"][number % 3]):
                    raise RefusedError(Reason.NAME_TAKEN)
                await tx.record(UserAdded(numbered(number + 1)._replace(name="Bob"), None))

            await store.write(operation)

        done = await asyncio.gather(*(add(n) for n in range(50)), return_exceptions=True)
        users = await all_users(store.reader)
        return [result for result in done if result is not None], len(users)

    refused, users = play(scenario)
    assert [error.reason for error in refused] == [Reason.NAME_TAKEN] * 49
    assert users == 1


def test_a_writer_that_is_cancelled_leaves_everything_or_nothing_of_its_write(play):
    async def scenario(store):
        heard = listening(store)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(record(store, BOTH[0], TOKENS[0]))
            second = tasks.create_task(record(store, BOTH[1]))
            await asyncio.sleep(0)
            first.cancel()
            await second
        await record(store, UserAdded(numbered(1), None))
        reader = store.reader
        ann, tablet = await reader.user(ANN.id), await reader.token(TABLET.id)
        changes = [change for commit in heard for change in commit.changes]
        return ann, tablet, changes, [commit.revision for commit in heard]

    ann, tablet, changes, revisions = play(scenario)
    assert (ann, tablet) in [(None, None), (ANN, TABLET)]
    assert ([*changes[:2]] == [BOTH[0], TOKENS[0]]) == (ann is not None)
    assert BOTH[1] in changes
    assert revisions == list(range(1, len(revisions) + 1))


def test_a_bulk_write_is_a_write_like_any_other(play):
    users = [numbered(n) for n in range(1, 301)]

    async def scenario(store):
        heard = listening(store)

        async def add_all(tx):
            for user in users:
                await tx.record(UserAdded(user, None))
            return len(await all_users(tx))

        async def fail(tx):
            await tx.record(UserRemoved(users[0]))
            raise RefusedError(Reason.FORBIDDEN)

        done = await asyncio.gather(
            record(store, BOTH[0]),
            store.write(add_all, bulk=True),
            store.write(fail, bulk=True),
            record(store, BOTH[1]),
            return_exceptions=True,
        )
        return done, await all_users(store.reader), [commit.revision for commit in heard]

    done, found, revisions = play(scenario)
    assert [str(result) for result in done] == [
        *("None", "301", Reason.FORBIDDEN.value, "None")
    ]
    assert found == [ANN, *users, BOB]
    assert revisions == [1, 2, 3]


# --- what is heard --------------------------------------------------------------------------


def test_every_listener_hears_every_commit(play):
    async def scenario(store):
        heard = listening(store)
        await record(store, *BOTH)
        also_heard = listening(store)
        await record(store, TOKENS[0], TokenRemoved(ANN.id, TABLET.id))
        return heard, also_heard

    first = Commit(1, list(BOTH))
    second = Commit(2, [TOKENS[0], TokenRemoved(ANN.id, TABLET.id)])
    assert play(scenario) == ([first, second], [second])


def test_a_commit_tells_every_kind_of_change_as_it_was_recorded(play):
    assert {type(change) for change in EVERY_KIND} == set(get_args(Change))

    async def scenario(store):
        await record(store, *SETTLED)
        heard = listening(store)
        await record(store, *EVERY_KIND)
        return heard

    assert [(one.revision, list(one.changes)) for one in play(scenario)] == [
        (2, list(EVERY_KIND))
    ]


def test_who_only_reads_makes_no_commit(play):
    async def scenario(store):
        heard = listening(store)

        async def operation(tx):
            return await tx.user(ANN.id)

        await store.write(operation)
        await record(store, *BOTH)
        found = await store.write(operation)
        await record(store, *TOKENS)
        return found, [commit.revision for commit in heard]

    assert play(scenario) == (ANN, [1, 2])


def test_commits_are_heard_in_the_order_of_their_revisions_and_before_write_returns(play):
    async def scenario(store):
        heard = listening(store)

        async def add(number):
            async def operation(tx):
                await tx.record(UserAdded(numbered(number), None))
                if number % 7 == 0:
                    raise RefusedError(Reason.FORBIDDEN)

            if number % 7 == 0:
                with pytest.raises(RefusedError):
                    await store.write(operation)
                return True
            await store.write(operation)
            return UserAdded(numbered(number), None) in [c.changes[0] for c in heard]

        return await asyncio.gather(*(add(n) for n in range(1, 400))), heard

    in_time, heard = play(scenario)
    assert all(in_time)
    assert [commit.revision for commit in heard] == list(range(1, 399 - 399 // 7 + 1))


def test_a_listener_finds_what_it_hears_of(play):
    async def scenario(store):
        found = []

        def listen(commit):
            reading = store.reader.user(commit.changes[0].user.id)
            with pytest.raises(StopIteration) as stop:
                reading.send(None)
            found.append(stop.value.value)

        store.listen(listen)
        await record(store, BOTH[0])
        await record(store, BOTH[1])
        return found

    assert play(scenario) == [ANN, BOB]
