"""A directory with people in it, for the tests of operations."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any
from uuid import UUID

import pytest

from keystead.domain.change import TokenAdded, UserAdded
from keystead.domain.directory import Directory
from keystead.domain.model import (
    Principal,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    User,
    UserId,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.tokens import digest, principal_of
from tests.doubles import NOON, PASSWORD

LAMP, DOOR, HEATING = (ThingId(UUID(int=number)) for number in (1, 2, 3))


async def move_in(
    directory: Directory,
    name: str,
    scopes: Scope = Scope.NONE,
    things: Iterable[ThingId] = (),
    password: str | None = PASSWORD,
) -> Principal:
    """Add an account past the rules, with one token whose secret is ``secret of`` its name."""
    user = User(
        UserId(directory.randomness(16)),
        name,
        scopes,
        f"{name} the person",
        f"{name}@example.org",
        tuple(things),
    )
    token = Token(
        TokenId(UUID(bytes=directory.randomness(16), version=4)), user.id, "old device", NOON
    )
    encoded = None if password is None else await directory.hasher.hash(password)

    async def add(tx: Transaction) -> None:
        await tx.record(UserAdded(user, encoded))
        await tx.record(TokenAdded(token, digest(f"secret of {name}")))

    await directory.store.write(add)
    return Principal(user, token.id)


async def opened(
    directory: Directory, secret: str, kind: TokenKind = TokenKind.DEVICE
) -> Principal | None:
    """Give whom a token's *secret* lets in at present."""
    return await principal_of(directory.store.reader, secret, kind, directory.clock())


async def users_of(directory: Directory) -> list[User]:
    """Give everybody who is in."""
    return [user async for portion in directory.store.reader.users() for user in portion]


def reason_of(asked: Coroutine[Any, Any, object]) -> Reason:
    """Give the reason why what was *asked* is refused."""
    with pytest.raises(RefusedError) as refused:
        asyncio.run(asked)
    return refused.value.reason
