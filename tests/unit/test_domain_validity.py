"""Accounts that are switched off, have not begun or have ended."""

import asyncio
from datetime import timedelta

import pytest

from keystead.domain.accounts import set_validity
from keystead.domain.change import (
    GroupItemsChanged,
    MembershipsChanged,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
)
from keystead.domain.model import ALWAYS, OWNER, ItemRule, Scope, Validity
from keystead.domain.refusal import Reason
from keystead.domain.sessions import open_session
from keystead.domain.sign_in import sign_in
from tests.conformance.samples import BOB, EVERYBODY, GROUPS, STAFF
from tests.doubles import NOON, PASSWORD
from tests.unit.asking import Desk
from tests.unit.people import opened, reason_of
from tests.unit.plant import EDITOR, Plant

DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)
OFF = Validity(enabled=False)


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def root(plant):
    return plant.person("root", Scope.ADMIN)


@pytest.fixture
def ann(plant):
    return plant.person("ann", Scope.CONTROL_THINGS)


def setting(plant, actor, name, validity):
    return set_validity(plant.directory, actor, name, validity)


# --- when it holds --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("validity", "holds"),
    [
        (ALWAYS, [True, True, True]),
        (OFF, [False, False, False]),
        (Validity(since=NOON), [False, True, True]),
        (Validity(until=NOON), [True, False, False]),
        (Validity(since=NOON, until=NOON + MOMENT), [False, True, False]),
        (Validity(enabled=False, since=NOON), [False, False, False]),
    ],
)
def test_an_account_opens_something_from_its_first_moment_until_before_its_last(
    validity, holds
):
    assert [validity.holds(NOON + n * MOMENT) for n in (-1, 0, 1)] == holds


# --- set ------------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
@pytest.mark.parametrize(
    "validity",
    [
        OFF,
        Validity(since=NOON + DAY),
        Validity(until=NOON),
        Validity(since=NOON - DAY, until=NOON),
    ],
)
def test_an_account_that_is_not_valid_opens_nothing_until_it_is_again(
    plant, root, ann, validity
):
    after = plant.do(setting(plant, root, "ANN", validity))
    assert after == ann.user._replace(validity=validity)
    assert plant.changes() == [UserChanged(after)]
    assert plant.do(opened(plant.directory, "secret of ann")) is None
    for entering in (sign_in, open_session):
        asked = entering(plant.directory, "ann", PASSWORD, "tablet")
        assert reason_of(asked) is Reason.SIGN_IN_FAILED
    plant.do(setting(plant, root, "ann", ALWAYS))
    assert plant.do(opened(plant.directory, "secret of ann")) == ann


def test_what_stays_as_it_is_is_no_change(plant, root, ann):
    assert plant.do(setting(plant, root, "ann", ALWAYS)) == ann.user
    assert plant.changes() == []


@pytest.mark.parametrize("length", [timedelta(), -MOMENT])
def test_an_account_cannot_end_before_or_when_it_begins(plant, root, ann, length):
    asked = setting(plant, root, "ann", Validity(since=NOON, until=NOON + length))
    assert plant.refusal(asked) is Reason.NOT_YET_VALID


def test_whoever_is_out_cannot_let_themselves_in(plant, root):
    editor = plant.person("editor", Scope.USER_EDIT)
    plant.do(setting(plant, root, "editor", OFF))
    plant.commits.clear()
    assert plant.refusal(setting(plant, editor, "editor", ALWAYS)) is Reason.NOT_SIGNED_IN


def test_nobody_bars_their_own_account_but_may_bound_it(plant, root):
    editor = plant.person("editor", EDITOR)
    for barred in (OFF, Validity(since=NOON + MOMENT), Validity(until=NOON)):
        assert plant.refusal(setting(plant, editor, "editor", barred)) is Reason.OWN_ACCOUNT
    bounded = Validity(since=NOON, until=NOON + MOMENT)
    assert plant.do(setting(plant, editor, "editor", bounded)).validity == bounded


def test_nobody_bars_who_holds_more(plant, root, ann):
    editor = plant.person("editor", Scope.USER_EDIT | Scope.CONTROL_THINGS)
    assert plant.refusal(setting(plant, editor, "root", OFF)) is Reason.ESCALATION
    assert plant.refusal(setting(plant, ann, "root", OFF)) is Reason.FORBIDDEN
    assert plant.refusal(setting(plant, root, "nobody", OFF)) is Reason.NO_SUCH_USER
    plant.put(TokenRemoved(root.user.id, root.token_id))
    assert plant.refusal(setting(plant, root, "ann", OFF)) is Reason.NOT_SIGNED_IN


