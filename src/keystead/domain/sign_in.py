"""Signing in with a name and a password, and making the very first account."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from keystead.domain import names
from keystead.domain.accounts import NewUser, add_user, prepare
from keystead.domain.change import PasswordRehashed
from keystead.domain.directory import Directory
from keystead.domain.events import Action, Entry, Outcome, author_of
from keystead.domain.model import User
from keystead.domain.ports import Transaction
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.setup_code import THROTTLE_NAME
from keystead.domain.throttle import Lane, ThrottledError
from keystead.domain.tokens import SignedIn, issue

T = TypeVar("T")

_TRIES = 2  # another sign-in may replace an outdated hash between the check and the entry
_NO_NAME = "\0"  # stands for every name that is too long to be one, so that none is kept


async def sign_in(directory: Directory, name: str, password: str, device_name: str) -> SignedIn:
    """Check a password and issue a token for the device.

    An unknown name and a wrong password take the same time and give the same answer. A hash in
    an outdated form is replaced on the way.

    Raises:
        RefusedError: SIGN_IN_FAILED, also for an account that is not valid now; THROTTLED,
            TEXT_INVALID for the device name, BUSY, STORAGE_FAILED.
    """

    async def enter(tx: Transaction, user: User) -> SignedIn:
        return await issue(tx, directory, user, device_name, is_in_use=True)

    return await let_in(directory, name, password, enter)


async def let_in(
    directory: Directory,
    name: str,
    password: str,
    enter: Callable[[Transaction, User], Awaitable[T]],
) -> T:
    """Check a password, and do *enter* in the transaction that finds it still the right one.

    A try whose end nobody waits for counts as failed: its hash is computed all the same.

    Raises:
        RefusedError: SIGN_IN_FAILED, THROTTLED, BUSY, STORAGE_FAILED; what *enter* raises.
    """
    account = names.key(name) if len(name) <= names.MAX_NAME_LENGTH else _NO_NAME
    source = directory.origin.source
    try:
        lane = directory.throttle.begin(account, source, directory.clock())
    except ThrottledError:
        _tell(directory, None, Outcome.REFUSED, "throttled")
        raise
    try:
        entered = await _checked(directory, name, password, lane, enter)
    except RefusedError as refused:
        if refused.reason is Reason.BUSY:
            directory.throttle.turned_away(account, source, directory.clock())
        elif refused.reason is not Reason.SIGN_IN_FAILED:
            directory.throttle.undone(account, source, directory.clock())
        elif lock := directory.throttle.lock(account, source, directory.clock()):
            directory.note(None, Action.LOCK, until=lock.until.isoformat(timespec="seconds"))
        raise
    directory.throttle.succeeded(account, source, directory.clock())
    return entered


async def _checked(
    directory: Directory,
    name: str,
    password: str,
    lane: Lane,
    enter: Callable[[Transaction, User], Awaitable[T]],
) -> T:
    for _ in range(_TRIES):
        found = await directory.store.reader.credentials(name) if name else None
        user, encoded = found or (None, None)
        fits = await directory.hasher.verify(encoded, password, lane=lane)
        if user is None or encoded is None or not fits:
            break
        if not user.validity.holds(directory.clock()):
            _tell(directory, user, Outcome.REFUSED, "the account is not valid")
            raise RefusedError(Reason.SIGN_IN_FAILED)
        entered = await _enter(directory, user, encoded, password, enter)
        if entered is not None:
            return entered
    _tell(directory, user, Outcome.FAILURE, "wrong password" if user else "no such account")
    raise RefusedError(Reason.SIGN_IN_FAILED)


def _tell(directory: Directory, user: User | None, outcome: Outcome, reason: str) -> None:
    directory.note(None, Action.SIGN_IN, user.name if user else "", outcome, reason=reason)


async def _enter(
    directory: Directory,
    user: User,
    encoded: str,
    password: str,
    enter: Callable[[Transaction, User], Awaitable[T]],
) -> T | None:
    """Do *enter*; None when the stored hash is not the checked one any more."""
    stronger = None
    if directory.hasher.is_outdated(encoded):
        stronger = await directory.hasher.hash(password)

    async def checked(tx: Transaction) -> T | None:
        found = await tx.credentials(user.name)
        if found is None:
            return None
        present, stored = found
        if (present.id, stored) != (user.id, encoded) or not present.validity.holds(tx.now):
            return None
        tx.author = author_of(present, directory.origin)
        if stronger is not None:
            await tx.record(PasswordRehashed(user.id, stronger))
        entered = await enter(tx, present)
        await tx.note(Entry(tx.author, Action.SIGN_IN, present.name, present.id.hex()))
        return entered

    # As bulk: hashing leaves little in the processor's caches, so that it takes a millisecond.
    return await directory.write(None, checked, bulk=True, essential=True)


async def create_first_account(
    directory: Directory, new: NewUser, password: str, setup_code: str = ""
) -> User:
    """Make the first account of a directory that has never had one.

    Args:
        directory: the directory.
        new: the account.
        password: its password.
        setup_code: as somebody typed it; does not matter where the directory asks for none.

    Raises:
        RefusedError: SET_UP_ALREADY, SETUP_CODE_WRONG, THROTTLED after too many wrong codes, and
            everything that ``accounts.prepare`` refuses.
    Source: our choice: a directory whose accounts were all removed does not open again.
    """
    await _check_setup_code(directory, setup_code)
    user, password_hash = await prepare(directory, new, password)

    async def add(tx: Transaction) -> None:
        if await tx.ever_had_account():
            raise RefusedError(Reason.SET_UP_ALREADY)
        await add_user(tx, user, password_hash)

    await directory.write(None, add)
    directory.throttle.forget(THROTTLE_NAME)
    return user


async def _check_setup_code(directory: Directory, typed: str) -> None:
    """Let pass who knows the one-time code, where one is needed.

    Raises:
        RefusedError: SET_UP_ALREADY, SETUP_CODE_WRONG, THROTTLED.

    Source: our choice: wrong codes are slowed down like wrong passwords of one account.
    """
    if directory.setup_code is None:
        return
    if await directory.store.reader.ever_had_account():
        raise RefusedError(Reason.SET_UP_ALREADY)
    if not typed:
        raise RefusedError(Reason.SETUP_CODE_WRONG)
    throttle, source = directory.throttle, directory.origin.source
    try:
        throttle.begin(THROTTLE_NAME, source, directory.clock())
    except ThrottledError:
        directory.note(None, Action.DENIED, "", Outcome.REFUSED, reason="throttled")
        raise
    if directory.setup_code.fits(typed):
        throttle.undone(THROTTLE_NAME, source, directory.clock())
        return
    if lock := throttle.lock(THROTTLE_NAME, source, directory.clock()):
        directory.note(None, Action.LOCK, until=lock.until.isoformat(timespec="seconds"))
    raise RefusedError(Reason.SETUP_CODE_WRONG)
