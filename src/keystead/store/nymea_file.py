"""Read a nymea user database (versions 0 to 2) as plain values; the file is never changed."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final
from unicodedata import category
from uuid import NAMESPACE_OID, UUID, uuid5

import apsw

from keystead import CannotError
from keystead.domain import names
from keystead.domain.model import PUSH_BUTTON_USER, Scope

MAX_ROWS: Final = {"users": 100_000, "tokens": 1_000_000}
MAX_CELL_SIZE: Final = 2**20  # bytes; SQLite refuses to load a larger one
NEWEST_VERSION: Final = 2
_SCOPES: Final = {  # by nymea's name, which is made of ours
    f"PermissionScope{str(scope.name).title().replace('_', '')}": scope
    for scope in (
        *(Scope.NONE, Scope.CONTROL_THINGS, Scope.CONFIGURE_THINGS, Scope.ACCESS_ALL_THINGS),
        *(Scope.EXECUTE_RULES, Scope.CONFIGURE_RULES, Scope.ADMIN),
    )
}
_GAINED: Final = {0: Scope.ADMIN, 1: Scope.ACCESS_ALL_THINGS}  # in the migrations, nymea 5.3
_UUID: Final = re.compile(r"(\{)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?(1)\})")
# The salt is printable ASCII without "$", the digest is base64 of 64 bytes.
_HASH: Final = re.compile(r"\$nymea-sha512\$[!-#%-~]{1,100}\$[A-Za-z0-9+/]{85}[AQgw]==")
_SECRET: Final = re.compile(r"[a-zA-Z0-9_.+,\-/=]+")  # nymea 4.4
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MADE_IDS: Final = uuid5(NAMESPACE_OID, "keystead: nymea tokens without a usable id")
_WHYS: Final[Mapping[type[Exception], str]] = {
    apsw.NotADBError: "is not an SQLite file",
    apsw.TooBigError: f"has a value of more than {MAX_CELL_SIZE:,} bytes",
    apsw.BusyError: "is in use; stop nymea first",
    apsw.ReadOnlyError: "has an unfinished write beside it; start and stop nymea to settle it",
}


class NotNymeaFileError(CannotError):
    """Not a nymea user database that can be read; one line that says why."""


class NewerNymeaFileError(CannotError):
    """A nymea user database of a version unknown here; one line that says so."""


@dataclass(frozen=True, slots=True)
class Left:
    """What was left out and why; ``str`` makes a sentence of it. Holds no secret."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class NymeaUser:
    """A user as nymea's migrations leave it; the push-button user is named ``''``."""

    name: str
    display_name: str
    email: str
    scopes: Scope
    things: tuple[UUID, ...]
    password_hash: str | None = field(repr=False)  # $nymea-sha512$<salt>$<base64 of the digest>


@dataclass(frozen=True, slots=True)
class NymeaToken:
    """A bearer token; *name* is its user's exactly, *created* is aware and UTC."""

    id: UUID
    name: str
    secret: str = field(repr=False)
    device_name: str
    created: datetime


@dataclass(frozen=True, slots=True)
class NymeaFile:
    """All that a nymea user database says, and what of it was left out."""

    version: int
    users: tuple[NymeaUser, ...]
    tokens: tuple[NymeaToken, ...]
    left: tuple[Left, ...]


def read(path: Path, zone: tzinfo) -> NymeaFile:
    """Read the nymea user database at *path*, as its migrations would leave it; may block long.

    Args:
        path: the file; it is not changed, and no ``-wal`` or ``-shm`` is left beside it.
        zone: where the box stood, as creation dates are local time.

    Raises:
        NotNymeaFileError: it is missing, locked, damaged, something else, or beyond the bounds.
        NewerNymeaFileError: its version is above 2. The peer goes on; our choice: fail closed.

    Source: nymea 5.2 and 5.3; the bounds and what is left out are our choice.
    """
    try:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        with closing(apsw.Connection(address := _address(path), flags=flags)) as db:
            db.set_busy_timeout(5_000)  # milliseconds; no write of nymea's takes as long
            db.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_CELL_SIZE)
            db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            if "vfs=unix-none" in address:
                db.pragma("locking_mode", "exclusive")  # keeps the index of the WAL in memory
            return _Reading(db, zone).contents()
    except (NotNymeaFileError, NewerNymeaFileError) as error:
        raise type(error)(f"{str(path)!r} {error}") from None
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except (apsw.Error, UnicodeDecodeError) as error:  # the latter from the name of a column
        why = _WHYS.get(type(error), "is damaged, or not nymea's user database")
    raise NotNymeaFileError(f"{str(path)!r} {why}")


