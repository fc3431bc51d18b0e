"""Users written as a whole: the first, new ones, others, and every reason why not."""

from dataclasses import replace

import pytest

from keystead.domain.change import (
    MembershipsChanged,
    PasswordChanged,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
)
from keystead.domain.groups import MAX_RULES, RightsChange
from keystead.domain.model import (
    ANONYMOUS,
    OWNER,
    Account,
    ItemRule,
    Scope,
)
from keystead.domain.names import MAX_NAME_LENGTH
from keystead.domain.passwords import MAX_PASSWORD_BYTES
from keystead.domain.refusal import Reason
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.sessions import open_session
from keystead.domain.sign_in import sign_in
from keystead.domain.upserts import MAX_GROUPS, UserDraft, change_user, write_first_user
from tests.doubles import PASSWORD, BrokenStore, directory
from tests.unit.people import LAMP, reason_of
from tests.unit.plant import BOILER, EVERYTHING, HALL, NEW_PASSWORD, Plant, writable

LONGEST_PASSWORD = "Aa11" + "ä" * (MAX_PASSWORD_BYTES // 2 - 2)
DECEIVING = ["", " ann", "ann ", "a\nnn", "an\u202en", "\ud800", "\0"]
FIRST = UserDraft("olga", RightsChange(given=Scope.USER_EDIT), PASSWORD)


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def root(plant):
    return plant.person("root", Scope.ADMIN)


@pytest.fixture
def operators(plant):
    return plant.group("operators", Scope.DIAG, [BOILER])


@pytest.fixture
def ann(plant, operators):
    return plant.person(
        "ann",
        Scope.EDITOR | Scope.CONTROL_THINGS,
        groups=[operators],
        items=[HALL],
        things=[LAMP],
    )


def first(plant, **differently):
    return write_first_user(plant.directory, replace(FIRST, **differently))


# --- the first ------------------------------------------------------------------------------


def test_the_first_user_is_an_administrator(plant):
    plant.do(first(plant))

    olga = plant.accounts()["olga"]
    assert plant.changes() == [UserAdded(olga.user, plant.password_hash("olga"))]
    assert (olga.user.scopes, olga.items, olga.has_password) == (Scope.ADMIN, (), True)
    assert plant.do(sign_in(plant.directory, "olga", PASSWORD, "")).principal.user == olga.user


@pytest.mark.parametrize("declined", [Scope.EDITOR, Scope.DIAG, Scope.EDITOR | Scope.DIAG])
@pytest.mark.parametrize("items", [None, ()])
def test_the_first_user_holds_all_but_what_they_decline(plant, declined, items):
    plant.do(first(plant, rights=RightsChange(Scope.USER_EDIT, declined), items=items))

    olga = plant.accounts()["olga"]
    assert olga.user.scopes == Scope.ADMIN & ~declined
    assert olga.items == (EVERYTHING,)


def test_the_first_user_may_name_their_items(plant):
    rights = RightsChange(Scope.USER_EDIT, Scope.DIAG)
    plant.do(first(plant, rights=rights, items=(HALL, BOILER, writable(BOILER))))
    assert plant.accounts()["olga"].items == (HALL, writable(BOILER))


def test_the_first_user_may_be_a_member_of_a_group_that_the_owner_has_made(plant, operators):
    plant.do(first(plant, groups=("operators", "operators")))
    assert plant.accounts()["olga"].groups == (operators,)


@pytest.mark.parametrize(
    "differently",
    [
        {"rights": RightsChange()},
        {"rights": RightsChange(given=Scope.EDITOR, taken=Scope.USER_EDIT)},
        {"password": None},
        {"password": ""},
    ],
)
def test_the_first_user_must_be_able_to_change_users(plant, differently):
    assert plant.refusal(first(plant, **differently)) is Reason.FIRST_MUST_EDIT_USERS


@pytest.mark.parametrize(
    ("differently", "reason"),
    [
        ({"name": "x" * (MAX_NAME_LENGTH + 1)}, Reason.TOO_LARGE),
        ({"name": " olga"}, Reason.NAME_INVALID),
        ({"name": "Anonymous"}, Reason.NAME_RESERVED),
        ({"items": (ItemRule(""),)}, Reason.ITEM_RULE_INVALID),
        ({"password": "weak"}, Reason.PASSWORD_TOO_WEAK),
        ({"groups": ("nobody",)}, Reason.NO_SUCH_GROUP),
        ({"groups": (ANONYMOUS,)}, Reason.NAME_RESERVED),
    ],
)
def test_the_first_user_keeps_all_other_rules(plant, differently, reason):
    assert plant.refusal(first(plant, **differently)) is reason
    assert not plant.do(plant.directory.store.reader.ever_had_account())


def test_there_is_one_first_user(plant, root):
    assert plant.refusal(first(plant)) is Reason.NOT_SIGNED_IN


def test_of_two_first_users_at_once_the_second_is_nobody(plant):
    plant.hasher.meanwhile = lambda: first(plant, name="ann")
    assert reason_of(first(plant)) is Reason.NOT_SIGNED_IN
    assert list(plant.accounts()) == ["ann"]


def test_a_first_user_who_cannot_be_stored_is_not_there(plant):
    broken = directory(BrokenStore(plant.directory.store))
    assert plant.refusal(write_first_user(broken, FIRST)) is Reason.STORAGE_FAILED
    assert plant.accounts() == {}


# --- new ------------------------------------------------------------------------------------


def test_a_user_who_is_not_there_is_made(plant, root, operators):
    plant.do(
        plant.user_write(
            root,
            "bob",
            Scope.EDITOR | Scope.DIAG,
            password=PASSWORD,
            groups=("operators",),
            items=(BOILER, HALL, writable(BOILER)),
        )
    )

    bob = plant.accounts()["bob"]
    assert (bob.groups, bob.items) == ((operators,), (writable(BOILER), HALL))
    assert bob.user.scopes == Scope.EDITOR | Scope.DIAG
    assert plant.kinds() == [UserAdded, MembershipsChanged, UserItemsChanged]
    assert plant.do(sign_in(plant.directory, "bob", PASSWORD, "")).principal.groups


def test_a_new_user_has_nothing_that_is_not_named(plant, root):
    plant.do(plant.user_write(root, "bob", taken=TANI_RIGHTS, groups=(), items=()))

    bob = plant.accounts()["bob"]
    assert plant.changes() == [UserAdded(bob.user, None)]
    assert bob == Account(bob.user, has_password=False)
    assert bob.user.scopes == Scope.NONE


def test_a_user_may_have_a_name_that_nymea_would_not_give(plant, root):
    plant.do(plant.user_write(root, "Jö"))
    assert "Jö" in plant.accounts()


# --- changed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "changed"),
    [
        ({"given": Scope.DIAG}, {"scopes"}),
        ({"taken": Scope.EDITOR}, {"scopes"}),
        ({"groups": ()}, {"groups"}),
        ({"groups": ("guests", "operators")}, {"groups"}),
        ({"items": ()}, {"items"}),
        ({"items": (BOILER,)}, {"items"}),
        ({"given": Scope.DIAG, "items": (), "groups": ()}, {"scopes", "items", "groups"}),
        ({}, set()),
        ({"given": Scope.EDITOR, "taken": Scope.DIAG}, set()),
        ({"groups": ("operators", "operators"), "items": (HALL, HALL)}, set()),
    ],
)
def test_what_is_left_out_of_a_user_stays(plant, root, ann, draft, changed):
    plant.group("guests")
    before, encoded = plant.accounts()["ann"], plant.password_hash("ann")

    plant.do(plant.user_write(root, "ann", **draft))

    after = plant.accounts()["ann"]
    kinds = {"scopes": UserChanged, "groups": MembershipsChanged, "items": UserItemsChanged}
    assert plant.kinds() == [kinds[what] for what in kinds if what in changed]
    assert after.user == before.user._replace(scopes=after.user.scopes)
    assert (after.user.scopes == before.user.scopes) is ("scopes" not in changed)
    assert (after.groups == before.groups) is ("groups" not in changed)
    assert (after.items == before.items) is ("items" not in changed)
    assert plant.password_hash("ann") == encoded


