"""The chain of events: each digest covers the one before, so that no event can be edited alone.

The body of an event is a JSON object; ``_Body`` says what its keys mean. What holds its default
is left out, and whoever reads ignores keys that are not known yet.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, NamedTuple

import msgspec

from keystead.domain.events import Author, Entry, Origin, Outcome, StoredEvent
from keystead.domain.model import TokenId

DIGEST_SIZE = 32  # bytes: SHA-256
MAX_BODY = 4096  # bytes; our choice: so that a number of events is also an amount of storage
UNREADABLE = "unreadable"  # the action of an event whose body is none

_MAX_PAIRS = 16  # of the detail of an entry that is too long
_LENGTHS = (256, 64, 16)  # characters of each text of it; the first that fits, the last does


class Head(NamedTuple):
    """Where a chain ends, or ended once.

    Attributes:
        sequence: of the last event; 0 for none.
        digest: of the last event.
    """

    sequence: int
    digest: bytes


GENESIS = Head(0, bytes(DIGEST_SIZE))  # what the first event follows


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event of the trail, as it was written.

    Attributes:
        time: aware, UTC; None where the body cannot be read.
        action: the text of an ``Action``, or of one that only a newer version knows.
        outcome: the same of an ``Outcome``.

    The others are those of ``Entry``.
    """

    sequence: int
    time: datetime | None
    author: Author
    action: str
    object: str = ""
    object_id: str = ""
    outcome: str = Outcome.SUCCESS.value
    detail: tuple[tuple[str, str], ...] = ()
    times: int = 1


_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class _Body(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What is stored of an event. The keys are for ever; new ones may come."""

    sequence: int = msgspec.field(name="n")
    time: _Aware = msgspec.field(name="t")  # RFC 3339, UTC, with microseconds unless 0
    action: str = msgspec.field(name="a")
    outcome: str = msgspec.field(name="r", default=Outcome.SUCCESS.value)  # the result
    kind: str = msgspec.field(name="k", default="server")  # of the author
    name: str = msgspec.field(name="u", default="")  # of the author
    id: str = msgspec.field(name="i", default="")  # of the author
    token_id: TokenId | None = msgspec.field(name="s", default=None)  # what the author showed
    face: str = msgspec.field(name="f", default="server")
    source: str = msgspec.field(name="p", default="")  # the peer
    object: str = msgspec.field(name="o", default="")
    object_id: str = msgspec.field(name="oi", default="")
    detail: tuple[tuple[str, str], ...] = msgspec.field(name="d", default=())
    times: int = msgspec.field(name="c", default=1)


class _Place(msgspec.Struct, frozen=True, gc=False):
    """What every body says, of whatever version."""

    sequence: int = msgspec.field(name="n")


_NOBODY = Author("", origin=Origin(""))

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Body).decode
_decode_place = msgspec.json.Decoder(_Place).decode
_sha256 = hashlib.sha256


def link(previous: Head | StoredEvent, time: datetime, entry: Entry) -> StoredEvent:
    """Give *entry* its place after *previous*.

    Half characters, which have no UTF-8, are written as their escapes. An entry that would take
    more than ``MAX_BODY`` is shortened.

    Args:
        previous: ``GENESIS`` for the first event.
        time: aware.
        entry: what happened.
    """
    sequence = previous.sequence + 1
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    try:
        body = _encode(_body(sequence, time, entry))
    except UnicodeEncodeError:
        entry = _with_texts(entry, lambda part: part.encode(errors="backslashreplace").decode())
        body = _encode(_body(sequence, time, entry))
    if len(body) > MAX_BODY:
        body = _short_body(sequence, time, entry)
    return StoredEvent(sequence, body, _sha256(previous.digest + body).digest())


def digest_of(previous: bytes, body: bytes) -> bytes:
    """Give the digest of the event with *body* that follows the digest *previous*."""
    return _sha256(previous + body).digest()


def sequence_in(body: bytes) -> int | None:
    """Give the sequence that *body* says it has; None where it cannot be read."""
    try:
        return _decode_place(body).sequence
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def decode(event: StoredEvent) -> AuditEvent:
    """Read an event back; whatever the body holds, what can be told of it is told.

    The sequence is that of the row: ``verify`` finds where the body says another one.
    """
    try:
        body = _decode(event.body)
        time = body.time.astimezone(UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
        found = (("body", event.body.decode(errors="backslashreplace")),)
        return AuditEvent(event.sequence, None, _NOBODY, UNREADABLE, detail=found)
    origin = Origin(body.face, body.source)
    return AuditEvent(
        event.sequence,
        time,
        Author(body.kind, body.name, body.id, body.token_id, origin),
        body.action,
        body.object,
        body.object_id,
        body.outcome,
        body.detail,
        body.times,
    )


def _body(sequence: int, time: datetime, entry: Entry) -> _Body:
    author = entry.author
    origin = author.origin
    return _Body(
        sequence,
        time,
        entry.action._value_,  # `value` goes through Python
        entry.outcome._value_,
        author.kind,
        author.name,
        author.id,
        author.token_id,
        origin.face,
        origin.source,
        entry.object,
        entry.object_id,
        entry.detail,
        entry.times,
    )


def _short_body(sequence: int, time: datetime, entry: Entry) -> bytes:
    few = entry._replace(detail=entry.detail[:_MAX_PAIRS])
    bodies = (
        _encode(_body(sequence, time, _with_texts(few, partial(_shortened, length))))
        for length in _LENGTHS
    )
    return next(body for body in bodies if len(body) <= MAX_BODY)


def _shortened(length: int, text: str) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _with_texts(entry: Entry, written: Callable[[str], str]) -> Entry:
    author = entry.author
    origin = Origin(written(author.origin.face), written(author.origin.source))
    return entry._replace(
        author=Author(
            written(author.kind),
            written(author.name),
            written(author.id),
            author.token_id,
            origin,
        ),
        object=written(entry.object),
        object_id=written(entry.object_id),
        detail=tuple((written(key), written(text)) for key, text in entry.detail),
    )
