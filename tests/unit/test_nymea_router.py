"""The first message of a connection, and the handshake; nymea 1.2 and 2.7."""

import msgspec
import pytest

from keystead.nymea.face import Limits
from tests.nymea_box import Box

HELLO = b'{"id":1,"method":"JSONRPC.Hello"}'
PATIENCE = Limits().patience


@pytest.fixture
def box():
    return Box()


@pytest.mark.parametrize(
    "first",
    [
        b'{"id":1,"method":"JSONRPC.Version"}\n',
        b'{"id":1,"method":"JSONRPC.Introspect"}\n',
        b'{"id":1,"method":"Transfer.Connect"}\n',
        b'{"id":1,"method":"jsonrpc.hello"}\n',
        b'{"id":1}\n',
        b"{}\n",
        b"[]\n",
        b'["JSONRPC.Hello"]',
        b"nonsense}",
        b"\xff\xfe}",
    ],
)
@pytest.mark.parametrize("authentication", [True, False])
def test_anything_but_a_hello_closes_without_a_word(box, first, authentication):
    line = box.connect(authentication=authentication)
    assert line.send(first) == []
    assert line.is_closed


def test_what_follows_a_first_message_that_is_no_hello_is_not_looked_at(box):
    line = box.connect()
    assert line.send(b'{"id":1,"method":"JSONRPC.Version"}\n' + HELLO) == []
    assert line.is_closed


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b'{"id":1', b"\n \n", b"1 2 3"])
def test_what_is_no_whole_message_yet_is_waited_for(box, first):
    line = box.connect()
    assert line.send(first) == []
    assert not line.is_closed


def test_a_hello_is_answered(box):
    line = box.connect()
    (reply,) = line.send(HELLO)
    assert (reply["id"], reply["status"]) == (1, "success")


def test_requests_behind_the_hello_are_answered_in_order(box):
    box.add("ann")
    token = box.token("ann")
    line = box.connect()
    hello = line.request("JSONRPC.Hello", token=token)
    version = line.request("JSONRPC.Version", token=token)
    alive = line.request("JSONRPC.KeepAlive", {"sessionId": "x"}, token=token)
    replies = line.send(hello + version + alive)
    assert [reply["id"] for reply in replies] == [1, 2, 3]
    assert {reply["status"] for reply in replies} == {"success"}


def test_a_hello_without_an_id_is_complained_about_and_may_be_tried_again(box):
    line = box.connect()
    (complaint,) = line.send(b'{"method":"JSONRPC.Hello"}')
    assert complaint == {
        "error": "Error parsing command. Missing 'id'",
        "id": 0,
        "status": "error",
    }
    assert line.hello()["server"] == "nymea"


@pytest.mark.parametrize("method", ["JSONRPC.RequestPushButtonAuth", "JSONRPC.CreateUser"])
def test_after_a_hello_that_failed_another_method_is_told_to_greet_first(box, method):
    line = box.connect()
    line.ask("JSONRPC.Hello", {"unknown": 1})
    params = {"username": "ann", "password": "x"}
    reply = line.ask(method, params if method.endswith("User") else {"deviceName": "x"})
    assert reply == {
        "error": "Handshake required. Call JSONRPC.Hello first.",
        "id": 2,
        "status": "error",
    }
    assert line.is_closed


def test_without_authentication_too_the_handshake_is_required(box):
    line = box.connect(authentication=False)
    line.ask("JSONRPC.Hello", {"unknown": 1})
    assert line.ask("Users.GetUsers")["error"].startswith("Handshake required.")
    assert line.is_closed


def test_params_are_checked_before_the_handshake_is_asked_for(box):
    line = box.connect(authentication=False)
    line.ask("JSONRPC.Hello", {"unknown": 1})
    assert line.ask("Users.GetUsers", {"a": 1})["error"].startswith("Invalid params")
    assert not line.is_closed


# --- time -----------------------------------------------------------------------------------


def test_a_connection_without_a_hello_is_closed_when_the_patience_ends(box):
    line = box.connect()
    line.wait(PATIENCE - 0.5)
    assert not line.is_closed
    line.wait(0.5)
    assert line.is_closed
    assert line.read() == []


@pytest.mark.parametrize("said", [b'{"id":1', b'{"method":"JSONRPC.Hello"}', b"\n"])
def test_a_hello_that_never_succeeds_does_not_prolong_the_patience(box, said):
    line = box.connect()
    line.wait(PATIENCE - 1)
    line.send(said)
    line.wait(1)
    assert line.is_closed


def test_after_a_hello_there_is_no_deadline(box):
    line = box.connect()
    assert line.session.deadline == box.now + PATIENCE
    line.hello()
    assert line.session.deadline is None


def test_an_idle_connection_is_never_closed(box):
    line = box.greet()
    line.wait(1_000_000)
    assert not line.is_closed


def test_being_told_the_time_early_changes_nothing(box):
    line = box.connect()
    line.session.expire(box.now)
    assert not line.is_closed


def test_the_server_never_speaks_first(box):
    assert box.connect().read() == []


def test_a_patience_can_be_set():
    line = Box(limits=Limits(patience=3)).connect()
    line.wait(3)
    assert line.is_closed


# --- what Hello says ------------------------------------------------------------------------


def test_hello_tells_who_the_server_is(box):
    assert box.connect().hello() == {
        "authenticationRequired": True,
        "initialSetupRequired": True,
        "language": "en_US",
        "locale": "en_US",
        "name": "The box",
        "protocol version": "9.0",
        "pushButtonAuthAvailable": False,
        "server": "nymea",
        "uuid": "{4d6f1b1e-6b1c-4d7e-9d0b-3a2f8f1c5e77}",
        "version": "1.2.3",
    }


def test_hello_tells_whether_there_is_a_button_to_push(box):
    box.face.has_buttons = True
    assert box.connect().hello()["pushButtonAuthAvailable"] is True


def test_hello_tells_when_no_set_up_is_required_any_more(box):
    line = box.greet()
    box.add("ann")
    assert line.hello()["initialSetupRequired"] is False


@pytest.mark.parametrize(
    ("locale", "name"), [("de", "de_DE"), ("fr-FR", "fr_FR"), ("", "C"), (None, "C")]
)
def test_hello_gives_the_locale_that_was_asked_for_by_its_name(box, locale, name):
    reply = box.connect().hello(locale=locale)
    assert (reply["locale"], reply["language"]) == (name, name)


def test_a_locale_stays_until_another_is_asked_for(box):
    line = box.connect()
    line.hello(locale="de_AT")
    assert line.hello()["locale"] == "de_AT"
    assert line.hello(locale="en_GB")["locale"] == "en_GB"


def test_a_hello_in_many_portions_is_answered_once(box):
    line = box.connect()
    pretty = msgspec.json.format(HELLO, indent=4).replace(b"\n", b"\r\n")
    said = [m for byte in pretty + b"\r\n" for m in line.send(bytes([byte]))]
    assert [message["id"] for message in said] == [1]
