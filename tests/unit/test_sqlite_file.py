"""The database file: made whole, migrated, or refused and left as it is."""

import asyncio
import shutil
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import GroupAdded, MembershipsChanged, UserAdded, UserRemoved
from keystead.domain.model import ALWAYS, Account, GroupEntry, Principal, TokenKind, UserId
from keystead.store import sqlite_file
from keystead.store.sql import migrations
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_file import APPLICATION_ID, StoreError
from tests.conformance.samples import ANN, BOB, DIGESTS, EVERYBODY, PHONE, STAFF, TABLET
from tests.conformance.stores import all_accounts, all_groups, all_users, listening, record
from tests.doubles import NOON, SettableClock

EPOCH = NOON.fromtimestamp(0, NOON.tzinfo)
NAME = "keystead.sqlite"


def contents(folder):
    """Give every file of *folder* with its bytes, but the empty ones and SQLite's index."""
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.stat().st_size and not file.name.endswith("-shm")
    }


def schema(path):
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        return (
            db.execute("select type, name, tbl_name, sql from sqlite_schema order by name").get,
            db.execute("select * from meta order by key").get,
            db.pragma("application_id"),
            db.pragma("user_version"),
            db.pragma("journal_mode"),
        )


async def fill(store, count):
    for number in range(count):
        user = ANN._replace(id=UserId(number.to_bytes(16, "big")), name=f"user-{number}")
        await record(store, UserAdded(user._replace(email="x" * 100), "hash"))


def filled(path, count):
    """Make a database of *count* users at *path*; give what is in its folder before it closes."""
    sqlite_file.prepare(path)
    with closing(SqliteStore(path, SettableClock())) as store:
        asyncio.run(fill(store, count))
        return contents(path.parent)


def users(path):
    with closing(SqliteStore(path, SettableClock())) as store:
        return asyncio.run(all_users(store.reader))


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """Give the bytes of a database that was closed."""
    path = tmp_path_factory.mktemp("closed") / NAME
    filled(path, 60)
    return path.read_bytes()


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """Give the files of a database whose server was cut off."""
    return filled(tmp_path_factory.mktemp("cut_off") / NAME, 60)


# --- made and migrated ----------------------------------------------------------------------


def test_a_missing_database_is_made(tmp_path):
    sqlite_file.prepare(tmp_path / NAME)
    assert users(tmp_path / NAME) == []
    assert list(contents(tmp_path)) == [NAME]


@pytest.mark.clause("EN 18031-1 SSM-1")
def test_only_the_owner_may_read_a_database(tmp_path):
    sqlite_file.prepare(tmp_path / NAME)
    with closing(SqliteStore(tmp_path / NAME, SettableClock())) as store:
        asyncio.run(fill(store, 1))
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert f"{NAME}-wal" in modes


def test_preparing_again_changes_nothing(tmp_path):
    path = tmp_path / NAME
    filled(path, 3)
    before = path.read_bytes()
    sqlite_file.prepare(path)
    assert path.read_bytes() == before
    assert len(users(path)) == 3


@pytest.mark.parametrize("version", range(len(migrations())))
def test_a_migrated_database_is_the_same_as_a_fresh_one(tmp_path, version):
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    sqlite_file.prepare(fresh)
    old.touch()
    sqlite_file._migrate(old, migrations()[:version], 0)
    sqlite_file.prepare(old)
    assert schema(old) == schema(fresh)


def version_1(path):
    """Make a database as version 1 left it: two users, one of them with two tokens."""
    path.touch()
    sqlite_file._migrate(path, migrations()[:1], 0)
    with closing(sqlite_file.connect(path, writing=True)) as db:
        db.execute("update meta set value = 1 where key = 'ever_had_account'")
        db.execute("update meta set value = 41 where key = 'revision'")
        for user, encoded in ((ANN, "ann's hash"), (BOB, None)):
            db.execute(
                "insert into user (id, name, name_key, display_name, email, scopes, things,"
                " password_hash) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(user.id, user.name, user.name.lower(), user.display_name, user.email),
                    *(int(user.scopes), b"".join(thing.bytes for thing in user.things)),
                    encoded,
                ),
            )
        for token in (TABLET, PHONE):
            created = (token.created - EPOCH) // timedelta(microseconds=1)
            row = (token.id.bytes, DIGESTS[token.id], token.user_id, token.device_name, created)
            db.execute(
                "insert into token (id, digest, user_id, device_name, created)"
                " values (?, ?, ?, ?, ?)",
                row,
            )


