"""The things the directory knows about, as immutable values. None of them holds a secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntFlag
from typing import NamedTuple, NewType
from uuid import UUID

UserId = NewType("UserId", bytes)  # 16 random bytes, never used again after a removal
GroupId = NewType("GroupId", bytes)  # the same
TokenId = NewType("TokenId", UUID)
ThingId = NewType("ThingId", UUID)

PUSH_BUTTON_USER = ""  # the nameless account that owns the tokens of paired devices (nymea 4.5)
ANONYMOUS = "anonymous"  # the reserved group: what everybody may do, signed in or not
ANONYMOUS_ID = GroupId(bytes(16))


class Scope(IntFlag):
    """What an account may do. A scope is *held* when all its bits are set.

    The first group keeps nymea's published values; the three rights of Tani are further bits
    inside ``ADMIN``, so that an administrator holds them by arithmetic.

    >>> Scope.CONFIGURE_THINGS in Scope.ADMIN
    True
    >>> Scope.CONFIGURE_THINGS in Scope.CONTROL_THINGS
    False

    Source: nymea 4.3; the last three are our choice.
    """

    NONE = 0
    CONTROL_THINGS = 0x0001
    CONFIGURE_THINGS = 0x0003
    ACCESS_ALL_THINGS = 0x0004
    EXECUTE_RULES = 0x0010
    CONFIGURE_RULES = 0x0030
    USER_EDIT = 0x0100
    EDITOR = 0x0200
    DIAG = 0x0400
    ADMIN = 0xFFFF

    __hash__ = int.__hash__  # that of enums goes through Python, for every look-up

    def __contains__(self, other: "Scope") -> bool:  # as of enums, without looking at the class
        return self._value_ & other._value_ == other._value_


class ItemRule(NamedTuple):
    """A right on items of the plant: to read, and to write if it says so.

    Attributes:
        name: browse names joined with dots, such as ``Objects.Plant.Boiler``.
        is_prefix: the rule covers what lies below *name*, too. Written with a trailing dot it
            covers only that; with the empty name it covers everything.
        may_write: it gives the right to write besides that to read.

    Source: Tani 3; matching at the boundaries of segments is our choice (Tani 5, 13).
    """

    name: str
    is_prefix: bool = False
    may_write: bool = False


EVERY_ITEM = ItemRule("", is_prefix=True, may_write=True)


class Validity(NamedTuple):
    """When an account opens anything.

    Attributes:
        enabled: somebody who manages users has not switched it off.
        since: aware, UTC; None for ever since.
        until: the first moment at which it does not any more; None for never.
    """

    enabled: bool = True
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether the account opens anything at this time."""
        return (
            self.enabled
            and (self.since is None or self.since <= now)
            and (self.until is None or now < self.until)
        )


ALWAYS = Validity()


class User(NamedTuple):
    """An account: a person, a service, or the nameless owner of paired devices.

    A tuple rather than a dataclass, because lists of all users are made of it: it is built in
    a fifth of the time.

    Attributes:
        name: as it was given; unique under ``names.key``.
        things: the things this user sees without ``ACCESS_ALL_THINGS``, in the order given.
    """

    id: UserId
    name: str
    scopes: Scope
    display_name: str = ""
    email: str = ""
    things: tuple[ThingId, ...] = ()
    validity: Validity = ALWAYS


class Group(NamedTuple):
    """What its members may do besides what they may do on their own.

    Attributes:
        name: as it was given; unique under ``names.key``, apart from the names of users.
        rights: of ``scopes.TANI_RIGHTS``.
    """

    id: GroupId
    name: str
    rights: Scope = Scope.NONE


class Account(NamedTuple):
    """A user with all that belongs to them.

    Attributes:
        groups: in the order given.
        items: their own rules, without those of their groups.
    """

    user: User
    has_password: bool
    groups: tuple[Group, ...] = ()
    items: tuple[ItemRule, ...] = ()


class GroupEntry(NamedTuple):
    """A group with its rules on items."""

    group: Group
    items: tuple[ItemRule, ...] = ()


class TokenKind(Enum):
    """What a token is for; one of a kind opens nothing that asks for another."""

    DEVICE = "device"
    SESSION = "session"  # of a web page: it survives a reload, not a long absence


class TokenLimits(NamedTuple):
    """What makes a token narrower than its owner; None where it is not.

    Attributes:
        scopes: it holds none but these.
        things: it sees none but these.
        items: it reads and writes nothing but what these rules allow, too.
    """

    scopes: Scope | None = None
    things: tuple[ThingId, ...] | None = None
    items: tuple[ItemRule, ...] | None = None


NO_LIMITS = TokenLimits()


class LastUse(NamedTuple):
    """When a token was used last, and from where; written down a little later."""

    time: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a device shows instead of a password. The secret itself is nowhere kept.

    Attributes:
        device_name: what the owner called the device, so that it can be revoked when lost.
        created: aware, UTC.
        expires: when it stops to open anything; aware, UTC, None for never.
        last_used: None for never.
    """

    id: TokenId
    user_id: UserId
    device_name: str
    created: datetime
    kind: TokenKind = TokenKind.DEVICE
    expires: datetime | None = None
    limits: TokenLimits = NO_LIMITS
    last_used: LastUse | None = None


class Principal(NamedTuple):
    """An account together with its groups and the token that it signed in with.

    A tuple rather than a dataclass, because every change makes several.

    Attributes:
        user: the account as it is stored; the token may be narrower.
        expires: when the token stops to open anything; None for never.
    """

    user: User
    token_id: TokenId
    groups: tuple[Group, ...] = ()
    limits: TokenLimits = NO_LIMITS
    expires: datetime | None = None

    @property
    def scopes(self) -> Scope:
        """Give what is held: by the account and its groups, as far as the token allows."""
        return narrowed(with_groups(self.user.scopes, self.groups), self.limits)

    @property
    def things(self) -> tuple[ThingId, ...]:
        """Give the things that are seen without ``ACCESS_ALL_THINGS``."""
        return things_within(self.user, self.limits)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever owns the data folder or sits at a listener without authentication: may do all."""


Actor = Principal | Owner
OWNER = Owner()


def with_groups(scopes: Scope, groups: Iterable[Group]) -> Scope:
    """Add the rights of *groups* to *scopes*.

    Source: Tani 5, 9: all rights add up, none takes another away.
    """
    for group in groups:
        scopes |= group.rights
    return scopes


NAMED_SCOPES = (  # all that have a name but ``ADMIN``, which is more than all of them
    Scope.CONFIGURE_THINGS
    | Scope.ACCESS_ALL_THINGS
    | Scope.CONFIGURE_RULES
    | Scope.USER_EDIT
    | Scope.EDITOR
    | Scope.DIAG
)


def narrowed(scopes: Scope, limits: TokenLimits) -> Scope:
    """Give what a token holds whose owner holds *scopes*.

    Whoever is limited to some things or items is no administrator, who may do everything.

    >>> Scope.ADMIN in narrowed(Scope.ADMIN, TokenLimits(items=()))
    False
    """
    if limits.scopes is not None:
        scopes &= limits.scopes
    if limits.items is not None:
        scopes &= NAMED_SCOPES
    return scopes if limits.things is None else scopes & ~Scope.ACCESS_ALL_THINGS


def things_within(user: User, limits: TokenLimits) -> tuple[ThingId, ...]:
    """Give the things that a token of *user* sees without ``ACCESS_ALL_THINGS``."""
    if limits.things is None:
        return user.things
    if Scope.ACCESS_ALL_THINGS in user.scopes:
        return limits.things
    return tuple(thing for thing in user.things if thing in limits.things)
