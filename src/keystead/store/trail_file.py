"""The audit trail in a data folder, read beside a running server or in its absence.

It is read from the file and not asked of the server: whoever doubts the trail need not trust the
server, which may also be busy, or stand still.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from keystead.domain.events import StoredCheckpoint, StoredEvent
from keystead.store import sqlite_file
from keystead.store.sql import QUERIES
from keystead.store.sqlite_file import StoreError

PORTION = 1000  # events read at a time: some 300 KB


class TrailFile:
    """The trail in a database file. Make one with ``open_trail``."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Read as of one moment, whatever the server writes or removes meanwhile."""
        with self._db:
            yield

    def last(self) -> StoredEvent | None:
        """Give the newest event."""
        rows = self._rows(QUERIES.audit_events_before, 2**63 - 1, 1)
        return StoredEvent(*rows[0]) if rows else None

    def events(self, after: int = 0) -> Iterator[Sequence[StoredEvent]]:
        """Give the events after a sequence, ascending, in portions."""
        while rows := self._rows(QUERIES.audit_events_after, after, PORTION):
            yield [StoredEvent(*row) for row in rows]
            after = rows[-1][0]

    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        """Give what stands for the events that were removed, oldest first."""
        return [StoredCheckpoint(*row) for row in self._rows(QUERIES.audit_checkpoints)]

    def _rows(self, query: str, *arguments: int) -> list[tuple[Any, ...]]:
        return self._db.execute(query, arguments).fetchall()


@contextmanager
def open_trail(database: Path) -> Iterator[TrailFile]:
    """Open the trail in *database*, which is not written to.

    Raises:
        StoreError: there is no database, it cannot be read, or it has no trail; also what
            reading finds later.
    """
    if not database.exists():
        raise StoreError(f"There is no database {database}.")
    try:
        db = sqlite_file.connect(database, writing=False)
        try:
            if not db.table_exists("main", "audit_event"):
                raise StoreError(
                    f"The database {database} was written by an older Keystead and has no audit"
                    " trail yet; start the server once."
                )
            yield TrailFile(db)
        finally:
            db.close(True)  # noqa: FBT003 - whatever closing complains of, nothing was written
    except apsw.Error as error:
        raise StoreError(f"The database {database} cannot be read ({error}).") from error
