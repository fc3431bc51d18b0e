"""Reading the audit trail on the command line, with a server running and without."""

import csv
import io
import json
import os
import signal
import subprocess
import sys

import apsw
import pytest

from keystead.domain.events import SERVER, Action, Author, Entry, Origin, Outcome
from keystead.store.folder import Folder
from keystead.store.trail_file import PORTION
from tests.command_line import PASSWORD, PATIENCE, PLAIN, CommandLine, Nymea, program, serving
from tests.unit.trails import ANN, SIGNED_IN, trail

STRANGER = Author("nobody", origin=Origin("tani", "198.51.100.9"))
FAILED = Entry(STRANGER, Action.SIGN_IN, outcome=Outcome.FAILURE, times=3)
RENAMED = Entry(ANN, Action.USER_CHANGED, "bob\n\x1b[2J", detail=(("scopes", "=1+1"),))
THREE = trail([Entry(SERVER, Action.START), FAILED, RENAMED])


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "list")
    return program


def change(keystead, statement, rows=()):
    """Change the database past the program."""
    db = apsw.Connection(str(keystead.data / "keystead.sqlite"))
    try:
        if rows:
            db.executemany(statement, rows)
        else:
            db.execute(statement)
    finally:
        db.close()


def tell(keystead, events):
    """Put a trail where there is none."""
    change(keystead, "delete from audit_event")
    change(keystead, "insert into audit_event values (?, ?, ?)", events)


def make_ann(app):
    app.ask("JSONRPC.Hello")
    app.ask("JSONRPC.CreateUser", username="ann", password=PASSWORD)


@pytest.fixture
def told(keystead):
    """Give the program on a folder with three events."""
    tell(keystead, THREE)
    return keystead


def test_the_newest_events_are_shown_oldest_first(told):
    first, second, third = told.done("audit", "tail").out.splitlines()
    assert first == "1  2024-05-17 12:00:00Z  server.start  by server (server)"
    assert second == (
        "2  2024-05-17 12:00:01Z  sign-in  FAILURE  by nobody from 198.51.100.9 (tani)  3 times"
    )
    assert third == (
        r"3  2024-05-17 12:00:02Z  user.changed  bob\n\x1b[2J"
        "  by ann from 192.0.2.7 (nymea)  scopes: =1+1"
    )


@pytest.mark.parametrize(("count", "shown"), [(0, []), (1, [3]), (2, [2, 3]), (99, [1, 2, 3])])
def test_as_many_are_shown_as_are_asked_for(told, count, shown):
    lines = told.done("audit", "tail", "-n", count, "--json").out.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == shown


def test_where_nothing_happened_nothing_is_shown(keystead):
    change(keystead, "delete from audit_event")
    assert keystead.done("audit", "tail").out == ""
    assert keystead.done("audit", "export", "-").out == ""
    assert keystead("audit", "checkpoint").complaint == "There is no event yet."
    assert keystead.done("audit", "verify").out.startswith("Intact: 0 events.\n")


@pytest.mark.parametrize("count", ["-1", "x"])
def test_a_number_of_events_that_is_none_is_refused(told, count):
    outcome = told("audit", "tail", "-n", count)
    assert outcome.code == 2
    assert "-n" in outcome.complaint


def test_an_event_that_cannot_be_read_is_shown_as_it_lies_there(told):
    change(told, "update audit_event set body = x'1b5b' where seq = 2")
    assert told.done("audit", "tail").out.splitlines()[1] == (
        r"2  ?  unreadable  by  ()  body: \x1b["
    )
    lines = told.done("audit", "export", "-", "--since", "2099-01-01").out.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["unreadable"]


def test_a_trail_is_followed_while_the_server_goes_on(keystead):
    keystead.done("user", "add", "ann")
    follow = [sys.executable, "-m", "keystead", "audit", "tail", "--follow", "--json"]
    with (
        serving(keystead.data),
        subprocess.Popen(
            [*follow, "--data", str(keystead.data)], stdout=subprocess.PIPE, text=True
        ) as tail,
    ):
        try:
            assert tail.stdout is not None
            events = map(json.loads, tail.stdout)
            assert any(event["object"] == "ann" for event in events)
            keystead.done("user", "add", "bob")
            assert any(event["object"] == "bob" for event in events)
        finally:
            tail.send_signal(signal.SIGINT)
        assert tail.wait(PATIENCE) == 0


def test_an_export_is_written_to_a_new_file_that_only_its_owner_reads(told, tmp_path):
    file = tmp_path / "events.csv"
    assert told.done("audit", "export", file, "--format", "csv").out == "Wrote 3 events.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))
    assert [row["action"] for row in rows] == ["server.start", "sign-in", "user.changed"]
    assert rows[2]["object"] == r"bob\n\x1b[2J"
    again = told("audit", "export", file, "--format", "csv")
    assert again.complaint == f"The file {file} exists already."


def test_an_export_that_fails_leaves_nothing(told, tmp_path):
    change(told, "drop table audit_event")
    outcome = told("audit", "export", tmp_path / "events")
    assert outcome.code == 2
    assert not list(tmp_path.glob("events*"))


