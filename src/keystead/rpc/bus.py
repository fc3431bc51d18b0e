"""Carries every commit to the sessions and protocols of this server, in order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from keystead.domain.change import (
    Change,
    Commit,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    Group,
    GroupId,
    Principal,
    Scope,
    TokenKind,
    User,
    UserId,
    with_groups,
)
from keystead.domain.ports import Clock, Reader
from keystead.domain.tokens import principal_of
from keystead.rpc.session import Session

NO_RIGHTS = Group(ANONYMOUS_ID, ANONYMOUS)


@dataclass(slots=True, eq=False)
class LiveUser:
    """A user whom somebody is signed in as, always as of now; shared by all their sessions.

    Attributes:
        scopes: what they hold on their own and by their groups.
        kept: replies that stay the same while the user does, by method.
    """

    user: User
    groups: tuple[Group, ...] = ()
    scopes: Scope = Scope.NONE
    sessions: set[Session] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scopes = with_groups(self.user.scopes, self.groups)


@dataclass(slots=True, eq=False)
class LiveAnonymous:
    """Whoever is not signed in, always as of now.

    Attributes:
        group: what everybody may do, signed in or not.
        sessions: those that want to hear of it.
        kept: as of ``LiveUser``.
    """

    group: Group
    sessions: set[Session] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)


Live = LiveUser | LiveAnonymous


class Bus:
    """Knows who is signed in where, and hears of every commit first.

    Args:
        reader: committed data.
        clock: the time of day, at which tokens expire.
        ever_had_account: whether the directory has ever had an account at the start.
        anonymous: the group of everybody at the start.

    Attributes:
        ever_had_account: False only while the very first account may be made.
        anonymous: whoever is not signed in.
    """

    def __init__(
        self,
        reader: Reader,
        clock: Clock,
        *,
        ever_had_account: bool,
        anonymous: Group = NO_RIGHTS,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self.ever_had_account = ever_had_account
        self.anonymous = LiveAnonymous(anonymous)
        self._heard = 0
        self._users: dict[UserId, LiveUser] = {}
        self._announcers: list[Callable[[Commit], None]] = []

    def join(self, announce: Callable[[Commit], None]) -> None:
        """Call *announce* with every commit, after all sessions have their new rights."""
        self._announcers.append(announce)

    def publish(self, commit: Commit) -> None:
        """Bring every session up to date with *commit*, then announce it."""
        self._heard += 1
        touched: dict[Live, None] = {}
        for change in commit.changes:
            for live in self._apply(change):
                live.kept = {}
                touched[live] = None
        for live in touched:
            for session in tuple(live.sessions):
                session.rights_changed()
        for announce in self._announcers:
            announce(commit)

    async def resolve(
        self, secret: str, kind: TokenKind = TokenKind.DEVICE
    ) -> Principal | None:
        """Find whom a token's *secret* belongs to, as of now.

        A caller that binds the result to a session without awaiting anything in between
        misses no change.
        """
        while True:
            heard = self._heard
            principal = await principal_of(self._reader, secret, kind, self._clock())
            if self._heard == heard:
                return principal

    def follow(self, session: Session, principal: Principal) -> LiveUser:
        """Keep what *session* is signed in as up to date, and end it with its token."""
        live = self._users.get(principal.user.id)
        if live is None:
            live = self._users[principal.user.id] = LiveUser(principal.user, principal.groups)
        live.sessions.add(session)
        return live

    def unfollow(self, session: Session, live: Live) -> None:
        """Forget a session that is signed in no more."""
        live.sessions.discard(session)
        if isinstance(live, LiveUser) and not live.sessions:
            self._users.pop(live.user.id, None)

    def sessions_of(self, user_id: UserId) -> tuple[Session, ...]:
        """Give the sessions that are signed in as a user."""
        live = self._users.get(user_id)
        return tuple(live.sessions) if live else ()

    def _apply(self, change: Change) -> Iterable[Live]:  # noqa: C901, PLR0912 - a branch a change
        """Take note of *change*; give those whose rights it concerns."""
        match change:
            case UserAdded():
                self.ever_had_account = True
                return ()
            case UserChanged(user=user):
                return self._replace(user, None)
            case MembershipsChanged(user=user, groups=groups):
                return self._replace(user, groups)
            case UserItemsChanged(user=user):
                return [live] if (live := self._users.get(user.id)) else ()
            case UserRemoved(user=user):
                for session in self.sessions_of(user.id):
                    session.revoke()
                return ()
            case TokenRemoved(user_id=user_id, token_id=token_id):
                for session in self.sessions_of(user_id):
                    if session.token_id == token_id:
                        session.revoke()
                return ()
            case GroupChanged(group=group) | GroupItemsChanged(group=group):
                return self._replace_group(group.id, (group,))
            case GroupRemoved(group=group):
                return self._replace_group(group.id, ())
            case (
                PasswordChanged()
                | PasswordRehashed()
                | TokenAdded()
                | TokenExtended()
                | GroupAdded()
            ):
                return ()
            case _:
                assert_never(change)

    def _replace(self, user: User, groups: tuple[Group, ...] | None) -> Iterable[Live]:
        """Let a user be as they are now; give them back if that is about their rights."""
        live = self._users.get(user.id)
        if live is None:
            return ()
        has_same_rights = groups is None and user.scopes == live.user.scopes
        live.user = user
        live.groups = live.groups if groups is None else groups
        live.scopes = with_groups(user.scopes, live.groups)
        live.kept = {}
        return () if has_same_rights else (live,)

    def _replace_group(self, group_id: GroupId, present: tuple[Group, ...]) -> list[Live]:
        """Let every member of a group have what is *present* instead of it."""
        if group_id == ANONYMOUS_ID:
            self.anonymous.group = present[0] if present else NO_RIGHTS
            return [self.anonymous, *self._users.values()]
        members: list[Live] = []
        for live in self._users.values():
            if any(group.id == group_id for group in live.groups):
                live.groups = tuple(
                    kept
                    for group in live.groups
                    for kept in (present if group.id == group_id else (group,))
                )
                live.scopes = with_groups(live.user.scopes, live.groups)
                members.append(live)
        return members