def _address(path: Path) -> str:
    """Give the SQLite URI that reads the file at *path* and leaves nothing beside it.

    Plain reading in WAL mode makes a ``-wal`` and a ``-shm`` and leaves them. Our choice: without
    a ``-wal``, ``immutable``, which works in a folder that we cannot write, too; with one but no
    ``-shm`` nobody has it open, so that without locks the index of the WAL can be in memory.
    """
    if not path.is_file():
        raise NotNymeaFileError("is no file")
    path = path.resolve()  # SQLite too looks beside the real file
    with path.open("rb") as file:
        header = file.read(20)
    address = path.as_uri() + "?mode=ro"
    if header[19:] != b"\2":  # not in WAL mode
        return address
    wal, shm = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if not wal.exists() or wal.stat().st_size == 0:
        return address + "&immutable=1"
    return address if shm.exists() else address + "&vfs=unix-none"


class _Reading:
    """One pass over an open file."""

    def __init__(self, db: apsw.Connection, zone: tzinfo) -> None:
        self.db = db
        self.zone = zone
        self.left: list[Left] = []
        self.names_left: set[str | None] = set()

    def contents(self) -> NymeaFile:
        self.db.execute("BEGIN")  # everything as of one moment
        if self.db.pragma("quick_check", 1) != "ok":
            raise NotNymeaFileError("is damaged")
        if "username" not in (columns := self.columns("users")):
            raise NotNymeaFileError("has no users table of nymea's")
        version = self.recorded_version()
        laid_out = 2 if "allowedthingids" in columns else int("scopes" in columns)
        if version < laid_out:
            # A lost record, or half a migration: to believe it would widen the scopes stored.
            self.leave("recorded version", f"the users table is of version {laid_out}")
            version = laid_out
        users = self.users(version)
        tokens = tuple(self.tokens(users)) if self.columns("tokens") else ()  # may add a user
        return NymeaFile(version, tuple(users.values()), tokens, tuple(self.left))

    def leave(self, what: str, why: str) -> None:
        self.left.append(Left(what[:200], why[:200]))  # names are as long as the file likes

    def columns(self, table: str) -> set[str]:
        """Give the columns of a table; none for a view or virtual table: it could run anything."""
        sql = (
            "SELECT c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
            " WHERE t.type = 'table' AND t.rootpage AND lower(t.name) = ?"
        )
        return {name.lower() for (name,) in self.db.execute(sql, (table,))}

    def recorded_version(self) -> int:
        if not self.columns("metadata"):
            return 0
        sql = "SELECT DISTINCT CAST(data AS TEXT) FROM metadata WHERE key = 'version' LIMIT 2"
        found = [text or "" for (text,) in self.db.execute(sql)] or ["0"]
        if len(found) > 1 or not re.fullmatch("[0-9]{1,9}", found[0]):
            raise NotNymeaFileError("does not say its version as one number")
        if (version := int(found[0])) > NEWEST_VERSION:
            raise NewerNymeaFileError(f"has version {version}, newer than {NEWEST_VERSION}")
        return version

    def rows(self, table: str, *wanted: str) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield the rows of *table*, numbered from 1, without NULL and what is not text."""
        if self.db.execute(f"SELECT count(*) FROM {table}").get > MAX_ROWS[table]:  # noqa: S608 - ours
            raise NotNymeaFileError(f"has more than {MAX_ROWS[table]:,} {table}")
        present = self.columns(table)
        wanted = tuple(column for column in wanted if column in present)
        # As bytes, since SQLite does not check text; 0xFF, which is none, for other types.
        cell = "iif({0} IS NULL OR typeof({0}) = 'text', CAST({0} AS BLOB), x'FF')"
        cells = ", ".join(cell.format(column) for column in wanted)
        # NOT INDEXED: in the table's own order, so that "the first" is always the same.
        rows = self.db.execute(f"SELECT {cells} FROM {table} NOT INDEXED")  # noqa: S608 - ours
        encoding = self.db.pragma("encoding")
        for number, values in enumerate(rows, start=1):
            row = {}
            for column, value in zip(wanted, values, strict=True):
                try:
                    if value is not None:
                        row[column] = str(value, encoding)
                except UnicodeDecodeError:
                    self.leave(f"{column} in row {number} of {table}", "it is not text")
            yield number, row

    def users(self, version: int) -> dict[str, NymeaUser]:
        """Give the users by the keys of their names."""
        users: dict[str, NymeaUser] = {}
        columns = ("username", "password", "salt", "scopes", "email", "displayname")
        for number, row in self.rows("users", *columns, "allowedthingids"):
            if (name := row.get("username")) is None:
                why = "it has no name"
            elif len(name) > names.MAX_NAME_LENGTH or "Cc" in map(category, name):
                why = "its name is too long or has control characters"
            elif (key := names.key(name)) in users:
                why = "a user before it has the same name"
            else:
                users[key] = self.user(name, row, version)
                continue
            self.leave(f"user {name!r} in row {number}", why)
            self.names_left.add(name)
        return users

    def user(self, name: str, row: Mapping[str, str], version: int) -> NymeaUser:
        scopes = _GAINED.get(version, Scope.NONE)
        parts = set(filter(None, row.get("scopes", "").split(",")))
        for part in parts & _SCOPES.keys():
            scopes |= _SCOPES[part]
        if unknown := parts - _SCOPES.keys():
            self.leave(f"scopes of user {name!r}", f"not nymea's: {sorted(unknown)}")
        listed = row.get("allowedthingids", "").split(",")
        things = dict.fromkeys(_uuid(part) for part in listed if part)
        if None in things:
            self.leave(f"things of user {name!r}", "not all have a valid id")
        stored = f"$nymea-sha512${row.get('salt', '')}${row.get('password', '')}"
        is_kept = name != PUSH_BUTTON_USER and _HASH.fullmatch(stored)
        if name != PUSH_BUTTON_USER and not is_kept:
            self.leave(f"password of user {name!r}", "its hash is missing or malformed")
        email = name if version == 0 else row.get("email", "")
        display_name, known = row.get("displayname", ""), tuple(filter(None, things))
        return NymeaUser(name, display_name, email, scopes, known, stored if is_kept else None)

    def tokens(self, users: dict[str, NymeaUser]) -> Iterator[NymeaToken]:
        """Yield the tokens; add the push-button user if only its tokens tell of it."""
        secrets, ids = set[str](), set[UUID]()
        columns = ("username", "token", "id", "creationdate", "devicename")
        for number, row in self.rows("tokens", *columns):
            name, secret = row.get("username"), row.get("token", "")
            token_id = _uuid(row.get("id", ""))
            what = f"token {token_id or f'in row {number}'}"
            if name is None or not _SECRET.fullmatch(secret):
                self.leave(what, "its text or the name of its user is missing or malformed")
            elif secret in secrets:
                self.leave(what, "a token before it has the same text")
            elif not (user := self.owner(name, users)):
                self.leave(what, f"its user does not exist or was left out: {name!r}")
            else:
                secrets.add(secret)
                if token_id is None or token_id in ids:
                    self.leave(f"id of {what}", "missing, malformed or taken; it gets another")
                while token_id is None or token_id in ids:
                    token_id = uuid5(_MADE_IDS, f"{token_id} {secret}")  # does not tell it
                ids.add(token_id)
                if (created := _created(row.get("creationdate", ""), self.zone)) is None:
                    self.leave(f"creation date of {what}", "not a date, so taken as 1970")
                device_name = row.get("devicename", "")
                yield NymeaToken(token_id, user.name, secret, device_name, created or _EPOCH)

    def owner(self, name: str, users: dict[str, NymeaUser]) -> NymeaUser | None:
        if name == PUSH_BUTTON_USER:
            return users.setdefault(name, NymeaUser("", "", "", Scope.ADMIN, (), None))
        user = users.get(names.key(name))
        return user if user and (user.name == name or name not in self.names_left) else None


def _uuid(text: str) -> UUID | None:
    """Read a UUID as nymea does: with braces or without, the null UUID for none."""
    found = _UUID.fullmatch(text)
    return UUID(text) if found and text.strip("{0-}") else None


def _created(text: str, zone: tzinfo) -> datetime | None:
    """Give the moment of a local time, the first of two when clocks went back, in UTC."""
    try:
        local = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
        return local and local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
