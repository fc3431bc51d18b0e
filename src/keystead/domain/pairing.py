"""Pairing a device at the push of a button: the one request that may wait, and its token."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from keystead.domain.access import scopes_of
from keystead.domain.change import TokenRemoved, UserAdded
from keystead.domain.directory import Directory, still_valid
from keystead.domain.events import Action, Entry
from keystead.domain.model import PUSH_BUTTON_USER, Actor, Principal, Scope, User, UserId
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.tokens import SignedIn, issue

R = TypeVar("R")

PAIRING_TIMEOUT = timedelta(minutes=5)  # our choice; nymea's manual promises a limit


@dataclass(frozen=True, slots=True)
class Waiting(Generic[R]):
    """A device that waits for the button.

    Attributes:
        until: monotonic seconds.
    """

    number: int
    requester: R
    device_name: str
    until: float


class PairingDesk(Generic[R]):
    """Keeps the one pairing request of this server that may wait at a time.

    Source: nymea 4.1, RequestPushButtonAuth.
    """

    def __init__(self) -> None:
        self._last_number = 0
        self.waiting: Waiting[R] | None = None

    def request(
        self, requester: R, device_name: str, now: float
    ) -> tuple[Waiting[R], Waiting[R] | None]:
        """Let a device wait; whoever waited before is given back, to be told of the end."""
        self._last_number += 1
        before = self.waiting
        until = now + PAIRING_TIMEOUT.total_seconds()
        self.waiting = Waiting(self._last_number, requester, device_name, until)
        return self.waiting, before

    def take(self, number: int | None = None) -> Waiting[R] | None:
        """Give the request that waits, if any, and forget it: the button was pressed.

        Args:
            number: the only request that is meant; None for whichever it is.
        """
        waiting = self.waiting
        if waiting is None or number not in {None, waiting.number}:
            return None
        self.waiting = None
        return waiting

    def withdraw(self, requester: R) -> Waiting[R] | None:
        """Give the request of *requester*, who is gone, if it waits, and forget it."""
        if self.waiting and self.waiting.requester is requester:
            return self.take()
        return None

    def expire(self, now: float) -> Waiting[R] | None:
        """Give the request that has waited too long, if any, and forget it."""
        if self.waiting and self.waiting.until <= now:
            return self.take()
        return None


async def pair(
    directory: Directory, device_name: str, confirmed_by: Actor | None = None
) -> SignedIn:
    """Issue an administrator's token of the nameless account for a device.

    Args:
        directory: the directory.
        device_name: what the device calls itself.
        confirmed_by: the administrator who lets it in; None where a button was pressed.

    Raises:
        RefusedError: NOT_SIGNED_IN or FORBIDDEN when *confirmed_by* is no administrator any
            more; TEXT_INVALID, STORAGE_FAILED.
    Source: nymea 4.5.
    """

    async def enter(tx: Transaction) -> SignedIn:
        if confirmed_by and Scope.ADMIN not in scopes_of(await still_valid(tx, confirmed_by)):
            raise RefusedError(Reason.FORBIDDEN)
        user = await tx.user_named(PUSH_BUTTON_USER)
        if user is None:
            user = User(UserId(directory.randomness(16)), PUSH_BUTTON_USER, Scope.ADMIN)
            await tx.record(UserAdded(user, None))
        signed_in = await issue(tx, directory, user, device_name)
        token_id = str(signed_in.principal.token_id)
        await tx.note(Entry(tx.author, Action.PAIRING, token_id, user.id.hex()))
        return signed_in

    return await directory.write(confirmed_by, enter, essential=True)


async def take_back(directory: Directory, principal: Principal) -> None:
    """Take away the token of a pairing whose device is gone before it got it.

    Nobody has that token, so that nobody is locked out.

    Raises:
        RefusedError: STORAGE_FAILED.
    """

    async def remove(tx: Transaction) -> None:
        if token := await tx.token(principal.token_id):
            await tx.record(TokenRemoved(token.user_id, token.id, token.device_name))

    await directory.write(None, remove, essential=True)
