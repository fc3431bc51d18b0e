"""Who a connection is: passwords, keys, the end of sessions; guide to Tani, signing in."""

import pytest

from keystead.domain.change import TokenRemoved, UserRemoved
from keystead.domain.model import Scope
from keystead.domain.sessions import MAX_SESSIONS
from keystead.domain.sign_in import sign_in
from keystead.rpc.bus import LiveAnonymous
from keystead.tani.errors import Status
from tests.conformance.stores import listening
from tests.doubles import PASSWORD
from tests.nymea_box import finish
from tests.tani_box import NOBODY, Box

ANN = {
    "Username": "ann",
    "Groups": ["crew", "guests"],
    "UserEdit": False,
    "Editor": True,
    "Diag": True,
}


@pytest.fixture
def box():
    box = Box()
    crew, guests = box.group("crew", Scope.DIAG), box.group("guests")
    box.add("ann", Scope.EDITOR, groups=[crew, guests])
    box.add("bob")
    return box


@pytest.fixture
def line(box):
    return box.connect()


def is_known(box):
    """Tell whether anybody is followed as somebody who is signed in."""
    return bool(box.bus._users)


# --- with a password ------------------------------------------------------------------------


def test_a_connection_begins_as_nobody(line):
    assert line.who == NOBODY
    assert isinstance(line.session._live, LiveAnonymous)


def test_whoever_signs_in_learns_who_they_are_and_gets_a_key(line):
    response = line.ask("Users/Login", {"Username": "ann", "Password": PASSWORD})
    key = response["data"].pop("AuthKey")
    assert response == {"function": "Users/Login", "id": 1, "status": 0, "data": ANN}
    assert (key[:4], len(key)) == ("kss_", 53)
    assert line.who == ANN


def test_rights_of_everybody_are_shown_with_those_of_the_user(box, line):
    admin = box.user_line("olga", Scope.ADMIN)
    admin.get("Users/WriteGroup", Groupname="anonymous", Diag=True, Editor=True)
    assert line.who == NOBODY | {"Diag": True, "Editor": True}
    assert line.login("bob") == {"Username": "bob", "Groups": []} | {
        "UserEdit": False,
        "Editor": True,
        "Diag": True,
    }


def test_rights_of_nymea_are_shown_in_the_words_of_tani(box):
    all_rights = {"UserEdit": True, "Editor": True, "Diag": True}
    assert box.user_line("olga", Scope.ADMIN).who == {"Username": "olga", "Groups": []} | (
        all_rights
    )
    assert not any(
        box.user_line("carl", Scope.CONFIGURE_RULES).who[name] for name in all_rights
    )


@pytest.mark.parametrize(
    "data",
    [
        {"Username": "ann", "Password": "wrong"},
        {"Username": "ann", "Password": ""},
        {"Username": "nobody", "Password": PASSWORD},
        {"Username": "", "Password": PASSWORD},
        {"Username": "anonymous", "Password": ""},
        {"Username": "device", "Password": ""},
        {"Username": "\u0315\u0316" * 5_000, "Password": "\u0315\u0316" * 5_000},
    ],
)
def test_a_wrong_sign_in_says_nothing_and_signs_out(box, line, data):
    box.add("device", password=None)
    line.login("bob")
    commits = listening(box.store)
    response = line.ask("Users/Login", data)
    assert response["status"] == Status.SIGN_IN_FAILED
    assert response["error"] == "Name or password is wrong."
    assert line.who == NOBODY
    assert commits == []
    assert not is_known(box)


def test_who_signs_in_again_is_the_new_user_and_the_old_key_still_opens(box, line):
    line.login("ann")
    old = line.key
    assert line.login("bob")["Username"] == "bob"
    assert line.who["Username"] == "bob"
    other = box.connect()
    assert other.get("Users/ActivateSession", AuthKey=old) == ANN


def test_whoever_must_wait_for_hashes_is_nobody_meanwhile(box, line):
    line.login("bob")
    box.hasher.is_busy = True
    data = {"Username": "ann", "Password": PASSWORD}
    assert line.status("Users/Login", **data) is Status.BUSY
    assert line.who == NOBODY
    box.hasher.is_busy = False
    assert line.status("Users/Login", **data) is Status.OK


def test_an_account_that_goes_while_its_session_is_opened_is_not_signed_in(box, line):
    line.start("Users/Login", Username="ann", Password=PASSWORD)
    box.put(UserRemoved(box.user("ann")))
    assert line.end()[-1]["status"] == Status.SIGN_IN_FAILED
    assert line.who == NOBODY
    assert not is_known(box)


def test_rights_that_change_while_somebody_signs_in_are_those_of_the_end(box, line):
    line.start("Users/Login", Username="bob", Password=PASSWORD)
    admin = box.user_line("olga", Scope.ADMIN)
    admin.get("Users/Write", Username="bob", Diag=True)
    assert line.end()[-1]["data"]["Diag"] is True
    assert line.who["Diag"] is True


