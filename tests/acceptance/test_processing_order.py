"""Which answer a request gets when several would fit: handshake, ids, tokens, rights, names."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.box import CONTROL, PASSWORD, Box, Connect, new_name
from tests.acceptance.client import Client, ClosedError, Message
from tests.acceptance.conftest import Start
from tests.acceptance.server import Server

CHANGED_TOKEN = "Changing the user (token) requires a new handshake. Call JSONRPC.Hello."
INVALID_TOKEN = "Forbidden: Invalid token."
SET_UP_FIRST = "Initial setup required. Call JSONRPC.CreateUser first."
SHAKE_HANDS_FIRST = "Handshake required. Call JSONRPC.Hello first."
MISSING_ID = "Error parsing command. Missing 'id'"
STALE = "c3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUgc3RhbGUgc3Q="  # well-formed and never given out
HELLO = {"id": 1, "method": "JSONRPC.Hello"}
HELLO_KEYS = {
    "authenticationRequired",
    "initialSetupRequired",
    "language",
    "locale",
    "name",
    "protocol version",
    "pushButtonAuthAvailable",
    "server",
    "uuid",
    "version",
}


def refusal(number: int, text: str) -> Message:
    return {"error": text, "id": number, "status": "error"}


def dismissal(number: int, text: str) -> Message:
    return {"error": text, "id": number, "status": "unauthorized"}


def wrong_method(method: str) -> str:
    return f"Error parsing method. Got: '{method}'', Expected: 'Namespace.method'"


@pytest.fixture(params=["nymea", "http"])
def scheme(request: pytest.FixtureRequest, box: Box) -> str:
    box.scheme = request.param
    return box.scheme


@pytest.fixture(scope="module")
def new_server(start_shared: Start) -> Server:
    """A server nobody has set up, for tests that leave it so."""
    return start_shared("new")


@pytest.fixture
def stranger(new_server: Server, connect: Connect) -> Client:
    client = connect(new_server)
    client.hello()
    return client


# The first message


@pytest.mark.parametrize(
    "first",
    [
        b'{"id":1,"method":"JSONRPC.Version"}\n',
        b'{"id":1,"method":"jsonrpc.hello"}\n',
        b'{"id":1,"method":"Users.GetUsers","token":"x"}\n',
        b'{"id":1}\n',
        b"{}\n",
        b"[]\n",
        b'[{"id":1,"method":"JSONRPC.Hello"}]\n',
        b"{nonsense}\n",
        b"GET / HTTP/1.1 }\n",
    ],
)
def test_a_first_message_other_than_hello_closes_without_a_word(box, scheme, first):
    client = box.connect(box.server, scheme)
    client.send(first)
    assert client.rest() == []


def test_the_server_closes_a_websocket_with_code_1000_and_no_reason(box):
    client = box.connect(box.server, "http")
    client.send("{}\n")
    assert client.rest() == []
    assert (client.websocket.close_code, client.websocket.close_reason) == (1000, "")


def test_a_first_message_may_come_in_two_halves(box, scheme):
    client = box.connect(box.server, scheme)
    client.send('{"id":7,"method":"JSON')
    time.sleep(0.05)
    client.send('RPC.Hello"}')
    assert client.reply()["id"] == 7


def test_what_follows_hello_in_the_same_chunk_is_answered_in_order(box, scheme):
    client = box.connect(box.server, scheme)
    hello = HELLO | {"token": box.admin_token}
    more = [
        {"id": n, "method": "JSONRPC.KeepAlive", "params": {"sessionId": str(n)}}
        | {"token": box.admin_token}
        for n in range(2, 6)
    ]
    client.send("\n".join(json.dumps(message) for message in [hello, *more]) + "\n")
    assert [client.reply()["id"] for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_byte_order_mark_before_hello_is_no_harm(box, scheme):
    client = box.connect(box.server, scheme)
    client.send(b'\xef\xbb\xbf{"id":1,"method":"JSONRPC.Hello"}\n')
    assert client.reply()["status"] == "success"


def test_the_server_does_not_speak_first(box, scheme):
    client = box.connect(box.server, scheme)
    with pytest.raises(TimeoutError):
        client.receive(0.3)


class Watch:
    """Waits in the background for the end of a connection that says *opening* and no more."""

    def __init__(self, client: Client, opening: bytes) -> None:
        self.client = client
        self.seconds = 0.0
        self.messages: list[Message] = []
        self._began = time.monotonic()
        if opening:
            client.send(opening)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        try:
            while time.monotonic() < self._began + 14:
                self.messages.append(self.client.receive(14))
        except ClosedError:
            self.seconds = time.monotonic() - self._began
        except TimeoutError:
            pass

    def finish(self) -> "Watch":
        self._thread.join()
        return self


@pytest.fixture(scope="module", autouse=True)
def silent(shared_server: tuple[Server, str]) -> Iterator[dict[str, Watch]]:
    """Connections that never say a whole Hello; they grow old while other tests run."""
    server, _ = shared_server
    clients = {
        "nothing, TCP": (Client(server.urls["nymea"]), b""),
        "nothing, WebSocket": (Client(server.urls["http"]), b""),
        "half a Hello": (Client(server.urls["nymea"]), b'{"id":1,"method":"JSONRPC.Hel'),
        "a Hello without id": (Client(server.urls["nymea"]), b'{"method":"JSONRPC.Hello"}\n'),
    }
    watches = {name: Watch(*client) for name, client in clients.items()}
    yield watches
    for watch in watches.values():
        watch.finish().client.close()


# Hello


def test_hello_without_a_token_says_who_the_server_is(box, scheme):
    answer = box.connect(box.server, scheme).hello()
    assert set(answer) == HELLO_KEYS
    assert answer["server"] == "nymea"
    assert answer["protocol version"] == "9.0"
    assert answer["initialSetupRequired"] is False
    assert answer["authenticationRequired"] is True
    assert answer["pushButtonAuthAvailable"] in (True, False)
    assert answer["language"] == answer["locale"] == "en_US"
    assert answer["name"]
    assert answer["version"]


def test_the_uuid_has_braces_and_stays(box):
    first, second = (box.connect(box.server).hello()["uuid"] for _ in range(2))
    assert first == second
    assert len(first) == 38
    assert (first[0], first[-1]) == ("{", "}")
    assert first == first.lower()


def test_hello_with_a_token_says_whose_it_is(box, scheme):
    user = box.user(scopes=[CONTROL])
    answer = box.connect(box.server, scheme).hello(user.token)
    assert set(answer) == HELLO_KEYS | {"authenticated", "permissionScopes", "username"}
    assert answer["authenticated"] is True
    assert answer["permissionScopes"] == [CONTROL]
    assert answer["username"].startswith("user-")


def test_hello_lists_no_scope_as_none(box):
    answer = box.connect(box.server).hello(box.user().token)
    assert answer["permissionScopes"] == ["PermissionScopeNone"]


def test_hello_with_an_unknown_token_succeeds_and_says_so(box, scheme):
    answer = box.connect(box.server, scheme).hello(STALE)
    assert answer["authenticated"] is False
    assert answer["permissionScopes"] == ["PermissionScopeNone"]
    assert answer["username"] == ""


@pytest.mark.parametrize("token", ["", None, [], {}])
def test_an_empty_token_counts_as_none(box, token):
    client = box.connect(box.server)
    client.send(HELLO | {"token": token})
    assert set(client.reply()["params"]) == HELLO_KEYS


@pytest.mark.clause("EN 18031-1 AUM-3")
@pytest.mark.parametrize("token", [12345, "not/a token!", "'", "x" * 5000])
def test_any_odd_token_is_merely_unknown(box, token):
    client = box.connect(box.server)
    client.send(HELLO | {"token": token})
    assert client.reply()["params"]["authenticated"] is False


def test_bad_hello_tokens_keep_nobody_out(box):
    for _ in range(5):
        assert box.connect(box.server).hello(STALE)["authenticated"] is False
    assert box.admin().works()


@pytest.mark.parametrize(
    ("wish", "locale"),
    [
        ("de", "de_DE"),
        ("fr-FR", "fr_FR"),
        ("de_AT.UTF-8", "de_AT"),
        ("EN_us", "en_US"),
        ("zh_Hans_CN", "zh_CN"),
        ("klingon", "C"),
        ("", "C"),
    ],
)
def test_hello_gives_back_the_canonical_locale(box, wish, locale):
    answer = box.connect(box.server).hello(locale=wish)
    assert (answer["locale"], answer["language"]) == (locale, locale)


def test_hello_may_be_repeated_and_keeps_the_locale(box, scheme):
    client = box.connect(box.server, scheme)
    client.hello(locale="de")
    assert client.hello()["locale"] == "de_DE"


def test_version_names_the_protocol_and_no_qt(box):
    answer = box.admin().get("JSONRPC.Version")
    assert set(answer) == {"protocol version", "qtBuildVersion", "qtVersion", "version"}
    assert answer["protocol version"] == "9.0"
    assert (answer["qtVersion"], answer["qtBuildVersion"]) == ("", "")


# Step 1: JSON


@pytest.mark.parametrize("text", ["{]}\n", '{"id":1,}\n', '{"id" 1}\n', "}\n", "{nonsense}\n"])
def test_what_is_not_json_is_answered_with_id_minus_one(box, scheme, text):
    client = box.admin()
    client.send(text)
    reply = client.reply()
    assert reply == refusal(-1, reply["error"])
    assert reply["error"].startswith("Failed to parse JSON data: ")
    assert len(reply["error"]) > len("Failed to parse JSON data: ")
    assert client.works()


# Step 2: ids


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (0, 0),
        (-7, -7),
        (2147483647, 2147483647),
        (2147483648, 2147483648),  # not cut to 32 bits: a reply carries the id of its request
        (3000000000, 3000000000),
        (4294967297, 4294967297),
        (4.7, 5),
        (4.2, 4),
        (-4.7, -5),
        ("42", 42),
        (" 42 ", 42),
        ("-3", -3),
        (True, 1),
    ],
)
def test_ids_are_converted(box, given, taken):
    client = box.admin()
    client.send(client.request("JSONRPC.KeepAlive", {"sessionId": "x"}, id=given))
    reply = client.reply()
    assert (reply["id"], reply["status"]) == (taken, "success")
    assert type(reply["id"]) is int


@pytest.mark.parametrize("given", ["abc", "", "4.7", "0x10", None, [], [1], {}])
def test_an_id_that_is_no_number_is_missing(box, scheme, given):
    client = box.admin()
    client.send(client.request("JSONRPC.KeepAlive", {"sessionId": "x"}, id=given))
    assert client.reply() == refusal(0, MISSING_ID)
    assert client.works()


@pytest.mark.parametrize(
    "text", ['{"method":"JSONRPC.Version"}\n', "{}\n", "[]\n", '["id"]\n', '[{"id":1}]\n']
)
def test_a_message_without_id_is_answered_with_id_zero(box, text):
    client = box.admin()
    client.send(text)
    assert client.reply() == refusal(0, MISSING_ID)
    assert client.works()


def test_the_id_is_looked_for_before_the_token(box):
    client = box.greet()
    client.send('{"method":"Users.GetUsers","token":"wrong"}\n')
    assert client.reply() == refusal(0, MISSING_ID)
    assert client.get("JSONRPC.Hello")


# Step 3: the form of the method


@pytest.mark.parametrize("method", ["", "Foo", "A.B.C", "JSONRPC.Hello.", "...", "Users/x"])
def test_a_method_is_two_words_with_one_dot(box, scheme, method):
    client = box.admin()
    reply = client.ask(method)
    assert reply == refusal(reply["id"], wrong_method(method))
    assert client.works()


def test_a_missing_method_is_an_empty_one(box):
    client = box.admin()
    client.send({"id": 5, "token": client.token})
    assert client.reply() == refusal(5, wrong_method(""))


def test_the_form_of_the_method_is_looked_at_before_the_token(box):
    client = box.greet()
    client.send({"id": 3, "method": "Nonsense", "token": "wrong"})
    assert client.reply() == refusal(3, wrong_method("Nonsense"))
    assert client.hello()


# Step 4: the bound token


def test_a_token_that_was_not_in_the_hello_is_refused(box, scheme):
    client = box.greet()
    client.send({"id": 9, "method": "Users.GetUserInfo", "token": box.admin_token})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_leaving_the_token_out_is_refused(box, scheme):
    client = box.admin()
    client.send({"id": 9, "method": "Users.GetUserInfo"})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_another_valid_token_is_refused(box, scheme):
    client = box.admin()
    client.token = box.user().token
    client.send(client.request("Users.GetUserInfo", {}, id=9))
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_the_token_is_compared_before_the_method_is_looked_up(box):
    client = box.admin()
    client.token = "other"
    client.send(client.request("Nothing.Known", {"bad": 1}, id=9))
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_only_the_exact_hello_may_change_the_token(box):
    client = box.greet()
    client.send({"id": 9, "method": "jsonrpc.Hello", "token": box.admin_token})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_a_refused_token_keeps_nobody_else_out(box):
    client = box.greet()
    client.send({"id": 9, "method": "Users.GetUserInfo", "token": STALE})
    client.rest()
    assert box.admin().works()


def test_a_second_hello_binds_another_token(box, scheme):
    client = box.admin()
    other = box.user()
    client.hello(other.token)
    assert client.get("Users.GetUserInfo")["userInfo"]["username"].startswith("user-")


def test_a_second_hello_without_token_signs_out(box, scheme):
    client = box.admin()
    client.hello("")
    client.send({"id": 9, "method": "Users.GetUserInfo"})
    assert client.rest() == [dismissal(9, INVALID_TOKEN)]


def test_signing_in_binds_the_new_token_alone(box, scheme):
    client = box.signed_in(box.add())
    assert client.get("Users.GetUserInfo")["error"] == "UserErrorNoError"
    client.send({"id": 9, "method": "Users.GetUserInfo"})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def fail_to_sign_in(client: Client, name: str) -> None:
    answer = client.get(
        "JSONRPC.Authenticate", username=name, password="Wrong0ne!", deviceName="?"
    )
    assert answer == {"success": False}


def test_a_failed_sign_in_signs_out(box, scheme):
    name = box.add()
    client = box.signed_in(name)
    old, client.token = client.token, ""
    fail_to_sign_in(client, name)
    client.send({"id": 9, "method": "Users.GetUserInfo", "token": old})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_after_a_failed_sign_in_requests_carry_no_token(box):
    name = box.add()
    client = box.signed_in(name)
    client.token = ""
    fail_to_sign_in(client, name)
    client.send({"id": 9, "method": "Users.GetUserInfo"})
    assert client.rest() == [dismissal(9, INVALID_TOKEN)]


def test_after_one_failed_sign_in_the_right_password_works(box, scheme):
    name = box.add()
    client = box.greet()
    fail_to_sign_in(client, name)
    assert client.sign_in(name, PASSWORD)


def test_a_second_failed_sign_in_is_answered_before_the_close(box, scheme):
    name = box.add()
    client = box.greet()
    fail_to_sign_in(client, name)
    client.send(
        client.request(
            "JSONRPC.Authenticate",
            {"username": name, "password": "Wrong0ne!", "deviceName": "?"},
            id=9,
        )
    )
    assert client.rest() == [{"id": 9, "params": {"success": False}, "status": "success"}]


def test_a_stranger_who_guesses_locks_nobody_out(box):
    name = box.add()
    for _ in range(4):
        fail_to_sign_in(box.greet(source="127.0.0.66"), name)
    guess = {"username": name, "password": PASSWORD, "deviceName": "?"}
    reply = box.greet(source="127.0.0.66").ask("JSONRPC.Authenticate", **guess)
    assert (reply["status"], reply["retryAfter"]) == ("error", 1)
    assert box.signed_in(name).works()
    assert box.admin().works()


@pytest.mark.parametrize("hello", ["none", "stale", "valid"])
@pytest.mark.parametrize("then", ["none", "bound", "stale"])
def test_authenticate_takes_no_token_the_bound_one_and_a_stale_one(box, scheme, hello, then):
    name = box.add()
    tokens = {"none": "", "stale": STALE, "valid": ""}
    if hello == "valid" or then == "bound":
        tokens["valid"] = box.signed_in(name).token
    client = box.greet(tokens[hello])
    client.token = {"none": "", "bound": tokens[hello], "stale": STALE}[then]
    assert client.sign_in(name, PASSWORD)
    assert client.get("Users.GetUserInfo")["userInfo"]["username"] == name


def test_a_stale_token_opens_nothing_else(box, scheme):
    client = box.greet(STALE)
    client.send(client.request("Users.GetUserInfo", {}, id=9))
    (reply,) = client.rest()
    assert (reply["id"], reply["status"]) == (9, "unauthorized")


# Step 5a: set-up


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("JSONRPC.KeepAlive", {"sessionId": "x"}),
        ("JSONRPC.Introspect", {}),
        ("JSONRPC.Authenticate", {"username": "a", "password": "b", "deviceName": "c"}),
        ("Users.CreateUser", {"username": "mallory", "password": PASSWORD}),
        ("Users.GetUsers", {}),
        ("Nothing.Known", {}),
        ("Users.Unknown", {"bad": 1}),
    ],
)
def test_before_set_up_other_methods_are_dismissed(stranger, method, params):
    stranger.send(stranger.request(method, params, id=9))
    assert stranger.rest() == [dismissal(9, SET_UP_FIRST)]


def test_before_set_up_a_token_is_of_no_use(new_server, connect):
    client = connect(new_server)
    assert client.hello(STALE)["initialSetupRequired"] is True
    client.send(client.request("Users.GetUsers", {}, id=9))
    (reply,) = client.rest()
    assert (reply["id"], reply["status"]) == (9, "unauthorized")


def test_before_set_up_a_refused_first_user_leaves_it_open(stranger):
    refused = stranger.get("JSONRPC.CreateUser", username="olga", password="short")
    assert refused == {"error": "UserErrorBadPassword"}
    refused = stranger.get("JSONRPC.CreateUser", username="ab", password=PASSWORD)
    assert refused == {"error": "UserErrorInvalidUserId"}
    assert stranger.hello()["initialSetupRequired"] is True


def test_before_set_up_a_push_button_may_be_asked_for(stranger):
    answer = stranger.get("JSONRPC.RequestPushButtonAuth", deviceName="a phone")
    assert answer["success"] is True


def test_before_set_up_parameters_of_create_user_are_checked(stranger):
    reply = stranger.ask("JSONRPC.CreateUser", username="olga")
    text = (
        "Invalid params: Missing required key: password in JSONRPC.CreateUser, param password"
    )
    assert reply == refusal(reply["id"], text)


# Step 5b: signed in or not


@pytest.mark.clause("EN 18031-1 AUM-1-1")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("JSONRPC.KeepAlive", {"sessionId": "x"}),
        ("JSONRPC.Introspect", {}),
        ("JSONRPC.Version", {}),
        ("JSONRPC.SetNotificationStatus", {"namespaces": ["Users"]}),
        ("JSONRPC.CreateUser", {"username": "mallory", "password": PASSWORD}),
        ("Users.GetUserInfo", {}),
        ("Users.GetUsers", {}),
        ("Nothing.Known", {}),
        ("Users.Unknown", {"bad": 1}),
    ],
)
def test_without_a_token_other_methods_are_dismissed(box, scheme, method, params):
    client = box.greet()
    client.send(client.request(method, params, id=9))
    assert client.rest() == [dismissal(9, INVALID_TOKEN)]


def test_without_a_token_a_push_button_may_be_asked_for(box, scheme):
    answer = box.greet().get("JSONRPC.RequestPushButtonAuth", deviceName="a phone")
    assert answer["success"] is True


# Step 5c: rights


@pytest.mark.parametrize("method", ["Users.GetUsers", "Nothing.Known", "Users.Unknown", "a.b"])
def test_whoever_lacks_the_scope_is_refused_and_stays(box, scheme, method):
    client = box.user(scopes=[CONTROL])
    reply = client.ask(method)
    assert reply == refusal(reply["id"], "Permission denied.")
    assert client.works()


def test_rights_are_looked_at_before_parameters(box):
    client = box.user()
    reply = client.ask("Users.CreateUser", nonsense=1)
    assert reply == refusal(reply["id"], "Permission denied.")


# Steps 6 and 7: names


@pytest.mark.parametrize("method", ["Nothing.Known", "users.GetUsers", ".", ".Hello"])
def test_an_administrator_learns_that_a_namespace_is_unknown(box, scheme, method):
    client = box.admin()
    reply = client.ask(method, bad=1)
    assert reply == refusal(reply["id"], "No such namespace")
    assert client.works()


@pytest.mark.parametrize("method", ["Users.Unknown", "JSONRPC.hello", "Users.", "JSONRPC.x y"])
def test_an_administrator_learns_that_a_method_is_unknown(box, scheme, method):
    client = box.admin()
    reply = client.ask(method, bad=1)
    assert reply == refusal(reply["id"], "No such method")
    assert client.works()


# Steps 8 and 9: parameters, then the handshake

BAD_HELLO = HELLO | {"params": {"foo": 1}}
BAD_HELLO_TEXT = "Invalid params: Invalid key: foo in JSONRPC.Hello, param "


def test_a_hello_with_bad_parameters_is_no_handshake(box, scheme):
    client = box.connect(box.server, scheme)
    client.send(BAD_HELLO)
    assert client.reply() == refusal(1, BAD_HELLO_TEXT)
    credentials = {"username": "olga", "password": PASSWORD, "deviceName": "x"}
    client.send(client.request("JSONRPC.Authenticate", credentials, id=9))
    assert client.rest() == [refusal(9, SHAKE_HANDS_FIRST)]


def test_a_hello_with_bad_parameters_may_be_followed_by_a_good_one(box, scheme):
    client = box.connect(box.server, scheme)
    client.send(BAD_HELLO)
    assert client.reply() == refusal(1, BAD_HELLO_TEXT)
    assert client.hello(box.admin_token)["authenticated"] is True


def test_the_token_is_asked_for_before_the_handshake(box):
    client = box.connect(box.server)
    client.send(BAD_HELLO)
    client.reply()
    client.send({"id": 9, "method": "Users.GetUsers"})
    assert client.rest() == [dismissal(9, INVALID_TOKEN)]


def test_parameters_are_checked_before_the_handshake(box):
    client = box.connect(box.server)
    client.send(BAD_HELLO)
    client.reply()
    client.send({"id": 9, "method": "JSONRPC.Authenticate"})
    text = (
        "Invalid params: Missing required key: deviceName"
        " in JSONRPC.Authenticate, param deviceName"
    )
    assert client.reply() == refusal(9, text)


# Envelopes


def test_unknown_members_of_a_request_are_ignored(box):
    client = box.admin()
    request = client.request("JSONRPC.KeepAlive", {"sessionId": "x"}, jsonrpc="2.0", foo=[1])
    client.send(request)
    assert client.reply()["status"] == "success"


def test_params_of_another_kind_count_as_none(box):
    client = box.admin()
    for params in (None, [], [1], "text", 5, True):
        client.send(client.request("Users.GetUserInfo", params))
        assert client.reply()["params"]["error"] == "UserErrorNoError"


def test_keys_come_out_sorted(box):
    client = box.admin()
    reply = client.ask("Users.GetUserInfo")
    assert list(reply) == sorted(reply)
    assert list(reply["params"]["userInfo"]) == sorted(reply["params"]["userInfo"])
    hello = client.hello()
    assert list(hello) == sorted(hello)


def test_text_beyond_ascii_is_sent_as_it_is(box, scheme):
    client = box.admin()
    odd = 'Zoë ✓ 😀 / \\ " \t \x01'
    assert client.get("JSONRPC.KeepAlive", sessionId=odd)["sessionId"] == odd


def test_many_requests_in_one_go_are_answered_in_order(box, scheme):
    client = box.admin()
    requests = [client.request("JSONRPC.KeepAlive", {"sessionId": str(n)}) for n in range(300)]
    client.send("".join(json.dumps(request) + "\n" for request in requests))
    assert [client.reply()["params"]["sessionId"] for _ in requests] == [
        request["params"]["sessionId"] for request in requests
    ]


# A listener without authentication


@pytest.fixture(scope="module")
def open_server(start_shared: Start) -> Server:
    return start_shared("open", ("nymea?authentication=off",))


def test_without_authentication_everything_is_open(open_server, connect):
    client = connect(open_server)
    answer = client.hello()
    assert answer["authenticationRequired"] is False
    assert answer["initialSetupRequired"] is False
    name = new_name()
    assert client.get("Users.CreateUser", username=name, password=PASSWORD) == {
        "error": "UserErrorNoError"
    }
    assert name in [user["username"] for user in client.get("Users.GetUsers")["users"]]


def test_without_authentication_there_is_no_current_user(open_server, connect):
    client = connect(open_server)
    client.hello()
    denied = {"error": "UserErrorPermissionDenied"}
    assert client.get("Users.GetUserInfo") == denied
    assert client.get("Users.GetTokens") == denied
    assert client.get("Users.ChangePassword", newPassword=PASSWORD) == denied


def test_without_authentication_the_token_stays_bound(open_server, connect):
    client = connect(open_server)
    client.hello()
    client.send({"id": 9, "method": "JSONRPC.Version", "token": "other"})
    assert client.rest() == [dismissal(9, CHANGED_TOKEN)]


def test_without_authentication_names_are_looked_up(open_server, connect):
    client = connect(open_server)
    client.hello()
    assert client.ask("Nothing.Known")["error"] == "No such namespace"
    assert client.ask("Users.Unknown")["error"] == "No such method"


# What grew old meanwhile


@pytest.mark.parametrize("kind", ["nothing, TCP", "nothing, WebSocket", "half a Hello"])
def test_a_connection_without_hello_is_closed_silently_after_ten_seconds(silent, kind):
    watch = silent[kind].finish()
    assert watch.messages == []
    assert 9.5 < watch.seconds < 13


def test_a_malformed_hello_does_not_stop_the_ten_seconds(silent):
    watch = silent["a Hello without id"].finish()
    assert watch.messages == [refusal(0, MISSING_ID)]
    assert 9.5 < watch.seconds < 13
