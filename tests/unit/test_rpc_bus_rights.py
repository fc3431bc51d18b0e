"""The bus: what is held by everybody who is signed in, and by those who are not, as of now."""

import pytest

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
from keystead.domain.model import Scope, Token
from keystead.rpc.bus import NO_RIGHTS, Bus, Live
from tests.conformance.samples import EVERYBODY, GUESTS, NIGHT, RULES, STAFF
from tests.doubles import NOON, directory
from tests.unit.on_the_bus import (
    ANN,
    BOB,
    BOBS,
    CID,
    CIDS,
    PHONE,
    TABLET,
    Listener,
    publish,
)

KEPT = {"Users/AccessRights": b"{}"}
STRONGER = STAFF._replace(rights=Scope.USER_EDIT)
OPENED = EVERYBODY._replace(rights=Scope.EDITOR)


class House:
    """Ann twice and Bob as members of the staff, Cid as nobody's, and two who are anonymous."""

    def __init__(self):
        home = directory()
        self.bus = Bus(home.store.reader, home.clock, ever_had_account=True)
        self.ann, self.also_ann, self.bob, self.cid, self.one, self.other = self.everybody = [
            Listener(self.bus) for _ in range(6)
        ]
        self.of_ann = self.ann.sign_in(ANN, TABLET, STAFF)
        self.also_ann.sign_in(ANN, PHONE, STAFF)
        self.of_bob = self.bob.sign_in(BOB, BOBS, NIGHT, STAFF)
        self.of_cid = self.cid.sign_in(CID, CIDS)
        self.of_nobody = self.one.stay_anonymous()
        self.other.stay_anonymous()
        self.lives: list[Live] = [self.of_ann, self.of_bob, self.of_cid, self.of_nobody]
        for live in self.lives:
            live.kept = dict(KEPT)

    def told(self):
        """Give those who were told that their rights have changed, each once."""
        assert all(len(session.heard) <= 1 for session in self.everybody)
        return [session for session in self.everybody if session.heard]

    def forgotten(self):
        """Give those whose kept replies were dropped."""
        assert all(live.kept in ({}, KEPT) for live in self.lives)
        return [live for live in self.lives if not live.kept]


@pytest.fixture
def house():
    return House()


# --- what is held ---------------------------------------------------------------------------


def test_who_is_signed_in_holds_their_own_scopes_and_those_of_their_groups(house):
    assert house.of_bob.scopes == BOB.scopes | NIGHT.rights | STAFF.rights
    assert house.of_bob.groups == (NIGHT, STAFF)
    assert house.of_cid.scopes == CID.scopes


@pytest.mark.parametrize(
    ("change", "scopes"),
    [
        (UserChanged(BOB._replace(scopes=Scope.USER_EDIT)), Scope.USER_EDIT | NIGHT.rights),
        (MembershipsChanged(BOB, (STRONGER,)), Scope.USER_EDIT),
        (MembershipsChanged(BOB, ()), Scope.NONE),
        (GroupChanged(STRONGER), Scope.USER_EDIT | NIGHT.rights),
        (GroupChanged(NIGHT._replace(rights=Scope.NONE)), Scope.EDITOR),
        (GroupRemoved(NIGHT), STAFF.rights),
        (GroupRemoved(STAFF), NIGHT.rights),
    ],
)
def test_what_is_held_is_as_of_now_when_the_session_is_told(house, change, scopes):
    publish(house.bus, change)
    assert house.of_bob.scopes == scopes
    assert house.bob.heard == [scopes]


def test_changed_groups_stay_in_their_order(house):
    publish(house.bus, GroupChanged(NIGHT._replace(rights=Scope.USER_EDIT)))
    assert house.of_bob.groups == (NIGHT._replace(rights=Scope.USER_EDIT), STAFF)
    publish(house.bus, MembershipsChanged(BOB, (GUESTS, STAFF, NIGHT)))
    assert house.of_bob.groups == (GUESTS, STAFF, NIGHT)
    publish(house.bus, GroupRemoved(STAFF))
    assert house.of_bob.groups == (GUESTS, NIGHT)


