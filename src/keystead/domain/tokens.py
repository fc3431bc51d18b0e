"""Operations on tokens, and what a token's secret looks like."""

import base64
import hashlib
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from keystead.domain.access import manages_users, scopes_of
from keystead.domain.accounts import keep_a_user_editor, own_or_managed
from keystead.domain.change import TokenAdded, TokenChanged, TokenRemoved, TokenRotated
from keystead.domain.directory import Directory, check_texts, still_valid
from keystead.domain.escalation import are_within, check_may_touch
from keystead.domain.items import are_valid
from keystead.domain.model import (
    NO_LIMITS,
    Actor,
    Group,
    LastUse,
    Principal,
    Token,
    TokenId,
    TokenKind,
    TokenLimits,
    User,
    with_groups,
)
from keystead.domain.ports import Reader, Transaction
from keystead.domain.refusal import Reason, RefusedError

SECRET_SIZE = 32  # random bytes; OWASP ASVS 5.0 11.5.1 asks for 128 bit
MAX_LIMIT_RULES = 1_000  # of one token; our choice

# What a secret begins with, so that scanners for leaked secrets know one when they see it.
PREFIXES = {TokenKind.DEVICE: "kst_", TokenKind.SESSION: "kss_"}
_CHECK_SIZE = 4  # bytes of CRC-32 at the end, so that they know it is one for certain


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh token: whose it is, and its secret, which is shown this once."""

    principal: Principal
    secret: str = field(repr=False)

    @property
    def expires(self) -> datetime | None:
        """Give the time when it stops to open anything; None for never."""
        return self.principal.expires


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """What a token is to be like besides its owner.

    Attributes:
        expires: None for never.
    """

    device_name: str
    expires: datetime | None = None
    limits: TokenLimits = NO_LIMITS


def digest(secret: str) -> bytes:
    """Give what a store keeps of a token's *secret*: its SHA-256.

    Source: our choice. The secret is random, so that one fast round is enough, and a stolen
    database opens nothing.
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def new_secret(directory: Directory, kind: TokenKind) -> str:
    """Make the secret of a token: a prefix, 256 random bits, and a check sum, 53 characters.

    Source: our choice; nymea's tokens of 44 characters, taken over, stay what they are.
    """
    random = directory.randomness(SECRET_SIZE)
    body = PREFIXES[kind] + base64.urlsafe_b64encode(random).rstrip(b"=").decode()
    check = zlib.crc32(body.encode()).to_bytes(_CHECK_SIZE, "big")
    return body + base64.urlsafe_b64encode(check).rstrip(b"=").decode()


def principal(user: User, token: Token, groups: tuple[Group, ...]) -> Principal:
    """Give whoever signs in with *token*."""
    return Principal(user, token.id, groups, token.limits, token.expires)


async def principal_of(
    reader: Reader, secret: str, kind: TokenKind, now: datetime
) -> Principal | None:
    """Find whom a token's *secret* belongs to; None when it opens nothing of that *kind*."""
    return await reader.principal_by_digest(digest(secret), kind, now)


async def issue(
    tx: Transaction,
    directory: Directory,
    user: User,
    device_name: str,
    *,
    is_in_use: bool = False,
) -> SignedIn:
    """Record a new token for a device of *user*, that lasts as long as the settings say.

    Args:
        tx: where it is recorded.
        directory: the directory.
        user: whose token it is to be.
        device_name: what the device calls itself.
        is_in_use: whoever asks is the device, and goes on with the token at once.

    Raises:
        RefusedError: TEXT_INVALID for the device name.
    """
    lifetime = directory.device_lifetime
    expires = None if lifetime is None else tx.now + lifetime
    last_used = LastUse(tx.now, directory.origin.source) if is_in_use else None
    return await _add(tx, directory, user, TokenDraft(device_name, expires), last_used)


def new_id(directory: Directory) -> TokenId:
    """Give an id that no token has."""
    return TokenId(UUID(bytes=directory.randomness(16), version=4))


async def create_token(
    directory: Directory, actor: Actor, user_name: str | None, draft: TokenDraft
) -> SignedIn:
    """Make a token for a device, of one's own account or of one that *actor* may manage.

    Args:
        directory: the directory.
        actor: who asks.
        user_name: whose token it is to be; None for the actor's own.
        draft: what it is to be like.

    Raises:
        RefusedError: TEXT_INVALID, LIMITS_INVALID, EXPIRY_INVALID, NOT_SIGNED_IN, FORBIDDEN,
            NO_SUCH_USER, ESCALATION, STORAGE_FAILED.
    """
    _check(draft)

    async def create(tx: Transaction) -> SignedIn:
        present = await still_valid(tx, actor)
        owner = await _owner_named(tx, present, user_name)
        _check_future(tx, draft)
        _check_stays_limited(present, owner, draft.limits, draft.expires)
        return await _add(tx, directory, owner, draft)

    return await directory.write(actor, create)


