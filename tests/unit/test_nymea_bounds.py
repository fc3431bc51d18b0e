"""Connections whose token or account comes to an end, or has other limits, on JSON-RPC."""

from datetime import timedelta

import pytest

from keystead.domain import accounts, tokens
from keystead.domain.model import NO_LIMITS, OWNER, Scope, TokenLimits, Validity
from keystead.domain.tokens import TokenDraft
from tests.doubles import PASSWORD
from tests.nymea_box import Box, finish

SIGNED_OUT = {"error": "Forbidden: Invalid token.", "id": -1, "status": "unauthorized"}
DENIED = "Permission denied."
USERS = "Users.GetUsers"
DIAG = TokenLimits(scopes=Scope.DIAG)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def box():
    box = Box()
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def ann(box):
    return box.user_line("ann", Scope.ADMIN)


def change(box, name="ann", expires=None, limits=NO_LIMITS):
    draft = TokenDraft("a phone", expires, limits)
    token_id = box.tokens(name)[0].id
    finish(tokens.change_token(box.directory, OWNER, token_id, draft))


def set_validity(box, **validity):
    finish(accounts.set_validity(box.directory, OWNER, "ann", Validity(**validity)))


def pass_time(box, line, by):
    box.clock.advance(by)
    line.wait(by.total_seconds())


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
def test_an_account_that_is_switched_off_ends_its_connections_at_once(box, ann):
    other = box.greet(box.token("ann"))
    set_validity(box, enabled=False)
    assert (ann.read(), ann.is_closed) == ([SIGNED_OUT], True)
    assert (other.read(), other.is_closed) == ([SIGNED_OUT], True)


@pytest.mark.parametrize("by", ["token", "account"])
def test_a_connection_ends_at_the_moment_at_which_its_token_or_account_does(box, ann, by):
    ends = box.clock.now + MINUTE
    if by == "token":
        change(box, expires=ends)
    else:
        set_validity(box, until=ends)
    pass_time(box, ann, MINUTE - timedelta(seconds=1))
    assert ann.get(USERS)["users"]
    pass_time(box, ann, timedelta(seconds=1))
    assert (ann.read(), ann.is_closed) == ([SIGNED_OUT], True)


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
def test_whoever_asks_without_a_pause_is_signed_out_in_time_all_the_same(box, ann):
    change(box, expires=box.clock.now + MINUTE)
    box.now += MINUTE.total_seconds()
    assert ann.send(ann.request(USERS) * 2) == [SIGNED_OUT]
    assert ann.is_closed


def test_a_token_that_lasts_longer_again_ends_nothing(box, ann):
    change(box, expires=box.clock.now + MINUTE)
    change(box)
    assert ann.session.deadline is None
    pass_time(box, ann, 2 * MINUTE)
    assert not ann.is_closed


def test_an_account_whose_end_is_taken_away_ends_nothing(box, ann):
    set_validity(box, until=box.clock.now + MINUTE)
    set_validity(box)
    assert ann.session.deadline is None


def test_a_token_that_has_an_end_already_is_minded_from_its_greeting_on(box):
    box.add("ann", Scope.ADMIN)
    secret = box.token("ann")
    change(box, expires=box.clock.now + MINUTE)
    line = box.greet(secret)
    pass_time(box, line, MINUTE)
    assert line.is_closed
    assert box.greet(secret).token == ""


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
def test_limits_count_from_the_next_request_on_and_for_this_token_alone(box, ann):
    other = box.greet(box.token("ann"))
    assert ann.get("Users.GetUserInfo")["userInfo"]["scopes"]  # is kept
    change(box, limits=DIAG)
    assert ann.ask(USERS)["error"] == DENIED
    assert ann.get("Users.GetUserInfo")["userInfo"]["scopes"] == []
    assert other.get(USERS)["users"]
    change(box)
    assert ann.get(USERS)["users"]


def test_limits_that_come_while_a_request_is_under_way_refuse_it(box, ann):
    ann.start("Users.CreateUser", {"username": "new", "password": PASSWORD, "scopes": []})
    change(box, limits=DIAG)
    assert ann.end()[-1]["params"] == {"error": "UserErrorPermissionDenied"}


def test_a_rotated_token_ends_its_connection_and_its_new_secret_opens_another(box, ann):
    token_id = box.tokens("ann")[0].id
    secret = finish(tokens.rotate_token(box.directory, OWNER, token_id))
    assert (ann.read(), ann.is_closed) == ([SIGNED_OUT], True)
    assert box.greet(secret).get("Users.GetUserInfo")["userInfo"]["username"] == "ann"
    assert box.greet(ann.token).token == ""


@pytest.mark.clause("OWASP ASVS 5.0 6.3.1")
def test_whoever_guesses_too_often_is_told_how_long_to_wait(box):
    box.add("ann")
    params = {"username": "ann", "password": "wrong", "deviceName": ""}
    replies = [box.greet().ask("JSONRPC.Authenticate", params) for _ in range(5)]
    assert [reply["status"] for reply in replies] == ["success"] * 4 + ["error"]
    assert replies[-1]["retryAfter"] == 1
    elsewhere = box.connect(source="198.51.100.9")
    elsewhere.hello()
    assert elsewhere.sign_in("ann")
