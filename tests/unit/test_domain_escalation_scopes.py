"""Which scopes and things somebody may give, and whose account they may touch for them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import UserAdded
from keystead.domain.escalation import Holding, check_may_give, check_may_touch
from keystead.domain.model import OWNER, Group, GroupId, Principal, Scope, TokenId, User, UserId
from keystead.domain.refusal import Reason, RefusedError
from keystead.store.memory import MemoryStore
from tests.doubles import SettableClock
from tests.unit.people import DOOR, HEATING, LAMP

ANY_SCOPES = st.integers(0, 0xFFFF).map(Scope) | st.sampled_from(Scope)


def user(scopes, things=()):
    return User(UserId(b"u" * 16), "somebody", scopes, things=things)


def actor(scopes, things=(), by_group=Scope.NONE):
    groups = (Group(GroupId(b"g" * 16), "some", by_group),) if by_group else ()
    return Principal(user(scopes, things), TokenId(LAMP), groups)


def objection(check, somebody, what):
    """Give the reason why *somebody* may not give *what*, or touch it if it is an account."""

    async def operation(tx):
        if isinstance(what, User):
            await tx.record(UserAdded(what, None))
        await check(tx, somebody, what)

    try:
        asyncio.run(MemoryStore(SettableClock()).write(operation))
    except RefusedError as refused:
        return refused.reason
    return None


def may_give(somebody, scopes, things=()):
    reason = objection(check_may_give, somebody, Holding(scopes, tuple(things)))
    assert reason in {None, Reason.ESCALATION}
    return reason is None


def may_touch(somebody, whom):
    reason = objection(check_may_touch, somebody, whom)
    assert reason in {None, Reason.ESCALATION}
    return reason is None


@pytest.mark.parametrize("scopes", Scope)
def test_nobody_gives_what_they_do_not_hold(scopes):
    held = Scope.USER_EDIT | Scope.CONTROL_THINGS
    assert may_give(actor(held), scopes) is (scopes in held)


@given(ANY_SCOPES, ANY_SCOPES, ANY_SCOPES)
def test_scopes_are_given_and_touched_within_what_is_held_on_any_way(own, by_group, wanted):
    somebody = actor(own, by_group=by_group)
    assert may_give(somebody, wanted) is (wanted in own | by_group)
    assert may_touch(somebody, user(wanted)) is (wanted in own | by_group)


def test_who_sees_all_things_gives_any():
    assert may_give(actor(Scope.ACCESS_ALL_THINGS), Scope.NONE, [LAMP, DOOR])


def test_who_sees_single_things_gives_those_only():
    somebody = actor(Scope.USER_EDIT, (LAMP, HEATING))
    assert may_give(somebody, Scope.NONE, [HEATING, LAMP, LAMP])
    assert not may_give(somebody, Scope.NONE, [LAMP, DOOR])


def test_an_account_that_sees_a_thing_they_do_not_see_is_out_of_reach():
    somebody = actor(Scope.USER_EDIT, (LAMP,))
    assert not may_touch(somebody, user(Scope.NONE, (DOOR,)))
    assert may_touch(somebody, user(Scope.NONE, (LAMP,)))


@given(ANY_SCOPES)
def test_the_owner_and_administrators_give_and_touch_everything(wanted):
    for somebody in (OWNER, actor(Scope.ADMIN), actor(Scope.NONE, by_group=Scope.ADMIN)):
        assert may_give(somebody, wanted, [LAMP, DOOR])
        assert may_touch(somebody, user(wanted, (LAMP, DOOR)))
