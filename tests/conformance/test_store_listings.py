"""What every store must do when all users or groups are asked for, or a part of them."""

import pytest

from keystead.domain.change import (
    GroupAdded,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import Account, GroupEntry, Scope, User
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    EVERYBODY,
    GROUPS,
    GUESTS,
    NIGHT,
    RULES,
    STAFF,
    TOKENS,
    many_rules,
    numbered,
    numbered_group,
)
from tests.conformance.stores import all_accounts, all_groups, all_users, record

# Around the bounds of portions of SQLite, of which there are two and a bit.
COUNT = 600
PLACES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 599, 600, 601, 10_000]
LIMITS = [None, 0, 1, 2, 255, 256, 257, 512, 600, 601, 10_000]
LONG = tuple(many_rules(2_500))  # some 100 KB
SHORT = RULES[:1]


def part(everything, offset, limit):
    return everything[offset : None if limit is None else offset + limit]


# --- users ----------------------------------------------------------------------------------


def test_users_come_in_the_order_they_were_added(play):
    users = [numbered(n) for n in (7, 3, 9, 1)]

    async def scenario(store):
        for user in users:
            await record(store, UserAdded(user, None))
        await record(store, UserChanged(users[0]._replace(scopes=Scope.ADMIN)))
        await record(store, UserRemoved(users[1]))
        await record(store, UserAdded(users[1], None))
        reader = store.reader
        accounts = [account.user.id for account in await all_accounts(reader)]
        assert accounts == [user.id for user in await all_users(reader)]
        return accounts

    assert play(scenario) == [users[n].id for n in (0, 2, 3, 1)]


