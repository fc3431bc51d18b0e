"""A backup is the database as of one moment, and takes the place of one as a whole."""

import asyncio
import io
import itertools
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime

import apsw
import pytest

from keystead.domain.model import TokenKind
from keystead.store import backup_file, sqlite_file
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_file import StoreError
from tests.conformance.stores import all_users
from tests.doubles import SettableClock
from tests.unit.test_sqlite_killed import PROGRAM

NOW = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)


def copy(database, folder):
    """Make a backup; give its content."""
    output = io.BytesIO()
    backup_file.copy(database, folder, output, lambda copied, of: None)
    return output.getvalue()


def fill(database, rows=3000):
    """Make a database some 12 MB large."""
    with closing(apsw.Connection(str(database))) as db, db:
        events = ((number, b"x" * 4000, b"") for number in range(1, rows + 1))
        db.executemany("insert into audit_event values (?, ?, ?)", events)


def value(database, query):
    with closing(apsw.Connection(str(database))) as db:
        return db.execute(query).get


@pytest.fixture
def database(tmp_path):
    """Give an empty database in a folder of its own."""
    (tmp_path / "box").mkdir()
    file = tmp_path / "box" / "keystead.sqlite"
    sqlite_file.prepare(file)
    return file


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_backup_is_one_file_that_can_be_read_where_nothing_can_be_written(database, tmp_path):
    fill(database, 3)

    backup = tmp_path / "backup"
    backup.write_bytes(copy(database, tmp_path))

    backup_file.check(backup)
    assert value(backup, "select count(*) from audit_event") == 3
    assert value(backup, "pragma journal_mode") == "delete"
    assert names(tmp_path) == ["backup", "box"]


def test_progress_is_told_up_to_the_end(database, tmp_path):
    fill(database)
    told = []

    backup_file.copy(database, tmp_path, io.BytesIO(), lambda *step: told.append(step))

    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_a_damaged_database_gives_no_backup(database, tmp_path):
    fill(database)
    with database.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 50)

    with pytest.raises(StoreError, match=r"^The database .* (is damaged|cannot be copied) \("):
        copy(database, tmp_path)
    assert names(tmp_path) == ["box"]


@pytest.mark.parametrize("count", [64, 640])
def test_a_backup_made_while_64_write_is_a_state_that_existed(tmp_path, count):
    many = PROGRAM.replace("range(16)", "range(64)")
    folder = Folder(tmp_path / "box")
    with subprocess.Popen(
        [sys.executable, "-c", many, str(folder.path)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        acknowledged = {int(line) for line in itertools.islice(program.stdout, count)}
        content = copy(folder.database, tmp_path)
        still_writes = program.poll() is None
        program.kill()
        program.stdout.read()

    backup, restored = tmp_path / "backup", tmp_path / "restored"
    backup.write_bytes(content)
    staged = backup_file.stage(backup, restored)
    backup_file.put_in_place(staged, restored, NOW)
    with closing(SqliteStore(restored, SettableClock())) as store:
        users = asyncio.run(all_users(store.reader))
    made = {int.from_bytes(user.id, "big") for user in users}
    assert still_writes
    assert len(acknowledged) == count
    assert acknowledged <= made
    assert value(restored, "select value from meta where key = 'revision'") == len(made)


def test_the_database_that_is_replaced_is_kept_with_what_only_its_log_holds(database, tmp_path):
    backup = tmp_path / "backup"
    backup.write_bytes(copy(database, tmp_path))
    killed = apsw.Connection(str(database))  # stays open, so that the log is not taken up
    killed.execute("insert into attempt values ('ann', '', 9, 0, 0)")

    staged = backup_file.stage(backup, database)
    kept = backup_file.put_in_place(staged, database, NOW)

    assert kept == database.with_name("keystead.sqlite.replaced-20261122T201500Z")
    assert kept
    assert names(database.parent) == ["keystead.sqlite", kept.name, f"{kept.name}-wal"]
    assert value(kept, "select count(*) from attempt") == 1
    assert value(database, "select count(*) from attempt") == 0
    assert database.stat().st_mode & 0o777 == 0o600
    killed.close()


def test_where_nothing_was_nothing_is_kept(database, tmp_path):
    backup, empty = tmp_path / "backup", tmp_path / "empty"
    backup.write_bytes(copy(database, tmp_path))
    empty.mkdir()
    (empty / "keystead.sqlite-wal").write_bytes(b"of a database that is gone")
    place = empty / "keystead.sqlite"

    assert backup_file.put_in_place(backup_file.stage(backup, place), place, NOW) is None

    assert names(empty) == ["keystead.sqlite"]
    sqlite_file.check(place)


def test_what_a_restore_left_that_was_cut_off_does_not_matter(database, tmp_path):
    backup = tmp_path / "backup"
    backup.write_bytes(copy(database, tmp_path))
    for end in ("", "-wal", "-journal"):
        database.with_name(f"keystead.sqlite.new{end}").write_bytes(b"half" * 1000)

    staged = backup_file.stage(backup, database)

    sqlite_file.check(staged)


@pytest.mark.clause("OWASP ASVS 5.0 7.4.1")
def test_sessions_of_pages_end_and_the_set_up_does_not_open_again(database, tmp_path):
    with closing(apsw.Connection(str(database))) as db:
        db.execute(
            "insert into user (id, name, name_key, display_name, email, scopes, things)"
            " values (x'01', 'ann', 'ann', '', '', 0, x'')"
        )
        for kind in TokenKind:
            db.execute(
                "insert into token (id, digest, user_id, device_name, created, kind)"
                " values (?, ?, x'01', '', 0, ?)",
                (kind.value.encode(), kind.value.encode(), kind.value),
            )
    backup = tmp_path / "backup"
    backup.write_bytes(copy(database, tmp_path))

    staged = backup_file.stage(backup, database)

    assert value(staged, "select group_concat(kind) from token") == "device"
    assert value(staged, "select value from meta where key = 'ever_had_account'") == 1


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"x" * 5000], ids=["empty", "short", "foreign"]
)
def test_what_is_no_backup_is_refused(database, tmp_path, content):
    backup = tmp_path / "backup"
    backup.write_bytes(content)

    for use in (lambda: backup_file.check(backup), lambda: backup_file.stage(backup, database)):
        with pytest.raises(StoreError):
            use()


def test_a_folder_that_cannot_be_written_is_named(database, tmp_path):
    backup = tmp_path / "backup"
    backup.write_bytes(copy(database, tmp_path))
    staged = backup_file.stage(backup, database)
    database.with_name("keystead.sqlite.replaced-20261122T201500Z").mkdir()

    with pytest.raises(StoreError, match=r"^The data folder .* cannot be used: File exists\.$"):
        backup_file.put_in_place(staged, database, NOW)
    sqlite_file.check(database)
