"""What the audit trail tells: who did what, from where, and what came of it."""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple, assert_never

from keystead.domain.change import (
    Change,
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
    ALWAYS,
    NO_LIMITS,
    Actor,
    Group,
    Owner,
    Principal,
    Scope,
    Token,
    TokenId,
    TokenKind,
    User,
    Validity,
)
from keystead.domain.scopes import names_of


class Action(Enum):
    """Closed list of what is audited; the values are what the trail says, for ever.

    Source: IEC 62443-4-2 CR 2.8 for the kinds of events.
    """

    START = "server.start"
    STOP = "server.stop"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    DENIED = "denied"  # rights were missing
    LOCK = "sign-in.lock"
    UNLOCK = "sign-in.unlock"
    PAIRING = "pairing"
    USER_ADDED = "user.added"
    USER_CHANGED = "user.changed"
    USER_REMOVED = "user.removed"
    USER_GROUPS = "user.groups"
    USER_ITEMS = "user.items"
    PASSWORD = "user.password"  # noqa: S105 - an action
    GROUP_ADDED = "group.added"
    GROUP_CHANGED = "group.changed"
    GROUP_REMOVED = "group.removed"
    GROUP_ITEMS = "group.items"
    TOKEN_ADDED = "token.added"  # noqa: S105 - an action
    TOKEN_CHANGED = "token.changed"  # noqa: S105 - an action
    TOKEN_ROTATED = "token.rotated"  # noqa: S105 - an action
    TOKEN_REMOVED = "token.removed"  # noqa: S105 - an action
    IMPORT = "import"
    EXPORT = "export"
    BACKUP = "backup"
    RESTORE = "restore"  # what comes after the events of a backup that was put in place
    CERTIFICATE = "certificate"
    AUDIT_CUT = "audit.cut"  # old events were removed, as the rules for keeping them say
    AUDIT_FILLING = "audit.filling"  # old events will be removed before long
    AUDIT_GAP = "audit.gap"  # events could not be written


class Outcome(Enum):
    """What came of it."""

    SUCCESS = "success"
    FAILURE = "failure"  # what was shown was wrong: a password, a key, a file
    REFUSED = "refused"  # the rules say no


class Origin(NamedTuple):
    """Where a request comes from.

    Attributes:
        face: the protocol: "nymea", "tani", "control" for the owner's commands, or "server" for
            what nobody asked for.
        source: an IPv4 address, an IPv6 network of 64 bits, "local" for this machine's owner.
    """

    face: str = "server"
    source: str = ""


UNASKED = Origin()


class Author(NamedTuple):
    """Who did it.

    Attributes:
        kind: "user", "owner" of the data folder, "nobody" while not signed in, or "server".
        name: of the account, as it was then.
        id: of the account, hexadecimal.
    """

    kind: str = "server"
    name: str = ""
    id: str = ""
    token_id: TokenId | None = None
    origin: Origin = UNASKED


SERVER = Author()


class Entry(NamedTuple):
    """One thing to be told, before it has its place in the trail.

    Attributes:
        object: what it was done to: the name of an account or a group, the id of a token, the
            method that was denied. Never what a stranger typed for a name: people type their
            passwords there.
        object_id: of an account or a group, hexadecimal.
        detail: what else there is to know, as pairs of key and text.
        times: how often it happened, one after the other.
    """

    author: Author
    action: Action
    object: str = ""
    object_id: str = ""
    outcome: Outcome = Outcome.SUCCESS
    detail: tuple[tuple[str, str], ...] = ()
    times: int = 1


class StoredEvent(NamedTuple):
    """An entry in its place in the trail, as a store keeps it.

    Attributes:
        sequence: counts from 1, without gaps.
        body: the event as it was encoded once; ``keystead.audit`` reads and writes it.
        digest: SHA-256 over the digest before it and *body*.
    """

    sequence: int
    body: bytes
    digest: bytes


class StoredCheckpoint(NamedTuple):
    """What vouches for events that were removed, as a store keeps it.

    Attributes:
        sequence: of the last event that it covers.
        body: what was signed; ``keystead.audit`` reads and writes it.
        signature: by this server's audit key.
    """

    sequence: int
    body: bytes
    signature: bytes


