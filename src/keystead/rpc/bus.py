"""Carries every commit to the sessions and protocols of this server, in order."""

from collections.abc import Callable

from keystead.domain.change import Commit, UserAdded, user_id
from keystead.domain.model import Principal, UserId
from keystead.domain.ports import Reader
from keystead.domain.tokens import principal_of
from keystead.rpc.session import Session


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
        self._sessions: dict[UserId, set[Session]] = {}
        self._announcers: list[Callable[[Commit], None]] = []

    def join(self, announce: Callable[[Commit], None]) -> None:
        """Call *announce* with every commit, after all sessions have their new rights."""
        self._announcers.append(announce)

    def publish(self, commit: Commit) -> None:
        """Bring every session up to date with *commit*, then announce it."""
        self._heard += 1
        for change in commit.changes:
            if isinstance(change, UserAdded):
                self.ever_had_account = True
            for session in tuple(self._sessions.get(user_id(change), ())):
                session.revise(change)
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

    def follow(self, session: Session, principal: Principal) -> None:
        """Let *session* hear of changes to the user it is signed in as."""
        self._sessions.setdefault(principal.user.id, set()).add(session)

    def unfollow(self, session: Session, principal: Principal) -> None:
        """Let *session* hear no more of changes to that user."""
        sessions = self._sessions.get(principal.user.id, set())
        sessions.discard(session)
        if not sessions:
            self._sessions.pop(principal.user.id, None)