def test_a_user_who_changes_keeps_the_groups(house):
    publish(house.bus, UserChanged(BOB._replace(scopes=Scope.USER_EDIT)))
    assert house.of_bob.groups == (NIGHT, STAFF)


def test_whoever_signs_in_later_shares_what_is_held_now(house):
    publish(house.bus, GroupChanged(STRONGER))
    late = Listener(house.bus)
    assert late.sign_in(BOB, BOBS, NIGHT, STAFF) is house.of_bob
    assert house.of_bob.groups == (NIGHT, STRONGER)


# --- who is told ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        UserChanged(ANN._replace(scopes=Scope.NONE)),
        MembershipsChanged(ANN, (STAFF, NIGHT)),
        MembershipsChanged(ANN, ()),
        UserItemsChanged(ANN, RULES),
        UserItemsChanged(ANN, ()),
    ],
)
def test_other_rights_of_a_user_are_told_to_all_sessions_of_that_user(house, change):
    publish(house.bus, change)
    assert house.told() == [house.ann, house.also_ann]
    assert house.forgotten() == [house.of_ann]


@pytest.mark.parametrize(
    "change",
    [GroupChanged(STRONGER), GroupItemsChanged(STAFF, RULES), GroupRemoved(STAFF)],
)
def test_other_rights_of_a_group_are_told_to_all_sessions_of_all_members(house, change):
    publish(house.bus, change)
    assert house.told() == [house.ann, house.also_ann, house.bob]
    assert house.forgotten() == [house.of_ann, house.of_bob]


def test_a_group_that_some_are_in_is_told_to_them_alone(house):
    publish(house.bus, GroupChanged(NIGHT._replace(rights=Scope.NONE)))
    assert house.told() == [house.bob]
    assert house.forgotten() == [house.of_bob]


@pytest.mark.parametrize("change", [GroupChanged(OPENED), GroupItemsChanged(EVERYBODY, RULES)])
def test_what_everybody_may_do_is_told_to_all(house, change):
    publish(house.bus, change)
    assert house.told() == house.everybody
    assert house.forgotten() == house.lives


@pytest.mark.parametrize(
    "user", [ANN._replace(display_name="Ann A."), ANN._replace(email="new"), ANN]
)
def test_other_names_are_no_other_rights_but_what_was_kept_is_dropped(house, user):
    publish(house.bus, UserChanged(user))
    assert house.told() == []
    assert house.forgotten() == [house.of_ann]
    assert house.of_ann.user == user


@pytest.mark.parametrize(
    "change",
    [
        UserAdded(ANN, "hash"),
        PasswordChanged(ANN.id, "hash"),
        PasswordRehashed(ANN.id, "hash"),
        TokenAdded(Token(CIDS, ANN.id, "phone", NOON), b"d" * 32),
        TokenExtended(ANN.id, TABLET, NOON),
        TokenRemoved(ANN.id, CIDS),
        GroupAdded(GUESTS),
        GroupChanged(GUESTS),
        GroupItemsChanged(GUESTS, RULES),
        GroupRemoved(GUESTS),
    ],
)
def test_what_is_about_no_rights_of_anybody_here_is_told_to_nobody(house, change):
    publish(house.bus, change)
    assert house.told() == []
    assert house.forgotten() == []
    assert [session.revoked for session in house.everybody] == [0] * 6


def test_many_changes_of_one_commit_are_told_once_when_all_are_known(house):
    told = []
    house.bus.join(lambda _: told.append([len(session.heard) for session in house.everybody]))
    bob = BOB._replace(scopes=Scope.CONTROL_THINGS)
    publish(
        house.bus,
        UserChanged(bob),
        MembershipsChanged(bob, (STAFF,)),
        GroupChanged(STRONGER),
        UserItemsChanged(bob, RULES),
    )
    assert house.bob.heard == [Scope.CONTROL_THINGS | Scope.USER_EDIT]
    assert told == [[1, 1, 1, 0, 0, 0]]


def test_who_is_signed_out_in_the_same_commit_is_not_told_of_rights(house):
    publish(house.bus, UserItemsChanged(ANN, RULES), TokenRemoved(ANN.id, TABLET))
    assert house.told() == [house.also_ann]
    assert house.ann.revoked == 1
    publish(house.bus, MembershipsChanged(BOB, ()), UserRemoved(BOB))
    assert (house.bob.revoked, house.bob.heard) == (1, [])