@pytest.mark.parametrize("by_group", [False, True])
@pytest.mark.parametrize(
    "validity", [OFF, Validity(until=NOON + DAY), Validity(since=NOON + DAY)]
)
def test_the_last_who_can_change_users_is_neither_barred_nor_bounded(plant, validity, by_group):
    group = plant.group("editors", Scope.USER_EDIT)
    own, groups = (Scope.NONE, [group]) if by_group else (Scope.USER_EDIT, [])
    plant.person("only", own, groups=groups)
    assert plant.refusal(setting(plant, OWNER, "only", validity)) is Reason.LAST_USER_EDITOR
    plant.person("another", Scope.USER_EDIT)
    assert plant.do(setting(plant, OWNER, "only", validity)).validity == validity


def test_somebody_who_is_barred_while_the_password_is_checked_does_not_get_in(plant, root, ann):
    async def bar():
        await setting(plant, OWNER, "ann", OFF)

    plant.hasher.meanwhile = bar
    asked = sign_in(plant.directory, "ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED
    assert len(plant.tokens(ann)) == 1


def test_somebody_who_is_barred_while_a_stronger_hash_is_made_does_not_get_in(plant, root, ann):
    async def bar():
        await setting(plant, OWNER, "ann", OFF)

    async def wait_for_the_hash():
        plant.hasher.meanwhile = bar

    plant.hasher.generation += 1
    plant.hasher.meanwhile = wait_for_the_hash
    asked = sign_in(plant.directory, "ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED
    assert len(plant.tokens(ann)) == 1


# --- rights on items ------------------------------------------------------------------------

ITEM = ItemRule("Hall.Lamp", may_write=True)


def desk_with(validity):
    """Give rights of Bob, who has a rule of his own, one of a group and one of everybody."""
    return Desk(
        UserAdded(BOB._replace(validity=validity), None),
        *GROUPS,
        MembershipsChanged(BOB, (STAFF,)),
        UserItemsChanged(BOB, (ITEM,)),
        GroupItemsChanged(STAFF, (ITEM,)),
        GroupItemsChanged(EVERYBODY, (ItemRule("Door"),)),
    )


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
def test_an_account_that_is_not_valid_may_do_nothing_and_it_is_said_why():
    desk = desk_with(OFF)
    assert not desk.may("bob", "Hall.Lamp")
    assert not desk.may("bob", "Door")
    assert desk.may("anonymous", "Door")
    decision = desk.explain("bob", "Hall.Lamp", write=True)
    assert (decision.allowed, decision.is_valid) == (False, False)
    assert [spoken.rule for spoken in decision.spoken] == [ITEM, ITEM]


def test_an_administrator_who_is_not_valid_may_do_nothing():
    desk = Desk(UserAdded(BOB._replace(scopes=Scope.ADMIN, validity=OFF), None))
    assert not desk.may("bob", "Hall.Lamp")
    decision = desk.explain("bob", "Hall.Lamp")
    assert (decision.allowed, decision.is_admin, decision.is_valid) == (False, True, False)


@pytest.mark.parametrize(
    ("validity", "may"),
    [
        (Validity(since=NOON), [False, True]),
        (Validity(until=NOON), [True, False]),
    ],
)
def test_answers_that_are_kept_mind_the_moment_at_which_an_account_begins_or_ends(
    validity, may
):
    desk = desk_with(validity)
    answers = []
    for moment in (NOON - MOMENT, NOON):
        desk.rights._clock.now = moment
        answers.append((desk.may("bob", "Hall.Lamp"), desk.explain("bob", "Hall.Lamp").allowed))
    assert answers == [(allowed, allowed) for allowed in may]
    assert desk.reader.reads == 1


def test_an_account_that_is_switched_off_loses_its_answers_at_once():
    desk = desk_with(ALWAYS)
    assert desk.may("bob", "Hall.Lamp")
    desk.put(UserChanged(BOB._replace(validity=OFF)))
    assert not desk.may("bob", "Hall.Lamp")
    desk.put(UserChanged(BOB))
    assert desk.may("bob", "Hall.Lamp")


def test_an_account_that_is_switched_off_while_its_rules_are_merged_may_do_nothing():
    desk = desk_with(ALWAYS)
    desk.meanwhile = [UserChanged(BOB._replace(validity=OFF))]
    assert not asyncio.run(desk.rights.may("bob", "Hall.Lamp"))
