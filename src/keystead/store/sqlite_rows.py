"""What the rows of an SQLite file mean, as values of the domain."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from keystead.domain.model import (
    ALWAYS,
    NO_LIMITS,
    Group,
    ItemRule,
    LastUse,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    TokenLimits,
    User,
    Validity,
)
from keystead.domain.throttle import Attempts

Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_scope = cache(Scope)  # there are few, and making one takes longer than the rest of a row
_rules = msgspec.json.Decoder(tuple[ItemRule, ...])
_limits = msgspec.json.Decoder(
    tuple[int | None, tuple[UUID, ...] | None, tuple[ItemRule, ...] | None]
)


def user(row: Row) -> User:
    """Read a user from the first nine columns of ten."""
    user_id, name, scopes, display_name, email, packed, enabled, since, until, _ = row
    things = _things(packed) if packed else ()
    validity = ALWAYS
    if not enabled or since is not None or until is not None:
        validity = Validity(bool(enabled), optional_moment(since), optional_moment(until))
    # What User(...) does, without the detour through Python; lists of all users are made of it.
    return tuple.__new__(
        User, (user_id, name, _scope(scopes), display_name, email, things, validity)
    )


def details(user: User) -> Row:
    """Give what of a user can change, in the order of the columns."""
    things = b"".join([thing.bytes for thing in user.things])
    enabled, since, until = user.validity
    return (
        int(user.scopes),
        user.display_name,
        user.email,
        things,
        enabled,
        optional_microseconds(since),
        optional_microseconds(until),
    )


def group(row: Sequence[Any]) -> Group:
    """Read a group."""
    group_id, name, rights = row
    return Group(group_id, name, _scope(rights))


def items(encoded: bytes | None) -> tuple[ItemRule, ...]:
    """Read rules; none where there is no row."""
    return _rules.decode(encoded) if encoded else ()


def token(row: Row) -> Token:
    """Read a token."""
    token_id, user_id, device_name, created, kind, expires, encoded, used, source = row
    return Token(
        TokenId(UUID(bytes=token_id)),
        user_id,
        device_name,
        moment(created),
        TokenKind(kind),
        optional_moment(expires),
        limits(encoded),
        None if used is None else LastUse(moment(used), source),
    )


def token_row(token: Token, digest: bytes) -> Row:
    """Give the columns of a token."""
    used = token.last_used
    return (
        token.id.bytes,
        digest,
        token.user_id,
        token.device_name,
        microseconds(token.created),
        token.kind.value,
        optional_microseconds(token.expires),
        encoded_limits(token.limits),
        microseconds(used.time) if used else None,
        used.source if used else "",
    )


def limits(encoded: bytes | None) -> TokenLimits:
    """Read what a token is limited to."""
    if encoded is None:
        return NO_LIMITS
    scopes, things, rules = _limits.decode(encoded)
    return TokenLimits(
        None if scopes is None else Scope(scopes),
        None if things is None else tuple(ThingId(thing) for thing in things),
        rules,
    )


def encoded_limits(limits: TokenLimits) -> bytes | None:
    """Write what a token is limited to; None for nothing."""
    if limits == NO_LIMITS:
        return None
    scopes = None if limits.scopes is None else int(limits.scopes)
    return msgspec.json.encode((scopes, limits.things, limits.items))


def attempts(row: Row) -> Attempts:
    """Read what is known of sign-ins."""
    account, source, failures, last, known = row
    return Attempts(account, source, failures, moment(last), bool(known))


def moment(count: int) -> datetime:
    """Give the time so many microseconds after 1970 began."""
    return _EPOCH + count * _MICROSECOND


def optional_moment(count: int | None) -> datetime | None:
    """Give a time, or None for null."""
    return None if count is None else moment(count)


def microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970 began."""
    return (moment - _EPOCH) // _MICROSECOND


def optional_microseconds(moment: datetime | None) -> int | None:
    """Count the microseconds since 1970 began; null for None."""
    return None if moment is None else microseconds(moment)


def _things(packed: bytes) -> tuple[ThingId, ...]:
    return tuple(ThingId(UUID(bytes=packed[i : i + 16])) for i in range(0, len(packed), 16))