def test_the_scopes_of_nymea_stay_whatever_rights_are_written(plant, root, ann):
    plant.do(plant.user_write(root, "ann", Scope.DIAG, Scope.EDITOR | Scope.USER_EDIT))
    assert plant.accounts()["ann"].user.scopes == Scope.DIAG | Scope.CONTROL_THINGS


def test_an_administrator_who_declines_a_right_is_none_any_more(plant, root):
    plant.person("olga", Scope.ADMIN)
    plant.do(plant.user_write(root, "root", taken=Scope.DIAG))
    assert plant.accounts()["root"].user.scopes == Scope.ADMIN & ~Scope.DIAG


def test_groups_are_kept_in_the_order_given_each_once(plant, root, operators):
    one, two = plant.group("one"), plant.group("two")
    plant.do(plant.user_write(root, "ann", groups=("two", "operators", "two", "one")))
    assert plant.accounts()["ann"].groups == (two, operators, one)


def test_the_owner_may_write_everybody(plant, root):
    plant.do(plant.user_write(OWNER, "root", taken=Scope.EDITOR, items=(EVERYTHING,)))
    plant.do(plant.user_write(OWNER, "bob", Scope.USER_EDIT, password=PASSWORD))
    assert plant.accounts()["bob"].user.scopes == Scope.USER_EDIT