@pytest.mark.parametrize("count", [1, 255, 256, 257, 512, 600])
def test_all_users_come_however_many_there_are(play, count):
    users = [numbered(n + 1) for n in range(count)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        reader = store.reader
        return (
            [list(portion) async for portion in reader.users()],
            [list(portion) async for portion in reader.accounts()],
            await reader.count_users(),
        )

    portions, portions_of_accounts, counted = play(scenario)
    assert [user for portion in portions for user in portion] == users
    assert [one.user for portion in portions_of_accounts for one in portion] == users
    assert all(portions + portions_of_accounts)
    assert counted == count


def test_users_may_be_removed_while_they_are_listed(play):
    users = [numbered(n + 1) for n in range(COUNT)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        found = []
        async for portion in store.reader.users():
            found.extend(portion)
            if len(found) < len(users):
                await record(store, UserRemoved(portion[-1]))
        return found

    assert play(scenario) == users


# --- accounts -------------------------------------------------------------------------------


def test_an_account_comes_with_all_that_belongs_to_it(play):
    async def scenario(store):
        await record(store, *BOTH, *TOKENS, *GROUPS)
        await record(store, MembershipsChanged(BOB, (NIGHT, STAFF)))
        await record(store, UserItemsChanged(BOB, RULES), GroupItemsChanged(STAFF, RULES))
        before = await all_accounts(store.reader)
        await record(store, PasswordChanged(BOB.id, "hash"), MembershipsChanged(ANN, (GUESTS,)))
        await record(store, GroupRemoved(NIGHT), UserItemsChanged(ANN, SHORT))
        return before, await all_accounts(store.reader)

    before, after = play(scenario)
    assert before == [
        Account(ANN, has_password=True),
        Account(BOB, has_password=False, groups=(NIGHT, STAFF), items=RULES),
    ]
    assert after == [
        Account(ANN, has_password=True, groups=(GUESTS,), items=SHORT),
        Account(BOB, has_password=True, groups=(STAFF,), items=RULES),
    ]


def test_accounts_of_any_part_come(play):
    users = [numbered(n + 1) for n in range(COUNT)]
    groups = [numbered_group(n + 1) for n in range(3)]
    expected = [
        Account(
            user,
            n % 2 == 0,
            tuple(groups[: n % 4][:: 1 if n % 5 else -1]),
            RULES[: n % 3],
        )
        for n, user in enumerate(users)
    ]

    async def scenario(store):
        await record(store, *(GroupAdded(group) for group in groups))
        for user, has_password, of_user, items in expected:
            await record(
                store,
                UserAdded(user, "hash" if has_password else None),
                MembershipsChanged(user, of_user),
                UserItemsChanged(user, items),
            )
        for offset in PLACES:
            for limit in LIMITS:
                found = await all_accounts(store.reader, offset, limit)
                assert found == part(expected, offset, limit), (offset, limit)

    play(scenario)


@pytest.mark.parametrize("removed", [0, 1, 5, 8, 9])
def test_removed_users_leave_no_gap_among_those_that_are_left_out(play, removed):
    users = [numbered(n + 1) for n in range(10)]
    left = [user for n, user in enumerate(users) if n != removed]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        await record(store, UserRemoved(users[removed]))
        for offset in range(11):
            for limit in (None, *range(11)):
                found = await all_accounts(store.reader, offset, limit)
                assert [account.user for account in found] == part(left, offset, limit)
        return await store.reader.count_users()

    assert play(scenario) == 9


def long_and_short(number):
    """Give more rules than fit into a portion to some, so that portions are cut anywhere."""
    return LONG if number % 7 in {0, 1, 5} else SHORT if number % 2 else ()


def test_accounts_with_many_rules_come_one_after_the_other(play):
    users = [numbered(n + 1) for n in range(40)]
    expected = [
        Account(user, has_password=False, items=long_and_short(n))
        for n, user in enumerate(users)
    ]

    async def scenario(store):
        for account in expected:
            changes = UserAdded(account.user, None), UserItemsChanged(account[0], account.items)
            await record(store, *changes)
        portions = [list(portion) async for portion in store.reader.accounts()]
        assert all(portions)
        assert [account for portion in portions for account in portion] == expected
        for offset in (0, 1, 6, 7, 8, 38, 39, 40):
            for limit in (None, 0, 1, 2, 8, 39, 40):
                found = await all_accounts(store.reader, offset, limit)
                assert found == part(expected, offset, limit), (offset, limit)

    play(scenario)


def test_many_members_with_many_rules_keep_their_own_groups(play):
    groups = [numbered_group(n + 1) for n in range(20)]
    users = [numbered(n + 1) for n in range(20)]
    expected = [
        Account(
            user,
            has_password=True,
            groups=tuple(groups[n:] + groups[: n // 2]),
            items=long_and_short(n),
        )
        for n, user in enumerate(users)
    ]

    async def scenario(store):
        await record(store, *map(GroupAdded, groups))
        for user, _, of_user, items in expected:
            changes = MembershipsChanged(user, of_user), UserItemsChanged(user, items)
            await record(store, UserAdded(user, "hash"), *changes)
        return await all_accounts(store.reader)

    assert play(scenario) == expected


def test_users_may_be_removed_while_accounts_are_listed(play):
    users = [numbered(n + 1) for n in range(COUNT)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        found: list[User] = []
        async for portion in store.reader.accounts():
            found.extend(account.user for account in portion)
            if len(found) < len(users):
                await record(store, UserRemoved(portion[-1].user))
        return found

    assert play(scenario) == users


# --- groups ---------------------------------------------------------------------------------


def test_groups_of_any_part_come(play):
    entries = [
        GroupEntry(numbered_group(n + 1, rights=Scope.DIAG if n % 2 else Scope.NONE), items)
        for n in range(COUNT - 1)
        for items in [RULES[: n % 4]]
    ]
    expected = [GroupEntry(EVERYBODY, RULES), *entries]

    async def scenario(store):
        await record(store, GroupItemsChanged(EVERYBODY, RULES))
        for entry in entries:
            await record(store, GroupAdded(entry.group), GroupItemsChanged(*entry))
        for offset in PLACES:
            for limit in LIMITS:
                found = await all_groups(store.reader, offset, limit)
                assert found == part(expected, offset, limit), (offset, limit)
        return await store.reader.count_groups()

    assert play(scenario) == COUNT


def test_groups_with_many_rules_come_one_after_the_other(play):
    entries = [GroupEntry(numbered_group(n + 1), long_and_short(n)) for n in range(40)]
    expected = [GroupEntry(EVERYBODY, LONG), *entries]

    async def scenario(store):
        await record(store, GroupItemsChanged(EVERYBODY, LONG))
        for entry in entries:
            await record(store, GroupAdded(entry.group), GroupItemsChanged(*entry))
        portions = [list(portion) async for portion in store.reader.group_entries()]
        assert all(portions)
        assert [entry for portion in portions for entry in portion] == expected
        for offset in (0, 1, 2, 7, 40, 41):
            for limit in (None, 0, 1, 2, 8, 40, 41):
                found = await all_groups(store.reader, offset, limit)
                assert found == part(expected, offset, limit), (offset, limit)

    play(scenario)


def test_removed_groups_leave_no_gap(play):
    groups = [numbered_group(n + 1) for n in range(5)]
    left = [EVERYBODY, groups[0], groups[2], groups[4]]

    async def scenario(store):
        await record(store, *map(GroupAdded, groups))
        await record(store, GroupRemoved(groups[1]), GroupRemoved(groups[3]))
        for offset in range(6):
            for limit in (None, *range(6)):
                found = await all_groups(store.reader, offset, limit)
                assert [entry.group for entry in found] == part(left, offset, limit)
        return await store.reader.count_groups()

    assert play(scenario) == 4


# --- counts ---------------------------------------------------------------------------------


def test_users_and_groups_are_counted_in_a_transaction_as_it_sees_them(play):
    async def scenario(store):
        async def counts(reader):
            return await reader.count_users(), await reader.count_groups()

        async def operation(tx):
            seen = [await counts(tx)]
            for change in (*BOTH, *GROUPS, UserRemoved(ANN), GroupRemoved(STAFF)):
                await tx.record(change)
                seen.append(await counts(tx))
            return seen, await counts(store.reader)

        return await store.write(operation), await counts(store.reader)

    (inside, outside), after = play(scenario)
    assert inside == [(0, 1), (1, 1), (2, 1), (2, 2), (2, 3), (2, 4), (1, 4), (1, 3)]
    assert (outside, after) == ((0, 1), (1, 3))
