"""Who may do what with which item: the question that gateways ask, and why the answer is so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import assert_never

from keystead.domain.change import (
    Change,
    Commit,
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
)
from keystead.domain.items import RuleTable, Spoken
from keystead.domain.model import (
    ALWAYS,
    ANONYMOUS,
    ANONYMOUS_ID,
    GroupId,
    ItemRule,
    Scope,
    UserId,
    Validity,
    with_groups,
)
from keystead.domain.ports import Clock, Reader
from keystead.domain.refusal import Reason, RefusedError

PORTION = 1000  # rules merged before others have their turn; under 2 ms
MAX_REMEMBERED = 256  # principals whose rules are kept merged
MAX_RULES = 1_000_000  # that are kept merged in all, some 200 MB at worst


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and why.

    Attributes:
        is_admin: the account holds ``ADMIN``, which may read and write everything.
        spoken: all rules that match the item, the most specific first.
        is_valid: the account is enabled, and has begun and not ended; otherwise it may do
            nothing, whatever its rules say.
    """

    allowed: bool
    is_admin: bool
    spoken: tuple[Spoken, ...]
    is_valid: bool = True


@dataclass(slots=True, eq=False)
class Effective:
    """What one principal may do with items, as of when it was built."""

    is_admin: bool
    rules: RuleTable = field(default_factory=RuleTable)

    def decide(self, item: str, *, write: bool) -> bool:
        """Tell whether *item* may be read, or with *write* whether it may be written."""
        return self.is_admin or self.rules.decide(item, write=write)

    def explain(self, item: str, *, write: bool) -> Decision:
        """Decide, and tell why."""
        explained = self.rules.explain(item, write=write)
        return Decision(self.is_admin or explained.allowed, self.is_admin, explained.spoken)


@dataclass(slots=True, eq=False)
class _Entry:
    effective: Effective
    user_id: UserId | None  # None for whoever is not signed in
    group_ids: frozenset[GroupId]
    scopes: Scope  # the user's own
    validity: Validity = ALWAYS
    size: int = 0
    is_complete: bool = False

    @property
    def own(self) -> tuple[Scope, Validity]:
        """Give what is the user's own and no rule."""
        return self.scopes, self.validity


