"""Nobody gives more than they hold, and somebody can always change users."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.accounts import remove_user, reset_password
from keystead.domain.change import GroupRemoved, TokenAdded
from keystead.domain.escalation import holds_all
from keystead.domain.groups import remove_group
from keystead.domain.model import (
    OWNER,
    ItemRule,
    Principal,
    Scope,
    TokenKind,
)
from keystead.domain.refusal import Reason
from keystead.domain.scopes import TANI_RIGHTS
from tests.unit.people import DOOR, LAMP
from tests.unit.plant import BOILER, EDITOR, EVERYTHING, HALL, NEW_PASSWORD, Plant, writable


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def root(plant):
    return plant.person("root", Scope.ADMIN)


@pytest.fixture
def editor(plant):
    crew = plant.group("crew", Scope.EDITOR, [BOILER])
    return plant.person("editor", EDITOR, groups=[crew], items=[HALL], things=[LAMP])


# --- what is given --------------------------------------------------------------------------


def test_only_the_owner_and_administrators_hold_everything(root, editor):
    assert holds_all(OWNER)
    assert holds_all(root)
    assert not holds_all(editor)
    assert not holds_all(Principal(root.user._replace(scopes=~Scope.DIAG), root.token_id))


HELD = [
    {"given": EDITOR},
    {"given": Scope.EDITOR},  # by a group
    {"items": (HALL, ItemRule("Plant.Hall.Door"), ItemRule("Plant.Hall.", is_prefix=True))},
    {"items": (BOILER,)},  # by a group
]
NOT_HELD = [
    *({"items": (rule,)} for rule in (EVERYTHING, writable(HALL), writable(BOILER))),
    {"items": (HALL, ItemRule("Plant.Hall2"))},
    {"items": (BOILER._replace(is_prefix=True),)},
    {"items": (ItemRule("Plant", is_prefix=True),)},
]


@pytest.mark.parametrize("draft", HELD)
@pytest.mark.parametrize("is_new", [False, True])
def test_a_user_editor_gives_what_they_hold(plant, editor, draft, is_new):
    if not is_new:
        plant.person("ann", things=[LAMP])
        plant.group("guests")
    plant.do(plant.user_write(editor, "ann", **draft))
    plant.do(plant.group_write(editor, "guests", **draft))


@pytest.mark.parametrize("draft", NOT_HELD)
@pytest.mark.parametrize("is_new", [False, True])
def test_a_user_editor_gives_nothing_else(plant, editor, draft, is_new):
    if not is_new:
        plant.person("ann")
        plant.group("guests")
    assert plant.refusal(plant.user_write(editor, "ann", **draft)) is Reason.ESCALATION
    assert plant.refusal(plant.group_write(editor, "guests", **draft)) is Reason.ESCALATION


def test_a_right_that_is_not_held_is_not_given(plant):
    editor = plant.person("editor", EDITOR)
    for asked in (
        plant.user_write(editor, "ann", Scope.EDITOR),
        plant.user_write(editor, "editor", Scope.EDITOR),
        plant.group_write(editor, "guests", Scope.EDITOR),
    ):
        assert plant.refusal(asked) is Reason.ESCALATION


def test_a_group_gives_its_rights_to_whoever_is_put_into_it(plant, root, editor):
    plant.group("bosses", Scope.EXECUTE_RULES)
    plant.group("keepers", Scope.NONE, [writable(BOILER)])
    plant.group("guests", Scope.DIAG, [HALL])
    plant.person("ann")
    for group in ("bosses", "keepers"):
        for name in ("ann", "bob", "editor"):
            asked = plant.user_write(editor, name, groups=("guests", group))
            assert plant.refusal(asked) is Reason.ESCALATION
    plant.do(plant.user_write(editor, "ann", groups=("guests", "crew")))
    plant.do(plant.user_write(root, "editor", groups=("bosses", "keepers")))


def test_what_everybody_may_do_is_given_on_too(plant, root, editor):
    plant.do(plant.group_write(root, "anonymous", Scope.EDITOR, items=(EVERYTHING,)))
    plant.commits.clear()
    bosses = plant.group("bosses", Scope.EXECUTE_RULES)
    asked = plant.user_write(editor, "ann", groups=(bosses.name,))
    assert plant.refusal(asked) is Reason.ESCALATION
    plant.do(plant.user_write(editor, "ann", Scope.EDITOR, items=(EVERYTHING,)))
    plant.do(plant.group_write(editor, "anonymous", taken=Scope.EDITOR, items=()))
    assert plant.entries()["anonymous"].items == ()


@pytest.mark.parametrize(
    "more",
    [
        {"scopes": Scope.CONTROL_THINGS},
        {"items": [EVERYTHING]},
        {"items": [writable(HALL)]},
        {"things": [LAMP, DOOR]},
    ],
)
def test_whoever_holds_more_is_out_of_reach(plant, editor, more):
    plant.person("ann", **more)
    for asked in (
        plant.user_write(editor, "ann"),
        plant.user_write(editor, "ann", taken=TANI_RIGHTS, groups=(), items=()),
        plant.user_write(editor, "ann", password=NEW_PASSWORD),
        remove_user(plant.directory, editor, "ann"),
        reset_password(plant.directory, editor, "ann", NEW_PASSWORD),
    ):
        assert plant.refusal(asked) is Reason.ESCALATION


def test_whoever_holds_more_by_a_group_is_out_of_reach(plant, editor):
    keepers = plant.group("keepers", Scope.NONE, [writable(BOILER)])
    bosses = plant.group("bosses", Scope.EXECUTE_RULES)
    for name, group in (("ann", keepers), ("bob", bosses)):
        plant.person(name, groups=[group])
        for asked in (
            plant.user_write(editor, name, groups=()),
            plant.user_write(editor, name, password=NEW_PASSWORD),
            remove_user(plant.directory, editor, name),
            plant.group_write(editor, group.name),
            remove_group(plant.directory, editor, group.name),
        ):
            assert plant.refusal(asked) is Reason.ESCALATION


def test_administrators_and_the_owner_give_everything(plant, root):
    for number, actor in enumerate((root, OWNER)):
        group, name = f"group {number}", f"user {number}"
        plant.do(plant.group_write(actor, group, TANI_RIGHTS, items=(EVERYTHING,)))
        draft = {"groups": (group,), "items": (EVERYTHING,), "password": NEW_PASSWORD}
        plant.do(plant.user_write(actor, name, TANI_RIGHTS, **draft))
        plant.do(plant.user_write(actor, name, taken=TANI_RIGHTS))
        plant.do(remove_user(plant.directory, actor, name))
        plant.do(remove_group(plant.directory, actor, group))


# --- the last user editor -------------------------------------------------------------------


def without_the_right(plant, actor):
    return plant.user_write(actor, "only", taken=Scope.USER_EDIT)


def without_the_group(plant, actor):
    return plant.user_write(actor, "only", groups=())


def removed(plant, actor):
    return remove_user(plant.directory, actor, "only")


def with_the_group_demoted(plant, actor):
    return plant.group_write(actor, "editors", taken=Scope.USER_EDIT)


def with_the_group_removed(plant, actor):
    return remove_group(plant.directory, actor, "editors")


BY_RIGHT = [without_the_right, removed]
BY_GROUP = [without_the_group, removed, with_the_group_demoted, with_the_group_removed]
WAYS = [(way, False) for way in BY_RIGHT] + [(way, True) for way in BY_GROUP]
every_way = pytest.mark.parametrize(("way", "by_group"), WAYS)


def only_editor(plant, *, by_group, scopes=Scope.NONE):
    editors = plant.group("editors", Scope.USER_EDIT)
    own = scopes if by_group else scopes | Scope.USER_EDIT
    return plant.person("only", own, groups=[editors] if by_group else [])


@every_way
@pytest.mark.parametrize("as_owner", [False, True])
def test_the_last_user_editor_stays(plant, way, by_group, as_owner):
    only = only_editor(plant, by_group=by_group)
    asked = way(plant, OWNER if as_owner else only)
    assert plant.refusal(asked) is Reason.LAST_USER_EDITOR


@every_way
def test_one_of_two_user_editors_may_go(plant, root, way, by_group):
    only_editor(plant, by_group=by_group)
    plant.do(way(plant, root))
    assert plant.commits


@every_way
def test_another_user_editor_who_cannot_get_in_does_not_count(plant, way, by_group):
    only_editor(plant, by_group=by_group)
    plant.lock_out(plant.person("locked out", Scope.USER_EDIT, password=None))
    assert plant.refusal(way(plant, OWNER)) is Reason.LAST_USER_EDITOR


@every_way
def test_another_user_editor_with_a_token_counts(plant, way, by_group):
    only_editor(plant, by_group=by_group)
    plant.person("device", Scope.USER_EDIT, password=None)
    plant.do(way(plant, OWNER))


def test_a_session_that_will_end_lets_nobody_in_for_good(plant):
    only_editor(plant, by_group=False)
    other = plant.person("other", Scope.USER_EDIT, password=None)
    device = plant.tokens(other)[0]
    plant.lock_out(other)
    end = plant.clock.now + timedelta(hours=1)
    session = replace(device, kind=TokenKind.SESSION, expires=end)
    plant.put(TokenAdded(session, b"x" * 32))
    assert plant.refusal(removed(plant, OWNER)) is Reason.LAST_USER_EDITOR


def test_who_holds_the_right_twice_may_lose_it_once(plant):
    only = only_editor(plant, by_group=True, scopes=Scope.USER_EDIT)
    plant.do(without_the_right(plant, only))
    plant.commits.clear()
    assert plant.refusal(without_the_group(plant, OWNER)) is Reason.LAST_USER_EDITOR


def test_what_is_no_right_to_change_users_may_always_go(plant):
    only = only_editor(plant, by_group=False, scopes=Scope.EDITOR)
    plant.do(plant.user_write(only, "only", taken=Scope.EDITOR))
    plant.do(remove_group(plant.directory, OWNER, "editors"))
    assert plant.kinds()[-1] is GroupRemoved
