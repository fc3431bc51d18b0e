"""What others do reaches every connection at once: rights, kept replies, events."""

import pytest

from keystead.domain.change import (
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import ANONYMOUS, ANONYMOUS_ID, Group, Scope
from keystead.tani.errors import Status
from tests.tani_box import EVERYTHING, NOBODY, Box

CHANGED = "AccessRightsChanged"
ANN = {"Username": "ann", "Groups": ["crew"], "UserEdit": False, "Editor": True, "Diag": False}
EVERYBODY = Group(ANONYMOUS_ID, ANONYMOUS, Scope.DIAG)


class House:
    """A box where ann of the crew, bob and nobody have one connection each."""

    def __init__(self):
        self.box = Box()
        self.crew = self.box.group("crew", Scope.EDITOR)
        self.guests = self.box.group("guests", Scope.DIAG)
        self.ann = self.box.user_line("ann", groups=[self.crew])
        self.bob = self.box.user_line("bob")
        self.nobody = self.box.connect()
        self.admin = self.box.user_line("olga", Scope.ADMIN)
        self.user = self.box.user("ann")

    def listen(self, *events):
        for line in (self.ann, self.bob, self.nobody, self.admin):
            line.subscribe(*events)

    def told(self):
        """Give the events since last asked, by whose connection it is."""
        lines = {"ann": self.ann, "bob": self.bob, "nobody": self.nobody, "olga": self.admin}
        return {name: events for name, line in lines.items() if (events := line.events())}


@pytest.fixture
def house():
    return House()


def changes_of(house):
    """Give changes with what ann may do after each, and who else is concerned."""
    user, crew, guests = house.user, house.crew, house.guests
    editor = user._replace(scopes=Scope.USER_EDIT)
    diag = crew._replace(rights=Scope.DIAG)
    both = ANN | {"Groups": ["guests", "crew"], "Diag": True}
    everybody = ["ann", "bob", "nobody", "olga"]
    without = ANN | {"Groups": [], "Editor": False}
    return {
        "user": ([UserChanged(editor)], ANN | {"UserEdit": True}, ["ann"]),
        "same rights": ([UserChanged(user._replace(email="x"))], ANN, []),
        "memberships": ([MembershipsChanged(user, (guests, crew))], both, ["ann"]),
        "items": ([UserItemsChanged(user, (EVERYTHING,))], ANN, ["ann"]),
        "group": ([GroupChanged(diag)], ANN | {"Editor": False, "Diag": True}, ["ann"]),
        "group items": ([GroupItemsChanged(crew, (EVERYTHING,))], ANN, ["ann"]),
        "group removed": ([GroupRemoved(crew)], without, ["ann"]),
        "other group": ([GroupChanged(guests), GroupRemoved(guests)], ANN, []),
        "everybody": ([GroupChanged(EVERYBODY)], ANN | {"Diag": True}, everybody),
        "everybody's items": (
            [GroupItemsChanged(EVERYBODY, ())],
            ANN | {"Diag": True},
            everybody,
        ),
        "removed": ([UserRemoved(user)], NOBODY, ["ann"]),
        "password": ([PasswordChanged(user.id, "x"), PasswordRehashed(user.id, "y")], ANN, []),
        "much": (
            [UserChanged(editor), MembershipsChanged(editor, ()), UserItemsChanged(editor, ())],
            without | {"UserEdit": True},
            ["ann"],
        ),
    }


every_change = pytest.mark.parametrize("change", changes_of(House()))


@every_change
def test_a_kept_reply_is_right_after_every_change(house, change):
    changes, after, _ = changes_of(house)[change]
    other = house.box.connect()
    other.get("Users/ActivateSession", AuthKey=house.ann.key)
    everybody = NOBODY | {"Diag": "everybody" in change}
    for _ in range(2):
        assert [house.ann.who, other.who, house.nobody.who] == [ANN, ANN, NOBODY]
    house.box.put(*changes)
    for _ in range(2):
        assert [house.ann.who, other.who, house.nobody.who] == [after, after, everybody]


@every_change
def test_whoever_wants_to_know_is_told_of_their_rights_once(house, change):
    changes, after, concerned = changes_of(house)[change]
    house.listen(CHANGED)
    house.box.put(*changes)
    told = house.told()
    assert list(told) == concerned
    if "ann" in told:
        assert told["ann"] == [(CHANGED, after)]
    assert all(len(events) == 1 for events in told.values())


@every_change
def test_whoever_does_not_want_to_know_is_told_nothing(house, change):
    house.box.put(*changes_of(house)[change][0])
    assert house.told() == {}


def test_a_kept_reply_has_the_id_of_its_request_and_its_own_data(house):
    request = {"function": "Users/AccessRights", "status": 0, "data": ANN}
    for number in (1, "a", None, -1.5):
        assert house.ann.ask("Users/AccessRights", id=number) == request | {"id": number}
    assert house.ann.send(b'{"function":"Users/AccessRights"}') == [request]
    for data in ({"x": 1}, {}):
        assert house.ann.ask("Users/AccessRights", data)["data"] == ANN
    assert house.ann.ask("Users/AccessRights", [])["status"] == Status.BAD_REQUEST


def test_a_kept_reply_is_not_that_of_another_user(house):
    assert house.ann.who == ANN
    house.ann.login("bob")
    assert house.ann.who["Username"] == "bob"
    assert house.box.connect(authentication=False).who["UserEdit"] is True
    assert house.nobody.who == NOBODY


def test_a_change_is_in_force_before_its_response(house):
    house.ann.subscribe(CHANGED)
    house.admin.start("Users/Write", Username="ann", UserEdit=True)
    assert house.ann.events() == [(CHANGED, ANN | {"UserEdit": True})]
    assert house.ann.status("Users/List") is Status.OK
    assert house.admin.end()[-1]["status"] == Status.OK


@pytest.mark.clause("OWASP ASVS 5.0 8.3.1")
def test_rights_that_are_taken_away_are_gone_for_what_waits_already(house):
    house.admin.get("Users/Write", Username="ann", UserEdit=True)
    ann = house.ann
    ann.session.receive([ann.request("Users/List"), ann.request("Users/List")])
    ann.heed(ann.session.advance(1))
    house.admin.get("Users/Write", Username="ann", UserEdit=False)
    ann.work_off()
    assert [r["status"] for r in ann.read()] == [Status.OK, Status.NOT_PERMITTED]


# --- while a job is under way ---------------------------------------------------------------


def test_who_is_removed_while_writing_before_the_write_changes_nothing(house):
    editor = house.box.user_line("editor", Scope.ADMIN)
    editor.start("Users/Write", Username="new", Password="Another-horse-2")
    house.admin.get("Users/Delete", Username="editor")
    assert editor.end()[-1]["status"] == Status.NOT_PERMITTED
    assert editor.who == NOBODY
    assert len(house.admin.get("Users/List")["Results"]) == 3


def test_who_is_removed_after_the_write_gets_the_response(house):
    editor = house.box.user_line("editor", Scope.ADMIN)
    editor.start("Users/Write", Username="new")
    house.admin.get("Users/Delete", Username="editor")
    assert editor.end()[-1]["status"] == Status.OK
    assert editor.who == NOBODY


def test_who_is_demoted_while_writing_is_not_permitted(house):
    editor = house.box.user_line("editor", Scope.USER_EDIT)
    editor.start("Users/Write", Username="new", Password="Another-horse-2")
    house.admin.get("Users/Write", Username="editor", UserEdit=False)
    assert editor.end()[-1]["status"] == Status.NOT_PERMITTED


def test_who_is_removed_while_reading_a_list_gets_the_rest_and_is_nobody(house):
    editor = house.box.user_line("editor", Scope.USER_EDIT)
    editor.subscribe(CHANGED)
    editor.start("Users/List")
    house.admin.get("Users/Delete", Username="editor")
    response, event = editor.end()
    assert response["status"] == Status.OK
    assert (event["event"], event["data"]) == (CHANGED, NOBODY)
    assert editor.status("Users/List") is Status.NOT_PERMITTED


# --- events ---------------------------------------------------------------------------------


def test_nobody_is_told_anything_they_have_not_asked_for(house):
    house.admin.get("Users/Write", Username="ann", Diag=True)
    assert house.told() == {}
    assert house.box.face.subscribers == {}


def test_who_was_written_or_deleted_is_told_to_whoever_may_change_users(house):
    house.listen("UsersChanged")
    house.admin.get("Users/Write", Username="new", Diag=True, Groups=["crew"])
    house.admin.get("Users/WriteGroup", Groupname="crew", Diag=True, Items=[])
    house.admin.get("Users/Delete", Username="new")
    house.admin.get("Users/DeleteGroup", Groupname="crew")
    said = [([data["Usernames"], data["Groupnames"]]) for _, data in house.admin.events()]
    assert said == [[["new"], []], [[], ["crew"]], [["new"], []], [[], ["crew"]]]
    assert house.told() == {}


def test_who_may_change_users_without_authentication_is_told_too(house):
    line = house.box.connect(authentication=False)
    line.subscribe("UsersChanged")
    house.admin.get("Users/Write", Username="new")
    assert line.events() == [("UsersChanged", {"Usernames": ["new"], "Groupnames": []})]


def test_a_change_of_many_is_told_once_with_each_name_once(house):
    house.admin.subscribe("UsersChanged")
    user, crew = house.user, house.crew
    house.box.put(
        UserItemsChanged(user, ()),
        GroupItemsChanged(crew, ()),
        UserChanged(user),
        GroupRemoved(crew),
    )
    told = {"Usernames": ["ann"], "Groupnames": ["crew"]}
    assert house.admin.events() == [("UsersChanged", told)]


def test_what_changes_no_list_is_told_to_nobody(house):
    house.listen("UsersChanged")
    house.ann.login("ann")
    house.box.wait(2 * 3600)
    assert house.ann.who == ANN  # which makes the session last longer
    house.ann.get("Users/Logout")
    house.box.put(PasswordChanged(house.user.id, "x"), PasswordRehashed(house.user.id, "y"))
    assert house.told() == {}


def test_the_right_to_be_told_is_that_of_the_moment(house):
    house.ann.subscribe("UsersChanged")
    house.admin.get("Users/Write", Username="ann", UserEdit=True)
    assert len(house.ann.events()) == 1
    house.admin.get("Users/Write", Username="ann", UserEdit=False)
    assert house.ann.events() == []


def test_subscribing_replaces_what_was_wanted_before(house):
    house.admin.subscribe("UsersChanged")
    house.admin.subscribe(CHANGED)
    house.admin.get("Users/Write", Username="olga", Items=[{"Itemname": "A"}])
    assert [name for name, _ in house.admin.events()] == [CHANGED]
    house.admin.subscribe()
    house.admin.get("Users/Write", Username="olga", Items=[])
    assert house.admin.events() == []
    house.admin.subscribe(CHANGED, "UsersChanged", CHANGED)
    house.admin.get("Users/Write", Username="olga", Items=[{"Itemname": "A"}])
    assert [name for name, _ in house.admin.events()] == [CHANGED, "UsersChanged"]
    assert house.admin.read() == []


def test_what_somebody_wants_to_know_stays_when_they_sign_in_or_out(house):
    house.nobody.subscribe(CHANGED)
    house.nobody.login("ann")
    house.nobody.status("Users/Login", Username="ann")
    house.nobody.login("ann")
    assert house.nobody.events() == []  # that was all their own doing
    house.nobody.get("Users/Logout")
    assert house.nobody.events() == [(CHANGED, NOBODY)]
    assert house.ann.events() == []


def test_a_session_that_another_ends_is_told(house):
    house.ann.subscribe(CHANGED)
    house.bob.get("Users/Logout", AuthKey=house.ann.key)
    assert house.ann.events() == [(CHANGED, NOBODY)]
