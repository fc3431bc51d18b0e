"""Groups: made, changed and removed, and every reason why not."""

import pytest

from keystead.domain.change import GroupAdded, GroupChanged, GroupItemsChanged, GroupRemoved
from keystead.domain.groups import MAX_RULES, NO_CHANGE, RightsChange, remove_group
from keystead.domain.items import MAX_ITEM_NAME_LENGTH
from keystead.domain.model import (
    ANONYMOUS,
    ANONYMOUS_ID,
    OWNER,
    Group,
    GroupEntry,
    ItemRule,
    Principal,
    Scope,
)
from keystead.domain.names import MAX_NAME_LENGTH
from keystead.domain.refusal import Reason
from tests.doubles import BrokenStore, directory
from tests.unit.plant import BOILER, EDITOR, EVERYTHING, HALL, Plant, writable

LOOK_ALIKES = ["Operators", "OPERATORS", "\uff4fperators", "operator\u017f"]


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def root(plant):
    return plant.person("root", Scope.ADMIN)


@pytest.fixture
def editor(plant):
    return plant.person("editor", EDITOR, items=[HALL])


@pytest.fixture
def operators(plant):
    return plant.group("operators", Scope.DIAG, [BOILER])


def stored(plant, name):
    return plant.entries().get(name)


# --- written --------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE2")
def test_a_group_that_is_not_there_is_made(plant, root):
    plant.do(plant.group_write(root, "operators", Scope.DIAG, items=(BOILER, HALL)))

    (added, items) = plant.changes()
    assert isinstance(added, GroupAdded)
    assert (added.group.name, added.group.rights) == ("operators", Scope.DIAG)
    assert items == GroupItemsChanged(added.group, (BOILER, HALL))
    assert stored(plant, "operators") == GroupEntry(added.group, (BOILER, HALL))


def test_a_new_group_has_nothing_that_is_not_named(plant, root):
    plant.do(plant.group_write(root, "operators"))

    assert plant.kinds() == [GroupAdded]
    group, items = stored(plant, "operators")
    assert (group.rights, items) == (Scope.NONE, ())


def test_what_is_left_out_of_a_group_stays(plant, root, operators):
    plant.do(plant.group_write(root, "operators", Scope.EDITOR))

    after = operators._replace(rights=Scope.DIAG | Scope.EDITOR)
    assert plant.changes() == [GroupChanged(after)]
    assert stored(plant, "operators") == GroupEntry(after, (BOILER,))


def test_a_right_of_a_group_can_be_taken_away(plant, root, operators):
    plant.do(plant.group_write(root, "operators", taken=Scope.DIAG | Scope.EDITOR))
    assert stored(plant, "operators").group.rights == Scope.NONE


@pytest.mark.parametrize("items", [(), (HALL,), (HALL, BOILER), (writable(BOILER),)])
def test_rules_that_are_named_replace_the_whole_list(plant, root, operators, items):
    plant.do(plant.group_write(root, "operators", items=items))

    assert plant.changes() == [GroupItemsChanged(operators, items)]
    assert stored(plant, "operators").items == items


@pytest.mark.parametrize("items", [None, (BOILER,), (BOILER, BOILER)])
def test_a_group_that_is_written_as_it_is_does_not_change(plant, root, operators, items):
    plant.do(plant.group_write(root, "operators", Scope.DIAG, Scope.EDITOR, items))
    assert plant.commits == []


def test_duplicates_among_rules_are_folded(plant, root):
    items = (BOILER, HALL, writable(BOILER), HALL)
    plant.do(plant.group_write(root, "operators", items=items))
    assert stored(plant, "operators").items == (writable(BOILER), HALL)


def test_a_group_may_be_called_like_a_user(plant, root):
    plant.do(plant.group_write(root, "root"))
    assert stored(plant, "root")


def test_the_owner_may_write_every_group(plant, operators):
    plant.do(plant.group_write(OWNER, "operators", Scope.USER_EDIT, items=(EVERYTHING,)))
    assert stored(plant, "operators").items == (EVERYTHING,)


