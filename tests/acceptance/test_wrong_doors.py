"""What comes to the wrong door: web pages at nymea's port, tokens of another kind, look-alikes."""

import itertools
import json
import time

import pytest

from tests.acceptance.box import PASSWORD
from tests.acceptance.client import PATIENCE, ClosedError, Socket, dial
from tests.acceptance.tani_client import NO_SESSION, SIGN_IN_FAILED
from tests.doubles import PASSWORD as OTHER_WORD

CALLS = b"".join(
    json.dumps({"id": number, "method": method, "params": params}).encode() + b"\n"
    for number, (method, params) in enumerate(
        [
            ("JSONRPC.Hello", {}),
            ("JSONRPC.CreateUser", {"username": "evil", "password": OTHER_WORD}),
            ("Users.CreateUser", {"username": "evil", "password": OTHER_WORD}),
        ]
    )
)
HEADS = {
    "form": "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
    "Content-Length: {size}\r\n\r\n",
    "rebinding": "POST / HTTP/1.1\r\nHost: evil.example:2222\r\nOrigin: http://evil.example\r\n"
    "Content-Length: {size}\r\n\r\n",
    "path": 'GET /{{"id":0,"method":"JSONRPC.Hello"}} HTTP/1.1\r\n\r\n',
    "upload": "PUT / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n",
}


@pytest.mark.clause("EN 18031-1 ACM-1", "EN 18031-1 GEC-6")
@pytest.mark.parametrize("how", HEADS)
@pytest.mark.parametrize("before", [b"", b"}\n", b"\n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("in_one", [True, False])
def test_a_request_of_a_web_page_is_not_taken_for_calls(start_shared_open, how, before, in_one):
    for server in start_shared_open:
        host = server.urls["nymea"].removeprefix("nymea://")
        head = HEADS[how].format(host=host, size=len(CALLS)).encode()
        with dial(server.urls["nymea"]) as connected:
            line = Socket(connected)
            for piece in [head + before + CALLS] if in_one else [head, before + CALLS]:
                try:
                    line.send(piece)
                except ClosedError:
                    break
            with pytest.raises(ClosedError):
                line.take(1, time.monotonic() + PATIENCE)  # not a word comes back


@pytest.fixture(scope="module")
def start_shared_open(start_shared):
    """Give a server that has no account yet, and one where everybody may do everything."""
    new = start_shared("new", ("nymea",))
    free = start_shared("free", ("nymea?authentication=off",))
    yield new, free
    for server in (new, free):
        assert server.run("user", "list", "--json").stdout.strip() == "[]"


@pytest.mark.clause("EN 18031-1 AUM-3", "OWASP ASVS 5.0 7.2.1")
def test_a_token_opens_nothing_but_what_it_is_for(box, open_tani):
    device = box.greet(box.admin_token)
    page = open_tani(box.server)
    key = page.sign_in("olga")
    token_ids = [one["id"] for one in device.get("Access.GetOwnTokens")["tokens"]]

    assert page.status("Users/ActivateSession", AuthKey=device.token) == NO_SESSION
    assert box.connect(box.server).hello(key)["authenticated"] is False
    for wrong in (*token_ids, "olga", PASSWORD, device.token.encode().hex()):
        assert box.connect(box.server).hello(wrong)["authenticated"] is False
        assert page.status("Users/ActivateSession", AuthKey=wrong) == NO_SESSION


@pytest.mark.clause("EN 18031-1 AUM-3")
def test_no_part_of_a_token_opens_more_than_none(box):
    token = box.admin_token
    nearly = {token[:-1], token[1:], token + "A", token + "\0", token.swapcase(), f" {token}"}
    nearly |= {token[:size] for size in range(1, len(token), 7)}
    nearly |= {token + "\n", token[::-1], token + "%", "%", "_" * len(token), token * 2}
    for wrong in nearly - {token}:
        assert box.connect(box.server).hello(wrong)["authenticated"] is False, wrong


LOOK_ALIKES = ["Olga", "ｏｌｇａ", "olgа", "olga\u200b", "olga ", "olg\u0251"]  # noqa: RUF001


def test_no_look_alike_is_the_account_it_looks_like(box, open_tani):
    admin = box.admin()
    for name, face in itertools.product(LOOK_ALIKES, ("nymea", "tani")):
        if face == "nymea":
            params = {"username": name, "password": OTHER_WORD}
            admin.ask("Users.CreateUser", **params)
            line = box.greet()
            answer = line.get("JSONRPC.Authenticate", deviceName="x", **params)
            is_olga = answer.get("username") == "olga"
        else:
            page, word = open_tani(box.server), OTHER_WORD
            status = page.status("Users/Login", Username=name, Password=word)
            is_olga = status != SIGN_IN_FAILED and name in {"Olga", "ｏｌｇａ"}  # noqa: RUF001
        assert not is_olga, name


@pytest.mark.clause("EN 18031-1 GEC-6")
@pytest.mark.parametrize(
    "text",
    [
        '{"id":1,"method":"Users.GetUsers","token":"x","token":"TOKEN"}',
        '{"id":1,"token":"TOKEN","method":"JSONRPC.Hello","method":"Users.GetUsers","token":"x"}',
        '{"id":1e400,"method":"Users.GetUsers","token":"x"}',
        '{"id":99999999999999999999999999,"method":"Users.GetUsers","token":"x"}',
        '{"id":1,"method":"Users.GetUsers\\u0000","token":"TOKEN"}',
        '{"id":1,"method":"Users.GetUsers","token":"TOKEN\\u0000"}',
        '{"id":1,"method":"Users.GetUsers","token":"\\ud800"}',
        '{"id":1,"method":"Users.GetUsers","token":{"$ne":""}}',
        '{"id":1,"method":"Users.GetUsers","token":["TOKEN"]}',
        '{"id":1,"method":"Users.GetUsers","params":' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_no_trick_of_json_opens_what_a_plain_request_does_not(box, text):
    client = box.greet()
    client.send(text.replace("TOKEN", box.admin_token).encode() + b"\n")
    assert "success" not in {message["status"] for message in said(client)}


def said(client):
    """Give the answer, if there is one."""
    try:
        return [client.reply()]
    except ClosedError:
        return []
