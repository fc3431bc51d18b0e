"""A directory with users, groups and rules on items, for the tests of operations."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupItemsChanged,
    MembershipsChanged,
    TokenRemoved,
    UserItemsChanged,
)
from keystead.domain.groups import GroupDraft, RightsChange, write_group
from keystead.domain.items import RuleTable
from keystead.domain.model import (
    Account,
    Actor,
    Group,
    GroupEntry,
    GroupId,
    ItemRule,
    Principal,
    Scope,
    ThingId,
    Token,
)
from keystead.domain.refusal import Reason
from keystead.domain.upserts import UserDraft, write_user
from tests.conformance.stores import listening, record
from tests.doubles import PASSWORD, FastHasher, SettableClock, directory
from tests.unit.people import move_in, reason_of

T = TypeVar("T")

EDITOR = Scope.USER_EDIT | Scope.DIAG
NEW_PASSWORD = "Another-horse-2"
BOILER = ItemRule("Plant.Boiler")
HALL = ItemRule("Plant.Hall", is_prefix=True)
EVERYTHING = ItemRule("", is_prefix=True, may_write=True)


def writable(rule: ItemRule) -> ItemRule:
    """Give *rule* with the right to write."""
    return rule._replace(may_write=True)


class Plant:
    """A directory, empty at first, and what was changed in it.

    Attributes:
        commits: what operations did, without the people and groups that were put in.
    """

    def __init__(self) -> None:
        self.hasher = FastHasher()
        self.clock = SettableClock()
        self.directory = directory(hasher=self.hasher, clock=self.clock)
        self.commits = listening(self.directory.store)

    def person(
        self,
        name: str,
        scopes: Scope = Scope.NONE,
        *,
        groups: Iterable[Group] = (),
        items: Iterable[ItemRule] = (),
        things: Iterable[ThingId] = (),
        password: str | None = PASSWORD,
    ) -> Principal:
        """Put a user in past the rules, who has one token."""
        principal = self.do(move_in(self.directory, name, scopes, things, password))
        self.put(
            MembershipsChanged(principal.user, tuple(groups)),
            UserItemsChanged(principal.user, tuple(items)),
        )
        return Principal(principal.user, principal.token_id, tuple(groups))

    def group(
        self, name: str, rights: Scope = Scope.NONE, items: Iterable[ItemRule] = ()
    ) -> Group:
        """Put a group in past the rules."""
        group = Group(GroupId(self.directory.randomness(16)), name, rights)
        self.put(GroupAdded(group), GroupItemsChanged(group, tuple(items)))
        return group

    def put(self, *changes: Change) -> None:
        """Record *changes* past the rules."""
        self.do(record(self.directory.store, *changes))
        self.commits.clear()

    def lock_out(self, principal: Principal) -> None:
        """Take the only way in of somebody who has no password."""
        self.put(TokenRemoved(principal.user.id, principal.token_id))

    def do(self, asked: Coroutine[Any, Any, T]) -> T:
        """Do what is asked."""
        return asyncio.run(asked)

    def refusal(self, asked: Coroutine[Any, Any, object]) -> Reason:
        """Give the reason why what is *asked* is refused, and check that nothing was done."""
        reason = reason_of(asked)
        assert self.commits == []
        return reason

    def user_write(
        self,
        actor: Actor,
        name: str,
        given: Scope = Scope.NONE,
        taken: Scope = Scope.NONE,
        **draft: Any,
    ) -> Coroutine[Any, Any, None]:
        """Ask to write a user."""
        wanted = UserDraft(name, RightsChange(given, taken), **draft)
        return write_user(self.directory, actor, wanted)

    def group_write(
        self,
        actor: Actor,
        name: str,
        given: Scope = Scope.NONE,
        taken: Scope = Scope.NONE,
        items: tuple[ItemRule, ...] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Ask to write a group."""
        draft = GroupDraft(name, RightsChange(given, taken), items)
        return write_group(self.directory, actor, draft)

    def changes(self) -> list[Change]:
        """Give what was changed by operations."""
        return [change for commit in self.commits for change in commit.changes]

    def kinds(self) -> list[type[Change]]:
        """Give the kinds of what was changed by operations."""
        return [type(change) for change in self.changes()]

    def accounts(self) -> dict[str, Account]:
        """Give everybody by name."""

        async def read() -> dict[str, Account]:
            found = self.directory.store.reader.accounts()
            return {known.user.name: known async for portion in found for known in portion}

        return self.do(read())

    def entries(self) -> dict[str, GroupEntry]:
        """Give all groups by name."""

        async def read() -> dict[str, GroupEntry]:
            found = self.directory.store.reader.group_entries()
            return {known.group.name: known async for portion in found for known in portion}

        return self.do(read())

    def rules(self, name: str) -> RuleTable:
        """Give what a user may do with items, on their own and by their groups."""
        account, entries = self.accounts()[name], self.entries()
        table = RuleTable()
        table.add(account.items, None)
        for group in account.groups:
            table.add(entries[group.name].items, group.name)
        return table

    def tokens(self, principal: Principal) -> list[Token]:
        """Give the tokens of somebody, the oldest first."""
        return list(self.do(self._tokens(principal)))

    def password_hash(self, name: str) -> str | None:
        """Give the hash of a user's password."""
        user = self.accounts()[name].user
        return self.do(self._password_hash(user.id))

    async def _tokens(self, principal: Principal) -> Iterable[Token]:
        return await self.directory.store.reader.tokens_of(principal.user.id)

    async def _password_hash(self, user_id: Any) -> str | None:
        return await self.directory.store.reader.password_hash(user_id)
