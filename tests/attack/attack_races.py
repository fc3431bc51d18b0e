"""Races between signing in and what changes at that moment."""

import threading

import pytest

from tests.acceptance.box import PASSWORD, set_up
from tests.acceptance.client import Client, ClosedError
from tests.acceptance.tani_client import Tani

ROUNDS = 60
RIGHTS = {"UserEdit": True, "Editor": True, "Diag": True}
NONE = {"UserEdit": False, "Editor": False, "Diag": False}


@pytest.mark.timeout(120)
@pytest.mark.clause("OWASP ASVS 5.0 8.3.2", "EN 18031-1 ACM-2")
@pytest.mark.parametrize("face", ["nymea", "tani"])
def test_rights_of_a_group_that_change_during_a_sign_in_are_those_of_the_end(
    start, connect, observe, face
):
    server = start()
    admin = connect(server)
    admin.token = set_up(admin)
    page = Tani(server.urls["http"])
    page.sign_in("olga", PASSWORD)
    page.do("Users/WriteGroup", Groupname="crew", **RIGHTS)
    page.do("Users/Write", Username="anna", Password=PASSWORD, Groups=["crew"])
    wrong = []
    for number in range(ROUNDS):
        given = RIGHTS if number % 2 else NONE
        changing = threading.Thread(
            target=lambda given=given: page.do("Users/WriteGroup", Groupname="crew", **given)
        )
        if face == "tani":
            line = Tani(server.urls["http"])
            changing.start()
            line.sign_in("anna", PASSWORD)
            changing.join()
            held = line.rights()["UserEdit"]
            line.close()
        else:
            client = Client(server.urls["nymea"])
            client.hello()
            changing.start()
            client.sign_in("anna", PASSWORD)
            changing.join()
            held = client.ask("Users.GetUsers")["status"] == "success"
            client.close()
        if held is not given["UserEdit"]:
            wrong.append(number)
    page.close()
    observe("rounds", f"{ROUNDS}, {len(wrong)} wrong")
    assert wrong == []


def token_in(client):
    """Give the token of the reply, if there is a reply and a token."""
    try:
        reply = client.reply()
    except ClosedError:
        return ""
    return reply.get("params", {}).get("token", "")


@pytest.mark.timeout(120)
@pytest.mark.clause("OWASP ASVS 5.0 7.4.5", "EN 18031-1 AUM-4")
@pytest.mark.parametrize("act", ["Users.ChangeUserPassword", "Access.SetAccountState"])
def test_whoever_signs_in_while_their_account_is_taken_away_is_not_in_afterwards(
    start, connect, observe, act
):
    server = start()
    admin = connect(server)
    admin.token = set_up(admin)
    inside = 0
    for number in range(ROUNDS):
        name, word = f"anna-{number}", "Another-Word-7"
        admin.get("Users.CreateUser", username=name, password=PASSWORD, scopes=[])
        client = Client(server.urls["nymea"])
        client.hello()
        params = {"username": name, "password": PASSWORD, "deviceName": "x"}
        client.send(client.request("JSONRPC.Authenticate", params))
        given = {"newPassword": word} if act.endswith("Password") else {"enabled": False}
        admin.get(act, username=name, **given)
        if token := token_in(client):
            again = Client(server.urls["nymea"])
            inside += again.hello(token).get("authenticated") is True
            again.close()
        client.close()
    observe("rounds", f"{ROUNDS}, {inside} still in")
    assert inside == 0
