"""Answers about rights are those of the present, whatever changed and whenever it did."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain import rights as engine
from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import ANONYMOUS, ANONYMOUS_ID, Group, ItemRule, Scope
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    EVERYBODY,
    GROUPS,
    GUESTS,
    NIGHT,
    STAFF,
)
from tests.conformance.stores import record
from tests.unit.asking import Desk

LAMP, LAMP_TOO = ItemRule("Hall.Lamp"), ItemRule("Hall.Lamp", may_write=True)
DOOR = ItemRule("Door", may_write=True)
HALL = ItemRule("Hall", is_prefix=True)
NAMES = ("Ann", "bob", "BOB", ANONYMOUS, "Anonymous", "nobody")

_users, _groups = st.sampled_from((ANN, BOB)), st.sampled_from((STAFF, NIGHT, GUESTS))
_rules = st.lists(st.sampled_from((LAMP, LAMP_TOO, DOOR, HALL)), unique=True).map(tuple)
_held = st.sampled_from((Scope.NONE, Scope.ADMIN, Scope.ADMIN & ~Scope.DIAG))
_given = st.sampled_from((Scope.NONE, Scope.DIAG))
_memberships = st.lists(_groups, unique=True, max_size=3).map(tuple)
CHANGES = st.one_of(
    st.builds(lambda user, held: UserChanged(user._replace(scopes=held)), _users, _held),
    st.builds(UserRemoved, _users),
    st.builds(UserAdded, _users, st.none()),
    st.builds(MembershipsChanged, _users, _memberships),
    st.builds(UserItemsChanged, _users, _rules),
    st.builds(GroupAdded, _groups),
    st.builds(lambda group, new: GroupChanged(group._replace(rights=new)), _groups, _given),
    st.builds(GroupItemsChanged, st.one_of(_groups, st.just(EVERYBODY)), _rules),
    st.builds(GroupRemoved, _groups),
)


class Possible:
    """Knows which changes can happen, whatever was drawn."""

    def __init__(self) -> None:
        self.here: dict[bytes, Any] = {one.id: one for one in (ANN, BOB, STAFF, NIGHT, GUESTS)}

    def of(self, changes: list[Change]) -> list[Change]:
        """Give those of *changes* that can happen one after the other."""
        return [fit for change in changes if (fit := self._fit(change))]

    def _fit(self, change: Change) -> Change | None:
        match change:
            case UserAdded(user=one) | GroupAdded(group=one) if one.id in self.here:
                return None
            case UserAdded(user=one) | GroupAdded(group=one):
                self.here[one.id] = one
                return change
            case MembershipsChanged(user=one, groups=groups) if one.id in self.here:
                return MembershipsChanged(one, tuple(g for g in groups if g.id in self.here))
            case UserRemoved(user=one) | GroupRemoved(group=one):
                return change if self.here.pop(one.id, None) else None
            case GroupItemsChanged(group=Group(id=known)) if known == ANONYMOUS_ID:
                return change
            case UserChanged(user=one) | UserItemsChanged(user=one):
                return change if one.id in self.here else None
            case GroupChanged(group=one) | GroupItemsChanged(group=one):
                return change if one.id in self.here else None
            case _:
                return None


@given(commits=st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=12))
def test_after_any_changes_answers_are_those_of_who_asks_for_the_first_time(commits):
    possible, desk = Possible(), Desk(*BOTH, *GROUPS)

    async def live():
        for changes in commits:
            for name in NAMES:
                await desk.checked(name)
            await record(desk.store, *possible.of(changes))
        await desk.together(*NAMES)

    asyncio.run(live())


@given(changes=st.lists(CHANGES, max_size=30), names=st.lists(st.sampled_from(NAMES)))
def test_changes_in_the_middle_of_a_merge_never_make_an_answer_untrue(changes, names):
    desk = Desk(*BOTH, *GROUPS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "PORTION", 1)
        desk.put(UserItemsChanged(BOB, (LAMP, DOOR)), GroupItemsChanged(EVERYBODY, (HALL,)))
        desk.meanwhile = Possible().of(changes)
        asyncio.run(desk.together(*names, *NAMES))
        asyncio.run(desk.together(*NAMES))
