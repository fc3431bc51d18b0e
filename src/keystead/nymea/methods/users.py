"""The namespace ``Users``: accounts, their scopes and things, and their tokens."""

from uuid import UUID

from keystead.domain import accounts, tokens
from keystead.domain.access import MANAGES_USERS, OWN_ACCOUNT, SIGNED_IN
from keystead.domain.accounts import NewUser
from keystead.domain.model import Principal, ThingId, TokenId
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import (
    PermissionScope,
    TokenInfo,
    UserInfo,
    scopes_named,
    token_info,
    user_info,
)
from keystead.rpc.method import Page

_ADMIN = (PermissionScope.PermissionScopeAdmin,)


@method("Users.CreateUser", access=MANAGES_USERS, refusable=True, simulable=True)
async def create_user(
    session: Session,
    username: str,
    password: str,
    *,
    email: str = "",
    display_name: str = "",
    scopes: tuple[PermissionScope, ...] = _ADMIN,
    allowed_thing_ids: tuple[UUID, ...] = (),
) -> None:
    """Create a user, an administrator unless "scopes" says otherwise.

    A user without PermissionScopeAccessAllThings sees only the things in "allowedThingIds".
    Call JSONRPC.Authenticate to get a token for the new user.
    """
    new = NewUser(
        name=username.lower(),
        scopes=scopes_named(scopes),
        display_name=display_name,
        email=email,
        things=_things(allowed_thing_ids),
    )
    await accounts.create_user(session.directory, session.actor, new, password)


@method("Users.ChangePassword", access=OWN_ACCOUNT, refusable=True, simulable=True)
async def change_password(session: Session, new_password: str) -> None:
    """Change the password of the user who is signed in.

    Tokens of devices stay valid; sessions of web pages end.
    """
    await accounts.change_own_password(session.directory, _signed_in(session), new_password)


@method("Users.ChangeUserPassword", access=MANAGES_USERS, refusable=True, simulable=True)
async def change_user_password(session: Session, username: str, new_password: str) -> None:
    """Change the password of a user and remove all tokens of that user.

    Every client signed in as that user is disconnected and has to sign in again.
    """
    _signed_in(session)
    await accounts.reset_password(session.directory, session.actor, username, new_password)


@method("Users.GetUserInfo", access=SIGNED_IN, refusable=True, steady=True, returns="userInfo")
def get_user_info(session: Session) -> UserInfo:
    """Show the user who is signed in on this connection."""
    if user := session.user:
        return user_info(user)
    raise RefusedError(Reason.NOT_SIGNED_IN)


@method("Users.GetTokens", access=OWN_ACCOUNT, refusable=True, returns="tokenInfoList")
async def get_tokens(session: Session) -> list[TokenInfo]:
    """List the tokens of the user who is signed in, oldest first."""
    user = _signed_in(session).user
    found = await session.directory.store.reader.tokens_of(user.id)
    return [token_info(token, user) for token in found]


@method("Users.GetUserTokens", access=MANAGES_USERS, refusable=True, returns="tokenInfoList")
async def get_user_tokens(session: Session, username: str) -> list[TokenInfo]:
    """List the tokens of a user, oldest first; none for a user who does not exist."""
    _signed_in(session)
    reader = session.directory.store.reader
    user = await reader.user_named(username)
    return (
        [token_info(token, user) for token in await reader.tokens_of(user.id)] if user else []
    )


@method("Users.RemoveToken", access=OWN_ACCOUNT, refusable=True, simulable=True)
async def remove_token(session: Session, token_id: UUID) -> None:
    """Revoke a token: one of one's own, or as an administrator any.

    The clients that are signed in with it are disconnected.
    """
    _signed_in(session)
    await tokens.remove_token(session.directory, session.actor, TokenId(token_id))


@method("Users.GetUsers", access=MANAGES_USERS, returns="users")
async def get_users(session: Session) -> Page[UserInfo]:
    """List all users in the order they were added."""
    users = session.directory.store.reader.users()
    return Page([user_info(user) for user in portion] async for portion in users)


@method("Users.RemoveUser", access=MANAGES_USERS, refusable=True, simulable=True)
async def remove_user(session: Session, username: str) -> None:
    """Remove a user and all tokens of that user, and disconnect the clients signed in so.

    The last user who can change users cannot be removed.
    """
    await accounts.remove_user(session.directory, session.actor, username)


@method("Users.SetUserScopes", access=MANAGES_USERS, refusable=True, simulable=True)
async def set_user_scopes(
    session: Session,
    username: str,
    scopes: tuple[PermissionScope, ...],
    *,
    allowed_thing_ids: tuple[UUID, ...] | None = None,
) -> None:
    """Replace the scopes of a user, and with "allowedThingIds" the things they may see.

    The list of things counts for users without PermissionScopeAccessAllThings. Clients that
    are signed in as that user have the new scopes at once.
    """
    things = None if allowed_thing_ids is None else _things(allowed_thing_ids)
    await accounts.set_scopes(
        session.directory,
        session.actor,
        username,
        scopes_named(scopes),
        things,
        keep=TANI_RIGHTS,
    )


@method("Users.SetUserInfo", access=OWN_ACCOUNT, refusable=True)
async def set_user_info(
    session: Session,
    *,
    username: str | None = None,
    display_name: str | None = None,
    email: str | None = None,
) -> None:
    """Change the display name or e-mail address of a user; what is left out stays.

    Without "username" it is the user who is signed in.
    """
    own = session.user
    if own is None:
        raise RefusedError(Reason.NOT_SIGNED_IN)
    name = own.name if username is None else username
    await accounts.set_details(session.directory, session.actor, name, display_name, email)


def _signed_in(session: Session) -> Principal:
    if principal := session.principal:
        return principal
    raise RefusedError(Reason.NOT_SIGNED_IN)


def _things(ids: tuple[UUID, ...]) -> tuple[ThingId, ...]:
    return tuple(ThingId(thing) for thing in ids)
