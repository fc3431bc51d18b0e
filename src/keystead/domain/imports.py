"""Taking over the accounts and tokens of another system, so that nobody signs in again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from keystead.domain import names
from keystead.domain.change import TokenAdded, UserAdded
from keystead.domain.directory import Directory
from keystead.domain.model import PUSH_BUTTON_USER, Scope, ThingId, Token, TokenId, User, UserId
from keystead.domain.ports import Transaction


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """An account as another system had it.

    Attributes:
        password_hash: encoded, in a form that the hasher verifies; None for no password.
    """

    name: str
    scopes: int
    display_name: str = ""
    email: str = ""
    things: tuple[ThingId, ...] = ()
    password_hash: str | None = field(default=None, repr=False)


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


async def take_over(
    directory: Directory, users: Sequence[ImportedUser], tokens: Sequence[ImportedToken]
) -> Report:
    """Add the accounts that are not here yet, with their tokens; all of it or nothing.

    Doing it again changes nothing: an account that is here already keeps what it has, and
    none of its old tokens, which may have been revoked since, comes back.

    Raises:
        RefusedError: STORAGE_FAILED.
    """

    async def take(tx: Transaction) -> Report:
        left: list[str] = []
        taken: dict[str, User] = {}
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
            taken[names.key(user.name)] = user
        count = 0
        for token in tokens:
            objection = await _take_token(tx, taken.get(names.key(token.user_name)), token)
            if objection:
                left.append(objection)
            count += not objection
        return Report(len(taken), count, tuple(left))

    return await directory.store.write(take, bulk=True)


async def _take_token(tx: Transaction, user: User | None, token: ImportedToken) -> str:
    called = f"token {token.id} of {_called(token.user_name)}"
    if user is None:
        return f"{called}: its account was not taken over now."
    if await tx.token(token.id) or await tx.principal_by_digest(token.digest):
        return f"{called}: this token is here already."
    taken = Token(token.id, user.id, token.device_name, token.created)
    await tx.record(TokenAdded(taken, token.digest))
    return ""


def _called(name: str) -> str:
    return "the push-button account" if name == PUSH_BUTTON_USER else name
