"""Taking over an existing nymea user database, so that nobody has to sign in again."""

import base64
import hashlib
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONFIGURE,
    CONTROL,
    EVERY_THING,
    PASSWORD,
    Connect,
)
from tests.acceptance.client import Client
from tests.acceptance.conftest import Start
from tests.acceptance.server import Server, run

DONE, CANNOT = 0, 2
SALT = "3f0c3d38-6d31-4c35-9d0b-1c2f3a4b5c6d"
HASH = base64.b64encode(hashlib.sha512((PASSWORD + SALT).encode()).digest()).decode()
THING = "0a1b2c3d-0000-4000-8000-00000000000a"
ADMIN_TEXT = ",".join(ALL_SIX)


def token(number: int) -> str:
    """Give a token as nymea makes them."""
    return base64.b64encode(hashlib.sha256(str(number).encode()).digest()).decode()


TOKENS = """create table tokens (id VARCHAR(40) UNIQUE, username VARCHAR(40),
    token VARCHAR(100) UNIQUE, creationdate DATETIME, devicename VARCHAR(40))"""
METADATA = "create table metadata (key VARCHAR(10), data VARCHAR(40))"
USERS = {
    0: """create table users (username VARCHAR(40) UNIQUE, password VARCHAR(100),
        salt VARCHAR(100))""",
    1: """create table users (username VARCHAR(40) UNIQUE PRIMARY KEY, email VARCHAR(40),
        displayName VARCHAR(40), password VARCHAR(100), salt VARCHAR(100), scopes TEXT)""",
    2: """create table users (username VARCHAR(40) UNIQUE PRIMARY KEY, email VARCHAR(40),
        displayName VARCHAR(40), password VARCHAR(100), salt VARCHAR(100), scopes TEXT,
        allowedThingIds TEXT)""",
}


def old_database(
    path: Path,
    version: int,
    users: Iterable[tuple[object, ...]],
    tokens: Iterable[tuple[str, int, str]] = (),
) -> Path:
    """Write a nymea database.

    Args:
        path: where.
        version: 0, 1 or 2.
        users: rows in the order of the columns of that version.
        tokens: user name, number of the token, device name.
    """
    connection = sqlite3.connect(path)
    connection.execute(USERS[version])
    connection.execute(TOKENS)
    for row in users:
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into users values ({marks})", row)  # noqa: S608
    for name, number, device in tokens:
        identity = "{" + str(uuid.UUID(int=number)) + "}"
        row = (identity, name, token(number), "2024-05-06 07:08:09", device)
        connection.execute("insert into tokens values (?, ?, ?, ?, ?)", row)
    if version:
        connection.execute(METADATA)
        connection.execute("insert into metadata values ('version', ?)", (version,))
    connection.commit()
    connection.close()
    return path