def test_a_migration_from_version_1_loses_nothing(tmp_path):
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    sqlite_file.prepare(fresh)
    version_1(old)
    sqlite_file.prepare(old)

    async def scenario(store):
        reader = store.reader
        heard = listening(store)
        seen = [
            await reader.ever_had_account(),
            await all_accounts(reader),
            await reader.password_hash(ANN.id),
            list(await reader.tokens_with_digests(ANN.id)),
            await reader.principal_by_digest(DIGESTS[PHONE.id], TokenKind.DEVICE, NOON),
            await reader.has_user_editor(NOON),
            await all_groups(reader),
        ]
        await record(store, GroupAdded(STAFF), MembershipsChanged(ANN, (STAFF,)))
        return seen, await reader.groups_of(ANN.id), [commit.revision for commit in heard]

    with closing(SqliteStore(old, SettableClock())) as store:
        seen, groups, revisions = asyncio.run(scenario(store))
    assert seen == [
        True,
        [Account(ANN, has_password=True), Account(BOB, has_password=False)],
        "ann's hash",
        [(TABLET, DIGESTS[TABLET.id]), (PHONE, DIGESTS[PHONE.id])],
        Principal(ANN, PHONE.id),
        True,
        [GroupEntry(EVERYBODY)],
    ]
    assert (groups, revisions) == ((STAFF,), [42])
    assert schema(old)[0] == schema(fresh)[0]
    assert schema(old)[2:] == schema(fresh)[2:]


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_new_in_version_3_is_empty_after_a_migration(tmp_path, version):
    path = tmp_path / NAME
    version_1(path)
    sqlite_file._migrate(path, migrations()[:version], 1)
    sqlite_file.prepare(path)

    async def scenario(store):
        reader = store.reader
        found = [
            [user.validity for user in await all_users(reader)],
            list(await reader.tokens_of(ANN.id)),
            list(await reader.audit_events(0, 9)),
            list(await reader.audit_checkpoints()),
            list(await reader.attempts()),
        ]
        await record(store, UserRemoved(BOB))
        return found, [event.sequence for event in await reader.audit_events(0, 9)]

    with closing(SqliteStore(path, SettableClock())) as store:
        found, sequences = asyncio.run(scenario(store))
    assert found == [[ALWAYS, ALWAYS], [TABLET, PHONE], [], [], []]
    assert sequences == [1]


def test_what_users_had_goes_with_them_after_a_migration(tmp_path):
    path = tmp_path / NAME
    version_1(path)
    sqlite_file.prepare(path)

    async def scenario(store):
        await record(store, UserRemoved(ANN))
        reader = store.reader
        return await reader.token(PHONE.id), await all_accounts(reader)

    with closing(SqliteStore(path, SettableClock())) as store:
        assert asyncio.run(scenario(store)) == (None, [Account(BOB, has_password=False)])


def test_a_migration_that_was_cut_off_is_done_again(tmp_path):
    fresh, old, copy = tmp_path / "fresh", tmp_path / "old", tmp_path / "copy"
    sqlite_file.prepare(fresh)
    old.touch()
    sqlite_file._migrate(old, [], 0)
    with closing(apsw.Connection(str(old), flags=apsw.SQLITE_OPEN_READWRITE)) as db:
        db.execute("pragma journal_mode = delete")
        db.execute("begin")
        for script in migrations():
            db.execute(script)
        db.execute(f"pragma user_version = {len(migrations())}")
        db.cache_flush()  # half of it is in the file
        for suffix in ("", "-journal"):
            shutil.copy(f"{old}{suffix}", f"{copy}{suffix}")
    sqlite_file.prepare(copy)
    assert schema(copy) == schema(fresh)


def test_a_half_made_database_is_made_anew(tmp_path, cut_off):
    for name, data in cut_off.items():
        (tmp_path / name.replace(NAME, f"{NAME}.new")).write_bytes(data)
    (tmp_path / f"{NAME}.new-journal").write_bytes(b"half a journal")
    sqlite_file.prepare(tmp_path / NAME)
    assert users(tmp_path / NAME) == []
    assert list(contents(tmp_path)) == [NAME]


def test_a_database_that_was_cut_off_comes_back_whole(tmp_path, cut_off):
    for name, data in cut_off.items():
        (tmp_path / name).write_bytes(data)
    sqlite_file.prepare(tmp_path / NAME)
    assert len(users(tmp_path / NAME)) == 60


def test_a_log_whose_database_is_gone_brings_nobody_back(tmp_path, cut_off):
    (tmp_path / f"{NAME}-wal").write_bytes(cut_off[f"{NAME}-wal"])
    with suppress(StoreError):
        sqlite_file.prepare(tmp_path / NAME)
        assert users(tmp_path / NAME) == []


