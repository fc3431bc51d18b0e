"""Requests of a client and what becomes of them, against a server that does as told."""

import asyncio
import logging

import pytest

from keystead.client import (
    ConnectionLostError,
    Missed,
    RequestError,
    UnauthorizedError,
    UnexpectedReplyError,
    UserRefusedError,
    introspect,
    wires,
)
from keystead.client.types import UserError, UserRemoved
from tests.net_stage import on_each_loop
from tests.unit.scripted_server import HELLO, client, serving

SECRET = "Rather-Long-4"


async def answering(peer):
    await peer.greet()
    await peer.answer_all()


async def greeting(peer):
    await peer.greet()
    await peer.end()


def asked(script):
    """Shake hands, then go on with *script*, until the client goes."""

    async def whole(peer):
        await peer.greet()
        await script(peer)
        await peer.end()

    return whole


# Replies


@on_each_loop
async def test_replies_are_matched_by_id_whatever_their_order():
    async def backwards(peer):
        requests = [await peer.request() for _ in range(3)]
        for request in reversed(requests):
            peer.reply(request, success=True, sessionId=request["params"]["sessionId"])

    async with serving(asked(backwards)) as url, client(url) as box:
        calls = (box.jsonrpc.keep_alive(session_id=text) for text in "abc")
        replies = await asyncio.gather(*calls)
    assert [reply.session_id for reply in replies] == ["a", "b", "c"]


@on_each_loop
async def test_a_reply_may_come_in_pieces():
    async def piecemeal(peer):
        request = await peer.request()
        for piece in (b'{"id":%d,"params":{"users":' % request["id"], b'[]},"status":"suc'):
            peer.say(piece)
            await asyncio.sleep(0.01)
        peer.say(b'cess"}\n')

    async with serving(asked(piecemeal)) as url, client(url) as box:
        assert await box.users.get_users() == ()


@on_each_loop
async def test_parameters_that_are_left_out_are_not_sent():
    async def looking(peer):
        request = await peer.answer("Users.SetUserInfo", error="UserErrorNoError")
        assert request["params"] == {"displayName": ""}
        assert "token" not in request

    async with serving(asked(looking)) as url, client(url) as box:
        await box.users.set_user_info(display_name="")


@on_each_loop
async def test_a_refusal_is_an_exception_that_names_it():
    async def refusing(peer):
        await peer.answer("Users.CreateUser", error="UserErrorBadPassword")

    async with serving(asked(refusing)) as url, client(url) as box:
        with pytest.raises(UserRefusedError) as refused:
            await box.users.create_user(username="ann", password=SECRET)
    assert refused.value.error is UserError.BAD_PASSWORD
    assert str(refused.value) == "Users.CreateUser: UserErrorBadPassword"


@on_each_loop
async def test_a_refusal_in_words_that_nobody_knows_is_an_unexpected_reply():
    async def refusing(peer):
        await peer.answer("Users.CreateUser", error="UserErrorMoonIsFull")

    async with serving(asked(refusing)) as url, client(url) as box:
        with pytest.raises(
            UnexpectedReplyError, match="There is no UserError UserErrorMoonIsFull"
        ):
            await box.users.create_user(username="ann", password=SECRET)


@on_each_loop
@pytest.mark.parametrize(
    ("status", "error"), [("error", RequestError), ("unauthorized", UnauthorizedError)]
)
async def test_other_failures_say_what_the_server_says(status, error):
    async def failing(peer):
        request = await peer.request()
        peer.say({"id": request["id"], "status": status, "error": "Because."})

    async with serving(asked(failing)) as url, client(url) as box:
        with pytest.raises(error, match=r"Users\.GetUsers: Because\."):
            await box.users.get_users()


