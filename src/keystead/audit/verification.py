"""Finding out whether an audit trail is what was written, and saying what cannot be found out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from keystead.audit.chain import GENESIS, Head, digest_of, sequence_in
from keystead.audit.checkpoints import (
    CheckpointError,
    KeptCheckpoint,
    Purpose,
    fingerprint,
    is_signed,
    read,
)
from keystead.domain.events import StoredCheckpoint, StoredEvent

MAX_PROBLEMS = 100  # that are listed; of more only the number is told


class Kind(Enum):
    """Closed list of what can be wrong; the values are for programs."""

    CHANGED = "changed"
    MISPLACED = "misplaced"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    CHECKPOINT = "checkpoint"
    KEY_MISSING = "key-missing"
    KEY_REPLACED = "key-replaced"
    CUT_OFF = "cut-off"
    REWRITTEN = "rewritten"


class Problem(NamedTuple):
    """Something that is wrong.

    Attributes:
        sequence: where; the first of those that are missing.
        text: what, as a sentence.
    """

    kind: Kind
    sequence: int
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        count: how many events there are.
        first: the sequence of the first one; 0 for none.
        head: where the trail ends, be it at a checkpoint.
        checkpoints: how many there are.
        problems: at most ``MAX_PROBLEMS``.
        further: how many problems there are besides.
        limits: what cannot be found out, as sentences.
    """

    count: int
    first: int
    head: Head
    checkpoints: int
    problems: tuple[Problem, ...]
    further: int
    limits: tuple[str, ...]

    @property
    def is_intact(self) -> bool:
        """Tell whether nothing is wrong, as far as can be found out."""
        return not self.problems


def verify(
    checkpoints: Sequence[StoredCheckpoint],
    portions: Iterable[Sequence[StoredEvent]],
    public_key: bytes | None,
    known: KeptCheckpoint | None = None,
) -> Report:
    """Look for what was edited, dropped, inserted or moved in a trail.

    It takes memory for one portion, and a time that grows with the number of events.

    Args:
        checkpoints: all of the trail, as of the same moment as the events.
        portions: all events, ascending.
        public_key: this server's audit key, in PEM; None where there is none.
        known: what the owner kept elsewhere. Only with it the end of the trail can be judged.

    Raises:
        CheckpointError: *known* is not what was signed.
        AuditKeyError: *public_key* is none.
    """
    verification = Verification(known)
    verification.check_key(public_key)
    verification.check_checkpoints(checkpoints, public_key)
    for events in portions:
        for event in events:
            verification.check_event(event)
    return verification.report()


