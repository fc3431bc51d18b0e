"""What every store must say: whether somebody can change users, and can get in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.change import (
    GroupAdded,
    GroupChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Scope
from tests.conformance.samples import (
    ANN,
    BOB,
    BOBS,
    BROWSER,
    EVERYBODY,
    STAFF,
    TOKENS,
    numbered,
    numbered_group,
)
from tests.conformance.stores import record
from tests.doubles import NOON

EDITOR = numbered(5, scopes=Scope.USER_EDIT)
MEMBER = numbered(6, scopes=Scope.NONE)
PASSWORD, NONE = "hash", None
TOKEN = TokenAdded(replace(BOBS, user_id=EDITOR.id), b"e" * 32)
PAGE = TokenAdded(replace(BROWSER, user_id=EDITOR.id), b"f" * 32)
MEMBERS_TOKEN = TokenAdded(replace(BOBS, user_id=MEMBER.id), b"e" * 32)
MEMBERS_PAGE = TokenAdded(replace(BROWSER, user_id=MEMBER.id), b"f" * 32)
EDITORS = STAFF._replace(rights=Scope.USER_EDIT)
JOINED = (GroupAdded(EDITORS), MembershipsChanged(MEMBER, (EDITORS,)))


@pytest.mark.parametrize(
    "changes",
    [
        [UserAdded(EDITOR, PASSWORD)],
        [UserAdded(EDITOR, PASSWORD), TOKEN],
        [UserAdded(EDITOR, PASSWORD), PAGE],
        [UserAdded(EDITOR, NONE), TOKEN],
        [UserAdded(EDITOR, NONE), PAGE, TOKEN, TokenRemoved(EDITOR.id, PAGE.token.id)],
        [UserAdded(EDITOR, NONE), PasswordChanged(EDITOR.id, "hash")],
        [UserAdded(EDITOR, "old"), PasswordRehashed(EDITOR.id, "hash")],
        [UserAdded(EDITOR._replace(scopes=Scope.ADMIN), PASSWORD)],
        [UserAdded(EDITOR._replace(scopes=Scope.NONE), PASSWORD), UserChanged(EDITOR)],
        [UserAdded(EDITOR, NONE), UserAdded(numbered(7, scopes=Scope.ADMIN), PASSWORD)],
    ],
)
def test_who_holds_the_right_and_can_get_in_counts(play, changes):
    assert has_user_editor(play, changes)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [UserAdded(EDITOR, NONE)],
        [UserAdded(EDITOR, NONE), TOKEN, TokenRemoved(EDITOR.id, TOKEN.token.id)],
        [UserAdded(EDITOR, PASSWORD), UserRemoved(EDITOR)],
        [UserAdded(EDITOR, PASSWORD), TOKEN, UserRemoved(EDITOR)],
        [UserAdded(EDITOR._replace(scopes=Scope.ADMIN & ~Scope.USER_EDIT), PASSWORD)],
        [UserAdded(EDITOR, PASSWORD), UserChanged(EDITOR._replace(scopes=Scope.EDITOR))],
    ],
)
def test_who_lacks_the_right_or_cannot_get_in_does_not_count(play, changes):
    assert not has_user_editor(play, changes)


@pytest.mark.parametrize(
    "changes",
    [
        [UserAdded(EDITOR, NONE), PAGE],
        [
            UserAdded(EDITOR, NONE),
            PAGE,
            TokenExtended(EDITOR.id, PAGE.token.id, NOON + timedelta(days=9999)),
        ],
        [UserAdded(EDITOR, NONE), PAGE, TOKEN, TokenRemoved(EDITOR.id, TOKEN.token.id)],
        [UserAdded(MEMBER, NONE), MEMBERS_PAGE, *JOINED],
    ],
)
def test_a_session_is_no_way_in_as_it_ends(play, changes):
    assert not has_user_editor(play, changes)


@pytest.mark.parametrize("way_in", [[], [MEMBERS_TOKEN]], ids=["password", "token"])
def test_who_holds_the_right_by_a_group_counts(play, way_in):
    added = UserAdded(MEMBER, NONE if way_in else PASSWORD)
    assert has_user_editor(play, [added, *way_in, *JOINED])


@pytest.mark.parametrize(
    "ends",
    [
        MembershipsChanged(MEMBER, ()),
        GroupChanged(EDITORS._replace(rights=Scope.DIAG)),
        GroupRemoved(EDITORS),
        UserRemoved(MEMBER),
    ],
)
def test_who_held_the_right_by_a_group_counts_no_more_when_that_ends(play, ends):
    assert not has_user_editor(play, [UserAdded(MEMBER, PASSWORD), *JOINED, ends])


def test_a_group_that_is_given_the_right_makes_its_members_count(play):
    plain = EDITORS._replace(rights=Scope.EDITOR)
    joined = [GroupAdded(plain), MembershipsChanged(MEMBER, (plain,)), GroupChanged(EDITORS)]
    assert has_user_editor(play, [UserAdded(MEMBER, PASSWORD), *joined])


def test_one_of_several_groups_is_enough(play):
    others = [numbered_group(n) for n in (1, 2)]
    groups = (others[0], EDITORS, others[1])
    added = [GroupAdded(group) for group in groups]
    joined = MembershipsChanged(MEMBER, groups)
    assert has_user_editor(play, [UserAdded(MEMBER, PASSWORD), *added, joined])


@pytest.mark.parametrize("changes", [[UserAdded(MEMBER, NONE), *JOINED], [GroupAdded(EDITORS)]])
def test_a_group_without_anybody_who_can_get_in_does_not_count(play, changes):
    assert not has_user_editor(play, changes)


def test_what_everybody_may_do_makes_nobody_count(play):
    everybody = GroupChanged(EVERYBODY._replace(rights=Scope.USER_EDIT))
    assert not has_user_editor(play, [UserAdded(MEMBER, PASSWORD), everybody])


def has_user_editor(play, changes):
    """Ask in a transaction and outside, beside people who can get in and lack the right."""
    plain = ANN._replace(scopes=Scope.ADMIN & ~Scope.USER_EDIT)

    async def scenario(store):
        await record(store, UserAdded(plain, "ann's hash"), UserAdded(BOB, "x"), *TOKENS[:2])

        async def operation(tx):
            for change in changes:
                await tx.record(change)
            return await tx.has_user_editor(NOON)

        inside = await store.write(operation)
        assert await store.reader.has_user_editor(NOON) is inside
        return inside

    return play(scenario)
