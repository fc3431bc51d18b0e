"""Opening an SQLite file as a directory: make it, check it, migrate it, or refuse it untouched."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from keystead import CannotError
from keystead.store.sql import migrations

APPLICATION_ID = 0x4B657973  # "Keys"; SQLite keeps it at byte 68 of the file
_MAGIC = b"SQLite format 3\0"


class StoreError(CannotError):
    """The database cannot be used; the message says why and what to do."""


def prepare(path: Path) -> None:
    """Make the database file when there is none, check it otherwise, and migrate it.

    A file that is refused is left as it is.

    Raises:
        StoreError: the file is damaged, not Keystead's, of a newer version, or unusable.
    """
    scripts = migrations()
    with explained(path):
        if not path.exists():
            _make(path, scripts)
        elif (version := _checked_version(path, len(scripts))) < len(scripts):
            _migrate(path, scripts, version)


def check(path: Path) -> None:
    """Look whether ``prepare`` would take the file, without changing it.

    Raises:
        StoreError: there is no file, or as ``prepare``.
    """
    with explained(path):
        _checked_version(path, len(migrations()))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what is wrong with a database that cannot be read, and what to do.

    Raises:
        StoreError: instead of what went wrong.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"The database {path} cannot be used: {error.strerror}.") from error
    except (apsw.Error, ValueError, OverflowError) as error:  # of values that mean nothing
        raise StoreError(
            f"The database {path} is damaged ({error}); restore it from a backup."
        ) from error


def connect(path: Path, *, writing: bool) -> apsw.Connection:
    """Open a prepared file.

    Raises:
        apsw.Error: it cannot be opened.
    """
    flags = apsw.SQLITE_OPEN_READWRITE if writing else apsw.SQLITE_OPEN_READONLY
    db = apsw.Connection(str(path), flags=flags | apsw.SQLITE_OPEN_NOMUTEX)
    db.set_busy_timeout(5000)  # milliseconds; a copy being made may hold the file for a moment
    db.execute("pragma trusted_schema = off")
    # One plan for all arguments: else some queries are compiled anew each time.
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    if writing:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")  # every commit survives a power cut
        db.execute("pragma foreign_keys = on")
    return db


def _checked_version(path: Path, newest: int) -> int:
    version = _version(path)
    if path.with_name(f"{path.name}-journal").exists():
        _finish_rollback(path)
        version = _version(path)
    if version > newest:
        raise StoreError(
            f"The database {path} was written by a newer Keystead (version {version},"
            f" this one knows {newest}); update Keystead, or restore a backup."
        )
    db = connect(path, writing=False)  # so that nothing is changed where it is refused
    try:
        for (problem,) in db.execute("pragma quick_check(1)"):
            if problem != "ok":
                raise StoreError(
                    f"The database {path} is damaged ({' '.join(str(problem).split())});"
                    " restore it from a backup."
                )
        if version == newest and not _is_complete(db):
            raise StoreError(f"The database {path} lacks some of its parts; restore a backup.")
    finally:
        db.close(True)  # noqa: FBT003 - whatever closing complains of, nothing was written
    return version


def _version(path: Path) -> int:
    """Read from the header whose file it is and of what version, without SQLite touching it."""
    with path.open("rb") as file:
        header = file.read(100)
    if header[:16] != _MAGIC or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreError(
            f"The file {path} is not a Keystead database; restore a backup,"
            " or choose another data folder."
        )
    return int.from_bytes(header[60:64], "big")


def _finish_rollback(path: Path) -> None:
    """Undo a migration that was cut off; SQLite does so when it first reads for writing."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        db.execute("select count(*) from sqlite_schema").fetchall()
    finally:
        db.close()


def _is_complete(db: apsw.Connection) -> bool:
    """Tell whether tables, indexes and the few facts beside them are all there."""
    whole = apsw.Connection(":memory:")
    for script in migrations():
        whole.execute(script)
    parts = "select type, name, sql from sqlite_schema order by type, name"
    facts = "select key, typeof(value) from meta order by key"
    return all(
        db.execute(query).fetchall() == whole.execute(query).fetchall()
        for query in (parts, facts)
    )


def _make(path: Path, scripts: list[str]) -> None:
    """Make a database beside *path* and move it there whole."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # left by a start that was cut off
    fresh.touch(mode=0o600)
    _migrate(fresh, scripts, 0)
    for log in (
        "-wal",
        "-shm",
        "-journal",
    ):  # of a database that is gone; it must not come back
        path.with_name(path.name + log).unlink(missing_ok=True)
    fresh.rename(path)
    sync_folder(path.parent)


def _migrate(path: Path, scripts: list[str], version: int) -> None:
    """Apply what is missing in one transaction, in the mode that writes the file itself.

    The file's own header then tells version and owner even when a log beside it is lost.
    """
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        db.execute("pragma journal_mode = delete")
        db.execute("pragma synchronous = extra")
        with db:
            for script in scripts[version:]:
                db.execute(script)
            db.execute(f"pragma application_id = {APPLICATION_ID}")
            db.execute(f"pragma user_version = {len(scripts)}")
        db.execute("pragma journal_mode = wal")
    finally:
        db.close()


def sync_folder(folder: Path) -> None:
    """Make renames in *folder* survive a power cut.

    Raises:
        OSError: it cannot be synchronised.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
