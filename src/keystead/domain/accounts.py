"""Operations on accounts. Each checks the rules, then records what it changes."""

from dataclasses import dataclass

from keystead.domain import names
from keystead.domain.access import manages_users, scopes_of
from keystead.domain.change import (
    PasswordChanged,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.directory import Directory, check_texts, still_valid
from keystead.domain.escalation import Holding, check_may_give, check_may_touch
from keystead.domain.model import (
    ANONYMOUS,
    NO_LIMITS,
    PUSH_BUTTON_USER,
    Actor,
    Principal,
    Scope,
    ThingId,
    TokenKind,
    User,
    UserId,
    Validity,
    with_groups,
)
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.scopes import are_consistent, replaced


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is asked for when an account is made."""

    name: str
    scopes: Scope
    display_name: str = ""
    email: str = ""
    things: tuple[ThingId, ...] = ()


async def create_user(directory: Directory, actor: Actor, new: NewUser, password: str) -> User:
    """Make an account that can sign in with *password*.

    Raises:
        RefusedError: in this order NAME_INVALID, PASSWORD_TOO_WEAK, INCONSISTENT_SCOPES,
            TEXT_INVALID, BUSY, NOT_SIGNED_IN, FORBIDDEN, ESCALATION, NAME_TAKEN,
            STORAGE_FAILED.
    Source: nymea 4.2 for the order.
    """
    user, password_hash = await prepare(directory, new, password)

    async def add(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        await check_may_give(tx, present, Holding(user.scopes, user.things))
        await add_user(tx, user, password_hash)

    await directory.write(actor, add)
    return user


async def prepare(directory: Directory, new: NewUser, password: str) -> tuple[User, str]:
    """Check what can be checked without the store, and hash the password.

    Returns:
        The account as it will be, and its encoded password hash.

    Raises:
        RefusedError: NAME_INVALID, PASSWORD_TOO_WEAK, INCONSISTENT_SCOPES, TEXT_INVALID, BUSY.
    """
    if not names.is_valid(new.name) or names.key(new.name) == ANONYMOUS:
        raise RefusedError(Reason.NAME_INVALID)
    check_password(directory, new.name, password)
    if not are_consistent(new.scopes):
        raise RefusedError(Reason.INCONSISTENT_SCOPES)
    check_texts(new.display_name, new.email)
    password_hash = await directory.hasher.hash(password)
    user = User(
        id=UserId(directory.randomness(16)),
        name=new.name,
        scopes=new.scopes,
        display_name=new.display_name,
        email=new.email,
        things=tuple(dict.fromkeys(new.things)),
    )
    return user, password_hash


async def add_user(tx: Transaction, user: User, password_hash: str | None) -> None:
    """Record a new account.

    Raises:
        RefusedError: NAME_TAKEN.
    """
    if await tx.user_named(user.name):
        raise RefusedError(Reason.NAME_TAKEN)
    await tx.record(UserAdded(user, password_hash))


async def set_scopes(
    directory: Directory,
    actor: Actor,
    name: str,
    scopes: Scope,
    things: tuple[ThingId, ...] | None = None,
    *,
    keep: Scope = Scope.NONE,
) -> User:
    """Replace what an account may do.

    Args:
        directory: the directory.
        actor: who asks.
        name: whose scopes change.
        scopes: what the account is to hold.
        things: what it is to see; None keeps the list.
        keep: rights that *actor* has no names for; see ``scopes.replaced``.

    Raises:
        RefusedError: INCONSISTENT_SCOPES, NOT_SIGNED_IN, FORBIDDEN, NO_SUCH_USER,
            ESCALATION, LAST_USER_EDITOR, STORAGE_FAILED.
    """
    if not are_consistent(scopes):
        raise RefusedError(Reason.INCONSISTENT_SCOPES)

    async def change(tx: Transaction) -> User:
        present = await user_editor(tx, actor)
        before = await _existing(tx, name)
        after = before._replace(
            scopes=replaced(before.scopes, scopes, keep),
            things=before.things if things is None else tuple(dict.fromkeys(things)),
        )
        await check_may_touch(tx, present, before)
        await check_may_give(tx, present, Holding(after.scopes, after.things))
        await tx.record(UserChanged(after))
        await keep_a_user_editor(tx, before.scopes & ~after.scopes)
        return after

    return await directory.write(actor, change)


async def set_details(
    directory: Directory,
    actor: Actor,
    name: str,
    display_name: str | None,
    email: str | None,
) -> User:
    """Change how an account is shown; None keeps a value.

    Everybody may change their own, user editors those of accounts that hold no more.

    Raises:
        RefusedError: TEXT_INVALID, NOT_SIGNED_IN, FORBIDDEN, NO_SUCH_USER, ESCALATION,
            STORAGE_FAILED.
    """
    check_texts(display_name or "", email or "")

    async def change(tx: Transaction) -> User:
        before = await own_or_managed(tx, await still_valid(tx, actor), name)
        after = before._replace(
            display_name=before.display_name if display_name is None else display_name,
            email=before.email if email is None else email,
        )
        await tx.record(UserChanged(after))
        return after

    return await directory.write(actor, change)


async def set_validity(
    directory: Directory, actor: Actor, name: str, validity: Validity
) -> User:
    """Switch an account on or off, or bound when it opens anything.

    Raises:
        RefusedError: NOT_YET_VALID when it would end before it begins, NOT_SIGNED_IN,
            FORBIDDEN, NO_SUCH_USER, ESCALATION, OWN_ACCOUNT when the actor would be out,
            LAST_USER_EDITOR, STORAGE_FAILED.
    """
    if validity.since and validity.until and validity.until <= validity.since:
        raise RefusedError(Reason.NOT_YET_VALID)

    async def change(tx: Transaction) -> User:
        present = await user_editor(tx, actor)
        before = await _existing(tx, name)
        await check_may_touch(tx, present, before)
        is_own = isinstance(present, Principal) and present.user.id == before.id
        if is_own and not validity.holds(tx.now):
            raise RefusedError(Reason.OWN_ACCOUNT)
        after = before._replace(validity=validity)
        if after != before:
            await tx.record(UserChanged(after))
        await keep_a_user_editor(tx, with_groups(before.scopes, await tx.groups_of(before.id)))
        return after

    return await directory.write(actor, change)


async def change_own_password(
    directory: Directory, principal: Principal, password: str
) -> None:
    """Give the signed-in account another password; tokens of devices stay valid.

    Raises:
        RefusedError: ESCALATION for a token with limits, which would be rid of them by the new
            password; NAME_INVALID for the nameless account, PASSWORD_TOO_WEAK, BUSY,
            NOT_SIGNED_IN, STORAGE_FAILED.
    Source: nymea 4.2, ChangePassword.
    """
    user = principal.user
    check_keeps_limits(principal, user)
    check_password(directory, user.name, password)
    password_hash = await directory.hasher.hash(password)

    async def change(tx: Transaction) -> None:
        check_keeps_limits(await still_valid(tx, principal), user)
        await record_password(tx, user, password_hash, is_own=True)

    await directory.write(principal, change)


async def reset_password(directory: Directory, actor: Actor, name: str, password: str) -> None:
    """Give an account another password and take all its tokens away.

    Raises:
        RefusedError: NAME_INVALID for the nameless account, PASSWORD_TOO_WEAK, BUSY,
            NOT_SIGNED_IN, FORBIDDEN, NO_SUCH_USER, ESCALATION, STORAGE_FAILED.
    Source: nymea 4.2, what ChangeUserPassword promises.
    """
    check_password(directory, name, password)
    password_hash = await directory.hasher.hash(password)

    async def change(tx: Transaction) -> None:
        present = await user_editor(tx, actor)
        user = await _existing(tx, name)
        await check_may_touch(tx, present, user)
        check_keeps_limits(present, user)
        await record_password(tx, user, password_hash, is_own=False)

    await directory.write(actor, change)


async def remove_user(directory: Directory, actor: Actor, name: str) -> User:
    """Remove an account and all its tokens.

    Raises:
        RefusedError: NOT_SIGNED_IN, FORBIDDEN, NO_SUCH_USER, ESCALATION, LAST_USER_EDITOR,
            STORAGE_FAILED.
    """

    async def remove(tx: Transaction) -> User:
        present = await user_editor(tx, actor)
        user = await _existing(tx, name)
        await check_may_touch(tx, present, user)
        held = with_groups(user.scopes, await tx.groups_of(user.id))
        await tx.record(UserRemoved(user))
        await keep_a_user_editor(tx, held)
        return user

    return await directory.write(actor, remove)


def check_password(directory: Directory, name: str, password: str) -> None:
    """Refuse a password that the account *name* may not have.

    Raises:
        RefusedError: NAME_INVALID for the nameless account, PASSWORD_TOO_WEAK.
    """
    if name == PUSH_BUTTON_USER:
        raise RefusedError(Reason.NAME_INVALID)
    if not directory.passwords.allows(password, name):
        raise RefusedError(Reason.PASSWORD_TOO_WEAK)


def check_keeps_limits(actor: Actor, user: User) -> None:
    """Refuse a token with limits another password for its own account.

    Whoever knows it is rid of the limits.

    Raises:
        RefusedError: ESCALATION.
    """
    if not isinstance(actor, Principal) or actor.user.id != user.id:
        return
    if actor.limits != NO_LIMITS:
        raise RefusedError(Reason.ESCALATION)


async def _existing(tx: Transaction, name: str) -> User:
    if user := await tx.user_named(name):
        return user
    raise RefusedError(Reason.NO_SUCH_USER)


async def record_password(
    tx: Transaction, user: User, password_hash: str, *, is_own: bool
) -> None:
    """Record another password, and the end of what the old one opened.

    Whoever changes their own keeps the tokens of their devices; sessions end either way.

    Source: nymea 4.2; for sessions our choice.
    """
    await tx.record(PasswordChanged(user.id, password_hash))
    for token in await tx.tokens_of(user.id):
        if not is_own or token.kind is TokenKind.SESSION:
            await tx.record(TokenRemoved(user.id, token.id, token.device_name))


async def user_editor(tx: Transaction, actor: Actor) -> Actor:
    """Give *actor* as of now, who may change users.

    Raises:
        RefusedError: NOT_SIGNED_IN, FORBIDDEN.
    """
    present = await still_valid(tx, actor)
    if not manages_users(scopes_of(present)):
        raise RefusedError(Reason.FORBIDDEN)
    return present


async def own_or_managed(tx: Transaction, actor: Actor, name: str) -> User:
    """Find an account that *actor* may look after: their own, or one that they may manage.

    Raises:
        RefusedError: FORBIDDEN, NO_SUCH_USER, ESCALATION.
    """
    own = actor.user if isinstance(actor, Principal) else None
    if manages_users(scopes_of(actor)):
        user = await _existing(tx, name)
        if own is None or user.id != own.id:
            await check_may_touch(tx, actor, user)
        return user
    if own is None or names.key(name) != names.key(own.name):
        raise RefusedError(Reason.FORBIDDEN)
    return own


async def keep_a_user_editor(tx: Transaction, lost: Scope) -> None:
    """Refuse to leave nobody who can change users.

    Args:
        tx: with the change recorded.
        lost: what somebody does not hold any more.

    Raises:
        RefusedError: LAST_USER_EDITOR.
    Source: our choice.
    """
    if manages_users(lost) and not await tx.has_user_editor(tx.now):
        raise RefusedError(Reason.LAST_USER_EDITOR)
