"""Rights that change while a connection is open: in force at once, and told to who asked."""

import pytest

from tests.acceptance.box import ADMIN, CONTROL, PASSWORD, new_name
from tests.acceptance.client import Message
from tests.acceptance.tani_client import (
    DONE,
    EVERYTHING,
    FORBIDDEN,
    NO_RIGHTS,
    NOBODY,
    WRONG,
    Tani,
    TaniBox,
    rule,
)

RIGHTS_CHANGED, USERS_CHANGED = "AccessRightsChanged", "UsersChanged"
OTHER_PASSWORD = "Other7Sailing"


def rights_of(name: str, *groups: str, **rights: bool) -> Message:
    return {"Username": name, "Groups": list(groups)} | NO_RIGHTS | rights


# What everybody may


def test_the_rights_of_everybody_reach_every_connection(tani):
    anonymous, user = tani.anonymous(), tani.user(Editor=True)
    name = user.who
    admin = tani.admin()
    admin.do("Users/WriteGroup", Groupname="anonymous", Diag=True)
    assert anonymous.rights() == NOBODY | {"Diag": True}
    assert tani.anonymous().rights() == NOBODY | {"Diag": True}
    assert user.rights() == rights_of(name, Editor=True, Diag=True)
    assert admin.users()[name]["Diag"] is False, "it is not stored with the user"
    admin.do("Users/WriteGroup", Groupname="anonymous", Diag=False)
    assert anonymous.rights() == NOBODY
    assert user.rights() == rights_of(name, Editor=True)


def test_rights_are_those_of_the_account_its_groups_and_everybody(tani):
    first, second = tani.add_group(), tani.add_group(UserEdit=True)
    tani.add_group("anonymous", Editor=True)
    name = tani.add(Groups=[first, second], Diag=True)
    expected = rights_of(name, first, second, UserEdit=True, Editor=True, Diag=True)
    connection = tani.anonymous()
    answer = connection.get("Users/Login", Username=name, Password=PASSWORD)
    key = answer.pop("AuthKey")
    assert answer == expected
    assert tani.anonymous().activate(key) == expected
    assert connection.rights() == expected
    assert tani.admin().users()[name].items() >= {"UserEdit": False, "Editor": False}.items()


def test_signing_in_never_takes_away_what_everybody_may(tani):
    tani.add_group("anonymous", Editor=True, Diag=True)
    user = tani.user()
    assert user.rights() == rights_of(user.who, Editor=True, Diag=True)


# In force before the response


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
def test_a_change_is_in_force_before_its_response(tani):
    group = tani.add_group()
    name = tani.add(Groups=[group])
    user, admin = tani.signed_in(name), tani.admin()
    for flag in (True, False) * 10:
        admin.do("Users/WriteGroup", Groupname=group, UserEdit=flag)
        assert user.ask("Users/List")["status"] == (DONE if flag else FORBIDDEN)
    for flag in (True, False) * 10:
        admin.do("Users/Write", Username=name, UserEdit=flag)
        assert user.ask("Users/List")["status"] == (DONE if flag else FORBIDDEN)


def test_one_who_gives_up_a_right_has_lost_it_for_the_next_request(tani):
    editor = tani.user(UserEdit=True)
    name, victim = editor.who, new_name()
    wanted: list[tuple[str, Message]] = [
        ("Users/Write", {"Username": name, "UserEdit": False}),
        ("Users/Write", {"Username": victim}),
    ]
    for number, (function, data) in enumerate(wanted):
        editor.send({"function": function, "id": number, "data": data})
    assert [editor.response()["status"] for _ in wanted] == [DONE, FORBIDDEN]
    assert victim not in tani.admin().users()


# AccessRightsChanged


def told(connection: Tani, rights: Message) -> bool:
    """Tell that the next event says that the rights of *connection* are now *rights*."""
    assert connection.event() == {"event": RIGHTS_CHANGED, "data": rights}
    assert connection.rights() == rights
    assert connection.heard == []
    return True


def test_changed_rights_are_told_to_who_asked(tani):
    group, other = tani.add_group(), tani.add_group(Editor=True)
    user = tani.user(Groups=[group])
    name, quiet = user.who, tani.signed_in(user.who)
    user.subscribe(RIGHTS_CHANGED)
    admin = tani.admin()
    admin.do("Users/Write", Username=name, Diag=True)
    assert told(user, rights_of(name, group, Diag=True))
    admin.do("Users/WriteGroup", Groupname=group, UserEdit=True)
    assert told(user, rights_of(name, group, Diag=True, UserEdit=True))
    admin.do("Users/WriteGroup", Groupname="anonymous", Editor=True)
    assert told(user, rights_of(name, group, Diag=True, UserEdit=True, Editor=True))
    admin.do("Users/WriteGroup", Groupname="anonymous", Editor=False)
    assert told(user, rights_of(name, group, Diag=True, UserEdit=True))
    admin.do("Users/Write", Username=name, Groups=[other])
    assert told(user, rights_of(name, other, Diag=True, Editor=True))
    admin.do("Users/DeleteGroup", Groupname=other)
    assert told(user, rights_of(name, Diag=True))
    assert quiet.settle() == [], "others of the same user did not ask"


