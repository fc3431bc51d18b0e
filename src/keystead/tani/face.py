"""The Tani side of this server: what all its sessions share."""

from collections.abc import Callable
from dataclasses import dataclass

from keystead.domain.access import manages_users
from keystead.domain.change import Commit, TokenExtended
from keystead.domain.directory import Directory
from keystead.rpc.bus import Bus
from keystead.rpc.session import Peer
from keystead.tani import envelope
from keystead.tani.events import users_changed
from keystead.tani.methods import catalogue
from keystead.tani.session import Session
from keystead.tani.types import EventName


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may take.

    Attributes:
        message_before_sign_in: bytes of one message.
        message: bytes of one message of somebody signed in.
    """

    message_before_sign_in: int = 64 * 1024
    message: int = 1024 * 1024


class Face:
    """Begins sessions, and tells them of changes.

    Args:
        directory: what the functions work on.
        bus: where commits come from.
        monotonic: seconds, for the ends of sessions.
        limits: what a connection may take.
    """

    ignores_binary = False  # Tani 5, 26
    answers_too_large = True

    def __init__(
        self,
        directory: Directory,
        bus: Bus,
        *,
        monotonic: Callable[[], float],
        limits: Limits = Limits(),
    ) -> None:
        self.catalogue = catalogue
        self.directory = directory
        self.bus = bus
        self.monotonic = monotonic
        self.limits = limits
        self.most_before_sign_in = limits.message_before_sign_in
        self.subscribers: dict[Session, None] = {}
        bus.join(self.announce)

    def session(self, peer: Peer, *, authentication: bool, source: str) -> Session:
        """Begin a conversation with *peer*."""
        return Session(self, peer, authentication=authentication, source=source)

    def announce(self, commit: Commit) -> None:
        """Tell those who want to know and may change users who was changed.

        Every connection of a session that is used on one of them hears how long it lasts now.
        """
        for change in commit.changes:
            if isinstance(change, TokenExtended):
                self._extend(change)
        if not self.subscribers or (said := users_changed(commit.changes)) is None:
            return
        message = envelope.event(EventName.UsersChanged, said)
        for session in tuple(self.subscribers):
            if EventName.UsersChanged in session.events and manages_users(session.scopes):
                session.peer.push(message)

    def _extend(self, extended: TokenExtended) -> None:
        for session in self.bus.sessions_of(extended.user_id):
            if isinstance(session, Session) and session.token_id == extended.token_id:
                session.expect_end(extended.expires)