# --- whoever is not signed in ---------------------------------------------------------------


def test_what_everybody_may_do_is_known_from_the_start():
    home = directory()
    bus = Bus(home.store.reader, home.clock, ever_had_account=True, anonymous=OPENED)
    assert bus.anonymous.group == OPENED
    assert Listener(bus).sign_in(ANN, TABLET).scopes == ANN.scopes


def test_without_a_word_everybody_may_do_nothing(house):
    assert house.of_nobody.group == NO_RIGHTS == EVERYBODY


def test_what_everybody_may_do_is_as_of_now_when_they_are_told(house):
    publish(house.bus, GroupChanged(OPENED), GroupItemsChanged(OPENED, RULES))
    assert house.bus.anonymous.group == OPENED
    assert house.one.heard == house.other.heard == [Scope.EDITOR]


def test_what_everybody_may_do_is_no_right_of_an_account(house):
    publish(house.bus, GroupChanged(OPENED))
    assert house.of_cid.scopes == CID.scopes
    assert house.of_cid.groups == ()


def test_rules_for_everybody_leave_the_rights_as_they_are(house):
    publish(house.bus, GroupChanged(OPENED))
    publish(house.bus, GroupItemsChanged(OPENED, ()))
    assert house.bus.anonymous.group == OPENED


def test_if_there_were_no_group_of_everybody_they_might_do_nothing(house):
    publish(house.bus, GroupChanged(OPENED), GroupRemoved(OPENED))
    assert house.bus.anonymous.group == NO_RIGHTS
    assert house.told() == house.everybody


# --- who leaves -----------------------------------------------------------------------------


def test_who_has_left_hears_nothing_more_and_nothing_is_kept_of_them(house):
    for session in house.everybody:
        session.sign_out()
    publish(house.bus, GroupChanged(STRONGER), GroupChanged(OPENED), GroupRemoved(NIGHT))
    publish(house.bus, MembershipsChanged(ANN, ()), UserRemoved(ANN))
    assert house.told() == []
    assert house.bus._users == {}
    assert house.of_nobody.sessions == set()


def test_whoever_comes_when_all_have_left_is_known_as_they_come(house):
    house.bob.sign_out()
    live = house.bob.sign_in(BOB, BOBS, GUESTS)
    assert live is not house.of_bob
    assert (live.groups, live.kept) == ((GUESTS,), {})
    publish(house.bus, GroupChanged(STRONGER))
    assert house.bob.heard == []


def test_one_of_several_sessions_leaves_the_others_where_they_are(house):
    house.ann.sign_out()
    house.one.sign_out()
    publish(house.bus, GroupChanged(STRONGER), GroupChanged(OPENED))
    assert house.told() == [house.also_ann, house.bob, house.cid, house.other]


def test_sessions_of_a_user_can_be_found(house):
    assert set(house.bus.sessions_of(ANN.id)) == {house.ann, house.also_ann}
    house.ann.sign_out()
    assert house.bus.sessions_of(ANN.id) == (house.also_ann,)
    house.also_ann.sign_out()
    assert house.bus.sessions_of(ANN.id) == ()


def test_who_signs_in_as_another_hears_of_that_one_only(house):
    house.ann.sign_out()
    house.ann.sign_in(CID, CIDS)
    publish(house.bus, UserItemsChanged(ANN, RULES))
    assert house.told() == [house.also_ann]
    publish(house.bus, UserItemsChanged(CID, RULES))
    assert house.told() == [house.ann, house.also_ann, house.cid]


@pytest.mark.parametrize("change", [UserRemoved(ANN), TokenRemoved(ANN.id, TABLET)])
def test_who_is_signed_out_may_stay_as_anybody_and_hears_of_that_later(house, change):
    def become_anonymous():
        house.ann.sign_out()
        house.ann.stay_anonymous()

    house.ann.revoke = become_anonymous
    publish(house.bus, change)
    assert house.ann.heard == []
    publish(house.bus, GroupChanged(OPENED))
    assert house.ann.heard == [Scope.EDITOR]
