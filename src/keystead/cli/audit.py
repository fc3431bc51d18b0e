"""Reading the audit trail: its end, all of it for other programs, and whether it is whole."""

import argparse
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from keystead import CannotError, printable
from keystead.audit import checkpoints
from keystead.audit.chain import AuditEvent, Head, decode
from keystead.audit.checkpoints import Checkpoint, KeptCheckpoint, Purpose
from keystead.audit.formats import Format, json_line, written
from keystead.audit.verification import Report, verify
from keystead.cli.new_file import new_file
from keystead.domain.events import Author, Outcome, StoredEvent
from keystead.settings import Settings
from keystead.store import audit_key
from keystead.store.folder import Folder
from keystead.store.sqlite_file import StoreError
from keystead.store.trail_file import TrailFile, open_trail

_T = TypeVar("_T")

INTACT, TAMPERED = 0, 1

_PAUSE = 0.25  # seconds between two looks at a trail that is followed


class _Counted(Iterator[_T]):
    """Gives what it is given, and counts it."""

    def __init__(self, values: Iterable[_T]) -> None:
        self._values = iter(values)
        self.count = 0

    def __next__(self) -> _T:
        value = next(self._values)
        self.count += 1
        return value


def describe(groups: Any, command: Any) -> None:
    """Describe the commands on the command line.

    Args:
        groups: what takes the groups of commands.
        command: makes a command of a group.
    """
    audit = groups.add_parser("audit", help="see what happened").add_subparsers(
        required=True, metavar="COMMAND"
    )
    tail = command(audit, "tail", tail_trail, "show the newest events")
    tail.add_argument("-n", dest="count", type=_count, default=20, help="how many; default: 20")
    tail.add_argument("--follow", action="store_true", help="and those to come")
    tail.add_argument("--json", action="store_true", help="print JSON, an event a line")
    export = command(audit, "export", export_trail, "write the events to a new file")
    export.add_argument("file", type=Path, help='"-" for standard output')
    forms = [form.value for form in Format]
    export.add_argument("--format", choices=forms, default=Format.JSON_LINES.value)
    export.add_argument("--since", type=_moment, metavar="TIME", help="such as 2026-05-17")
    export.add_argument("--until", type=_moment, metavar="TIME", help="the first not wanted")
    check = command(audit, "verify", verify_trail, "exit with 0 if it is whole, 1 if not")
    check.add_argument("--checkpoint", type=Path, metavar="FILE", help="one kept elsewhere")
    check.add_argument("--json", action="store_true", help="print JSON")
    command(audit, "checkpoint", print_checkpoint, "sign how far it is, to be kept elsewhere")


def tail_trail(settings: Settings, given: argparse.Namespace) -> None:
    """Show the newest events, oldest first, and go on with those to come if asked to."""
    shown = json_line if given.json else _line
    with _trail(settings) as trail:
        last = trail.last()
        place = max(last.sequence - given.count, 0) if last else 0
        with suppress(KeyboardInterrupt):  # the usual way to stop following
            while True:
                for events in trail.events(place):
                    for event in events:
                        print(shown(decode(event)))
                    place = events[-1].sequence
                if not given.follow:
                    break
                sys.stdout.flush()
                time.sleep(_PAUSE)


def export_trail(settings: Settings, given: argparse.Namespace) -> None:
    """Write the events of a span of time, as of one moment.

    Raises:
        CannotError: the file exists, or cannot be written.
    """
    with _trail(settings) as trail, trail.moment():
        events = _between(trail.events(), given.since, given.until)
        form = Format(given.format)
        if given.file == Path("-"):
            _write(sys.stdout.buffer, events, form)
            return
        with new_file(given.file) as output:
            count = _write(output, events, form)
    print(f"Wrote {count} events.")