def write_version_2(folder: Path) -> Path:
    return old_database(
        folder / "user-db.sqlite",
        2,
        [
            ("olga", "o@example.org", "Olga", HASH, SALT, ADMIN_TEXT, None),
            ("paul", None, None, HASH, SALT, CONTROL, "{" + THING + "}"),
            ("", None, None, "", "", ADMIN, None),
        ],
        [("olga", 1, "phone"), ("paul", 2, "tablet"), ("", 3, "button"), ("olga", 4, "laptop")],
    )


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    return write_version_2(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has taken over version 2, twice."""
    folder = tmp_path_factory.mktemp("imported")
    old, data = write_version_2(folder), folder / "data"
    data.mkdir()
    for _ in range(2):
        ended = run("import", "nymea", str(old), "--data", data)
        assert ended.returncode == DONE, ended.stderr
    server = Server(data, ("nymea",))
    try:
        yield server.start()
    finally:
        server.discard()


def greeted(connect: Connect, server: Server, number: int) -> Client:
    client = connect(server)
    assert client.hello(token(number))["authenticated"] is True
    return client


def test_old_tokens_open_the_new_box(server, connect):
    answer = connect(server).hello(token(1))
    assert answer["initialSetupRequired"] is False
    assert answer["authenticated"] is True
    assert (answer["username"], answer["permissionScopes"]) == ("olga", ALL_SIX)
    answer = connect(server).hello(token(2))
    assert (answer["username"], answer["permissionScopes"]) == ("paul", [CONTROL])
    answer = connect(server).hello(token(3))
    assert (answer["username"], answer["permissionScopes"]) == ("", ALL_SIX)


def test_users_come_over_as_they_were(server, connect):
    users = greeted(connect, server, 1).get("Users.GetUsers")["users"]
    by_name = {user["username"]: user for user in users}
    assert set(by_name) == {"", "olga", "paul"}
    assert by_name["olga"] == {
        "allowedThingIds": [],
        "displayName": "Olga",
        "email": "o@example.org",
        "scopes": ALL_SIX,
        "username": "olga",
    }
    assert by_name["paul"]["allowedThingIds"] == [THING]
    assert (by_name["paul"]["email"], by_name["paul"]["displayName"]) == ("", "")


def test_tokens_keep_their_ids_and_devices(server, connect):
    tokens = greeted(connect, server, 1).get("Users.GetTokens")["tokenInfoList"]
    tokens = [each for each in tokens if each["deviceName"] != "a phone"]
    assert [(each["id"], each["deviceName"]) for each in tokens] == [
        (str(uuid.UUID(int=1)), "phone"),
        (str(uuid.UUID(int=4)), "laptop"),
    ]
    # The old box wrote its local time; whatever zone that was, it was within a day of UTC.
    assert all(abs(each["creationTime"] - 1714979289) < 86_400 for each in tokens)


def test_old_passwords_are_still_good_more_than_once(server, connect):
    for _ in range(2):
        client = connect(server)
        client.hello()
        assert client.sign_in("Olga", PASSWORD)
    wrong = connect(server)
    wrong.hello()
    refused = wrong.get(
        "JSONRPC.Authenticate", username="paul", password="Wrong7Sailing", deviceName=""
    )
    assert refused == {"success": False}


def test_the_report_names_no_secret_and_the_old_file_stays(tmp_path, version_2):
    before = version_2.read_bytes()
    data = tmp_path / "data"
    data.mkdir()
    ended = run("import", "nymea", str(version_2), "--data", data)
    assert version_2.read_bytes() == before
    said = ended.stdout + ended.stderr
    assert said.strip()
    for secret in (token(1), token(2), token(3), HASH, SALT):
        assert secret not in said


def test_import_into_a_running_server_works_or_is_refused_clearly(start, connect, version_2):
    server = start()
    ended = server.run("import", "nymea", str(version_2))
    if ended.returncode == DONE:
        assert connect(server).hello(token(1))["authenticated"] is True
    else:
        assert ended.returncode in (1, CANNOT)
        assert len(ended.stderr.strip().splitlines()) == 1
        assert connect(server).hello()["initialSetupRequired"] is True


def take_over(tmp_path: Path, start: Start, old: Path) -> Server:
    data = tmp_path / "data"
    data.mkdir()
    ended = run("import", "nymea", str(old), "--data", data)
    assert ended.returncode == DONE, ended.stderr
    return start("data")


def test_version_1_users_without_admin_reach_all_things(tmp_path, start, connect):
    old = old_database(
        tmp_path / "user-db.sqlite",
        1,
        [
            ("olga", "o@example.org", "Olga", HASH, SALT, ADMIN),
            ("paul", "", "", HASH, SALT, CONTROL),
            ("gina", "", "", HASH, SALT, ""),
            ("rita", "", "", HASH, SALT, f"{CONTROL},{CONFIGURE}"),
        ],
        [("olga", 1, "phone")],
    )
    server = take_over(tmp_path, start, old)
    users = greeted(connect, server, 1).get("Users.GetUsers")["users"]
    assert {user["username"]: user["scopes"] for user in users} == {
        "olga": ALL_SIX,
        "paul": [CONTROL, EVERY_THING],
        "gina": [EVERY_THING],
        "rita": [CONTROL, CONFIGURE, EVERY_THING],
    }


def test_version_0_users_are_administrators_named_by_their_mail(tmp_path, start, connect):
    old = old_database(
        tmp_path / "user-db.sqlite",
        0,
        [("Foo@Bar.baz", HASH, SALT)],
        [("foo@bar.baz", 1, "phone"), ("", 2, "button")],
    )
    server = take_over(tmp_path, start, old)
    answer = connect(server).hello(token(1))
    assert (answer["username"], answer["permissionScopes"]) == ("foo@bar.baz", ALL_SIX)
    client = greeted(connect, server, 1)
    (info,) = [each for each in client.get("Users.GetUsers")["users"] if each["username"]]
    assert (info["email"], info["scopes"]) == ("Foo@Bar.baz", ALL_SIX)
    client.hello("")
    assert client.sign_in("FOO@bar.baz", PASSWORD)


def test_a_push_button_token_of_version_0_opens_everything_or_nothing(tmp_path, start, connect):
    old = old_database(
        tmp_path / "user-db.sqlite", 0, [("foo@bar.baz", HASH, SALT)], [("", 2, "button")]
    )
    server = take_over(tmp_path, start, old)
    answer = connect(server).hello(token(2))
    assert answer["permissionScopes"] == (
        ALL_SIX if answer["authenticated"] else ["PermissionScopeNone"]
    )


@pytest.mark.parametrize(
    "content", [b"", b"nonsense" * 1000, None], ids=["empty", "junk", "none"]
)
def test_what_is_no_nymea_database_is_refused(tmp_path, start, connect, content):
    old = tmp_path / "user-db.sqlite"
    if content is not None:
        old.write_bytes(content)
    data = tmp_path / "data"
    data.mkdir()
    ended = run("import", "nymea", str(old), "--data", data)
    assert ended.returncode == CANNOT
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "Traceback" not in ended.stderr
    server = start("data")
    assert connect(server).hello()["initialSetupRequired"] is True


def test_what_is_already_there_is_kept(tmp_path, start, connect, version_2):
    data = tmp_path / "data"
    data.mkdir()
    added = run(
        "user", "add", "paul", "--scopes", "Admin", "--data", data, password="Newer7Sailing"
    )
    assert added.returncode == DONE, added.stderr
    ended = run("import", "nymea", str(version_2), "--data", data)
    assert ended.returncode == DONE, ended.stderr
    client = connect(start("data"))
    client.hello()
    assert client.sign_in("paul", "Newer7Sailing")
    assert "olga" in [user["username"] for user in client.get("Users.GetUsers")["users"]]
