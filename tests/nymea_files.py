"""Builds nymea user databases of every version, with users whose passwords are known."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

PASSWORD: Final = "Correct7horse"
SALT: Final = "5d3ffbdb-4b8d-4a3c-9df1-c2f7a15f7f10"
ALL_SCOPES: Final = (  # how version 2 writes an administrator's
    "PermissionScopeControlThings,PermissionScopeConfigureThings,PermissionScopeAccessAllThings,"
    "PermissionScopeExecuteRules,PermissionScopeConfigureRules,PermissionScopeAdmin"
)

_TOKENS: Final = (
    "CREATE TABLE tokens (id VARCHAR(40) UNIQUE, username VARCHAR(40),"
    " token VARCHAR(100) UNIQUE, creationdate DATETIME, devicename VARCHAR(40))"
)
_METADATA: Final = "CREATE TABLE metadata (key VARCHAR(10), data VARCHAR(40))"

_USERS_0: Final = (
    "CREATE TABLE users (username VARCHAR(40) UNIQUE, password VARCHAR(100), salt VARCHAR(100))"
)
_USERS_1: Final = (
    "CREATE TABLE users (username VARCHAR(40) UNIQUE PRIMARY KEY, email VARCHAR(40),"
    " displayName VARCHAR(40), password VARCHAR(100), salt VARCHAR(100), scopes TEXT)"
)
_USERS_2: Final = _USERS_1.replace("scopes TEXT", "scopes TEXT, allowedThingIds TEXT")

SCHEMAS: Final[Mapping[int, Sequence[str]]] = {
    0: (_USERS_0, _TOKENS),
    1: (_USERS_1, _TOKENS, _METADATA, "INSERT INTO metadata VALUES ('version', 1)"),
    2: (_USERS_2, _TOKENS, _METADATA, "INSERT INTO metadata VALUES ('version', 2)"),
}
"""What nymea makes afresh in each version. Source: nymea 5.2 and 5.3."""

MIGRATED: Final[Sequence[str]] = (
    *SCHEMAS[0],
    "ALTER TABLE users ADD COLUMN scopes TEXT",
    "ALTER TABLE users ADD COLUMN email VARCHAR(40)",
    "ALTER TABLE users ADD COLUMN displayName VARCHAR(40)",
    "ALTER TABLE users ADD COLUMN allowedThingIds TEXT",
    _METADATA,
    "INSERT INTO metadata VALUES ('version', 2)",
)
"""A version 2 that began as a 0: the same columns in another order."""


def hashed(password: str, salt: str = SALT) -> str:
    """Give what nymea stores of *password*. Source: nymea 5.2."""
    return base64.b64encode(hashlib.sha512((password + salt).encode()).digest()).decode()


@dataclass(frozen=True)
class UserRow:
    """A row of ``users``; fields may hold anything that SQLite can."""

    username: object = "ann"
    password: object = hashed(PASSWORD)
    salt: object = SALT
    scopes: object = ALL_SCOPES
    email: object = "ann@example.org"
    displayname: object = "Ann"
    allowedthingids: object = ""


@dataclass(frozen=True)
class TokenRow:
    """A row of ``tokens``; fields may hold anything that SQLite can."""

    token: object = "c2VjcmV0LW9mLWFubi1zLXRhYmxldC1wYWRkaW5nMTI="
    username: object = "ann"
    id: object = "{b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4}"
    creationdate: object = "2024-03-01 12:30:00"
    devicename: object = "Tablet"


PUSH_BUTTON: Final = UserRow("", "", "", "PermissionScopeAdmin", None, None, None)

ANN: Final = UserRow()
BOB: Final = UserRow(
    username="Bob@Example.org",
    password=hashed("Bobs9secret", "b7e7d0c2-1f0a-4f43-8f5c-6a0d1e2f3a4b"),
    salt="b7e7d0c2-1f0a-4f43-8f5c-6a0d1e2f3a4b",
    scopes="PermissionScopeControlThings",
    email=None,
    displayname=None,
    allowedthingids="{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
)
TABLET: Final = TokenRow()
PAIRED: Final = TokenRow(
    token="cGFpcmVkLWJ5LWEtcHJlc3Mtb24tdGhlLWJ1dHRvbi0=",
    username="",
    id="{0b5f6c1e-3b0c-4b53-9a52-7f6f1d2e3c4b}",
    devicename="Wall panel",
)


def box(path: Path, version: int) -> Path:
    """Make the database of a box: an administrator, Bob, a tablet, and a paired wall panel."""
    button = [PUSH_BUTTON] if version else []  # version 0 had no row for it
    return build(path, SCHEMAS[version], [ANN, BOB, *button], [TABLET, PAIRED])


def build(
    path: Path,
    schema: Iterable[str] = SCHEMAS[2],
    users: Iterable[UserRow] = (),
    tokens: Iterable[TokenRow] = (),
    then: Iterable[str] = (),
) -> Path:
    """Make a database at *path* and give the path back.

    Args:
        path: where no file is yet.
        schema: the statements that make the tables; columns they lack are left out of the rows.
        users: the rows of ``users``.
        tokens: the rows of ``tokens``.
        then: further statements, after the rows.
    """
    with closing(apsw.Connection(str(path))) as db:
        for sql in schema:
            db.execute(sql).fetchall()
        with db:
            for table, rows in (("users", users), ("tokens", tokens)):
                _insert(db, table, rows)
        for sql in then:
            db.execute(sql).fetchall()
    return path


def _insert(db: apsw.Connection, table: str, rows: Iterable[UserRow | TokenRow]) -> None:
    present = [name.lower() for (_, name, *_) in db.execute(f"PRAGMA table_info({table})")]
    for row in rows:
        values = {name: value for name, value in vars(row).items() if name in present}
        sql = (
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608 - names of our fields
        )
        db.execute(sql, tuple(values.values()))
