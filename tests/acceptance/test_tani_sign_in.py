"""Set-up over Tani, and the life of a session: keys, restarts, passwords, expiry."""

import time
from pathlib import Path

import pytest

from tests.acceptance.box import ALL_SIX, PASSWORD, info_of, new_name
from tests.acceptance.client import Message
from tests.acceptance.tani_client import (
    ALL_RIGHTS,
    BUSY,
    DONE,
    EVERYTHING,
    FORBIDDEN,
    NO_SESSION,
    NOBODY,
    SIGN_IN_FAILED,
    WRONG,
    ended_session,
    rule,
    set_up_tani,
)

OTHER_PASSWORD = "Other7Sailing"
TANI = ("nymea", "http")


# Set-up


@pytest.fixture
def new_server(start):
    return start("new", TANI)


def test_the_first_write_sets_the_box_up(new_server, open_tani, connect):
    connection = open_tani(new_server)
    assert connection.rights() == NOBODY
    connection.do("Users/Write", Username="olga", Password=PASSWORD, UserEdit=True)
    assert connection.rights() == NOBODY, "writing signs nobody in"
    connection.sign_in("olga")
    rights = connection.rights()
    assert (rights["Username"], rights["UserEdit"]) == ("olga", True)
    record = connection.users()["olga"]
    assert (record["Password"], record["Groups"]) == (True, [])
    # the scopes of nymea, and every item
    nymea = connect(new_server)
    assert nymea.hello()["initialSetupRequired"] is False
    nymea.sign_in("olga", PASSWORD)
    info = info_of(nymea, "olga")
    assert info is not None
    assert info["scopes"] == ALL_SIX
    checked = new_server.run("rights", "check", "olga", "Any.Item", "--write")
    assert checked.returncode == 0, checked.stderr


def test_a_first_user_who_is_no_administrator_may_write_every_item_all_the_same(
    new_server, open_tani
):
    connection = open_tani(new_server)
    set_up_tani(connection, Diag=False)
    record = connection.users()["olga"]
    assert record.items() >= {"Diag": False, "Items": [EVERYTHING]}.items()
    connection.do("Users/Write", Username="paul", Items=[EVERYTHING], UserEdit=True)


def test_the_first_user_can_give_every_right(new_server, open_tani):
    connection = open_tani(new_server)
    key = set_up_tani(connection)
    connection.do(
        "Users/Write", Username="paul", Password=PASSWORD, Items=[EVERYTHING], **ALL_RIGHTS
    )
    paul = open_tani(new_server)
    paul.sign_in("paul")
    assert paul.rights() == {"Username": "paul", "Groups": []} | ALL_RIGHTS
    assert connection.activate(key)["Username"] == "olga"


@pytest.mark.clause("ETSI EN 303 645 5.1-1")
@pytest.mark.parametrize(
    "missing",
    [
        {"Username": "olga"},
        {"Username": "olga", "Password": PASSWORD},
        {"Username": "olga", "Password": PASSWORD, "UserEdit": False},
        {"Username": "olga", "Password": PASSWORD, "Editor": True, "Diag": True},
        {"Username": "olga", "UserEdit": True},
        {"Username": "olga", "UserEdit": True, "Password": ""},
        {"Username": "olga", "UserEdit": True, "Password": True},
        {"Username": "olga", "UserEdit": True, "Password": False},
        {"Username": "olga", "UserEdit": True, "Password": "weak"},
        {"Username": "olga", "UserEdit": True, "Password": PASSWORD, "Groups": ["anonymous"]},
        {"Username": "olga", "UserEdit": True, "Password": PASSWORD, "Groups": ["no such"]},
        {"Username": "", "UserEdit": True, "Password": PASSWORD},
        {"Username": " olga", "UserEdit": True, "Password": PASSWORD},
        {"UserEdit": True, "Password": PASSWORD},
    ],
)
def test_an_incomplete_first_write_is_refused_and_leaves_the_set_up_open(
    shared_new_server, open_tani, connect, missing
):
    connection = open_tani(shared_new_server)
    response = connection.ask("Users/Write", **missing)
    assert response["status"] != DONE, response
    assert connection.rights() == NOBODY
    assert connect(shared_new_server).hello()["initialSetupRequired"] is True


@pytest.fixture(scope="module")
def shared_new_server(start_shared):
    """A server that nobody manages to set up."""
    return start_shared("never", TANI)


@pytest.mark.clause("OWASP ASVS 5.0 6.3.2")
@pytest.mark.parametrize(
    "function", ["Users/List", "Users/ListGroup", "Users/WriteGroup", "Users/Delete"]
)
def test_before_set_up_only_the_first_user_can_be_written(
    shared_new_server, open_tani, function
):
    connection = open_tani(shared_new_server)
    assert (
        connection.status(function, Groupname="anonymous", Username="x", Editor=True)
        == FORBIDDEN
    )


