"""Carries every commit to the sessions and protocols of this server, in order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from keystead.domain.change import (
    Change,
    Commit,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Principal, User, UserId
from keystead.domain.ports import Reader
from keystead.domain.tokens import principal_of
from keystead.rpc.session import Session


@dataclass(slots=True)
class LiveUser:
    """A user whom somebody is signed in as, always as of now; shared by all their sessions.

    Attributes:
        kept: replies that stay the same while the user does, by method.
    """

    user: User
    sessions: set[Session] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)


class Bus:
    """Knows who is signed in where, and hears of every commit first.

    Args:
        reader: committed data.
        ever_had_account: whether the directory has ever had an account at the start.

    Attributes:
        ever_had_account: False only while the very first account may be made.
    """

    def __init__(self, reader: Reader, *, ever_had_account: bool) -> None:
        self._reader = reader
        self.ever_had_account = ever_had_account
        self._heard = 0
        self._users: dict[UserId, LiveUser] = {}
        self._announcers: list[Callable[[Commit], None]] = []

    def join(self, announce: Callable[[Commit], None]) -> None:
        """Call *announce* with every commit, after all sessions have their new rights."""
        self._announcers.append(announce)

    def publish(self, commit: Commit) -> None:
        """Bring every session up to date with *commit*, then announce it."""
        self._heard += 1
        for change in commit.changes:
            self._apply(change)
        for announce in self._announcers:
            announce(commit)

    async def resolve(self, secret: str) -> Principal | None:
        """Find whom a token's *secret* belongs to, as of now.

        A caller that binds the result to a session without awaiting anything in between
        misses no change.
        """
        while True:
            heard = self._heard
            principal = await principal_of(self._reader, secret)
            if self._heard == heard:
                return principal

    def follow(self, session: Session, principal: Principal) -> LiveUser:
        """Keep what *session* is signed in as up to date, and end it with its token."""
        live = self._users.setdefault(principal.user.id, LiveUser(principal.user))
        live.sessions.add(session)
        return live

    def unfollow(self, session: Session, live: LiveUser) -> None:
        """Forget a session that is signed in no more."""
        live.sessions.discard(session)
        if not live.sessions:
            self._users.pop(live.user.id, None)

    def _apply(self, change: Change) -> None:
        match change:
            case UserAdded():
                self.ever_had_account = True
            case UserChanged(user=user):
                if live := self._users.get(user.id):
                    live.user = user
                    live.kept = {}
            case UserRemoved(user=user):
                for session in self._sessions(user.id):
                    session.revoke()
            case TokenRemoved(user_id=user_id, token_id=token_id):
                for session in self._sessions(user_id):
                    if session.token_id == token_id:
                        session.revoke()
            case PasswordChanged() | PasswordRehashed() | TokenAdded():
                pass
            case _:
                assert_never(change)

    def _sessions(self, user_id: UserId) -> tuple[Session, ...]:
        live = self._users.get(user_id)
        return tuple(live.sessions) if live else ()
