"""Backups: the database as of one moment in one file, and such a file in place of a database."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import apsw

from keystead.store import sqlite_file
from keystead.store.sql import QUERIES
from keystead.store.sqlite_file import StoreError

Progress = Callable[[int, int], None]  # is told how many of how many pages are copied

PORTION = 1000  # pages copied at a time: some 4 MB

_VERSIONS = 18  # place of two bytes in the file that say whether there may be a log beside it
_NO_LOG = b"\x01\x01"
_SHARED = "-shm"  # made anew by whoever opens the database


def copy(database: Path, folder: Path, output: BinaryIO, progress: Progress) -> None:
    """Write *database* to *output* as of one moment, whatever its server writes meanwhile.

    It needs no file beside it, and can be read where nothing can be written.

    Args:
        database: one that is prepared, also one that a server uses.
        folder: has room for one more copy.
        output: an empty file.
        progress: what is told how far it is.

    Raises:
        StoreError: the database cannot be read, or is damaged.
        OSError: *folder* or *output* cannot be written.
    """
    with _unnamed(folder) as path, path.open("rb") as copied:
        with _explained(database), closing(_connect(path)) as target:
            path.unlink()  # so that nothing is left of it, however this ends
            with _moment(database) as source:
                _check(source, database)
                _copy_pages(source, target, progress)
        shutil.copyfileobj(copied, output)
    output.seek(_VERSIONS)
    output.write(_NO_LOG)


def check(backup: Path) -> None:
    """Look whether *backup* can be restored, without changing it.

    Raises:
        StoreError: it cannot: it is damaged, not Keystead's, of a newer version, or unreadable.
    """
    sqlite_file.check(backup)
    with _explained(backup), _moment(backup) as db:
        _check(db, backup)


def stage(backup: Path, database: Path) -> Path:
    """Make of *backup* a file of the present version that can take the place of *database*.

    The set-up is over in it, so that an old backup does not open it again, and sessions of web
    pages are closed: some of them may have been signed out since.

    Raises:
        StoreError: the backup cannot be used, or the folder of *database* not be written.
    """
    staged = database.with_name(f"{database.name}.new")
    with _explained(backup):
        for left in _files(staged):  # by one that was cut off
            left.unlink(missing_ok=True)
        staged.touch(mode=0o600)
        with _moment(backup) as source, closing(_connect(staged)) as target:
            _copy_pages(source, target, lambda done, of: None)
        sqlite_file.prepare(staged)
        with closing(sqlite_file.connect(staged, writing=True)) as db, db:
            db.execute(QUERIES.set_meta, ("ever_had_account", 1))
            db.execute(QUERIES.remove_sessions)
    return staged


def put_in_place(staged: Path, database: Path, now: datetime) -> Path | None:
    """Put a staged file where *database* is, or will be; no server may use it.

    Between the two there is for a moment none, which a server refuses; never a mixture.

    Returns:
        Where the old database is kept; None where there was none.

    Raises:
        StoreError: the folder cannot be written.
    """
    kept = database.with_name(f"{database.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
    had_database = database.exists()
    try:
        if had_database:
            for old, other in zip(_files(database), _files(kept), strict=True):
                if old.exists() and old.stat().st_size and not old.name.endswith(_SHARED):
                    other.hardlink_to(old)
            sqlite_file.sync_folder(database.parent)
        for old in _files(database):
            old.unlink(missing_ok=True)
        if os.geteuid() == 0:  # the server may run as the owner of the folder
            owner = database.parent.stat()
            os.chown(staged, owner.st_uid, owner.st_gid)
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        sqlite_file.sync_folder(database.parent)
        staged.rename(database)
        sqlite_file.sync_folder(database.parent)
    except OSError as error:
        raise StoreError(
            f"The data folder {database.parent} cannot be used: {error.strerror}."
        ) from error
    return kept if had_database else None


@contextmanager
def _moment(database: Path) -> Iterator[apsw.Connection]:
    """Open *database* as it is at this moment, whatever is written to it meanwhile."""
    with closing(sqlite_file.connect(database, writing=False)) as db, db:
        db.execute("select count(*) from sqlite_schema").fetchall()  # the moment
        yield db


def _copy_pages(source: apsw.Connection, target: apsw.Connection, progress: Progress) -> None:
    with target.backup("main", source, "main") as pages:
        while not pages.done:
            pages.step(PORTION)
            progress(pages.page_count - pages.remaining, pages.page_count)


def _connect(path: Path) -> apsw.Connection:
    """Open an empty file to be filled, whose loss nobody would mind."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    db.execute("pragma journal_mode = off")
    db.execute("pragma synchronous = off")
    return db


def _check(db: apsw.Connection, path: Path) -> None:
    for (problem,) in db.execute("pragma integrity_check(1)"):
        if problem != "ok":
            said = " ".join(str(problem).split())
            raise StoreError(f"The database {path} is damaged ({said}).")


def _files(database: Path) -> list[Path]:
    """Give the file of a database, and those that may lie beside it."""
    return [
        database.with_name(database.name + end) for end in ("", "-wal", _SHARED, "-journal")
    ]


@contextmanager
def _unnamed(folder: Path) -> Iterator[Path]:
    """Give an empty file in *folder* that only its owner can read; gone at the end at the latest."""
    descriptor, name = tempfile.mkstemp(prefix=".keystead-", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise StoreError(f"The database {path} cannot be copied ({error}).") from error
