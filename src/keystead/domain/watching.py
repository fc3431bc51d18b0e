"""What a transaction changes, as it was before."""

from dataclasses import dataclass, field
from typing import Any, assert_never

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
    concerned,
)
from keystead.domain.effects import Standing
from keystead.domain.model import Group, GroupId, ItemRule, TokenId, UserId
from keystead.domain.ports import Transaction


@dataclass(frozen=True, slots=True)
class GroupBefore:
    """A group as it was before anything was recorded of it.

    Attributes:
        group: None when there was none.
        members: their names by id.
    """

    group: Group | None
    items: tuple[ItemRule, ...]
    members: dict[UserId, str]


@dataclass(slots=True)
class Seen:
    """What was concerned, as it was before, and what no look before and after would show.

    Attributes:
        accounts: None for those that were not there.
        new_passwords: whose passwords were replaced.
        new_secrets: tokens whose secrets were.
    """

    accounts: dict[UserId, Standing | None] = field(default_factory=dict)
    groups: dict[GroupId, GroupBefore] = field(default_factory=dict)
    new_passwords: set[UserId] = field(default_factory=set)
    new_secrets: set[TokenId] = field(default_factory=set)

    def groups_before(self, user_id: UserId, now: tuple[Group, ...]) -> tuple[Group, ...]:
        """Give the groups of an account as they were, of which nothing else was recorded."""
        groups = {group.id: group for group in now}
        for group_id, seen in self.groups.items():
            if seen.group and user_id in seen.members:
                groups[group_id] = seen.group
        return tuple(groups.values())


class Watched:
    """A transaction that looks at what a change concerns before it records it.

    All else is that of the transaction, which it stands in for.

    Args:
        tx: the transaction.

    Attributes:
        seen: what was looked at.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.now = tx.now
        self.author = tx.author
        self.summarised = False
        self.seen = Seen()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def record(self, change: Change) -> None:
        """Look, and record."""
        match change:
            case (
                GroupAdded(group=group)
                | GroupChanged(group=group)
                | GroupItemsChanged(group=group)
                | GroupRemoved(group=group)
            ):
                await self._look_at_group(group.id)
            case PasswordChanged(user_id=user_id):
                self.seen.new_passwords.add(user_id)
                await self._look_at_account(user_id)
            case TokenRotated(user_id=user_id, token_id=token_id):
                self.seen.new_secrets.add(token_id)
                await self._look_at_account(user_id)
            case (
                UserAdded()
                | UserChanged()
                | UserRemoved()
                | PasswordRehashed()
                | TokenAdded()
                | TokenChanged()
                | TokenExtended()
                | TokenRemoved()
                | MembershipsChanged()
                | UserItemsChanged()
            ):
                await self._look_at_account(UserId(concerned(change)))
            case _:
                assert_never(change)
        await self._tx.record(change)

    async def _look_at_account(self, user_id: UserId) -> None:
        if user_id in self.seen.accounts:
            return
        standing = await standing_of(self._tx, user_id)
        if standing:
            groups = self.seen.groups_before(user_id, standing.groups)
            standing = standing._replace(groups=groups)
        self.seen.accounts[user_id] = standing

    async def _look_at_group(self, group_id: GroupId) -> None:
        if group_id in self.seen.groups:
            return
        self.seen.groups[group_id] = GroupBefore(
            await self._tx.group(group_id),
            await self._tx.items_of_group(group_id),
            {u.id: u.name async for users in self._tx.members_of(group_id) for u in users},
        )


async def standing_of(tx: Transaction, user_id: UserId) -> Standing | None:
    """Give an account as it is at this point of a transaction; None when there is none."""
    user = await tx.user(user_id)
    if user is None:
        return None
    return Standing(
        user,
        await tx.password_hash(user_id) is not None,
        await tx.groups_of(user_id),
        await tx.items_of_user(user_id),
        await tx.tokens_of(user_id),
    )
