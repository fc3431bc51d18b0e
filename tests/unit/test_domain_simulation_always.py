"""Whatever is changed, it does what the simulation said, and the simulation did nothing."""

from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.accounts import set_scopes
from keystead.domain.effects import EffectKind
from keystead.domain.exports import export
from keystead.domain.model import ANONYMOUS, OWNER, ItemRule, Scope, ThingId, with_groups
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.rights import Rights
from keystead.domain.scopes import SCOPE_NAMES, TANI_RIGHTS
from keystead.domain.simulation import simulate
from tests.nymea_box import go_on
from tests.rules_oracle import matches
from tests.unit.people import DOOR, LAMP
from tests.unit.test_domain_escalation_always import (
    ASKS,
    CREWS,
    PEOPLE,
    PROBES,
    SCOPES,
    THINGS,
    Ask,
    Town,
)

LEVELS = ["none", "read", "write"]
RIGHTS = (False, True)  # to read, and to write
UNSEEN = "something that no rule names"
NOBODY = (Scope.NONE, (), (), ())
ADMIN = (Scope.ADMIN, (), (), ())
CREW = ((Scope.DIAG, (ItemRule("A", is_prefix=True),)), (Scope.NONE, ()))


class Scoped(NamedTuple):
    """Asks to replace scopes and things, as nymea does."""

    name: str
    scopes: Scope
    things: tuple[ThingId, ...]


ONE_ASK = ASKS.filter(bool).map(lambda asks: asks[0]) | st.builds(
    Scoped, st.sampled_from(["me", "ann", "bob"]), SCOPES | st.just(Scope.ADMIN), THINGS
)


class Sight:
    """Who may do what at one moment, as the engine that decides on items sees it."""

    def __init__(self, town):
        reader, accounts = town.directory.store.reader, town.accounts()
        everybody = town.entries()[ANONYMOUS].group
        self.town, self.rights = town, Rights(reader, go_on, town.clock)
        self.names, self.holds = {*accounts, ANONYMOUS}, set()
        for group in town.entries().values():
            self.holds.add((group.group.name, EffectKind.GROUP, ""))
        for name, account in accounts.items():
            self.holds.add((name, EffectKind.ACCOUNT, ""))
            own = with_groups(account.user.scopes, account.groups)
            self._scopes(name, own, with_groups(own, [everybody]))
            for group in account.groups:
                self.holds.add((name, EffectKind.GROUP, group.name))
            for thing in (LAMP, DOOR):
                if thing in account.user.things or Scope.ACCESS_ALL_THINGS in own:
                    self.holds.add((name, EffectKind.THING, str(thing)))
        self._scopes(ANONYMOUS, Scope.NONE, everybody.rights)
        self.listed = {(n, str(t)) for n, a in accounts.items() for t in a.user.things}

    def _scopes(self, name, scopes, rights):
        for word, scope in SCOPE_NAMES.items():
            if scope and scope in TANI_RIGHTS and scope in rights:
                self.holds.add((name, EffectKind.RIGHT, word))
            elif scope and scope not in TANI_RIGHTS and scope in scopes:
                self.holds.add((name, EffectKind.SCOPE, word))

    def levels(self, probes, names):
        """Tell what may be done with items; without an account what everybody may."""

        async def ask():
            return {
                (name, probe): LEVELS[sum([await self._may(name, probe, w) for w in RIGHTS])]
                for name in names
                for probe in probes
            }

        return self.town.do(ask())

    async def _may(self, name, probe, write):
        known = name if name in self.names else ANONYMOUS
        return await self.rights.may(known, probe, write=write)


def operation(town, ask):
    """Give what to simulate, or to do."""

    def asked(directory):
        actor = OWNER if ask.name == "carl" else town.mine[0]
        if isinstance(ask, Scoped):
            return set_scopes(directory, actor, ask.name, ask.scopes, ask.things)
        real, town.directory = town.directory, directory
        coroutine = town.asked(ask, actor)
        town.directory = real
        return coroutine

    return asked


def outcome(town, coroutine):
    try:
        return town.do(coroutine)
    except RefusedError as refused:
        return refused.reason


def all_there_is(town):
    reader = town.directory.store.reader
    trail = town.do(reader.audit_events(0, 1_000_000))
    return trail, list(town.commits), town.do(export(town.directory))


def probes(effects):
    """Give items to try: those that the towns have, and one at and below each effect."""
    items = [effect for effect in effects if effect.kind is EffectKind.ITEM]
    below = [f"{e.object}.{UNSEEN}" if e.object else UNSEEN for e in items if e.is_prefix]
    return {*PROBES, *(effect.object for effect in items), *below}


