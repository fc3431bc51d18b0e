"""One directory under two protocols: what is done over one is in force over the other at once."""

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONTROL,
    EVERY_THING,
    PASSWORD,
    info_of,
    new_name,
)
from tests.acceptance.client import Client, Message
from tests.acceptance.tani_client import (
    ALL_RIGHTS,
    CONFLICT,
    EVERYTHING,
    NO_RIGHTS,
    NOBODY,
    Tani,
    TaniBox,
    ended_session,
)

NO_ERROR = {"error": "UserErrorNoError"}
OTHER_PASSWORD = "Other7Sailing"


@pytest.fixture
def nymea(tani: TaniBox) -> Client:
    return tani.nymea_admin()


def scopes(client: Client, name: str) -> list[str]:
    """Give the scopes that nymea's administrator sees of *name*."""
    info = info_of(client, name)
    assert info is not None, name
    held: list[str] = info["scopes"]
    return held


def create(client: Client, *wanted: str) -> str:
    """Make a user over nymea and give the name."""
    name = new_name()
    params = {"username": name, "password": PASSWORD, "scopes": list(wanted)}
    assert client.get("Users.CreateUser", **params) == NO_ERROR
    return name


def held(connection: Tani) -> Message:
    """Give just the three rights of a connection."""
    rights = connection.rights()
    return {right: rights[right] for right in ALL_RIGHTS}


def ended(client: Client) -> bool:
    """Tell that the connection was closed."""
    client.rest()
    return True


# One account


def test_who_is_made_over_one_face_signs_in_on_both(tani, nymea):
    made_here, made_there = tani.add(), create(nymea, CONTROL)
    for name in (made_here, made_there):
        assert tani.signed_in(name).who == name
        assert tani.nymea(name).works()
        assert name in tani.admin().users()
        assert info_of(nymea, name) is not None


def test_a_user_without_a_password_is_seen_over_nymea_and_cannot_sign_in(tani, nymea):
    name = new_name()
    tani.admin().do("Users/Write", Username=name)
    assert scopes(nymea, name) == []
    client = tani.connect(tani.server)
    client.hello()
    answer = client.get("JSONRPC.Authenticate", username=name, password="", deviceName="x")
    assert answer["success"] is False


@pytest.mark.clause("EN 18031-1 AUM-4", "OWASP ASVS 5.0 6.3.4")
def test_a_password_set_over_one_face_holds_on_both(tani, nymea):
    first, second = tani.add(), create(nymea)
    tani.admin().do("Users/Write", Username=second, Password=OTHER_PASSWORD)
    params = {"username": first, "newPassword": OTHER_PASSWORD}
    assert nymea.get("Users.ChangeUserPassword", **params) == NO_ERROR
    for name in (first, second):
        assert tani.signed_in(name, OTHER_PASSWORD).who == name
        assert tani.nymea(name, OTHER_PASSWORD).works()


# Scopes and rights


def test_an_administrator_of_nymea_holds_all_three_rights(tani, nymea):
    name = create(nymea, ADMIN)
    connection = tani.signed_in(name)
    assert held(connection) == ALL_RIGHTS
    assert connection.users()[name].items() >= ALL_RIGHTS.items()


@pytest.mark.parametrize("given", [[], [CONTROL], ALL_SIX[:5]], ids=len)
def test_other_scopes_of_nymea_give_none_of_the_three(tani, nymea, given):
    name = create(nymea, *given)
    assert held(tani.signed_in(name)) == NO_RIGHTS
    tani.admin().do("Users/Write", Username=name, Groups=[])
    assert scopes(nymea, name) == given


@pytest.mark.parametrize("right", ["Editor", "Diag", "UserEdit"])
def test_admin_without_one_of_the_three_is_no_administrator_to_nymea(tani, nymea, right):
    name = create(nymea, ADMIN)
    connection = tani.signed_in(name)
    tani.admin().do("Users/Write", Username=name, **{right: False})
    assert scopes(nymea, name) == ALL_SIX[:5]
    assert held(connection) == ALL_RIGHTS | {right: False}
    tani.admin().do("Users/Write", Username=name, **{right: True})
    assert scopes(nymea, name) == ALL_SIX
    assert held(connection) == ALL_RIGHTS


def test_setting_scopes_keeps_rights_that_were_given_on_their_own(tani, nymea):
    name = tani.add(UserEdit=True, Diag=True)
    connection = tani.signed_in(name)
    for wanted in ([CONTROL], [], ALL_SIX[:5]):
        params = {"username": name, "scopes": wanted}
        assert nymea.get("Users.SetUserScopes", **params) == NO_ERROR
        assert scopes(nymea, name) == wanted
        assert held(connection) == {"UserEdit": True, "Editor": False, "Diag": True}


def test_setting_scopes_takes_rights_that_came_from_admin(tani, nymea):
    name = create(nymea, ADMIN)
    connection = tani.signed_in(name)
    params = {"username": name, "scopes": [CONTROL]}
    assert nymea.get("Users.SetUserScopes", **params) == NO_ERROR
    assert held(connection) == NO_RIGHTS
    assert tani.admin().users()[name].items() >= NO_RIGHTS.items()


