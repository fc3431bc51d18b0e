"""Operations on tokens, and what a token's secret looks like."""

import base64
import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from keystead.domain.access import scopes_of
from keystead.domain.change import TokenAdded, TokenRemoved
from keystead.domain.directory import Directory, check_texts, still_valid
from keystead.domain.model import Actor, Principal, Scope, Token, TokenId, User
from keystead.domain.ports import Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import check_no_escalation

SECRET_SIZE = 32  # random bytes; OWASP ASVS 5.0 11.5.1 asks for 128 bit


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh token: whose it is, and its secret, which is shown this once."""

    principal: Principal
    secret: str = field(repr=False)


def digest(secret: str) -> bytes:
    """Give what a store keeps of a token's *secret*: its SHA-256.

    Source: our choice. The secret is random, so that one fast round is enough, and a stolen
    database opens nothing.
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


async def principal_of(reader: Reader, secret: str) -> Principal | None:
    """Find whom a token's *secret* belongs to; None when it opens nothing."""
    return await reader.principal_by_digest(digest(secret))


async def issue(
    tx: Transaction, directory: Directory, user: User, device_name: str
) -> SignedIn:
    """Record a new token for *user*.

    Raises:
        RefusedError: TEXT_INVALID for the device name.
    """
    check_texts(device_name)
    secret = base64.b64encode(directory.randomness(SECRET_SIZE)).decode()
    token = Token(
        id=TokenId(UUID(bytes=directory.randomness(16), version=4)),
        user_id=user.id,
        device_name=device_name,
        created=directory.clock(),
    )
    await tx.record(TokenAdded(token, digest(secret)))
    return SignedIn(Principal(user, token.id), secret)


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
        await _keep_a_way_in(tx, token)
        await tx.record(TokenRemoved(token.user_id, token.id))

    await directory.store.write(remove)


async def _check_may_remove(tx: Transaction, actor: Actor, token: Token) -> None:
    if isinstance(actor, Principal) and token.user_id == actor.user.id:
        return
    if Scope.USER_EDIT not in scopes_of(actor):
        raise RefusedError(Reason.FORBIDDEN)
    check_no_escalation(actor, await tx.user(token.user_id), Scope.NONE, ())


async def _keep_a_way_in(tx: Transaction, token: Token) -> None:
    """Refuse to lose the only token of an account without a password that alone edits users."""
    owner = await tx.user(token.user_id)
    if (
        owner
        and Scope.USER_EDIT in owner.scopes
        and await tx.password_hash(owner.id) is None
        and len(await tx.tokens_of(owner.id)) == 1
        and not await tx.has_user_editor_beside(owner.id)
    ):
        raise RefusedError(Reason.LAST_USER_EDITOR)
