"""Logs are read by programs: one JSON object a line, whatever happened."""

import json
import logging

import pytest

from keystead import logs


@pytest.fixture
def lines(capsys):
    """Give what starts logging, and gives what reads the lines so far."""
    level = logging.root.level
    levels = {name: logging.getLogger(name).level for name in ("picows", "asyncio")}

    def start(at="info"):
        logs.start(at)
        return lambda: [json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1]]

    yield start
    for handler in logging.root.handlers[:]:
        if isinstance(handler.formatter, logs.JsonLines):
            logging.root.removeHandler(handler)
    logging.root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.clause("OWASP ASVS 5.0 16.2.4")
def test_an_event_is_one_object_with_its_fields(lines):
    written = lines()

    logging.getLogger("keystead.net").warning("peer cut off", extra={"fields": {"bytes": 5}})

    (entry,) = written()
    assert list(entry) == ["time", "level", "logger", "event", "bytes"]
    assert entry["level"] == "warning"
    assert entry["logger"] == "keystead.net"
    assert entry["event"] == "peer cut off"
    assert entry["bytes"] == 5


@pytest.mark.clause("OWASP ASVS 5.0 16.2.2")
def test_the_time_is_utc_with_milliseconds():
    record = logging.makeLogRecord({"msg": "x", "created": 1700000000.1239})

    assert json.loads(logs.JsonLines().format(record))["time"] == "2023-11-14T22:13:20.123Z"


NASTY = ["two\nlines", "a\rb", "\x00\x1b[31mred", "\u2028\u2029\x85\x0b\x0c", '"}{', "\ud800"]


@pytest.mark.clause("OWASP ASVS 5.0 16.4.1")
@pytest.mark.parametrize("text", NASTY)
def test_no_character_leaves_the_line(lines, text):
    written = lines()

    logging.getLogger("x").info("event %s", text, extra={"fields": {"name": text, text: 1}})

    (entry,) = written()
    assert entry["event"].startswith("event ")
    assert len(entry["name"]) >= 1


@pytest.mark.parametrize("value", [ValueError("odd"), {1, 2}, object(), b"bytes", float("nan")])
def test_a_field_of_any_kind_is_written(lines, value):
    written = lines()

    logging.getLogger("x").info("event", extra={"fields": {"value": value}})

    (entry,) = written()
    assert "value" in entry


def fail(message):
    raise RuntimeError(message)


def test_a_fault_brings_its_traceback_inside_the_line(lines):
    written = lines()

    try:
        fail("first\nsecond")
    except RuntimeError:
        logging.getLogger("x").exception("request failed")

    (entry,) = written()
    assert entry["level"] == "error"
    assert entry["traceback"].startswith("Traceback (most recent call last):\n")
    assert entry["traceback"].endswith("RuntimeError: first\nsecond")


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_events_of_the_level_and_above_are_written(lines, level, events):
    written = lines(level)

    for event in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("keystead"), event)(event)

    assert [entry["event"] for entry in written()] == events


def test_what_libraries_say_about_peers_is_left_out(lines):
    written = lines("debug")

    logging.getLogger("picows.websocket").error("WS parser error")
    logging.getLogger("asyncio").info("poll took long")
    logging.getLogger("asyncio").warning("socket.send() raised exception.")

    assert [entry["logger"] for entry in written()] == ["asyncio"]


def test_starting_again_writes_nothing_twice(lines):
    lines()
    written = lines()

    logging.getLogger("x").info("once")

    assert len(written()) == 1