@given(PEOPLE, CREWS, ONE_ASK)
@example(people=(ADMIN, ADMIN, NOBODY), crews=CREW, ask=Scoped("ann", Scope.NONE, (LAMP,)))
@example(
    people=(ADMIN, (Scope.DIAG, ("crew",), (), ()), NOBODY),
    crews=CREW,
    ask=Ask("group gone", group="crew"),
)
@example(
    people=(ADMIN, NOBODY, NOBODY),
    crews=CREW,
    ask=Ask("group", group=ANONYMOUS, given=Scope.DIAG, items=CREW[0][1]),
)
@example(
    people=(ADMIN, (Scope.NONE, ("crew",), (ItemRule("A"),), ()), NOBODY),
    crews=((Scope.NONE, (ItemRule("A.", is_prefix=True),)), (Scope.NONE, ())),
    ask=Ask("user", name="ann", items=(ItemRule("A"), ItemRule("A", is_prefix=True))),
)
def test_a_change_does_what_the_simulation_said(people, crews, ask):
    town = Town(people, crews)
    before = Sight(town)
    trail, commits, exported = all_there_is(town)
    size = town.do(town.directory.store.reader.audit_size())

    found = outcome(town, simulate(town.directory, operation(town, ask)))

    assert town.do(town.directory.store.reader.audit_size()) == size
    later, same_commits, same = all_there_is(town)
    assert (later[: len(trail)], same_commits, same) == (trail, commits, exported)
    effects = getattr(found, "effects", ())
    tried = probes(effects)
    names = {*before.names, ask.name}
    levels_before = before.levels(tried, names)

    done = outcome(town, operation(town, ask)(town.directory))

    if isinstance(found, Reason) or isinstance(done, Reason):
        assert found is done
        return
    after = Sight(town)
    levels_after = after.levels(tried, names | after.names)
    check_what_is_held(before, after, found)
    for (name, item), old in levels_before.items():
        check_level(
            found, name, item, LEVELS.index(old), LEVELS.index(levels_after[name, item])
        )
    for effect in effects:
        if effect.kind is EffectKind.ITEM:
            check_witness(effect, levels_before, levels_after)


def check_what_is_held(before, after, found):
    """Scopes, rights, groups and things: just what was said is different."""
    is_for_all = found.accounts is not None
    told = {
        (effect.principal, effect.kind, effect.object): effect.after == "yes"
        for effect in found.effects
        if effect.kind not in {EffectKind.ITEM, EffectKind.TOKEN}
        and effect.object != "password"
    }
    changed = {
        key: key in after.holds
        for key in before.holds ^ after.holds
        if key[1] is not EffectKind.THING or (key[0], key[2]) in before.listed | after.listed
    }
    if is_for_all:
        assert all(
            told[ANONYMOUS, kind, word] == now for (_, kind, word), now in changed.items()
        )
        changed = {key: now for key, now in changed.items() if key[0] == ANONYMOUS}
        assert found.accounts == len(after.names) - 1
    # The nobody that a new account was, and a removed one is, may do what everybody may.
    everybody = {word for name, kind, word in before.holds if name == ANONYMOUS}
    assert told == {
        (name, kind, word): now
        for (name, kind, word), now in changed.items()
        if kind is not EffectKind.RIGHT
        or word not in everybody
        or name in before.names & after.names
    }


def check_level(found, name, item, old, new):
    """What is different on an item follows from an effect on a place that it lies in."""
    for right in (1, 2):
        if (old >= right) is (new >= right):
            continue
        principals = {name} if found.accounts is None else {ANONYMOUS}
        assert any(
            effect.principal in principals
            and matches(ItemRule(effect.object, effect.is_prefix), item)
            and (LEVELS.index(effect.before) >= right) is (old >= right)
            and (LEVELS.index(effect.after) >= right) is (new >= right)
            for effect in found.effects
            if effect.kind is EffectKind.ITEM
        )


def check_witness(effect, before, after):
    """What is said of a place is true of the item, or of something below it."""
    old, new = LEVELS.index(effect.before), LEVELS.index(effect.after)
    rule = ItemRule(effect.object, effect.is_prefix)
    lies_in = [i for n, i in before if n == effect.principal and matches(rule, i)]
    differences = {
        (LEVELS.index(before[effect.principal, i]), LEVELS.index(after[effect.principal, i]))
        for i in lies_in
    }
    for right in (1, 2):
        if (old >= right) is not (new >= right):
            assert any(
                (one >= right) is (old >= right) and (other >= right) is (new >= right)
                for one, other in differences
            )
