"""The owner's commands about accounts."""

from uuid import UUID

import msgspec

from keystead.control.desk import Desk, ScopeBits, method
from keystead.control.rows import (
    Moment,
    RuleRow,
    TokenRow,
    UserRow,
    rule_rows,
    token_row,
    user_row,
)
from keystead.domain import accounts
from keystead.domain.access import OPEN
from keystead.domain.accounts import NewUser
from keystead.domain.model import OWNER, Account, Scope, ThingId, Validity
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.upserts import UserDraft, change_user
from keystead.rpc.method import Page


class UserDetails(msgspec.Struct, frozen=True):
    """An account with its own rules, and its tokens, oldest first."""

    user: UserRow
    items: tuple[RuleRow, ...]
    tokens: tuple[TokenRow, ...]


@method("users.add", access=OPEN, refusable=True)
async def add(
    desk: Desk,
    name: str,
    password: str,
    scopes: ScopeBits,
    *,
    things: tuple[UUID, ...] = (),
    display_name: str = "",
    email: str = "",
) -> None:
    """Make an account; the first one ends the initial set-up."""
    new = NewUser(name, Scope(scopes), display_name, email, _things(things))
    await accounts.create_user(desk.directory, OWNER, new, password)


@method("users.list", access=OPEN, returns="users")
async def list_users(desk: Desk) -> Page[UserRow]:
    """List all accounts in the order they were made."""
    found = desk.directory.store.reader.accounts()
    return Page([user_row(account) for account in portion] async for portion in found)


@method("users.show", access=OPEN, refusable=True)
async def show(desk: Desk, name: str) -> UserDetails:
    """Show an account, its rules and its tokens."""
    reader = desk.directory.store.reader
    user = await reader.user_named(name)
    if user is None:
        raise RefusedError(Reason.NO_SUCH_USER)
    items = await reader.items_of_user(user.id)
    has_password = await reader.password_hash(user.id) is not None
    account = Account(user, has_password, await reader.groups_of(user.id), items)
    tokens = await reader.tokens_of(user.id)
    return UserDetails(user_row(account), rule_rows(items), tuple(map(token_row, tokens)))


@method("users.remove", access=OPEN, refusable=True)
async def remove(desk: Desk, name: str) -> None:
    """Remove an account with all its tokens."""
    await accounts.remove_user(desk.directory, OWNER, name)


@method("users.passwd", access=OPEN, refusable=True)
async def passwd(desk: Desk, name: str, password: str) -> None:
    """Give an account another password and take its tokens away."""
    await accounts.reset_password(desk.directory, OWNER, name, password)


@method("users.scopes", access=OPEN, refusable=True)
async def set_scopes(
    desk: Desk, name: str, scopes: ScopeBits, *, things: tuple[UUID, ...] | None = None
) -> None:
    """Replace what an account may do; the rights of Tani too."""
    await accounts.set_scopes(
        desk.directory, OWNER, name, Scope(scopes), None if things is None else _things(things)
    )


@method("users.state", access=OPEN, refusable=True)
async def set_state(
    desk: Desk,
    name: str,
    *,
    enabled: bool,
    since: Moment | None = None,
    until: Moment | None = None,
) -> None:
    """Switch an account on or off, and bound when it opens anything; None does not bound it."""
    validity = Validity(enabled, since, until)
    await accounts.set_validity(desk.directory, OWNER, name, validity)


@method("users.groups", access=OPEN, refusable=True)
async def set_groups(desk: Desk, name: str, groups: tuple[str, ...]) -> None:
    """Replace the groups that an account is a member of."""
    await change_user(desk.directory, OWNER, UserDraft(name, groups=groups))


def _things(ids: tuple[UUID, ...]) -> tuple[ThingId, ...]:
    return tuple(ThingId(thing) for thing in ids)
