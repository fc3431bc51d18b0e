"""Users written as a whole: made when they are new, changed otherwise, or changed only."""

from dataclasses import dataclass, field, replace

from keystead.domain import names
from keystead.domain.accounts import (
    add_user,
    check_keeps_limits,
    check_password,
    keep_a_user_editor,
    record_password,
    user_editor,
)
from keystead.domain.change import MembershipsChanged, UserChanged, UserItemsChanged
from keystead.domain.directory import Directory
from keystead.domain.escalation import Holding, check_may_give, check_may_touch
from keystead.domain.groups import (
    NO_CHANGE,
    RightsChange,
    check_name,
    checked_items,
    group_named,
    is_long,
)
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    EVERY_ITEM,
    OWNER,
    Actor,
    Group,
    ItemRule,
    Principal,
    Scope,
    User,
    UserId,
    with_groups,
)
from keystead.domain.passwords import MAX_PASSWORD_BYTES
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError

MAX_GROUPS = 256  # of one user; our choice


@dataclass(frozen=True, slots=True)
class UserDraft:
    """A user as somebody wants it; None keeps what there is, and gives nothing to a new one.

    Attributes:
        groups: names of all groups it is to be a member of.
        items: all rules of its own.
    """

    name: str
    rights: RightsChange = NO_CHANGE
    password: str | None = field(default=None, repr=False)
    groups: tuple[str, ...] | None = None
    items: tuple[ItemRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft that keeps all rules which need no store to be checked."""

    draft: UserDraft
    password_hash: str | None


async def write_first_user(directory: Directory, draft: UserDraft) -> None:
    """Make the first account of a directory that has never had one.

    It holds what nobody else could give it later: every scope but those that it declines, and
    unless it names others, a rule for every item if it is no administrator by that.

    Raises:
        RefusedError: SETUP_CODE_WRONG where one is needed, as there is no place for it here;
            TOO_LARGE, NAME_INVALID, NAME_RESERVED, ITEM_RULE_INVALID, FIRST_MUST_EDIT_USERS,
            PASSWORD_TOO_WEAK, BUSY, NOT_SIGNED_IN when there has been an account,
            NO_SUCH_GROUP, STORAGE_FAILED.
    Source: our choice.
    """
    if directory.setup_code is not None:
        raise RefusedError(Reason.SETUP_CODE_WRONG)
    if Scope.USER_EDIT not in draft.rights.given or not draft.password:
        raise RefusedError(Reason.FIRST_MUST_EDIT_USERS)
    scopes = draft.rights.replace_in(Scope.ADMIN)
    if scopes is not Scope.ADMIN and not draft.items:
        draft = replace(draft, items=(EVERY_ITEM,))
    _check_name(draft.name)
    checked = await _check(directory, draft)

    async def write(tx: Transaction) -> None:
        if await tx.ever_had_account():
            raise RefusedError(Reason.NOT_SIGNED_IN)
        await _make_user(tx, OWNER, User(_new_id(directory), draft.name, scopes), checked)

    await directory.write(None, write)


async def write_user(directory: Directory, actor: Actor, draft: UserDraft) -> None:
    """Make or change an account.

    Raises:
        RefusedError: TOO_LARGE, NAME_INVALID, NAME_RESERVED, ITEM_RULE_INVALID,
            PASSWORD_TOO_WEAK, BUSY, NOT_SIGNED_IN, FORBIDDEN, NAME_TAKEN, NO_SUCH_GROUP,
            ESCALATION, LAST_USER_EDITOR, STORAGE_FAILED.
    Source: Tani 5, 6 to 12.
    """
    _check_name(draft.name)
    checked = await _check(directory, draft)

    async def write(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        before = await tx.user_named(draft.name)
        if before is None:
            user = User(_new_id(directory), draft.name, draft.rights.given)
            await _make_user(tx, present, user, checked)
        elif before.name == draft.name:
            await _change_user(tx, present, before, checked)
        else:
            raise RefusedError(Reason.NAME_TAKEN)

    await directory.write(actor, write, bulk=is_long(actor, checked.draft.items))


async def change_user(directory: Directory, actor: Actor, draft: UserDraft) -> None:
    """Change an account that is there, however its name is written.

    Raises:
        RefusedError: TOO_LARGE, ITEM_RULE_INVALID, PASSWORD_TOO_WEAK, BUSY, NOT_SIGNED_IN,
            FORBIDDEN, NO_SUCH_USER, NO_SUCH_GROUP, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """
    checked = await _check(directory, draft)

    async def change(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        before = await tx.user_named(draft.name)
        if before is None:
            raise RefusedError(Reason.NO_SUCH_USER)
        await _change_user(tx, present, before, checked)

    await directory.write(actor, change, bulk=is_long(actor, checked.draft.items))


def _check_name(name: str) -> None:
    check_name(name)
    if names.key(name) == ANONYMOUS:
        raise RefusedError(Reason.NAME_RESERVED)


async def _check(directory: Directory, draft: UserDraft) -> _Checked:
    items = checked_items(draft.items)
    if len(draft.groups or ()) > MAX_GROUPS:
        raise RefusedError(Reason.TOO_LARGE)
    if draft.password is None:
        return _Checked(replace(draft, items=items), None)
    if len(draft.password.encode(errors="surrogatepass")) > MAX_PASSWORD_BYTES:
        raise RefusedError(Reason.TOO_LARGE)
    check_password(directory, draft.name, draft.password)
    return _Checked(replace(draft, items=items), await directory.hasher.hash(draft.password))


async def _make_user(tx: Transaction, actor: Actor, user: User, checked: _Checked) -> None:
    groups = await _groups_named(tx, checked.draft.groups or ())
    items = checked.draft.items or ()
    await check_may_give(tx, actor, Holding(user.scopes, groups=groups, items=items))
    await add_user(tx, user, checked.password_hash)
    if groups:
        await tx.record(MembershipsChanged(user, groups))
    if items:
        await tx.record(UserItemsChanged(user, items))


async def _change_user(tx: Transaction, actor: Actor, before: User, checked: _Checked) -> None:
    draft = checked.draft
    groups_before, items_before = (
        await tx.groups_of(before.id),
        await tx.items_of_user(before.id),
    )
    groups = groups_before if draft.groups is None else await _groups_named(tx, draft.groups)
    items = items_before if draft.items is None else draft.items
    after = before._replace(scopes=draft.rights.replace_in(before.scopes))
    await check_may_touch(tx, actor, before)
    await check_may_give(tx, actor, Holding(after.scopes, groups=groups, items=items))
    if after != before or checked.password_hash is not None:  # lists tell who has a password
        await tx.record(UserChanged(after))
    if groups != groups_before:
        await tx.record(MembershipsChanged(after, groups))
    if items != items_before:
        await tx.record(UserItemsChanged(after, items))
    if checked.password_hash is not None:
        check_keeps_limits(actor, before)
        is_own = isinstance(actor, Principal) and actor.user.id == before.id
        await record_password(tx, after, checked.password_hash, is_own=is_own)
    lost = with_groups(before.scopes, groups_before) & ~with_groups(after.scopes, groups)
    await keep_a_user_editor(tx, lost)


async def _groups_named(tx: Transaction, wanted: tuple[str, ...]) -> tuple[Group, ...]:
    groups = tuple([await group_named(tx, name) for name in dict.fromkeys(wanted)])
    if any(group.id == ANONYMOUS_ID for group in groups):  # everybody has its rights anyway
        raise RefusedError(Reason.NAME_RESERVED)
    return groups


def _new_id(directory: Directory) -> UserId:
    return UserId(directory.randomness(16))
