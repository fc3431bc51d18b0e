"""What a change would do, asked before it is done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain import accounts, effects, tokens
from keystead.domain.accounts import NewUser
from keystead.domain.change import (
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordRehashed,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.effects import Effect, EffectKind
from keystead.domain.events import Action
from keystead.domain.groups import GroupDraft, RightsChange, remove_group, write_group
from keystead.domain.model import (
    ANONYMOUS,
    EVERY_ITEM,
    OWNER,
    Group,
    GroupId,
    ItemRule,
    Scope,
    TokenLimits,
    User,
    UserId,
    Validity,
)
from keystead.domain.refusal import Reason
from keystead.domain.sign_in import sign_in
from keystead.domain.simulation import simulate
from keystead.domain.tokens import TokenDraft
from keystead.domain.upserts import UserDraft, write_user
from tests.doubles import NOON, PASSWORD
from tests.unit.people import DOOR, LAMP
from tests.unit.plant import BOILER, EVERYTHING, HALL, NEW_PASSWORD, Plant, writable

ACCOUNT, STATE, GROUP, SCOPE, RIGHT, THING, ITEM, TOKEN = EffectKind
LATER = NOON + timedelta(days=1)


@pytest.fixture
def plant():
    return Plant()


def asked(plant, operation):
    """Simulate, and check that nothing was done."""
    found = plant.do(simulate(plant.directory, operation))
    assert plant.commits == []
    return found


def told(plant, operation):
    """Give the effects in short."""
    found = asked(plant, operation)
    assert found.more == 0
    return [effect[:5] for effect in found.effects]


def recording(*changes):
    """Give an operation that records *changes* without asking anybody."""

    async def record(tx):
        for change in changes:
            await tx.record(change)

    return lambda directory: directory.write(OWNER, record)


def on(operation, *arguments):
    """Give an operation that the owner asks for."""
    return lambda directory: operation(directory, OWNER, *arguments)


def user_written(name, given=Scope.NONE, **draft):
    """Give an operation that writes a user."""
    return on(write_user, UserDraft(name, RightsChange(given), **draft))


def group_written(name, given=Scope.NONE, items=None):
    """Give an operation that writes a group."""
    return on(write_group, GroupDraft(name, RightsChange(given), items))


# --- accounts -------------------------------------------------------------------------------


def test_a_new_account_is_there_and_holds_what_it_is_given(plant):
    new = NewUser("ann", Scope.CONTROL_THINGS | Scope.EDITOR, things=(LAMP,))
    assert told(plant, on(accounts.create_user, new, PASSWORD)) == [
        ("ann", "", ACCOUNT, "no", "yes"),
        ("ann", "password", ACCOUNT, "no", "yes"),
        ("ann", "ControlThings", SCOPE, "no", "yes"),
        ("ann", "Editor", RIGHT, "no", "yes"),
        ("ann", str(LAMP), THING, "no", "yes"),
    ]


def test_a_removed_account_loses_all_and_its_tokens_end(plant):
    crew = plant.group("crew", Scope.DIAG, [HALL])
    plant.person("olga", Scope.ADMIN)
    ann = plant.person("ann", Scope.CONTROL_THINGS, groups=[crew], items=[BOILER])
    found = asked(plant, on(accounts.remove_user, "ann"))
    assert found.effects == (
        Effect("ann", "", ACCOUNT, "yes", "no"),
        Effect("ann", "password", ACCOUNT, "yes", "no"),
        Effect("ann", "crew", GROUP, "yes", "no"),
        Effect("ann", "ControlThings", SCOPE, "yes", "no"),
        Effect("ann", "Diag", RIGHT, "yes", "no"),
        Effect("ann", HALL.name, ITEM, "read", "none", is_prefix=True),
        Effect("ann", BOILER.name, ITEM, "read", "none"),
        Effect("ann", "", TOKEN, "yes", "no", token_id=ann.token_id),
    )


def test_what_everybody_may_do_nobody_gains_or_loses_with_an_account(plant):
    plant.do(plant.group_write(OWNER, ANONYMOUS, Scope.DIAG, items=(HALL,)))
    plant.commits.clear()
    crew = Group(GroupId(b"c" * 16), "crew", Scope.DIAG)
    ann = User(UserId(b"a" * 16), "ann", Scope.NONE)
    joining = (UserAdded(ann, None), GroupAdded(crew), GroupItemsChanged(crew, (HALL,)))
    assert told(plant, recording(*joining, MembershipsChanged(ann, (crew,)))) == [
        ("ann", "", ACCOUNT, "no", "yes"),
        ("ann", "crew", GROUP, "no", "yes"),
        ("crew", "", GROUP, "no", "yes"),
    ]


def test_other_scopes_are_told_one_by_one(plant):
    plant.person("olga", Scope.ADMIN)
    plant.person("ann", Scope.ADMIN & ~Scope.DIAG, things=(LAMP, DOOR))
    after = Scope.ACCESS_ALL_THINGS | Scope.CONTROL_THINGS | Scope.DIAG
    operation = on(accounts.set_scopes, "ann", after, (LAMP,))
    gone = ["ConfigureThings", "ExecuteRules", "ConfigureRules"]
    rights = [("UserEdit", "yes", "no"), ("Editor", "yes", "no"), ("Diag", "no", "yes")]
    assert told(plant, operation) == [
        *(("ann", name, SCOPE, "yes", "no") for name in gone),
        *(("ann", name, RIGHT, old, new) for name, old, new in rights),
    ]


def test_a_thing_is_lost_when_neither_a_scope_nor_the_list_shows_it(plant):
    plant.person("ann", Scope.ACCESS_ALL_THINGS, things=(LAMP,))
    operation = on(accounts.set_scopes, "ann", Scope.NONE, (DOOR,))
    assert told(plant, operation) == [
        ("ann", "AccessAllThings", SCOPE, "yes", "no"),
        ("ann", str(LAMP), THING, "yes", "no"),
    ]


def test_an_administrator_who_is_none_any_more_keeps_what_rules_give(plant):
    plant.person("olga", Scope.ADMIN)
    plant.person("ann", Scope.ADMIN, items=[HALL])
    operation = on(accounts.set_scopes, "ann", Scope.ACCESS_ALL_THINGS)
    assert told(plant, operation)[-1] == ("ann", "", ITEM, "write", "none")
    back = on(accounts.set_scopes, "olga", Scope.ADMIN)
    assert told(plant, back) == []


def test_the_state_of_an_account_is_told_part_by_part(plant):
    plant.person("ann")
    validity = Validity(enabled=False, since=NOON, until=LATER)
    assert told(plant, on(accounts.set_validity, "ann", validity)) == [
        ("ann", "enabled", STATE, "yes", "no"),
        ("ann", "since", STATE, "never", "2024-05-17T12:00:00+00:00"),
        ("ann", "until", STATE, "never", "2024-05-18T12:00:00+00:00"),
    ]


def test_another_password_ends_tokens(plant):
    plant.person("ann")
    assert told(plant, on(accounts.reset_password, "ann", NEW_PASSWORD)) == [
        ("ann", "password", ACCOUNT, "old", "new"),
        ("ann", "", TOKEN, "yes", "no"),
    ]


def test_the_first_password_of_an_account_is_told(plant):
    plant.person("ann", password=None)
    operation = user_written("ann", password=NEW_PASSWORD)
    assert told(plant, operation)[0] == ("ann", "password", ACCOUNT, "no", "yes")


def test_the_same_password_in_a_stronger_form_is_no_effect(plant):
    ann = plant.person("ann")
    assert told(plant, recording(PasswordRehashed(ann.user.id, "stronger"))) == []


def test_an_account_that_is_made_and_removed_at_once_is_no_effect(plant):
    ann = User(UserId(b"a" * 16), "ann", Scope.ADMIN)
    assert told(plant, recording(UserAdded(ann, None), UserRemoved(ann))) == []


# --- rules on items -------------------------------------------------------------------------


def test_a_rule_that_another_one_covers_is_no_effect(plant):
    crew = plant.group("crew", items=[ItemRule("Plant", is_prefix=True)])
    plant.person("ann", groups=[crew], items=[BOILER])
    operation = user_written("ann", items=(writable(BOILER), HALL))
    assert told(plant, operation) == [("ann", BOILER.name, ITEM, "read", "write")]


def test_an_item_and_what_is_below_it_may_be_covered_from_two_sides(plant):
    below = plant.group("below", items=[ItemRule("Plant.", is_prefix=True)])
    plant.person("ann", groups=[below], items=[ItemRule("Plant")])
    rules = (ItemRule("Plant"), ItemRule("Plant", is_prefix=True), ItemRule("", is_prefix=True))
    assert told(plant, user_written("ann", items=rules[:2])) == []
    assert told(plant, user_written("ann", items=rules)) == [("ann", "", ITEM, "none", "read")]


# --- groups ---------------------------------------------------------------------------------


def test_members_lose_with_a_group_what_they_do_not_hold_otherwise(plant):
    crew = plant.group("crew", Scope.DIAG, [HALL, BOILER])
    plant.person("bob", Scope.DIAG, groups=[crew], items=[HALL])
    plant.person("ann", groups=[crew])
    plant.person("carl", Scope.DIAG)
    assert told(plant, on(remove_group, "crew")) == [
        ("crew", "", GROUP, "yes", "no"),
        ("ann", "crew", GROUP, "yes", "no"),
        ("ann", "Diag", RIGHT, "yes", "no"),
        ("ann", HALL.name, ITEM, "read", "none"),
        ("ann", BOILER.name, ITEM, "read", "none"),
        ("bob", "crew", GROUP, "yes", "no"),
        ("bob", BOILER.name, ITEM, "read", "none"),
    ]


def test_members_gain_what_their_group_is_given(plant):
    crew, other = plant.group("crew"), plant.group("other", items=[HALL])
    for name in ("ann", "bob"):
        plant.person(name, groups=[crew])
    plant.person("carl", groups=[other, crew])
    operation = group_written("crew", given=Scope.EDITOR, items=(HALL,))
    gained = [(RIGHT, "Editor", "no", "yes"), (ITEM, HALL.name, "none", "read")]
    assert told(plant, operation) == [
        *(("ann", object_, kind, old, new) for kind, object_, old, new in gained),
        *(("bob", object_, kind, old, new) for kind, object_, old, new in gained),
        ("carl", "Editor", RIGHT, "no", "yes"),
    ]


def test_a_new_group_concerns_nobody_yet(plant):
    operation = group_written("crew", given=Scope.EDITOR, items=(HALL,))
    assert told(plant, operation) == [("crew", "", GROUP, "no", "yes")]


def test_what_everybody_gains_is_told_once_with_the_number_of_accounts(plant):
    for name in ("ann", "bob"):
        plant.person(name)
    found = asked(plant, group_written(ANONYMOUS, given=Scope.DIAG, items=(EVERYTHING,)))
    assert found.effects == (
        Effect(ANONYMOUS, "Diag", RIGHT, "no", "yes"),
        Effect(ANONYMOUS, "", ITEM, "none", "write", is_prefix=True),
    )
    assert found.accounts == 2


def test_a_change_of_one_account_counts_no_others(plant):
    plant.person("ann")
    assert asked(plant, user_written("ann", items=(HALL,))).accounts is None


def test_a_member_of_whom_more_is_changed_is_told_of_once(plant):
    crew = plant.group("crew", Scope.DIAG)
    ann = plant.person("ann", groups=[crew]).user
    bob = plant.person("bob").user
    promoted = ann._replace(scopes=Scope.EDITOR)
    operation = recording(
        GroupChanged(crew._replace(rights=Scope.EDITOR)),
        GroupRemoved(crew),
        UserChanged(promoted),
        UserChanged(promoted),
        UserChanged(bob._replace(email="another")),
    )
    assert told(plant, operation) == [
        ("ann", "crew", GROUP, "yes", "no"),
        ("ann", "Editor", RIGHT, "no", "yes"),
        ("ann", "Diag", RIGHT, "yes", "no"),
        ("crew", "", GROUP, "yes", "no"),
    ]


# --- tokens ---------------------------------------------------------------------------------


def test_a_new_token_is_told_without_an_id_that_it_will_not_have(plant):
    plant.person("ann")
    draft = TokenDraft("a phone")
    found = asked(plant, lambda d: tokens.create_token(d, OWNER, "ann", draft))
    assert found.effects == (Effect("ann", "", TOKEN, "no", "yes"),)


def test_a_token_with_another_secret_is_told(plant):
    ann = plant.person("ann")
    assert asked(plant, on(tokens.rotate_token, ann.token_id)).effects == (
        Effect("ann", "secret", TOKEN, "old", "new", token_id=ann.token_id),
    )


def test_a_token_that_ends_earlier_and_opens_less_is_told(plant):
    crew = plant.group("crew", items=[HALL])
    ann = plant.person(
        "ann", Scope.ACCESS_ALL_THINGS | Scope.DIAG, groups=[crew], items=[BOILER]
    )
    rules = (ItemRule("Plant.Hall.Lamp", may_write=True), EVERYTHING._replace(name="Other"))
    limits, known = TokenLimits(Scope.DIAG, (LAMP,), rules), ann.token_id
    draft = TokenDraft("old device", LATER, limits)
    found = asked(plant, on(tokens.change_token, known, draft))
    assert found.effects == (
        Effect("ann", "expires", TOKEN, "never", "2024-05-18T12:00:00+00:00", token_id=known),
        Effect("ann", "AccessAllThings", SCOPE, "yes", "no", token_id=known),
        Effect("ann", HALL.name, ITEM, "read", "none", is_prefix=True, token_id=known),
        Effect("ann", BOILER.name, ITEM, "read", "none", token_id=known),
    )


def test_another_name_of_a_token_is_no_effect(plant):
    ann = plant.person("ann")
    operation = on(tokens.change_token, ann.token_id, TokenDraft("another name"))
    assert told(plant, operation) == []


# --- bounds ---------------------------------------------------------------------------------


def test_of_very_many_effects_the_rest_is_counted(plant):
    crew = plant.group("crew")
    members = [User(UserId(n.to_bytes(16, "big")), f"u{n:04}", Scope.NONE) for n in range(1200)]
    plant.put(*(UserAdded(user, None) for user in members))
    plant.put(*(MembershipsChanged(user, (crew,)) for user in members))
    found = asked(plant, group_written("crew", given=Scope.DIAG))
    assert [effect.principal for effect in found.effects] == [
        user.name for user in members[:1000]
    ]
    assert found.more == 200


def test_accounts_that_are_too_many_to_be_looked_at_count_as_one_each(plant, monkeypatch):
    crew = plant.group("crew")
    people = [plant.person(name, groups=[crew]).user for name in ("ann", "bob", "carl")]
    monkeypatch.setattr(effects, "MOST_WORK", effects.ACCOUNT_WORK)
    found = asked(plant, group_written("crew", items=(HALL,)))
    assert [effect.principal for effect in found.effects] == ["ann"]
    assert found.more == 2
    changed = [UserChanged(user._replace(scopes=Scope.DIAG)) for user in people]
    found = asked(plant, recording(*changed))
    assert [effect.principal for effect in found.effects] == ["ann"]
    assert found.more == 2


# --- what a simulation leaves ---------------------------------------------------------------


def test_what_is_refused_is_refused_for_the_same_reason(plant):
    plant.person("olga", Scope.ADMIN)
    last = on(accounts.remove_user, "olga")
    assert plant.refusal(simulate(plant.directory, last)) is Reason.LAST_USER_EDITOR
    ann = plant.person("ann", Scope.USER_EDIT)

    def escalating(directory):
        return accounts.remove_user(directory, ann, "olga")

    assert plant.refusal(simulate(plant.directory, escalating)) is Reason.ESCALATION


def test_nothing_is_hashed_and_no_password_is_right(plant):
    plant.person("ann")
    plant.hasher.is_busy = True
    operation = on(accounts.reset_password, "ann", NEW_PASSWORD)
    assert told(plant, operation)[0] == ("ann", "password", ACCOUNT, "old", "new")
    attempt = simulate(plant.directory, lambda d: sign_in(d, "ann", PASSWORD, "a phone"))
    assert plant.refusal(attempt) is Reason.SIGN_IN_FAILED
    assert plant.directory.throttle.locks(NOON) == []
    assert plant.directory.throttle.changed() == []


def test_what_a_simulation_would_hash_is_never_too_old(plant):
    async def outdated(directory):
        assert not directory.hasher.is_outdated(await directory.hasher.hash(PASSWORD))

    assert told(plant, outdated) == []


def test_what_nobody_waits_for_is_not_written_either(plant):
    ann = plant.person("ann")

    async def noting(directory):
        directory.note(OWNER, Action.UNLOCK)
        directory.used(ann)

    events = plant.do(plant.directory.store.reader.audit_size())
    assert told(plant, noting) == []
    plant.do(plant.directory.journal.flush(LATER, last=True))
    assert plant.do(plant.directory.store.reader.audit_size()) == events
    assert [token.last_used for token in plant.tokens(ann)] == [None]


def test_an_operation_of_several_transactions_is_told_in_whole(plant):
    plant.person("ann")

    async def twice(directory):
        await user_written("ann", items=(HALL,))(directory)
        assert await directory.store.reader.user_named("ann")
        await group_written(ANONYMOUS, items=(BOILER,))(directory)
        await user_written("ann", given=Scope.DIAG)(directory)

    found = asked(plant, twice)
    assert [(effect.principal, effect.object) for effect in found.effects] == [
        ("ann", HALL.name),
        (ANONYMOUS, BOILER.name),
        ("ann", "Diag"),
    ]
    assert found.accounts == 1


def test_whoever_asks_sees_the_directory_as_it_is_set_up(plant):
    seen = []

    async def look(directory):
        seen.append(replace(directory, store=None, hasher=None, throttle=None, journal=None))

    asked(plant, look)
    real = plant.directory
    assert seen == [replace(real, store=None, hasher=None, throttle=None, journal=None)]


def test_everything_is_called_by_the_empty_name(plant):
    plant.person("ann")
    found = asked(plant, user_written("ann", items=(EVERY_ITEM,)))
    assert found.effects == (Effect("ann", "", ITEM, "none", "write", is_prefix=True),)
