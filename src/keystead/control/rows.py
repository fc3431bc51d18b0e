"""What the owner's commands show of accounts, tokens and rules, for programs and people."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from keystead.domain.model import Account, ItemRule, Token
from keystead.domain.scopes import names_of

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # as a parameter: one with a time zone


class RuleRow(msgspec.Struct, frozen=True):
    """A right to read an item, or to write it too; with a prefix what lies below."""

    name: str
    prefix: bool = False
    write: bool = False


class UserRow(msgspec.Struct, frozen=True):
    """An account in a list.

    Attributes:
        enabled: nobody has switched it off.
        since: when it begins to open anything; None for ever since.
        until: when it ends to; None for never.
    """

    name: str
    display_name: str
    email: str
    scopes: tuple[str, ...]
    things: tuple[UUID, ...]
    groups: tuple[str, ...]
    has_password: bool
    enabled: bool
    since: datetime | None
    until: datetime | None


class TokenRow(msgspec.Struct, frozen=True):
    """A token in a list.

    Attributes:
        expires: None for never, as for ``last_used``.
        last_source: from where it was used last.
        scopes: all that it holds; None where it is not limited, as for things and items.
    """

    id: UUID
    device_name: str
    kind: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    last_source: str
    scopes: tuple[str, ...] | None
    things: tuple[UUID, ...] | None
    items: tuple[RuleRow, ...] | None


def user_row(account: Account) -> UserRow:
    """Show an account."""
    user = account.user
    return UserRow(
        user.name,
        user.display_name,
        user.email,
        names_of(user.scopes),
        user.things,
        tuple(group.name for group in account.groups),
        account.has_password,
        *user.validity,
    )


def token_row(token: Token) -> TokenRow:
    """Show a token."""
    limits, used = token.limits, token.last_used
    return TokenRow(
        token.id,
        token.device_name,
        token.kind.value,
        token.created,
        token.expires,
        used.time if used else None,
        used.source if used else "",
        None if limits.scopes is None else names_of(limits.scopes),
        limits.things,
        None if limits.items is None else rule_rows(limits.items),
    )


def rule_rows(rules: Iterable[ItemRule]) -> tuple[RuleRow, ...]:
    """Show rules."""
    return tuple(RuleRow(*rule) for rule in rules)


def rules_of(rows: Iterable[RuleRow]) -> tuple[ItemRule, ...]:
    """Read rules."""
    return tuple(ItemRule(row.name, row.prefix, row.write) for row in rows)
