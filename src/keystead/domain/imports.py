"""Taking over the accounts and tokens of another system, so that nobody signs in again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from unicodedata import category

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
from keystead.domain.events import Action, Entry
from keystead.domain.groups import MAX_RULES
from keystead.domain.items import are_valid, folded, is_valid
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    OWNER,
    PUSH_BUTTON_USER,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenLimits,
    User,
    UserId,
    Validity,
)
from keystead.domain.ports import Transaction
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.upserts import MAX_GROUPS

_DIGEST_SIZE = 32  # bytes of an SHA-256


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """An account as another system had it.

    Attributes:
        scopes: their bits.
        groups: names of groups; those that are not here are left out.
        items: the account's own rules.
        password_hash: encoded, in a form that the hasher verifies; None for no password.
        enabled: whether it opens anything; and if so, valid_since and valid_until bound when.

    Raises:
        ValueError: there are no such scopes, what is called a hash is none, or a date.
    """

    name: str
    scopes: int
    display_name: str = ""
    email: str = ""
    things: tuple[ThingId, ...] = ()
    groups: tuple[str, ...] = ()
    items: tuple[ItemRule, ...] = ()
    password_hash: str | None = field(default=None, repr=False)
    enabled: bool = True
    valid_since: datetime | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        _check_bits(self.scopes)
        _check_dates(self.valid_since, self.valid_until)
        if self.password_hash is not None and not self.password_hash.isascii():
            raise ValueError("A password hash is ASCII")


@dataclass(frozen=True, slots=True)
class ImportedGroup:
    """A group as another system had it; *rights* are the bits of scopes.

    Raises:
        ValueError: there are no such rights.
    """

    name: str
    rights: int
    items: tuple[ItemRule, ...] = ()

    def __post_init__(self) -> None:
        _check_bits(self.rights)


@dataclass(frozen=True, slots=True)
class ImportedToken:
    """A token as another system had it; *digest* is the SHA-256 of its secret.

    Attributes:
        expires: None for never.
        scopes: bits of those that it is limited to; None where it is not. *things* and *items*
            are the same for those.

    Raises:
        ValueError: a date, the digest or the scopes are none.
    """

    id: TokenId
    user_name: str
    device_name: str
    created: datetime
    digest: bytes = field(repr=False)
    expires: datetime | None = None
    scopes: int | None = None
    things: tuple[ThingId, ...] | None = None
    items: tuple[ItemRule, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.digest) != _DIGEST_SIZE:
            raise ValueError(f"A digest has {_DIGEST_SIZE} bytes")
        _check_dates(self.created, self.expires)
        if self.scopes is not None:
            _check_bits(self.scopes)

    @property
    def limits(self) -> TokenLimits:
        """Give what it is limited to."""
        scopes = None if self.scopes is None else Scope(self.scopes)
        return TokenLimits(scopes, self.things, self.items)


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
        tx.summarised = True
        left: list[str] = []
        group_count = 0
        for group in groups:
            group_count += await _take_group(tx, directory, group, left)
        taken: dict[str, User] = {}
        for imported in users:
            if user := await _take_user(tx, directory, imported, left):
                taken[names.key(user.name)] = user
        token_count = 0
        for token in tokens:
            user = taken.get(names.key(token.user_name))
            token_count += await _take_token(tx, user, token, left)
        if taken or group_count:
            counts = (("users", len(taken)), ("tokens", token_count), ("groups", group_count))
            detail = tuple((what, str(count)) for what, count in counts)
            await tx.note(Entry(tx.author, Action.IMPORT, detail=detail))
        return Report(len(taken), token_count, tuple(left), group_count)

    return await directory.write(OWNER, take, bulk=True)


async def _take_group(
    tx: Transaction, directory: Directory, imported: ImportedGroup, left: list[str]
) -> bool:
    """Record a group with its rules; say in *left* what was not taken over."""
    whose = f"group {_shown(imported.name)}"
    group = await tx.group_named(imported.name)
    is_everybody = imported.name == ANONYMOUS
    if is_everybody and not (imported.rights or imported.items):
        return False
    if group and not is_everybody:
        left.append(f"{whose}: a group of this name is here already.")
        return False
    if group and (group.rights or await tx.items_of_group(group.id)):
        left.append(f"{whose}: it has rights here already.")
        return False
    if not names.is_well_formed(imported.name):
        left.append(f"{whose}: this is not a valid name.")
        return False
    rights = Scope(imported.rights) & TANI_RIGHTS
    if is_everybody:
        rights &= ~Scope.USER_EDIT
    if imported.rights & ~rights:
        left.append(f"{whose}: rights that it cannot have.")
    if group:
        group = group._replace(rights=rights)
        await tx.record(GroupChanged(group))
    else:
        group = Group(GroupId(directory.randomness(16)), imported.name, rights)
        await tx.record(GroupAdded(group))
    if items := _fit(whose, imported.items, left):
        await tx.record(GroupItemsChanged(group, items))
    return True


async def _take_user(
    tx: Transaction, directory: Directory, imported: ImportedUser, left: list[str]
) -> User | None:
    """Record an account with what belongs to it; say in *left* what was not taken over."""
    whose = _called(imported.name)
    if not _is_bearable(imported.name):
        left.append(f"{whose}: this is not a valid name.")
        return None
    if names.key(imported.name) == ANONYMOUS:
        left.append(f"{whose}: this name is reserved.")
        return None
    if await tx.user_named(imported.name):
        left.append(f"{whose}: an account of this name is here already.")
        return None
    user = User(
        UserId(directory.randomness(16)),
        imported.name,
        Scope(imported.scopes),
        imported.display_name,
        imported.email,
        tuple(dict.fromkeys(imported.things)),
        Validity(
            imported.enabled, _in_utc(imported.valid_since), _in_utc(imported.valid_until)
        ),
    )
    is_nameless = imported.name == PUSH_BUTTON_USER
    await tx.record(UserAdded(user, None if is_nameless else imported.password_hash))
    if groups := await _groups_named(tx, whose, imported.groups, left):
        await tx.record(MembershipsChanged(user, groups))
    if items := _fit(whose, imported.items, left):
        await tx.record(UserItemsChanged(user, items))
    return user


async def _groups_named(
    tx: Transaction, whose: str, wanted: tuple[str, ...], left: list[str]
) -> tuple[Group, ...]:
    groups: list[Group] = []
    for name in dict.fromkeys(wanted):
        group = await tx.group_named(name)
        if group is None or group.name != name or group.id == ANONYMOUS_ID:
            left.append(f"{whose}: there is no group {_shown(name)}.")
        else:
            groups.append(group)
    if len(groups) > MAX_GROUPS:
        left.append(f"{whose}: groups beyond the first {MAX_GROUPS:,}.")
    return tuple(groups[:MAX_GROUPS])


def _fit(whose: str, items: tuple[ItemRule, ...], left: list[str]) -> tuple[ItemRule, ...]:
    valid = [rule for rule in items if is_valid(rule)]
    if len(valid) < len(items):
        left.append(f"{whose}: rules that are not valid.")
    fit = folded(valid)
    if len(fit) > MAX_RULES:
        left.append(f"{whose}: rules beyond the first {MAX_RULES:,}.")
    return fit[:MAX_RULES]


async def _take_token(
    tx: Transaction, user: User | None, token: ImportedToken, left: list[str]
) -> bool:
    called = f"token {token.id} of {_called(token.user_name)}"
    if user is None:
        left.append(f"{called}: its account was not taken over now.")
        return False
    if await tx.token(token.id) or await tx.is_digest_taken(token.digest):
        left.append(f"{called}: this token is here already.")
        return False
    if not are_valid(token.items or ()):
        left.append(f"{called}: the rules that limit it are not valid.")
        return False
    taken = Token(
        token.id,
        user.id,
        token.device_name,
        token.created.astimezone(UTC),
        expires=_in_utc(token.expires),
        limits=token.limits,
    )
    await tx.record(TokenAdded(taken, token.digest))
    return True


def _check_dates(*dates: datetime | None) -> None:
    for date in filter(None, dates):
        if date.tzinfo is None:
            raise ValueError("A date needs its zone")
        try:
            date.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("A date is out of range") from error


def _in_utc(date: datetime | None) -> datetime | None:
    return date and date.astimezone(UTC)


def _check_bits(scopes: int) -> None:
    if not 0 <= scopes <= Scope.ADMIN:
        raise ValueError(f"Scopes are from 0 to {int(Scope.ADMIN)}")


def _is_bearable(name: str) -> bool:
    """Tell whether an account may keep the name that it had; nymea minded less than we do."""
    return len(name) <= names.MAX_NAME_LENGTH and not any(
        category(character) in {"Cc", "Cs"} for character in name
    )


def _called(name: str) -> str:
    return "the push-button account" if name == PUSH_BUTTON_USER else _shown(name)


def _shown(name: str) -> str:
    """Cut a name that nobody may have, which may be as long as it likes."""
    return name[: names.MAX_NAME_LENGTH]
