"""What every store must do with groups: who they are, and who is a member."""

import pytest

from keystead.domain.change import (
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import ANONYMOUS, ANONYMOUS_ID, GroupEntry, GroupId, Scope, UserId
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
    numbered,
    numbered_group,
)
from tests.conformance.stores import all_groups, all_members, record

NOBODY = UserId(b"nobody" * 2)


async def groups_in(reader):
    return [entry.group for entry in await all_groups(reader)]


# --- which there are ------------------------------------------------------------------------


def test_at_first_there_is_the_group_of_everybody_and_gives_nothing(play):
    async def scenario(store):
        reader = store.reader
        return [
            await all_groups(reader),
            await reader.count_groups(),
            await reader.group(ANONYMOUS_ID),
            await reader.group_named(ANONYMOUS),
            await reader.items_of_group(ANONYMOUS_ID),
            await reader.ever_had_account(),
        ]

    nothing = [GroupEntry(EVERYBODY)], 1, EVERYBODY, EVERYBODY, (), False
    assert play(scenario) == list(nothing)


def test_a_group_that_was_added_is_found(play):
    async def scenario(store):
        await record(store, *GROUPS)
        reader = store.reader
        return [
            await reader.group(NIGHT.id),
            await reader.group_named(NIGHT.name),
            await reader.group(GroupId(b"x" * 16)),
            await reader.count_groups(),
        ]

    assert play(scenario) == [NIGHT, NIGHT, None, 4]


@pytest.mark.parametrize("name", ["Staff", "staff", "STAFF", "\uff33taff", "\u017ftaff"])
def test_a_group_is_found_by_any_name_that_is_the_same(play, name):
    async def scenario(store):
        await record(store, *GROUPS)
        return await store.reader.group_named(name)

    assert play(scenario) == STAFF


@pytest.mark.parametrize(
    "name", ["", "Staf", "Staffs", "Ann", "Staff\0", "Staff\ud800", "\udfff", "\ud800\udc00"]
)
def test_a_name_that_no_group_has_finds_none(play, name):
    async def scenario(store):
        await record(store, *GROUPS, UserAdded(ANN, None))
        return await store.reader.group_named(name)

    assert play(scenario) is None


def test_users_and_groups_may_have_the_same_names(play):
    group = STAFF._replace(name=ANN.name)

    async def scenario(store):
        await record(store, UserAdded(ANN, None), GroupAdded(group))
        reader = store.reader
        return await reader.user_named("ann"), await reader.group_named("ANN")

    assert play(scenario) == (ANN, group)


@pytest.mark.parametrize(
    "name", ["日本語 \U0001f600", "x" * 256, "a'; drop table user; --", "%"]
)
@pytest.mark.parametrize("rights", [Scope.NONE, Scope.USER_EDIT | Scope.EDITOR | Scope.DIAG])
def test_name_and_rights_of_a_group_are_kept(play, name, rights):
    group = STAFF._replace(name=name, rights=rights)

    async def scenario(store):
        await record(store, GroupAdded(group))
        return await store.reader.group(group.id), await store.reader.group_named(name)

    found, named = play(scenario)
    assert found == named == group
    assert type(found.rights) is Scope


def test_groups_come_in_the_order_they_were_added_everybody_first(play):
    groups = [numbered_group(n) for n in (7, 3, 9, 1)]

    async def scenario(store):
        for group in groups:
            await record(store, GroupAdded(group))
        await record(store, GroupChanged(groups[0]._replace(rights=Scope.DIAG)))
        await record(store, GroupRemoved(groups[1]), GroupAdded(groups[1]))
        await record(store, GroupChanged(EVERYBODY._replace(rights=Scope.DIAG)))
        return [group.id for group in await groups_in(store.reader)]

    assert play(scenario) == [ANONYMOUS_ID, *(groups[n].id for n in (0, 2, 3, 1))]


