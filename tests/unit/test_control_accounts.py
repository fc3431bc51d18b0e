"""The owner switches accounts on and off, and sees what belongs to them."""

import asyncio
from contextlib import closing
from datetime import timedelta

import pytest

from keystead.app import desk
from keystead.control.calls import Call, call
from keystead.domain.accounts import remove_user
from keystead.domain.change import UserAdded
from keystead.domain.groups import GroupDraft, write_group
from keystead.domain.model import OWNER, ItemRule, LastUse, Scope, TokenLimits, User, UserId
from keystead.domain.refusal import Reason
from keystead.domain.tokens import TokenDraft, create_token
from keystead.domain.upserts import UserDraft, write_user
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_file import prepare
from tests.conformance.stores import record
from tests.doubles import NOON, SettableClock
from tests.doubles import directory as stand_in
from tests.unit.office import Office, refusal
from tests.unit.people import opened

TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def office():
    """Give a desk where Ann is administrator."""
    office = Office()
    office.add("ann")
    return office


def let_in(office, secret):
    principal = asyncio.run(opened(office.directory, secret))
    return principal.user.name if principal else None


def state(office, name):
    row = office.done("users.show", name=name)["user"]
    return row["enabled"], row["since"], row["until"]


@pytest.mark.clause("IEC 62443-4-2 CR 1.3")
def test_an_account_that_is_switched_off_opens_nothing_until_it_is_switched_on(office):
    office.add("bob")
    secret = office.sign_in("bob").secret

    office.done("users.state", name="BOB", enabled=False)
    assert state(office, "bob") == (False, None, None)
    assert let_in(office, secret) is None

    office.done("users.state", name="bob", enabled=True)
    assert let_in(office, secret) == "bob"


def test_an_account_opens_something_only_for_as_long_as_it_was_given(office):
    office.add("bob")
    until = TOMORROW.isoformat()

    office.done("users.state", name="bob", enabled=True, since=NOON.isoformat(), until=until)

    assert state(office, "bob") == (True, "2024-05-17T12:00:00Z", "2024-05-18T12:00:00Z")
    secret = office.sign_in("bob").secret
    office.clock.advance(timedelta(days=1))
    assert let_in(office, secret) is None


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"enabled": False}, Reason.LAST_USER_EDITOR),
        ({"enabled": True, "until": "2030-01-01T00:00:00Z"}, Reason.LAST_USER_EDITOR),
        (
            {
                "enabled": True,
                "since": "2030-01-01T00:00:00Z",
                "until": "2029-01-01T00:00:00Z",
            },
            Reason.NOT_YET_VALID,
        ),
    ],
)
def test_the_last_account_that_can_change_users_stays_open(office, params, reason):
    assert office.answer("users.state", name="ann", **params) == refusal(reason)
    assert state(office, "ann") == (True, None, None)


@pytest.mark.parametrize(
    "params", [{}, {"enabled": None}, {"enabled": True, "until": "2030-01-01T00:00:00"}]
)
def test_a_state_that_says_too_little_is_wrong(office, params):
    assert office.answer("users.state", name="ann", **params).outcome == "wrong"


def test_an_account_is_shown_with_all_that_belongs_to_it(office):
    rule = ItemRule("Objects.Plant", is_prefix=True, may_write=True)
    draft = UserDraft("bob", groups=("plumbers",), items=(rule,))
    limits = TokenLimits(Scope.DIAG, (), (rule,))
    directory = office.directory
    asyncio.run(write_group(directory, OWNER, GroupDraft("plumbers")))
    asyncio.run(write_user(directory, OWNER, draft))
    made = asyncio.run(
        create_token(directory, OWNER, "bob", TokenDraft("panel", TOMORROW, limits))
    )
    directory.journal.used(made.principal.token_id, LastUse(NOON, "192.0.2.7"))
    asyncio.run(directory.journal.flush(NOON))

    shown = office.done("users.show", name="bob")

    shown_rule = {"name": "Objects.Plant", "prefix": True, "write": True}
    assert shown["user"]["groups"] == ["plumbers"]
    assert shown["user"]["has_password"] is False
    assert shown["items"] == [shown_rule]
    assert shown["tokens"] == [
        {
            "id": str(made.principal.token_id),
            "device_name": "panel",
            "kind": "device",
            "created": "2024-05-17T12:00:00Z",
            "expires": "2024-05-18T12:00:00Z",
            "last_used": "2024-05-17T12:00:00Z",
            "last_source": "192.0.2.7",
            "scopes": ["Diag"],
            "things": [],
            "items": [shown_rule],
        }
    ]
    assert office.done("users.list")[1] == shown["user"]


def test_an_account_that_is_removed_at_the_same_time_is_not_made_again(tmp_path):
    path = tmp_path / "keystead.sqlite"
    prepare(path)
    with closing(SqliteStore(path, SettableClock())) as store:
        directory = stand_in(store)

        async def together():
            await record(store, UserAdded(User(UserId(b"b" * 16), "bob", Scope.NONE), None))
            given = Call("users.groups", {"name": "bob", "groups": []})
            _, answer = await asyncio.gather(
                remove_user(directory, OWNER, "bob"),
                call(desk(directory), given),
            )
            return answer, await store.reader.count_users()

        answer, left = asyncio.run(together())
    assert (answer.outcome, answer.reason, left) == ("refused", "NO_SUCH_USER", 0)
