"""Tokens: what they look like, whom they belong to, and who takes them away."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.change import TokenAdded, TokenRemoved, UserChanged
from keystead.domain.directory import MAX_TEXT_LENGTH
from keystead.domain.model import OWNER, Principal, Scope, Token, TokenId
from keystead.domain.refusal import Reason
from keystead.domain.tokens import digest, issue, remove_token
from tests.conformance.stores import listening, record
from tests.doubles import NOON, BrokenStore, SettableClock, directory
from tests.unit.people import DOOR, LAMP, move_in, opened, reason_of

EDITOR = Scope.USER_EDIT | Scope.CONTROL_THINGS


class House:
    """A directory with an administrator, a user editor and somebody who only looks."""

    def __init__(self):
        self.clock = SettableClock()
        self.directory = directory(clock=self.clock)
        self.root, self.editor, self.ann = asyncio.run(self._fill())
        self.commits = listening(self.directory.store)

    async def _fill(self):
        return [
            await move_in(self.directory, "root", Scope.ADMIN),
            await move_in(self.directory, "editor", EDITOR),
            await move_in(self.directory, "ann"),
        ]

    def issued(self, principal, device_name="new device"):
        async def operation(tx):
            return await issue(tx, self.directory, principal.user, device_name)

        return self.directory.store.write(operation)

    def whose(self, secret):
        return asyncio.run(opened(self.directory, secret))

    def tokens(self, principal):
        reading = self.directory.store.reader.tokens_of(principal.user.id)
        return [token.id for token in asyncio.run(reading)]

    def changes(self):
        return [change for commit in self.commits for change in commit.changes]


@pytest.fixture
def house():
    return House()


# --- issued ---------------------------------------------------------------------------------


def test_an_issued_token_opens_the_directory_to_its_user(house):
    signed_in = asyncio.run(house.issued(house.ann))
    assert signed_in.principal.user == house.ann.user
    assert house.whose(signed_in.secret) == signed_in.principal


def test_a_token_remembers_its_device_and_when_it_was_made(house):
    house.clock.advance(timedelta(hours=3))
    signed_in = asyncio.run(house.issued(house.ann, "Ann's tablet"))
    token_id = signed_in.principal.token_id
    expected = Token(token_id, house.ann.user.id, "Ann's tablet", NOON + timedelta(hours=3))
    assert asyncio.run(house.directory.store.reader.token(token_id)) == expected
    assert house.changes() == [TokenAdded(expected, digest(signed_in.secret))]


@pytest.mark.clause("EN 18031-1 CCK-2")
def test_tokens_and_their_secrets_are_never_the_same(house):
    async def issue_many():
        return [await house.issued(house.ann) for _ in range(20)]

    issued = asyncio.run(issue_many())
    assert len({signed_in.secret for signed_in in issued}) == 20
    assert len({signed_in.principal.token_id for signed_in in issued}) == 20


@pytest.mark.clause("EN 18031-1 CCK-1", "ETSI EN 303 645 5.4-4", "IEC 62443-4-2 CR 1.14")
def test_a_secret_is_256_random_bits_and_an_id_a_random_uuid(house):
    signed_in = asyncio.run(house.issued(house.ann))
    random = signed_in.secret.removeprefix("kst_")[:43]
    assert len(base64.urlsafe_b64decode(random + "=")) == 32
    assert isinstance(signed_in.principal.token_id, UUID)
    assert signed_in.principal.token_id.version == 4


@pytest.mark.clause("EN 18031-1 SSM-3", "IEC 62443-4-2 CR 1.14")
def test_no_secret_is_kept_or_shown(house):
    signed_in = asyncio.run(house.issued(house.ann))
    (added,) = house.changes()
    assert signed_in.secret not in repr(signed_in)
    assert signed_in.secret not in repr(added)
    assert repr(added.digest) not in repr(added)
    assert added.digest == hashlib.sha256(signed_in.secret.encode()).digest()


@pytest.mark.parametrize("device_name", ["", "x" * MAX_TEXT_LENGTH, "Zoë's \U0001f4f1"])
def test_a_device_may_be_called_anything_that_is_not_too_long(house, device_name):
    assert asyncio.run(house.issued(house.ann, device_name)).secret


@pytest.mark.parametrize("device_name", ["x" * (MAX_TEXT_LENGTH + 1), "a\0b"])
def test_a_device_name_that_nobody_should_have_to_keep_is_refused(house, device_name):
    assert reason_of(house.issued(house.ann, device_name)) is Reason.TEXT_INVALID
    assert house.changes() == []


# --- whose ----------------------------------------------------------------------------------


@pytest.mark.clause("EN 18031-1 AUM-2", "EN 18031-1 AUM-3")
@pytest.mark.parametrize("secret", ["", "secret of nobody", "secret of ann ", "\ud800", "a\0"])
def test_another_secret_opens_nothing(house, secret):
    assert house.whose(secret) is None


def test_a_secret_belongs_to_its_user_as_of_now(house):
    assert house.whose("secret of ann") == house.ann
    changed = house.ann.user._replace(scopes=Scope.ADMIN)
    asyncio.run(record(house.directory.store, UserChanged(changed)))
    assert house.whose("secret of ann") == Principal(changed, house.ann.token_id)


@given(st.text(), st.text())
def test_different_secrets_have_different_digests(one, other):
    assert (digest(one) == digest(other)) is (one == other)
    assert len(digest(one)) == 32


# --- removed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "target"),
    [
        ("ann", "ann"),
        ("root", "root"),
        ("root", "ann"),
        ("root", "editor"),
        ("editor", "ann"),
        ("editor", "editor"),
        ("owner", "root"),
    ],
)
def test_a_token_is_taken_away_by_its_user_and_by_who_may_change_them(house, actor, target):
    asker = OWNER if actor == "owner" else getattr(house, actor)
    whose = getattr(house, target)
    asyncio.run(remove_token(house.directory, asker, whose.token_id))
    assert house.tokens(whose) == []
    assert house.whose(f"secret of {target}") is None
    assert house.changes() == [TokenRemoved(whose.user.id, whose.token_id)]


def test_only_the_one_token_is_taken_away(house):
    signed_in = asyncio.run(house.issued(house.ann))
    asyncio.run(remove_token(house.directory, house.ann, house.ann.token_id))
    assert house.tokens(house.ann) == [signed_in.principal.token_id]


def storage_failed(house, request):
    request["directory"] = directory(BrokenStore(house.directory.store))


def escalation(house, request):
    request["actor"] = house.editor
    request["token_id"] = house.root.token_id


def forbidden(house, request):
    request["actor"] = house.ann


def no_such_token(house, request):
    request["token_id"] = TokenId(UUID(int=99))


def not_signed_in(house, request):
    actor = request["actor"]
    gone = TokenRemoved(actor.user.id, actor.token_id)
    asyncio.run(record(house.directory.store, gone))


ORDER = [not_signed_in, no_such_token, forbidden, escalation, storage_failed]


@pytest.mark.parametrize("wrong", ORDER)
def test_the_first_thing_that_is_wrong_is_the_reason(house, wrong):
    request = {
        "directory": house.directory,
        "actor": house.root,
        "token_id": house.editor.token_id,
    }
    for fault in reversed(ORDER[ORDER.index(wrong) :]):
        fault(house, request)
    house.commits.clear()
    assert reason_of(remove_token(**request)) is Reason[wrong.__name__.upper()]
    assert house.changes() == []


def test_a_token_is_taken_away_once(house):
    asyncio.run(remove_token(house.directory, house.root, house.ann.token_id))
    again = remove_token(house.directory, house.root, house.ann.token_id)
    assert reason_of(again) is Reason.NO_SUCH_TOKEN


def test_who_took_their_own_token_away_is_signed_out(house):
    asyncio.run(remove_token(house.directory, house.root, house.root.token_id))
    more = remove_token(house.directory, house.root, house.ann.token_id)
    assert reason_of(more) is Reason.NOT_SIGNED_IN


@pytest.mark.parametrize("device_name", ["tab\ud800let", "\udfff"])
def test_a_device_name_of_half_characters_is_refused(house, device_name):
    assert reason_of(house.issued(house.ann, device_name)) is Reason.TEXT_INVALID


def alone(password):
    """A directory whose only user editor has one token, and the request to take it away."""
    empty = directory()
    only = asyncio.run(move_in(empty, "only", Scope.ADMIN, password=password))
    return empty, only


def test_the_last_way_in_of_the_last_user_editor_is_not_taken_away():
    empty, only = alone(password=None)

    assert reason_of(remove_token(empty, only, only.token_id)) is Reason.LAST_USER_EDITOR


def test_who_has_a_password_may_lose_the_only_token():
    empty, only = alone(password="Correct7horse")

    asyncio.run(remove_token(empty, only, only.token_id))

    assert asyncio.run(empty.store.reader.tokens_of(only.user.id)) == []


def test_a_token_of_somebody_who_sees_more_things_is_out_of_reach():
    house = directory()
    editor = asyncio.run(move_in(house, "editor", EDITOR, [LAMP]))
    ann = asyncio.run(move_in(house, "ann", things=[DOOR]))

    assert reason_of(remove_token(house, editor, ann.token_id)) is Reason.ESCALATION