@pytest.mark.parametrize("group", [STAFF, EVERYBODY])
def test_other_rights_are_kept_and_leave_members_and_items(play, group):
    changed = group._replace(rights=Scope.DIAG)

    async def scenario(store):
        await record(store, *BOTH, *GROUPS, GroupItemsChanged(group, RULES))
        await record(store, MembershipsChanged(ANN, (STAFF, NIGHT)))
        await record(store, GroupChanged(changed))
        reader = store.reader
        return [
            await reader.group(group.id),
            await reader.group_named(group.name),
            await reader.items_of_group(group.id),
            [found.id for found in await reader.groups_of(ANN.id)],
            await reader.group(NIGHT.id),
        ]

    assert play(scenario) == [changed, changed, RULES, [STAFF.id, NIGHT.id], NIGHT]


# --- who is a member ------------------------------------------------------------------------


def test_who_was_put_into_no_group_is_in_none(play):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS)
        return await store.reader.groups_of(ANN.id), await store.reader.groups_of(NOBODY)

    assert play(scenario) == ((), ())


@pytest.mark.parametrize(
    "groups",
    [(STAFF,), (STAFF, NIGHT, GUESTS), (GUESTS, NIGHT, STAFF), (NIGHT, STAFF), ()],
    ids=lambda groups: "+".join(group.name for group in groups) or "none",
)
def test_the_groups_of_a_user_come_in_the_order_given(play, groups):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS, MembershipsChanged(BOB, (STAFF,)))
        await record(store, MembershipsChanged(ANN, groups))
        return await store.reader.groups_of(ANN.id), await store.reader.groups_of(BOB.id)

    assert play(scenario) == (groups, (STAFF,))


def test_other_memberships_replace_all_that_were(play):
    async def scenario(store):
        reader = store.reader
        await record(store, *BOTH, *GROUPS, MembershipsChanged(BOB, (NIGHT,)))
        seen = []
        for groups in [(STAFF, NIGHT), (NIGHT, GUESTS, STAFF), (GUESTS,), ()]:
            await record(store, MembershipsChanged(ANN, groups))
            seen.append(await reader.groups_of(ANN.id))
        return seen, await reader.groups_of(BOB.id)

    seen, bobs = play(scenario)
    assert seen == [(STAFF, NIGHT), (NIGHT, GUESTS, STAFF), (GUESTS,), ()]
    assert bobs == (NIGHT,)


def test_a_user_may_be_in_many_groups_and_a_group_have_many_members(play):
    groups = tuple(numbered_group(n) for n in range(1, 301))
    users = [numbered(n) for n in range(1, 301)]

    async def scenario(store):
        await record(store, *map(GroupAdded, groups), *(UserAdded(u, None) for u in users))
        await record(store, MembershipsChanged(users[0], groups[::-1]))
        await record(store, *(MembershipsChanged(u, groups[:1]) for u in users[1:]))
        reader = store.reader
        of_others = [await reader.groups_of(user.id) for user in users[1:]]
        return await reader.groups_of(users[0].id), of_others

    assert play(scenario) == (groups[::-1], [groups[:1]] * 299)


def test_memberships_stay_when_the_user_changes_and_show_the_group_as_of_now(play):
    stronger = NIGHT._replace(rights=Scope.USER_EDIT)

    async def scenario(store):
        await record(store, *BOTH, *GROUPS, MembershipsChanged(ANN, (NIGHT, STAFF)))
        await record(store, UserChanged(ANN._replace(email="new")), GroupChanged(stronger))
        return await store.reader.groups_of(ANN.id)

    assert play(scenario) == (stronger, STAFF)


def test_the_members_of_a_group_come_in_the_order_of_their_ids(play):
    users = [numbered(n) for n in range(600, 0, -1)]  # more than two portions of SQLite

    async def scenario(store):
        await record(store, *GROUPS, *(UserAdded(user, None) for user in users))
        await record(store, *(MembershipsChanged(u, (STAFF, NIGHT)) for u in users))
        await record(store, MembershipsChanged(users[0], (NIGHT, STAFF)))
        await record(store, *(MembershipsChanged(u, (STAFF,)) for u in users[3:]))
        await record(store, UserChanged(users[1]._replace(email="new")), UserRemoved(users[2]))
        groups = (STAFF.id, NIGHT.id, GUESTS.id, ANONYMOUS_ID, GroupId(b"x" * 16))
        return [await all_members(store.reader, group_id) for group_id in groups]

    left = [*users[:0:-1], users[0]]
    left = [u._replace(email="new") if u is users[1] else u for u in left if u is not users[2]]
    assert play(scenario) == [left, left[-2:], [], [], []]