def test_set_up_is_closed_for_ever(new_server, open_tani, connect):
    first, second = open_tani(new_server), open_tani(new_server)
    eve: Message = {"Username": "eve", "Password": PASSWORD} | ALL_RIGHTS
    set_up_tani(first)
    assert second.status("Users/Write", **eve) == FORBIDDEN
    for restart in (new_server.stop, new_server.kill):
        restart()
        new_server.start()
        assert open_tani(new_server).status("Users/Write", **eve) == FORBIDDEN
    nymea = connect(new_server)
    assert nymea.hello()["initialSetupRequired"] is False
    reply = nymea.ask("JSONRPC.CreateUser", username="eve", password=PASSWORD)
    assert reply["status"] == "unauthorized"
    late = open_tani(new_server)
    late.sign_in("olga")
    assert list(late.users()) == ["olga"]


def test_set_up_over_nymea_closes_it_for_tani(new_server, open_tani, connect):
    nymea = connect(new_server)
    nymea.hello()
    nymea.get("JSONRPC.CreateUser", username="olga", password=PASSWORD)
    connection = open_tani(new_server)
    assert (
        connection.status("Users/Write", Username="eve", Password=PASSWORD, **ALL_RIGHTS)
        == FORBIDDEN
    )
    connection.sign_in("olga")
    assert connection.rights() == {"Username": "olga", "Groups": []} | ALL_RIGHTS


def test_of_many_who_set_up_at_once_one_succeeds(new_server, open_tani):
    connections = [open_tani(new_server) for _ in range(6)]
    for number, connection in enumerate(connections):
        connection.send(
            connection.request(
                "Users/Write",
                {"Username": f"user-{number}", "Password": PASSWORD} | ALL_RIGHTS,
            )
        )
    statuses = [connection.response()["status"] for connection in connections]
    assert statuses.count(DONE) == 1
    winner = statuses.index(DONE)
    connections[0].sign_in(f"user-{winner}")
    assert list(connections[0].users()) == [f"user-{winner}"]


def test_the_items_of_the_first_user_can_be_said(new_server, open_tani):
    connection = open_tani(new_server)
    items = [rule("Objects.Plant", prefix=True)]
    set_up_tani(connection, Items=items)
    assert connection.users()["olga"]["Items"] == items


# Signing in


@pytest.mark.clause("IEC 62443-4-2 CR 1.10", "OWASP ASVS 5.0 6.3.8")
def test_a_wrong_password_and_an_unknown_name_look_the_same(tani):
    name = tani.add()
    first = tani.anonymous().ask("Users/Login", Username=name, Password=OTHER_PASSWORD)
    second = tani.anonymous().ask("Users/Login", Username=new_name(), Password=PASSWORD)
    assert first == second
    assert (first["status"], first["data"]) == (SIGN_IN_FAILED, {})


def test_capitals_do_not_matter_at_sign_in(tani):
    name = tani.add()
    answer = tani.anonymous().get("Users/Login", Username=name.upper(), Password=PASSWORD)
    assert answer["Username"] == name


@pytest.mark.clause("EN 18031-1 AUM-2")
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_nobody_signs_in_to_an_account_without_a_password(tani, password):
    name = new_name()
    tani.admin().do("Users/Write", Username=name)
    connection = tani.anonymous()
    status = connection.status("Users/Login", Username=name, Password=password)
    assert status == SIGN_IN_FAILED
    assert connection.rights() == NOBODY


@pytest.mark.parametrize("name", ["", "anonymous"])
def test_nobody_signs_in_as_everybody(tani, name):
    status = tani.anonymous().status("Users/Login", Username=name, Password="")
    assert status in (SIGN_IN_FAILED, WRONG)


def test_a_failed_sign_in_leaves_the_connection_anonymous(tani):
    name = tani.add()
    connection = tani.admin()
    answer = connection.ask("Users/Login", Username=name, Password=OTHER_PASSWORD)
    assert answer["status"] == SIGN_IN_FAILED
    assert connection.rights() == NOBODY
    assert connection.status("Users/List") == FORBIDDEN
    assert tani.admin().who == "olga", "the session itself goes on"


@pytest.mark.parametrize("key", ["", "x", "A" * 43, "../..", "Zoë", "\0", "k" * 5000])
def test_a_wrong_key_leaves_the_connection_anonymous(tani, key):
    connection = tani.admin()
    assert connection.status("Users/ActivateSession", AuthKey=key) == NO_SESSION
    assert connection.rights() == NOBODY
    assert connection.status("Users/List") == FORBIDDEN
    assert tani.admin().who == "olga"