def test_changed_rights_on_items_are_told_too(tani):
    group = tani.add_group()
    user, anonymous = tani.user(Groups=[group]), tani.anonymous()
    name, admin = user.who, tani.admin()
    user.subscribe(RIGHTS_CHANGED)
    anonymous.subscribe(RIGHTS_CHANGED)
    admin.do("Users/Write", Username=name, Items=[rule("A")])
    assert told(user, rights_of(name, group))
    admin.do("Users/Write", Username=name, Items=[rule("A", write=True)])
    assert told(user, rights_of(name, group))
    admin.do("Users/WriteGroup", Groupname=group, Items=[rule("B", prefix=True)])
    assert told(user, rights_of(name, group))
    assert anonymous.settle() == []
    admin.do("Users/WriteGroup", Groupname="anonymous", Items=[EVERYTHING])
    assert told(user, rights_of(name, group))
    assert told(anonymous, NOBODY)


def test_nobody_is_told_of_changes_that_do_not_touch_their_rights(tani):
    group = tani.add_group(Editor=True)
    user = tani.user(Groups=[group], Diag=True)
    name, admin = user.who, tani.admin()
    anonymous = tani.anonymous()
    for connection in (user, anonymous):
        connection.subscribe(RIGHTS_CHANGED)
    other = tani.add(Groups=[group])
    admin.do("Users/Write", Username=other, UserEdit=True, Items=[EVERYTHING])
    admin.do("Users/Delete", Username=other)
    admin.do("Users/Write", Username=name, Diag=True, Groups=[group])
    admin.do("Users/WriteGroup", Groupname=tani.add_group(), UserEdit=True)
    assert user.settle() == []
    assert anonymous.settle() == []


def test_the_end_of_an_account_or_a_session_is_told(tani):
    admin = tani.admin()
    nymea = tani.nymea_admin()
    endings = {
        "deleted": lambda name: admin.do("Users/Delete", Username=name),
        "password": lambda name: admin.do(
            "Users/Write", Username=name, Password=OTHER_PASSWORD
        ),
        "nymea": lambda name: nymea.get("Users.RemoveUser", username=name),
        "token": lambda name: nymea.get(
            "Users.RemoveToken",
            tokenId=nymea.get("Users.GetUserTokens", username=name)["tokenInfoList"][0]["id"],
        ),
    }
    for ending in endings.values():
        user = tani.user(Editor=True)
        user.subscribe(RIGHTS_CHANGED)
        ending(user.who)
        assert told(user, NOBODY)


def test_a_session_ended_on_another_connection_is_told(tani):
    user = tani.user()
    same = tani.activated(user.key)
    same.subscribe(RIGHTS_CHANGED)
    user.do("Users/Logout")
    assert told(same, NOBODY)


def test_rights_changed_over_nymea_are_told(tani):
    user = tani.user()
    name, nymea = user.who, tani.nymea_admin()
    user.subscribe(RIGHTS_CHANGED)
    nymea.get("Users.SetUserScopes", username=name, scopes=[ADMIN])
    assert told(user, rights_of(name, UserEdit=True, Editor=True, Diag=True))
    nymea.get("Users.SetUserScopes", username=name, scopes=[CONTROL])
    assert told(user, rights_of(name))


def test_the_own_sign_in_is_no_event(tani):
    name = tani.add(Editor=True)
    key = tani.signed_in(name).key
    connection = tani.anonymous()
    connection.subscribe(RIGHTS_CHANGED)
    connection.sign_in(name)
    connection.activate(key)
    connection.status("Users/ActivateSession", AuthKey="x")
    connection.sign_in(name)
    assert connection.settle() == []


# UsersChanged