def test_writing_the_three_rights_leaves_the_scopes_of_nymea(tani, nymea):
    name = create(nymea, CONTROL, EVERY_THING)
    tani.admin().do("Users/Write", Username=name, UserEdit=True, Editor=True)
    assert scopes(nymea, name) == [CONTROL, EVERY_THING]
    tani.admin().do("Users/Write", Username=name, **NO_RIGHTS)
    assert scopes(nymea, name) == [CONTROL, EVERY_THING]


def test_writing_over_tani_leaves_what_only_nymea_knows(tani, nymea):
    name = create(nymea, CONTROL)
    details = {"displayName": "Zoë", "email": "zoe@example.org"}
    assert nymea.get("Users.SetUserInfo", username=name, **details) == NO_ERROR
    record = tani.admin().users()[name]
    tani.admin().do("Users/Write", **record | {"Diag": True, "Items": [EVERYTHING]})
    info = info_of(nymea, name)
    assert (
        info
        == {
            "username": name,
            "scopes": [CONTROL],
            "allowedThingIds": [],
        }
        | details
    )


# Live revocation


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
def test_scopes_set_over_nymea_reach_an_open_connection(tani, nymea):
    connection = tani.user()
    name = connection.who
    for wanted, rights in (([ADMIN], ALL_RIGHTS), ([CONTROL], NO_RIGHTS)):
        params = {"username": name, "scopes": wanted}
        assert nymea.get("Users.SetUserScopes", **params) == NO_ERROR
        assert held(connection) == rights
        assert (connection.ask("Users/List")["status"] == 0) is rights["UserEdit"]


def test_a_user_removed_over_nymea_is_gone_from_open_connections(tani, nymea):
    connection = tani.user(UserEdit=True)
    name = connection.who
    assert nymea.get("Users.RemoveUser", username=name) == NO_ERROR
    assert connection.rights() == NOBODY
    assert ended_session(connection, connection.key)


@pytest.mark.clause("EN 18031-1 AUM-4")
def test_a_password_changed_over_nymea_ends_the_sessions(tani, nymea):
    connection = tani.user()
    name = connection.who
    params = {"username": name, "newPassword": OTHER_PASSWORD}
    assert nymea.get("Users.ChangeUserPassword", **params) == NO_ERROR
    assert connection.rights() == NOBODY
    assert ended_session(connection, connection.key)


def test_an_own_password_changed_over_nymea_ends_the_sessions(tani, nymea):
    name = create(nymea, ADMIN)
    connection = tani.signed_in(name)
    client = tani.nymea(name)
    assert client.get("Users.ChangePassword", newPassword=OTHER_PASSWORD) == NO_ERROR
    assert ended_session(tani.anonymous(), connection.key)
    assert connection.rights() == NOBODY


def test_a_user_deleted_over_tani_is_gone_from_nymea(tani):
    name = tani.add()
    client = tani.nymea(name)
    tani.admin().do("Users/Delete", Username=name)
    assert ended(client)
    assert tani.connect(tani.server).hello(client.token)["authenticated"] is False


@pytest.mark.clause("EN 18031-1 AUM-4")
def test_a_password_changed_over_tani_ends_the_tokens_of_nymea(tani, nymea):
    name = tani.add()
    client = tani.nymea(name)
    tani.admin().do("Users/Write", Username=name, Password=OTHER_PASSWORD)
    assert ended(client)
    assert nymea.get("Users.GetUserTokens", username=name)["tokenInfoList"] == []
    assert tani.connect(tani.server).hello(client.token)["authenticated"] is False


def may_list(client: Client) -> bool:
    reply = client.ask("Users.GetUsers")
    if reply["status"] == "success":
        return True
    assert reply["error"] == "Permission denied.", reply
    return False


def test_the_right_to_edit_users_reaches_an_open_nymea_connection(tani):
    name = tani.add()
    client = tani.nymea(name)
    admin = tani.admin()
    for has in (False, True, False):
        admin.do("Users/Write", Username=name, UserEdit=has)
        assert may_list(client) is has


def test_a_group_that_edits_users_reaches_an_open_nymea_connection(tani):
    group = tani.add_group()
    client = tani.nymea(tani.add(Groups=[group]))
    admin = tani.admin()
    for has in (False, True, False, True):
        admin.do("Users/WriteGroup", Groupname=group, UserEdit=has)
        assert may_list(client) is has
    admin.do("Users/DeleteGroup", Groupname=group)
    assert may_list(client) is False


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE2")
def test_joining_and_leaving_a_group_reaches_an_open_nymea_connection(tani):
    group, name = tani.add_group(UserEdit=True), tani.add()
    client = tani.nymea(name)
    admin = tani.admin()
    for groups in ([], [group], []):
        admin.do("Users/Write", Username=name, Groups=groups)
        assert may_list(client) is bool(groups)


# News of nymea


