"""The namespace Access: an administrator lets the waiting device in, or turns it away."""

from datetime import timedelta

import pytest

from keystead.domain import accounts
from keystead.domain.change import TokenRemoved
from keystead.domain.model import OWNER, PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import PAIRING_TIMEOUT
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea.face import PAIRINGS_TOLD
from tests.nymea_box import SOURCE, Box, begin, finish

OK = {"error": "AccessErrorNoError"}
NOTHING_TO_PAIR = {"error": "AccessErrorNothingToPair"}
TIMEOUT = PAIRING_TIMEOUT.total_seconds()


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    """An administrator's connection that is told of pairings."""
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe("Access")
    return line


@pytest.fixture
def phone(box, admin):
    """A connection that waits as the first."""
    line = box.greet()
    ask(line)
    return line


def ask(line, device_name="phone"):
    return line.get("JSONRPC.RequestPushButtonAuth", deviceName=device_name)["transactionId"]


def ends(line):
    """Give how pairings ended for *line*, as told in one of the two namespaces."""
    return [
        message["params"]
        for message in line.notifications()
        if message["notification"] == "JSONRPC.PushButtonAuthFinished"
    ]


def told(line):
    return [(one["notification"], one["params"]) for one in line.notifications()]


def requested(box, number, device_name="phone", source=SOURCE):
    until = int((box.clock.now + PAIRING_TIMEOUT).timestamp())
    shown = {
        "transactionId": number,
        "deviceName": device_name,
        "source": source,
        "until": until,
    }
    return "Access.PairingRequested", {"pairing": shown}


def finished(number, *, success=False):
    return "Access.PairingFinished", {"transactionId": number, "success": success}


def pairing_events(box):
    finish(box.directory.journal.flush(box.clock.now))
    events = finish(box.store.reader.audit_events(0, 500))
    return [str(event.body) for event in events if b'"pairing"' in event.body]


# --- looking, confirming, refusing ----------------------------------------------------------


def test_an_administrator_sees_which_device_waits_from_where_and_until_when(box, admin, phone):
    box.now += 60
    box.clock.advance(timedelta(seconds=60))
    shown = admin.get("Access.GetPairing")["pairing"]
    assert (shown["transactionId"], shown["deviceName"], shown["source"]) == (
        1,
        "phone",
        SOURCE,
    )
    assert shown["until"] == int((box.clock.now + PAIRING_TIMEOUT).timestamp()) - 60


def test_where_nobody_waits_there_is_nothing_to_see(admin):
    assert admin.get("Access.GetPairing") == {}


def test_a_confirmed_device_is_let_in_as_by_the_button(box, admin, phone):
    assert admin.get("Access.ConfirmPairing", transactionId=1) == OK
    (end,) = ends(phone)
    assert end["success"] is True
    assert box.connect().hello(end["token"])["username"] == ""
    assert admin.get("Access.GetPairing") == {}


def test_nobody_is_let_in_but_the_device_that_was_shown(box, admin, phone):
    ask(box.greet(), "a stranger's")
    assert admin.get("Access.ConfirmPairing", transactionId=1) == NOTHING_TO_PAIR
    assert admin.get("Access.GetPairing")["pairing"]["transactionId"] == 2
    assert PUSH_BUTTON_USER not in {
        user["username"] for user in admin.get("Users.GetUsers")["users"]
    }


@pytest.mark.parametrize("method", ["Access.ConfirmPairing", "Access.RefusePairing"])
def test_a_request_that_does_not_wait_is_neither_confirmed_nor_refused(admin, method):
    assert admin.get(method, transactionId=1) == NOTHING_TO_PAIR


def test_a_device_is_let_in_once(admin, phone):
    admin.get("Access.ConfirmPairing", transactionId=1)
    assert admin.get("Access.ConfirmPairing", transactionId=1) == NOTHING_TO_PAIR
    assert len(ends(phone)) == 1


def test_a_device_that_is_turned_away_is_told(admin, phone):
    assert admin.get("Access.RefusePairing", transactionId=1) == OK
    assert ends(phone) == [{"success": False, "transactionId": 1}]
    assert admin.get("Access.GetPairing") == {}


def test_a_device_is_not_turned_away_in_the_place_of_another(box, admin, phone):
    other = box.greet()
    ask(other)
    assert admin.get("Access.RefusePairing", transactionId=1) == NOTHING_TO_PAIR
    assert ends(other) == []


@pytest.mark.parametrize(
    "method", ["Access.GetPairing", "Access.ConfirmPairing", "Access.RefusePairing"]
)
def test_only_administrators_look_after_pairings(box, phone, method):
    line = box.user_line("eve", Scope.ADMIN & ~Scope.DIAG)
    params = {} if method == "Access.GetPairing" else {"transactionId": 1}
    assert line.ask(method, params)["error"] == "Permission denied."
    assert ends(phone) == []


