"""Events as lines that other programs read."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.audit.chain import GENESIS, decode, link
from keystead.audit.formats import COLUMNS, Format, csv_row, rfc3339, unescaped, written
from keystead.domain.events import SERVER, Action, Author, Entry, Outcome, StoredEvent
from tests.unit.trails import NASTY, NOON, SIGNED_IN, TEXTS_WITH_HALVES, TIMES, entries

EVENTS = st.builds(link, st.just(GENESIS), TIMES, entries()).map(decode)
BROKEN = decode(StoredEvent(9, b"\x1b[2J\n=1", b""))
FORMULA = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


def lines(form, *events, host="-"):
    """Write events; give the lines without their ends, which must be where they belong."""
    end = "\r\n" if form is Format.CSV else "\n"
    text = "".join(written(form, events, host))
    assert text.encode().decode() == text
    *whole, rest = text.split(end)
    assert rest == ""
    assert len(whole) == len(events) + (form is Format.CSV)
    for line in whole:
        assert line.isprintable(), "a terminal shows it and does nothing else"
    return whole


def told(event):
    """Give what must be read back, the detail apart."""
    author = event.author
    return {
        "sequence": str(event.sequence),
        "time": rfc3339(event.time),
        "action": event.action,
        "outcome": event.outcome,
        "author_kind": author.kind,
        "author_name": author.name,
        "author_id": author.id,
        "token_id": str(author.token_id or ""),
        "face": author.origin.face,
        "source": author.origin.source,
        "object": event.object,
        "object_id": event.object_id,
        "times": str(event.times),
    }


@given(EVENTS)
def test_json_lines_hold_everything(event):
    (line,) = lines(Format.JSON_LINES, event)
    assert line.isascii()
    read = json.loads(line)
    assert tuple(read) == COLUMNS
    assert read.pop("detail") == [list(pair) for pair in event.detail]
    assert {key: "" if value is None else str(value) for key, value in read.items()} == told(
        event
    )


@given(EVENTS)
def test_csv_holds_everything(event):
    text = "\r\n".join(lines(Format.CSV, event))
    (row,) = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    detail = ", ".join(f"{key}: {text}" for key, text in event.detail)
    assert {key: unescaped(field) for key, field in row.items()} == {
        **told(event),
        "detail": detail,
    }


@given(
    st.builds(
        lambda first, rest: first + rest,
        st.sampled_from(["", *FORMULA, " =", "'=", '"=', ";=", ',"=', "|="]),
        TEXTS_WITH_HALVES,
    )
)
def test_no_field_is_a_formula_whatever_the_separator(text):
    entry = Entry(Author(text, text, text), Action.START, text, text, detail=((text, text),))
    row = csv_row(replace(decode(link(GENESIS, NOON, entry)), action=text))
    for delimiter in ",;\t":
        (fields,) = csv.reader([row], delimiter=delimiter)
        for field in fields:
            assert not field.lstrip().startswith(tuple(FORMULA))
    (fields,) = csv.reader([row])
    assert unescaped(fields[2]) == text


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("=1+1", r"\x3d1+1"),
        (" @x", r" \x40x"),
        ("\uff1dx", r"\uff1dx"),
        ("a=1", "a=1"),
        ('say "x"', 'say ""x""'),
        ("\t=1", r"\t=1"),
        ("a;b\\c", r"a\x3bb\\c"),
        ("ann\u202e", r"ann\u202e"),
    ],
)
def test_how_a_field_is_written_is_documented(text, field):
    event = decode(link(GENESIS, NOON, Entry(SERVER, Action.START, text)))
    assert f',"{field}",' in csv_row(event)


SYSLOG = re.compile(
    r"<(?P<priority>\d+)>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) keystead - (?P<id>[!-~]{1,32}) "
    r"(?P<data>(?:\[(?:[^\"\\\]]|\"(?:[^\"\\\]]|\\.)*\")*\])+) (?P<text>[ -~]*)"
)
PARAM = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"')


def parsed(line):
    """Read a message of RFC 5424; give its parts, and its structured data."""
    found = SYSLOG.fullmatch(line)
    assert found, line
    elements = {}
    for name, params in re.findall(
        r"\[(\S+)((?: [^ =\]\"]+=\"(?:[^\"\\\]]|\\.)*\")*)\]", found["data"]
    ):
        pairs = PARAM.findall(params)
        assert "".join(f' {key}="{value}"' for key, value in pairs) == params
        elements[name] = [
            (key, unescaped(re.sub(r'\\(["\\\]])', r"\1", value))) for key, value in pairs
        ]
    return found, elements


@given(EVENTS)
def test_syslog_holds_everything(event):
    (line,) = lines(Format.SYSLOG, event)
    found, elements = parsed(line)
    said = {key: text for key, text in told(event).items() if text}
    assert dict(elements.pop("keystead@32473")) == said
    texts = [text for _, text in elements.pop("detail@32473", [])]
    assert texts == [text for _, text in event.detail]
    assert not elements
    assert found["time"] == rfc3339(event.time)


@pytest.mark.parametrize(
    ("outcome", "severity"), [("success", 6), ("failure", 4), ("refused", 4), ("new", 5)]
)
def test_the_severity_is_that_of_the_outcome_and_the_facility_is_log_audit(outcome, severity):
    event = replace(decode(link(GENESIS, NOON, SIGNED_IN)), outcome=outcome)
    (line,) = lines(Format.SYSLOG, event, host="box")
    head = f"<{13 * 8 + severity}>1 2024-05-17T12:00:00.000000Z box keystead - sign-in ["
    assert line.startswith(head)
    assert line.endswith(f"] sign-in {outcome}")


@given(st.text(), st.text(NASTY, min_size=1), st.text(NASTY))
def test_no_name_breaks_the_grammar_of_syslog(host, key, action):
    entry = Entry(SERVER, Action.START, detail=((key, "x"),))
    event = replace(decode(link(GENESIS, NOON, entry)), action=action)
    (line,) = lines(Format.SYSLOG, event, host=host)
    parsed(line)


@pytest.mark.parametrize("form", Format)
def test_what_cannot_be_read_is_written_as_it_lies_there(form):
    *_, line = lines(form, BROKEN)
    assert "unreadable" in line
    assert "[2J" in line.replace("\\]", "]")


def test_a_failure_reads_the_same_everywhere():
    entry = SIGNED_IN._replace(outcome=Outcome.FAILURE, detail=(("tries", "3"),))
    event = decode(link(GENESIS, NOON, entry))
    (line,) = lines(Format.JSON_LINES, event)
    assert line == (
        '{"sequence":1,"time":"2024-05-17T12:00:00.000000Z","action":"sign-in",'
        '"outcome":"failure","author_kind":"user","author_name":"ann",'
        '"author_id":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",'
        '"token_id":"00000000-0000-0000-0000-000000000007","face":"nymea",'
        '"source":"192.0.2.7","object":"ann",'
        '"object_id":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","times":1,"detail":[["tries","3"]]}'
    )
    _, row = lines(Format.CSV, event)
    assert row == (
        '"1","2024-05-17T12:00:00.000000Z","sign-in","failure","user","ann",'
        '"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","00000000-0000-0000-0000-000000000007","nymea",'
        '"192.0.2.7","ann","0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","1","tries: 3"'
    )
    (line,) = lines(Format.SYSLOG, event, host="box")
    assert line == (
        "<108>1 2024-05-17T12:00:00.000000Z box keystead - sign-in "
        '[keystead@32473 sequence="1" time="2024-05-17T12:00:00.000000Z" action="sign-in"'
        ' outcome="failure" author_kind="user" author_name="ann"'
        ' author_id="0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"'
        ' token_id="00000000-0000-0000-0000-000000000007" face="nymea" source="192.0.2.7"'
        ' object="ann" object_id="0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" times="1"]'
        '[detail@32473 tries="3"] sign-in failure'
    )
