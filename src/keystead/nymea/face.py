"""The nymea side of this server: what all its sessions share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec

from keystead.domain.access import manages_users
from keystead.domain.change import Commit
from keystead.domain.directory import Directory
from keystead.domain.pairing import PairingDesk, Waiting, pair, take_back
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.rights import Rights
from keystead.nymea import envelope
from keystead.nymea.methods import catalogue
from keystead.nymea.notifications import (
    PairingFinished,
    UsersPairingFinished,
    announcement,
)
from keystead.nymea.session import Session
from keystead.rpc.bus import Bus
from keystead.rpc.session import Peer


@dataclass(frozen=True, slots=True)
class Identity:
    """How the server introduces itself."""

    name: str
    uuid: UUID
    version: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may take.

    Attributes:
        message_before_sign_in: bytes of one message.
        message: bytes of one message of somebody signed in.
        patience: seconds for the first message, and for finishing one that has begun.
    """

    message_before_sign_in: int = 64 * 1024
    message: int = 1024 * 1024
    patience: float = 10.0


class Face:
    """Begins sessions, announces changes to them, and pairs devices.

    Args:
        directory: what the methods work on.
        bus: where commits come from.
        identity: how the server introduces itself.
        rights: answers questions about items.
        pause: gives others their turn in the middle of long work.
        monotonic: seconds, for time-outs.
        limits: what a connection may take.

    Attributes:
        has_buttons: whether a push button is there that a user could press.
    """

    ignores_binary = True  # nymea 1.4
    answers_too_large = False

    def __init__(
        self,
        directory: Directory,
        bus: Bus,
        identity: Identity,
        rights: Rights,
        *,
        pause: Callable[[], Awaitable[None]],
        monotonic: Callable[[], float],
        limits: Limits = Limits(),
    ) -> None:
        self.catalogue = catalogue
        self.directory = directory
        self.bus = bus
        self.identity = identity
        self.rights = rights
        self.pause = pause
        self.monotonic = monotonic
        self.limits = limits
        self.most_before_sign_in = limits.message_before_sign_in
        self.has_buttons = False
        self.desk: PairingDesk[Session] = PairingDesk()
        self.subscribers: dict[Session, None] = {}
        self._notified = 0
        bus.join(self.announce)

    def session(self, peer: Peer, *, authentication: bool, source: str) -> Session:
        """Begin a conversation with *peer*."""
        return Session(self, peer, authentication=authentication, source=source)

    def announce(self, commit: Commit) -> None:
        """Tell subscribers who manage users, and the user concerned, what happened."""
        for change in commit.changes:
            if (said := announcement(change)) is None:
                continue
            if not self.subscribers:
                self._notified += 1  # counted all the same; nymea 2.10
                continue
            message = self._notification(said.name, said.params())
            for session in tuple(self.subscribers):
                user = session.user
                if not session.authentication or (
                    user and (manages_users(session.scopes) or user.id == said.concerns)
                ):
                    session.peer.push(message)

    async def press(self) -> None:
        """Let the device in that waits for the push of a button.

        Raises:
            RefusedError: NOTHING_TO_PAIR, TEXT_INVALID, STORAGE_FAILED.
        """
        waiting = self.desk.take()
        if waiting is None:
            raise RefusedError(Reason.NOTHING_TO_PAIR)
        try:
            signed_in = await pair(self.directory, waiting.device_name)
        except RefusedError:
            self.finish_pairing(waiting.requester, waiting.number, None)
            raise
        principal = await self.bus.resolve(signed_in.secret)
        if not principal:  # revoked already
            self.finish_pairing(waiting.requester, waiting.number, None)
        elif waiting.requester.open:
            waiting.requester.bind(signed_in.secret, principal)
            self.finish_pairing(waiting.requester, waiting.number, signed_in.secret)
        else:  # it left while the token was being written
            await take_back(self.directory, principal)

    async def generate_token(self, device_name: str) -> str:
        """Give a token as if the button had been pressed for *device_name*.

        Raises:
            RefusedError: TEXT_INVALID, STORAGE_FAILED.
        """
        if waiting := self.desk.take():
            self.finish_pairing(waiting.requester, waiting.number, None)
        return (await pair(self.directory, device_name)).secret

    def request_pairing(self, session: Session, device_name: str) -> Waiting[Session]:
        """Let *session* wait for the button; whoever waited before is told of the end."""
        waiting, before = self.desk.request(session, device_name, self.monotonic())
        if before:
            self.finish_pairing(before.requester, before.number, None)
        return waiting

    def expire_pairing(self, now: float) -> None:
        """End the pairing that has waited too long, if there is one."""
        if waiting := self.desk.expire(now):
            self.finish_pairing(waiting.requester, waiting.number, None)

    def withdraw(self, session: Session) -> None:
        """Forget a session whose connection is gone."""
        self.subscribers.pop(session, None)
        self.desk.withdraw(session)

    def finish_pairing(self, session: Session, number: int, secret: str | None) -> None:
        """Tell the client that asked how its pairing ended, in both namespaces."""
        if self.desk.waiting is None or self.desk.waiting.requester is not session:
            session.pairing_ended()
        token = msgspec.UNSET if secret is None else secret
        for name, shape in (
            ("JSONRPC.PushButtonAuthFinished", PairingFinished),
            ("Users.PushButtonAuthFinished", UsersPairingFinished),
        ):
            message = self._notification(name, shape(secret is not None, number, token))
            session.peer.push(message)

    def _notification(self, name: str, params: msgspec.Struct) -> bytes:
        """Number a notification, whoever gets it; nymea 2.10."""
        number = self._notified
        self._notified += 1
        return envelope.notification(number, name, params)