def test_the_oldest_connection_is_nobodys_when_there_are_too_many_sessions(box, line):
    line.login("bob")
    others = [box.connect() for _ in range(MAX_SESSIONS)]
    for other in others:
        other.login("bob")
    assert line.who == NOBODY
    assert {other.who["Username"] for other in others} == {"bob"}


# --- with a key -----------------------------------------------------------------------------


def test_a_key_opens_the_session_again(box, line):
    line.login("ann")
    line.leave()
    again = box.connect()
    response = again.ask("Users/ActivateSession", {"AuthKey": line.key})
    assert response == {"function": "Users/ActivateSession", "id": 1, "status": 0, "data": ANN}
    assert again.session.token_id == box.tokens("ann")[0].id


def test_a_key_opens_as_many_connections_as_wanted(box, line):
    line.login("ann")
    others = [box.connect() for _ in range(3)]
    for other in others:
        other.get("Users/ActivateSession", AuthKey=line.key)
    assert [each.who for each in (line, *others)] == [ANN] * 4
    assert len(box.tokens("ann")) == 1


@pytest.mark.parametrize("key", ["", "x", "\u00e4", "x" * 10_000])
def test_a_key_that_opens_nothing_signs_out(box, line, key):
    line.login("bob")
    assert line.status("Users/ActivateSession", AuthKey=key) is Status.SESSION_OVER
    assert line.who == NOBODY
    assert not is_known(box)


def test_a_token_of_a_device_opens_no_session(box, line):
    device = finish(sign_in(box.directory, "ann", PASSWORD, "tablet"))
    assert line.status("Users/ActivateSession", AuthKey=device.secret) is Status.SESSION_OVER
    assert line.status("Users/Logout", AuthKey=device.secret) is Status.SESSION_OVER
    assert len(box.tokens("ann")) == 1


@pytest.mark.parametrize("goes", ["session", "account"])
def test_a_session_that_ends_while_it_is_opened_again_opens_nothing(box, line, goes):
    line.login("ann")
    (token,) = box.tokens("ann")
    again = box.connect()
    box.wait(1)
    again.start("Users/ActivateSession", AuthKey=line.key)
    is_session = goes == "session"
    ann = box.user("ann")
    box.put(TokenRemoved(ann.id, token.id) if is_session else UserRemoved(ann))
    assert again.end()[-1]["status"] == Status.SESSION_OVER
    assert again.who == NOBODY
    assert not is_known(box)


def test_a_session_ends_in_time_for_whoever_asks_without_a_pause_too(box, line):
    line.login("ann")
    box.now += 8 * 3600  # nobody has had the time to tell the session
    asked = line.request("Users/AccessRights")
    assert [response["data"] for response in line.send(asked, asked)] == [NOBODY, NOBODY]


# --- the end --------------------------------------------------------------------------------


def test_signing_out_ends_the_session_for_all_its_connections(box, line):
    line.login("ann")
    other, another = box.connect(), box.connect()
    other.get("Users/ActivateSession", AuthKey=line.key)
    another.login("ann")

    assert line.get("Users/Logout") == {}

    assert [line.who, other.who, another.who] == [NOBODY, NOBODY, ANN]
    assert (
        box.connect().status("Users/ActivateSession", AuthKey=line.key) is Status.SESSION_OVER
    )


def test_a_key_signs_another_session_out(box, line):
    line.login("ann")
    other = box.user_line("carl")
    assert other.get("Users/Logout", AuthKey=line.key) == {}
    assert line.who == NOBODY
    assert other.who["Username"] == "carl"
    assert other.status("Users/Logout", AuthKey=line.key) is Status.SESSION_OVER


def test_nobody_may_sign_out_too(box, line):
    commits = listening(box.store)
    assert line.get("Users/Logout") == {}
    assert line.get("Users/Logout", Other=1) == {}
    assert commits == []


@pytest.mark.parametrize("function", ["Users/Delete", "Users/Write"])
def test_a_session_ends_with_its_account_and_with_another_password(box, line, function):
    line.login("bob")
    admin = box.user_line("olga", Scope.ADMIN)
    data = {"Username": "bob"} | (
        {"Password": "Another-horse-2"} if function == "Users/Write" else {}
    )
    admin.get(function, **data)
    assert line.who == NOBODY
    assert line.status("Users/ActivateSession", AuthKey=line.key) is Status.SESSION_OVER


def test_who_changes_their_own_password_gets_the_response_and_is_nobody(box):
    admin = box.user_line("olga", Scope.ADMIN)
    assert admin.get("Users/Write", Username="olga", Password="Another-horse-2") == {}
    assert admin.who == NOBODY
    assert admin.login("olga", "Another-horse-2")["UserEdit"] is True


# --- without authentication -----------------------------------------------------------------


def test_without_authentication_nobody_has_all_rights(box):
    line = box.connect(authentication=False)
    all_rights = {"UserEdit": True, "Editor": True, "Diag": True}
    assert line.who == NOBODY | all_rights
    assert line.login("bob") == {"Username": "bob", "Groups": []} | all_rights
    assert line.get("Users/Logout") == {}
    assert line.who == NOBODY | all_rights
    assert box.connect().who == NOBODY