# --- passwords ------------------------------------------------------------------------------


def keys_of(plant, name):
    """Sign in on a device and on a page."""
    device = plant.do(sign_in(plant.directory, name, PASSWORD, "tablet"))
    page = plant.do(open_session(plant.directory, name, PASSWORD, "page"))
    plant.commits.clear()
    return device.principal.token_id, page.principal.token_id


def test_who_changes_their_own_password_keeps_devices_and_loses_sessions(plant, root):
    device, page = keys_of(plant, "root")

    plant.do(plant.user_write(root, "root", password=NEW_PASSWORD))

    changed = PasswordChanged(root.user.id, plant.password_hash("root"))
    written = UserChanged(root.user)
    assert plant.changes() == [written, changed, TokenRemoved(root.user.id, page)]
    assert [token.id for token in plant.tokens(root)] == [root.token_id, device]
    assert plant.do(sign_in(plant.directory, "root", NEW_PASSWORD, ""))


@pytest.mark.parametrize("as_owner", [False, True])
def test_who_is_given_another_password_loses_all_tokens(plant, root, ann, as_owner):
    keys_of(plant, "ann")
    actor = OWNER if as_owner else root

    plant.do(plant.user_write(actor, "ann", password=NEW_PASSWORD))

    assert plant.kinds() == [UserChanged, PasswordChanged] + [TokenRemoved] * 3
    assert plant.tokens(ann) == []
    assert plant.do(sign_in(plant.directory, "ann", NEW_PASSWORD, ""))


def test_tokens_stay_when_no_password_is_written(plant, root, ann):
    keys_of(plant, "ann")
    plant.do(plant.user_write(root, "ann", Scope.DIAG, items=()))
    assert len(plant.tokens(ann)) == 3


def test_a_user_without_a_password_can_be_given_one(plant, root):
    bob = plant.person("bob", password=None)
    plant.do(plant.user_write(root, "bob", password=NEW_PASSWORD))
    assert plant.accounts()["bob"].has_password
    assert plant.tokens(bob) == []


def test_no_password_is_shown(plant):
    assert PASSWORD not in repr(FIRST)


# --- refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ({"name": "x" * (MAX_NAME_LENGTH + 1)}, Reason.TOO_LARGE),
        *(({"name": name}, Reason.NAME_INVALID) for name in DECEIVING),
        *(({"name": name}, Reason.NAME_RESERVED) for name in (ANONYMOUS, "\uff21NONYMOUS")),
        *(({"name": name}, Reason.NAME_TAKEN) for name in ("Ann", "\uff21NN", "\uff41nn")),
        ({"items": (BOILER, ItemRule(""))}, Reason.ITEM_RULE_INVALID),
        ({"items": (BOILER,) * (MAX_RULES + 1)}, Reason.TOO_LARGE),
        ({"groups": ("operators",) * (MAX_GROUPS + 1)}, Reason.TOO_LARGE),
        ({"groups": ("operators", "nobody")}, Reason.NO_SUCH_GROUP),
        ({"groups": ("Operators",)}, Reason.NO_SUCH_GROUP),
        ({"groups": ("Anonymous",)}, Reason.NO_SUCH_GROUP),
        ({"groups": (ANONYMOUS,)}, Reason.NAME_RESERVED),
        ({"password": ""}, Reason.PASSWORD_TOO_WEAK),
        ({"password": "weak"}, Reason.PASSWORD_TOO_WEAK),
        ({"password": "Half-a-character-1\ud800"}, Reason.PASSWORD_TOO_WEAK),
        ({"password": LONGEST_PASSWORD + "1"}, Reason.TOO_LARGE),
    ],
)
@pytest.mark.parametrize("name", ["ann", "bob"])
def test_a_draft_that_breaks_a_rule_is_refused(plant, ann, name, draft, reason):
    root = plant.person("root", Scope.ADMIN)
    asked = plant.user_write(root, **({"name": name} | draft), given=Scope.DIAG)
    assert plant.refusal(asked) is reason


