"""Carries every commit to the sessions and protocols of this server, in order."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, assert_never

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
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    NO_LIMITS,
    Group,
    GroupId,
    Principal,
    Scope,
    TokenId,
    TokenKind,
    TokenLimits,
    User,
    UserId,
    narrowed,
    things_within,
    with_groups,
)
from keystead.domain.ports import Clock, Reader
from keystead.domain.tokens import principal_of
from keystead.rpc.session import Session

T = TypeVar("T")

NO_RIGHTS = Group(ANONYMOUS_ID, ANONYMOUS)


@dataclass(slots=True, eq=False)
class LiveUser:
    """A user whom somebody is signed in as, always as of now.

    Shared by all their sessions whose tokens have the same limits.

    Attributes:
        user: as stored; the limits may make it less.
        scopes: what is held, by the user and their groups, within the limits.
        kept: replies that stay the same while the user does, by method.
    """

    user: User
    groups: tuple[Group, ...] = ()
    limits: TokenLimits = NO_LIMITS
    scopes: Scope = Scope.NONE
    sessions: set[Session] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mind_rights()

    def mind_rights(self) -> None:
        """Work out what is held now."""
        self.scopes = narrowed(with_groups(self.user.scopes, self.groups), self.limits)
        self.kept = {}

    @property
    def shown(self) -> User:
        """Give the user as they are within the limits."""
        if self.limits == NO_LIMITS:
            return self.user
        scopes = narrowed(self.user.scopes, self.limits)
        return self.user._replace(scopes=scopes, things=things_within(self.user, self.limits))

    def ends(self, expires: datetime | None) -> datetime | None:
        """Tell when nobody is signed in so any more whose token expires at that time."""
        until = self.user.validity.until
        return expires if until is None else until if expires is None else min(expires, until)

    def principal(self, token_id: TokenId, expires: datetime | None) -> Principal:
        """Give whoever is signed in so with a token that expires at that time."""
        return Principal(self.user, token_id, self.groups, self.limits, expires)


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
        self._newest: Commit | None = None
        self._users: dict[UserId, dict[TokenLimits, LiveUser]] = {}
        self._announcers: list[Callable[[Commit], None]] = []

    def join(self, announce: Callable[[Commit], None]) -> None:
        """Call *announce* with every commit, after all sessions have their new rights."""
        self._announcers.append(announce)

    def publish(self, commit: Commit) -> None:
        """Bring every session up to date with *commit*, then announce it."""
        self._newest = commit
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
        return await self._settled(
            lambda: principal_of(self._reader, secret, kind, self._clock())
        )

    async def present(self, principal: Principal) -> Principal | None:
        """Give *principal* as of now, like ``resolve``; None when the token opens nothing more."""
        user_id, token_id = principal.user.id, principal.token_id
        last = self._newest.changes[-1] if self._newest else None
        if isinstance(last, TokenAdded) and last.token.id == token_id:
            return principal  # nothing has happened since
        return await self._settled(
            lambda: self._reader.principal(user_id, token_id, self._clock())
        )

    async def _settled(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until no commit comes in between."""
        while True:
            newest = self._newest
            answer = await ask()
            if self._newest is newest:
                return answer

    def follow(self, session: Session, principal: Principal) -> LiveUser:
        """Keep what *session* is signed in as up to date, and end it with its token."""
        of_user = self._users.setdefault(principal.user.id, {})
        live = of_user.get(principal.limits)
        if live is None:
            live = LiveUser(principal.user, principal.groups, principal.limits)
            of_user[principal.limits] = live
        live.sessions.add(session)
        return live

    def unfollow(self, session: Session, live: Live) -> None:
        """Forget a session that is signed in no more."""
        live.sessions.discard(session)
        if isinstance(live, LiveUser) and not live.sessions:
            of_user = self._users.get(live.user.id, {})
            of_user.pop(live.limits, None)
            if not of_user:
                self._users.pop(live.user.id, None)

    def sessions_of(self, user_id: UserId) -> tuple[Session, ...]:
        """Give the sessions that are signed in as a user."""
        return tuple(session for live in self._live(user_id) for session in live.sessions)

    def users(self) -> Sequence[LiveUser]:
        """Give everybody who is signed in, each with their sessions."""
        return [live for of_user in self._users.values() for live in of_user.values()]

    def _live(self, user_id: UserId) -> Sequence[LiveUser]:
        return tuple(self._users.get(user_id, {}).values())

    def _sessions_with(self, user_id: UserId, token_id: TokenId) -> Sequence[Session]:
        return [s for s in self.sessions_of(user_id) if s.token_id == token_id]

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
                return self._live(user.id)
            case UserRemoved(user=user):
                for session in self.sessions_of(user.id):
                    session.revoke()
                return ()
            case (
                TokenRemoved(user_id=user_id, token_id=token_id)
                | TokenRotated(user_id=user_id, token_id=token_id)
            ):
                for session in self._sessions_with(user_id, token_id):
                    session.revoke()
                return ()
            case TokenChanged(token=token):
                for session in self._sessions_with(token.user_id, token.id):
                    live = self._live(token.user_id)[0]  # user and groups are the same in all
                    session.renew(
                        Principal(live.user, token.id, live.groups, token.limits, token.expires)
                    )
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
        if user.id not in self._users:
            return ()
        changed = []
        if not user.validity.holds(self._clock()):
            for session in self.sessions_of(user.id):
                session.revoke()
        for live in self._live(user.id):
            before, live.user = live.user, user
            live.kept = {}
            if groups is not None:
                live.groups = groups
            if groups is not None or user.scopes != before.scopes:
                live.mind_rights()
            elif user.validity == before.validity:
                continue
            changed.append(live)
        return changed

    def _replace_group(self, group_id: GroupId, present: tuple[Group, ...]) -> list[Live]:
        """Let every member of a group have what is *present* instead of it."""
        if group_id == ANONYMOUS_ID:
            self.anonymous.group = present[0] if present else NO_RIGHTS
            return [self.anonymous, *self.users()]
        members: list[Live] = []
        for live in self.users():
            if any(group.id == group_id for group in live.groups):
                live.groups = tuple(
                    kept
                    for group in live.groups
                    for kept in (present if group.id == group_id else (group,))
                )
                live.mind_rights()
                members.append(live)
        return members