def test_a_transaction_sees_who_is_a_member_by_now(play):
    async def operation(tx):
        seen = [await all_members(tx, NIGHT.id)]
        for change in (
            MembershipsChanged(BOB, (NIGHT,)),
            UserRemoved(ANN),
            GroupRemoved(NIGHT),
        ):
            await tx.record(change)
            seen.append(await all_members(tx, NIGHT.id))
        return seen

    async def scenario(store):
        await record(store, *BOTH, *GROUPS, MembershipsChanged(ANN, (STAFF, NIGHT)))
        return await store.write(operation)

    assert play(scenario) == [[ANN], [ANN, BOB], [BOB], []]


# --- what goes ------------------------------------------------------------------------------


def test_a_removed_group_goes_from_its_members_with_its_items(play):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS, GroupItemsChanged(NIGHT, RULES))
        await record(store, GroupItemsChanged(STAFF, RULES[:1]))
        await record(store, MembershipsChanged(ANN, (STAFF, NIGHT, GUESTS)))
        await record(store, MembershipsChanged(BOB, (NIGHT,)))
        await record(store, GroupRemoved(NIGHT))
        reader = store.reader
        return [
            await reader.group(NIGHT.id),
            await reader.group_named(NIGHT.name),
            await reader.items_of_group(NIGHT.id),
            await reader.groups_of(ANN.id),
            await reader.groups_of(BOB.id),
            await reader.count_groups(),
            await all_groups(reader),
        ]

    left = [GroupEntry(EVERYBODY), GroupEntry(STAFF, RULES[:1]), GroupEntry(GUESTS)]
    assert play(scenario) == [None, None, (), (STAFF, GUESTS), (), 3, left]


@pytest.mark.clause("IEC 62443-4-2 CR 1.4")
@pytest.mark.parametrize("again", [NIGHT, NIGHT._replace(id=GroupId(b"m" * 16))])
def test_a_group_of_the_same_name_or_id_revives_nothing(play, again):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS, GroupItemsChanged(NIGHT, RULES))
        await record(store, MembershipsChanged(ANN, (STAFF, NIGHT)))
        await record(store, GroupRemoved(NIGHT))
        await record(store, GroupAdded(again))
        reader = store.reader
        return [
            await reader.groups_of(ANN.id),
            await reader.items_of_group(again.id),
            await reader.group_named(again.name),
        ]

    assert play(scenario) == [(STAFF,), (), again]


def test_a_group_that_goes_and_comes_again_in_one_write_has_lost_everything(play):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS, GroupItemsChanged(NIGHT, RULES))
        await record(store, MembershipsChanged(ANN, (STAFF, NIGHT)))
        await record(store, GroupRemoved(NIGHT), GroupAdded(NIGHT))
        reader = store.reader
        return await reader.groups_of(ANN.id), await reader.items_of_group(NIGHT.id)

    assert play(scenario) == ((STAFF,), ())


def test_a_removed_user_leaves_the_groups_and_comes_back_without_them(play):
    async def scenario(store):
        await record(store, *BOTH, *GROUPS, MembershipsChanged(ANN, (STAFF, NIGHT)))
        await record(store, MembershipsChanged(BOB, (STAFF,)))
        await record(store, UserRemoved(ANN))
        gone = await store.reader.groups_of(ANN.id)
        await record(store, UserAdded(ANN, None))
        reader = store.reader
        return gone, await reader.groups_of(ANN.id), await reader.groups_of(BOB.id)

    assert play(scenario) == ((), (), (STAFF,))