@pytest.mark.parametrize(
    ("span", "sequences"),
    [
        (["--since", "2024-05-17T12:00:01Z"], [2, 3]),
        (["--until", "2024-05-17T14:00:01+02:00"], [1]),
        (["--since", "2024-05-17 12:00:01", "--until", "2024-05-17 12:00:02"], [2]),
        (["--since", "2024-05-18"], []),
    ],
)
def test_a_span_of_time_is_exported(told, span, sequences):
    lines = told.done("audit", "export", "-", *span).out.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == sequences


def test_a_time_that_is_none_is_refused(told):
    outcome = told("audit", "export", "-", "--since", "yesterday")
    assert outcome.code == 2
    assert "--since" in outcome.complaint


def test_syslog_names_this_machine(told):
    first, *_ = told.done("audit", "export", "-", "--format", "syslog").out.splitlines()
    assert first.startswith("<110>1 2024-05-17T12:00:00.000000Z ")
    assert " keystead - server.start [keystead@32473 " in first


def test_a_long_trail_is_read_in_portions(keystead):
    events = trail([SIGNED_IN] * (2 * PORTION + 1))
    tell(keystead, events)
    assert len(keystead.done("audit", "export", "-").out.splitlines()) == len(events)
    assert keystead.done("audit", "verify", "--json").json["events"] == len(events)


def test_a_trail_that_nobody_touched_is_intact(told):
    outcome = told.done("audit", "verify")
    first, note = outcome.out.splitlines()
    assert first == "Intact: 3 events (1 to 3)."
    assert note.startswith(
        "Note: Without a checkpoint that is kept elsewhere it cannot be found"
    )


def test_a_trail_that_was_edited_is_not_intact(told):
    change(told, "update audit_event set body = cast(body || ' ' as blob) where seq = 3")
    outcome = told("audit", "verify")
    assert outcome.code == 1
    assert outcome.out.startswith(
        "NOT INTACT: 3 events (1 to 3).\n  Event 3 does not fit the one before"
    )
    answer = told("audit", "verify", "--json")
    assert answer.code == 1
    assert [(p["kind"], p["sequence"]) for p in answer.json["problems"]] == [("changed", 3)]


def test_many_problems_are_counted(keystead):
    tell(keystead, trail([SIGNED_IN] * 200))
    change(keystead, "update audit_event set digest = zeroblob(32)")
    outcome = keystead("audit", "verify")
    assert outcome.code == 1
    assert "  And 100 problems more.\n" in outcome.out


def test_a_checkpoint_kept_elsewhere_finds_a_tail_that_was_cut_off(told, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text(told.done("audit", "checkpoint").out)
    assert (
        told.done("audit", "verify", "--checkpoint", kept).out == "Intact: 3 events (1 to 3).\n"
    )
    change(told, "delete from audit_event where seq > 1")
    assert told.done("audit", "verify").code == 0
    outcome = told("audit", "verify", "--checkpoint", kept)
    assert outcome.code == 1
    assert "its end was cut off, or an older database was put in its place" in outcome.out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"x", "This is no checkpoint: JSON is malformed: invalid character (byte 0)."),
        (b"\xff", "The file {file} is no text."),
        (None, "The file {file} cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_holds_no_checkpoint_is_no_sign_of_tampering(
    told, tmp_path, content, complaint
):
    file = tmp_path / "kept"
    if content is not None:
        file.write_bytes(content)
    outcome = told("audit", "verify", "--checkpoint", file)
    assert outcome.code == 2
    assert outcome.complaint == complaint.format(file=file)


def test_the_verdict_holds_even_if_nobody_reads_it(told):
    change(told, "delete from audit_event where seq = 2")
    read, write = os.pipe()
    os.close(read)
    outcome = program("audit", "verify", "--data", told.data, stdout=write)
    os.close(write)
    assert outcome.returncode == 1


def test_all_of_it_works_beside_a_running_server(keystead, tmp_path):
    with serving(keystead.data, *PLAIN) as server:
        kept = tmp_path / "kept"
        with Nymea(server.port) as app:
            make_ann(app)
        kept.write_text(keystead.done("audit", "checkpoint").out)
        assert keystead.done("audit", "verify", "--checkpoint", kept).out.startswith("Intact")
        assert "user.added  ann" in keystead.done("audit", "tail").out
        assert server.stop() == 0
    assert keystead.done("audit", "verify", "--checkpoint", kept).out.startswith("Intact")


def test_a_folder_without_a_database_is_named(keystead, tmp_path):
    (tmp_path / "empty").mkdir()
    for name, missing in (("none", "data folder"), ("empty", "database")):
        keystead.data = tmp_path / name
        complaint = keystead("audit", "verify").complaint
        assert complaint.startswith(f"There is no {missing} {tmp_path / name}")
        assert keystead("audit", "tail").code == 2


def test_a_database_of_an_older_version_has_no_trail_yet(told):
    change(told, "drop table audit_event")
    assert told("audit", "tail").complaint.endswith(
        "no audit trail yet; start the server once."
    )


def test_a_database_that_cannot_be_read_is_no_sign_of_tampering(told):
    Folder(told.data).database.write_bytes(b"nonsense" * 1000)
    outcome = told("audit", "verify")
    assert outcome.code == 2
    assert "cannot be read" in outcome.complaint
