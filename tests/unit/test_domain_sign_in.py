"""Signing in, and making the very first account."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from keystead.domain.accounts import NewUser, remove_user, reset_password
from keystead.domain.change import PasswordRehashed, TokenAdded, UserChanged, UserRemoved
from keystead.domain.model import OWNER, PUSH_BUTTON_USER, Scope
from keystead.domain.refusal import Reason
from keystead.domain.sign_in import create_first_account, sign_in
from keystead.domain.throttle import Lane
from tests.conformance.stores import listening, record
from tests.doubles import PASSWORD, BrokenStore, FastHasher, directory
from tests.unit.people import move_in, opened, reason_of, users_of

OTHER_PASSWORD = "Battery-staple-2"


class House:
    """A directory with Ann in it."""

    def __init__(self):
        self.hasher = FastHasher()
        self.directory = directory(hasher=self.hasher)
        self.ann = asyncio.run(move_in(self.directory, "Ann", Scope.CONTROL_THINGS))
        self.commits = listening(self.directory.store)

    def changes(self):
        return [change for commit in self.commits for change in commit.changes]

    def hash_of_ann(self):
        return asyncio.run(self.directory.store.reader.password_hash(self.ann.user.id))


@pytest.fixture
def house():
    return House()


# --- signing in -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ann", "ann", "\uff21NN"])
def test_the_right_password_gives_a_token_that_opens_the_directory(house, name):
    signed_in = asyncio.run(sign_in(house.directory, name, PASSWORD, "tablet"))
    assert signed_in.principal.user == house.ann.user
    found = asyncio.run(opened(house.directory, signed_in.secret))
    assert found == signed_in.principal
    (added,) = house.changes()
    assert isinstance(added, TokenAdded)
    assert added.token.device_name == "tablet"


@pytest.mark.clause("OWASP ASVS 5.0 6.2.10", "NIST SP 800-63B-4 3.1.1.2 change")
def test_no_password_ends_because_of_its_age(house):
    house.directory.clock.advance(timedelta(days=20 * 365))
    signed_in = asyncio.run(sign_in(house.directory, "Ann", PASSWORD, "tablet"))
    assert signed_in.principal.user.name == "Ann"


@pytest.mark.parametrize(
    ("chosen", "typed"),
    [("Ge\u0301heim-1", "G\u00e9heim-1"), ("G\u00e9heim-1", "Ge\u0301heim-1")],
)
def test_the_way_a_password_is_composed_does_not_matter(house, chosen, typed):
    eva = asyncio.run(move_in(house.directory, "eva", password=chosen))
    signed_in = asyncio.run(sign_in(house.directory, "eva", typed, "tablet"))
    assert signed_in.principal.user == eva.user


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Ann", PASSWORD + " "),
        ("Ann", PASSWORD.lower()),
        ("Ann", ""),
        ("Ann", "\ud800"),
        ("Anna", PASSWORD),
        ("", PASSWORD),
        ("", ""),
    ],
)
def test_another_name_or_password_is_refused_with_one_reason(house, name, password):
    asyncio.run(move_in(house.directory, PUSH_BUTTON_USER, Scope.ADMIN, password=None))
    house.commits.clear()
    asked = sign_in(house.directory, name, password, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED
    assert house.changes() == []


@pytest.mark.clause("EN 18031-1 AUM-2")
def test_an_account_without_a_password_does_not_sign_in_with_one(house):
    asyncio.run(move_in(house.directory, "robot", password=None))
    for password in ("", PASSWORD, "None"):
        asked = sign_in(house.directory, "robot", password, "tablet")
        assert reason_of(asked) is Reason.SIGN_IN_FAILED


def test_nobody_signs_in_as_the_nameless_account_even_with_a_password(house):
    asyncio.run(move_in(house.directory, PUSH_BUTTON_USER, Scope.ADMIN))
    asked = sign_in(house.directory, PUSH_BUTTON_USER, PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED


@dataclass
class CountingHasher:
    """A hasher that remembers what it was asked to verify."""

    hasher: FastHasher = field(default_factory=FastHasher)
    verified: list[tuple[str | None, str]] = field(default_factory=list)

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        return await self.hasher.hash(password)

    async def verify(
        self, encoded: str | None, password: str, *, lane: Lane = Lane.KNOWN
    ) -> bool:
        self.verified.append((encoded, password))
        return await self.hasher.verify(encoded, password)

    def is_outdated(self, encoded: str) -> bool:
        return self.hasher.is_outdated(encoded)


@pytest.mark.clause("OWASP ASVS 5.0 6.3.8")
@pytest.mark.parametrize("name", ["Ann", "nobody", "robot", PUSH_BUTTON_USER])
def test_every_attempt_costs_one_verification(name):
    hasher = CountingHasher()
    house = directory(hasher=hasher)

    async def fill():
        await move_in(house, "Ann")
        await move_in(house, "robot", password=None)

    asyncio.run(fill())
    assert reason_of(sign_in(house, name, "wrong", "tablet")) is Reason.SIGN_IN_FAILED
    assert [password for _, password in hasher.verified] == ["wrong"]


@pytest.mark.parametrize("device_name", ["x" * 1025, "a\0b"])
def test_a_device_name_that_nobody_should_have_to_keep_is_refused(house, device_name):
    asked = sign_in(house.directory, "Ann", PASSWORD, device_name)
    assert reason_of(asked) is Reason.TEXT_INVALID
    assert house.changes() == []


def test_too_many_at_a_time_are_refused(house):
    house.hasher.is_busy = True
    assert reason_of(sign_in(house.directory, "Ann", PASSWORD, "tablet")) is Reason.BUSY


def test_who_cannot_be_given_a_token_is_not_signed_in(house):
    broken = directory(BrokenStore(house.directory.store), hasher=house.hasher)
    asked = sign_in(broken, "Ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.STORAGE_FAILED


# --- outdated hashes ------------------------------------------------------------------------


def test_an_outdated_hash_is_replaced_at_a_sign_in(house):
    house.hasher.generation = 2
    asyncio.run(sign_in(house.directory, "Ann", PASSWORD, "tablet"))
    encoded = house.hash_of_ann()
    assert not house.hasher.is_outdated(encoded)
    rehashed, added = house.changes()
    assert rehashed == PasswordRehashed(house.ann.user.id, encoded)
    assert isinstance(added, TokenAdded)
    asyncio.run(sign_in(house.directory, "Ann", PASSWORD, "tablet"))
    assert house.hash_of_ann() == encoded


def test_a_failed_sign_in_replaces_no_hash(house):
    before = house.hash_of_ann()
    house.hasher.generation = 2
    assert reason_of(sign_in(house.directory, "Ann", "wrong", "t")) is Reason.SIGN_IN_FAILED
    assert reason_of(sign_in(house.directory, "Ann", PASSWORD, "\0")) is Reason.TEXT_INVALID
    assert house.hash_of_ann() == before


def test_two_devices_that_sign_in_at_once_both_get_in_though_the_hash_is_outdated(house):
    house.hasher.generation = 2

    async def sign_in_with_the_phone():
        await sign_in(house.directory, "Ann", PASSWORD, "phone")

    house.hasher.meanwhile = sign_in_with_the_phone
    signed_in = asyncio.run(sign_in(house.directory, "Ann", PASSWORD, "tablet"))
    assert signed_in.principal.user == house.ann.user


def test_a_hash_that_is_replaced_again_and_again_lets_nobody_in(house):
    async def replace_hash():
        encoded = await house.hasher.hash(PASSWORD)
        await record(house.directory.store, PasswordRehashed(house.ann.user.id, encoded))
        house.hasher.meanwhile = replace_hash

    house.hasher.meanwhile = replace_hash
    asked = sign_in(house.directory, "Ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED
    assert not any(isinstance(change, TokenAdded) for change in house.changes())


# --- what changes while a password is verified ----------------------------------------------


def test_a_user_who_is_removed_in_the_middle_does_not_get_in(house):
    async def remove():
        await record(house.directory.store, UserRemoved(house.ann.user))

    house.hasher.meanwhile = remove
    asked = sign_in(house.directory, "Ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED


def test_a_password_that_is_changed_in_the_middle_opens_nothing_any_more(house):
    async def change():
        await reset_password(house.directory, OWNER, "Ann", OTHER_PASSWORD)
        house.commits.clear()

    house.hasher.meanwhile = change
    asked = sign_in(house.directory, "Ann", PASSWORD, "tablet")
    assert reason_of(asked) is Reason.SIGN_IN_FAILED
    assert house.changes() == []


def test_a_user_who_is_promoted_in_the_middle_signs_in_as_of_now(house):
    async def promote():
        promoted = house.ann.user._replace(scopes=Scope.ADMIN)
        await record(house.directory.store, UserChanged(promoted))

    house.hasher.meanwhile = promote
    signed_in = asyncio.run(sign_in(house.directory, "Ann", PASSWORD, "tablet"))
    assert signed_in.principal.user.scopes is Scope.ADMIN


# --- the very first account -----------------------------------------------------------------

ROOT = NewUser("root", Scope.ADMIN, "Root", "root@example.org")


def test_the_first_account_is_made_by_anybody():
    empty = directory()
    root = asyncio.run(create_first_account(empty, ROOT, PASSWORD))
    assert root[1:6] == ("root", Scope.ADMIN, "Root", "root@example.org", ())
    assert asyncio.run(users_of(empty)) == [root]
    assert asyncio.run(sign_in(empty, "root", PASSWORD, "tablet")).principal.user == root


def test_the_first_account_is_made_once():
    house = directory()

    async def both():
        return await asyncio.gather(
            create_first_account(house, ROOT, PASSWORD),
            create_first_account(house, NewUser("other", Scope.ADMIN), PASSWORD),
            return_exceptions=True,
        )

    root, refused = asyncio.run(both())
    assert refused.reason is Reason.SET_UP_ALREADY
    assert asyncio.run(users_of(house)) == [root]


def test_a_directory_whose_accounts_were_all_removed_does_not_open_again():
    house = directory()
    root = asyncio.run(create_first_account(house, ROOT, PASSWORD))
    asyncio.run(record(house.store, UserRemoved(root)))
    again = create_first_account(house, ROOT, PASSWORD)
    assert reason_of(again) is Reason.SET_UP_ALREADY


def test_the_owner_too_leaves_the_last_user_editor():
    house = directory()
    asyncio.run(create_first_account(house, ROOT, PASSWORD))
    assert reason_of(remove_user(house, OWNER, "root")) is Reason.LAST_USER_EDITOR


@pytest.mark.parametrize(
    ("new", "password", "busy", "reason"),
    [
        (NewUser("ab", Scope.CONFIGURE_THINGS, "\0"), "weak", True, Reason.NAME_INVALID),
        (NewUser("", Scope.ADMIN), PASSWORD, True, Reason.NAME_INVALID),
        (
            NewUser("root", Scope.CONFIGURE_THINGS, "\0"),
            "weak",
            True,
            Reason.PASSWORD_TOO_WEAK,
        ),
        (
            NewUser("root", Scope.CONFIGURE_THINGS, "\0"),
            PASSWORD,
            True,
            Reason.INCONSISTENT_SCOPES,
        ),
        (NewUser("root", Scope.ADMIN, "\0"), PASSWORD, True, Reason.TEXT_INVALID),
        (ROOT, PASSWORD, True, Reason.BUSY),
        (ROOT, PASSWORD, False, Reason.SET_UP_ALREADY),
    ],
)
def test_the_first_account_meets_all_rules_before_it_is_asked_whether_it_is_the_first(
    house, new, password, busy, reason
):
    house.hasher.is_busy = busy
    assert reason_of(create_first_account(house.directory, new, password)) is reason
    assert house.changes() == []
