"""One directory: the adapters and rules that every operation works with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from keystead.domain.model import Actor, Owner, Principal
from keystead.domain.passwords import PasswordPolicy
from keystead.domain.ports import Clock, PasswordHasher, Randomness, Store, Transaction
from keystead.domain.refusal import Reason, RefusedError

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
        self_service: users without the right to change accounts may look after their own.
    """

    store: Store
    hasher: PasswordHasher
    clock: Clock
    randomness: Randomness
    passwords: PasswordPolicy
    self_service: bool = False
    session_lifetime: SessionLifetime = SessionLifetime()


async def still_valid(tx: Transaction, actor: Actor) -> Actor:
    """Give *actor* as it is in this transaction, with no right that was taken away meanwhile.

    Raises:
        RefusedError: NOT_SIGNED_IN when the account or the token is gone.
    """
    match actor:
        case Owner():
            return actor
        case Principal():
            if present := await tx.principal(actor.user.id, actor.token_id):
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
