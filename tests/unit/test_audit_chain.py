"""How events are written, read and linked."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given

from keystead.audit.chain import (
    GENESIS,
    MAX_BODY,
    UNREADABLE,
    AuditEvent,
    Head,
    decode,
    link,
)
from keystead.domain.events import SERVER, Action, Author, Entry, Origin, Outcome, StoredEvent
from tests.unit.trails import (
    ANN,
    NOON,
    SIGNED_IN,
    TEXTS_WITH_HALVES,
    TIMES,
    entries,
    trail,
)


def as_read(sequence, time, entry):
    return AuditEvent(
        sequence,
        time,
        entry.author,
        entry.action.value,
        entry.object,
        entry.object_id,
        entry.outcome.value,
        entry.detail,
        entry.times,
    )


@given(TIMES, entries())
def test_an_event_is_read_as_it_was_told(time, entry):
    assert decode(link(GENESIS, time, entry)) == as_read(1, time, entry)


@given(entries(TEXTS_WITH_HALVES))
def test_half_characters_are_written_as_their_escapes(entry):
    event = decode(link(GENESIS, NOON, entry))
    for told, read in (
        (entry.object, event.object),
        (entry.author.name, event.author.name),
        *zip(entry.detail, event.detail, strict=True),
    ):
        written = str(told).encode(errors="backslashreplace").decode()
        assert str(read).replace("\\\\", "\\") == written.replace("\\\\", "\\")


def test_the_body_says_only_what_is_not_the_default():
    (event,) = trail([Entry(SERVER, Action.START)])
    assert event.body == b'{"n":1,"t":"2024-05-17T12:00:00Z","a":"server.start"}'


def test_the_keys_of_a_body_stay_as_they_are():
    entry = Entry(ANN, Action.DENIED, "x", "y", Outcome.REFUSED, (("k", "v"),), 2)
    (event,) = trail([entry])
    assert msgspec.json.decode(event.body) == {
        "n": 1,
        "t": "2024-05-17T12:00:00Z",
        "a": "denied",
        "r": "refused",
        "k": "user",
        "u": "ann",
        "i": "0a" * 16,
        "s": "00000000-0000-0000-0000-000000000007",
        "f": "nymea",
        "p": "192.0.2.7",
        "o": "x",
        "oi": "y",
        "d": [["k", "v"]],
        "c": 2,
    }


def test_times_are_written_in_utc():
    noon_in_the_east = NOON.astimezone(timezone(timedelta(hours=9)))
    assert link(GENESIS, noon_in_the_east, SIGNED_IN) == link(GENESIS, NOON, SIGNED_IN)


def test_each_digest_covers_the_one_before_and_the_body():
    first, second = trail([SIGNED_IN, SIGNED_IN])
    assert first.digest == hashlib.sha256(bytes(32) + first.body).digest()
    assert second.digest == hashlib.sha256(first.digest + second.body).digest()
    assert (first.sequence, second.sequence) == (1, 2)


def test_a_chain_goes_on_after_what_was_removed():
    event = link(Head(41, b"\1" * 32), NOON, SIGNED_IN)
    assert event.sequence == 42
    assert event.digest == hashlib.sha256(b"\1" * 32 + event.body).digest()


def test_what_only_a_newer_version_knows_is_told_as_text():
    body = b'{"n":1,"t":"2031-01-01T00:00:00Z","a":"tea.made","r":"spilt","zz":{"new":[1]}}'
    event = decode(StoredEvent(1, body, b""))
    assert (event.action, event.outcome) == ("tea.made", "spilt")
    assert event.time == datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'{"n":1}',
        b'{"n":1,"t":"yesterday","a":"x"}',
        b'{"n":1,"t":"2024-05-17T12:00:00","a":"no zone"}',
        b'{"n":1,"t":"0001-01-01T00:00:00+23:00","a":"before time"}',
        b'{"n":1,"t":"2024-05-17T12:00:00Z","a":"\xff"}',
        b'{"n":1,"t":"2024-05-17T12:00:00Z","a":"x","s":"no id"}',
        b'{"zz":' + b"[" * 100_000,
    ],
)
def test_a_body_that_is_none_is_shown_as_it_lies_there(body):
    event = decode(StoredEvent(5, body, b""))
    assert (event.sequence, event.time, event.action) == (5, None, UNREADABLE)
    assert event.detail == (("body", body.decode(errors="backslashreplace")),)


@pytest.mark.parametrize("character", ["a", "\0", "\U0001f600", "\ud800"])
def test_an_entry_that_is_too_long_is_shortened_and_says_so(character):
    text = character * 2000
    detail = ((text, text),) * 1000
    long = Entry(
        Author(text, text, text, origin=Origin(text, text)), Action.USER_GROUPS, text, text
    )
    for entry in (
        long,
        long._replace(detail=detail),
        Entry(SERVER, Action.START, detail=detail),
    ):
        event = link(GENESIS, NOON, entry)
        assert len(event.body) <= MAX_BODY
        read = decode(event)
        assert read.action == entry.action.value
        assert "…" in str(read)


def test_an_entry_that_just_fits_is_written_whole():
    (bare,) = trail([Entry(SERVER, Action.START, "x")])
    text = "x" * (MAX_BODY - len(bare.body) + 1)
    (event,) = trail([Entry(SERVER, Action.START, text)])
    assert len(event.body) == MAX_BODY
    assert decode(event).object == text