class Verification:
    """What ``verify`` does, step by step: how far the trail was followed, and what was found.

    Args:
        known: as for ``verify``.
    """

    def __init__(self, known: KeptCheckpoint | None = None) -> None:
        self._known = known
        self._problems: list[Problem] = []
        self._further = 0
        self._count = 0
        self._first = 0
        self._checkpoints = 0
        self._vouched = 0  # the last event that a checkpoint of the trail covers
        self._head = GENESIS
        self._follows = True  # the digest of the head is one that the next event must cover

    def check_key(self, public_key: bytes | None) -> None:
        """Look at the signature of what the owner kept.

        Raises:
            CheckpointError: it is damaged.
        """
        known = self._known
        if known is None:
            return
        if public_key is None:
            self._tell(Kind.KEY_MISSING, 0, "The public key audit.pub is missing.")
        elif fingerprint(public_key) != known.fingerprint:
            self._tell(
                Kind.KEY_REPLACED,
                0,
                f"The checkpoint given was signed with the key {known.fingerprint}, and the"
                f" server's is {fingerprint(public_key)}: somebody put another in its place.",
            )
        elif not is_signed(known.signed, public_key):
            raise CheckpointError(
                "The checkpoint given is damaged: its signature does not fit. Copy it again."
            )

    def check_checkpoints(
        self, checkpoints: Sequence[StoredCheckpoint], public_key: bytes | None
    ) -> None:
        """Follow what stands for the events that were removed; the first step.

        Raises:
            AuditKeyError: *public_key* is none.
        """
        if checkpoints and public_key is None and self._known is None:
            self._tell(
                Kind.KEY_MISSING,
                0,
                "The public key audit.pub is missing, so that nothing vouches for the events"
                f" up to {checkpoints[-1].sequence}.",
            )
        for checkpoint in checkpoints:
            self._checkpoints += 1
            if public_key is not None and not is_signed(checkpoint, public_key):
                self._tell(
                    Kind.CHECKPOINT,
                    checkpoint.sequence,
                    f"The checkpoint at event {checkpoint.sequence} was not signed with this"
                    " server's key.",
                )
            self._begin_after(checkpoint)
        self._vouched = self._head.sequence

    def _begin_after(self, checkpoint: StoredCheckpoint) -> None:
        try:
            head, _, purpose = read(checkpoint)
        except CheckpointError as error:
            self._tell(Kind.CHECKPOINT, checkpoint.sequence, str(error))
            self._head, self._follows = Head(checkpoint.sequence, b""), False
            return
        if head.sequence <= self._head.sequence:
            self._tell(
                Kind.CHECKPOINT,
                head.sequence,
                f"The checkpoint at event {head.sequence} comes after a later one.",
            )
        if purpose is not Purpose.CUT:  # somebody had it from the owner's e-mail
            self._tell(
                Kind.CHECKPOINT,
                head.sequence,
                f"The checkpoint at event {head.sequence} does not say that events were removed.",
            )
        self._head, self._follows = head, True
        self._compare()

    def check_event(self, event: StoredEvent) -> None:
        """Look whether *event* is what must come next."""
        sequence = event.sequence
        expected = self._head.sequence + 1
        self._first = self._first or sequence
        self._count += 1
        if sequence > expected:
            self._tell(Kind.MISSING, expected, _missing(expected, sequence - 1))
        elif sequence < expected:
            self._tell(
                Kind.UNEXPECTED, sequence, f"Event {sequence} comes where {expected} must."
            )
        elif self._follows and digest_of(self._head.digest, event.body) != event.digest:
            self._tell(
                Kind.CHANGED,
                sequence,
                f"Event {sequence} does not fit the one before: one of the two was changed,"
                " put in or put in place of another.",
            )
        self._check_body(event)
        self._head, self._follows = Head(sequence, event.digest), True
        self._compare()

    def _check_body(self, event: StoredEvent) -> None:
        said = sequence_in(event.body)
        if said is None:
            self._tell(
                Kind.UNREADABLE, event.sequence, f"Event {event.sequence} cannot be read."
            )
        elif said != event.sequence:
            self._tell(
                Kind.MISPLACED,
                event.sequence,
                f"Event {event.sequence} says that it is event {said}.",
            )

    def _compare(self) -> None:
        """Look whether the chain holds what the owner has seen of it."""
        if (
            self._known
            and self._known.head.sequence == self._head.sequence
            and self._known.head != self._head
        ):
            self._tell(
                Kind.REWRITTEN,
                self._head.sequence,
                f"Event {self._head.sequence} is another than the checkpoint given says: the"
                " trail was written anew up to there, or further.",
            )

    def report(self) -> Report:
        """Say what was found, and what cannot be."""
        if self._checkpoints and not self._count:
            self._tell(
                Kind.CUT_OFF,
                self._head.sequence + 1,
                f"All events after {self._head.sequence} are missing: the newest are never"
                " removed.",
            )
        if self._known and self._known.head.sequence > self._head.sequence:
            self._tell(
                Kind.CUT_OFF,
                self._head.sequence + 1,
                f"The trail ends with event {self._head.sequence}, and the checkpoint given has"
                f" seen event {self._known.head.sequence}: its end was cut off, or an older"
                " database was put in its place.",
            )
        return Report(
            self._count,
            self._first,
            self._head,
            self._checkpoints,
            tuple(self._problems),
            self._further,
            tuple(self._limits()),
        )

    def _limits(self) -> Iterable[str]:
        seen = self._known.head.sequence if self._known else 0
        if self._vouched > seen:
            yield (
                f"Events up to {self._vouched} were removed. That they were these is vouched for"
                " by this server's key alone, which whoever can read audit.key can use."
            )
        if self._known is None:
            yield (
                "Without a checkpoint that is kept elsewhere it cannot be found whether the end"
                " was cut off, an older database was put in place of the present one, something"
                " was added at the end, or the whole chain was computed anew. Make one with"
                " `keystead audit checkpoint`, and give it with --checkpoint."
            )
        elif self._head.sequence > seen:
            yield (
                f"The checkpoint given has seen event {seen}. It cannot be found whether what"
                " follows was cut off, added or computed anew since; keep a newer one."
            )

    def _tell(self, kind: Kind, sequence: int, text: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(kind, sequence, text))
        else:
            self._further += 1


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"Event {first} is missing."
    return f"Events {first} to {last} are missing."
