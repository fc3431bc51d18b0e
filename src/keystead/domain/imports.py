"""Taking over the accounts and tokens of another system, so that nobody signs in again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from keystead.domain import names
from keystead.domain.change import (
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    MembershipsChanged,
    TokenAdded,
    UserAdded,
    UserItemsChanged,
)
from keystead.domain.directory import Directory
from keystead.domain.groups import MAX_RULES
from keystead.domain.items import folded, is_valid
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    PUSH_BUTTON_USER,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    User,
    UserId,
)
from keystead.domain.ports import Transaction
from keystead.domain.scopes import TANI_RIGHTS


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """An account as another system had it.

    Attributes:
        groups: names of groups; those that are not here are left out.
        items: the account's own rules.
        password_hash: encoded, in a form that the hasher verifies; None for no password.
    """

    name: str
    scopes: int
    display_name: str = ""
    email: str = ""
    things: tuple[ThingId, ...] = ()
    groups: tuple[str, ...] = ()
    items: tuple[ItemRule, ...] = ()
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ImportedGroup:
    """A group as another system had it; *rights* are the bits of scopes."""

    name: str
    rights: int
    items: tuple[ItemRule, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedToken:
    """A token as another system had it; *digest* is the SHA-256 of its secret."""

    id: TokenId
    user_name: str
    device_name: str
    created: datetime
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import took over, and what it left: one sentence each, with the reason."""

    users: int
    tokens: int
    left: tuple[str, ...]
    groups: int = 0


async def take_over(
    directory: Directory,
    users: Sequence[ImportedUser],
    tokens: Sequence[ImportedToken],
    groups: Sequence[ImportedGroup] = (),
) -> Report:
    """Add the accounts and groups that are not here yet, with tokens; all of it or nothing.

    Doing it again changes nothing: an account or group that is here already keeps what it
    has, and none of its old tokens, which may have been revoked since, comes back. The group
    of everybody is taken over where it has no rights yet.

    Raises:
        RefusedError: STORAGE_FAILED.
    """

    async def take(tx: Transaction) -> Report:
        left: list[str] = []
        taken: dict[str, User] = {}
        group_count = 0
        for group in groups:
            if group.name == ANONYMOUS and not (group.rights or group.items):
                continue
            objection = await _take_group(tx, directory, group)
            if objection:
                left.append(objection)
            group_count += not objection
        for imported in users:
            if await tx.user_named(imported.name):
                left.append(
                    f"{_called(imported.name)}: an account of this name is here already."
                )
                continue
            user = User(
                UserId(directory.randomness(16)),
                imported.name,
                Scope(imported.scopes),
                imported.display_name,
                imported.email,
                imported.things,
            )
            await tx.record(UserAdded(user, imported.password_hash))
            left += await _take_belongings(tx, user, imported)
            taken[names.key(user.name)] = user
        count = 0
        for token in tokens:
            objection = await _take_token(tx, taken.get(names.key(token.user_name)), token)
            if objection:
                left.append(objection)
            count += not objection
        return Report(len(taken), count, tuple(left), group_count)

    return await directory.store.write(take, bulk=True)


async def _take_group(tx: Transaction, directory: Directory, imported: ImportedGroup) -> str:
    rights = Scope(imported.rights) & TANI_RIGHTS
    known = await tx.group_named(imported.name)
    if known and known.id == ANONYMOUS_ID:
        if known.rights or await tx.items_of_group(known.id):
            return f"group {known.name}: it has rights here already."
        group = known._replace(rights=rights & ~Scope.USER_EDIT)
        await tx.record(GroupChanged(group))
    elif known:
        return f"group {imported.name}: a group of this name is here already."
    elif not names.is_well_formed(imported.name):
        return f"group {imported.name}: this is not a valid name."
    else:
        group = Group(GroupId(directory.randomness(16)), imported.name, rights)
        await tx.record(GroupAdded(group))
    if items := _fit(imported.items):
        await tx.record(GroupItemsChanged(group, items))
    return ""


async def _take_belongings(tx: Transaction, user: User, imported: ImportedUser) -> list[str]:
    """Record groups and rules of a new account; say what was left out."""
    left: list[str] = []
    groups: list[Group] = []
    for name in dict.fromkeys(imported.groups):
        group = await tx.group_named(name)
        if group is None or group.id == ANONYMOUS_ID:
            left.append(f"{_called(user.name)}: there is no group {name}.")
        else:
            groups.append(group)
    if groups:
        await tx.record(MembershipsChanged(user, tuple(groups)))
    if items := _fit(imported.items):
        await tx.record(UserItemsChanged(user, items))
    return left


def _fit(items: tuple[ItemRule, ...]) -> tuple[ItemRule, ...]:
    return folded(rule for rule in items[:MAX_RULES] if is_valid(rule))


async def _take_token(tx: Transaction, user: User | None, token: ImportedToken) -> str:
    called = f"token {token.id} of {_called(token.user_name)}"
    if user is None:
        return f"{called}: its account was not taken over now."
    if await tx.token(token.id) or await tx.is_digest_taken(token.digest):
        return f"{called}: this token is here already."
    taken = Token(token.id, user.id, token.device_name, token.created)
    await tx.record(TokenAdded(taken, token.digest))
    return ""


def _called(name: str) -> str:
    return "the push-button account" if name == PUSH_BUTTON_USER else name
