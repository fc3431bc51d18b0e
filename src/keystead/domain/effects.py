"""What a change does to whom: what accounts may do before and after it, compared."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from keystead.domain.items import RuleTable
from keystead.domain.model import (
    ALWAYS,
    EVERY_ITEM,
    Group,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenLimits,
    User,
    narrowed,
    things_within,
    with_groups,
)
from keystead.domain.scopes import SCOPE_NAMES, TANI_RIGHTS

MOST_EFFECTS = 1_000  # that are listed
MOST_WORK = 50_000  # places that are compared, some 20 µs each: writes wait so long, a second
ACCOUNT_WORK = 6  # places that take as long as one account
KNOWN_PER_WORK = 10  # places that take as long as one, when they were compared before

NO, YES = "no", "yes"  # what an effect says of what is held, or is there
NONE, READ, WRITE = "none", "read", "write"  # and of items
OLD, NEW = "old", "new"  # and of what is replaced and not shown
NEVER = "never"  # and of times that are none


class EffectKind(Enum):
    """What is gained or lost."""

    ACCOUNT = "account"
    STATE = "state"
    GROUP = "group"
    SCOPE = "scope"
    RIGHT = "right"
    THING = "thing"
    ITEM = "item"
    TOKEN = "token"  # noqa: S105 - a word


class Effect(NamedTuple):
    """One thing that is different after a change.

    Attributes:
        principal: whom it is about: a user, or "anonymous" for everybody; with ``GROUP`` and no
            object the group itself.
        object: the name of a scope, a group or an item, the id of a thing; of an account, a
            token or a state which part of it, empty for all of it.
        before: "no" or "yes"; for items "none", "read" or "write"; "old" for secrets; else a
            time or "never".
        is_prefix: the item stands for what lies below it, too.
        token_id: the token that it is about, if there is one by now; what else the account may
            do stays the same.
    """

    principal: str
    object: str
    kind: EffectKind
    before: str
    after: str
    is_prefix: bool = False
    token_id: TokenId | None = None


class Standing(NamedTuple):
    """An account with all that belongs to it at one moment."""

    user: User
    has_password: bool
    groups: tuple[Group, ...]
    items: tuple[ItemRule, ...]
    tokens: Sequence[Token] = ()


class Rules:
    """Rules from one source. The same object stands for the same rules, so that it is compared.

    Args:
        rules: duplicates folded.
    """

    def __init__(self, rules: Iterable[ItemRule]) -> None:
        self.rules = dict.fromkeys(rules)
        self._table: RuleTable | None = None

    @property
    def table(self) -> RuleTable:
        """Give the engine that decides by these rules."""
        if self._table is None:
            self._table = RuleTable()
            self._table.add(self.rules, None)
        return self._table


Place = tuple[str, bool]  # a name, and whether it stands for what lies below it, too
Levels = tuple[Place, str, str]  # what may be done with a place before and after
Sources = tuple[Rules, ...]
EVERYTHING = Rules((EVERY_ITEM,))  # what administrators may do with items


@dataclass(frozen=True, slots=True)
class Reach:
    """All that somebody may do at one moment.

    Attributes:
        scopes: with those of groups.
        everybody: the rights of everybody, which add to them.
        things: that are seen without ``ACCESS_ALL_THINGS``.
        own: the account's own rules; None for none.
        shared: the rules of groups and of everybody.
        limits: the rules that a token is limited to; None for no limit.
    """

    scopes: Scope = Scope.NONE
    everybody: Scope = Scope.NONE
    things: tuple[ThingId, ...] = ()
    own: Rules | None = None
    shared: Sources = ()
    limits: Rules | None = None

    @property
    def rights(self) -> Scope:
        """Give the scopes with what everybody may do."""
        return self.scopes | self.everybody

    @property
    def sources(self) -> Sources:
        """Give everything that gives rights on items."""
        return self.shared if self.own is None else (*self.shared, self.own)

    def sees(self, thing: ThingId) -> bool:
        """Tell whether a thing is seen."""
        return Scope.ACCESS_ALL_THINGS in self.scopes or thing in self.things

    def level(self, place: Place) -> str:
        """Tell what may be done with all of a place."""
        if self._gives(ItemRule(*place, may_write=True)):
            return WRITE
        return READ if self._gives(ItemRule(*place)) else NONE

    def limited(self, user: User, limits: TokenLimits) -> "Reach":
        """Give what a token of *user* with such limits may do."""
        return Reach(
            narrowed(self.scopes, limits),
            self.everybody,
            things_within(user, limits),
            self.own,
            self.shared,
            None if limits.items is None else Rules(limits.items),
        )

    def _gives(self, rule: ItemRule) -> bool:
        return _cover(self.sources, rule) and (
            self.limits is None or _cover((self.limits,), rule)
        )


def reach_of(
    user: User,
    groups: Iterable[Group],
    everybody: Scope,
    own: Rules | None,
    shared: Sources,
) -> Reach:
    """Give what an account may do that is a member of *groups*; the rest is as in ``Reach``."""
    scopes = with_groups(user.scopes, groups)
    if Scope.ADMIN in scopes:
        shared = (EVERYTHING, *shared)
    return Reach(scopes, everybody, user.things, own, shared)


def _cover(sources: Iterable[Rules], rule: ItemRule) -> bool:
    """Tell whether *sources* together give all that *rule* would, as one table of all does.

    The item itself and what lies below it may come from two of them.
    """
    name, is_prefix, write = rule
    if not any(source.table.decide(name, write=write) for source in sources):
        return False
    below = ItemRule(f"{name}." if name and not name.endswith(".") else name, True, write)  # noqa: FBT003 - as in the model
    return not is_prefix or any(source.table.covers(below) for source in sources)


def _apart(one: Iterable[Rules], other: Sources) -> Sources:
    return tuple(source for source in one if source not in other)


def _changed_places(old: Iterable[Rules], new: Iterable[Rules]) -> list[Place]:
    """Give the places of the rules that only one of the two has."""
    places: dict[Place, None] = {}
    for sources, others in ((old, new), (new, old)):
        for rule in (rule for source in sources for rule in source.rules):
            if not any(rule in other.rules for other in others):
                places[rule.name, rule.is_prefix] = None
    return list(places)


def _all_places(*reaches: Reach) -> list[Place]:
    """Give the places of all rules: of those that give rights, and of those that limit."""
    sources = [source for one in reaches for source in (*one.sources, one.limits)]
    rules = (rule for source in sources if source for rule in source.rules)
    return list(dict.fromkeys((rule.name, rule.is_prefix) for rule in rules))


class Findings:
    """Collects effects: lists the first, counts the rest, and stops when it takes too long.

    Attributes:
        more: how many are not listed. Of an account that was not looked at it is one.
    """

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.more = 0
        self._work = 0
        self._places: dict[tuple[Sources, Sources], list[Place]] = {}
        self._levels: dict[tuple[Sources, Sources], list[Levels]] = {}

    @property
    def is_tired(self) -> bool:
        """Tell whether so much was compared that it must do."""
        return self._work >= MOST_WORK

    def pass_over(self) -> None:
        """Count an account that is not looked at."""
        self.more += 1

    def add(self, effects: Iterable[Effect]) -> None:
        """Take those of *effects* that are any."""
        for effect in effects:
            if effect.before == effect.after:
                continue
            if len(self.effects) < MOST_EFFECTS:
                self.effects.append(effect)
            else:
                self.more += 1

    def compare(self, name: str, before: Reach, after: Reach) -> None:
        """Take what *name* gains and loses."""
        self._work += ACCOUNT_WORK
        self.add(_held(name, before, after, None))
        self.add(_items(name, self._compared(before, after), None))

    def compare_token(self, name: str, token_id: TokenId, before: Reach, after: Reach) -> None:
        """Take what a token of *name* gains and loses."""
        self.add(_held(name, before, after, token_id))
        places = _all_places(before, after)  # limits leave less of rules that stay
        self.add(_items(name, self._levels_of(places, before, after), token_id))

    def _compared(self, before: Reach, after: Reach) -> list[Levels]:
        """Compare items, once for all who have the same groups and no rules of their own."""
        old, new = _apart(before.sources, after.sources), _apart(after.sources, before.sources)
        if before.own is not after.own:
            return self._levels_of(_changed_places(old, new), before, after)
        if (old, new) not in self._places:
            self._places[old, new] = _changed_places(old, new)
        places = self._places[old, new]
        if before.own:
            return self._levels_of(places, before, after)
        key = before.shared, after.shared
        if key not in self._levels:
            self._levels[key] = self._levels_of(places, before, after)
        levels = self._levels[key]
        self._work += len(levels) // KNOWN_PER_WORK
        return levels

    def _levels_of(self, places: list[Place], before: Reach, after: Reach) -> list[Levels]:
        self._work += len(places)
        return [(place, before.level(place), after.level(place)) for place in places]


def _items(name: str, levels: list[Levels], token_id: TokenId | None) -> Iterator[Effect]:
    for (path, is_prefix), old, new in levels:
        yield Effect(name, path, EffectKind.ITEM, old, new, is_prefix, token_id)


def _held(name: str, before: Reach, after: Reach, token_id: TokenId | None) -> Iterator[Effect]:
    """Compare scopes, rights and things."""
    is_same = before.scopes == after.scopes and before.everybody == after.everybody
    for word, scope in () if is_same else SCOPE_NAMES.items():
        if scope in TANI_RIGHTS:
            kind = EffectKind.RIGHT
            old, new = _said(scope in before.rights), _said(scope in after.rights)
        else:
            kind = EffectKind.SCOPE
            old, new = _said(scope in before.scopes), _said(scope in after.scopes)
        yield Effect(name, word, kind, old, new, token_id=token_id)
    for thing in dict.fromkeys((*before.things, *after.things)):
        old, new = _said(before.sees(thing)), _said(after.sees(thing))
        yield Effect(name, str(thing), EffectKind.THING, old, new, token_id=token_id)


def account_effects(
    name: str, before: Standing | None, after: Standing | None, *, new_password: bool
) -> Iterator[Effect]:
    """Compare an account apart from what it may do: is it there, when, with which groups."""
    kind = EffectKind.ACCOUNT
    yield Effect(name, "", kind, _said(before is not None), _said(after is not None))
    had, has = bool(before and before.has_password), bool(after and after.has_password)
    old, new = (OLD, NEW) if had and has and new_password else (_said(had), _said(has))
    yield Effect(name, "password", kind, old, new)
    was = before.user.validity if before else ALWAYS
    now = after.user.validity if after else was
    state = EffectKind.STATE
    yield Effect(name, "enabled", state, _said(was.enabled), _said(now.enabled))
    yield Effect(name, "since", state, _time(was.since), _time(now.since))
    yield Effect(name, "until", state, _time(was.until), _time(now.until))
    yield from membership_effects(
        name, before.groups if before else (), after.groups if after else ()
    )


def membership_effects(
    name: str, before: Iterable[Group], after: Iterable[Group]
) -> Iterator[Effect]:
    """Compare of which groups an account is a member."""
    left, joined = {group.id: group for group in before}, {group.id: group for group in after}
    for group_id, group in (left | joined).items():
        old, new = _said(group_id in left), _said(group_id in joined)
        yield Effect(name, group.name, EffectKind.GROUP, old, new)


def token_effects(
    name: str, before: Token | None, after: Token | None, *, new_secret: bool
) -> Iterator[Effect]:
    """Compare a token apart from what it opens."""
    kind, token_id = EffectKind.TOKEN, before.id if before else None
    old, new = _said(before is not None), _said(after is not None)
    yield Effect(name, "", kind, old, new, token_id=token_id)
    if before and after:
        old, new = _time(before.expires), _time(after.expires)
        yield Effect(name, "expires", kind, old, new, token_id=token_id)
        old, new = OLD, NEW if new_secret else OLD
        yield Effect(name, "secret", kind, old, new, token_id=token_id)


def group_effect(before: Group | None, after: Group | None) -> Iterator[Effect]:
    """Compare whether a group is there."""
    known = before or after
    assert known  # one of the two
    old, new = _said(before is not None), _said(after is not None)
    yield Effect(known.name, "", EffectKind.GROUP, old, new)


def _said(holds: bool) -> str:  # noqa: FBT001 - the one thing it is about
    return YES if holds else NO


def _time(moment: datetime | None) -> str:
    return NEVER if moment is None else moment.isoformat(timespec="seconds")