@on_each_loop
@pytest.mark.parametrize(
    "reply",
    [
        {"params": {}},
        {"status": "success", "params": {"users": [{"username": 4}]}},
        {"status": "success"},
        {"status": "success", "params": [[]]},
    ],
)
async def test_a_reply_of_the_wrong_shape_is_told_from_others(reply):
    async def odd(peer):
        request = await peer.request()
        peer.say({"id": request["id"]} | reply)
        await peer.answer_all()

    async with serving(asked(odd)) as url, client(url) as box:
        with pytest.raises(UnexpectedReplyError, match=r"Users\.GetUsers"):
            await box.users.get_users()
        assert (await box.jsonrpc.keep_alive(session_id="still")).session_id == "still"


@on_each_loop
@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n", b"[]\n", b'{"id":1', b'"\xff"\n', b'{"id":"1"}\n'],
)
async def test_what_is_no_message_ends_the_connection(garbage):
    async def babbling(peer):
        await peer.greet()
        await peer.request()
        peer.say(garbage)

    async with serving(babbling) as url, client(url, delays=lambda: iter(())) as box:
        with pytest.raises(ConnectionLostError):
            await box.users.get_users()


@on_each_loop
async def test_a_message_without_end_ends_the_connection(monkeypatch):
    async def endless(peer):
        await peer.greet()
        await peer.request()
        peer.say(b'"' * 5000)
        await peer.end()

    monkeypatch.setattr(wires, "MAX_MESSAGE", 4096)
    async with serving(endless) as url, client(url, delays=lambda: iter(())) as box:
        with pytest.raises(ConnectionLostError):
            await box.users.get_users()


@on_each_loop
async def test_a_reply_that_is_too_late_is_nobody_s():
    async def tardy(peer):
        late = await peer.request()
        request = await peer.request()
        peer.reply(late, success=True, sessionId="late")
        peer.reply(request, success=True, sessionId="in time")

    async with serving(asked(tardy)) as url, client(url, timeout=0.2) as box:
        with pytest.raises(TimeoutError, match=r"JSONRPC\.KeepAlive: no reply within 0\.2 s\."):
            await box.jsonrpc.keep_alive(session_id="")
        assert (await box.jsonrpc.keep_alive(session_id="")).session_id == "in time"


@on_each_loop
async def test_a_caller_may_give_up():
    async with serving(asked(lambda peer: peer.answer_all())) as url, client(url) as box:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await box.users.get_users()
        await box.jsonrpc.keep_alive(session_id="")


@on_each_loop
async def test_requests_wait_while_the_other_side_does_not_read():
    async def busy(peer):
        await peer.greet()
        await peer.request()
        reading.set()
        await peer.answer_all()

    text = "x" * 100_000
    reading = asyncio.Event()
    async with serving(busy) as url, client(url) as box, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(box.jsonrpc.keep_alive(session_id=text))
        await reading.wait()
        calls = [tasks.create_task(box.jsonrpc.keep_alive(session_id=text)) for _ in range(100)]
        for call in calls:
            assert (await call).session_id == text
        first.cancel()


# Notifications


@on_each_loop
async def test_notifications_that_are_not_known_are_passed_over():
    async def telling(peer):
        peer.tell("Weather.Rain", mm=3)
        peer.tell("Users.UserRemoved", username="ann")

    async with serving(asked(telling)) as url, client(url) as box:
        assert await anext(box.notifications) == UserRemoved(username="ann")


@on_each_loop
async def test_a_notification_that_cannot_be_read_counts_as_missed():
    async def telling(peer):
        peer.tell("Users.UserRemoved", username=4)

    async with serving(asked(telling)) as url, client(url) as box:
        assert await anext(box.notifications) == Missed(1)


# Signing in


@on_each_loop
async def test_other_requests_wait_for_a_sign_in_and_carry_its_token():
    async def signing_in(peer):
        request = await peer.request("JSONRPC.Authenticate")
        assert request["token"] == "old"
        await asyncio.sleep(0.05)
        peer.reply(request, success=True, token="new")
        request = await peer.answer("Users.GetUsers", users=[])
        assert request["token"] == "new"

    async with serving(asked(signing_in)) as url, client(url, token="old") as box:
        signed_in, users = await asyncio.gather(
            box.jsonrpc.authenticate(username="ann", password=SECRET, device_name=""),
            box.users.get_users(),
        )
    assert signed_in.token == "new"
    assert users == ()


