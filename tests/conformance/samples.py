"""Users, groups, tokens and rules that the conformance tests write into stores."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from keystead.domain.change import GroupAdded, TokenAdded, UserAdded
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)
from tests.doubles import NOON

LAMP, DOOR = ThingId(UUID(int=1)), ThingId(UUID(int=2))
ANN = User(UserId(b"a" * 16), "Ann", Scope.ADMIN, "Ann Archer", "ann@example.org")
BOB = User(UserId(b"b" * 16), "Bob", Scope.CONTROL_THINGS, things=(LAMP, DOOR))
BOTH = (UserAdded(ANN, "ann's hash"), UserAdded(BOB, None))

TABLET = Token(TokenId(UUID(int=11)), ANN.id, "Ann's tablet", NOON)
PHONE = Token(TokenId(UUID(int=12)), ANN.id, "Ann's phone", NOON - timedelta(days=1))
BOBS = Token(TokenId(UUID(int=13)), BOB.id, "Bob's phone", NOON)
DIGESTS = {TABLET.id: b"t" * 32, PHONE.id: b"p" * 32, BOBS.id: b"q" * 32}
TOKENS = tuple(TokenAdded(token, DIGESTS[token.id]) for token in (TABLET, PHONE, BOBS))

IDLE = timedelta(hours=8)
BROWSER = Token(TokenId(UUID(int=14)), ANN.id, "a page", NOON, TokenKind.SESSION, NOON + IDLE)
BROWSER_DIGEST = b"w" * 32

EVERYBODY = Group(ANONYMOUS_ID, ANONYMOUS)
STAFF = Group(GroupId(b"s" * 16), "Staff", Scope.EDITOR)
NIGHT = Group(GroupId(b"n" * 16), "Night shift", Scope.EDITOR | Scope.DIAG)
GUESTS = Group(GroupId(b"g" * 16), "Guests")
GROUPS = (GroupAdded(STAFF), GroupAdded(NIGHT), GroupAdded(GUESTS))

RULES = (
    ItemRule("Objects.Plant", is_prefix=True),
    ItemRule("Objects.Plant.Boiler", may_write=True),
    ItemRule("Objects.Plant.", is_prefix=True, may_write=True),
)


def numbered(number: int, **fields: Any) -> User:
    """Give a user of which there are many."""
    return BOB._replace(id=UserId(number.to_bytes(16, "big")), name=f"user-{number}", **fields)


def numbered_group(number: int, **fields: Any) -> Group:
    """Give a group of which there are many."""
    return STAFF._replace(
        id=GroupId(number.to_bytes(16, "big")), name=f"group-{number}", **fields
    )


def many_rules(count: int, name: str = "Objects.Plant.Boiler.Temperature") -> list[ItemRule]:
    """Give *count* rules of a usual length."""
    return [ItemRule(f"{name}{n}", may_write=n % 3 == 0) for n in range(count)]
