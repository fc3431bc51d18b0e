"""The namespace ``Access``: tokens with their properties, who is signed in, and who has to wait."""

from uuid import UUID

import msgspec

from keystead.domain import names, tokens
from keystead.domain.access import MANAGES_USERS, OWN_ACCOUNT
from keystead.domain.events import Action
from keystead.domain.model import TokenId
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.tokens import TokenDraft
from keystead.nymea.access_types import (
    AccessLock,
    AccessRight,
    AccessSession,
    AccessToken,
    ItemRule,
    Seconds,
    access_lock,
    access_token,
    limits_of,
    moment,
)
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import PermissionScope, Uint


class NewToken(msgspec.Struct, rename="camel"):
    """A token and its secret, which is shown this once."""

    token: str
    token_id: UUID


@method("Access.GetTokens", access=MANAGES_USERS, refusable=True, returns="tokens")
async def get_tokens(session: Session, *, username: str | None = None) -> list[AccessToken]:
    """List the tokens of a user with their properties, oldest first.

    Without "username" they are those of all accounts, one account after the other.
    """
    reader = session.directory.store.reader
    if username is None:
        found: list[AccessToken] = []
        async for portion in reader.users():
            for user in portion:
                found += [access_token(one, user) for one in await reader.tokens_of(user.id)]
                await session.face.pause()  # some have hundreds
        return found
    owner = await reader.user_named(username)
    if owner is None:
        raise RefusedError(Reason.NO_SUCH_USER)
    return [access_token(token, owner) for token in await reader.tokens_of(owner.id)]


@method("Access.GetOwnTokens", access=OWN_ACCOUNT, refusable=True, returns="tokens")
async def get_own_tokens(session: Session) -> list[AccessToken]:
    """List the tokens of the user who is signed in with their properties, oldest first."""
    if (user := session.user) is None:
        raise RefusedError(Reason.NOT_SIGNED_IN)
    found = await session.directory.store.reader.tokens_of(user.id)
    return [access_token(token, user) for token in found]


@method("Access.CreateToken", access=OWN_ACCOUNT, refusable=True, simulable=True)
async def create_token(
    session: Session,
    device_name: str,
    *,
    username: str | None = None,
    expires: Seconds | None = None,
    scopes: tuple[PermissionScope, ...] | None = None,
    rights: tuple[AccessRight, ...] | None = None,
    allowed_thing_ids: tuple[UUID, ...] | None = None,
    items: list[ItemRule] | None = None,
) -> NewToken:
    """Make a token for a device, for ever and without limits unless it is told.

    A token never opens more than its owner may, and less where it is limited: "scopes" and
    "rights" together are all that it holds, "allowedThingIds" all things that it sees, "items"
    all items that it reads or writes. Without "username" it is that of the user who is signed
    in; others need the right to change users.
    """
    draft = TokenDraft(
        device_name, moment(expires), limits_of(scopes, rights, allowed_thing_ids, items)
    )
    made = await tokens.create_token(session.directory, session.actor, username, draft)
    return NewToken(made.secret, made.principal.token_id)


@method("Access.ChangeToken", access=OWN_ACCOUNT, refusable=True, simulable=True)
async def change_token(
    session: Session,
    token_id: UUID,
    device_name: str,
    *,
    expires: Seconds | None = None,
    scopes: tuple[PermissionScope, ...] | None = None,
    rights: tuple[AccessRight, ...] | None = None,
    allowed_thing_ids: tuple[UUID, ...] | None = None,
    items: list[ItemRule] | None = None,
) -> None:
    """Give a device's token another name, expiry and limits, all as Access.CreateToken does.

    What is left out does not bound the token any more. Clients that are signed in with it have
    the new limits at once.
    """
    limits = limits_of(scopes, rights, allowed_thing_ids, items)
    draft = TokenDraft(device_name, moment(expires), limits)
    await tokens.change_token(session.directory, session.actor, TokenId(token_id), draft)


@method(
    "Access.RotateToken", access=OWN_ACCOUNT, refusable=True, simulable=True, returns="token"
)
async def rotate_token(session: Session, token_id: UUID) -> str:
    """Give a device's token another secret, which is shown this once; all else stays.

    The old one opens nothing any more, and clients that are signed in with it are disconnected.
    """
    return await tokens.rotate_token(session.directory, session.actor, TokenId(token_id))


@method("Access.GetSessions", access=MANAGES_USERS, returns="sessions")
def get_sessions(session: Session) -> list[AccessSession]:
    """List the connections on which somebody is signed in at present."""
    return [
        AccessSession(live.user.name, one.token_id, one.origin.face, one.origin.source)
        for live in session.bus.users()
        for one in live.sessions
        if one.token_id is not None
    ]


@method("Access.GetLocks", access=MANAGES_USERS, returns="locks")
def get_locks(session: Session) -> list[AccessLock]:
    """List who has to wait at present before the next sign-in, because of failed ones.

    Names are those under which accounts are told apart; they may be of accounts that do not
    exist.
    """
    directory = session.directory
    return [access_lock(lock) for lock in directory.throttle.locks(directory.clock())]


@method("Access.ClearLock", access=MANAGES_USERS, returns="cleared")
def clear_lock(session: Session, *, username: str = "", source: str | None = None) -> Uint:
    """Forget failed sign-ins to an account, from one source or without "source" from all.

    With "source" alone it is what this source failed at whatever the account. Tells how many
    counts there were.
    """
    directory = session.directory
    cleared = directory.throttle.clear(names.key(username), source)
    if cleared:
        directory.note(session.actor, Action.UNLOCK, source=source or "")
    return cleared
