"""Sessions as the bus sees them, and who is signed in there."""

from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from keystead.domain.change import Change, Commit
from keystead.domain.model import (
    NO_LIMITS,
    Group,
    Principal,
    Scope,
    TokenId,
    TokenLimits,
    User,
    UserId,
)
from keystead.rpc.bus import Bus, LiveAnonymous, LiveUser
from keystead.rpc.session import Session

ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN)
BOB = User(UserId(b"b" * 16), "Bob", Scope.NONE)
CID = User(UserId(b"c" * 16), "Cid", Scope.CONTROL_THINGS)
TABLET, PHONE, BOBS, CIDS = (TokenId(UUID(int=number)) for number in (1, 2, 3, 4))


@dataclass(eq=False)
class Listener:
    """A session as the bus sees it.

    Attributes:
        revoked: how often it was signed out.
        renewed: what it was told to be signed in as instead, each time.
        heard: what it held at each time it was told that its rights have changed.
    """

    bus: Bus
    token_id: TokenId | None = None
    live: LiveUser | LiveAnonymous | None = None
    revoked: int = 0
    renewed: list[Principal] = field(default_factory=list)
    heard: list[Scope] = field(default_factory=list)

    def sign_in(
        self, user: User, token_id: TokenId, *groups: Group, limits: TokenLimits = NO_LIMITS
    ) -> LiveUser:
        """Follow a user from now on."""
        principal = Principal(user, token_id, groups, limits)
        live = self.bus.follow(cast("Session", self), principal)
        self.token_id, self.live = token_id, live
        return live

    def stay_anonymous(self) -> LiveAnonymous:
        """Want to hear what everybody may do."""
        self.live = self.bus.anonymous
        self.live.sessions.add(cast("Session", self))
        return self.live

    def sign_out(self) -> None:
        """Follow nobody any more."""
        assert self.live
        self.bus.unfollow(cast("Session", self), self.live)
        self.token_id = self.live = None

    def revoke(self) -> None:
        """Take note of having been signed out."""
        self.revoked += 1
        self.sign_out()

    def renew(self, principal: Principal) -> None:
        """Be signed in within other limits."""
        self.renewed.append(principal)
        self.sign_out()
        groups, limits = principal.groups, principal.limits
        self.sign_in(principal.user, principal.token_id, *groups, limits=limits)

    def rights_changed(self) -> None:
        """Take note of what is held now."""
        match self.live:
            case LiveUser(scopes=scopes):
                self.heard.append(scopes)
            case LiveAnonymous(group=group):
                self.heard.append(group.rights)
            case None:
                raise AssertionError("nobody is told who follows nobody")


def publish(bus: Bus, *changes: Change) -> Commit:
    """Let *bus* hear of one commit."""
    commit = Commit(1, changes)
    bus.publish(commit)
    return commit


def as_any(thing: object) -> Any:
    """Give *thing* as what mypy asks for."""
    return thing
