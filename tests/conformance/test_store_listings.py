"""What every store must do when all users or groups are asked for, or a part of them."""

import pytest

from keystead.domain.change import UserAdded, UserChanged, UserRemoved
from keystead.domain.model import Scope
from tests.conformance.samples import numbered
from tests.conformance.stores import all_users, record


def test_users_come_in_the_order_they_were_added(play):
    users = [numbered(n) for n in (7, 3, 9, 1)]

    async def scenario(store):
        for user in users:
            await record(store, UserAdded(user, None))
        await record(store, UserChanged(users[0]._replace(scopes=Scope.ADMIN)))
        await record(store, UserRemoved(users[1]))
        await record(store, UserAdded(users[1], None))
        return [user.id for user in await all_users(store.reader)]

    assert play(scenario) == [users[n].id for n in (0, 2, 3, 1)]


@pytest.mark.parametrize("count", [255, 256, 257, 600])
def test_all_users_come_however_many_there_are(play, count):
    users = [numbered(n + 1) for n in range(count)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        return [list(portion) async for portion in store.reader.users()]

    portions = play(scenario)
    assert [user for portion in portions for user in portion] == users
    assert all(portions)


def test_users_may_be_removed_while_they_are_listed(play):
    users = [numbered(n + 1) for n in range(600)]

    async def scenario(store):
        await record(store, *(UserAdded(user, None) for user in users))
        found = []
        async for portion in store.reader.users():
            found.extend(portion)
            if len(found) < len(users):
                await record(store, UserRemoved(portion[-1]))
        return found

    assert play(scenario) == users