@pytest.mark.clause("EN 18031-1 AUM-3", "OWASP ASVS 5.0 7.2.1")
def test_a_key_that_is_nearly_right_is_wrong(tani):
    key = tani.user().key
    for wrong in (key[:-1], key + "A", key + " ", key.swapcase(), "A" + key[1:] + "x"):
        assert ended_session(tani.anonymous(), wrong)
    assert tani.activated(key)


def test_a_second_sign_in_replaces_the_first(tani):
    first, second = tani.add(Diag=True), tani.add(Editor=True)
    connection = tani.signed_in(first)
    old = connection.key
    connection.sign_in(second)
    rights = connection.rights()
    assert rights.items() >= {"Username": second, "Editor": True, "Diag": False}.items()
    assert tani.activated(old).who == first
    connection.activate(old)
    rights = connection.rights()
    assert rights.items() >= {"Username": first, "Editor": False, "Diag": True}.items()


def test_many_sign_ins_at_once_are_done_or_put_off(tani):
    name = tani.add()
    connections = [tani.anonymous() for _ in range(80)]
    bystander = tani.admin()
    for connection in connections:
        data = {"Username": name, "Password": PASSWORD}
        connection.send(connection.request("Users/Login", data))
    assert bystander.who == "olga"
    statuses = [connection.response()["status"] for connection in connections]
    assert DONE in statuses
    assert set(statuses) <= {DONE, BUSY}
    for status, connection in zip(statuses, connections, strict=True):
        assert connection.who in ({name, ""} if status == DONE else {""})


# Signing out


@pytest.mark.clause("IEC 62443-4-2 CR 2.5", "IEC 62443-4-2 CR 2.6", "OWASP ASVS 5.0 7.4.1")
def test_signing_out_ends_the_session_on_all_its_connections(tani):
    name = tani.add()
    first = tani.signed_in(name)
    same, other = tani.activated(first.key), tani.signed_in(name)
    first.do("Users/Logout")
    assert first.rights() == NOBODY
    assert same.rights() == NOBODY
    assert ended_session(tani.anonymous(), first.key)
    assert other.who == name


def test_signing_out_can_name_another_session(tani):
    name = tani.add()
    first, second = tani.signed_in(name), tani.signed_in(name)
    first.do("Users/Logout", AuthKey=second.key)
    assert second.rights() == NOBODY
    assert ended_session(tani.anonymous(), second.key)
    assert first.who == name
    assert tani.activated(first.key).who == name


def test_who_is_not_signed_in_can_end_a_session_by_its_key(tani):
    key = tani.user().key
    connection = tani.anonymous()
    connection.do("Users/Logout", AuthKey=key)
    assert ended_session(connection, key)


def test_signing_out_with_a_wrong_key_ends_nothing(tani):
    connection = tani.user()
    name = connection.who
    assert connection.status("Users/Logout", AuthKey="x") in (DONE, NO_SESSION)
    assert tani.activated(connection.key).who == name


def test_signing_out_twice_does_no_harm(tani):
    connection = tani.user()
    connection.do("Users/Logout")
    assert connection.status("Users/Logout") in (DONE, NO_SESSION)
    assert connection.rights() == NOBODY


# Restarts


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_sessions_and_changes_outlast_the_server(start, open_tani, how):
    server = start("data", TANI)
    admin = open_tani(server)
    admin_key = set_up_tani(admin)
    admin.do("Users/WriteGroup", Groupname="ops", Editor=True, Items=[EVERYTHING])
    admin.do("Users/WriteGroup", Groupname="anonymous", Diag=True, Items=[rule("A")])
    admin.do("Users/Write", Username="paul", Password=PASSWORD, Groups=["ops"])
    user, out = open_tani(server), open_tani(server)
    key = user.sign_in("paul")
    ended = out.sign_in("paul")
    before = admin.stored()
    out.do("Users/Logout")
    admin.do("Users/Write", Username="last", Items=[rule("B", write=True)])
    getattr(server, how)()
    server.start()
    again = open_tani(server)
    assert again.rights() == NOBODY | {"Diag": True}
    assert again.activate(key) == {
        "Username": "paul",
        "Groups": ["ops"],
        "UserEdit": False,
        "Editor": True,
        "Diag": True,
    }
    assert ended_session(again, ended)
    assert again.activate(admin_key)["UserEdit"] is True
    users, groups = again.stored()
    last = users.pop("last")
    assert last["Items"] == [rule("B", write=True)]
    assert (users, groups) == before


# The end of a key