def test_nymea_hears_of_what_is_done_over_tani(tani, nymea):
    nymea.subscribe()
    admin, name = tani.admin(), new_name()
    admin.do("Users/Write", Username=name, Password=PASSWORD)
    info: Message = {
        "allowedThingIds": [],
        "displayName": "",
        "email": "",
        "scopes": [],
        "username": name,
    }
    (added,) = nymea.settle()
    assert (added["notification"], added["params"]) == ("Users.UserAdded", {"userInfo": info})
    admin.do("Users/Delete", Username=name)
    (removed,) = nymea.settle()
    assert removed["notification"] == "Users.UserRemoved"
    assert removed["params"] == {"username": name}


def test_nymea_hears_of_scopes_that_change_over_tani(tani, nymea):
    name = create(nymea, ADMIN)
    nymea.subscribe()
    tani.admin().do("Users/Write", Username=name, Diag=False)
    (changed,) = nymea.settle()
    assert changed["notification"] == "Users.UserChanged"
    assert changed["params"]["userInfo"]["username"] == name
    assert changed["params"]["userInfo"]["scopes"] == ALL_SIX[:5]


def test_nymea_hears_of_nothing_that_was_refused(tani, nymea):
    nymea.subscribe()
    admin = tani.admin()
    assert admin.status("Users/Delete", Username="olga") == CONFLICT
    assert admin.status("Users/Write", Username="OLGA") == CONFLICT
    admin.status("Users/Write", Username=new_name(), Password="weak")
    assert nymea.settle() == []


def test_news_of_users_go_to_a_nymea_connection_while_a_group_lets_it_edit_them(tani):
    group = tani.add_group()
    name = tani.add(Groups=[group])
    client = tani.nymea(name)
    client.subscribe()
    admin = tani.admin()

    def heard() -> list[str]:
        tani.add()
        settled = client.settle()
        return [each["notification"] for each in settled]

    assert heard() == []
    admin.do("Users/WriteGroup", Groupname=group, UserEdit=True)
    client.settle()
    assert heard() == ["Users.UserAdded"]
    admin.do("Users/WriteGroup", Groupname=group, UserEdit=False)
    client.settle()
    assert heard() == []


# Tokens


def tokens(client: Client, name: str) -> list[Message]:
    listed: list[Message] = client.get("Users.GetUserTokens", username=name)["tokenInfoList"]
    return listed


@pytest.mark.clause("IEC 62443-4-2 CR 2.6", "OWASP ASVS 5.0 7.4.5")
def test_a_session_is_among_the_tokens_and_can_be_removed_there(tani, nymea):
    connection = tani.user()
    name = connection.who
    same, other = tani.activated(connection.key), tani.signed_in(name)
    first, second = tokens(nymea, name)
    for token in (first, second):
        assert set(token) == {"creationTime", "deviceName", "id", "username"}
        assert (token["deviceName"], token["username"]) == ("Tani web session", name)
        assert connection.key not in str(token)
    assert nymea.get("Users.RemoveToken", tokenId=first["id"]) == NO_ERROR
    assert connection.rights() == NOBODY
    assert same.rights() == NOBODY
    assert ended_session(tani.anonymous(), connection.key)
    assert other.who == name
    assert tokens(nymea, name) == [second]


def test_a_session_that_was_ended_is_no_token_any_more(tani, nymea):
    connection = tani.user()
    name = connection.who
    assert len(tokens(nymea, name)) == 1
    connection.do("Users/Logout")
    assert tokens(nymea, name) == []


@pytest.mark.clause("OWASP ASVS 5.0 6.3.4")
def test_a_session_key_is_no_token_and_a_token_no_session_key(tani):
    connection = tani.user(**ALL_RIGHTS)
    name = connection.who
    client = tani.nymea(name)
    other = tani.connect(tani.server)
    assert other.hello(connection.key)["authenticated"] is False
    reply = other.ask("Users.GetUsers")
    assert reply["status"] == "unauthorized"
    assert ended_session(tani.anonymous(), client.token)
    assert connection.who == name
    assert client.works()
    out = tani.anonymous()
    out.status("Users/Logout", AuthKey=client.token)
    assert client.works(), "signing out of the web is no way to end a token"
    assert tani.connect(tani.server).hello(client.token)["authenticated"] is True


# The command line


def test_an_account_of_the_command_line_is_one_of_tani(tani):
    name = new_name()
    run = tani.server.run
    assert (
        run("user", "add", name, "--scopes", "UserEdit,Diag", password=PASSWORD).returncode == 0
    )
    connection = tani.signed_in(name)
    assert held(connection) == {"UserEdit": True, "Editor": False, "Diag": True}
    assert run("user", "scopes", name, "Editor").returncode == 0
    assert held(connection) == {"UserEdit": False, "Editor": True, "Diag": False}
    assert run("user", "passwd", name, password=OTHER_PASSWORD).returncode == 0
    assert connection.rights() == NOBODY
    again = tani.signed_in(name, OTHER_PASSWORD)
    assert run("user", "remove", name).returncode == 0
    assert again.rights() == NOBODY
    assert name not in tani.admin().users()
