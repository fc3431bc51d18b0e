"""The commands that copy the whole directory into one file, and put such a file in its place."""

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from keystead import CannotError, printable
from keystead.audit.chain import decode
from keystead.audit.verification import Report, verify
from keystead.cli import printing
from keystead.cli.arguments import AddCommand
from keystead.cli.audit import INTACT, TAMPERED, findings
from keystead.cli.new_file import new_file
from keystead.cli.owner import done
from keystead.domain.events import Action, Author, Entry, Origin
from keystead.domain.ports import Transaction
from keystead.domain.refusal import RefusedError
from keystead.domain.throttle import LOCAL
from keystead.settings import Settings
from keystead.store import audit_key, backup_file
from keystead.store.folder import Folder, FolderInUseError
from keystead.store.trail_file import open_trail

NOT_HELD = (
    "It holds neither certificates nor keys: keep the folder certificates and the files identity,"
    " audit.key and audit.pub beside it."
)


def describe(groups: Any, command: AddCommand) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the commands.
        command: makes one.
    """
    backup = command(groups, "backup", _back_up, "copy the whole directory to a new file")
    backup.add_argument("file", type=Path)
    backup.add_argument(
        "--verify",
        action="store_true",
        help="look whether the file is a backup that can be restored; 1: its trail is not whole",
    )
    restore = command(
        groups, "restore", _restore, "put a backup in place; stop the server first"
    )
    restore.add_argument("file", type=Path)
    restore.add_argument(
        "--replace",
        action="store_true",
        help="the database that is there, which is kept beside",
    )


def _back_up(settings: Settings, given: argparse.Namespace) -> int:
    if given.verify:
        return _verify(settings, given.file)
    folder = Folder(Path(settings.data))
    file = given.file.absolute()
    with new_file(file) as output:
        done(settings, "backup.begin", {"file": str(file)})
        try:
            backup_file.copy(folder.database, file.parent, output, _progress())
        finally:
            _end_progress()
    print(f"Wrote {printable(str(given.file))}. {NOT_HELD}")
    return INTACT


def _verify(settings: Settings, file: Path) -> int:
    """Tell whether *file* can be restored, and how its audit trail is.

    Raises:
        StoreError: it cannot be restored, or be read.
    """
    backup_file.check(file)
    taken, report = _trail_of(file, settings)
    print(f"A backup of {_said(taken)}.")
    for line in findings(report):
        print(line)
    return INTACT if report.is_intact else TAMPERED


def _restore(settings: Settings, given: argparse.Namespace) -> None:
    """Put a backup in place.

    Raises:
        StoreError: it cannot be restored, or a server runs.
        CannotError: there is a database, and nobody said that it may be replaced.
    """
    from keystead import app  # noqa: PLC0415 - the other commands go without it

    backup_file.check(given.file)
    folder = Folder(Path(settings.data))
    try:
        with folder.locked():
            if folder.database.exists() and not given.replace:
                raise CannotError(
                    f"There is a database {folder.database}; with --replace the backup takes its"
                    " place, and it is kept beside."
                )
            staged = backup_file.stage(given.file, folder.database)
            taken, report = _trail_of(staged, settings)
            asyncio.run(_tell(staged, _said(taken)))
            kept = backup_file.put_in_place(staged, folder.database, app.now())
    except FolderInUseError as error:
        raise CannotError(f"{error} Stop the server first.") from error
    print(f"Restored the backup of {_said(taken)}. What was revoked since opens again.")
    if kept:
        print(f"The database that was there is {printable(str(kept))}.")
    if not report.is_intact:
        print("Its audit trail is not whole; see keystead audit verify.", file=sys.stderr)


async def _tell(staged: Path, taken: str) -> None:
    """Go on with the audit trail of what is restored.

    Raises:
        CannotError: it cannot be written.
    """
    from keystead import app  # noqa: PLC0415 - see above
    from keystead.store.sqlite import SqliteStore  # noqa: PLC0415 - see above

    async def tell(tx: Transaction) -> None:
        await tx.note(Entry(tx.author, Action.RESTORE, detail=(("backup of", taken),)))

    store = SqliteStore(staged, app.now)
    try:
        await store.write(tell, author=Author("owner", origin=Origin("control", LOCAL)))
    except RefusedError as error:
        raise CannotError(str(error)) from error
    finally:
        store.close()


def _trail_of(file: Path, settings: Settings) -> tuple[datetime | None, Report]:
    """Give of when the directory in *file* is, and what is found in its audit trail."""
    key = audit_key.public_key(Path(settings.data))
    with open_trail(file) as trail, trail.moment():
        last = trail.last()
        report = verify(trail.checkpoints(), trail.events(), key)
    return decode(last).time if last else None, report


def _said(taken: datetime | None) -> str:
    return printing.time(taken) if taken else "an unknown time"


def _progress() -> backup_file.Progress:
    """Give what shows how far it is, where somebody looks."""
    if not sys.stderr.isatty():
        return lambda copied, of: None
    return lambda copied, of: print(
        f"\r{100 * copied // max(of, 1):3} %", end="", file=sys.stderr, flush=True
    )


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
