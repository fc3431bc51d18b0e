"""The owner's commands about tokens."""

from uuid import UUID

import msgspec

from keystead.control.desk import Desk, ScopeBits, method
from keystead.control.rows import Moment, RuleRow, TokenRow, rules_of, token_row
from keystead.domain import tokens
from keystead.domain.access import OPEN
from keystead.domain.model import OWNER, Scope, ThingId, TokenId, TokenLimits
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.tokens import TokenDraft


class NewToken(msgspec.Struct, frozen=True):
    """A token and its secret, which is shown this once."""

    id: UUID
    secret: str


@method("tokens.list", access=OPEN, refusable=True, returns="tokens")
async def list_tokens(desk: Desk, name: str) -> list[TokenRow]:
    """List the tokens of an account, oldest first."""
    reader = desk.directory.store.reader
    user = await reader.user_named(name)
    if user is None:
        raise RefusedError(Reason.NO_SUCH_USER)
    return [token_row(token) for token in await reader.tokens_of(user.id)]


@method("tokens.add", access=OPEN, refusable=True)
async def add(
    desk: Desk,
    name: str,
    device_name: str,
    *,
    expires: Moment | None = None,
    scopes: ScopeBits | None = None,
    things: tuple[UUID, ...] | None = None,
    items: tuple[RuleRow, ...] | None = None,
) -> NewToken:
    """Make a token for a device of an account; what is not given does not limit it.

    Without a time when it expires it lasts as long as the settings say.
    """
    directory = desk.directory
    if expires is None and directory.device_lifetime is not None:
        expires = directory.clock() + directory.device_lifetime
    limits = TokenLimits(
        None if scopes is None else Scope(scopes),
        None if things is None else tuple(ThingId(thing) for thing in things),
        None if items is None else rules_of(items),
    )
    draft = TokenDraft(device_name, expires, limits)
    made = await tokens.create_token(directory, OWNER, name, draft)
    return NewToken(made.principal.token_id, made.secret)


@method("tokens.rotate", access=OPEN, refusable=True)
async def rotate(desk: Desk, token_id: UUID) -> NewToken:
    """Give a device's token another secret; the old one opens nothing any more."""
    secret = await tokens.rotate_token(desk.directory, OWNER, TokenId(token_id))
    return NewToken(token_id, secret)


@method("tokens.remove", access=OPEN, refusable=True)
async def remove(desk: Desk, token_id: UUID) -> None:
    """Take a token away, and sign out whoever uses it."""
    await tokens.remove_token(desk.directory, OWNER, TokenId(token_id))
