import base64
import hashlib
import shutil
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.domain import names
from keystead.domain.model import Scope
from keystead.store.nymea_file import (
    NewerNymeaFileError,
    NotNymeaFileError,
    NymeaFile,
    NymeaUser,
    read,
)
from tests.nymea_files import (
    ALL_SCOPES,
    ANN,
    BOB,
    MIGRATED,
    PAIRED,
    PASSWORD,
    SCHEMAS,
    TABLET,
    TokenRow,
    UserRow,
    box,
    build,
)

BOBS_THING = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
TABLETS_ID = UUID("b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4")
UNTYPED_USERS = (
    "CREATE TABLE users (username, password, salt, scopes, email, displayName, allowedThingIds)"
)


class CentralEurope2024(tzinfo):
    """The rules of one year, so that the tests need no time zone files."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        assert dt is not None
        begin = datetime(2024, 3, 31, 2, tzinfo=self)
        end = datetime(
            2024, 10, 27, 2 if dt.fold else 3, tzinfo=self
        )  # 02:00 to 03:00 is twice
        return timedelta(hours=2 if begin <= dt < end else 1)

    def dst(self, dt: datetime | None) -> timedelta:
        return self.utcoffset(dt) - timedelta(hours=1)

    def tzname(self, dt: datetime | None) -> str:
        return "Central Europe"


@pytest.fixture
def taken(tmp_path):
    """Build a file with these users and tokens, and read it."""
    numbers = count()

    def take(*rows: UserRow | TokenRow, schema=SCHEMAS[2], then=(), zone: tzinfo = UTC):
        users = [row for row in rows if isinstance(row, UserRow)]
        tokens = [row for row in rows if isinstance(row, TokenRow)]
        path = build(tmp_path / f"{next(numbers)}.sqlite", schema, users, tokens, then)
        return read(path, zone)

    return take


def named(file: NymeaFile, name: str) -> NymeaUser:
    (user,) = (user for user in file.users if user.name == name)
    return user


def sentences(file: NymeaFile) -> list[str]:
    return [str(left) for left in file.left]


def accepts(stored: str | None, password: str) -> bool:
    """Verify as anyone would who knows only the stored form."""
    assert stored is not None
    _, kind, salt, digest = stored.split("$")
    computed = base64.b64encode(hashlib.sha512((password + salt).encode()).digest()).decode()
    return kind == "nymea-sha512" and computed == digest


# What the versions mean


def test_version_2_is_taken_as_it_is(tmp_path):
    file = read(box(tmp_path / "user-db.sqlite", 2), UTC)

    assert file.version == 2
    assert [user.name for user in file.users] == ["ann", "Bob@Example.org", ""]
    ann, bob = named(file, "ann"), named(file, "Bob@Example.org")
    assert (ann.display_name, ann.email, ann.scopes) == ("Ann", "ann@example.org", Scope.ADMIN)
    assert (bob.display_name, bob.email, bob.scopes) == ("", "", Scope.CONTROL_THINGS)
    assert bob.things == (BOBS_THING,)
    assert file.left == ()


def test_version_1_gives_access_to_all_things_to_those_who_are_not_administrators(tmp_path):
    file = read(box(tmp_path / "user-db.sqlite", 1), UTC)

    assert file.version == 1
    assert named(file, "ann").scopes == Scope.ADMIN
    bob = named(file, "Bob@Example.org")
    assert bob.scopes == Scope.CONTROL_THINGS | Scope.ACCESS_ALL_THINGS
    assert bob.things == ()


def test_version_1_without_scopes_gains_access_to_all_things(taken):
    file = taken(replace(ANN, scopes=""), replace(BOB, scopes=None), schema=SCHEMAS[1])

    assert {user.scopes for user in file.users} == {Scope.ACCESS_ALL_THINGS}


def test_version_0_makes_everybody_an_administrator_whose_name_is_the_email_address(tmp_path):
    file = read(box(tmp_path / "user-db.sqlite", 0), UTC)

    assert file.version == 0
    bob = named(file, "Bob@Example.org")
    assert (bob.scopes, bob.email, bob.display_name) == (Scope.ADMIN, "Bob@Example.org", "")
    assert file.left == ()


@pytest.mark.parametrize("version", [0, 1, 2])
def test_the_push_button_user_is_an_administrator_without_a_password(tmp_path, version):
    file = read(box(tmp_path / "user-db.sqlite", version), UTC)

    assert named(file, "") == NymeaUser("", "", "", Scope.ADMIN, (), None)
    assert [token.device_name for token in file.tokens if token.name == ""] == ["Wall panel"]


def test_the_push_button_user_has_no_password_even_if_the_file_says_so(taken):
    file = taken(replace(ANN, username=""))

    assert named(file, "").password_hash is None
    assert file.left == ()


def test_no_push_button_user_is_made_up_without_its_tokens(taken):
    assert [user.name for user in taken(ANN, TABLET, schema=SCHEMAS[0]).users] == ["ann"]


def test_columns_in_the_order_of_a_migrated_file_are_found_by_name(taken):
    file = taken(ANN, BOB, schema=MIGRATED)

    assert file.users == taken(ANN, BOB).users


def test_columns_are_found_in_any_case(taken):
    schema = [
        sql.replace("users (", "USERS (").replace("scopes", "SCOPES") for sql in SCHEMAS[2]
    ]

    assert taken(ANN, BOB, schema=schema).users == taken(ANN, BOB).users


def test_a_file_without_tokens_and_metadata_is_read(taken):
    file = taken(ANN, schema=SCHEMAS[0][:1])

    assert (file.version, [user.name for user in file.users], file.tokens) == (0, ["ann"], ())


def test_a_metadata_table_without_a_version_is_version_0(taken):
    schema = [*SCHEMAS[0], "CREATE TABLE metadata (key, data)"]

    assert taken(ANN, schema=schema).version == 0


@pytest.mark.parametrize("version", [1, 2])
def test_a_lost_version_record_makes_nobody_an_administrator(taken, version):
    file = taken(BOB, schema=SCHEMAS[version], then=["DROP TABLE metadata"])

    assert file.version == version
    assert Scope.ADMIN not in named(file, "Bob@Example.org").scopes
    assert sentences(file) == [f"recorded version: the users table is of version {version}"]


def test_a_newer_version_is_refused(taken):
    with pytest.raises(NewerNymeaFileError, match=r"\.sqlite' has version 3, newer than 2$"):
        taken(ANN, then=["UPDATE metadata SET data = '3'"])


@pytest.mark.parametrize("data", ["'two'", "''", "NULL", "-1", "2.5", "x'ff'", "'99999999999'"])
def test_a_version_that_is_not_a_number_is_refused(taken, data):
    with pytest.raises(NotNymeaFileError):
        taken(ANN, then=[f"UPDATE metadata SET data = {data}"])  # noqa: S608 - ours


def test_two_versions_are_refused(taken):
    with pytest.raises(NotNymeaFileError, match="does not say its version as one number"):
        taken(ANN, then=["INSERT INTO metadata VALUES ('version', 1)"])


# Users


def test_the_stored_form_of_a_password_verifies(tmp_path):
    file = read(box(tmp_path / "user-db.sqlite", 2), UTC)

    assert accepts(named(file, "ann").password_hash, PASSWORD)
    assert not accepts(named(file, "ann").password_hash, PASSWORD + "x")
    assert accepts(named(file, "Bob@Example.org").password_hash, "Bobs9secret")


@pytest.mark.parametrize(
    "changed",
    [
        {"password": ""},
        {"password": None},
        {"password": b"\x00"},
        {"password": "short"},
        {"password": f"{ANN.password}=="},
        {"password": f"{ANN.password}"[:-3] + "B=="},  # bits that the last byte does not have
        {"password": f"\n{ANN.password}"},
        {"password": "é" * 88},
        {"salt": ""},
        {"salt": None},
        {"salt": 7.5},
        {"salt": "with$dollar"},
        {"salt": "line\nfeed"},
        {"salt": "s" * 101},
    ],
)
def test_a_malformed_hash_or_salt_leaves_the_user_without_a_password(taken, changed):
    file = taken(replace(ANN, **changed), TABLET, schema=[UNTYPED_USERS, *SCHEMAS[2][1:]])

    assert named(file, "ann").password_hash is None
    assert "password of user 'ann': its hash is missing or malformed" in sentences(file)
    assert len(file.tokens) == 1


def test_unknown_scopes_are_ignored_and_named(taken):
    scopes = "PermissionScopeFly,PermissionScopeConfigureThings,,permissionscopeadmin"
    file = taken(replace(ANN, scopes=scopes))

    assert named(file, "ann").scopes == Scope.CONFIGURE_THINGS
    assert sentences(file) == [
        "scopes of user 'ann': not nymea's: ['PermissionScopeFly', 'permissionscopeadmin']"
    ]


def test_rights_that_nymea_does_not_have_cannot_come_from_its_file(taken):
    scopes = "PermissionScopeUserEdit,PermissionScopeEditor,PermissionScopeDiag"

    assert named(taken(replace(ANN, scopes=scopes)), "ann").scopes == Scope.NONE


@pytest.mark.parametrize(
    ("scopes", "value"),
    [
        ("PermissionScopeNone", 0x0000),
        ("PermissionScopeControlThings", 0x0001),
        ("PermissionScopeConfigureThings", 0x0003),
        ("PermissionScopeAccessAllThings", 0x0004),
        ("PermissionScopeExecuteRules", 0x0010),
        ("PermissionScopeConfigureRules", 0x0030),
        ("PermissionScopeAdmin", 0xFFFF),
        (ALL_SCOPES, 0xFFFF),
    ],
)
def test_each_scope_of_nymea_is_known(taken, scopes, value):
    file = taken(replace(ANN, scopes=scopes))

    assert (named(file, "ann").scopes, file.left) == (value, ())


def test_things_are_taken_with_or_without_braces_once_and_in_order(taken):
    other = "0e3c8f6a-3a4f-4b8c-b0a5-111111111111"
    listed = f"{other},{{{str(BOBS_THING).upper()}}},{{{other}}},"

    file = taken(replace(BOB, allowedthingids=listed))

    assert named(file, "Bob@Example.org").things == (UUID(other), BOBS_THING)
    assert file.left == ()


@pytest.mark.parametrize(
    "thing", ["x", "{" + str(BOBS_THING), BOBS_THING.hex, str(UUID(int=0)), f" {BOBS_THING}"]
)
def test_things_without_a_valid_id_are_left(taken, thing):
    file = taken(replace(BOB, allowedthingids=f"{thing},{BOBS_THING}"))

    assert named(file, "Bob@Example.org").things == (BOBS_THING,)
    assert sentences(file) == ["things of user 'Bob@Example.org': not all have a valid id"]


def test_of_two_names_that_are_equal_the_first_user_is_taken_and_the_tokens_of_the_other_left(
    taken,
):
    second = replace(BOB, username="\uff21nn")  # a full-width A
    token = replace(PAIRED, username="\uff21nn")

    file = taken(ANN, second, TABLET, token)

    assert [(user.name, user.scopes) for user in file.users] == [("ann", Scope.ADMIN)]
    assert [token.device_name for token in file.tokens] == ["Tablet"]
    assert sentences(file) == [
        "user '\uff21nn' in row 2: a user before it has the same name",
        f"token {UUID(str(PAIRED.id))}: its user does not exist or was left out: '\uff21nn'",
    ]


def test_a_name_that_stands_in_the_file_twice_keeps_the_tokens_of_the_first(taken):
    schema = [UNTYPED_USERS, *SCHEMAS[2][1:]]

    file = taken(ANN, replace(BOB, username="ann"), TABLET, schema=schema)

    assert [(user.name, user.scopes) for user in file.users] == [("ann", Scope.ADMIN)]
    assert len(file.tokens) == 1


@pytest.mark.parametrize("name", ["a" * 257, "line\nfeed", "nul\0", "\x85", "\x7f"])
def test_a_name_that_is_too_long_or_has_control_characters_is_left_with_its_tokens(taken, name):
    file = taken(replace(ANN, username=name), replace(TABLET, username=name))

    assert (file.users, file.tokens, len(file.left)) == ((), (), 2)
    assert all("\n" not in sentence and len(sentence) < 500 for sentence in sentences(file))


def test_a_name_of_256_characters_is_taken_as_it_is(taken):
    assert taken(replace(ANN, username=" A" * 128)).users[0].name == " A" * 128


@pytest.mark.parametrize("name", [None, 42, 1.5, b"ann", b""])
def test_a_user_without_a_textual_name_is_left_and_is_nobody(taken, name):
    schema = [UNTYPED_USERS, *SCHEMAS[2][1:]]

    file = taken(replace(ANN, username=name), replace(TABLET, username=name), schema=schema)

    assert (file.users, file.tokens) == ((), ())
    assert "user None in row 1: it has no name" in sentences(file)


def test_text_that_is_not_text_is_left_and_named(taken):
    file = taken(
        ANN,
        TABLET,
        then=[
            "UPDATE users SET email = x'00ff', displayName = CAST(x'c328' AS TEXT)",
            "UPDATE tokens SET devicename = x'00'",
        ],
    )

    assert (file.users[0].email, file.users[0].display_name) == ("", "")
    assert file.tokens[0].device_name == ""
    assert sentences(file) == [
        "email in row 1 of users: it is not text",
        "displayname in row 1 of users: it is not text",
        "devicename in row 1 of tokens: it is not text",
    ]


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_file_in_utf_16_reads_the_same(taken, encoding):
    rows = (replace(ANN, displayname="Änn 🔑"), BOB, TABLET, PAIRED)

    file = taken(*rows, schema=[f"PRAGMA encoding = '{encoding}'", *SCHEMAS[2]])

    assert file == taken(*rows)


# Tokens


def test_a_token_is_taken_with_its_text_and_the_exact_name_of_its_user(taken):
    (token,) = taken(BOB, replace(TABLET, username="bob@example.ORG")).tokens

    assert (token.id, token.name, token.secret) == (TABLETS_ID, "Bob@Example.org", TABLET.token)
    assert (token.device_name, token.created) == (
        "Tablet",
        datetime(2024, 3, 1, 12, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("username", ["nobody", None, b"ann"])
def test_a_token_of_nobody_is_left(taken, username):
    file = taken(ANN, replace(TABLET, username=username))

    assert file.tokens == ()
    assert str(TABLETS_ID) in sentences(file)[-1]


@pytest.mark.parametrize("text", [None, "", "two words", "ümlaut", "line\n", "a:b", b"bytes"])
def test_a_token_whose_text_cannot_be_one_is_left(taken, text):
    file = taken(ANN, replace(TABLET, token=text))

    assert file.tokens == ()
    assert sentences(file)[-1] == (
        f"token {TABLETS_ID}: its text or the name of its user is missing or malformed"
    )


def test_of_two_tokens_with_one_text_the_first_is_taken(taken):
    schema = [SCHEMAS[2][0], "CREATE TABLE tokens (id, username, token)", *SCHEMAS[2][2:]]

    file = taken(ANN, BOB, TABLET, replace(PAIRED, token=TABLET.token), schema=schema)

    assert [token.id for token in file.tokens] == [TABLETS_ID]
    assert "a token before it has the same text" in sentences(file)[-1]


@pytest.mark.parametrize("stored", [None, "", "7", b"\x00", str(UUID(int=0)), TABLETS_ID.hex])
def test_a_token_without_a_valid_id_gets_the_same_one_each_time(taken, stored):
    rows = (ANN, replace(TABLET, id=stored), replace(PAIRED, username="ann"))

    first, second = taken(*rows), taken(*rows)

    assert first == second
    assert first.tokens[0].id.version == 5
    assert sentences(first)[-1] == (
        "id of token in row 1: missing, malformed or taken; it gets another"
    )


def test_two_tokens_with_one_id_are_both_taken_under_two(taken):
    file = taken(ANN, TABLET, replace(PAIRED, username="ann", id=str(TABLETS_ID).upper()))

    assert len({token.id for token in file.tokens}) == 2
    assert file.tokens[0].id == TABLETS_ID


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        (UTC, "2024-07-01 00:00:00", datetime(2024, 7, 1, tzinfo=UTC)),
        (CentralEurope2024(), "2024-07-01 00:00:00", datetime(2024, 6, 30, 22, tzinfo=UTC)),
        (CentralEurope2024(), "2024-01-01 00:00:00", datetime(2023, 12, 31, 23, tzinfo=UTC)),
        # Twice on that night; the first is meant.
        (CentralEurope2024(), "2024-10-27 02:30:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        # Never on that night.
        (CentralEurope2024(), "2024-03-31 02:30:00", datetime(2024, 3, 31, 0, 30, tzinfo=UTC)),
    ],
)
def test_creation_dates_are_local_times_of_the_box(taken, zone, local, utc):
    file = taken(ANN, replace(TABLET, creationdate=local), zone=zone)

    assert file.tokens[0].created == utc
    assert file.tokens[0].created.tzinfo is UTC
    assert file.left == ()


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        0,
        20240301.5,
        b"2024-03-01 12:30:00",
        "yesterday",
        "2024-02-30 00:00:00",
        "2024-03-01T12:30:00",
        "2024-03-01 12:30:00Z",
        "2024-03-01 12:30:00\n",
        "0000-00-00 00:00:00",
        "0001-01-01 00:00:00",
        "٢٠٢٤-03-01 12:30:00",
    ],
)
def test_a_creation_date_that_is_none_becomes_1970_and_is_noted(taken, date):
    east = timezone(timedelta(hours=14))  # where the year 1 begins before there is one in UTC

    file = taken(ANN, replace(TABLET, creationdate=date), zone=east)

    assert file.tokens[0].created == datetime(1970, 1, 1, tzinfo=UTC)
    assert sentences(file)[-1] == (
        f"creation date of token {TABLETS_ID}: not a date, so taken as 1970"
    )


def test_no_secret_shows_in_what_may_be_logged(taken):
    odd = replace(PAIRED, username="nobody", token="anothersecret", creationdate="?", id="? 1")
    text = replace(PAIRED, username="ann", token="secret words", id="?")

    file = taken(ANN, replace(BOB, salt="bad$salt"), TABLET, odd, text)

    shown = repr(file) + "".join(sentences(file))
    assert not [
        secret
        for secret in (
            TABLET.token,
            "anothersecret",
            "secret words",
            ANN.password,
            BOB.password,
        )
        if str(secret) in shown
    ]
    assert "sha512" not in shown


# Files


def numbered(table: str, column: str, total: int) -> str:
    """Give the statement that makes so many rows."""
    return (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {total})"  # noqa: S608 - ours
        f" INSERT INTO {table} ({column}) SELECT 'u' || i FROM n"
    )


def remains(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}


def test_the_file_is_not_changed(tmp_path):
    path = box(tmp_path / "user-db.sqlite", 1)
    before = remains(path)

    read(path, UTC)

    assert remains(path) == before


def test_a_file_in_wal_mode_is_not_changed_and_gets_nothing_beside_it(tmp_path):
    path = build(tmp_path / "user-db.sqlite", ["PRAGMA journal_mode = wal", *SCHEMAS[2]], [ANN])
    before = remains(path)

    file = read(path, UTC)

    assert [user.name for user in file.users] == ["ann"]
    assert list(before) == ["user-db.sqlite"]
    assert remains(path) == before


@pytest.mark.parametrize("suffixes", [["", "-wal"], ["", "-wal", "-shm"]])
def test_what_is_only_in_the_wal_of_a_copied_file_is_read(tmp_path, suffixes):
    live = build(tmp_path / "live.sqlite", ["PRAGMA journal_mode = wal", *SCHEMAS[2]])
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "user-db.sqlite"
    with closing(apsw.Connection(str(live))) as db:
        db.execute("INSERT INTO users (username) VALUES ('late')")
        for suffix in suffixes:
            shutil.copyfile(f"{live}{suffix}", f"{copy}{suffix}")
    before = remains(copy)

    file = read(copy, UTC)

    assert [user.name for user in file.users] == ["late"]
    after = remains(copy)
    assert after.keys() == before.keys()
    assert all(after[name] == before[name] for name in after if not name.endswith("-shm"))


def test_a_file_that_another_program_has_open_in_wal_mode_is_read(tmp_path):
    path = build(tmp_path / "user-db.sqlite", ["PRAGMA journal_mode = wal", *SCHEMAS[2]])
    with closing(apsw.Connection(str(path))) as db:
        db.execute("INSERT INTO users (username) VALUES ('late')")

        file = read(path, UTC)

    assert [user.name for user in file.users] == ["late"]


def test_a_link_is_followed_to_the_file_and_its_wal(tmp_path):
    path = build(tmp_path / "live.sqlite", ["PRAGMA journal_mode = wal", *SCHEMAS[2]])
    (tmp_path / "link.sqlite").symlink_to(path)
    with closing(apsw.Connection(str(path))) as db:
        db.execute("INSERT INTO users (username) VALUES ('late')")

        assert len(read(tmp_path / "link.sqlite", UTC).users) == 1


def test_a_name_with_characters_that_mean_something_in_a_uri_is_read(tmp_path):
    assert read(box(tmp_path / "a?b#c%41 ü.sqlite", 2), UTC).version == 2


def test_an_unfinished_write_is_refused_and_kept(tmp_path):
    live = build(tmp_path / "live.sqlite", SCHEMAS[2], then=["CREATE TABLE ballast (x)"])
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "user-db.sqlite"
    with closing(apsw.Connection(str(live))) as db:
        db.execute(numbered("ballast", "x", 2000))
        db.execute("PRAGMA cache_size = 5").fetchall()
        db.execute("BEGIN")
        db.execute("UPDATE ballast SET x = randomblob(500)")
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{live}{suffix}", f"{copy}{suffix}")
    before = remains(copy)

    with pytest.raises(NotNymeaFileError, match="has an unfinished write beside it"):
        read(copy, UTC)
    assert remains(copy) == before


def test_a_file_without_a_users_table_is_refused(taken):
    with pytest.raises(NotNymeaFileError, match=r"\.sqlite' has no users table of nymea's$"):
        taken(schema=["CREATE TABLE things (id)"])


@pytest.mark.parametrize(
    "schema",
    [
        ["CREATE TABLE users (id, name)"],
        ["CREATE VIEW users AS SELECT 'ann' AS username"],
        ["CREATE VIRTUAL TABLE users USING fts5(username)"],
    ],
)
def test_other_users_tables_are_refused(taken, schema):
    with pytest.raises(NotNymeaFileError, match="has no users table of nymea's"):
        taken(schema=schema)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(NotNymeaFileError, match=r"none\.sqlite' is no file$"):
        read(tmp_path / "none.sqlite", UTC)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(NotNymeaFileError, match="is no file"):
        read(tmp_path, UTC)


def test_a_path_that_the_system_cannot_follow_is_refused(tmp_path):
    with pytest.raises(NotNymeaFileError, match=r"cannot be read: |is no file"):
        read(tmp_path / ("x" * 300), UTC)


@pytest.mark.parametrize("content", [b"", b"not a database", b"x" * 5000])
def test_another_kind_of_file_is_refused(tmp_path, content):
    path = tmp_path / "user-db.sqlite"
    path.write_bytes(content)

    with pytest.raises(NotNymeaFileError, match=r"is not an SQLite file|no users table"):
        read(path, UTC)


def test_a_damaged_file_is_refused(tmp_path):
    path = box(tmp_path / "user-db.sqlite", 0)
    content = bytearray(path.read_bytes())
    content[4096 + 100 : 4096 + 4096] = b"\xa5" * 3996  # the second page: the users
    path.write_bytes(content)

    with pytest.raises(NotNymeaFileError, match="damaged"):
        read(path, UTC)


def test_a_cut_off_file_is_refused(tmp_path):
    path = box(tmp_path / "user-db.sqlite", 2)
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(NotNymeaFileError, match="damaged"):
        read(path, UTC)


@settings(deadline=None)  # disks differ
@given(data=st.data())
def test_a_file_with_any_bytes_changed_is_read_or_refused(data):
    with TemporaryDirectory() as folder:
        path = box(Path(folder) / "user-db.sqlite", 2)
        content = bytearray(path.read_bytes())
        places = st.integers(0, len(content) - 1)
        for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
            content[place] = byte
        path.write_bytes(content)

        with suppress(NotNymeaFileError, NewerNymeaFileError):
            assert read(path, UTC).version <= 2

        assert path.read_bytes() == content


def test_more_than_100_000_users_are_refused(taken):
    with pytest.raises(NotNymeaFileError, match="has more than 100,000 users"):
        taken(then=[numbered("users", "username", 100_001)])


def test_more_than_1_000_000_tokens_are_refused(taken):
    schema = [SCHEMAS[2][0], "CREATE TABLE tokens (username, token)", *SCHEMAS[2][2:]]

    with pytest.raises(NotNymeaFileError, match="has more than 1,000,000 tokens"):
        taken(schema=schema, then=[numbered("tokens", "username", 1_000_001)])


def test_an_enormous_value_is_refused(taken):
    with pytest.raises(NotNymeaFileError, match="has a value of more than 1,048,576 bytes"):
        taken(replace(ANN, email="x" * 2**21))


# Any content

cells = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
user_names = st.sampled_from(["", "ann", "Ann", "ANN", "Straße", "STRASSE"])
user_rows = st.builds(
    UserRow,
    username=user_names | cells,
    password=st.just(ANN.password) | cells,
    salt=st.just(ANN.salt) | cells,
    scopes=st.sampled_from([ALL_SCOPES, "PermissionScopeControlThings", "a,b"]) | cells,
    email=cells,
    displayname=cells,
    allowedthingids=st.lists(st.uuids().map(str) | st.text("{}-,0", max_size=9)).map(",".join)
    | cells,
)
token_rows = st.builds(
    TokenRow,
    token=st.text("ab=\n", max_size=2) | cells,
    username=user_names | cells,
    id=st.uuids().map(str) | st.sampled_from([TABLET.id, "{}"]) | cells,
    creationdate=st.datetimes().map(lambda d: f"{d:%Y-%m-%d %H:%M:%S}".rjust(19, "0")) | cells,
    devicename=cells,
)


@pytest.mark.clause("EN 18031-1 GEC-6")
@settings(deadline=None)
@given(
    st.sampled_from([0, 1, 2]),
    st.lists(user_rows, max_size=5),
    st.lists(token_rows, max_size=5),
    st.none() | cells,
)
def test_any_mixture_of_cells_is_read_or_refused(version, users, tokens, data):
    untyped = (
        UNTYPED_USERS.replace(", scopes, email, displayName, allowedThingIds", ""),
        UNTYPED_USERS.replace(", allowedThingIds", ""),
        UNTYPED_USERS,
    )
    schema = [
        untyped[version],
        "CREATE TABLE tokens (id, username, token, creationdate, devicename)",
        *SCHEMAS[version][2:],
    ]
    with TemporaryDirectory() as folder:
        path = build(Path(folder) / "user-db.sqlite", schema, users, tokens)
        if data is not None and version:
            with closing(apsw.Connection(str(path))) as db:
                db.execute("UPDATE metadata SET data = ?", (data,))
        try:
            file = read(path, CentralEurope2024())
        except (NotNymeaFileError, NewerNymeaFileError):
            return

    keys = [names.key(user.name) for user in file.users]
    assert len(set(keys)) == len(keys)
    assert {token.name for token in file.tokens} <= {user.name for user in file.users}
    assert len({token.id for token in file.tokens}) == len(file.tokens)
    assert len({token.secret for token in file.tokens}) == len(file.tokens)
    assert len(file.tokens) + len(file.users) + len(file.left) >= len(users) + len(tokens)
