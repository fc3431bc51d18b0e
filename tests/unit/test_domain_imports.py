"""Taking over accounts and tokens of another system."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.imports import ImportedToken, ImportedUser, Report, take_over
from keystead.domain.model import (
    PUSH_BUTTON_USER,
    ItemRule,
    Scope,
    Token,
    TokenId,
    TokenLimits,
)
from keystead.domain.refusal import Reason
from keystead.domain.sign_in import sign_in
from keystead.domain.tokens import digest, remove_token
from tests.conformance.stores import listening
from tests.doubles import NOON, PASSWORD, BrokenStore, FastHasher, directory
from tests.unit.people import DOOR, LAMP, move_in, opened, reason_of, users_of

ANN = ImportedUser(
    "Ann", 0xFFFF, "Ann A.", "ann@example.org", (LAMP, DOOR), password_hash="$old$hash"
)
DEVICES = "the push-button account"
PAIRED = ImportedUser(PUSH_BUTTON_USER, 0xFFFF)
TABLET = ImportedToken(TokenId(UUID(int=5)), "ann", "tablet", NOON, digest("old secret"))
BUTTON = ImportedToken(TokenId(UUID(int=6)), "", "remote", NOON, digest("button secret"))


def test_accounts_and_tokens_are_taken_over_as_they_were():
    house = directory()
    report = asyncio.run(take_over(house, [ANN, PAIRED], [TABLET, BUTTON]))
    assert report == Report(2, 2, ())
    ann, paired = asyncio.run(users_of(house))
    assert ann[1:6] == ("Ann", Scope.ADMIN, "Ann A.", "ann@example.org", (LAMP, DOOR))
    assert paired[1:6] == (PUSH_BUTTON_USER, Scope.ADMIN, "", "", ())
    reader = house.store.reader
    assert asyncio.run(reader.password_hash(ann.id)) == "$old$hash"
    assert asyncio.run(reader.password_hash(paired.id)) is None
    expected = [Token(TABLET.id, ann.id, "tablet", NOON)]
    assert list(asyncio.run(reader.tokens_of(ann.id))) == expected


def test_what_bounds_a_token_is_taken_over_with_it():
    house = directory()
    end = NOON + timedelta(days=1)
    token = replace(TABLET, expires=end, scopes=int(Scope.DIAG), items=(ItemRule("Hall"),))
    asyncio.run(take_over(house, [ANN], [token]))
    ann = asyncio.run(users_of(house))[0]
    (taken,) = asyncio.run(house.store.reader.tokens_of(ann.id))
    limits = TokenLimits(Scope.DIAG, None, (ItemRule("Hall"),))
    assert (taken.expires, taken.limits) == (end, limits)


def test_a_token_whose_limits_are_none_is_left():
    house = directory()
    token = replace(TABLET, items=(ItemRule(""),))
    report = asyncio.run(take_over(house, [ANN], [token]))
    assert report.tokens == 0
    assert report.left == (f"token {TABLET.id} of ann: the rules that limit it are not valid.",)
    with pytest.raises(ValueError, match="Scopes are from 0"):
        replace(TABLET, scopes=0x10000)


def test_nobody_signs_in_again_after_an_import():
    house = directory()
    asyncio.run(take_over(house, [ANN], [TABLET]))
    principal = asyncio.run(opened(house, "old secret"))
    assert principal is not None
    assert principal.user.name == "Ann"


def test_an_imported_password_signs_in_and_is_made_stronger():
    hasher = FastHasher()
    house = directory(hasher=hasher)
    old = asyncio.run(hasher.hash(PASSWORD))
    hasher.generation = 2
    asyncio.run(take_over(house, [replace(ANN, password_hash=old)], []))
    signed_in = asyncio.run(sign_in(house, "ann", PASSWORD, "tablet"))
    encoded = asyncio.run(house.store.reader.password_hash(signed_in.principal.user.id))
    assert encoded is not None
    assert not hasher.is_outdated(encoded)


def test_everything_is_one_commit():
    house = directory()
    heard = listening(house.store)
    asyncio.run(take_over(house, [ANN, PAIRED], [TABLET, BUTTON]))
    assert [len(commit.changes) for commit in heard] == [4]


def test_an_import_of_nothing_changes_nothing():
    house = directory()
    assert asyncio.run(take_over(house, [], [])) == Report(0, 0, ())
    assert not asyncio.run(house.store.reader.ever_had_account())


def test_doing_it_again_changes_nothing_and_says_so():
    house = directory()
    asyncio.run(take_over(house, [ANN, PAIRED], [TABLET, BUTTON]))
    before = asyncio.run(users_of(house))
    report = asyncio.run(take_over(house, [ANN, PAIRED], [TABLET, BUTTON]))
    assert report == Report(
        0,
        0,
        (
            "Ann: an account of this name is here already.",
            f"{DEVICES}: an account of this name is here already.",
            f"token {TABLET.id} of ann: its account was not taken over now.",
            f"token {BUTTON.id} of {DEVICES}: its account was not taken over now.",
        ),
    )
    assert asyncio.run(users_of(house)) == before


def test_a_token_that_was_taken_away_does_not_come_back():
    house = directory()

    async def scenario():
        await take_over(house, [ANN], [TABLET])
        principal = await opened(house, "old secret")
        assert principal is not None
        await remove_token(house, principal, TABLET.id)
        report = await take_over(house, [ANN], [TABLET])
        return report.tokens, await opened(house, "old secret")

    assert asyncio.run(scenario()) == (0, None)


def test_an_account_that_is_here_keeps_what_it_has():
    house = directory()
    ann = asyncio.run(move_in(house, "ANN", Scope.NONE))
    report = asyncio.run(take_over(house, [ANN, PAIRED], []))
    assert report == Report(1, 0, ("Ann: an account of this name is here already.",))
    assert asyncio.run(users_of(house))[0] == ann.user


def test_of_two_imported_accounts_with_names_that_look_the_same_the_first_is_taken():
    house = directory()
    twin = replace(ANN, name="ANN", scopes=0)
    report = asyncio.run(take_over(house, [ANN, twin], [TABLET]))
    assert report == Report(1, 1, ("ANN: an account of this name is here already.",))
    assert [user.scopes for user in asyncio.run(users_of(house))] == [Scope.ADMIN]


@pytest.mark.parametrize(
    "twin", [replace(TABLET, digest=b"x" * 32), replace(TABLET, id=TokenId(UUID(int=7)))]
)
def test_of_two_tokens_with_one_id_or_one_secret_the_first_is_taken(twin):
    house = directory()
    report = asyncio.run(take_over(house, [ANN], [TABLET, twin]))
    left = f"token {twin.id} of ann: this token is here already."
    assert report == Report(1, 1, (left,))


def test_a_token_of_nobody_is_left():
    report = asyncio.run(take_over(directory(), [], [TABLET]))
    assert report == Report(
        0, 0, (f"token {TABLET.id} of ann: its account was not taken over now.",)
    )


def test_an_import_that_cannot_be_stored_takes_nothing_over():
    store = directory().store
    asked = take_over(directory(BrokenStore(store)), [ANN], [TABLET])
    assert reason_of(asked) is Reason.STORAGE_FAILED
    assert asyncio.run(users_of(directory(store))) == []


def test_what_is_imported_shows_no_secret():
    assert "$old$hash" not in repr(ANN)
    assert repr(TABLET.digest) not in repr(TABLET)
