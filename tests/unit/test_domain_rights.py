"""Who may do what with which item: answers that are kept, and never out of date."""

import asyncio

import pytest

from keystead.domain import rights as engine
from keystead.domain.change import (
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.items import Spoken
from keystead.domain.model import ANONYMOUS, ItemRule, Scope
from keystead.domain.refusal import Reason
from keystead.domain.rights import Decision
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    EVERYBODY,
    GROUPS,
    GUESTS,
    NIGHT,
    STAFF,
    numbered,
    numbered_group,
)
from tests.conformance.stores import record
from tests.doubles import NOON
from tests.unit.asking import Desk
from tests.unit.people import reason_of

LAMP, LAMP_TOO = ItemRule("Hall.Lamp"), ItemRule("Hall.Lamp", may_write=True)
DOOR = ItemRule("Door", may_write=True)
HALL = ItemRule("Hall", is_prefix=True)


@pytest.fixture
def plant():
    """Give Bob, staff with a rule on the hall, everybody with one on the door."""
    return Desk(
        *BOTH,
        *GROUPS,
        MembershipsChanged(BOB, (STAFF, GUESTS)),
        GroupItemsChanged(STAFF, (HALL,)),
        GroupItemsChanged(EVERYBODY, (ItemRule("Door"),)),
        UserItemsChanged(BOB, (LAMP_TOO,)),
    )


@pytest.mark.parametrize(
    ("item", "read", "write"),
    [
        ("Hall.Lamp", True, True),
        ("Hall.Clock", True, False),
        ("Hall", True, False),
        ("Door", True, False),
        ("Cellar", False, False),
        ("hall", False, False),
        ("", False, False),
    ],
)
def test_rights_are_ones_own_and_those_of_groups_and_of_everybody(plant, item, read, write):
    assert plant.may("Bob", item) is read
    assert plant.may("Bob", item, write=True) is write


def test_a_name_is_looked_up_as_it_is_for_signing_in(plant):
    assert plant.may("bob", "Hall.Lamp", write=True)
    assert plant.may("BOB", "Hall.Lamp", write=True)


def test_whoever_is_not_signed_in_may_what_everybody_may(plant):
    assert plant.may(ANONYMOUS, "Door")
    assert not plant.may(ANONYMOUS, "Door", write=True)
    assert not plant.may(ANONYMOUS, "Hall")
    assert plant.explain(ANONYMOUS, "Door") == Decision(
        allowed=True,
        is_admin=False,
        spoken=(Spoken(ItemRule("Door"), ANONYMOUS),),
    )


@pytest.mark.parametrize("name", ["nobody", "", "Anonymous", "Staff", "bob\0", "\ud800"])
def test_who_does_not_exist_may_nothing_and_cannot_be_explained(plant, name):
    assert not plant.may(name, "Door")
    assert asyncio.run(plant.rights.of(name)) is None
    assert reason_of(plant.rights.explain(name, "Door")) is Reason.NO_SUCH_USER


def test_an_administrator_may_everything_and_the_rules_speak_nevertheless(plant):
    assert plant.may("Ann", "Cellar", write=True)
    assert plant.explain("Ann", "Cellar", write=True) == Decision(
        allowed=True, is_admin=True, spoken=()
    )
    assert [each.source for each in plant.explain("Ann", "Door").spoken] == [ANONYMOUS]


def test_a_group_can_complete_what_makes_an_administrator(plant):
    plant.put(UserChanged(BOB._replace(scopes=Scope.ADMIN & ~Scope.DIAG)))
    assert not plant.may("Bob", "Cellar")
    plant.put(GroupChanged(GUESTS._replace(rights=Scope.DIAG)))
    assert plant.may("Bob", "Cellar", write=True)


def test_an_explanation_lists_all_who_spoke_the_most_specific_first(plant):
    plant.put(GroupItemsChanged(EVERYBODY, (LAMP,)))
    assert plant.explain("Bob", "Hall.Lamp", write=True) == Decision(
        allowed=True,
        is_admin=False,
        spoken=(Spoken(LAMP_TOO, None), Spoken(LAMP, ANONYMOUS), Spoken(HALL, STAFF.name)),
    )
    assert not plant.explain("Bob", "Hall", write=True).allowed


