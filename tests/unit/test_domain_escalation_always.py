"""Nobody comes to hold more than somebody gave who held it, whatever is asked in what order."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.accounts import remove_user
from keystead.domain.groups import remove_group
from keystead.domain.items import folded, is_valid
from keystead.domain.model import (
    ANONYMOUS,
    OWNER,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    with_groups,
)
from keystead.domain.refusal import RefusedError
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.sign_in import sign_in
from tests.doubles import NOON
from tests.unit.people import DOOR, LAMP
from tests.unit.plant import NEW_PASSWORD, Plant

NAMES, GROUPS = ["me", "ann", "bob", "carl"], ["crew", "guests"]
PROBES = ["A", "A.B", "A.B.C", "A.X", "D", "D.E", "E"]


def together(scopes):
    """Add up scopes."""
    return with_groups(Scope.NONE, [Group(GroupId(b""), "", held) for held in scopes])


SOME = [
    *(Scope.CONTROL_THINGS, Scope.EXECUTE_RULES, Scope.ACCESS_ALL_THINGS),
    *(Scope.USER_EDIT, Scope.EDITOR, Scope.DIAG),
]
SCOPES = st.lists(st.sampled_from(SOME), max_size=2).map(together)
RIGHTS = SCOPES.map(lambda scopes: scopes & TANI_RIGHTS)
RULES = st.builds(
    ItemRule, st.sampled_from(["", "A", "A.", "A.B", "A.B.", "D"]), st.booleans(), st.booleans()
).filter(is_valid)
ITEMS = st.lists(RULES, max_size=3).map(tuple)
MEMBERSHIPS = st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple)
THINGS = st.sampled_from([(), (LAMP,), (LAMP, DOOR)])
OTHERS = st.tuples(SCOPES | st.just(Scope.ADMIN), MEMBERSHIPS, ITEMS, THINGS)
EDITORS = st.tuples(SCOPES.map(lambda s: s | Scope.USER_EDIT), MEMBERSHIPS, ITEMS, THINGS)
PEOPLE = st.tuples(EDITORS, OTHERS, OTHERS)
CREWS = st.tuples(*(st.tuples(RIGHTS, ITEMS) for _ in GROUPS))


@dataclass(frozen=True)
class Ask:
    """What somebody tries; whoever asks is one of those that I can act as."""

    what: str
    name: str = "ann"
    group: str = "new"
    given: Scope = Scope.NONE
    taken: Scope = Scope.NONE
    password: str | None = None
    groups: tuple[str, ...] | None = None
    items: tuple[ItemRule, ...] | None = None
    by: int = 0


ASKS = st.lists(
    st.builds(
        Ask,
        st.sampled_from(["user"] * 3 + ["group"] * 2 + ["user gone", "group gone"]),
        st.sampled_from(NAMES),
        st.sampled_from([*GROUPS, "new", ANONYMOUS]),
        RIGHTS,
        RIGHTS,
        st.sampled_from([None, NEW_PASSWORD]),
        st.none() | MEMBERSHIPS,
        st.none() | ITEMS,
        st.integers(0, 5),
    ),
    max_size=8,
)


class Held(NamedTuple):
    """All that somebody may do, on their own, by their groups and as everybody does."""

    scopes: Scope
    things: frozenset[ThingId]
    items: frozenset[tuple[str, bool]]

    def has_more_than(self, *others):
        """Tell whether there is something that none of *others* holds."""
        scopes = [other.scopes for other in others]
        sees_all = any(Scope.ACCESS_ALL_THINGS in held for held in scopes)
        return bool(
            self.scopes & ~together(scopes)
            or (self.things.difference(*(other.things for other in others)) and not sees_all)
            or self.items.difference(*(other.items for other in others))
        )


ME, NOBODY = (Scope.USER_EDIT, (), (), ()), (Scope.NONE, (), (), ())
CREW = ((Scope.NONE, (ItemRule("A", is_prefix=True),)), (Scope.NONE, ()))
NOTHING = Held(Scope.NONE, frozenset(), frozenset())


class Town(Plant):
    """A directory, and the accounts that one person can act as."""

    def __init__(self, people, crews):
        super().__init__()
        groups = {
            name: self.group(name, rights, items)
            for name, (rights, items) in zip(GROUPS, crews, strict=True)
        }
        for name, (scopes, members, items, things) in zip(NAMES, people, strict=False):
            principal = self.person(
                name,
                scopes,
                groups=[groups[member] for member in members],
                items=folded(items),
                things=things,
            )
            if name == "me":
                self.mine = [principal]

    def held(self):
        """Give what everybody holds, by id."""
        found, everybody = {}, self.entries()[ANONYMOUS]
        for name, account in self.accounts().items():
            scopes = with_groups(account.user.scopes, (*account.groups, everybody.group))
            rules = self.rules(name)
            rules.add(everybody.items, ANONYMOUS)
            items = {
                (probe, write)
                for probe in PROBES
                for write in (False, True)
                if Scope.ADMIN in scopes or rules.decide(probe, write=write)
            }
            things = frozenset(account.user.things)
            found[account.user.id] = Held(scopes, things, frozenset(items))
        return found

    def account_of(self, user_id):
        """Give what only whoever may touch an account can change of it."""
        reader = self.directory.store.reader
        return (
            self.do(reader.user(user_id)),
            self.do(reader.items_of_user(user_id)),
            self.do(reader.password_hash(user_id)),
            self.do(reader.tokens_of(user_id)),
        )

    def try_all(self, asks, by=None):
        for ask in asks:
            try:
                self.do(self.asked(ask, by or self.mine[ask.by % len(self.mine)]))
            except RefusedError:
                continue
            if ask.what == "user" and ask.password:
                signed_in = self.do(sign_in(self.directory, ask.name, NEW_PASSWORD, "mine"))
                self.mine.append(signed_in.principal)

    def asked(self, ask, actor):
        match ask.what:
            case "user":
                draft = {"password": ask.password, "groups": ask.groups, "items": ask.items}
                return self.user_write(actor, ask.name, ask.given, ask.taken, **draft)
            case "group":
                return self.group_write(actor, ask.group, ask.given, ask.taken, ask.items)
            case "user gone":
                return remove_user(self.directory, actor, ask.name)
            case _:
                return remove_group(self.directory, actor, ask.group)


@given(PEOPLE, CREWS, ASKS)
@example(
    people=(ME, (Scope.NONE, (), (), (DOOR,)), NOBODY),
    crews=CREW,
    asks=[Ask("user", password=NEW_PASSWORD)],
)
@example(people=(ME, NOBODY, NOBODY), crews=CREW, asks=[Ask("user", groups=("crew",))])
@example(people=(ME, NOBODY, NOBODY), crews=CREW, asks=[Ask("group", group="crew")])
@example(
    people=((Scope.USER_EDIT, ("crew",), (), ()), NOBODY, NOBODY),
    crews=CREW,
    asks=[Ask("group", group="crew", given=Scope.DIAG)],
)
def test_nobody_comes_to_hold_what_neither_they_nor_whoever_gave_it_held(people, crews, asks):
    town = Town(people, crews)
    me, before = town.mine[0].user.id, town.held()

    town.try_all(asks)

    for user_id, held in town.held().items():
        assert not held.has_more_than(before[me], before.get(user_id, NOTHING))
    mine = {principal.user.id for principal in town.mine}
    for user_id in mine & town.held().keys():
        assert not town.held()[user_id].has_more_than(before[me])


@given(PEOPLE, CREWS, ASKS)
@example(
    people=(ME, (Scope.DIAG, (), (), ()), NOBODY),
    crews=CREW,
    asks=[Ask("user", taken=Scope.DIAG)],
)
@example(
    people=(ME, (Scope.NONE, (), (), (DOOR,)), NOBODY),
    crews=CREW,
    asks=[Ask("user", password=NEW_PASSWORD)],
)
def test_the_account_of_whoever_holds_more_stays_as_it_is(people, crews, asks):
    town = Town(people, crews)
    me, before = town.mine[0].user.id, town.held()
    above = [user_id for user_id, held in before.items() if held.has_more_than(before[me])]
    accounts = [town.account_of(user_id) for user_id in above]

    town.try_all(asks)

    assert [town.account_of(user_id) for user_id in above] == accounts


@given(st.booleans(), ASKS, st.lists(st.booleans(), max_size=8))
@example(by_group=True, asks=[Ask("group", group="crew", taken=Scope.USER_EDIT)], as_owner=[])
@example(by_group=True, asks=[Ask("user", name="me", groups=())], as_owner=[True])
@example(by_group=True, asks=[Ask("group gone", group="crew")], as_owner=[True])
@example(by_group=False, asks=[Ask("user gone", name="me")], as_owner=[True])
def test_somebody_can_always_change_users(by_group, asks, as_owner):
    own, crew = (Scope.NONE, ("crew",)) if by_group else (Scope.USER_EDIT, ())
    people = ((own, crew, (), ()), (Scope.NONE, (), (), ()))
    town = Town(people, ((Scope.USER_EDIT, ()), (Scope.NONE, ())))
    for ask, by_owner in zip_longest(asks, as_owner[: len(asks)], fillvalue=False):
        town.try_all([ask], by=OWNER if by_owner else None)
        assert town.do(town.directory.store.reader.has_user_editor(NOON))
