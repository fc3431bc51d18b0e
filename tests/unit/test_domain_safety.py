"""What no sequence of requests can do: gain rights, or leave nobody who can change users."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.accounts import (
    NewUser,
    change_own_password,
    create_user,
    remove_user,
    reset_password,
    set_details,
    set_scopes,
)
from keystead.domain.model import OWNER, Actor, Principal, Scope, ThingId, User, UserId
from keystead.domain.refusal import RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.sign_in import sign_in
from keystead.domain.tokens import remove_token
from tests.doubles import NOON, directory
from tests.unit.people import DOOR, LAMP, move_in, users_of

NEW_PASSWORD = "Battery-staple-2"
NAMES = ["ann", "bob", "carl", "dora"]
NOBODY = UserId(b"nobody")

Things = tuple[ThingId, ...]
THINGS = st.sampled_from([(), (LAMP,), (DOOR,), (LAMP, DOOR)])
EDITORS = st.sampled_from(
    [
        *(Scope.USER_EDIT, Scope.USER_EDIT | Scope.CONTROL_THINGS, Scope.ADMIN & ~Scope.DIAG),
        Scope.USER_EDIT | Scope.ACCESS_ALL_THINGS | Scope.CONFIGURE_THINGS,
    ]
)
SCOPES = st.sampled_from([*Scope, Scope.NONE, Scope.ADMIN & ~Scope.USER_EDIT]) | EDITORS


@dataclass(frozen=True)
class Ask:
    """One request: what, about whom, and by which of the accounts that may ask."""

    what: str
    name: str
    scopes: Scope
    things: Things
    keep: Scope
    by: int


OPERATIONS = [
    *("create", "set_scopes", "set_details", "change_password", "reset", "remove"),
    "remove_token",
]


def requests(names: list[str], operations: list[str]) -> st.SearchStrategy[Ask]:
    """Generate requests for one of *operations* about one of *names*."""
    return st.builds(
        Ask,
        st.sampled_from(operations),
        st.sampled_from(names),
        SCOPES,
        THINGS,
        st.sampled_from([Scope.NONE, TANI_RIGHTS]),
        st.integers(0, 5),
    )


PEOPLE = st.builds(
    lambda first, others: [first, *others],
    st.tuples(EDITORS, THINGS),
    st.lists(st.tuples(SCOPES, THINGS), min_size=1, max_size=len(NAMES) - 1),
)
SEQUENCES = st.lists(requests(NAMES, OPERATIONS), max_size=12)


class Town:
    """A directory, and the accounts that one person can act as: at first an editor's."""

    def __init__(self) -> None:
        self.directory = directory()
        self.mine: list[Actor] = []

    async def settle(self, people: list[tuple[Scope, Things]]) -> User:
        """Let *people* move in, and give the account that is mine."""
        for name, (scopes, things) in zip(NAMES, people, strict=False):
            principal = await move_in(self.directory, name, scopes, things)
            self.mine = self.mine or [principal]
            first = self.mine[0]
        assert isinstance(first, Principal)
        return first.user

    async def users(self) -> dict[UserId, User]:
        return {user.id: user for user in await users_of(self.directory)}

    async def my_users(self) -> list[User]:
        """Give the accounts that I can act as, as of now."""
        users = await self.users()
        ids = {actor.user.id for actor in self.mine if isinstance(actor, Principal)}
        return [user for user in users.values() if user.id in ids]

    async def try_to(self, ask: Ask) -> None:
        actor = self.mine[ask.by % len(self.mine)]
        try:
            await getattr(self, ask.what)(ask, actor)
        except RefusedError:
            return

    async def create(self, ask, actor):
        new = NewUser(ask.name, ask.scopes, things=ask.things)
        await create_user(self.directory, actor, new, NEW_PASSWORD)
        await self._sign_in(ask.name)

    async def set_scopes(self, ask, actor):
        await set_scopes(
            self.directory, actor, ask.name, ask.scopes, ask.things or None, keep=ask.keep
        )

    async def set_details(self, ask, actor):
        await set_details(self.directory, actor, ask.name, "changed", None)

    async def change_password(self, ask, actor):
        if isinstance(actor, Principal):
            await change_own_password(self.directory, actor, NEW_PASSWORD)

    async def reset(self, ask, actor):
        await reset_password(self.directory, actor, ask.name, NEW_PASSWORD)
        await self._sign_in(ask.name)

    async def remove(self, ask, actor):
        await remove_user(self.directory, actor, ask.name)

    async def remove_token(self, ask, actor):
        reader = self.directory.store.reader
        user = await reader.user_named(ask.name)
        for token in await reader.tokens_of(user.id if user else NOBODY):
            await remove_token(self.directory, actor, token.id)

    async def _sign_in(self, name):
        """Get into an account whose password I have just set."""
        signed_in = await sign_in(self.directory, name, NEW_PASSWORD, "device")
        self.mine.append(signed_in.principal)


@pytest.mark.clause("EN 18031-1 ACM-2")
@given(PEOPLE, SEQUENCES)
def test_nobody_gains_or_gives_a_scope_that_they_did_not_hold(people, asks):
    async def scenario():
        town = Town()
        me = await town.settle(people)
        before = await town.users()
        for ask in asks:
            await town.try_to(ask)
        for user_id, user in (await town.users()).items():
            had = before[user_id].scopes if user_id in before else Scope.NONE
            assert user.scopes & ~had in me.scopes
        assert all(user.scopes in me.scopes for user in await town.my_users())

    asyncio.run(scenario())


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
@given(PEOPLE, SEQUENCES)
def test_whoever_holds_more_is_out_of_reach(people, asks):
    async def seen(town, user_id):
        reader = town.directory.store.reader
        encoded, tokens = await reader.password_hash(user_id), await reader.tokens_of(user_id)
        return await reader.user(user_id), encoded, tokens

    async def scenario():
        town = Town()
        me = await town.settle(people)
        above = [user.id for user in (await town.users()).values() if user.scopes & ~me.scopes]
        before = [await seen(town, user_id) for user_id in above]
        for ask in asks:
            await town.try_to(ask)
        assert [await seen(town, user_id) for user_id in above] == before

    asyncio.run(scenario())


@given(PEOPLE, SEQUENCES)
@example(
    people=[(Scope.USER_EDIT, (LAMP,)), (Scope.NONE, (DOOR,))],
    asks=[Ask("reset", "bob", Scope.NONE, (), Scope.NONE, 0)],
)
def test_nobody_gets_at_a_thing_that_they_did_not_see(people, asks):
    async def scenario():
        town = Town()
        me = await town.settle(people)
        for ask in asks:
            await town.try_to(ask)
        seen = {thing for user in await town.my_users() for thing in user.things}
        assert Scope.ACCESS_ALL_THINGS in me.scopes or seen <= set(me.things)

    asyncio.run(scenario())


@given(
    st.lists(st.tuples(requests(NAMES[:2], OPERATIONS), st.booleans()), max_size=12),
)
def test_there_is_always_somebody_who_can_get_in_and_change_users(asks):
    async def scenario():
        town = Town()
        await town.settle([(Scope.ADMIN, ()), (Scope.NONE, ())])
        mine = town.mine
        for ask, as_owner in asks:
            town.mine = [OWNER] if as_owner else mine
            await town.try_to(ask)
            assert await town.directory.store.reader.has_user_editor(NOON)

    asyncio.run(scenario())