@on_each_loop
async def test_a_failed_sign_in_forgets_the_token():
    async def failing(peer):
        await peer.answer("JSONRPC.Authenticate", success=False)
        assert "token" not in await peer.answer("Users.GetUsers", users=[])

    async with serving(asked(failing)) as url, client(url, token="old") as box:
        signed_in = await box.jsonrpc.authenticate(
            username="ann", password=SECRET, device_name=""
        )
        assert not signed_in.success
        await box.users.get_users()


@on_each_loop
async def test_the_token_of_a_pushed_button_is_used():
    async def pushing(peer):
        await peer.answer("JSONRPC.RequestPushButtonAuth", success=True, transactionId=7)
        peer.tell("JSONRPC.PushButtonAuthFinished", success=False, transactionId=6)
        peer.tell("JSONRPC.PushButtonAuthFinished", success=True, transactionId=7, token=SECRET)
        assert (await peer.answer("Users.GetUsers", users=[]))["token"] == SECRET

    async with serving(asked(pushing)) as url, client(url) as box:
        await box.jsonrpc.request_push_button_auth(device_name="a phone")
        assert not (await anext(box.notifications)).success
        finished = await anext(box.notifications)
        assert finished.token == SECRET
        assert SECRET not in repr(finished)
        await box.users.get_users()


@on_each_loop
async def test_a_repeated_handshake_tells_the_newest_about_the_server():
    async def repeating(peer):
        await peer.answer("JSONRPC.Hello", **HELLO | {"initialSetupRequired": True})

    async with serving(asked(repeating)) as url, client(url) as box:
        assert not box.server.initial_setup_required
        await box.jsonrpc.hello()
        assert box.server.initial_setup_required


# The beginning


@on_each_loop
async def test_nobody_listening_is_told_at_once():
    async with serving(greeting) as url, client(url):
        pass
    with pytest.raises(ConnectionLostError, match=r"No connection to 127\.0\.0\.1"):
        async with client(url):
            pass


@on_each_loop
@pytest.mark.parametrize("scheme", ["nymea", "ws"])
async def test_a_server_that_hangs_up_is_told_at_once(scheme):
    async def hanging_up(peer):
        pass

    async with serving(hanging_up) as url:
        with pytest.raises(ConnectionLostError):
            async with client(url.replace("nymea", scheme)):
                pass


@on_each_loop
@pytest.mark.parametrize("scheme", ["nymea", "ws", "nymeas", "wss"])
async def test_a_server_that_says_nothing_is_not_waited_for(scheme):
    async def silent(peer):
        await peer.end()

    async with serving(silent) as url:
        with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
            async with client(url.replace("nymea", scheme), timeout=0.1):
                pass


@on_each_loop
async def test_what_speaks_no_websocket_is_told():
    async def otherwise(peer):
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        await peer.end()

    async with serving(otherwise) as url:
        with pytest.raises(ConnectionLostError, match="speaks no WebSocket"):
            async with client(url.replace("nymea", "ws")):
                pass


@on_each_loop
async def test_a_plain_server_is_no_encrypted_one():
    async def plain(peer):
        peer.say(b"hello there, stranger\n")

    async with serving(plain) as url:
        with pytest.raises(ConnectionLostError):
            async with client(url.replace("nymea", "nymeas")):
                pass


@on_each_loop
async def test_a_bad_token_is_told_at_once():
    async def refusing(peer):
        assert (await peer.greet(authenticated=False))["token"] == SECRET

    async with serving(refusing) as url:
        with pytest.raises(UnauthorizedError) as refused:
            async with client(url, token=SECRET):
                pass
    assert SECRET not in str(refused.value)