class Rights:
    """Answers from rules that are merged once for each principal, until something changes.

    Args:
        reader: committed data.
        pause: gives others their turn; awaited between portions of a long merge.
        clock: when it is now, as accounts begin and end.

    Give ``hear`` every commit of the store, so that no answer is out of date.
    """

    def __init__(
        self, reader: Reader, pause: Callable[[], Awaitable[None]], clock: Clock
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._pause = pause
        self._entries: dict[str, _Entry] = {}  # by the name that was asked for
        self._heard = 0

    async def may(self, name: str, item: str, *, write: bool = False) -> bool:
        """Tell whether a user may read *item*, or with *write* whether they may write it.

        Args:
            name: of the user; ``ANONYMOUS`` for whoever is not signed in. Nobody else of that
                name exists, and who does not exist may do nothing.
            item: browse names joined with dots, compared exactly.
            write: ask for writing.
        """
        entry = await self._of(name)
        return (
            entry is not None
            and entry.validity.holds(self._clock())
            and entry.effective.decide(item, write=write)
        )

    async def explain(self, name: str, item: str, *, write: bool = False) -> Decision:
        """Decide as ``may``, and tell which rules spoke.

        Raises:
            RefusedError: NO_SUCH_USER.
        """
        entry = await self._of(name)
        if entry is None:
            raise RefusedError(Reason.NO_SUCH_USER)
        decision = entry.effective.explain(item, write=write)
        if entry.validity.holds(self._clock()):
            return decision
        return replace(decision, allowed=False, is_valid=False)

    async def of(self, name: str) -> Effective | None:
        """Give what a user may do while the account is valid; None when there is none."""
        entry = await self._of(name)
        return entry.effective if entry else None

    async def _of(self, name: str) -> _Entry | None:
        while True:
            entry = self._entries.get(name)
            if entry is None:
                heard = self._heard
                entry = await self._begun(name)
                if entry is None:
                    return None
                is_first = self._heard == heard and name not in self._entries
                if is_first and await self._is_merged(name, entry):
                    return entry
            elif entry.is_complete:
                return entry
            else:
                await self._pause()  # somebody else is at it

    def hear(self, commit: Commit) -> None:
        """Forget what *commit* has made untrue."""
        self._heard += 1
        if not self._entries:
            return
        changed = {_owner(change) for change in commit.changes} - {None}
        present = {
            change.user.id: (change.user.scopes, change.user.validity)
            for change in commit.changes
            if isinstance(change, UserChanged)
        }
        for name, entry in tuple(self._entries.items()):
            user_id = entry.user_id
            if not changed.isdisjoint((user_id, *entry.group_ids, ANONYMOUS_ID)) or (
                user_id and present.get(user_id, entry.own) != entry.own
            ):
                del self._entries[name]

    async def _is_merged(self, name: str, entry: _Entry) -> bool:
        """Merge the rules of a user; False when they have changed meanwhile."""
        self._entries[name] = entry
        try:
            await self._merge(entry)
        except BaseException:
            if self._entries.get(name) is entry:
                del self._entries[name]
            raise
        if self._entries.get(name) is not entry:
            return False
        entry.is_complete = True
        self._entries[name] = self._entries.pop(name)  # the newest is the last
        self._make_room()
        return True

    async def _begun(self, name: str) -> _Entry | None:
        if name == ANONYMOUS:
            return _Entry(Effective(is_admin=False), None, frozenset(), Scope.NONE)
        user = await self._reader.user_named(name)
        if user is None:
            return None
        groups = await self._reader.groups_of(user.id)
        is_admin = Scope.ADMIN in with_groups(user.scopes, groups)
        group_ids = frozenset(group.id for group in groups)
        return _Entry(Effective(is_admin), user.id, group_ids, user.scopes, user.validity)

    async def _merge(self, entry: _Entry) -> None:
        if entry.user_id is not None:
            await self._add(entry, await self._reader.items_of_user(entry.user_id), None)
        for group_id in (*sorted(entry.group_ids), ANONYMOUS_ID):
            if group := await self._reader.group(group_id):
                await self._add(entry, await self._reader.items_of_group(group_id), group.name)

    async def _add(
        self, entry: _Entry, rules: tuple[ItemRule, ...], source: str | None
    ) -> None:
        for start in range(0, len(rules), PORTION):
            entry.effective.rules.add(rules[start : start + PORTION], source)
            await self._pause()
        entry.size += len(rules)

    def _make_room(self) -> None:
        """Forget the oldest while there are too many, but never the last."""
        size = sum(entry.size for entry in self._entries.values())
        for name, entry in tuple(self._entries.items())[:-1]:
            if len(self._entries) <= MAX_REMEMBERED and size <= MAX_RULES:
                return
            if entry.is_complete:
                size -= entry.size
                del self._entries[name]


def _owner(change: Change) -> UserId | GroupId | None:
    """Give whose rights on items *change* makes others; None when it leaves them all."""
    match change:
        case UserRemoved(user=user):
            return user.id
        case MembershipsChanged(user=user) | UserItemsChanged(user=user):
            return user.id
        case (
            GroupChanged(group=group)
            | GroupItemsChanged(group=group)
            | GroupRemoved(group=group)
        ):
            return group.id
        case UserAdded() | GroupAdded() | PasswordChanged() | PasswordRehashed():
            return None
        case UserChanged():  # by its scopes only; see ``hear``
            return None
        case TokenAdded() | TokenChanged() | TokenRotated() | TokenExtended() | TokenRemoved():
            return None
        case _:
            assert_never(change)
