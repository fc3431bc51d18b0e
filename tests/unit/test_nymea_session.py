"""How much, how fast and in what portions: limits, time-outs, slices, pipelines, faults."""

from dataclasses import replace

import pytest

from keystead.domain.model import Scope
from keystead.nymea.face import Limits
from keystead.nymea.framing import BYTE_ORDER_MARK
from tests.nymea_box import Box, decoded

LIMITS = Limits()
SMALL = Limits(message_before_sign_in=200, message=2000)


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def alive(line, session_id):
    """Write a request whose reply tells *session_id*."""
    return line.request("JSONRPC.KeepAlive", {"sessionId": session_id})


def told(messages):
    return [message["params"]["sessionId"] for message in messages]


# --- size -----------------------------------------------------------------------------------


def message_of(size, start=b'{"id":1,"method":"JSONRPC.Hello","a":"'):
    return start + b"x" * (size - len(start) - 2) + b'"}'


@pytest.mark.parametrize("cut", [None, 1, 150])
def test_a_stranger_may_send_messages_up_to_the_lower_limit(cut):
    line = Box(limits=SMALL).connect()
    message = message_of(SMALL.message_before_sign_in)
    replies = line.send(message[:cut]) + (line.send(message[cut:]) if cut else [])
    assert [reply["status"] for reply in replies] == ["success"]


@pytest.mark.parametrize("cut", [None, 1, 150])
@pytest.mark.parametrize("greeted", [True, False])
def test_a_larger_message_of_a_stranger_closes_without_a_word(cut, greeted):
    line = Box(limits=SMALL).connect()
    if greeted:
        line.hello()
    message = message_of(SMALL.message_before_sign_in + 1)
    assert line.send(message[:cut]) == []
    if cut:
        assert line.send(message[cut:]) == []
    assert line.is_closed


def test_a_message_that_never_ends_closes_at_the_limit():
    line = Box(limits=SMALL).greet()
    start = b'{"a":"'
    line.send(start + b"x" * (SMALL.message_before_sign_in - len(start)))
    assert not line.is_closed
    line.send(b"x")
    assert line.is_closed


def test_garbage_that_never_ends_closes_at_the_limit():
    line = Box(limits=SMALL).greet()
    assert line.send(b"x" * (SMALL.message_before_sign_in + 1)) == []
    assert line.is_closed


def test_whoever_is_signed_in_may_send_more():
    box = Box(limits=SMALL)
    line = box.user_line("ann")
    size = SMALL.message - len(alive(line, ""))
    assert told(line.send(alive(line, "x" * size))) == ["x" * size]
    assert line.send(alive(line, "x" * (size + 10))) == []
    assert line.is_closed


def test_without_authentication_everybody_may_send_more():
    line = Box(limits=SMALL).greet(authentication=False)
    assert told(line.send(alive(line, "x" * 1000))) == ["x" * 1000]


def test_many_messages_in_one_chunk_may_be_more_than_the_limit_together():
    box = Box(limits=SMALL)
    line = box.user_line("ann")
    sent = [str(number) for number in range(100)]
    assert told(line.send(b"".join(alive(line, one) for one in sent))) == sent


def test_requests_before_one_that_is_too_large_are_answered():
    box = Box(limits=SMALL)
    line = box.user_line("ann")
    stream = alive(line, "a") + alive(line, "x" * 3000) + alive(line, "b")
    assert told(line.send(stream)) == ["a"]
    assert line.is_closed


def test_the_limit_is_that_of_now_when_the_sign_in_comes_in_the_same_chunk(box):
    box.add("ann")
    line = box.connect()
    line.token = box.token("ann")
    large = "x" * (LIMITS.message - 1000)
    replies = line.send(line.request("JSONRPC.Hello") + alive(line, large))
    assert told(replies[1:]) == [large]


# --- time -----------------------------------------------------------------------------------


def test_a_message_that_has_begun_must_end_in_time(admin):
    admin.send(b'{"id":1,')
    admin.wait(LIMITS.patience)
    assert admin.is_closed
    assert admin.read() == []


def test_a_message_that_trickles_in_has_no_more_time(admin):
    admin.send(b'{"id":1,')
    admin.wait(LIMITS.patience - 1)
    admin.send(b'"method":')
    admin.wait(1)
    assert admin.is_closed


def test_a_message_that_ends_in_time_leaves_no_deadline(admin):
    request = alive(admin, "x")
    admin.send(request[:10])
    assert admin.session.deadline == admin.box.now + LIMITS.patience
    assert told(admin.send(request[10:])) == ["x"]
    assert admin.session.deadline is None


def test_each_message_has_its_own_time(admin):
    first, second = alive(admin, "a"), alive(admin, "b")
    admin.send(first[:10])
    admin.wait(LIMITS.patience - 1)
    assert told(admin.send(first[10:] + second[:10])) == ["a"]
    admin.wait(LIMITS.patience - 1)
    assert not admin.is_closed
    assert told(admin.send(second[10:])) == ["b"]


def test_blanks_begin_no_message(admin):
    admin.send(BYTE_ORDER_MARK + b"\n \r\n")
    assert admin.session.deadline is None


def test_when_the_time_is_up_no_deadline_is_left_that_could_come_again_at_once(box, admin):
    stranger = box.connect()
    admin.send(b'{"id":1,')
    for line in (stranger, admin):
        line.session.expire(box.now + LIMITS.patience)
        assert line.is_closed
        assert line.session.deadline is None


# --- slices and pipelines -------------------------------------------------------------------