@pytest.mark.clause("EN 18031-1 AUM-4", "OWASP ASVS 5.0 7.4.3")
def test_a_new_password_ends_the_sessions(tani):
    name = tani.add()
    connections = [tani.signed_in(name), tani.signed_in(name)]
    bystander = tani.user()
    tani.admin().do("Users/Write", Username=name, Password=OTHER_PASSWORD)
    for connection in connections:
        assert connection.rights() == NOBODY
        assert ended_session(tani.anonymous(), connection.key)
    assert tani.signed_in(name, OTHER_PASSWORD).who == name
    old = tani.anonymous().status("Users/Login", Username=name, Password=PASSWORD)
    assert old == SIGN_IN_FAILED
    assert bystander.who


@pytest.mark.clause("OWASP ASVS 5.0 7.4.3")
def test_an_own_new_password_ends_the_sessions_too(tani):
    editor = tani.user(UserEdit=True)
    name = editor.who
    editor.do("Users/Write", Username=name, Password=OTHER_PASSWORD)
    assert ended_session(tani.anonymous(), editor.key)
    assert tani.signed_in(name, OTHER_PASSWORD).who == name


def test_keeping_the_password_keeps_the_sessions(tani):
    connection = tani.user()
    name = connection.who
    tani.admin().do("Users/Write", Username=name, Password=True, Diag=True)
    assert connection.rights()["Diag"] is True
    assert tani.activated(connection.key).who == name


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
def test_a_deleted_account_ends_its_sessions(tani):
    connection = tani.user()
    name = connection.who
    tani.admin().do("Users/Delete", Username=name)
    assert connection.rights() == NOBODY
    assert ended_session(connection, connection.key)
    tani.add(name)
    assert ended_session(connection, connection.key), "a new account is somebody else"


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
@pytest.mark.parametrize("function", ["Users/Delete", "Users/Write"])
def test_a_sign_in_under_way_does_not_outlive_its_account_or_password(tani, function):
    admin, connection = tani.admin(), tani.anonymous()
    for _ in range(8):
        name = tani.add()
        data: Message = {"Username": name, "Password": PASSWORD}
        connection.send(connection.request("Users/Login", data))
        admin.do(
            function,
            Username=name,
            **({"Password": OTHER_PASSWORD} if function == "Users/Write" else {}),
        )
        answer = connection.response()
        assert answer["status"] in (DONE, SIGN_IN_FAILED)
        assert connection.rights() == NOBODY
        if answer["status"] == DONE:
            assert ended_session(tani.anonymous(), answer["data"]["AuthKey"])


@pytest.mark.clause("OWASP ASVS 5.0 7.1.2")
def test_an_account_has_64_sessions_and_the_oldest_make_room(tani):
    name = tani.add()
    connection = tani.anonymous()
    keys = [connection.sign_in(name) for _ in range(66)]
    tokens = tani.nymea_admin().get("Users.GetUserTokens", username=name)["tokenInfoList"]
    assert len(tokens) == 64
    assert [ended_session(tani.anonymous(), key) for key in keys[:4]] == [
        True,
        True,
        False,
        False,
    ]
    assert tani.activated(keys[-1]).who == name


@pytest.fixture
def hasty(start, open_tani, tmp_path: Path):
    """Start a server with given session settings; give an opener and an AuthKey."""

    def hasty(settings: str):
        file = tmp_path / "keystead.toml"
        file.write_text(settings)
        server = start("hasty", TANI, ("--config", str(file)))
        connection = open_tani(server)
        return lambda: open_tani(server), connection, set_up_tani(connection)

    return hasty


@pytest.mark.clause(
    "IEC 62443-4-2 CR 2.5",
    "IEC 62443-4-2 CR 2.6",
    "OWASP ASVS 5.0 7.3.1",
    "OWASP ASVS 5.0 7.4.1",
)
def test_a_session_ends_when_it_is_not_used(hasty):
    opened, idle, key = hasty(f"session_idle_hours = {1.0 / 3600}\n")
    time.sleep(0.4)
    assert opened().activate(key)["Username"] == "olga"
    time.sleep(0.7)
    assert opened().activate(key)["Username"] == "olga", "using it puts the end off"
    time.sleep(1.2)
    assert ended_session(opened(), key)
    assert idle.rights() == NOBODY


@pytest.mark.clause("OWASP ASVS 5.0 7.3.2")
def test_a_session_ends_however_much_it_is_used(hasty):
    opened, _, key = hasty(f"session_most_days = {0.9 / 86400}\n")
    used = opened()
    used.activate(key)
    deadline = time.monotonic() + 1.1
    while time.monotonic() < deadline:
        used.rights()
        time.sleep(0.05)
    assert ended_session(opened(), key)
    assert used.rights() == NOBODY