async def change_token(
    directory: Directory, actor: Actor, token_id: TokenId, draft: TokenDraft
) -> Token:
    """Give a token of a device another name, expiry or limits; its secret stays.

    Raises:
        RefusedError: TEXT_INVALID, LIMITS_INVALID, EXPIRY_INVALID, also for a session,
            NOT_SIGNED_IN, NO_SUCH_TOKEN, FORBIDDEN, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """
    _check(draft)

    async def change(tx: Transaction) -> Token:
        present = await still_valid(tx, actor)
        before, owner = await _changeable(tx, present, token_id)
        if before.kind is not TokenKind.DEVICE:
            raise RefusedError(Reason.EXPIRY_INVALID)
        if draft.expires != before.expires:
            _check_future(tx, draft)
        _check_stays_limited(present, owner, draft.limits, draft.expires)
        after = replace(
            before,
            device_name=draft.device_name,
            expires=draft.expires,
            limits=draft.limits,
        )
        if after != before:
            await tx.record(TokenChanged(after))
        await keep_a_user_editor(tx, with_groups(owner.scopes, await tx.groups_of(owner.id)))
        return after

    return await directory.write(actor, change)


async def rotate_token(directory: Directory, actor: Actor, token_id: TokenId) -> str:
    """Give a token of a device another secret, which is shown this once; all else stays.

    Clients that are signed in with the old one are signed out.

    Raises:
        RefusedError: NOT_SIGNED_IN, NO_SUCH_TOKEN, also for a session, FORBIDDEN, ESCALATION,
            STORAGE_FAILED.
    """
    secret = new_secret(directory, TokenKind.DEVICE)

    async def rotate(tx: Transaction) -> None:
        present = await still_valid(tx, actor)
        token, owner = await _changeable(tx, present, token_id)
        if token.kind is not TokenKind.DEVICE:
            raise RefusedError(Reason.NO_SUCH_TOKEN)
        _check_stays_limited(present, owner, token.limits, token.expires)
        rotated = TokenRotated(token.user_id, token.id, digest(secret), token.device_name)
        await tx.record(rotated)

    await directory.write(actor, rotate)
    return secret


async def remove_token(directory: Directory, actor: Actor, token_id: TokenId) -> None:
    """Take a token away: the actor's own, or that of an account the actor may manage.

    Raises:
        RefusedError: NOT_SIGNED_IN, NO_SUCH_TOKEN, FORBIDDEN, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """

    async def remove(tx: Transaction) -> None:
        present = await still_valid(tx, actor)
        token, owner = await _changeable(tx, present, token_id)
        await tx.record(TokenRemoved(token.user_id, token.id, token.device_name))
        await keep_a_user_editor(tx, with_groups(owner.scopes, await tx.groups_of(owner.id)))

    await directory.write(actor, remove)


async def _add(
    tx: Transaction,
    directory: Directory,
    user: User,
    draft: TokenDraft,
    last_used: LastUse | None = None,
) -> SignedIn:
    check_texts(draft.device_name)
    secret = new_secret(directory, TokenKind.DEVICE)
    token = Token(
        id=new_id(directory),
        user_id=user.id,
        device_name=draft.device_name,
        created=tx.now,
        expires=draft.expires,
        limits=draft.limits,
        last_used=last_used,
    )
    await tx.record(TokenAdded(token, digest(secret)))
    return SignedIn(principal(user, token, await tx.groups_of(user.id)), secret)


def _check(draft: TokenDraft) -> None:
    check_texts(draft.device_name)
    rules = draft.limits.items or ()
    if len(rules) > MAX_LIMIT_RULES or not are_valid(rules):
        raise RefusedError(Reason.LIMITS_INVALID)


def _check_future(tx: Transaction, draft: TokenDraft) -> None:
    if draft.expires is not None and draft.expires <= tx.now:
        raise RefusedError(Reason.EXPIRY_INVALID)


async def _changeable(tx: Transaction, actor: Actor, token_id: TokenId) -> tuple[Token, User]:
    """Find a token that *actor* may change, and its owner."""
    token = await tx.token(token_id)
    if token is None:
        raise RefusedError(Reason.NO_SUCH_TOKEN)
    owner = await tx.user(token.user_id)
    assert owner  # no token outlives its user
    if isinstance(actor, Principal) and token.user_id == actor.user.id:
        if actor.limits != NO_LIMITS and token.id != actor.token_id:
            raise RefusedError(Reason.ESCALATION)
        return token, owner
    if not manages_users(scopes_of(actor)):
        raise RefusedError(Reason.FORBIDDEN)
    await check_may_touch(tx, actor, owner)
    return token, owner


async def _owner_named(tx: Transaction, actor: Actor, name: str | None) -> User:
    if name is not None:
        return await own_or_managed(tx, actor, name)
    if isinstance(actor, Principal):
        return actor.user
    raise RefusedError(Reason.NO_SUCH_USER)


def _check_stays_limited(
    actor: Actor, owner: User, limits: TokenLimits, expires: datetime | None
) -> None:
    """Refuse a token with limits to hand out one of its own account that lacks any of them.

    It must not open more later either, when the account has come to hold more. Of other
    accounts it was checked that *actor* holds all that they do.

    Raises:
        RefusedError: ESCALATION.
    """
    if not isinstance(actor, Principal) or actor.limits == NO_LIMITS:
        return
    outlives = actor.expires is not None and (expires is None or expires > actor.expires)
    if owner.id == actor.user.id and (outlives or not are_within(limits, actor.limits)):
        raise RefusedError(Reason.ESCALATION)