def test_a_slice_answers_no_more_than_it_may(admin):
    admin.session.receive([b"".join(alive(admin, str(number)) for number in range(5))])
    slices = []
    while admin.session.has_requests:
        slices.append(told(map(decoded, admin.session.advance(2))))
    assert slices == [["0", "1"], ["2", "3"], ["4"]]


def test_a_large_chunk_is_cut_into_requests_a_portion_at_a_time():
    box = Box(limits=Limits(message=64 * 1024))
    line = box.user_line("ann")
    sent = [str(number) for number in range(2000)]
    line.session.receive([b"".join(alive(line, one) for one in sent)])
    first = told(map(decoded, line.session.advance(10_000)))
    assert 0 < len(first) < len(sent) / 4
    assert first + told(line.send(b"")) == sent


def test_a_chunk_that_comes_while_requests_wait_is_answered_after_them(admin):
    admin.session.receive([alive(admin, "a") + alive(admin, "b")])
    assert told(map(decoded, admin.session.advance(1))) == ["a"]
    admin.session.receive([alive(admin, "c") + alive(admin, "d")[:10]])
    assert told(admin.send(b"")) == ["b", "c"]
    assert admin.session.deadline is not None


def test_a_message_is_answered_where_its_rest_comes_while_requests_wait(admin):
    last = alive(admin, "d")
    admin.session.receive([alive(admin, "a") + last[:10]])
    admin.session.receive([last[10:] + alive(admin, "e")])
    assert told(admin.send(b"")) == ["a", "d", "e"]


def test_requests_behind_one_that_has_to_wait_are_answered_after_it(admin):
    stream = alive(admin, "a") + admin.request("Users.GetTokens") + alive(admin, "b")
    admin.session.receive([stream])
    assert told(map(decoded, admin.session.advance(64))) == ["a"]
    assert admin.session.job is not None
    messages = admin.end()
    assert [message["id"] for message in messages] == [3, 4]
    assert "tokenInfoList" in messages[0]["params"]


def test_requests_that_come_while_one_has_to_wait_are_answered_after_it(admin):
    admin.start("Users.CreateUser", {"username": "ann", "password": "Correct-horse-1"})
    admin.session.receive([alive(admin, "a")])
    messages = admin.end()
    assert [message["id"] for message in messages] == [2, 3]


def test_a_request_after_one_that_changes_the_token_may_carry_the_new_one(box, admin):
    box.add("ann")
    token = box.token("ann")
    stream = admin.request("JSONRPC.Hello", token=token)
    stream += admin.request("Users.GetUserInfo", token=token)
    replies = admin.send(stream)
    assert replies[1]["params"]["userInfo"]["username"] == "ann"


def test_nothing_waits_when_nothing_was_sent(admin):
    assert not admin.session.has_requests
    assert not admin.session.advance(64)


# --- lists ----------------------------------------------------------------------------------


def test_a_list_comes_as_one_reply_in_its_turn(admin):
    stream = alive(admin, "a") + admin.request("Users.GetUsers") + alive(admin, "b")
    messages = admin.send(stream)
    assert [message["id"] for message in messages] == [2, 3, 4]
    assert [user["username"] for user in messages[1]["params"]["users"]] == ["olga"]


def test_what_happens_while_a_list_is_sent_is_told_after_it(box, admin):
    admin.subscribe("Users")
    admin.start("Users.GetUsers")
    box.add("ann")
    reply, told = admin.end()
    assert reply["status"] == "success"
    assert told["notification"] == "Users.UserAdded"


# --- faults ---------------------------------------------------------------------------------

INTERNAL = "Internal error."
FAULTY = "\ud800"  # cannot be encoded, so that JSONRPC.Version fails


def drive(line, stream):
    """Do what a socket's driver does, faults included."""
    line.session.receive([stream])
    while line.session.has_requests:
        try:
            replies = line.session.advance(64)
        except UnicodeEncodeError:
            replies = line.session.apologise()
        line.heed(replies)
    return line.read()


@pytest.mark.clause("OWASP ASVS 5.0 16.5.1")
def test_a_fault_in_a_method_is_answered_with_an_apology(box, admin):
    box.face.identity = replace(box.face.identity, version=FAULTY)
    assert drive(admin, admin.request("JSONRPC.Version")) == [
        {"error": INTERNAL, "id": 2, "status": "error"}
    ]
    assert not admin.is_closed


def test_requests_behind_a_fault_are_answered(box, admin):
    box.face.identity = replace(box.face.identity, version=FAULTY)
    messages = drive(admin, admin.request("JSONRPC.Version") + alive(admin, "a"))
    assert [message["id"] for message in messages] == [2, 3]


def test_requests_before_a_fault_are_answered(box, admin):
    box.face.identity = replace(box.face.identity, version=FAULTY)
    messages = drive(admin, alive(admin, "a") + admin.request("JSONRPC.Version"))
    assert [message["id"] for message in messages] == [2, 3]


def test_a_fault_in_a_method_that_waits_is_answered_with_an_apology(box, admin):
    box.store.fault = OSError("the disk is gone")
    admin.session.receive([admin.request("Users.GetTokens")])
    with pytest.raises(OSError, match="the disk is gone"):
        admin.heed(admin.session.advance(64))
    (apology,) = admin.session.apologise()
    assert decoded(apology) == {"error": INTERNAL, "id": 2, "status": "error"}


def test_after_a_fault_the_connection_works(box, admin):
    box.store.fault = OSError("the disk is gone")
    admin.session.receive([admin.request("Users.GetTokens")])
    with pytest.raises(OSError, match="the disk is gone"):
        admin.heed(admin.session.advance(64))
    admin.session.resume()
    box.store.fault = None
    assert admin.get("Users.GetTokens")["error"] == "UserErrorNoError"
