"""How SQLite reads long lists: in portions that are small in number and in size."""

import asyncio
from contextlib import closing

import pytest

from keystead.domain.change import (
    GroupAdded,
    GroupItemsChanged,
    MembershipsChanged,
    UserAdded,
    UserItemsChanged,
)
from keystead.domain.model import Account
from keystead.store import sqlite_file
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_tables import PORTION, PORTION_OF_RULES
from tests.conformance.samples import ANN, many_rules, numbered, numbered_group
from tests.conformance.stores import all_accounts, all_users, record
from tests.doubles import SettableClock

# Enough that a portion is full after two of them, and after any of them.
HALF = tuple(many_rules(PORTION_OF_RULES // 100))
WHOLE = tuple(many_rules(PORTION_OF_RULES // 40))


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "keystead.sqlite"
    sqlite_file.prepare(path)
    with closing(SqliteStore(path, SettableClock())) as store:
        yield store


async def sizes(portions):
    return [len(portion) async for portion in portions]


async def settle(store, number, items):
    """Write a user and a group with the same rules, the one a member of the other."""
    user, group = numbered(number), numbered_group(number)
    await record(store, UserAdded(user, None), GroupAdded(group))
    await record(store, UserItemsChanged(user, items), GroupItemsChanged(group, items))
    await record(store, MembershipsChanged(user, (group,)))


def test_users_come_in_portions_that_delay_nobody(store):
    async def scenario():
        await record(store, *(UserAdded(numbered(n), None) for n in range(2 * PORTION + 1)))
        reader = store.reader
        return await sizes(reader.users()), await sizes(reader.accounts())

    assert asyncio.run(scenario()) == ([PORTION, PORTION, 1], [PORTION, PORTION, 1])


def test_members_come_in_portions_that_delay_nobody(store):
    group = numbered_group(1)
    users = [numbered(n) for n in range(PORTION + 1)]

    async def scenario():
        await record(store, GroupAdded(group), *(UserAdded(user, None) for user in users))
        await record(store, *(MembershipsChanged(user, (group,)) for user in users))
        return await sizes(store.reader.members_of(group.id))

    assert asyncio.run(scenario()) == [PORTION, 1]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0, []),
        (1, [1]),
        (PORTION, [PORTION]),
        (PORTION + 1, [PORTION, 1]),
        (9 * PORTION, [PORTION, PORTION]),
    ],
)
def test_a_limit_cuts_the_last_portion(store, limit, expected):
    async def scenario():
        users = [UserAdded(numbered(n), None) for n in range(2 * PORTION)]
        groups = [GroupAdded(numbered_group(n + 1)) for n in range(2 * PORTION - 1)]
        await record(store, *users, *groups)
        reader = store.reader
        return await sizes(reader.accounts(0, limit)), await sizes(
            reader.group_entries(0, limit)
        )

    assert asyncio.run(scenario()) == (expected, expected)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([()] * 7, [7]),
        ([WHOLE] * 4, [1, 1, 1, 1]),
        ([HALF] * 5, [2, 2, 1]),
        ([(), (), WHOLE, (), HALF, HALF, ()], [3, 3, 1]),
    ],
    ids=["none", "whole", "half", "mixed"],
)
def test_a_portion_ends_where_its_rules_are_many(store, rules, expected):
    async def scenario():
        for number, items in enumerate(rules, start=1):
            await settle(store, number, items)
        reader = store.reader
        return await sizes(reader.accounts()), await sizes(reader.group_entries(1))

    assert asyncio.run(scenario()) == (expected, expected)


def test_a_reader_holds_no_writer_up(store):
    async def scenario():
        await record(store, *(UserAdded(numbered(n), None) for n in range(PORTION + 1)))
        listing = store.reader.users()
        first = await anext(listing)
        await record(store, UserAdded(ANN, None))
        return len(first), len(await anext(listing)), len(await all_users(store.reader))

    assert asyncio.run(scenario()) == (PORTION, 2, PORTION + 2)


@pytest.mark.parametrize("listing", ["accounts", "group_entries"])
def test_a_listing_that_is_left_in_the_middle_holds_no_writer_up(store, listing):
    async def scenario():
        for number in (1, 2):
            await settle(store, number, WHOLE)
        portions = getattr(store.reader, listing)()
        await anext(portions)
        await record(store, UserAdded(ANN, None))
        await portions.aclose()
        return await all_users(store.reader)

    assert asyncio.run(scenario())[-1] == ANN


def test_an_account_and_its_groups_are_as_of_one_moment(tmp_path, store):
    user, group = numbered(1), numbered_group(1)

    def commit_in_between(cursor, sql, *_):
        if "membership" in sql:
            other.execute("begin; delete from membership; delete from user_items; commit")
        return True

    async def scenario():
        await settle(store, 1, HALF)
        store._reading.exec_trace = commit_in_between
        before = await all_accounts(store.reader)
        store._reading.exec_trace = None
        return before, await all_accounts(store.reader)

    with closing(sqlite_file.connect(tmp_path / "keystead.sqlite", writing=True)) as other:
        before, after = asyncio.run(scenario())
    assert before == [Account(user, has_password=False, groups=(group,), items=HALF)]
    assert after == [Account(user, has_password=False)]
