"""The namespace ``Access``: what a page shows of whoever is signed in, and of the server."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from keystead.domain import tokens
from keystead.domain.access import ADMINISTERS, OWN_ACCOUNT, SIGNED_IN, manages_users
from keystead.domain.events import Action
from keystead.domain.model import Account, Scope, Token, TokenKind, with_groups
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea.access_types import AccessRight, rights_of
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.nymea.types import PermissionScope, Uint, scope_names

UNUSED_AFTER = timedelta(days=90)
MAX_ACCOUNTS = 10_000  # that are looked at for one reply
ENOUGH_EDITORS = 2  # so that one can let the other in again


class OwnState(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Who is signed in, and what they may do with this token, groups and all."""

    username: str
    scopes: tuple[PermissionScope, ...]
    rights: tuple[AccessRight, ...]
    own_account: bool
    token_id: UUID | msgspec.UnsetType = msgspec.UNSET


class ServerState(msgspec.Struct, rename="camel"):
    """What administrators may want to do something about."""

    plain_listeners: list[str]
    password_profile: str
    has_second_editor: bool
    unused_tokens: Uint


@method("Access.GetOwnState", access=SIGNED_IN)
def get_own_state(session: Session) -> OwnState:
    """Show who is signed in on this connection, and what they may do on it.

    "ownAccount" tells whether they may look after their own account: its password, details and
    tokens. The name is empty where nobody has to sign in.
    """
    scopes = session.scopes if session.authentication else Scope.ADMIN
    demand = OWN_ACCOUNT.demand(self_service=session.directory.self_service)
    return OwnState(
        username=session.user.name if session.user else "",
        scopes=scope_names(scopes),
        rights=rights_of(scopes),
        own_account=session.user is not None and demand in scopes,
        token_id=session.token_id or msgspec.UNSET,
    )


@method("Access.SignOut", access=SIGNED_IN, refusable=True)
async def sign_out(session: Session) -> None:
    """Revoke the token that is signed in with, whoever's it is; the connection ends.

    Programs that have another token of the same account stay signed in.
    """
    if (present := session.principal) is None:
        raise RefusedError(Reason.NOT_SIGNED_IN)
    await tokens.remove_token(session.directory, present, present.token_id)
    session.directory.note(present, Action.SIGN_OUT, present.user.name)


@method("Access.GetServerState", access=ADMINISTERS)
async def get_server_state(session: Session) -> ServerState:
    """Tell what an administrator may want to do something about.

    Addresses that others reach without encryption; which rules new passwords meet, "nymea" or
    "nist"; whether a second account can change users; and how many tokens of devices have not
    been used for 90 days, among those of the first 10000 accounts.
    """
    now = session.directory.clock()
    reader = session.directory.store.reader
    editors = unused = 0
    async for portion in reader.accounts(0, MAX_ACCOUNTS):
        for account in portion:
            held = await reader.tokens_of(account.user.id)
            unused += sum(_is_unused(token, now) for token in held)
            editors += _edits_users(account, now)
        await session.face.pause()
    return ServerState(
        list(session.face.identity.plain_listeners),
        session.directory.passwords.profile.value,
        editors >= ENOUGH_EDITORS,
        unused,
    )


def _is_unused(token: Token, now: datetime) -> bool:
    if token.kind is not TokenKind.DEVICE:
        return False
    used = token.last_used.time if token.last_used else token.created
    return now - used > UNUSED_AFTER


def _edits_users(account: Account, now: datetime) -> bool:
    user = account.user
    may = manages_users(with_groups(user.scopes, account.groups))
    return may and account.has_password and user.validity.holds(now)