PROMOTED = BOB._replace(scopes=Scope.ADMIN)


@pytest.mark.parametrize(
    ("change", "item", "write", "before"),
    [
        (UserItemsChanged(BOB, ()), "Hall.Lamp", True, True),
        (UserItemsChanged(BOB, (DOOR,)), "Door", True, False),
        (UserChanged(PROMOTED), "Cellar", True, False),
        (UserRemoved(BOB), "Door", False, True),
        (MembershipsChanged(BOB, (GUESTS,)), "Hall", False, True),
        (GroupItemsChanged(STAFF, ()), "Hall", False, True),
        (GroupItemsChanged(GUESTS, (DOOR,)), "Door", True, False),
        (GroupItemsChanged(EVERYBODY, (DOOR,)), "Door", True, False),
        (GroupItemsChanged(EVERYBODY, ()), "Door", False, True),
        (GroupRemoved(STAFF), "Hall", False, True),
    ],
)
def test_a_change_is_in_the_next_answer(plant, change, item, write, before):
    assert plant.may("Bob", item, write=write) is before
    plant.put(change)
    assert plant.may("Bob", item, write=write) is not before


def test_of_two_accounts_of_one_name_the_one_that_is_there_counts(plant):
    assert plant.may("Bob", "Hall.Lamp", write=True)
    plant.put(UserRemoved(BOB), UserAdded(numbered(7)._replace(name="Bob"), None))
    assert not plant.may("Bob", "Hall.Lamp")
    assert plant.may("Bob", "Door")


