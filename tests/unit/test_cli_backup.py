"""Backups on the command line: made beside a server or without, verified, and restored."""

import os
import pty
import shutil
import signal
import subprocess
import sys

import apsw
import pytest

from keystead.cli import new_file
from keystead.store import sqlite_file
from keystead.store.folder import Folder
from tests.command_line import PASSWORD, CommandLine, Nymea, serving

NOT_HELD = "It holds neither certificates nor keys: "


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on a data folder with the administrator Ann."""
    (tmp_path / "box").mkdir()
    program = CommandLine(capfd, monkeypatch, tmp_path / "box")
    program.done("user", "add", "ann")
    return program


@pytest.fixture
def backup(tmp_path):
    """Give a place for a backup in a folder of its own."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "keystead.backup"


def events(keystead):
    """Give what the newest events of the audit trail tell, oldest first."""
    lines = keystead.done("audit", "tail").out.splitlines()
    return [line.partition("Z  ")[2] for line in lines]


def changed(file, statement):
    db = apsw.Connection(str(file))
    db.execute(statement)
    db.close()


@pytest.mark.clause("IEC 62443-4-2 CR 2.8")
def test_a_backup_holds_everything_and_that_it_was_made(keystead, backup):
    outcome = keystead.done("backup", backup)

    assert outcome.out.startswith(f"Wrote {backup}. {NOT_HELD}")
    assert backup.stat().st_mode & 0o777 == 0o600
    assert events(keystead)[-1] == f"backup  by owner from local (control)  file: {backup}"
    assert list(backup.parent.iterdir()) == [backup]
    verified = keystead.done("backup", backup, "--verify").out.splitlines()
    assert verified[0].startswith("A backup of 20")
    assert verified[1].startswith("Intact: 2 events (1 to 2).")


def test_a_backup_of_a_running_server_holds_what_it_has_acknowledged(
    keystead, backup, tmp_path
):
    with serving(keystead.data):
        keystead.done("user", "add", "bob")
        keystead.done("backup", backup)
        keystead.done("user", "add", "cyd")
    keystead.data = tmp_path / "other"

    keystead.done("restore", backup)

    assert keystead.names() == ["ann", "bob"]


def test_a_file_that_is_there_is_never_written_over(keystead, backup):
    backup.write_text("precious")

    outcome = keystead("backup", backup)

    assert (outcome.code, outcome.complaint) == (2, f"The file {backup} exists already.")
    assert backup.read_text() == "precious"
    assert "backup" not in " ".join(events(keystead))


def test_a_folder_that_is_missing_is_named(keystead, backup):
    outcome = keystead("backup", backup.parent / "missing" / "x")
    assert outcome.code == 2
    assert outcome.complaint.endswith("cannot be written: No such file or directory.")

    keystead.data = keystead.data / "missing"
    assert keystead("backup", backup).complaint == f"There is no data folder {keystead.data}."
    assert not backup.exists()


def test_a_file_system_without_nameless_files_takes_backups_too(keystead, backup, monkeypatch):
    monkeypatch.setattr(new_file, "_ANONYMOUS", os.O_DIRECTORY)
    part = backup.with_name("keystead.backup.part")
    part.touch()
    assert keystead("backup", backup).complaint == (
        f"The file {part} is in the way; if nothing is written to it, remove it."
    )
    part.unlink()

    keystead.done("backup", backup)

    assert list(backup.parent.iterdir()) == [backup]
    keystead.done("backup", backup, "--verify")


def test_a_backup_that_is_killed_leaves_nothing(keystead, backup):
    db = apsw.Connection(str(keystead.data / "keystead.sqlite"))
    with db:
        large = ((number, b"x" * 4000, b"") for number in range(100, 15_000))
        db.executemany("insert into audit_event values (?, ?, ?)", large)
    db.close()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "keystead", "backup", str(backup)]
    with subprocess.Popen(
        [*command, "--data", str(keystead.data)], stdout=subprocess.DEVNULL, stderr=theirs
    ) as program:
        os.close(theirs)
        shown = os.read(ours, 100)
        program.kill()
    os.close(ours)

    assert b" %" in shown
    if program.returncode == -signal.SIGKILL:
        assert list(backup.parent.iterdir()) == []
    else:
        sqlite_file.check(backup)


