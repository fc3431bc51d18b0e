"""What a transaction has done to whom: its end compared with its beginning."""

from dataclasses import dataclass, field

from keystead.domain.effects import (
    Findings,
    Reach,
    Rules,
    Standing,
    account_effects,
    group_effect,
    membership_effects,
    reach_of,
    token_effects,
)
from keystead.domain.model import ANONYMOUS, ANONYMOUS_ID, GroupId, Scope, UserId
from keystead.domain.ports import Transaction
from keystead.domain.watching import Seen, standing_of


@dataclass(slots=True)
class _Moment:
    """What groups and everybody may do at one moment."""

    everybody: Scope = Scope.NONE
    rules: dict[GroupId, Rules] = field(default_factory=dict)


class Comparison:
    """Compares what was seen with what is there at the end of a transaction.

    Attributes:
        findings: the effects.
        accounts: to how many the effects on ``ANONYMOUS`` apply; None when there is none.
    """

    def __init__(self, tx: Transaction, seen: Seen) -> None:
        self.findings = Findings()
        self.accounts: int | None = None
        self._tx = tx
        self._seen = seen
        self._before, self._after = _Moment(), _Moment()

    async def compare(self) -> None:
        """Find out who gains and loses what."""
        after = await self._tx.group(ANONYMOUS_ID)
        seen = self._seen.groups.get(ANONYMOUS_ID)
        before = seen.group if seen else after
        self._before.everybody = before.rights if before else Scope.NONE
        self._after.everybody = after.rights if after else Scope.NONE
        for user_id, standing in self._seen.accounts.items():
            await self._compare_account(user_id, standing)
        for group_id, one in self._seen.groups.items():
            self.findings.add(group_effect(one.group, await self._tx.group(group_id)))
        if seen:
            self.accounts = await self._tx.count_users()
            nobody_before = await self._reach(self._before, None, None)
            nobody_after = await self._reach(self._after, None, None)
            self.findings.compare(ANONYMOUS, nobody_before, nobody_after)
        members: dict[UserId, str] = {}
        for one in self._seen.groups.values():
            members |= one.members
        for user_id in sorted(members, key=lambda member: members[member]):
            if user_id not in self._seen.accounts:
                await self._compare_member(user_id)

    async def _compare_account(self, user_id: UserId, before: Standing | None) -> None:
        after = await standing_of(self._tx, user_id)
        known = before or after
        if known is None:  # made and removed again
            return
        name = known.user.name
        is_new = user_id in self._seen.new_passwords
        self.findings.add(account_effects(name, before, after, new_password=is_new))
        if self.findings.is_tired:
            self.findings.pass_over()
            return
        own_before = _own(before)
        is_same = before and after and before.items == after.items
        own_after = own_before if is_same else _own(after)
        reach_before = await self._reach(self._before, before, own_before)
        reach_after = await self._reach(self._after, after, own_after)
        self.findings.compare(name, reach_before, reach_after)
        old = {token.id: token for token in before.tokens} if before else {}
        new = {token.id: token for token in after.tokens} if after else {}
        for token_id in old | new:
            one, other = old.get(token_id), new.get(token_id)
            is_new = token_id in self._seen.new_secrets
            self.findings.add(token_effects(name, one, other, new_secret=is_new))
            if before and after and one and other and one.limits != other.limits:
                self.findings.compare_token(
                    name,
                    token_id,
                    reach_before.limited(before.user, one.limits),
                    reach_after.limited(after.user, other.limits),
                )

    async def _compare_member(self, user_id: UserId) -> None:
        """Compare somebody of whom nothing is different but their groups."""
        if self.findings.is_tired:
            self.findings.pass_over()
            return
        user = await self._tx.user(user_id)
        assert user  # nothing was recorded of the account
        items = await self._tx.items_of_user(user_id)
        groups = await self._tx.groups_of(user_id)
        after = Standing(user, has_password=False, groups=groups, items=items)
        before = after._replace(groups=self._seen.groups_before(user_id, groups))
        own = _own(after)
        self.findings.add(membership_effects(user.name, before.groups, groups))
        self.findings.compare(
            user.name,
            await self._reach(self._before, before, own),
            await self._reach(self._after, after, own),
        )

    async def _reach(
        self, moment: _Moment, standing: Standing | None, own: Rules | None
    ) -> Reach:
        """Give what an account may do; without one what everybody may."""
        if standing is None:
            everybodys = await self._rules(moment, ANONYMOUS_ID)
            return Reach(everybody=moment.everybody, shared=(everybodys,))
        user, _, groups, _, _ = standing
        ids = [*(group.id for group in groups), ANONYMOUS_ID]
        shared = tuple([await self._rules(moment, group_id) for group_id in ids])
        return reach_of(user, groups, moment.everybody, own, shared)

    async def _rules(self, moment: _Moment, group_id: GroupId) -> Rules:
        """Give the rules of a group; the same object for both moments where they stay."""
        if group_id not in moment.rules:
            items = await self._tx.items_of_group(group_id)
            self._after.rules[group_id] = self._before.rules[group_id] = Rules(items)
            seen = self._seen.groups.get(group_id)
            if seen and seen.items != items:
                self._before.rules[group_id] = Rules(seen.items)
        return moment.rules[group_id]


def _own(standing: Standing | None) -> Rules | None:
    return Rules(standing.items) if standing and standing.items else None