@on_each_loop
async def test_where_nobody_signs_in_any_token_will_do():
    async def open_to_all(peer):
        request = await peer.request("JSONRPC.Hello")
        peer.reply(request, **HELLO | {"authenticated": False, "authenticationRequired": False})

    async with serving(open_to_all) as url, client(url, token="x"):
        pass


@on_each_loop
async def test_the_locale_is_asked_for():
    async def translating(peer):
        assert (await peer.greet())["params"] == {"locale": "de_AT"}

    async with serving(translating) as url, client(url, locale="de_AT"):
        pass


# The end


@on_each_loop
async def test_requests_under_way_fail_when_the_client_is_closed():
    async with serving(greeting) as url, asyncio.TaskGroup() as tasks:
        async with client(url) as box:
            asking = tasks.create_task(failure(box.users.get_users()))
            await asyncio.sleep(0)
        assert isinstance(await asking, ConnectionLostError)


@on_each_loop
async def test_a_closed_client_says_so():
    async with serving(greeting) as url:
        async with client(url) as box:
            pass
        with pytest.raises(ConnectionLostError, match="is closed"):
            await box.users.get_users()
        assert [told async for told in box.notifications] == []


@on_each_loop
async def test_what_the_body_raises_is_not_wrapped():
    async with serving(greeting) as url:
        with pytest.raises(ZeroDivisionError):
            async with client(url):
                raise ZeroDivisionError


@on_each_loop
async def test_a_cancelled_body_stays_cancelled():
    async def staying():
        async with client(url):
            entered.set()
            await asyncio.Event().wait()

    entered = asyncio.Event()
    async with serving(greeting) as url, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(staying())
        await entered.wait()
        task.cancel()
    assert task.cancelled()


@on_each_loop
async def test_nothing_is_left_running():
    before = len(asyncio.all_tasks())
    async with serving(greeting) as url, client(url):
        pass
    assert len(asyncio.all_tasks()) == before


@on_each_loop
async def test_a_server_that_takes_nothing_is_left_soon(monkeypatch):
    async def deaf(peer):
        await peer.greet()
        await closed.wait()

    closed = asyncio.Event()
    monkeypatch.setattr("keystead.client.connection.CLOSE_TIMEOUT", 0.1)
    async with serving(deaf) as url:
        async with client(url) as box, asyncio.TaskGroup() as tasks:
            calls = [
                tasks.create_task(failure(box.jsonrpc.keep_alive(session_id="x" * 1_000_000)))
                for _ in range(30)
            ]
            await asyncio.sleep(0.05)
            await box.__aexit__(None, None, None)
        closed.set()
        assert {type(call.result()) for call in calls} == {ConnectionLostError}


async def failure(call):
    """Give the error that *call* raises."""
    with pytest.raises(ConnectionLostError) as failed:
        await call
    return failed.value


# Secrets, and what a server says of itself


@on_each_loop
async def test_neither_names_of_clients_nor_logs_show_the_token(caplog):
    caplog.set_level(logging.DEBUG)
    async with serving(answering) as url, client(url, token=SECRET) as box:
        await box.jsonrpc.keep_alive(session_id="")
        assert repr(box).startswith("<Client of 127.0.0.1:")
    assert SECRET not in caplog.text


@on_each_loop
async def test_an_introspection_is_given_as_it_was_sent():
    async def describing(peer):
        await peer.greet()
        request = await peer.request("JSONRPC.Introspect")
        peer.tell("Users.UserRemoved", username="ann")
        peer.say(
            b'{"id": %d, "status": "success", "params": { "b":1, "a":1}}\n' % request["id"]
        )
        await peer.end()

    async with serving(describing) as url:
        assert await introspect(url, "a token") == b'{ "b":1, "a":1}'


@on_each_loop
async def test_a_server_that_does_not_describe_itself_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("keystead.client.introspection.TIMEOUT", 0.1)
    async with serving(greeting) as url:
        with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
            await introspect(url)