# --- refused --------------------------------------------------------------------------------


def other_sqlite_file(path):
    with closing(apsw.Connection(str(path))) as db:
        db.execute("create table precious (thing)")


def newer_database(path):
    filled(path, 1)
    with closing(apsw.Connection(str(path))) as db:
        db.execute(f"pragma user_version = {len(migrations()) + 1}")


def damaged_database(path):
    filled(path, 60)
    data = bytearray(path.read_bytes())
    data[4096 : 4096 + 2048] = b"\xff" * 2048
    path.write_bytes(data)


def header_only(path):
    """Make a file that ends after what says that it is Keystead's."""
    sqlite_file.prepare(path)
    path.write_bytes(path.read_bytes()[:100])


def schema_that_is_no_text(path):
    """Make a file of whole pages that has a comment in its schema that is no UTF-8."""
    sqlite_file.prepare(path)
    data = path.read_bytes()
    damaged = data.replace(b"-- SHA-256", b"-- SHA\x80256")
    assert damaged != data
    path.write_bytes(damaged)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.touch, "is not a Keystead database"),
        (lambda path: path.write_bytes(b"precious"), "is not a Keystead database"),
        (lambda path: path.write_bytes(b"precious" * 1000), "is not a Keystead database"),
        (other_sqlite_file, "is not a Keystead database"),
        (newer_database, "was written by a newer Keystead"),
        (damaged_database, "is damaged"),
        (header_only, "is damaged"),
        (schema_that_is_no_text, "is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(tmp_path, make, why):
    make(tmp_path / NAME)
    before = contents(tmp_path)
    with pytest.raises(StoreError, match=why) as refused:
        sqlite_file.prepare(tmp_path / NAME)
    assert str(tmp_path / NAME) in str(refused.value)
    assert contents(tmp_path) == before


def test_a_damaged_database_keeps_the_log_beside_it(tmp_path, cut_off):
    before = cut_off | {NAME: cut_off[NAME][:5000]}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(StoreError, match="is damaged"):
        sqlite_file.prepare(tmp_path / NAME)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "loss",
    [
        "delete from meta where key = 'ever_had_account'",
        "delete from meta where key = 'revision'",
        "update meta set value = 'x' where key = 'revision'",
        "drop table token",
        "drop table meta",
        "drop index token_user",
    ],
)
def test_a_database_without_all_that_belongs_in_it_is_refused(tmp_path, loss):
    # Its pages are whole; without ``ever_had_account`` anybody could make the first account.
    filled(tmp_path / NAME, 3)
    with closing(apsw.Connection(str(tmp_path / NAME))) as db:
        db.execute(loss)
    with pytest.raises(StoreError):
        sqlite_file.prepare(tmp_path / NAME)


def test_a_path_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        sqlite_file.prepare(tmp_path / NAME)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StoreError, match="cannot be used"):
        sqlite_file.prepare(tmp_path / "nowhere" / NAME)


@given(
    st.integers(0, 200) | st.integers(0, 2**20),
    st.sampled_from([1, 512, 2**20]),
    st.none() | st.integers(0, 255),
)
def test_whatever_happens_to_a_file_it_is_used_or_refused_as_it_is(closed, at, size, byte):
    damaged = bytearray(closed)
    start = at % len(closed)
    if byte is None:
        del damaged[start : start + size]
    else:
        end = min(start + size, len(damaged))
        damaged[start:end] = bytes([byte]) * (end - start)
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(damaged)
        with suppress(StoreError):
            sqlite_file.prepare(path)
            shutil.rmtree(folder)
            return
        assert path.read_bytes() == damaged


# --- what connections do --------------------------------------------------------------------


def test_every_commit_survives_a_power_cut(tmp_path):
    sqlite_file.prepare(tmp_path / NAME)
    with closing(sqlite_file.connect(tmp_path / NAME, writing=True)) as db:
        assert db.pragma("synchronous") == 2  # full
        assert db.pragma("journal_mode") == "wal"
        assert db.pragma("foreign_keys") == 1
        assert db.pragma("trusted_schema") == 0


def test_a_reading_connection_cannot_write(tmp_path):
    sqlite_file.prepare(tmp_path / NAME)
    with (
        closing(sqlite_file.connect(tmp_path / NAME, writing=False)) as db,
        pytest.raises(apsw.ReadOnlyError),
    ):
        db.execute("delete from user")


def test_the_file_itself_says_whose_it_is(tmp_path):
    sqlite_file.prepare(tmp_path / NAME)
    header = (tmp_path / NAME).read_bytes()[:100]
    assert header[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"Keys"
    assert header[60:64] == len(migrations()).to_bytes(4, "big")
