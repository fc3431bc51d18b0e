"""The nymea side of this server: what all its sessions share."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from keystead.domain.change import Commit
from keystead.domain.directory import Directory
from keystead.domain.model import Actor, Scope, UserId
from keystead.domain.pairing import PairingDesk, Waiting, pair, take_back
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.rights import Rights
from keystead.nymea import envelope
from keystead.nymea.access_news import (
    AccessPairing,
    NameOf,
    News,
    news,
    pairing_finished,
    pairing_requested,
)
from keystead.nymea.access_types import AuditCheck
from keystead.nymea.methods import catalogue
from keystead.nymea.notifications import (
    PairingFinished,
    UsersPairingFinished,
    announcement,
)
from keystead.nymea.session import Session
from keystead.rpc.bus import Bus
from keystead.rpc.session import Peer

PAIRINGS_TOLD = 10  # in a second, so that strangers who ask cannot bury administrators


@dataclass(frozen=True, slots=True)
class Identity:
    """How the server introduces itself.

    Attributes:
        fingerprint: gives that of the certificate which encrypted listeners show now, if any.
        plain_listeners: addresses that other machines reach without encryption.
        audit_key: gives the public key of the audit trail, in PEM; None where none was made yet.
    """

    name: str
    uuid: UUID
    version: str
    fingerprint: Callable[[], str | None] = lambda: None
    plain_listeners: tuple[str, ...] = ()
    audit_key: Callable[[], bytes | None] = lambda: None


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
        name_of: gives the name of a user at once, None when there is no such user.
        pause: gives others their turn in the middle of long work.
        monotonic: seconds, for time-outs.
        limits: what a connection may take.

    Attributes:
        has_buttons: whether a push button is there that a user could press.
        subscribers: the namespaces that sessions want to be notified of, if any.
        audit_check: what the last check of the audit trail found; None before the first.
    """

    announces = frozenset({"Access", "Users"})  # namespaces that tell subscribers of changes
    ignores_binary = True  # nymea 1.4
    answers_too_large = False

    def __init__(
        self,
        directory: Directory,
        bus: Bus,
        identity: Identity,
        rights: Rights,
        *,
        name_of: NameOf,
        pause: Callable[[], Awaitable[None]],
        monotonic: Callable[[], float],
        limits: Limits = Limits(),
    ) -> None:
        self.catalogue = catalogue
        self.directory = directory
        self.bus = bus
        self.identity = identity
        self.rights = rights
        self.name_of = name_of
        self.pause = pause
        self.monotonic = monotonic
        self.limits = limits
        self.most_before_sign_in = limits.message_before_sign_in
        self.has_buttons = False
        self.desk: PairingDesk[Session] = PairingDesk()
        self.subscribers: dict[Session, frozenset[str]] = {}
        self._notified = 0
        self._access_notified = 0
        self._pairings_told: deque[float] = deque(maxlen=PAIRINGS_TOLD)  # when
        self._pairing_told = 0  # the number of the last
        self.audit_check: AuditCheck | None = None
        bus.join(self.announce)

    def session(self, peer: Peer, *, authentication: bool, source: str) -> Session:
        """Begin a conversation with *peer*."""
        return Session(self, peer, authentication=authentication, source=source)

    def announce(self, commit: Commit) -> None:
        """Tell subscribers who manage users, and the user concerned, what happened."""
        announced = [said for change in commit.changes if (said := announcement(change))]
        if not self.subscribers:
            self._notified += len(announced)  # counted all the same; nymea 2.10
            return
        for said in announced:
            message = self._notification(said.name, said.params())
            self._push("Users", message, Scope.USER_EDIT, said.concerns)
        if any("Access" in wanted for wanted in self.subscribers.values()):
            for one in news(commit.changes, self.name_of):
                self._tell(one)

    async def press(self) -> None:
        """Let the device in that waits for the push of a button.

        Raises:
            RefusedError: NOTHING_TO_PAIR, TEXT_INVALID, STORAGE_FAILED.
        """
        await self._let_in(self.desk.take(), self.directory, None)

    async def confirm_pairing(self, number: int, directory: Directory, actor: Actor) -> None:
        """Let in the device whose request has that number, as *actor* says.

        Raises:
            RefusedError: NOTHING_TO_PAIR when that request does not wait any more,
                NOT_SIGNED_IN, FORBIDDEN, TEXT_INVALID, STORAGE_FAILED.
        """
        if not await self._let_in(self.desk.take(number), directory, actor):
            raise RefusedError(Reason.NOTHING_TO_PAIR)

    def refuse_pairing(self, number: int) -> Waiting[Session]:
        """End the request that has that number, and give it.

        Raises:
            RefusedError: NOTHING_TO_PAIR when it does not wait any more.
        """
        waiting = self.desk.take(number)
        if waiting is None:
            raise RefusedError(Reason.NOTHING_TO_PAIR)
        self.finish_pairing(waiting.requester, waiting.number, None)
        return waiting

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
        told, now = self._pairings_told, self.monotonic()
        if len(told) < PAIRINGS_TOLD or now - told[0] >= 1:
            told.append(now)
            self._pairing_told = waiting.number
            self._tell(pairing_requested(self.shown(waiting)))
        return waiting

    def shown(self, waiting: Waiting[Session]) -> AccessPairing:
        """Show who waits."""
        left = timedelta(seconds=waiting.until - self.monotonic())
        until = max(0, int((self.directory.clock() + left).timestamp()))
        source = waiting.requester.source
        return AccessPairing(waiting.number, waiting.device_name, source, until)

    def expire_pairing(self, now: float) -> None:
        """End the pairing that has waited too long, if there is one."""
        if waiting := self.desk.expire(now):
            self.finish_pairing(waiting.requester, waiting.number, None)

    def withdraw(self, session: Session) -> None:
        """Forget a session whose connection is gone."""
        self.subscribers.pop(session, None)
        if waiting := self.desk.withdraw(session):
            self._tell_end(waiting.number, success=False)

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
        self._tell_end(number, success=secret is not None)

    async def _let_in(
        self, waiting: Waiting[Session] | None, directory: Directory, actor: Actor | None
    ) -> bool:
        """Let a device in; tell whether it was still there, and its token still good.

        Raises:
            RefusedError: NOTHING_TO_PAIR when there is none, and everything that ``pair``
                refuses.
        """
        if waiting is None:
            raise RefusedError(Reason.NOTHING_TO_PAIR)
        requester, number = waiting.requester, waiting.number
        try:
            signed_in = await pair(directory, waiting.device_name, actor)
        except RefusedError:
            self.finish_pairing(requester, number, None)
            raise
        principal = await self.bus.present(signed_in.principal)
        if not principal:  # revoked already
            self.finish_pairing(requester, number, None)
            return False
        if not requester.open:  # it left while the token was being written
            await take_back(self.directory, principal)
            self._tell_end(number, success=False)
            return False
        requester.bind(signed_in.secret, principal)
        requester.directory.used(principal)
        self.finish_pairing(requester, number, signed_in.secret)
        return True

    def _tell_end(self, number: int, *, success: bool) -> None:
        """Tell administrators how a request ended, if they were told that it began."""
        if number == self._pairing_told:
            self._tell(pairing_finished(number, success=success))

    def _tell(self, said: News) -> None:
        """Tell subscribers of the namespace ``Access``, whose notifications count by themselves."""
        message = envelope.notification(self._access_notified, said.name, said.params)
        self._access_notified += 1
        self._push("Access", message, said.needs, said.concerns)

    def _push(
        self, namespace: str, message: bytes, needs: Scope, concerns: UserId | None
    ) -> None:
        """Send a notification to those who want it and may have it."""
        for session, wanted in tuple(self.subscribers.items()):
            user = session.user
            if namespace in wanted and (
                not session.authentication
                or (user and (needs in session.scopes or user.id == concerns))
            ):
                session.peer.push(message)

    def _notification(self, name: str, params: msgspec.Struct) -> bytes:
        """Number a notification, whoever gets it; nymea 2.10."""
        number = self._notified
        self._notified += 1
        return envelope.notification(number, name, params)