def verify_trail(settings: Settings, given: argparse.Namespace) -> int:
    """Tell whether the trail is what was written, and what of that cannot be told.

    Raises:
        CannotError: the checkpoint given, a key or the database cannot be used.
    """
    known = _kept(given.checkpoint) if given.checkpoint else None
    key = audit_key.public_key(Path(settings.data))
    with _trail(settings) as trail, trail.moment():
        report = verify(trail.checkpoints(), trail.events(), key, known)
    with suppress(BrokenPipeError):  # the exit code holds even if nobody reads
        print(_as_json(report) if given.json else "\n".join(findings(report)))
    return INTACT if report.is_intact else TAMPERED


def print_checkpoint(settings: Settings, given: argparse.Namespace) -> None:
    """Print a signed line that says how far the trail is.

    Raises:
        CannotError: there is no event, or the key cannot be used.
    """
    from keystead import app  # noqa: PLC0415 - the other commands go without it

    with _trail(settings) as trail:
        last = trail.last()
    if last is None:
        raise CannotError("There is no event yet.")
    folder = Path(settings.data)
    seen = Checkpoint(Head(last.sequence, last.digest), app.now(), Purpose.SEEN)
    signed = checkpoints.sign(seen, audit_key.private_key(folder))
    key = audit_key.public_key(folder)
    assert key is not None
    print(checkpoints.as_text(signed, key))


@contextmanager
def _trail(settings: Settings) -> Iterator[TrailFile]:
    folder = Folder(Path(settings.data))
    if not folder.path.is_dir():
        raise StoreError(f"There is no data folder {folder.path}.")
    with open_trail(folder.database) as trail:
        yield trail


def _between(
    portions: Iterable[Iterable[StoredEvent]], since: datetime | None, until: datetime | None
) -> Iterator[AuditEvent]:
    """Give the events of a span of time, and all whose time cannot be read."""
    for portion in portions:
        for event in map(decode, portion):
            moment = event.time
            if moment is None or (
                (since is None or since <= moment) and (until is None or moment < until)
            ):
                yield event


def _write(output: BinaryIO, events: Iterable[AuditEvent], form: Format) -> int:
    """Write *events*; give their number."""
    counted = _Counted(events)
    lines = written(form, counted, socket.gethostname())
    output.writelines(line.encode() for line in lines)
    return counted.count


def _line(event: AuditEvent) -> str:
    """Write *event* for people."""
    moment = event.time.isoformat(" ", "seconds").replace("+00:00", "Z") if event.time else "?"
    parts = [str(event.sequence), moment, event.action]
    if event.outcome != Outcome.SUCCESS.value:
        parts.append(event.outcome.upper())
    if event.object:
        parts.append(event.object)
    parts.append(_by(event.author))
    parts += [f"{key}: {text}" for key, text in event.detail]
    if event.times > 1:
        parts.append(f"{event.times} times")
    return "  ".join(map(printable, parts))


def _by(author: Author) -> str:
    face, source = author.origin
    whence = f" from {source}" if source else ""
    return f"by {author.name or author.kind}{whence} ({face})"


def _kept(file: Path) -> KeptCheckpoint:
    try:
        return checkpoints.from_text(file.read_text("utf-8"))
    except OSError as error:
        raise CannotError(f"The file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CannotError(f"The file {file} is no text.") from error


def findings(report: Report) -> Iterator[str]:
    """Say what was found in a trail, in lines for people."""
    span = f" ({report.first} to {report.head.sequence})" if report.count else ""
    yield f"{'Intact' if report.is_intact else 'NOT INTACT'}: {report.count} events{span}."
    for problem in report.problems:
        yield f"  {printable(problem.text)}"
    if report.further:
        yield f"  And {report.further} problems more."
    for limit in report.limits:
        yield f"Note: {limit}"


def _as_json(report: Report) -> str:
    said = {
        "intact": report.is_intact,
        "events": report.count,
        "first": report.first,
        "last": report.head.sequence,
        "digest": report.head.digest.hex(),
        "checkpoints": report.checkpoints,
        "problems": [
            {"kind": kind.value, "sequence": sequence, "text": text}
            for kind, sequence, text in report.problems
        ],
        "further_problems": report.further,
        "limits": report.limits,
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("it is negative")
    return count


def _moment(text: str) -> datetime:
    """Read a time; without a zone it is in UTC.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
