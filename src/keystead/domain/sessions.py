"""Sessions of web pages: keys that survive a reload, and end when they are left alone."""

from datetime import datetime

from keystead.domain.change import TokenAdded, TokenExtended, TokenRemoved
from keystead.domain.directory import Directory
from keystead.domain.events import Action, Entry, author_of
from keystead.domain.model import LastUse, Principal, Token, TokenKind, User
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.sign_in import let_in
from keystead.domain.tokens import SignedIn, digest, new_id, new_secret, principal

MAX_SESSIONS = 64  # of one account; the oldest make room. Our choice


async def open_session(
    directory: Directory, name: str, password: str, device_name: str
) -> SignedIn:
    """Check a password and issue a session key.

    Raises:
        RefusedError: SIGN_IN_FAILED, THROTTLED, BUSY, STORAGE_FAILED.
    """

    async def issue(tx: Transaction, user: User) -> SignedIn:
        now = directory.clock()
        sessions = [t for t in await tx.tokens_of(user.id) if t.kind is TokenKind.SESSION]
        over = [t for t in sessions if is_over(t, now)]
        others = [t for t in sessions if not is_over(t, now)]
        for token in (*over, *others[: 1 - MAX_SESSIONS]):
            await tx.record(TokenRemoved(user.id, token.id, token.device_name))
        token = Token(
            id=new_id(directory),
            user_id=user.id,
            device_name=device_name,
            created=now,
            kind=TokenKind.SESSION,
            expires=_expires(directory, now, now),
            last_used=LastUse(now, directory.origin.source),
        )
        key = new_secret(directory, TokenKind.SESSION)
        await tx.record(TokenAdded(token, digest(key)))
        return SignedIn(principal(user, token, await tx.groups_of(user.id)), key)

    return await let_in(directory, name, password, issue)


async def extend(directory: Directory, present: Principal) -> datetime:
    """Let a session live on, as it is being used; give the time when it will be over.

    Raises:
        RefusedError: SESSION_OVER, STORAGE_FAILED.
    """

    async def extend_it(tx: Transaction) -> datetime:
        now = directory.clock()
        token = await tx.token(present.token_id)
        if token is None or token.expires is None or is_over(token, now):
            raise RefusedError(Reason.SESSION_OVER)
        expires = _expires(directory, token.created, now)
        if expires <= token.expires:
            return token.expires
        await tx.record(TokenExtended(token.user_id, token.id, expires))
        return expires

    return await directory.write(present, extend_it, essential=True)


async def close_session(directory: Directory, present: Principal) -> None:
    """End a session for good; nothing happens when it has ended already.

    Raises:
        RefusedError: STORAGE_FAILED.
    """

    async def close(tx: Transaction) -> None:
        token = await tx.token(present.token_id)
        if token and token.kind is TokenKind.SESSION:
            await tx.record(TokenRemoved(token.user_id, token.id, token.device_name))
            author = author_of(present, directory.origin)
            await tx.note(
                Entry(author, Action.SIGN_OUT, present.user.name, token.user_id.hex())
            )

    await directory.write(present, close, essential=True)


def is_over(token: Token, now: datetime) -> bool:
    """Tell whether *token* opens nothing any more."""
    return token.expires is not None and token.expires <= now


def _expires(directory: Directory, created: datetime, now: datetime) -> datetime:
    lifetime = directory.session_lifetime
    return min(now + lifetime.idle, created + lifetime.most)
