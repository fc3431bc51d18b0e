"""The owner's commands: one function each, called by name on both sides of the Unix socket."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from keystead.domain import accounts, exports, imports
from keystead.domain.access import OPEN
from keystead.domain.accounts import NewUser
from keystead.domain.directory import Directory
from keystead.domain.exports import Export
from keystead.domain.imports import ImportedGroup, ImportedToken, ImportedUser, Report
from keystead.domain.model import OWNER, ItemRule, Scope, ThingId, User
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.rights import Rights
from keystead.domain.scopes import names_of
from keystead.rpc.method import Catalogue, Page


@dataclass(frozen=True, slots=True)
class Desk:
    """What the owner's commands work on.

    Attributes:
        rights: answers questions about items.
        press: pushes the button for the device that waits; None where no server runs.
    """

    directory: Directory
    rights: Rights
    press: Callable[[], Awaitable[None]] | None = None


ScopeBits = Annotated[int, msgspec.Meta(ge=0, le=int(Scope.ADMIN))]

catalogue: Catalogue[Desk] = Catalogue(rename=None)
method = catalogue.method


class UserRow(msgspec.Struct, frozen=True):
    """An account in a list."""

    name: str
    display_name: str
    email: str
    scopes: tuple[str, ...]
    things: tuple[UUID, ...]


class TokenRow(msgspec.Struct, frozen=True):
    """A token in a list."""

    id: UUID
    device_name: str
    created: datetime


class UserDetails(msgspec.Struct, frozen=True):
    """An account with its tokens, oldest first."""

    user: UserRow
    tokens: tuple[TokenRow, ...]


class SpokenRule(msgspec.Struct, frozen=True):
    """A rule that matches an item, and the group that gives it."""

    rule: ItemRule
    group: str | None


class RightsAnswer(msgspec.Struct, frozen=True):
    """Whether something is allowed, and the rules that spoke, the most specific first."""

    allowed: bool
    is_admin: bool
    spoken: tuple[SpokenRule, ...]


def user_row(user: User) -> UserRow:
    """Show *user*."""
    return UserRow(user.name, user.display_name, user.email, names_of(user.scopes), user.things)


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
    users = desk.directory.store.reader.users()
    return Page([user_row(user) for user in portion] async for portion in users)


@method("users.show", access=OPEN, refusable=True)
async def show(desk: Desk, name: str) -> UserDetails:
    """Show an account and its tokens."""
    reader = desk.directory.store.reader
    user = await reader.user_named(name)
    if user is None:
        raise RefusedError(Reason.NO_SUCH_USER)
    tokens = await reader.tokens_of(user.id)
    return UserDetails(
        user_row(user), tuple(TokenRow(t.id, t.device_name, t.created) for t in tokens)
    )


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


@method("pairing.press", access=OPEN, refusable=True)
async def press(desk: Desk) -> None:
    """Push the button: let the device in that waits."""
    if desk.press is None:
        raise RefusedError(Reason.NOTHING_TO_PAIR)
    await desk.press()


@method("import.users", access=OPEN, refusable=True)
async def import_users(
    desk: Desk,
    users: list[ImportedUser],
    tokens: list[ImportedToken],
    *,
    groups: tuple[ImportedGroup, ...] = (),
) -> Report:
    """Take accounts, tokens and groups over from another system."""
    return await imports.take_over(desk.directory, users, tokens, groups)


@method("export", access=OPEN, refusable=True)
async def export_all(desk: Desk) -> Export:
    """Give all accounts, groups and device tokens, as another directory can take them over."""
    return await exports.export(desk.directory)


@method("rights.explain", access=OPEN, refusable=True)
async def explain_right(
    desk: Desk, user: str, item: str, *, write: bool = False
) -> RightsAnswer:
    """Tell whether a user may read or write an item, and which rules say so."""
    decision = await desk.rights.explain(user, item, write=write)
    spoken = tuple(SpokenRule(rule, source) for rule, source in decision.spoken)
    return RightsAnswer(decision.allowed, decision.is_admin, spoken)


def _things(ids: tuple[UUID, ...]) -> tuple[ThingId, ...]:
    return tuple(ThingId(thing) for thing in ids)
