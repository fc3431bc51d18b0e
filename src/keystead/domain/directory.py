"""One directory: the adapters and rules that every operation works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar, assert_never

from keystead.domain.events import UNASKED, Action, Entry, Origin, Outcome, author_of
from keystead.domain.journal import Journal
from keystead.domain.model import Actor, LastUse, Owner, Principal
from keystead.domain.passwords import PasswordPolicy
from keystead.domain.ports import Clock, PasswordHasher, Randomness, Store, Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.setup_code import SetupCode
from keystead.domain.throttle import Throttle

T = TypeVar("T")

MAX_TEXT_LENGTH = 1024  # code points of a display name, e-mail or device name; our choice


@dataclass(frozen=True, slots=True)
class SessionLifetime:
    """How long a session key opens the directory.

    Attributes:
        idle: without being used.
        most: in all, however much it is used.

    Source: our choice; NIST SP 800-63B-4 asks for both.
    """

    idle: timedelta = timedelta(hours=8)
    most: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Directory:
    """What operations get: where things are kept, how passwords are hashed, and the policy.

    Attributes:
        throttle: what is known of failed sign-ins.
        journal: takes down what nobody waits for.
        self_service: users without the right to change accounts may look after their own.
        device_lifetime: how long the token of a device lasts where nobody says otherwise; None
            for ever.
        setup_code: without it nobody makes the first account who is not the owner; None where
            anybody may.
        origin: where the one who asks is; see ``at``.
    """

    store: Store
    hasher: PasswordHasher
    clock: Clock
    randomness: Randomness
    passwords: PasswordPolicy
    throttle: Throttle
    journal: Journal
    self_service: bool = False
    session_lifetime: SessionLifetime = SessionLifetime()
    device_lifetime: timedelta | None = None
    setup_code: SetupCode | None = None
    origin: Origin = UNASKED

    def at(self, origin: Origin) -> "Directory":
        """Give the same directory as somebody sees it who asks from *origin*."""
        return replace(self, origin=origin)

    def write(
        self,
        actor: Actor | None,
        operation: Callable[[Transaction], Awaitable[T]],
        *,
        bulk: bool = False,
        essential: bool = False,
    ) -> Awaitable[T]:
        """Run *operation* as ``Store.write`` does, as the doing of *actor*.

        Raises:
            RefusedError: as ``Store.write``.
        """
        author = author_of(actor, self.origin)
        return self.store.write(operation, author=author, bulk=bulk, essential=essential)

    def used(self, principal: Principal) -> None:
        """Have it kept before long that a token was used from here."""
        self.journal.used(principal.token_id, LastUse(self.clock(), self.origin.source))

    def note(
        self,
        actor: Actor | None,
        action: Action,
        object: str = "",  # noqa: A002 - the word of the field
        outcome: Outcome = Outcome.SUCCESS,
        **detail: str,
    ) -> None:
        """Tell the audit trail before long of what changes nothing."""
        author = author_of(actor, self.origin)
        self.journal.note(Entry(author, action, object, "", outcome, tuple(detail.items())))


async def still_valid(tx: Transaction, actor: Actor) -> Actor:
    """Give *actor* as it is in this transaction, with no right that was taken away meanwhile.

    Raises:
        RefusedError: NOT_SIGNED_IN when the account or the token is gone, or over.
    """
    match actor:
        case Owner():
            return actor
        case Principal():
            if present := await tx.principal(actor.user.id, actor.token_id, tx.now):
                return present
            raise RefusedError(Reason.NOT_SIGNED_IN)
        case _:
            assert_never(actor)


def check_texts(*texts: str) -> None:
    """Refuse free texts that no store should have to keep.

    Raises:
        RefusedError: TEXT_INVALID.
    """
    for text in texts:
        if len(text) > MAX_TEXT_LENGTH or "\0" in text or has_half_characters(text):
            raise RefusedError(Reason.TEXT_INVALID)


def has_half_characters(text: str) -> bool:
    """Tell whether *text* holds a surrogate, which is no character and has no UTF-8."""
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)
