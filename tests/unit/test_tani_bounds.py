"""Connections whose account comes to an end, or whose session has other limits, on Tani."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain import accounts
from keystead.domain.change import TokenChanged
from keystead.domain.model import OWNER, Scope, TokenLimits, Validity
from keystead.tani.errors import Status
from tests.doubles import PASSWORD
from tests.nymea_box import finish
from tests.tani_box import Box

CHANGED = "AccessRightsChanged"
NOBODY = ""


@pytest.fixture
def box():
    box = Box()
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def ann(box):
    line = box.user_line("ann", Scope.ADMIN)
    line.subscribe(CHANGED)
    return line


def set_validity(box, **validity):
    finish(accounts.set_validity(box.directory, OWNER, "ann", Validity(**validity)))


def who_was_told(line):
    return [data["Username"] for name, data in line.events() if name == CHANGED]


@pytest.mark.clause("OWASP ASVS 5.0 7.4.2")
def test_an_account_that_is_switched_off_is_signed_out_at_once(box, ann):
    other = box.connect()
    other.login("ann")
    set_validity(box, enabled=False)
    assert who_was_told(ann) == [NOBODY]
    assert (ann.who["Username"], other.who["Username"]) == (NOBODY, NOBODY)
    assert ann.status("Users/Login", Username="ann", Password=PASSWORD) is Status.SIGN_IN_FAILED
    assert ann.session.deadline is None


def test_an_account_is_signed_out_at_the_moment_at_which_it_ends(box, ann):
    set_validity(box, until=box.clock.now + timedelta(seconds=60))
    assert who_was_told(ann) == ["ann"]
    box.wait(59)
    assert who_was_told(ann) == []
    box.wait(1)
    assert who_was_told(ann) == [NOBODY]


def test_whoever_asks_without_a_pause_is_signed_out_in_time_all_the_same(box, ann):
    set_validity(box, until=box.clock.now + timedelta(seconds=60))
    assert who_was_told(ann) == ["ann"]
    box.now += 60
    assert ann.status("Users/List") is Status.NOT_PERMITTED
    assert who_was_told(ann) == [NOBODY]


def test_an_account_whose_end_is_taken_away_ends_with_its_session(box, ann):
    before = ann.session.deadline
    set_validity(box, until=box.clock.now + timedelta(seconds=60))
    assert ann.session.deadline < before
    set_validity(box)
    assert ann.session.deadline == before


def test_a_session_whose_limits_change_is_told_once_what_it_holds(box, ann):
    (token,) = box.tokens("ann")
    box.put(TokenChanged(replace(token, limits=TokenLimits(scopes=Scope.DIAG))))
    ((_, rights),) = ann.events()
    assert (rights["Diag"], rights["UserEdit"]) == (True, False)
    assert ann.status("Users/List") is Status.NOT_PERMITTED


@pytest.mark.clause("OWASP ASVS 5.0 6.3.1")
def test_whoever_guesses_too_often_is_told_how_long_to_wait(box):
    box.add("ann")
    data = {"Username": "ann", "Password": "wrong"}
    answers = [box.connect().ask("Users/Login", data) for _ in range(5)]
    assert [answer["status"] for answer in answers[:4]] == [Status.SIGN_IN_FAILED] * 4
    assert (answers[4]["status"], answers[4]["data"]) == (Status.BUSY, {"RetryAfter": 1})
    assert box.connect(source="198.51.100.9").login("ann")