def changed(*, users: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Message:
    data = {"Usernames": list(users), "Groupnames": list(groups)}
    return {"event": USERS_CHANGED, "data": data}


@pytest.fixture
def editor(tani: TaniBox) -> Tani:
    """Somebody who may edit users and wants to hear of them."""
    connection = tani.user(UserEdit=True)
    connection.subscribe(USERS_CHANGED)
    return connection


def test_who_edits_users_hears_who_was_written_or_deleted(tani, editor):
    admin = tani.admin()
    name, group = new_name(), new_name("group")
    for function, event in (
        ("Users/Write", changed(users=(name,))),
        ("Users/WriteGroup", changed(groups=(group,))),
        ("Users/DeleteGroup", changed(groups=(group,))),
        ("Users/Delete", changed(users=(name,))),
    ):
        field = {"Groupname": group} if function.endswith("Group") else {"Username": name}
        admin.do(function, **field)
        assert editor.event() == event
    assert editor.settle() == []


def test_a_deleted_group_is_named_among_the_changes(tani, editor):
    group = tani.add_group()
    name = tani.add(Groups=[group])
    editor.settle()
    tani.admin().do("Users/DeleteGroup", Groupname=group)
    events = editor.settle()
    assert [event["event"] for event in events] == [USERS_CHANGED] * len(events)
    assert [group] in [event["data"]["Groupnames"] for event in events]
    named = {user for event in events for user in event["data"]["Usernames"]}
    assert named <= {name}


def test_who_edits_users_hears_of_changes_over_nymea(tani, editor):
    nymea, name = tani.nymea_admin(), new_name()
    nymea.get("Users.CreateUser", username=name, password=PASSWORD, scopes=[])
    assert editor.event() == changed(users=(name,))
    nymea.get("Users.SetUserScopes", username=name, scopes=[CONTROL])
    assert editor.event() == changed(users=(name,))
    nymea.get("Users.RemoveUser", username=name)
    assert editor.event() == changed(users=(name,))
    assert editor.settle() == []


def test_who_changes_something_hears_of_it_too(tani, editor):
    name = new_name()
    editor.do("Users/Write", Username=name)
    assert editor.event() == changed(users=(name,))


def test_nobody_hears_of_what_was_refused(tani, editor):
    admin = tani.admin()
    admin.status("Users/Write", Username=new_name(), Password="weak")
    admin.status("Users/Write", Username="OLGA")
    admin.status("Users/Delete", Username="olga")
    admin.status("Users/DeleteGroup", Groupname="anonymous")
    assert editor.settle() == []


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
def test_only_those_who_edit_users_hear_of_them(tani):
    group = tani.add_group()
    user, anonymous = tani.user(Groups=[group], Editor=True, Diag=True), tani.anonymous()
    for connection in (user, anonymous):
        connection.subscribe(USERS_CHANGED)
    admin = tani.admin()

    def heard(connection: Tani) -> list[Message]:
        name = tani.add()
        return [event for event in connection.settle() if name in event["data"]["Usernames"]]

    assert heard(user) == []
    assert heard(anonymous) == []
    admin.do("Users/WriteGroup", Groupname=group, UserEdit=True)
    assert len(heard(user)) == 1, "who may now hears what comes from now on"
    admin.do("Users/WriteGroup", Groupname=group, UserEdit=False)
    assert heard(user) == []
    anonymous.sign_in("olga")
    assert len(heard(anonymous)) == 1
    anonymous.do("Users/Logout")
    assert heard(anonymous) == []
    assert user.heard == anonymous.heard == []


def test_one_who_loses_the_right_hears_nothing_that_they_may_not_know(tani, editor):
    name = editor.who
    tani.admin().do("Users/Write", Username=name, UserEdit=False)
    tani.add()
    events = editor.settle()
    assert [event for event in events if event["data"]["Usernames"] != [name]] == []


def test_no_secret_is_in_an_event(tani, editor):
    name = tani.add()
    tani.admin().do("Users/Write", Username=name, Password=OTHER_PASSWORD)
    assert OTHER_PASSWORD not in str(editor.settle())


# Subscribing


def test_nothing_is_told_that_was_not_switched_on(tani):
    user = tani.user(UserEdit=True)
    tani.admin().do("Users/Write", Username=user.who, Diag=True)
    assert user.settle() == []


def test_just_the_events_that_are_named_are_on(tani):
    user = tani.user(UserEdit=True)
    name, admin = user.who, tani.admin()
    flags = iter([True, False] * 9)

    def kinds() -> set[str]:
        admin.do("Users/Write", Username=name, Diag=next(flags))
        return {event["event"] for event in user.settle()}

    user.subscribe(RIGHTS_CHANGED, USERS_CHANGED)
    assert kinds() == {RIGHTS_CHANGED, USERS_CHANGED}
    user.subscribe(USERS_CHANGED)
    assert kinds() == {USERS_CHANGED}
    user.subscribe(RIGHTS_CHANGED, RIGHTS_CHANGED)
    assert kinds() == {RIGHTS_CHANGED}
    user.subscribe()
    assert kinds() == set()


@pytest.mark.parametrize(
    "names",
    [
        ["UserChanged"],
        ["accessrightschanged"],
        [""],
        ["AccessRightsChanged", "Nothing"],
        ["Users/List"],
        [5],
        [None],
        "UsersChanged",
        {},
        None,
    ],
)
def test_an_unknown_event_is_refused_and_nothing_is_switched(tani, names):
    user = tani.user(UserEdit=True)
    user.subscribe(USERS_CHANGED)
    assert user.status("Users/Subscribe", Events=names) == WRONG
    tani.admin().do("Users/Write", Username=user.who, Diag=True)
    assert [event["event"] for event in user.settle()] == [USERS_CHANGED]


def test_events_are_for_one_connection(tani, editor):
    other = tani.activated(editor.key)
    tani.add()
    assert len(editor.settle()) == 1
    assert other.settle() == []
