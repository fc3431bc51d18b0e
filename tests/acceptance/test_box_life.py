"""The life of a box: set-up, sign-in, users, tokens, passwords, pairing, news, power cuts."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONTROL,
    EVERY_THING,
    PASSWORD,
    Box,
    Connect,
    info_of,
    new_name,
    set_up,
)
from tests.acceptance.client import Client, ClosedError, Message
from tests.acceptance.conftest import Start
from tests.acceptance.server import ALL, PLAIN, Server

NO_ERROR = {"error": "UserErrorNoError"}
OTHER_PASSWORD = "Other7Sailing"


@pytest.fixture(scope="module")
def shared_server(start_shared: Start) -> tuple[Server, str]:
    server = start_shared("all", ALL)
    client = Client(server.urls["nymea"])
    try:
        return server, set_up(client)
    finally:
        client.close()


@pytest.fixture(params=PLAIN)
def box(request: pytest.FixtureRequest, shared_server: tuple[Server, str], connect: Connect):
    """The shared box, once over TCP and once over WebSocket."""
    server, token = shared_server
    return Box(server, connect, token, scheme=request.param)


# Set-up


@pytest.mark.parametrize("scheme", ALL)
def test_a_new_box_is_set_up_and_used(start, connect, scheme):
    server = start("new", (scheme,))
    client = connect(server, scheme)
    assert client.hello()["initialSetupRequired"] is True
    created = client.get(
        "JSONRPC.CreateUser",
        username="Olga",
        password=PASSWORD,
        displayName="Olga O.",
        email="olga@example.org",
    )
    assert created == NO_ERROR
    assert client.hello()["initialSetupRequired"] is False
    signed_in = client.get(
        "JSONRPC.Authenticate", username="Olga", password=PASSWORD, deviceName="a phone"
    )
    assert signed_in["success"] is True
    assert signed_in["username"] == "olga"
    assert signed_in["scopes"] == ALL_SIX
    client.token = signed_in["token"]
    second = {"username": "paul", "password": PASSWORD, "scopes": [CONTROL, EVERY_THING]}
    assert client.get("Users.CreateUser", **second) == NO_ERROR
    olga, paul = client.get("Users.GetUsers")["users"]
    assert olga == {
        "allowedThingIds": [],
        "displayName": "Olga O.",
        "email": "olga@example.org",
        "scopes": ALL_SIX,
        "username": "olga",
    }
    assert (paul["username"], paul["scopes"]) == ("paul", [CONTROL, EVERY_THING])
    (token,) = client.get("Users.GetTokens")["tokenInfoList"]
    assert (token["username"], token["deviceName"]) == ("olga", "a phone")


def test_set_up_happens_once(start, connect):
    server = start("new")
    first, second = connect(server), connect(server, "http")
    first.hello()
    second.hello()
    first.get("JSONRPC.CreateUser", username="olga", password=PASSWORD)
    late = second.request("JSONRPC.CreateUser", {"username": "eve", "password": PASSWORD})
    second.send(late)
    (reply,) = second.rest()
    assert reply == {
        "error": "Forbidden: Invalid token.",
        "id": late["id"],
        "status": "unauthorized",
    }


def test_set_up_by_push_button(start, connect):
    server = start("new")
    client = connect(server)
    client.hello()
    client.get("JSONRPC.RequestPushButtonAuth", deviceName="a phone")
    assert server.run("pairing", "press").returncode == 0
    token = client.notification()["params"]["token"]
    answer = connect(server).hello(token)
    assert answer["initialSetupRequired"] is False
    assert answer["authenticated"] is True
    assert answer["permissionScopes"] == ALL_SIX
    assert answer["username"] == ""


# Sessions end with their right to exist


def ended(client: Client) -> bool:
    """Tell whether the connection is closed; what it says before must be no reply."""
    assert all("id" not in message or "error" in message for message in client.rest())
    return True


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_removed_token_ends_its_sessions_and_no_others(box):
    name = box.add()
    first, second = box.signed_in(name, device="first"), box.signed_in(name, device="second")
    again = box.greet(first.token)
    admin = box.admin()
    tokens = admin.get("Users.GetUserTokens", username=name)["tokenInfoList"]
    (token,) = [token["id"] for token in tokens if token["deviceName"] == "first"]
    assert admin.get("Users.RemoveToken", tokenId=token) == NO_ERROR
    assert ended(first)
    assert ended(again)
    assert second.works()


@pytest.mark.clause(
    "ETSI EN 303 645 5.1-4",
    "IEC 62443-4-2 CR 1.5",
    "OWASP ASVS 5.0 6.4.3",
    "NIST SP 800-63B-4 3.1.1.2 change",
)
def test_a_password_set_by_an_administrator_ends_all_sessions_and_tokens(box):
    name = box.add()
    clients = [box.signed_in(name), box.signed_in(name)]
    bystander = box.user()
    admin = box.admin()
    changed = admin.get("Users.ChangeUserPassword", username=name, newPassword=OTHER_PASSWORD)
    assert changed == NO_ERROR
    assert admin.get("Users.GetUserTokens", username=name)["tokenInfoList"] == []
    for client in clients:
        assert ended(client)
        assert box.connect(box.server).hello(client.token)["authenticated"] is False
    assert box.signed_in(name, OTHER_PASSWORD).works()
    assert bystander.works()
    assert admin.works()


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
def test_a_removed_user_is_gone_from_every_connection(box):
    name = box.add()
    client = box.signed_in(name)
    assert box.admin().get("Users.RemoveUser", username=name) == NO_ERROR
    assert ended(client)
    assert box.connect(box.server).hello(client.token)["authenticated"] is False


# News


def test_the_caller_hears_of_a_change_before_its_reply(box):
    client = box.admin()
    client.subscribe()
    name = new_name()
    client.send(
        client.request(
            "Users.CreateUser", {"username": name, "password": PASSWORD, "scopes": [CONTROL]}
        )
    )
    added, reply = client.receive(), client.receive()
    assert reply["params"] == NO_ERROR
    assert set(added) == {"id", "notification", "params"}
    assert added["notification"] == "Users.UserAdded"
    info = {
        "allowedThingIds": [],
        "displayName": "",
        "email": "",
        "scopes": [CONTROL],
        "username": name,
    }
    assert added["params"] == {"userInfo": info}

    client.send(
        client.request("Users.SetUserInfo", {"username": name, "displayName": "Somebody"})
    )
    changed, reply = client.receive(), client.receive()
    assert reply["params"] == NO_ERROR
    assert changed["notification"] == "Users.UserChanged"
    assert changed["params"] == {"userInfo": info | {"displayName": "Somebody"}}

    client.send(client.request("Users.SetUserScopes", {"username": name, "scopes": []}))
    changed, reply = client.receive(), client.receive()
    assert reply["params"] == NO_ERROR
    assert changed["notification"] == "Users.UserChanged"
    assert changed["params"] == {
        "userInfo": info | {"displayName": "Somebody", "scopes": []},
    }

    client.send(client.request("Users.RemoveUser", {"username": name}))
    removed, reply = client.receive(), client.receive()
    assert reply["params"] == NO_ERROR
    assert removed["notification"] == "Users.UserRemoved"
    assert removed["params"] == {"username": name}


def test_everybody_hears_the_same_with_rising_ids(box):
    caller = box.admin()
    listeners = [box.admin(scheme=scheme) for scheme in ALL]
    for client in (caller, *listeners):
        client.subscribe()
    name = new_name()
    caller.get("Users.CreateUser", username=name, password=PASSWORD, scopes=[])
    caller.get("Users.SetUserInfo", username=name, email="x")
    caller.get("Users.RemoveUser", username=name)
    heard = caller.settle()
    assert [news["notification"] for news in heard] == [
        "Users.UserAdded",
        "Users.UserChanged",
        "Users.UserRemoved",
    ]
    ids = [news["id"] for news in heard]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    for listener in listeners:
        assert listener.settle() == heard


def test_ids_count_what_nobody_hears(box):
    client = box.admin()

    def change() -> None:
        client.get("Users.SetUserInfo", username="olga", displayName=new_name())

    client.subscribe()
    change()
    (first,) = client.settle()
    client.get("JSONRPC.SetNotificationStatus", namespaces=[])
    change()
    change()
    assert client.settle() == []
    client.subscribe()
    change()
    (second,) = client.settle()
    assert second["id"] == first["id"] + 3


def test_news_go_to_those_who_manage_users_and_to_the_user_concerned(box):
    name = box.add()
    concerned, stranger, silent = box.signed_in(name), box.user(), box.admin()
    concerned.subscribe()
    stranger.subscribe()
    box.add()
    box.admin().get("Users.SetUserInfo", username=name, displayName="You")
    (changed,) = concerned.settle()
    assert changed["notification"] == "Users.UserChanged"
    assert changed["params"]["userInfo"]["displayName"] == "You"
    assert stranger.settle() == []
    assert silent.settle() == []


def test_a_subscription_outlasts_hello_and_sign_in(box):
    client = box.admin()
    client.subscribe()
    client.hello()
    name = box.add(scopes=[ADMIN])
    client.settle()
    client.hello("")
    client.sign_in(name, PASSWORD)
    box.admin().get("Users.SetUserInfo", displayName=new_name())
    assert [news["notification"] for news in client.settle()] == ["Users.UserChanged"]


def test_a_subscription_without_users_brings_none_of_theirs(box):
    client = box.admin()
    client.subscribe("JSONRPC")
    box.add()
    assert client.settle() == []


def test_a_refused_call_is_no_news(box):
    client = box.admin()
    client.subscribe()
    client.get("Users.CreateUser", username="olga", password=PASSWORD)
    client.get("Users.CreateUser", username=new_name(), password="weak")
    client.get("Users.RemoveUser", username="nobody")
    assert client.settle() == []


# Pairing


def press(box: Box) -> None:
    pressed = box.server.run("pairing", "press")
    assert pressed.returncode == 0, pressed.stderr


def wait_for_button(client: Client, device: str = "a phone") -> int:
    answer = client.get("JSONRPC.RequestPushButtonAuth", deviceName=device)
    assert set(answer) == {"success", "transactionId"}
    assert answer["success"] is True
    number: int = answer["transactionId"]
    assert type(number) is int
    return number


def outcome(client: Client) -> Message:
    """Give the params of the next outcome of a pairing, which is told in both namespaces."""
    first, second = client.notification(), client.notification()
    assert first["notification"] == "JSONRPC.PushButtonAuthFinished"
    assert second["notification"] == "Users.PushButtonAuthFinished"
    assert first["params"] == second["params"]
    params: Message = first["params"]
    return params


@pytest.mark.clause("ETSI EN 303 645 5.1-2A")
def test_a_pressed_button_signs_in_the_one_who_waits(box):
    client, listener = box.greet(), box.admin()
    listener.subscribe("Users", "JSONRPC")
    device = f'Zoë\'s "phone" %1 {new_name()}'
    number = wait_for_button(client, device)
    press(box)
    finished = outcome(client)
    assert set(finished) == {"success", "token", "transactionId"}
    assert finished["success"] is True
    assert finished["transactionId"] == number
    client.token = finished["token"]
    info = client.get("Users.GetUserInfo")["userInfo"]
    assert (info["username"], info["scopes"]) == ("", ALL_SIX)
    devices = [token["deviceName"] for token in client.get("Users.GetTokens")["tokenInfoList"]]
    assert device in devices
    assert "" in [user["username"] for user in client.get("Users.GetUsers")["users"]]
    assert [news for news in listener.settle() if "PushButton" in news["notification"]] == []
    assert box.greet(client.token).works()


def test_the_nameless_user_has_no_password(box):
    client = box.greet()
    wait_for_button(client)
    press(box)
    client.token = outcome(client)["token"]
    refused = client.get("Users.ChangePassword", newPassword=PASSWORD)
    assert refused == {"error": "UserErrorInvalidUserId"}
    for password in ("", PASSWORD):
        answer = box.greet().get(
            "JSONRPC.Authenticate", username="", password=password, deviceName=""
        )
        assert answer == {"success": False}


def test_transactions_are_numbered(box):
    client = box.greet()
    first = wait_for_button(client)
    assert wait_for_button(client) == first + 1


def test_who_asks_later_takes_over(box):
    first, second = box.greet(), box.greet(scheme="http")
    number = wait_for_button(first)
    later = wait_for_button(second)
    assert outcome(first) == {"success": False, "transactionId": number}
    press(box)
    finished = outcome(second)
    assert (finished["success"], finished["transactionId"]) == (True, later)
    first.send({"id": 9, "method": "Users.GetUserInfo"})
    (reply,) = first.rest()
    assert reply["status"] == "unauthorized"


def test_asking_again_cancels_the_own_question_before_the_reply(box):
    client = box.greet()
    number = wait_for_button(client)
    client.send(client.request("JSONRPC.RequestPushButtonAuth", {"deviceName": "again"}))
    cancelled, in_both, reply = client.receive(), client.receive(), client.receive()
    assert cancelled["notification"] == "JSONRPC.PushButtonAuthFinished"
    assert in_both["notification"] == "Users.PushButtonAuthFinished"
    assert cancelled["params"] == {"success": False, "transactionId": number}
    assert reply["params"] == {"success": True, "transactionId": number + 1}


def test_who_hangs_up_is_not_paired(box):
    admin = box.admin()
    before = tokens_of_nobody(admin)
    client = box.greet()
    wait_for_button(client)
    client.close()
    admin.works()
    box.server.run("pairing", "press")
    assert tokens_of_nobody(admin) == before


def tokens_of_nobody(admin: Client) -> list[Message]:
    tokens: list[Message] = admin.get("Users.GetUserTokens", username="")["tokenInfoList"]
    return tokens


@pytest.mark.clause("OWASP ASVS 5.0 6.5.1")
def test_one_press_pairs_once(box):
    client = box.greet()
    wait_for_button(client)
    press(box)
    client.token = outcome(client)["token"]
    box.server.run("pairing", "press")
    assert client.settle() == []


# Power cuts


class Writer:
    """Asks for one change after the other on a connection of its own until that breaks.

    Attributes:
        done: what was acknowledged.
        open: what was asked for last; it may have happened or not.
    """

    def __init__(self, client: Client, change: Callable[[Client, int], str]) -> None:
        self.client = client
        self.done: list[str] = []
        self._change = change
        self._thread = threading.Thread(target=self._write)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._thread.join()

    def _write(self) -> None:
        try:
            for number in itertools.count(1):
                self.done.append(self._change(self.client, number))
        except ClosedError:
            pass


def rename(name: str) -> Callable[[Client, int], str]:
    def change(client: Client, number: int) -> str:
        assert (
            client.get("Users.SetUserInfo", username=name, displayName=str(number)) == NO_ERROR
        )
        return str(number)

    return change


def add_user(stem: str) -> Callable[[Client, int], str]:
    def change(client: Client, number: int) -> str:
        name = f"{stem}-{number}"
        added = client.get("Users.CreateUser", username=name, password=PASSWORD, scopes=[])
        assert added == NO_ERROR
        return name

    return change


def sign_in_again(name: str) -> Callable[[Client, int], str]:
    def change(client: Client, number: int) -> str:
        return client.sign_in(name, PASSWORD)

    return change


@pytest.fixture(params=PLAIN)
def writers(request: pytest.FixtureRequest, start: Start, connect: Connect) -> Box:
    server = start()
    return Box(server, connect, set_up(connect(server)), scheme=request.param)


def test_a_power_cut_loses_nothing_that_was_acknowledged(writers):
    box = writers
    names = [box.add(f"renamed-{number}") for number in range(6)]
    revoked = box.signed_in(box.add("revoked")).token
    removed = box.add("removed")
    admin = box.admin()
    admin.get("Users.ChangeUserPassword", username="revoked", newPassword=OTHER_PASSWORD)
    admin.get("Users.RemoveUser", username=removed)
    renaming = {name: Writer(box.admin(), rename(name)) for name in names}
    adding = Writer(box.admin(), add_user("added"))
    signing_in = Writer(box.greet(), sign_in_again("olga"))
    work = [*renaming.values(), adding, signing_in]
    for writer in work:
        writer.start()
    time.sleep(0.7)
    box.server.kill()
    for writer in work:
        writer.finish()
        assert writer.done

    box.server.start()
    admin = box.admin()
    for name, writer in renaming.items():
        info = info_of(admin, name)
        assert info is not None
        last = int(writer.done[-1])
        assert int(info["displayName"]) in (last, last + 1)
    listed = {user["username"] for user in admin.get("Users.GetUsers")["users"]}
    assert listed >= set(adding.done)
    assert removed not in listed
    for token in signing_in.done:
        assert box.connect(box.server).hello(token)["authenticated"] is True
    assert box.connect(box.server).hello(revoked)["authenticated"] is False
    assert box.signed_in("revoked", OTHER_PASSWORD).works()


def test_a_restarted_box_is_the_same_box(start, connect):
    server = start()
    box = Box(server, connect, set_up(connect(server)))
    box.add("paul", scopes=[CONTROL], displayName="Paul")
    token = box.signed_in("paul").token
    uuid = box.connect(server).hello()["uuid"]
    before = box.admin().get("Users.GetUsers")
    tokens = box.admin().get("Users.GetUserTokens", username="paul")
    assert server.stop() == 0
    server.start()
    answer = connect(server).hello(token)
    assert answer["authenticated"] is True
    assert answer["username"] == "paul"
    assert answer["uuid"] == uuid
    assert answer["initialSetupRequired"] is False
    assert box.admin().get("Users.GetUsers") == before
    assert box.admin().get("Users.GetUserTokens", username="paul") == tokens
