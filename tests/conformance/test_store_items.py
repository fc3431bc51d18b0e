"""What every store must do with rules on items: keep them just as they were given."""

import pytest

from keystead.domain.change import (
    GroupAdded,
    GroupItemsChanged,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.groups import MAX_RULES
from keystead.domain.items import MAX_ITEM_NAME_LENGTH
from keystead.domain.model import ANONYMOUS_ID, GroupId, ItemRule, UserId
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    EVERYBODY,
    GROUPS,
    NIGHT,
    RULES,
    STAFF,
    many_rules,
)
from tests.conformance.stores import all_accounts, all_groups, record

ODD_NAMES = [
    "",
    ".",
    "..",
    " ",
    "Objects.Plant.",
    'a "quoted" name',
    "back\\slash\\u0041\\",
    "new\nline\ttab\x7f\x01",
    "[true,false]",
    "'; drop table user_items; --",
    "日本語.\U0001f600",
    "e\u0301",
    "\u00e9",
    "\u2028\ufeff\uffff",
    "x" * MAX_ITEM_NAME_LENGTH,
    "\U0010ffff" * MAX_ITEM_NAME_LENGTH,
]
NOBODY = UserId(b"nobody" * 2)


async def items_of(reader):
    """Give the rules of Ann and of the staff, by all ways to ask for them."""
    (ann,) = [one.items for one in await all_accounts(reader) if one.user.id == ANN.id]
    (staff,) = [one.items for one in await all_groups(reader) if one.group.id == STAFF.id]
    assert ann == await reader.items_of_user(ANN.id)
    assert staff == await reader.items_of_group(STAFF.id)
    return ann, staff


def kept(play, *histories):
    """Let Ann and the staff have one list of rules after the other; give what is kept last."""

    async def scenario(store):
        await record(store, *BOTH, *GROUPS)
        for items in histories:
            await record(store, UserItemsChanged(ANN, items), GroupItemsChanged(STAFF, items))
        reader = store.reader
        others = await reader.items_of_user(BOB.id), await reader.items_of_group(NIGHT.id)
        assert others == ((), ())
        return await items_of(reader)

    return play(scenario)


def test_at_first_there_are_no_rules(play):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS)
        reader = store.reader
        assert await items_of(reader) == ((), ())
        return [
            await reader.items_of_user(NOBODY),
            await reader.items_of_group(GroupId(b"x" * 16)),
            await reader.items_of_group(ANONYMOUS_ID),
        ]

    assert play(scenario) == [(), (), ()]


@pytest.mark.parametrize("items", [RULES, RULES[::-1], RULES[1:2]])
def test_rules_come_in_the_order_given(play, items):
    assert kept(play, items) == (items, items)


@pytest.mark.parametrize("is_prefix", [False, True])
@pytest.mark.parametrize("may_write", [False, True])
def test_every_field_of_a_rule_is_kept_with_its_type(play, is_prefix, may_write):
    rule = ItemRule("Objects.Plant", is_prefix, may_write)
    of_ann, of_staff = kept(play, (rule,))
    assert of_ann == of_staff == (rule,)
    for (found,) in (of_ann, of_staff):
        assert list(map(type, found)) == [str, bool, bool]
        assert type(found) is ItemRule


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: repr(name[:12]))
def test_every_name_of_an_item_is_kept_as_it_was_given(play, name):
    rules = (ItemRule(name, is_prefix=True),)
    assert kept(play, rules) == (rules, rules)


def test_names_that_only_look_alike_are_kept_apart(play):
    rules = tuple(ItemRule(name) for name in ODD_NAMES)
    assert kept(play, rules) == (rules, rules)


def test_as_many_rules_as_are_allowed_are_kept(play):
    rules = tuple(many_rules(MAX_RULES))
    assert kept(play, rules) == (rules, rules)


@pytest.mark.parametrize("before", [(), RULES, tuple(many_rules(300))])
@pytest.mark.parametrize("after", [RULES[:1], RULES[::-1], ()])
def test_other_rules_replace_all_that_were(play, before, after):
    assert kept(play, before, after) == (after, after)


def test_everybody_may_have_rules(play):
    async def scenario(store):
        await record(store, GroupItemsChanged(EVERYBODY, RULES))
        first, *_ = await all_groups(store.reader)
        return await store.reader.items_of_group(ANONYMOUS_ID), first

    assert play(scenario) == (RULES, (EVERYBODY, RULES))


def test_rules_stay_when_the_user_changes(play):
    async def scenario(store):
        await record(store, *BOTH, UserItemsChanged(ANN, RULES))
        await record(store, UserChanged(ANN._replace(email="new")))
        return await store.reader.items_of_user(ANN.id)

    assert play(scenario) == RULES


@pytest.mark.parametrize("in_one_write", [False, True])
def test_a_removed_user_takes_the_rules_along(play, in_one_write):
    gone, back = UserRemoved(ANN), UserAdded(ANN, None)

    async def scenario(store):
        await record(store, *BOTH, UserItemsChanged(ANN, RULES), UserItemsChanged(BOB, RULES))
        for changes in [(gone, back)] if in_one_write else [(gone,), (back,)]:
            await record(store, *changes)
        reader = store.reader
        return await reader.items_of_user(ANN.id), await reader.items_of_user(BOB.id)

    assert play(scenario) == ((), RULES)


def test_users_and_groups_with_the_same_id_have_their_own_rules(play):
    twin = STAFF._replace(id=GroupId(ANN.id))

    async def scenario(store):
        await record(store, UserAdded(ANN, None), GroupAdded(twin))
        await record(store, UserItemsChanged(ANN, RULES[:1]), GroupItemsChanged(twin, RULES))
        await record(store, UserItemsChanged(ANN, ()))
        reader = store.reader
        return await reader.items_of_user(ANN.id), await reader.items_of_group(twin.id)

    assert play(scenario) == ((), RULES)


def test_a_transaction_reads_the_rules_that_it_recorded_itself(play):
    async def scenario(store):
        async def operation(tx):
            for change in (*BOTH, *GROUPS, UserItemsChanged(ANN, RULES)):
                await tx.record(change)
            await tx.record(GroupItemsChanged(STAFF, RULES[:2]))
            before = await items_of(tx)
            await tx.record(UserItemsChanged(ANN, ()))
            return before, await items_of(tx)

        return await store.write(operation)

    assert play(scenario) == ((RULES, RULES[:2]), ((), RULES[:2]))