@pytest.mark.parametrize(
    "change",
    [
        UserAdded(numbered(1), None),
        UserItemsChanged(ANN, (DOOR,)),
        UserRemoved(ANN),
        MembershipsChanged(ANN, (STAFF,)),
        GroupAdded(numbered_group(1)),
        GroupItemsChanged(NIGHT, (DOOR,)),
        GroupRemoved(NIGHT),
        PasswordChanged(BOB.id, "another hash"),
        PasswordRehashed(BOB.id, "a stronger hash"),
        TokenAdded(BROWSER, BROWSER_DIGEST),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_does_not_concern_somebody_lets_their_rules_be(plant, change):
    plant.may("Bob", "Door")
    plant.put(change)
    assert plant.may("Bob", "Door")
    assert plant.reader.reads == 1


def test_a_session_that_goes_on_or_ends_lets_rules_be(plant):
    plant.put(TokenAdded(BROWSER, BROWSER_DIGEST))
    plant.may("Ann", "Door")
    plant.put(TokenExtended(ANN.id, BROWSER.id, NOON), TokenRemoved(ANN.id, BROWSER.id))
    assert plant.may("Ann", "Door")
    assert plant.reader.reads == 1


def test_rules_are_merged_once_for_all_who_ask_at_the_same_time(plant):
    asyncio.run(plant.together("Bob", "Bob", "Bob"))
    assert plant.reader.reads == 1


def test_askers_who_meet_a_change_have_the_new_answer_and_all_come_to_an_end(plant):
    plant.meanwhile = [UserItemsChanged(BOB, ()), GroupItemsChanged(EVERYBODY, ())]
    asyncio.run(plant.together("Bob", "Bob", "Bob"))
    assert not plant.may("Bob", "Door")
    assert plant.reader.reads <= 6


def test_rules_that_change_while_they_are_merged_are_merged_anew(plant, monkeypatch):
    monkeypatch.setattr(engine, "PORTION", 2)
    rules = [(DOOR, *(ItemRule(f"{n}.{m}") for m in range(7))) for n in range(20)]
    plant.meanwhile = [UserItemsChanged(BOB, each) for each in (*rules, (LAMP,))]
    asyncio.run(plant.together("Bob", "bob"))
    assert not plant.may("Bob", "Door", write=True)
    assert plant.may("Bob", "Hall.Lamp")


def test_somebody_who_goes_while_rules_are_merged_may_nothing(plant):
    plant.meanwhile = [UserRemoved(BOB)]
    assert asyncio.run(plant.together("Bob", "Bob")) == [None, None]
    assert plant.rights._entries == {}


def test_a_group_that_goes_while_rules_are_merged_gives_nothing(plant):
    plant.meanwhile = [GroupRemoved(STAFF), GroupRemoved(GUESTS)]
    asyncio.run(plant.together("Bob"))
    assert not plant.may("Bob", "Hall")
    assert plant.may("Bob", "Hall.Lamp")


def test_a_change_between_two_reads_is_noticed(plant):
    groups_of = plant.reader.groups_of

    async def slow(user_id):
        groups = await groups_of(user_id)
        plant.reader.groups_of = groups_of
        await record(plant.store, MembershipsChanged(BOB, ()))
        return groups

    plant.reader.groups_of = slow
    assert not plant.may("Bob", "Hall")


def test_askers_whose_reads_take_a_while_merge_once(plant):
    user_named = plant.reader.user_named

    async def slow(name):
        await asyncio.sleep(0)
        return await user_named(name)

    plant.reader.user_named = slow
    asyncio.run(plant.together("Bob", "Bob"))
    assert plant.reader.reads == 1


@pytest.mark.clause("OWASP ASVS 5.0 16.5.3")
def test_a_merge_that_fails_leaves_nothing_and_the_next_asker_is_answered(plant):
    plant.reader.failures = [OSError("the disk is gone")]

    async def asked():
        return await asyncio.gather(
            *(plant.rights.may("Bob", "Door") for _ in range(3)), return_exceptions=True
        )

    failed, *answers = asyncio.run(asked())
    assert isinstance(failed, OSError)
    assert answers == [True, True]


def test_a_merge_that_fails_after_a_change_leaves_the_newer_one(plant, monkeypatch):
    monkeypatch.setattr(engine, "PORTION", 1)
    plant.put(UserItemsChanged(BOB, (LAMP, HALL, DOOR)))

    async def scenario():
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(plant.rights.of("Bob"))
            await asyncio.sleep(0)
            await record(plant.store, UserItemsChanged(BOB, (LAMP,)))
            second = tasks.create_task(plant.rights.of("Bob"))
            await asyncio.sleep(0)
            first.cancel()
        return second.result()

    assert not asyncio.run(scenario()).decide("Door", write=True)
    assert plant.may("Bob", "Hall.Lamp")
    assert plant.reader.reads == 1


def test_only_so_many_are_remembered_and_the_oldest_are_forgotten(plant, monkeypatch):
    monkeypatch.setattr(engine, "MAX_REMEMBERED", 3)
    names = ["Bob", "bob", "BOB", "bOB", "boB"]
    for name in names:
        plant.may(name, "Door")
    assert list(plant.rights._entries) == names[-3:]
    plant.reader.reads = 0
    for name in reversed(names):
        plant.may(name, "Door")
    assert plant.reader.reads == 2


def test_only_so_many_rules_are_remembered_but_always_the_last_ones(plant, monkeypatch):
    monkeypatch.setattr(engine, "MAX_RULES", 4)
    kept = []
    for name in ("Bob", ANONYMOUS, "Ann", "bob"):  # have 3, 1, 1 and 3
        plant.may(name, "Door")
        kept.append(list(plant.rights._entries))
    assert kept == [["Bob"], ["Bob", ANONYMOUS], [ANONYMOUS, "Ann"], ["Ann", "bob"]]
    plant.put(UserItemsChanged(BOB, (LAMP, DOOR, HALL)))
    plant.may("Bob", "Door")
    assert list(plant.rights._entries) == ["Bob"]


def test_merges_under_way_are_not_forgotten(plant, monkeypatch):
    monkeypatch.setattr(engine, "MAX_REMEMBERED", 1)
    asyncio.run(plant.together("Bob", "Ann", ANONYMOUS, "bob", "Bob"))
    assert len(plant.rights._entries) == 1


def test_nothing_is_remembered_of_those_who_do_not_exist(plant):
    for number in range(300):
        assert not plant.may(f"nobody {number}", "Door")
    assert plant.rights._entries == {}