def test_a_user_editor_may_write_what_holds_no_more_than_they(plant, editor):
    plant.group("guests", Scope.DIAG, [HALL])
    below = ItemRule("Plant.Hall.Door")
    plant.do(plant.group_write(editor, "guests", Scope.USER_EDIT, items=(HALL, below)))
    assert stored(plant, "guests").items == (HALL, below)


def test_rights_change_gives_and_takes():
    assert NO_CHANGE.replace_in(Scope.EDITOR) is Scope.EDITOR
    change = RightsChange(Scope.DIAG, Scope.EDITOR | Scope.USER_EDIT)
    assert change.replace_in(Scope.EDITOR | Scope.CONTROL_THINGS) == (
        Scope.DIAG | Scope.CONTROL_THINGS
    )


# --- everybody ------------------------------------------------------------------------------


def test_what_everybody_may_do_is_written_like_a_group(plant, root):
    plant.do(plant.group_write(root, ANONYMOUS, Scope.DIAG, Scope.USER_EDIT, (BOILER,)))

    everybody = Group(ANONYMOUS_ID, ANONYMOUS, Scope.DIAG)
    assert stored(plant, ANONYMOUS) == GroupEntry(everybody, (BOILER,))
    assert plant.kinds() == [GroupChanged, GroupItemsChanged]


def test_whoever_is_not_signed_in_can_never_change_users(plant, root):
    for actor in (root, OWNER):
        asked = plant.group_write(actor, ANONYMOUS, Scope.USER_EDIT)
        assert plant.refusal(asked) is Reason.ANONYMOUS_EDITS_NO_USERS


def test_what_everybody_may_do_is_never_removed(plant, root):
    asked = remove_group(plant.directory, root, ANONYMOUS)
    assert plant.refusal(asked) is Reason.NAME_RESERVED


def test_nothing_looks_like_the_group_of_everybody(plant, root):
    assert plant.refusal(plant.group_write(root, "Anonymous")) is Reason.NAME_TAKEN


def test_a_user_editor_gives_everybody_what_they_hold_and_no_more(plant, editor):
    plant.do(plant.group_write(editor, ANONYMOUS, Scope.DIAG, items=(HALL,)))
    plant.commits.clear()
    for more in ({"given": Scope.EDITOR}, {"items": (HALL, BOILER)}):
        asked = plant.group_write(editor, ANONYMOUS, **more)
        assert plant.refusal(asked) is Reason.ESCALATION


# --- names and bounds -----------------------------------------------------------------------


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_no_group_looks_like_another(plant, root, operators, name):
    assert plant.refusal(plant.group_write(root, name)) is Reason.NAME_TAKEN


@pytest.mark.parametrize(
    "name", ["", " guests", "guests\t", "gu\nests", "gu\u200bests", "\ud800"]
)
def test_a_name_that_deceives_is_refused(plant, root, name):
    assert plant.refusal(plant.group_write(root, name)) is Reason.NAME_INVALID


def test_a_name_may_be_as_long_as_the_bound_and_no_longer(plant, root):
    plant.do(plant.group_write(root, "x" * MAX_NAME_LENGTH))
    plant.commits.clear()
    asked = plant.group_write(root, "x" * (MAX_NAME_LENGTH + 1))
    assert plant.refusal(asked) is Reason.TOO_LARGE


def test_there_may_be_as_many_rules_as_the_bound_and_no_more(plant, root):
    rules = tuple(ItemRule(f"item {number}") for number in range(MAX_RULES + 1))
    plant.do(plant.group_write(root, "operators", items=rules[1:]))
    assert len(stored(plant, "operators").items) == MAX_RULES
    plant.commits.clear()
    assert plant.refusal(plant.group_write(root, "operators", items=rules)) is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "rule",
    [
        ItemRule(""),
        ItemRule("x" * (MAX_ITEM_NAME_LENGTH + 1)),
        ItemRule("a\0b"),
        ItemRule("\udfff"),
    ],
)
def test_a_rule_that_names_no_item_is_refused(plant, root, rule):
    asked = plant.group_write(root, "operators", items=(BOILER, rule))
    assert plant.refusal(asked) is Reason.ITEM_RULE_INVALID


