"""Operations on tokens, and what a token's secret looks like."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from keystead.domain.access import manages_users, scopes_of
from keystead.domain.accounts import keep_a_user_editor
from keystead.domain.change import TokenAdded, TokenRemoved
from keystead.domain.directory import Directory, check_texts, still_valid
from keystead.domain.escalation import check_may_touch
from keystead.domain.model import (
    Actor,
    Principal,
    Token,
    TokenId,
    TokenKind,
    User,
    with_groups,
)
from keystead.domain.ports import Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError

SECRET_SIZE = 32  # random bytes; OWASP ASVS 5.0 11.5.1 asks for 128 bit


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh token: whose it is, and its secret, which is shown this once.

    Attributes:
        expires: when it stops to open anything; None for never.
    """

    principal: Principal
    secret: str = field(repr=False)
    expires: datetime | None = None


def digest(secret: str) -> bytes:
    """Give what a store keeps of a token's *secret*: its SHA-256.

    Source: our choice. The secret is random, so that one fast round is enough, and a stolen
    database opens nothing.
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


async def principal_of(
    reader: Reader, secret: str, kind: TokenKind, now: datetime
) -> Principal | None:
    """Find whom a token's *secret* belongs to; None when it opens nothing of that *kind*."""
    return await reader.principal_by_digest(digest(secret), kind, now)


async def issue(
    tx: Transaction, directory: Directory, user: User, device_name: str
) -> SignedIn:
    """Record a new token for a device of *user*.

    Raises:
        RefusedError: TEXT_INVALID for the device name.
    """
    check_texts(device_name)
    secret = base64.b64encode(directory.randomness(SECRET_SIZE)).decode()
    token = Token(
        id=new_id(directory),
        user_id=user.id,
        device_name=device_name,
        created=directory.clock(),
    )
    await tx.record(TokenAdded(token, digest(secret)))
    return SignedIn(Principal(user, token.id, await tx.groups_of(user.id)), secret)


def new_id(directory: Directory) -> TokenId:
    """Give an id that no token has."""
    return TokenId(UUID(bytes=directory.randomness(16), version=4))


async def remove_token(directory: Directory, actor: Actor, token_id: TokenId) -> None:
    """Take a token away: the actor's own, or that of an account the actor may manage.

    Raises:
        RefusedError: NOT_SIGNED_IN, NO_SUCH_TOKEN, FORBIDDEN, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """

    async def remove(tx: Transaction) -> None:
        present = await still_valid(tx, actor)
        token = await tx.token(token_id)
        if token is None:
            raise RefusedError(Reason.NO_SUCH_TOKEN)
        await _check_may_remove(tx, present, token)
        await tx.record(TokenRemoved(token.user_id, token.id))
        owner = await _owner(tx, token)
        await keep_a_user_editor(tx, with_groups(owner.scopes, await tx.groups_of(owner.id)))

    await directory.store.write(remove)


async def _check_may_remove(tx: Transaction, actor: Actor, token: Token) -> None:
    if isinstance(actor, Principal) and token.user_id == actor.user.id:
        return
    if not manages_users(scopes_of(actor)):
        raise RefusedError(Reason.FORBIDDEN)
    await check_may_touch(tx, actor, await _owner(tx, token))


async def _owner(tx: Transaction, token: Token) -> User:
    owner = await tx.user(token.user_id)
    assert owner  # no token outlives its user
    return owner
