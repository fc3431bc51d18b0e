"""The owner's connection: a command a line, an answer a line, in any cuts."""

import asyncio
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.app import desk
from keystead.control.calls import Answer
from keystead.control.session import MAX_LINE, Face
from keystead.domain.events import Origin
from tests.doubles import PASSWORD, RecordingPeer, directory

LIST = b'{"command":"users.list"}'
ADD = msgspec.json.encode(
    {"command": "users.add", "params": {"name": "ann", "password": PASSWORD, "scopes": 65535}}
)


class Peer(RecordingPeer):
    """The owner's program."""

    async def stream(self, parts):
        """Refuse: every answer is one line."""
        raise AssertionError


class Talk:
    """One connection and its answers."""

    def __init__(self, office=None):
        self.peer = Peer()
        face = Face(office or desk(directory()))
        self.session = face.session(self.peer, authentication=True, source="local")

    def say(self, *chunks):
        """Send bytes and give the answers, as ``net`` would."""
        answers: list[bytes] = []
        for chunk in chunks:
            self.session.receive([chunk])
            while self.session.has_requests:
                answers += self.session.advance(64)
                if self.session.job is not None:
                    answers += asyncio.run(self.job())
                    self.session.resume()
        assert all(one.endswith(b"\n") and one.count(b"\n") == 1 for one in answers)
        return [msgspec.json.decode(one, type=Answer) for one in answers]

    async def job(self):
        assert self.session.job is not None
        return await self.session.job


def outcomes(answers):
    return [(one.outcome, bytes(one.result)) for one in answers]


def test_a_command_is_answered_in_a_line():
    assert outcomes(Talk().say(LIST + b"\n")) == [("done", b"[]")]


def test_commands_of_one_chunk_are_answered_in_order():
    answers = Talk().say(LIST + b"\n" + ADD + b"\n" + LIST + b"\n")

    (before, added, after) = outcomes(answers)
    assert (before, added) == (("done", b"[]"), ("done", b"null"))
    assert b'"name":"ann"' in after[1]


def test_what_the_owner_does_comes_from_this_machine():
    assert Talk().session.origin == Origin("control", "local")


@given(cuts=st.lists(st.integers(0, 3 * len(LIST) + 20)))
def test_answers_do_not_depend_on_how_the_stream_is_cut(cuts):
    stream = LIST + b"\r\n" + b"{}\n" + LIST + b"\nnothing\n" + LIST + b"\nhalf a comm"
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(bounds)]

    answers = Talk().say(*chunks)

    assert [one.outcome for one in answers] == ["done", "wrong", "done", "wrong", "done"]


def test_nothing_is_answered_before_the_line_ends():
    talk = Talk()

    assert talk.say(LIST) == []
    assert not talk.session.has_requests
    assert talk.session.advance(64) == ()
    assert outcomes(talk.say(b"\n")) == [("done", b"[]")]


@pytest.mark.clause("EN 18031-1 GEC-6")
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b'"users.list"',
        b"{}",
        b'{"command":5}',
        b'{"command":"users.list","params":[]}',
        b'{"command":"users.list"} {}',
        b'{"command":"\xff"}',
        b'{"command":"users.list","params":{"x":' + b"[" * 100_000,
        b"\x00\x01\x02",
        b"\xff\xfe",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_what_is_no_command_is_wrong_and_the_conversation_goes_on(line):
    wrong, right = Talk().say(line + b"\n", LIST + b"\n")

    assert wrong.outcome == "wrong"
    assert wrong.text.startswith("This is no command: ")
    assert outcomes([right]) == [("done", b"[]")]


def test_an_unknown_command_is_wrong_and_a_refusal_has_its_reason():
    unknown, refused = Talk().say(
        b'{"command":"users.shout"}\n', b'{"command":"users.show","params":{"name":"ann"}}\n'
    )

    assert unknown == Answer("wrong", "There is no command users.shout.")
    assert refused == Answer("refused", "There is no such account.", "NO_SUCH_USER")


def test_the_longest_line_is_read():
    talk = Talk()

    assert talk.say(b" " * (MAX_LINE - len(LIST)), LIST) == []

    assert not talk.peer.is_closed
    assert outcomes(talk.say(b"\n")) == [("done", b"[]")]


def test_a_line_that_is_too_long_ends_the_connection():
    talk = Talk()

    assert talk.say(LIST + b"\n" + b" " * MAX_LINE, b" ")[0].outcome == "done"

    assert talk.peer.is_closed


def test_a_fault_of_ours_is_apologised_for():
    async def press():
        raise RuntimeError("secret details")

    talk = Talk(desk(directory(), press))
    talk.session.receive([b'{"command":"pairing.press"}\n'])
    talk.session.advance(64)
    with pytest.raises(RuntimeError):
        asyncio.run(talk.job())
    (line,) = talk.session.apologise()
    talk.session.resume()

    answer = msgspec.json.decode(line, type=Answer)
    assert answer == Answer("wrong", "Internal error; the server's log says more.")
    assert outcomes(talk.say(LIST + b"\n")) == [("done", b"[]")]


def test_the_owner_has_all_the_time_and_is_nobody_to_sign_out():
    talk = Talk()

    talk.session.expire(1e9)
    talk.session.revoke()
    talk.session.closed()

    assert talk.session.deadline is None
    assert talk.session.token_id is None
    assert not talk.session.closing
    assert not talk.peer.is_closed