def author_of(actor: Actor | User | None, origin: Origin) -> Author:
    """Describe who acts: None while nobody is signed in, a user who is just signing in."""
    match actor:  # patterns that name attributes take twice as long
        case User():
            return Author("user", actor.name, actor.id.hex(), None, origin)
        case Principal():
            user = actor.user
            return Author("user", user.name, user.id.hex(), actor.token_id, origin)
        case Owner():
            return Author("owner", origin=origin)
        case None:
            return Author("nobody", origin=origin)
        case _:
            assert_never(actor)


def entry_of(  # noqa: C901, PLR0912 - a branch a change
    change: Change, author: Author
) -> Entry | None:
    """Say how *change* is told; None for what only keeps things as they are."""
    match change:
        case UserAdded(user=user):
            return _about_user(author, Action.USER_ADDED, user)
        case UserChanged(user=user):
            return _about_user(author, Action.USER_CHANGED, user)
        case UserRemoved(user=user):
            return Entry(author, Action.USER_REMOVED, user.name, user.id.hex())
        case MembershipsChanged(user=user, groups=groups):
            named = (("groups", ", ".join(group.name for group in groups)),)
            return Entry(author, Action.USER_GROUPS, user.name, user.id.hex(), detail=named)
        case UserItemsChanged(user=user, items=items):
            counted = (("rules", str(len(items))),)
            return Entry(author, Action.USER_ITEMS, user.name, user.id.hex(), detail=counted)
        case PasswordChanged(user_id=user_id):
            return Entry(author, Action.PASSWORD, object_id=user_id.hex())
        case GroupAdded(group=group):
            return _about_group(author, Action.GROUP_ADDED, group)
        case GroupChanged(group=group):
            return _about_group(author, Action.GROUP_CHANGED, group)
        case GroupRemoved(group=group):
            return Entry(author, Action.GROUP_REMOVED, group.name, group.id.hex())
        case GroupItemsChanged(group=group, items=items):
            counted = (("rules", str(len(items))),)
            return Entry(author, Action.GROUP_ITEMS, group.name, group.id.hex(), detail=counted)
        case TokenAdded(token=token):
            return _about_token(author, Action.TOKEN_ADDED, token)
        case TokenChanged(token=token):
            return _about_token(author, Action.TOKEN_CHANGED, token)
        case TokenRotated():
            return _about_secret(author, Action.TOKEN_ROTATED, change)
        case TokenRemoved():
            return _about_secret(author, Action.TOKEN_REMOVED, change)
        case PasswordRehashed() | TokenExtended():
            return None
        case _:
            assert_never(change)


def _about_user(author: Author, action: Action, user: User) -> Entry:
    detail = _told_scopes(user.scopes)
    if user.things:
        detail += (("things", str(len(user.things))),)
    if user.validity != ALWAYS:
        detail += _told_validity(user.validity)
    return Entry(author, action, user.name, user.id.hex(), Outcome.SUCCESS, detail)


@lru_cache(maxsize=256)
def _told_scopes(scopes: Scope) -> tuple[tuple[str, str], ...]:
    return (("scopes", ", ".join(names_of(scopes))),)


def _told_validity(validity: Validity) -> tuple[tuple[str, str], ...]:
    enabled, since, until = validity
    told = () if enabled else (("enabled", "no"),)
    bounds = (("since", since), ("until", until))
    return told + tuple((name, bound.isoformat()) for name, bound in bounds if bound)


def _about_token(author: Author, action: Action, token: Token) -> Entry:
    detail = [("device", token.device_name), ("kind", token.kind.value)]
    if token.expires and token.kind is TokenKind.DEVICE:
        detail.append(("expires", token.expires.isoformat()))
    if token.limits != NO_LIMITS:
        detail.append(("limited", "yes"))
    return Entry(author, action, str(token.id), token.user_id.hex(), detail=tuple(detail))


def _about_secret(author: Author, action: Action, change: TokenRotated | TokenRemoved) -> Entry:
    device = (("device", change.device_name),) if change.device_name else ()
    return Entry(author, action, str(change.token_id), change.user_id.hex(), detail=device)


def _about_group(author: Author, action: Action, group: Group) -> Entry:
    rights = (("rights", ", ".join(names_of(group.rights))),)
    return Entry(author, action, group.name, group.id.hex(), detail=rights)
