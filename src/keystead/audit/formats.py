r"""Events for other programs, each on a line of its own: JSON lines, CSV, and syslog.

Whatever characters an event holds, a line stays one line, and a terminal shows it and does
nothing else. JSON is pure ASCII. In CSV and syslog, what is not printable is written as ``\n``,
``\x1b`` or ``\u202e``, and a backslash as two, so that the text can be had back.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import assert_never

from keystead.audit.chain import AuditEvent
from keystead.domain.events import Outcome

COLUMNS = (
    "sequence",
    "time",
    "action",
    "outcome",
    "author_kind",
    "author_name",
    "author_id",
    "token_id",
    "face",
    "source",
    "object",
    "object_id",
    "times",
    "detail",
)

FACILITY = 13  # "log audit" of RFC 5424, table 1
# The number that RFC 5612 keeps for documentation: Keystead has no number of its own at IANA.
# What consumes the lines goes by the names before it.
ENTERPRISE = 32473
INFORMATIONAL, NOTICE, WARNING = 6, 5, 4  # severities of RFC 5424, table 2
MAX_NAME, MAX_HOST = 32, 255  # characters of names in syslog
MAX_BYTE = 0xFF

# What spreadsheets take for the beginning of a formula, also in full width.
_FORMULA = re.compile("^ *([=+\\-@\uff1d\uff0b\uff0d\uff20])")
_ESCAPE = re.compile(r"\\(\\|[tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_PLAIN = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
_NO_NAME = re.compile(
    "[^A-Za-z0-9._-]"
)  # fewer than RFC 5424 takes, for the sake of its readers
_NOT_VISIBLE = re.compile("[^!-~]")
_Value = str | int | None
_SEVERITIES: Mapping[str, int] = {
    Outcome.SUCCESS.value: INFORMATIONAL,
    Outcome.FAILURE.value: WARNING,
    Outcome.REFUSED.value: WARNING,
}


class Format(Enum):
    """What events can be written as."""

    JSON_LINES = "jsonl"
    CSV = "csv"
    SYSLOG = "syslog"


def written(form: Format, events: Iterable[AuditEvent], host: str = "-") -> Iterator[str]:
    """Write *events* as lines with their ends.

    Args:
        form: how.
        events: in the order in which they are to be.
        host: the name of this machine, for syslog.
    """
    if top := heading(form):
        yield top
    yield from (line(form, event, host) for event in events)


def heading(form: Format) -> str:
    """Give the line that a file of events begins with; nothing where there is none."""
    return f"{','.join(COLUMNS)}\r\n" if form is Format.CSV else ""


def line(form: Format, event: AuditEvent, host: str = "-") -> str:
    """Write *event* as a line with its end.

    Args:
        form: how.
        event: what happened.
        host: as of ``written``.
    """
    match form:
        case Format.JSON_LINES:
            return f"{json_line(event)}\n"
        case Format.CSV:
            return f"{csv_row(event)}\r\n"
        case Format.SYSLOG:
            return f"{syslog_line(event, host)}\n"
        case _:
            assert_never(form)


def json_line(event: AuditEvent) -> str:
    """Write *event* as a JSON object with the keys ``COLUMNS``; the detail as pairs."""
    values = (*_values(event), event.detail)
    return json.dumps(dict(zip(COLUMNS, values, strict=True)), separators=(",", ":"))


def csv_row(event: AuditEvent) -> str:
    r"""Write *event* as a row, the detail as ``key: text, key: text``.

    Every field is in quotes. A character that would make a field a formula is written as its
    escape, such as ``\x3d``, and so is every semicolon, at which spreadsheets of some languages
    begin a new field. ``unescaped`` gives the text back.

    Source: RFC 4180; the escapes are our choice: an apostrophe before the formula, as is often
        done, cannot be told from one that belongs to the text.
    """
    detail = ", ".join(f"{key}: {text}" for key, text in event.detail)
    return ",".join(_csv_field(value) for value in (*_values(event), detail))


def syslog_line(event: AuditEvent, host: str = "-") -> str:
    """Write *event* as a message of RFC 5424.

    All is in structured data: ``keystead@32473`` has the columns that say something, and
    ``detail@32473`` the detail.
    """
    said = [
        (column, str(value))
        for column, value in zip(COLUMNS, _values(event), strict=False)
        if value not in {None, ""}
    ]
    data = _element("keystead", said)
    if event.detail:
        data += _element("detail", event.detail)
    priority = FACILITY * 8 + _SEVERITIES.get(event.outcome, NOTICE)
    time = rfc3339(event.time) if event.time else "-"
    machine = _NOT_VISIBLE.sub("_", host)[:MAX_HOST] or "-"
    action = _name(event.action)
    header = f"<{priority}>1 {time} {machine} keystead - {action}"
    return f"{header} {data} {action} {_name(event.outcome)}"


def unescaped(text: str) -> str:
    r"""Give back the text that is in a field of CSV, or in a value of syslog.

    >>> unescaped(r"\x3dSUM(A1)\n\\")
    '=SUM(A1)\n\\'
    """
    return _ESCAPE.sub(
        lambda found: _PLAIN.get(found[1]) or chr(int(found[1][1:], 16)),
        text,
    )


def rfc3339(time: datetime) -> str:
    """Write an aware *time* in UTC, always to the microsecond.

    >>> rfc3339(datetime(2024, 5, 17, 12, tzinfo=UTC))
    '2024-05-17T12:00:00.000000Z'
    """
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _values(event: AuditEvent) -> tuple[_Value, ...]:
    """Give all columns but the detail."""
    author = event.author
    return (
        event.sequence,
        rfc3339(event.time) if event.time else None,
        event.action,
        event.outcome,
        author.kind,
        author.name,
        author.id,
        str(author.token_id) if author.token_id else None,
        author.origin.face,
        author.origin.source,
        event.object,
        event.object_id,
        event.times,
    )


def _escaped(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        "\\\\" if c == "\\" else c if c.isprintable() else ascii(c)[1:-1] for c in text
    )


def _csv_field(value: _Value) -> str:
    text = "" if value is None else str(value)
    text = _escaped(text).replace(";", "\\x3b").replace('"', '""')
    if found := _FORMULA.match(text):
        place = found.start(1)
        text = f"{text[:place]}{_escape_of(text[place])}{text[place + 1 :]}"
    return f'"{text}"'


def _escape_of(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= MAX_BYTE else f"\\u{code:04x}"


def _element(name: str, values: Sequence[tuple[str, str]]) -> str:
    written = "".join(f' {_name(key)}="{_quoted(text)}"' for key, text in values)
    return f"[{name}@{ENTERPRISE}{written}]"


def _quoted(text: str) -> str:
    return _escaped(text).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _name(text: str) -> str:
    return _NO_NAME.sub("_", text)[:MAX_NAME] or "_"