def test_without_authentication_anybody_confirms(box, phone):
    line = box.greet(authentication=False)
    assert line.get("Access.ConfirmPairing", transactionId=1) == OK


def test_whoever_loses_the_right_while_confirming_lets_nobody_in(box, admin, phone):
    box.add("peter", Scope.ADMIN)
    principal = admin.session.principal
    finish(accounts.set_scopes(box.directory, OWNER, "olga", Scope.NONE))
    with pytest.raises(RefusedError) as refused:
        finish(box.face.confirm_pairing(1, box.directory, principal))
    assert refused.value.reason is Reason.FORBIDDEN
    assert ends(phone) == [{"success": False, "transactionId": 1}]


def test_a_device_that_leaves_while_it_is_confirmed_has_left_no_token(box, admin, phone):
    admin.start("Access.ConfirmPairing", {"transactionId": 1})
    phone.leave()
    assert admin.end()[-1]["params"] == NOTHING_TO_PAIR
    assert box.tokens(PUSH_BUTTON_USER) == []
    assert finished(1) in told(admin)


def test_a_token_that_is_revoked_while_it_is_written_confirms_nothing(box, admin, phone):
    admin.start("Access.ConfirmPairing", {"transactionId": 1})
    revoked = TokenRemoved(box.user(PUSH_BUTTON_USER).id, box.tokens(PUSH_BUTTON_USER)[0].id)
    box.write(lambda tx: tx.record(revoked))
    assert admin.end()[-1]["params"] == NOTHING_TO_PAIR
    assert ends(phone) == [{"success": False, "transactionId": 1}]


def test_the_trail_tells_who_let_a_device_in(box, admin, phone):
    admin.get("Access.ConfirmPairing", transactionId=1)
    (event,) = pairing_events(box)
    assert '"olga"' in event
    assert str(box.tokens(PUSH_BUTTON_USER)[0].id) in event


def test_the_trail_tells_who_turned_a_device_away_and_which(box, admin, phone):
    admin.get("Access.RefusePairing", transactionId=1)
    (event,) = pairing_events(box)
    assert all(f'"{word}"' in event for word in ("olga", "refused", "phone", SOURCE))


def test_the_trail_tells_of_a_confirmation_that_came_too_late(box, admin):
    admin.get("Access.ConfirmPairing", transactionId=1)
    (event,) = pairing_events(box)
    assert all(f'"{word}"' in event for word in ("olga", "failure", "nothing_to_pair"))


# --- what administrators are told -----------------------------------------------------------


def test_administrators_are_told_who_asks_and_how_it_ended(box, admin, phone):
    assert told(admin) == [requested(box, 1)]
    finish(box.face.press())
    assert finished(1, success=True) in told(admin)


def test_a_request_that_takes_over_ends_the_one_before(box, admin, phone):
    ask(box.greet(), "tablet")
    assert told(admin) == [requested(box, 1), finished(1), requested(box, 2, "tablet")]


def test_a_request_ends_with_its_connection(box, admin, phone):
    phone.leave()
    assert told(admin)[1:] == [finished(1)]


def test_a_request_ends_when_it_has_waited_too_long(admin, phone):
    phone.wait(TIMEOUT)
    assert told(admin)[1:] == [finished(1)]


def test_a_device_that_leaves_while_the_button_is_pressed_has_not_got_in(box, admin, phone):
    pressed = box.face.press()
    begin(pressed)
    phone.leave()
    finish(pressed)
    assert finished(1) in told(admin)


@pytest.mark.parametrize("namespaces", [["Users", "JSONRPC"], []])
def test_whoever_did_not_ask_for_it_is_not_told_of_pairings(box, namespaces):
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe(*namespaces)
    ask(box.greet())
    assert told(line) == []


def test_user_editors_are_not_told_of_pairings(box):
    line = box.user_line("eve", Scope.ADMIN & ~Scope.DIAG)
    line.subscribe("Access")
    ask(box.greet())
    assert told(line) == []


def test_strangers_who_ask_all_the_time_do_not_bury_administrators(box, admin):
    line = box.greet()
    for _ in range(100):
        ask(line)
    requests = [one for one in told(admin) if one[0] == "Access.PairingRequested"]
    assert len(requests) == PAIRINGS_TOLD
    box.now += 1
    ask(line)
    assert told(admin) == [requested(box, 101)]


def test_of_a_request_that_was_not_told_the_end_is_not_told_either(box, admin):
    line = box.greet()
    for _ in range(PAIRINGS_TOLD + 5):
        ask(line)
    line.leave()
    ended = [one for one in told(admin) if one[0] == "Access.PairingFinished"]
    assert ended == [finished(number) for number in range(1, PAIRINGS_TOLD + 1)]