def test_a_backup_that_cannot_be_restored_is_told_from_one_that_can(keystead, backup):
    missing = keystead("backup", backup, "--verify")
    assert missing.code == 2
    assert missing.complaint.endswith("cannot be used: No such file or directory.")

    keystead.done("backup", backup)
    whole = backup.read_bytes()
    for content in (b"x" * 5000, whole[:-8192], whole[:60] + b"\0\0\0\x63" + whole[64:]):
        backup.write_bytes(content)
        for command in (("backup", backup, "--verify"), ("restore", backup, "--replace")):
            outcome = keystead(*command)
            assert outcome.code == 2
            assert outcome.complaint
    assert keystead.names() == ["ann"]


def test_a_backup_with_another_audit_trail_can_be_restored_but_is_told(keystead, backup):
    keystead.done("backup", backup)
    changed(backup, "update audit_event set body = x'7b7d' where seq = 1")

    verified = keystead("backup", backup, "--verify")
    assert verified.code == 1
    assert "NOT INTACT: 2 events (1 to 2).\n" in verified.out

    restored = keystead("restore", backup, "--replace")
    assert restored.code == 0
    assert restored.err == "Its audit trail is not whole; see keystead audit verify.\n"
    assert keystead("audit", "verify").code == 1


def test_a_restore_goes_back_and_keeps_what_was_there(keystead, backup):
    keystead.done("backup", backup)
    keystead.done("user", "add", "bob")

    refused = keystead("restore", backup)
    assert refused.code == 2
    assert refused.complaint.startswith(f"There is a database {keystead.data}/keystead.sqlite;")
    assert keystead.names() == ["ann", "bob"]

    said = keystead.done("restore", backup, "--replace").out.splitlines()
    assert keystead.names() == ["ann"]
    assert said[0].startswith("Restored the backup of 20")
    assert said[0].endswith("Z. What was revoked since opens again.")
    kept = said[1].removeprefix("The database that was there is ").removesuffix(".")
    shutil.copy(kept, keystead.data / "keystead.sqlite")
    assert keystead.names() == ["ann", "bob"]


@pytest.mark.clause("IEC 62443-4-2 CR 2.8")
def test_the_trail_of_a_backup_goes_on_with_its_restore(keystead, backup):
    keystead.done("backup", backup)
    keystead.done("restore", backup, "--replace")

    made, restored = events(keystead)[-2:]
    assert made.startswith("backup  by owner")
    assert restored.startswith("restore  by owner from local (control)  backup of: 20")
    assert keystead.done("audit", "verify").out.startswith("Intact: 3 events (1 to 3).")


def test_a_checkpoint_kept_elsewhere_finds_that_an_older_state_was_restored(
    keystead, backup, tmp_path
):
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text(keystead.done("audit", "checkpoint").out)
    keystead.done("backup", backup)
    keystead.done("user", "add", "bob")
    after.write_text(keystead.done("audit", "checkpoint").out)

    keystead.done("restore", backup, "--replace")

    assert keystead("audit", "verify", "--checkpoint", before).code == 0
    found = keystead("audit", "verify", "--checkpoint", after)
    assert found.code == 1
    assert "NOT INTACT" in found.out


@pytest.mark.clause("ETSI EN 303 645 5.1-1")
def test_a_backup_of_an_empty_directory_does_not_open_the_set_up_again(
    keystead, backup, tmp_path
):
    box, keystead.data = keystead.data, tmp_path / "empty"
    keystead.data.mkdir()
    keystead.done("backup", backup)
    keystead.data = box
    keystead.done("restore", backup, "--replace")

    with serving(keystead.data) as server, Nymea(server.port) as client:
        assert client.ask("JSONRPC.Hello")["initialSetupRequired"] is False
    keystead.done("user", "add", "bob")
    assert keystead.names() == ["bob"]


def test_nothing_is_restored_beneath_a_running_server(keystead, backup):
    keystead.done("backup", backup)
    with serving(keystead.data) as server:
        outcome = keystead("restore", backup, "--replace")
        assert keystead.names() == ["ann"]
    assert outcome.code == 2
    assert outcome.complaint == (
        f"The data folder {keystead.data} is used by another Keystead (process"
        f" {server.process.pid}). Stop the server first."
    )


def test_a_folder_that_lost_its_database_takes_a_backup(keystead, backup):
    keystead.done("backup", backup)
    identity = (keystead.data / "identity").read_text()
    Folder(keystead.data).database.unlink()
    assert keystead("user", "list").code == 2

    keystead.done("restore", backup)

    with serving(keystead.data) as server, Nymea(server.port) as client:
        client.ask("JSONRPC.Hello")
        who = {"username": "ann", "password": PASSWORD, "deviceName": "phone"}
        assert client.ask("JSONRPC.Authenticate", **who)["success"]
        assert server.process.poll() is None
    assert (keystead.data / "identity").read_text() == identity
