"""The functions ``Users/...``: signing in, and users and groups with their rights."""

import msgspec

from keystead.domain import accounts, groups, names, sessions, upserts
from keystead.domain.access import MANAGES_USERS, OPEN, SET_UP_OR_MANAGES_USERS
from keystead.domain.groups import GroupDraft
from keystead.domain.model import TokenKind
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.upserts import UserDraft
from keystead.rpc.method import Page
from keystead.tani.catalogue import method
from keystead.tani.paging import Part
from keystead.tani.session import Session
from keystead.tani.types import (
    UNSET,
    AccessRights,
    Count,
    EventName,
    GroupRecord,
    ItemRight,
    LoggedIn,
    Unset,
    UserRecord,
    group_record,
    item_rules,
    rights_change,
    user_record,
)

SESSION_NAME = "Tani web session"  # under which a session is listed among the tokens of a user


@method("Users/Login", access=OPEN)
async def login(session: Session, username: str, password: str) -> LoggedIn:
    """Sign in, and get the key that opens the session again.

    After a failure the connection is that of nobody.
    """
    session.sign_out()
    signed_in = await sessions.open_session(session.directory, username, password, SESSION_NAME)
    principal = await session.bus.present(signed_in.principal)
    if principal is None:  # the account has gone meanwhile
        raise RefusedError(Reason.SIGN_IN_FAILED)
    session.sign_in(principal)
    rights = msgspec.structs.asdict(session.access_rights())
    return LoggedIn(**rights, auth_key=signed_in.secret)


@method("Users/ActivateSession", access=OPEN)
async def activate_session(session: Session, auth_key: str) -> AccessRights:
    """Go on with the session that the key opens, as if it had never been interrupted.

    After a failure the connection is that of nobody.
    """
    session.sign_out()
    principal = await session.bus.resolve(auth_key, TokenKind.SESSION)
    if principal is None:
        raise RefusedError(Reason.SESSION_OVER)
    await sessions.extend(session.directory, principal)
    principal = await session.bus.resolve(auth_key, TokenKind.SESSION)
    if principal is None:
        raise RefusedError(Reason.SESSION_OVER)
    session.sign_in(principal)
    session.directory.used(principal)
    return session.access_rights()


@method("Users/AccessRights", access=OPEN, steady=True)
def access_rights(session: Session) -> AccessRights:
    """Show who is signed in on this connection, and what they may do in all."""
    return session.access_rights()


@method("Users/Logout", access=OPEN)
async def logout(session: Session, *, auth_key: str | Unset = UNSET) -> None:
    """End the session of this connection, or the one that "AuthKey" opens, for good."""
    if isinstance(auth_key, Unset):
        principal = session.principal
    else:
        principal = await session.bus.resolve(auth_key, TokenKind.SESSION)
        if principal is None:
            raise RefusedError(Reason.SESSION_OVER)
    if principal:
        await sessions.close_session(session.directory, principal)


@method("Users/Subscribe", access=OPEN)
def subscribe(session: Session, events: list[EventName]) -> None:
    """Tell this connection of just these events from now on."""
    session.subscribe(frozenset(events))


@method("Users/List", access=MANAGES_USERS, returns="Results")
async def list_users(
    session: Session,
    *,
    start_offset: Count | Unset = UNSET,
    max_results: Count | Unset = UNSET,
) -> Page[UserRecord]:
    """List the users as they are stored, or a part of them, in the order they were added."""
    reader = session.directory.store.reader
    part = Part(start_offset, max_results)
    found = reader.accounts(part.offset, part.limit)
    records = ([user_record(account) for account in portion] async for portion in found)
    return await part.page(records, reader.count_users)


@method("Users/ListGroup", access=MANAGES_USERS, returns="Results")
async def list_groups(
    session: Session,
    *,
    start_offset: Count | Unset = UNSET,
    max_results: Count | Unset = UNSET,
) -> Page[GroupRecord]:
    """List the groups as they are stored, or a part of them, in the order they were added.

    The first is "anonymous": what everybody may do, signed in or not.
    """
    reader = session.directory.store.reader
    part = Part(start_offset, max_results)
    found = reader.group_entries(part.offset, part.limit)
    records = ([group_record(entry) for entry in portion] async for portion in found)
    return await part.page(records, reader.count_groups)


@method("Users/Write", access=SET_UP_OR_MANAGES_USERS)
async def write(
    session: Session,
    username: str,
    *,
    password: str | bool | Unset = UNSET,
    user_edit: bool | Unset = UNSET,
    editor: bool | Unset = UNSET,
    diag: bool | Unset = UNSET,
    groups: list[str] | Unset = UNSET,
    items: list[ItemRight] | Unset = UNSET,
) -> None:
    """Make a user, or change what is named of one; what is left out stays.

    "Groups" and "Items" replace the whole list. "Password" is true to keep the present one.
    Connections signed in as that user have their new rights at once. The first user of all
    must be able to change users and have a password.
    """
    draft = UserDraft(
        name=username,
        rights=rights_change(user_edit=user_edit, editor=editor, diag=diag),
        password=password if isinstance(password, str) else None,
        groups=None if isinstance(groups, Unset) else tuple(groups),
        items=item_rules(items),
    )
    if password is False:
        await _check_has_no_password(session, username)
    if session.needs_set_up:
        await upserts.write_first_user(session.directory, draft)
    else:
        await upserts.write_user(session.directory, session.actor, draft)


@method("Users/WriteGroup", access=MANAGES_USERS)
async def write_group(
    session: Session,
    groupname: str,
    *,
    user_edit: bool | Unset = UNSET,
    editor: bool | Unset = UNSET,
    diag: bool | Unset = UNSET,
    items: list[ItemRight] | Unset = UNSET,
) -> None:
    """Make a group, or change what is named of one; what is left out stays.

    "Items" replaces the whole list. Connections of members have their new rights at once.
    """
    rights = rights_change(user_edit=user_edit, editor=editor, diag=diag)
    draft = GroupDraft(groupname, rights, item_rules(items))
    await groups.write_group(session.directory, session.actor, draft)


@method("Users/Delete", access=MANAGES_USERS)
async def delete(session: Session, username: str) -> None:
    """Delete a user. Connections signed in as that user are those of nobody at once."""
    user = await session.directory.store.reader.user_named(username)
    if user is None or user.name != username:
        raise RefusedError(Reason.NO_SUCH_USER)
    principal = session.principal
    if principal and names.key(principal.user.name) == names.key(username):
        raise RefusedError(Reason.OWN_ACCOUNT)
    await accounts.remove_user(session.directory, session.actor, username)


@method("Users/DeleteGroup", access=MANAGES_USERS)
async def delete_group(session: Session, groupname: str) -> None:
    """Delete a group and take it from its members, whose rights end at once."""
    await groups.remove_group(session.directory, session.actor, groupname)


async def _check_has_no_password(session: Session, username: str) -> None:
    """Refuse to take a password away.

    Raises:
        RefusedError: PASSWORD_KEPT.
    Source: Tani 5, 4.
    """
    reader = session.directory.store.reader
    user = await reader.user_named(username)
    if user and await reader.password_hash(user.id) is not None:
        raise RefusedError(Reason.PASSWORD_KEPT)
