"""One response for each request, in their order: slices, jobs, long lists, limits, faults."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.access import OPEN
from keystead.domain.model import Scope
from keystead.domain.refusal import Reason, RefusedError
from keystead.rpc.method import Catalogue, Page
from keystead.tani.catalogue import with_paging
from keystead.tani.errors import Status
from keystead.tani.face import Limits
from keystead.tani.session import Session
from keystead.tani.types import ItemRight
from tests.doubles import PASSWORD
from tests.nymea_box import pause
from tests.tani_box import NOBODY, Box, Message

SMALL = Limits(message_before_sign_in=200, message=2000)
TOO_LARGE: Message = {
    "function": "",
    "id": None,
    "status": 8,
    "error": "The message is too large.",
    "data": {},
}


class FaultError(Exception):
    """A bug of ours."""


def faulty():
    """Give functions that fail, and some that do not, one of each kind."""
    functions: Catalogue[Session] = Catalogue("pascal", with_paging, is_strict=False)
    function = functions.method

    @function("Wait", access=OPEN)
    async def wait(session: Session) -> None:
        await pause()

    @function("Fail", access=OPEN)
    def fail(session: Session) -> None:
        raise FaultError

    @function("FailLater", access=OPEN)
    async def fail_later(session: Session) -> None:
        await pause()
        raise FaultError

    @function("Refuse", access=OPEN)
    async def refuse(session: Session) -> None:
        await pause()
        raise RefusedError(Reason.BUSY)

    @function("List", access=OPEN, returns="Results")
    async def listed(session: Session, *, fails: bool = False) -> Page[ItemRight]:
        async def portions() -> AsyncIterator[Sequence[ItemRight]]:
            yield []
            yield [ItemRight("A"), ItemRight("B")]
            yield []
            yield [ItemRight("C")]
            if fails:
                raise FaultError

        return Page(portions())

    return functions


@pytest.fixture
def box():
    box = Box()
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def line(box):
    line = box.connect()
    line.box.face.catalogue = faulty()
    return line


def numbered(*functions):
    return [b'{"function":"%b","id":%d}' % (f.encode(), n) for n, f in enumerate(functions)]


def ids(messages):
    return [message["id"] for message in messages]


# --- order ----------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(["Wait", "List", "Refuse", "No", "a\xff"]), max_size=10),
    st.integers(1, 5),
)
def test_responses_come_in_the_order_of_the_requests(functions, slice_of):
    line = Box().connect()
    line.box.face.catalogue = faulty()
    responses = line.send(*numbered(*functions), slice_of=slice_of)
    assert ids(responses) == list(range(len(functions)))


def test_at_once_waiting_and_lists_are_answered_in_turn(box):
    line = box.connect()
    requests = [
        line.request("Users/AccessRights"),
        line.request("Users/Login", {"Username": "olga", "Password": PASSWORD}),
        line.request("Users/AccessRights"),
        line.request("Users/Write", {"Username": "ann"}),
        line.request("Users/List"),
        line.request("Users/Subscribe", {"Events": []}),
        line.request("Users/Delete", {"Username": "ann"}),
        line.request("Users/List"),
        line.request("Users/Logout"),
        line.request("Users/List"),
        b"x",
    ]
    for slice_of in (64, 1):
        responses = line.send(*requests, slice_of=slice_of)
        assert ids(responses) == [*range(1, 11), None]
        assert [response["status"] for response in responses] == [0] * 9 + [3, 1]
        lists = [len(responses[at]["data"]["Results"]) for at in (4, 7)]
        assert lists == [2, 1]
        assert (responses[0]["data"], responses[2]["data"]["Username"]) == (NOBODY, "olga")


def test_nothing_is_answered_while_a_job_is_under_way(line):
    line.start("Wait")
    line.session.receive(numbered("No"))
    assert line.session.has_requests
    assert list(line.session.advance(64)) == []
    assert ids(line.end()) == [1, 0]


def test_no_more_is_answered_in_a_slice_than_was_asked_for(line):
    line.session.receive(numbered("No", "No", "No"))
    assert len(line.session.advance(2)) == 2
    assert line.session.has_requests
    assert len(line.session.advance(2)) == 1
    assert not line.session.has_requests


# --- long lists -----------------------------------------------------------------------------


def test_a_list_is_sent_as_one_message_however_it_is_read(line):
    (response,) = line.send(line.request("List"))
    names = [entry["Itemname"] for entry in response["data"]["Results"]]
    assert names == ["A", "B", "C"]


def test_an_empty_list_is_a_list(box):
    line = box.connect(authentication=False)
    line.get("Users/List", StartOffset=1, MaxResults=0)
    line.session.receive([b'{"function":"Users/List","data":{"StartOffset":9}}'])
    line.work_off()
    expected = b'"data":{"Results":[],"MaxResults":1,"Blocked":false}}'
    assert line.peer.pushed[-1] == b'{"function":"Users/List","status":0,' + expected


def test_what_is_told_while_a_list_is_sent_follows_it(box):
    line, other = box.connect(), box.connect()
    line.login("olga")
    other.login("olga")
    line.subscribe("UsersChanged")
    line.start("Users/List")
    other.get("Users/Write", Username="ann")
    response, event = line.end()
    assert response["function"] == "Users/List"
    assert event["event"] == "UsersChanged"


# --- size -----------------------------------------------------------------------------------


def message_of(size):
    start = b'{"function":"Users/AccessRights","x":"'
    return start + b"x" * (size - len(start) - 2) + b'"}'


def small_box():
    box = Box(limits=SMALL)
    box.add("olga", Scope.ADMIN)
    return box


def test_limits_are_those_of_the_guide():
    assert (Limits().message_before_sign_in, Limits().message) == (64 * 1024, 1024 * 1024)


def test_a_larger_message_is_answered_and_what_follows_too():
    line = small_box().connect()
    least = SMALL.message_before_sign_in
    responses = line.send(message_of(least), message_of(least + 1), message_of(least))
    assert [response["status"] for response in responses] == [0, 8, 0]
    assert responses[1] == TOO_LARGE


@pytest.mark.parametrize("authentication", [False, True])
def test_whoever_is_signed_in_may_send_more(authentication):
    line = small_box().connect(authentication=authentication)
    if authentication:
        line.login("olga")
    responses = line.send(message_of(SMALL.message), message_of(SMALL.message + 1))
    assert [response["status"] for response in responses] == [0, 8]


def test_the_limit_is_that_of_the_moment():
    line = small_box().connect()
    sign_in = line.request("Users/Login", {"Username": "olga", "Password": PASSWORD})
    large, sign_out = message_of(SMALL.message), line.request("Users/Logout")
    responses = line.send(large, sign_in, large, sign_out, large)
    assert [response["status"] for response in responses] == [8, 0, 0, 0, 8]


def test_a_message_that_is_not_received_is_answered_in_its_place(line):
    first, last = numbered("Wait", "No")
    line.session.receive([first])
    line.session.too_large()
    line.session.receive([last])
    line.work_off()
    responses = line.read()
    assert ids(responses) == [0, None, 1]
    assert responses[1] == TOO_LARGE


# --- faults ---------------------------------------------------------------------------------


def apologised(line, fault):
    """Let the request under way fail; give all responses."""
    with pytest.raises(fault):
        line.work_off()
    line.peer.pushed.extend(line.session.apologise())
    line.session.resume()
    line.work_off()
    return line.read()


@pytest.mark.clause("OWASP ASVS 5.0 16.5.1")
@pytest.mark.parametrize("failing", ["Fail", "FailLater"])
def test_a_fault_of_ours_is_answered_in_its_place(line, failing):
    line.session.receive(numbered("No", "No", failing, "No", "Wait"))
    responses = apologised(line, FaultError)
    assert ids(responses) == [0, 1, 2, 3, 4]
    assert responses[2] == {
        "function": failing,
        "id": 2,
        "status": Status.STORAGE_FAILED,
        "error": "Internal error.",
        "data": {},
    }
    assert responses[-1]["status"] == Status.OK


def test_two_faults_in_a_row_have_one_answer_each(line):
    line.session.receive(numbered("No", "Fail", "Fail", "FailLater"))
    for _ in range(2):
        with pytest.raises(FaultError):
            line.work_off()
        line.peer.pushed.extend(line.session.apologise())
        line.session.resume()
    assert ids(apologised(line, FaultError)) == [0, 1, 2, 3]


def test_a_list_that_fails_is_not_ended_as_if_it_were_whole(line):
    line.session.receive([line.request("List", {"Fails": True})])
    with pytest.raises(FaultError):
        line.work_off()
    assert line.peer.pushed == []


def test_a_store_that_fails_leaves_who_is_signed_in(box):
    line = box.connect()
    line.login("olga")
    box.store.fault = FaultError()
    line.session.receive([line.request("Users/Delete", {"Username": "ann"})])
    with pytest.raises(FaultError):
        line.work_off()
    line.peer.pushed.extend(line.session.apologise())
    line.session.resume()
    box.store.fault = None
    assert line.who["Username"] == "olga"