def test_the_name_of_an_item_may_be_as_long_as_the_bound(plant, root):
    rule = ItemRule("x" * MAX_ITEM_NAME_LENGTH)
    plant.do(plant.group_write(root, "operators", items=(rule,)))
    assert stored(plant, "operators").items == (rule,)


# --- who may --------------------------------------------------------------------------------


def requests(plant, actor):
    return [
        plant.group_write(actor, "guests"),
        plant.group_write(actor, "operators", items=()),
        remove_group(plant.directory, actor, "operators"),
        remove_group(plant.directory, actor, "nobody"),
    ]


@pytest.mark.clause("IEC 62443-4-2 CR 2.1 RE2")
@pytest.mark.parametrize("scopes", [Scope.NONE, Scope.ADMIN & ~Scope.USER_EDIT])
def test_whoever_may_not_change_users_may_not_change_groups(plant, operators, scopes):
    ann = plant.person("ann", scopes, items=[EVERYTHING])
    for asked in requests(plant, ann):
        assert plant.refusal(asked) is Reason.FORBIDDEN


def test_whoever_is_signed_in_no_more_changes_nothing(plant, root, operators):
    plant.lock_out(root)
    for asked in requests(plant, root):
        assert plant.refusal(asked) is Reason.NOT_SIGNED_IN


def test_the_right_to_change_users_may_come_from_a_group(plant, operators):
    editors = plant.group("editors", Scope.USER_EDIT)
    ann = plant.person("ann", groups=[editors])
    stale = Principal(ann.user, ann.token_id)
    plant.do(plant.group_write(stale, "guests"))
    assert stored(plant, "guests")


def test_what_cannot_be_stored_changes_nothing(plant, root, operators):
    broken = directory(BrokenStore(plant.directory.store))
    whole, plant.directory = plant.directory, broken
    asked = [plant.group_write(root, "operators", Scope.EDITOR)]
    asked += [remove_group(broken, root, "operators")]
    for one in asked:
        assert plant.refusal(one) is Reason.STORAGE_FAILED
    plant.directory = whole
    assert stored(plant, "operators") == GroupEntry(operators, (BOILER,))


# --- removed --------------------------------------------------------------------------------


def test_a_group_that_is_removed_is_taken_from_its_members(plant, root, operators):
    guests = plant.group("guests")
    plant.person("ann", groups=[operators, guests])

    plant.do(remove_group(plant.directory, root, "operators"))

    assert plant.changes() == [GroupRemoved(operators)]
    assert stored(plant, "operators") is None
    assert plant.accounts()["ann"].groups == (guests,)


def test_a_group_that_is_made_again_has_no_members_and_no_rules(plant, root, operators):
    plant.person("ann", groups=[operators])

    plant.do(remove_group(plant.directory, root, "operators"))
    plant.do(plant.group_write(root, "operators", Scope.USER_EDIT))

    assert plant.accounts()["ann"].groups == ()
    assert stored(plant, "operators").items == ()
    assert stored(plant, "operators").group.id != operators.id


@pytest.mark.parametrize("name", ["guests", "", *LOOK_ALIKES])
def test_only_a_group_that_is_called_just_so_is_removed(plant, root, operators, name):
    asked = remove_group(plant.directory, root, name)
    assert plant.refusal(asked) is Reason.NO_SUCH_GROUP


def test_a_user_editor_may_remove_a_group_that_holds_no_more(plant, editor):
    plant.group("guests", Scope.DIAG, [HALL])
    plant.do(remove_group(plant.directory, editor, "guests"))
    assert stored(plant, "guests") is None


@pytest.mark.parametrize("is_stronger", [True, False])
def test_a_group_that_somebody_stronger_is_in_is_not_changed_by_a_lesser_editor(
    plant, editor, is_stronger
):
    guests = plant.group("guests", items=[HALL])
    plant.person("carl", Scope.ADMIN if is_stronger else Scope.NONE, groups=[guests])
    asked = (
        lambda: plant.group_write(editor, "guests", items=()),
        lambda: remove_group(plant.directory, editor, "guests"),
    )
    if is_stronger:
        assert [plant.refusal(ask()) for ask in asked] == [Reason.ESCALATION] * 2
        return
    for ask in asked:
        plant.do(ask())
    assert stored(plant, "guests") is None