def test_everything_may_be_as_large_as_its_bound(plant, root):
    for number in range(MAX_GROUPS):
        plant.group(f"group {number}")
    name = "x" * MAX_NAME_LENGTH
    groups = tuple(f"group {number}" for number in range(MAX_GROUPS))
    items = tuple(ItemRule(f"item {number}") for number in range(MAX_RULES))
    draft = {"password": LONGEST_PASSWORD, "groups": groups, "items": items}

    plant.do(plant.user_write(root, name, **draft))

    account = plant.accounts()[name]
    assert (len(account.groups), len(account.items)) == (MAX_GROUPS, MAX_RULES)
    assert plant.do(sign_in(plant.directory, name, LONGEST_PASSWORD, ""))


def test_a_password_is_not_their_own_name(plant, root):
    asked = plant.user_write(root, "Correct-horse-1", password="correct-HORSE-1")
    assert plant.refusal(asked) is Reason.PASSWORD_TOO_WEAK


def test_who_must_wait_for_hashes_is_told_so(plant, root, ann):
    plant.hasher.is_busy = True
    asked = plant.user_write(root, "ann", password=NEW_PASSWORD)
    assert plant.refusal(asked) is Reason.BUSY
    assert plant.refusal(first(plant)) is Reason.BUSY


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_whoever_may_not_change_users_writes_nobody(plant, root, ann, name):
    carl = plant.person("carl", Scope.ADMIN & ~Scope.USER_EDIT, items=[EVERYTHING])
    assert plant.refusal(plant.user_write(carl, name)) is Reason.FORBIDDEN


def test_nobody_without_the_right_writes_themselves(plant, ann):
    asked = plant.user_write(ann, "ann", password=NEW_PASSWORD)
    assert plant.refusal(asked) is Reason.FORBIDDEN


def test_whoever_is_signed_in_no_more_writes_nobody(plant, root):
    plant.lock_out(root)
    assert plant.refusal(plant.user_write(root, "bob")) is Reason.NOT_SIGNED_IN


def test_whoever_loses_the_right_while_hashing_writes_nobody(plant, root):
    olga = plant.person("olga", Scope.USER_EDIT)

    async def demote():
        await plant.user_write(root, "olga", taken=Scope.USER_EDIT)
        plant.commits.clear()

    plant.hasher.meanwhile = demote
    asked = plant.user_write(olga, "bob", password=PASSWORD)
    assert plant.refusal(asked) is Reason.FORBIDDEN


def test_what_cannot_be_stored_leaves_a_user_as_they_were(plant, root, ann):
    before = plant.accounts()
    whole, plant.directory = plant.directory, directory(BrokenStore(plant.directory.store))
    for name in ("ann", "bob"):
        asked = plant.user_write(root, name, Scope.USER_EDIT, password=NEW_PASSWORD)
        assert plant.refusal(asked) is Reason.STORAGE_FAILED
    plant.directory = whole
    assert plant.accounts() == before


# --- accounts that must be there ------------------------------------------------------------


def change(plant, actor, name, **draft):
    return change_user(plant.directory, actor, UserDraft(name, **draft))


@pytest.mark.parametrize("name", ["ann", "ANN"])
def test_an_account_is_changed_however_its_name_is_written(plant, root, ann, name):
    plant.do(change(plant, root, name, groups=(), items=(BOILER,)))

    reader = plant.directory.store.reader
    assert plant.do(reader.groups_of(ann.user.id)) == ()
    assert plant.do(reader.items_of_user(ann.user.id)) == (BOILER,)


def test_nobody_is_made_by_a_change(plant, root):
    assert plant.refusal(change(plant, root, "eve", items=(BOILER,))) is Reason.NO_SUCH_USER


def test_an_account_is_changed_whose_name_no_new_one_could_have(plant, root):
    imported = plant.person(" ann ")

    plant.do(change(plant, root, " ann ", rights=RightsChange(Scope.DIAG)))

    assert plant.do(plant.directory.store.reader.user(imported.user.id)).scopes == Scope.DIAG


def test_who_may_not_change_users_learns_nothing_of_who_there_is(plant, ann):
    assert plant.refusal(change(plant, ann, "eve")) is Reason.FORBIDDEN
