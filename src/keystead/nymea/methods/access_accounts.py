"""The namespace ``Access``: the state of accounts, groups, rights on items, and why."""

import msgspec

from keystead.domain import accounts, groups, names, upserts
from keystead.domain.access import MANAGES_USERS, SIGNED_IN, manages_users
from keystead.domain.groups import GroupDraft, RightsChange
from keystead.domain.model import ANONYMOUS, Account, Validity
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.upserts import UserDraft
from keystead.nymea.access_types import (
    AccessAccount,
    AccessGroup,
    AccessRight,
    ItemRule,
    Seconds,
    SpokenRule,
    access_account,
    access_group,
    domain_rules,
    moment,
    rights_named,
    spoken_rules,
)
from keystead.nymea.catalogue import method
from keystead.nymea.session import Session
from keystead.rpc.method import Page


class Explanation(msgspec.Struct, rename="camel"):
    """A decision, and why it is so."""

    allowed: bool
    is_admin: bool
    is_valid: bool
    spoken: list[SpokenRule]


@method("Access.GetAccounts", access=MANAGES_USERS, returns="accounts")
async def get_accounts(session: Session) -> Page[AccessAccount]:
    """List all accounts with their groups, rules and state, in the order they were added.

    The nameless account is the one that owns the tokens of paired devices.
    """
    found = session.directory.store.reader.accounts()
    return Page([access_account(account) for account in portion] async for portion in found)


@method("Access.GetAccount", access=SIGNED_IN, refusable=True, returns="account")
async def get_account(session: Session, *, username: str | None = None) -> AccessAccount:
    """Show an account with its groups, rules and state.

    Without "username" it is that of the user who is signed in; others need the right to change
    users.
    """
    name = _whose(session, username)
    reader = session.directory.store.reader
    user = await reader.user_named(name)
    if user is None:
        raise RefusedError(Reason.NO_SUCH_USER)
    return access_account(
        Account(
            user,
            await reader.password_hash(user.id) is not None,
            await reader.groups_of(user.id),
            await reader.items_of_user(user.id),
        )
    )


@method("Access.SetAccountState", access=MANAGES_USERS, refusable=True, simulable=True)
async def set_account_state(
    session: Session,
    username: str,
    enabled: bool,  # noqa: FBT001 - a parameter of the wire
    *,
    valid_since: Seconds | None = None,
    valid_until: Seconds | None = None,
) -> None:
    """Switch an account on or off, or let it open something only for a time.

    Times are in seconds since 1970; what is left out does not bound it. Whoever is signed in
    with an account that is not valid is signed out at once. Its tokens and rights stay, and
    count again when it is.
    """
    validity = Validity(enabled, moment(valid_since), moment(valid_until))
    await accounts.set_validity(session.directory, session.actor, username, validity)


@method("Access.SetAccountRights", access=MANAGES_USERS, refusable=True, simulable=True)
async def set_account_rights(
    session: Session,
    username: str,
    *,
    rights: tuple[AccessRight, ...] | None = None,
    groups: list[str] | None = None,
    items: list[ItemRule] | None = None,
) -> None:
    """Replace the rights, groups or rules of an account; what is left out stays.

    Users.SetUserScopes does the same for scopes and things.
    """
    draft = UserDraft(
        name=username,
        rights=_replacing(rights),
        groups=None if groups is None else tuple(groups),
        items=None if items is None else domain_rules(items),
    )
    await upserts.change_user(session.directory, session.actor, draft)


@method("Access.GetGroups", access=MANAGES_USERS, returns="groups")
async def get_groups(session: Session) -> Page[AccessGroup]:
    """List all groups in the order they were added.

    The first is "anonymous": what everybody may do, signed in or not.
    """
    found = session.directory.store.reader.group_entries()
    return Page(
        [access_group(group, items) for group, items in portion] async for portion in found
    )


@method("Access.WriteGroup", access=MANAGES_USERS, refusable=True, simulable=True)
async def write_group(
    session: Session,
    name: str,
    *,
    rights: tuple[AccessRight, ...] | None = None,
    items: list[ItemRule] | None = None,
) -> None:
    """Make a group, or replace the rights or rules of one; what is left out stays.

    Clients that are signed in as its members have the new rights at once.
    """
    draft = GroupDraft(name, _replacing(rights), None if items is None else domain_rules(items))
    await groups.write_group(session.directory, session.actor, draft)


@method("Access.RemoveGroup", access=MANAGES_USERS, refusable=True, simulable=True)
async def remove_group(session: Session, name: str) -> None:
    """Remove a group and take it from its members, whose rights by it end at once."""
    await groups.remove_group(session.directory, session.actor, name)


@method("Access.Explain", access=SIGNED_IN, refusable=True)
async def explain(
    session: Session,
    item: str,
    *,
    username: str | None = None,
    write: bool = False,
) -> Explanation:
    """Tell whether a user may read an item, or with "write" write it, and which rules say so.

    The most specific rule comes first. Without "username" it is the user who is signed in, with
    all that the account may; "anonymous" stands for whoever is not. Others need the right to
    change users.
    """
    name = username if username == ANONYMOUS else _whose(session, username)
    decision = await session.face.rights.explain(name, item, write=write)
    return Explanation(
        decision.allowed, decision.is_admin, decision.is_valid, spoken_rules(decision)
    )


def _whose(session: Session, username: str | None) -> str:
    """Give whose account it is about.

    Raises:
        RefusedError: NOT_SIGNED_IN where nobody is and nobody is named, FORBIDDEN.
    """
    user = session.user
    if username is None:
        if user is None:
            raise RefusedError(Reason.NOT_SIGNED_IN)
        return user.name
    is_own = user is not None and names.key(user.name) == names.key(username)
    if session.authentication and not is_own and not manages_users(session.scopes):
        raise RefusedError(Reason.FORBIDDEN)
    return username


def _replacing(rights: tuple[AccessRight, ...] | None) -> RightsChange:
    if rights is None:
        return RightsChange()
    given = rights_named(rights)
    return RightsChange(given, TANI_RIGHTS & ~given)
