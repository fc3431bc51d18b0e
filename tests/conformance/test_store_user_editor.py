"""What every store must say: whether somebody can change users, and can get in."""

import pytest

from keystead.domain.change import (
    PasswordChanged,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.model import Scope
from tests.conformance.samples import ANN, TOKENS, numbered
from tests.conformance.stores import record


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], False),
        ([UserAdded(EDITOR, "hash")], True),
        ([UserAdded(EDITOR, "hash"), EDITORS_TOKEN], True),
        ([UserAdded(EDITOR, None)], False),
        ([UserAdded(EDITOR, None), EDITORS_TOKEN], True),
        ([UserAdded(EDITOR, None), PasswordChanged(EDITOR.id, "hash")], True),
        (
            [
                UserAdded(EDITOR, None),
                EDITORS_TOKEN,
                TokenRemoved(EDITOR.id, EDITORS_TOKEN.token.id),
            ],
            False,
        ),
        ([UserAdded(EDITOR, "hash"), UserRemoved(EDITOR)], False),
        ([UserAdded(EDITOR._replace(scopes=Scope.ADMIN), "hash")], True),
        ([UserAdded(EDITOR._replace(scopes=Scope.ADMIN & ~Scope.USER_EDIT), "hash")], False),
        (
            [
                UserAdded(EDITOR, "hash"),
                UserChanged(EDITOR._replace(scopes=Scope.ACCESS_ALL_THINGS)),
            ],
            False,
        ),
        (
            [
                UserAdded(EDITOR._replace(scopes=Scope.NONE), "hash"),
                UserChanged(EDITOR),
            ],
            True,
        ),
        ([UserAdded(EDITOR, None), UserAdded(numbered(6, scopes=Scope.ADMIN), "hash")], True),
    ],
)
def test_another_user_editor_counts_when_it_can_get_in(play, changes, expected):
    async def scenario(store):
        await record(store, UserAdded(ANN, "ann's hash"), *TOKENS[:2], *changes)

        async def operation(tx):
            return await tx.has_user_editor_beside(ANN.id)

        return await store.reader.has_user_editor(), await store.write(operation)

    assert play(scenario) == (expected, expected)
