"""Pairing at the push of a button: who waits, who is told what, and whose token it becomes."""

from contextlib import suppress

import pytest

from keystead.domain.change import TokenRemoved
from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import PAIRING_TIMEOUT
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea.face import Limits
from tests.nymea_box import Box, begin, finish

BOTH = ["JSONRPC.PushButtonAuthFinished", "Users.PushButtonAuthFinished"]
TIMEOUT = PAIRING_TIMEOUT.total_seconds()


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def phone(box):
    """A connection that waits for the button."""
    line = box.greet()
    ask(line)
    return line


def ask(line, device_name="phone"):
    """Let *line* wait for the button, and give the number of its pairing."""
    returned = line.get("JSONRPC.RequestPushButtonAuth", deviceName=device_name)
    assert returned["success"] is True
    return returned["transactionId"]


def ends(line):
    """Give how pairings ended for *line*: what both namespaces told alike."""
    told = line.notifications()
    assert [message["notification"] for message in told] == BOTH * (len(told) // 2)
    assert [message["params"] for message in told[::2]] == [m["params"] for m in told[1::2]]
    return [message["params"] for message in told[::2]]


def press(box):
    finish(box.face.press())


def failed(number):
    return {"success": False, "transactionId": number}


# --- the push -------------------------------------------------------------------------------


def test_a_push_gives_a_token_in_both_namespaces(box, phone):
    press(box)
    (end,) = ends(phone)
    token = end.pop("token")
    assert end == {"success": True, "transactionId": 1}
    assert box.connect().hello(token)["authenticated"] is True


def test_after_a_push_the_connection_is_signed_in_as_the_nameless_administrator(box, phone):
    press(box)
    phone.token = ends(phone)[0]["token"]
    info = phone.get("Users.GetUserInfo")["userInfo"]
    assert (info["username"], info["scopes"][-1]) == ("", "PermissionScopeAdmin")


def test_a_token_of_a_push_has_the_name_of_the_device(box, phone):
    press(box)
    assert [token.device_name for token in box.tokens(PUSH_BUTTON_USER)] == ["phone"]


def test_two_pushes_make_two_tokens_of_one_account(box):
    for _ in range(2):
        ask(box.greet())
        press(box)
    assert len(box.tokens(PUSH_BUTTON_USER)) == 2


def test_a_push_ends_the_initial_set_up(box, phone):
    press(box)
    assert box.connect().hello()["initialSetupRequired"] is False


def test_a_push_with_nobody_waiting_is_refused_and_changes_nothing(box):
    with pytest.raises(RefusedError) as refused:
        press(box)
    assert refused.value.reason is Reason.NOTHING_TO_PAIR
    assert box.connect().hello()["initialSetupRequired"] is True


def test_a_second_push_lets_nobody_in(box, phone):
    press(box)
    with pytest.raises(RefusedError):
        press(box)
    assert len(ends(phone)) == 1


def test_a_push_that_cannot_be_stored_is_told_as_a_failure(box, phone):
    box.store.fault = RefusedError(Reason.STORAGE_FAILED)
    with pytest.raises(RefusedError) as refused:
        press(box)
    assert refused.value.reason is Reason.STORAGE_FAILED
    assert ends(phone) == [failed(1)]


def test_subscribers_are_not_told_of_the_pairing_of_another(box, phone):
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("JSONRPC", "Users")
    press(box)
    assert line.notifications() == []


def test_ends_of_pairings_are_numbered_with_the_announcements(box, phone):
    box.add("ann")
    press(box)
    assert [message["id"] for message in phone.notifications()] == [1, 2]


def test_without_authentication_too_a_device_may_be_paired(box):
    line = box.greet(authentication=False)
    ask(line)
    press(box)
    line.token = ends(line)[0]["token"]
    assert line.get("Users.GetUserInfo")["userInfo"]["username"] == ""


def test_whoever_is_signed_in_may_be_paired_and_is_another_then(box):
    line = box.user_line("ann")
    ask(line)
    press(box)
    line.token = ends(line)[0]["token"]
    assert line.get("Users.GetUserInfo")["userInfo"]["username"] == ""


# --- asking ---------------------------------------------------------------------------------


def test_pairings_are_numbered_from_one(box):
    assert [ask(box.greet()) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("device_name", ["x" * 1025, "\0"])
def test_a_device_name_that_cannot_be_kept_is_refused(box, device_name):
    reply = box.greet().ask("JSONRPC.RequestPushButtonAuth", {"deviceName": device_name})
    assert reply == {"error": Reason.TEXT_INVALID.value, "id": 2, "status": "error"}


def test_another_request_takes_over_and_the_first_is_told(box, phone):
    ask(box.greet())
    assert ends(phone) == [failed(1)]


def test_after_a_takeover_the_push_is_for_the_second(box, phone):
    other = box.greet()
    ask(other)
    ends(phone)
    press(box)
    assert [end["success"] for end in ends(other)] == [True]
    assert ends(phone) == []


def test_a_second_request_of_the_same_connection_ends_the_first_before_the_reply(phone):
    request = phone.request("JSONRPC.RequestPushButtonAuth", {"deviceName": "phone"})
    *told, reply = phone.send(request)
    assert [message["params"] for message in told] == [failed(1), failed(1)]
    assert reply["params"] == {"success": True, "transactionId": 2}


def test_a_second_request_of_the_same_connection_waits_as_long(box, phone):
    phone.wait(TIMEOUT - 1)
    ask(phone)
    phone.wait(TIMEOUT - 1)
    press(box)
    assert [end["success"] for end in ends(phone)] == [False, True]


# --- leaving and waiting too long -----------------------------------------------------------


def test_whoever_leaves_waits_no_more(box, phone):
    phone.leave()
    with pytest.raises(RefusedError):
        press(box)
    assert phone.notifications() == []


def test_whoever_has_been_taken_over_ends_nothing_by_leaving(box, phone):
    other = box.greet()
    ask(other)
    phone.leave()
    press(box)
    assert len(ends(other)) == 1


def test_a_pairing_ends_when_it_has_waited_too_long(box, phone):
    phone.wait(TIMEOUT - 1)
    assert ends(phone) == []
    phone.wait(1)
    assert ends(phone) == [failed(1)]
    assert phone.session.deadline is None
    assert not phone.is_closed


@pytest.mark.clause("OWASP ASVS 5.0 6.5.5")
def test_after_its_end_a_pairing_cannot_be_pushed(box, phone):
    phone.wait(TIMEOUT)
    with pytest.raises(RefusedError):
        press(box)


def test_a_pairing_that_was_taken_over_does_not_end_the_other_by_its_time(box, phone):
    other = box.greet()
    phone.wait(TIMEOUT - 1)
    ask(other)
    phone.wait(1)
    phone.session.expire(box.now)
    assert ends(other) == []
    assert ends(phone) == [failed(1)]


def test_a_message_that_has_begun_must_end_in_time_even_while_a_pairing_waits(phone):
    phone.send(b'{"id":1')
    phone.wait(Limits().patience)
    assert phone.is_closed


def test_whoever_leaves_while_the_token_is_written_leaves_no_token(box, phone):
    pressed = box.face.press()
    begin(pressed)
    phone.leave()
    finish(pressed)
    assert box.tokens(PUSH_BUTTON_USER) == []
    assert phone.notifications() == []


def test_whoever_asks_again_while_the_token_is_written_waits_as_long_as_ever(box, phone):
    pressed = box.face.press()
    begin(pressed)
    ask(phone)
    finish(pressed)
    assert [end["transactionId"] for end in ends(phone)] == [1]
    phone.wait(TIMEOUT)
    assert ends(phone) == [failed(2)]


def test_a_pairing_whose_time_passes_while_the_token_is_written_leaves_no_deadline(box, phone):
    pressed = box.face.press()
    begin(pressed)
    phone.wait(TIMEOUT)
    assert phone.session.deadline is None
    finish(pressed)
    assert [end["success"] for end in ends(phone)] == [True]


def test_a_token_that_is_revoked_while_it_is_written_is_told_as_a_failure(box, phone):
    pressed = box.face.press()
    begin(pressed)
    revoked = TokenRemoved(box.user(PUSH_BUTTON_USER).id, box.tokens(PUSH_BUTTON_USER)[0].id)
    box.write(lambda tx: tx.record(revoked))
    with suppress(RefusedError):
        finish(pressed)
    assert ends(phone) == [failed(1)]
    assert phone.session.deadline is None


# --- a token without a device that asks -----------------------------------------------------


def test_a_generated_token_is_one_of_the_nameless_administrator(box):
    token = finish(box.face.generate_token("gateway"))
    assert box.connect().hello(token)["username"] == ""
    assert [token.device_name for token in box.tokens(PUSH_BUTTON_USER)] == ["gateway"]


def test_generating_a_token_ends_the_pairing_that_waits(box, phone):
    finish(box.face.generate_token("gateway"))
    assert ends(phone) == [failed(1)]
    with pytest.raises(RefusedError):
        press(box)


def test_a_token_for_a_name_that_cannot_be_kept_is_refused(box):
    with pytest.raises(RefusedError) as refused:
        finish(box.face.generate_token("\0"))
    assert refused.value.reason is Reason.TEXT_INVALID
