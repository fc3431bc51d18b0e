"""How long a connection is somebody's: sessions that are used, that end, and that are left."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from keystead.domain.change import TokenExtended, TokenRemoved, UserRemoved
from keystead.domain.directory import SessionLifetime
from keystead.domain.model import Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.tani.errors import Status
from keystead.tani.session import EXTEND_RETRY
from tests.conformance.stores import listening
from tests.doubles import PASSWORD
from tests.nymea_box import finish
from tests.tani_box import NOBODY, Box

CHANGED = "AccessRightsChanged"
IDLE, MOST = 8 * 3600, 7 * 24 * 3600
EXTENDING = IDLE / 8  # seconds from which on using a session is noted
ANN = NOBODY | {"Username": "ann", "Groups": []}
ASK = "Users/AccessRights"


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def ann(box):
    return box.user_line("ann")


def end_of(box):
    """Give the seconds until the session of ann is over."""
    (token,) = box.tokens("ann")
    assert token.expires is not None
    return (token.expires - box.clock.now).total_seconds()


# --- the end --------------------------------------------------------------------------------


def test_who_is_not_signed_in_has_no_deadline(box):
    line = box.connect()
    assert line.session.deadline is None
    line.login(box.add("ann").name)
    assert line.session.deadline == box.now + IDLE
    line.get("Users/Logout")
    assert line.session.deadline is None


def test_a_connection_that_says_nothing_is_nobodys_at_the_end_of_its_session(box, ann):
    ann.subscribe(CHANGED)
    box.wait(IDLE - 1)
    assert ann.events() == []
    box.wait(1)
    assert ann.events() == [(CHANGED, NOBODY)]
    assert ann.session.deadline is None
    assert ann.who == NOBODY
    assert ann.status("Users/ActivateSession", AuthKey=ann.key) is Status.SESSION_OVER


def test_an_end_while_a_list_is_sent_ends_the_session_and_not_the_list(box):
    editor = box.user_line("editor", Scope.USER_EDIT)
    editor.start("Users/List")
    box.wait(IDLE)
    assert editor.end()[-1]["status"] == Status.OK
    assert editor.status("Users/List") is Status.NOT_PERMITTED


def test_a_key_that_opens_a_session_again_makes_it_last_longer(box, ann):
    box.wait(600)
    again = box.connect()
    again.get("Users/ActivateSession", AuthKey=ann.key)
    assert end_of(box) == IDLE
    assert again.session.deadline == box.now + IDLE


def test_a_connection_stays_signed_in_while_another_uses_the_session(box, ann):
    other, another = box.connect(), box.connect()
    other.get("Users/ActivateSession", AuthKey=ann.key)
    another.login("ann")
    for _ in range(int(IDLE / EXTENDING)):
        box.wait(EXTENDING)
        assert other.who == ANN
    assert ann.session.deadline == other.session.deadline == box.now + IDLE
    assert ann.who == ANN
    assert another.who == NOBODY


# --- used -----------------------------------------------------------------------------------


def test_a_session_that_is_used_lasts_longer(box, ann):
    commits = listening(box.store)
    box.wait(EXTENDING - 1)
    assert ann.who == ANN
    assert commits == []
    box.wait(1)
    assert ann.who == ANN
    assert end_of(box) == IDLE
    assert ann.session.deadline == box.now + IDLE
    assert ann.who == ANN
    assert len(commits) == 1


@pytest.mark.clause("OWASP ASVS 5.0 7.3.2")
def test_a_session_that_is_used_all_the_time_lasts_to_its_absolute_end(box, ann):
    for _ in range(int(MOST / EXTENDING) - 1):
        box.wait(EXTENDING)
        assert ann.who == ANN
    box.wait(EXTENDING)
    assert ann.who == NOBODY
    assert ann.status("Users/ActivateSession", AuthKey=ann.key) is Status.SESSION_OVER


def test_the_lifetime_is_as_set(box):
    lifetime = SessionLifetime(timedelta(minutes=8), timedelta(minutes=10))
    box.face.directory = box.directory = replace(box.directory, session_lifetime=lifetime)
    ann = box.user_line("ann")
    box.wait(60)
    assert ann.who == ANN
    assert end_of(box) == 8 * 60
    box.wait(7 * 60)
    assert ann.who == ANN
    box.wait(2 * 60)
    assert ann.who == NOBODY


@pytest.mark.parametrize(
    ("function", "data", "status"),
    [
        (ASK, {}, Status.OK),
        ("Users/Subscribe", {"Events": []}, Status.OK),
        ("Users/Write", {"Username": "new"}, Status.OK),
        ("Users/List", {}, Status.OK),
        ("Users/Delete", {"Username": "nobody"}, Status.NOT_FOUND),
        ("Users/Delete", {}, Status.BAD_REQUEST),
        ("Users/No", {}, Status.UNKNOWN_FUNCTION),
        ("Users/Logout", {}, Status.OK),
        ("Users/Login", {"Username": "olga", "Password": PASSWORD}, Status.OK),
    ],
)
def test_every_request_makes_a_session_last_longer_and_is_answered(box, function, data, status):
    olga = box.user_line("olga", Scope.ADMIN)
    commits = listening(box.store)
    box.wait(EXTENDING)
    requests = [olga.request(function, data), olga.request("Users/No"), olga.request(ASK)]
    responses = olga.send(*requests)
    assert [r["status"] for r in responses] == [status, Status.UNKNOWN_FUNCTION, Status.OK]
    assert sum(isinstance(c, TokenExtended) for commit in commits for c in commit.changes) == 1


def test_what_is_no_request_is_no_use(box, ann):
    box.wait(EXTENDING)
    assert [r["status"] for r in ann.send(b"x", b"{}", b"x" * 2**21)] == [1, 1, 8]
    assert end_of(box) == IDLE - EXTENDING


def test_that_a_session_cannot_be_made_to_last_longer_refuses_nothing(box, ann):
    box.wait(EXTENDING)
    box.store.fault = RefusedError(Reason.STORAGE_FAILED)
    assert ann.who == ANN
    box.store.fault = None
    assert ann.who == ANN
    assert end_of(box) == IDLE - EXTENDING
    box.wait(EXTEND_RETRY)
    assert ann.who == ANN
    assert end_of(box) == IDLE


def test_a_session_that_is_over_in_the_store_is_over_here(box, ann):
    ann.subscribe(CHANGED)
    box.clock.advance(timedelta(seconds=IDLE))  # as after a sleep, which monotonic time skips
    box.now += EXTENDING
    (event, response) = ann.send(ann.request(ASK))
    assert event["event"] == CHANGED
    assert response["data"] == event["data"] == NOBODY
    assert ann.session.deadline is None
    assert ann.who == NOBODY


def test_a_fault_of_ours_in_using_a_session_is_answered_once(box, ann):
    box.wait(EXTENDING)
    box.store.fault = FaultError()
    ann.session.receive([ann.request(ASK, id="a"), ann.request(ASK, id="b")])
    with pytest.raises(FaultError):
        ann.work_off()
    ann.peer.pushed.extend(ann.session.apologise())
    ann.session.resume()
    box.store.fault = None
    ann.work_off()
    responses = [(r["id"], r["status"]) for r in ann.read()[-2:]]
    assert responses == [("a", Status.STORAGE_FAILED), ("b", Status.OK)]


class FaultError(Exception):
    """A bug of ours."""


# --- ended while it is being used -----------------------------------------------------------


@pytest.mark.parametrize("before", [True, False])
def test_a_session_that_ends_while_it_is_used_leaves_no_deadline(box, ann, before):
    ann.subscribe(CHANGED)
    box.wait(EXTENDING)
    (token,) = box.tokens("ann")
    gone = TokenRemoved(token.user_id, token.id)
    if before:
        ann.session.receive([ann.request(ASK)])
        ann.session.advance(1)
        box.put(gone)
    else:
        ann.start(ASK)  # it lasts longer, and nobody has heard of it here
        box.put(gone)
    assert ann.end()[-1]["data"] == NOBODY
    assert ann.events() == [(CHANGED, NOBODY)]
    assert ann.session.deadline is None
    box.wait(MOST)
    assert ann.events() == []
    ann.session.receive([ann.request(ASK)])
    assert len(ann.session.advance(1)) == 1  # at once


def test_a_session_that_ends_in_the_moment_of_its_use_is_told_once(box, ann):
    ann.subscribe(CHANGED)
    box.wait(EXTENDING)
    (token,) = box.tokens("ann")

    async def ends(operation, **how):
        del box.store.write
        await box.store.write(lambda tx: tx.record(TokenRemoved(token.user_id, token.id)))
        return await box.store.write(operation, **how)

    box.store.write = ends
    assert ann.send(ann.request(ASK))[-1]["data"] == NOBODY
    assert ann.events() == [(CHANGED, NOBODY)]


# --- left -----------------------------------------------------------------------------------


def is_forgotten(box):
    """Tell whether no connection is known any more, nor anybody who is signed in."""
    return not (box.bus.anonymous.sessions or box.bus._users or box.face.subscribers)


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_connection_that_is_left_leaves_nothing_behind(box, signed_in):
    box.add("ann")
    line = box.connect()
    if signed_in:
        line.login("ann")
    line.subscribe(CHANGED, "UsersChanged")
    line.leave()
    assert is_forgotten(box)


REQUESTS: dict[str, dict[str, Any]] = {
    "Users/Login": {"Username": "ann", "Password": PASSWORD},
    "Users/ActivateSession": {"AuthKey": ""},
    "Users/Logout": {},
    "Users/List": {},
    "Users/Write": {"Username": "new"},
    "Users/Delete": {"Username": "ann"},
    "Users/Subscribe": {"Events": [CHANGED]},
    "Users/AccessRights": {},
}


@pytest.mark.parametrize("function", REQUESTS)
@pytest.mark.parametrize("is_late", [False, True])
def test_a_connection_that_is_left_during_a_job_leaves_nothing_behind(box, function, is_late):
    box.add("ann")
    line = box.user_line("olga", Scope.ADMIN)
    line.subscribe(CHANGED, "UsersChanged")
    box.wait(EXTENDING)  # every function becomes a job
    data = REQUESTS[function]
    if "AuthKey" in data:
        data = {"AuthKey": line.key}
    line.session.receive([line.request(function, data)])
    line.session.advance(1)
    job = line.session.job
    assert job is not None
    if is_late:
        job.send(None)
    line.leave()
    finish(job)
    line.session.resume()
    assert is_forgotten(box)


def test_what_a_connection_that_is_left_was_doing_is_done(box):
    line = box.user_line("olga", Scope.ADMIN)
    line.start("Users/Write", Username="new")
    line.leave()
    line.end()
    assert box.user("new")


def test_a_connection_that_is_left_does_not_sign_others_out(box, ann):
    other = box.connect()
    other.get("Users/ActivateSession", AuthKey=ann.key)
    ann.leave()
    assert other.who == ANN
    box.put(UserRemoved(box.user("ann")))
    assert other.who == NOBODY
