"""What every password hasher must do, the fast one of the tests too."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from keystead.domain.ports import PasswordHasher
from keystead.domain.throttle import Lane
from keystead.hashing import Argon2Hasher
from tests.doubles import PASSWORD, FastHasher


@pytest.fixture(params=["fast", "argon2"])
def hasher(request: pytest.FixtureRequest) -> Iterator[PasswordHasher]:
    if request.param == "fast":
        yield FastHasher()
        return
    with closing(Argon2Hasher()) as argon2:
        yield argon2


def fits(hasher: PasswordHasher, chosen: str, typed: str) -> bool:
    async def scenario() -> bool:
        return await hasher.verify(await hasher.hash(chosen), typed)

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "password", [PASSWORD, "", "Zoë \U0001f600", "a\0b", "\ud800", "x" * 1024]
)
def test_a_password_fits_its_own_hash(hasher, password):
    assert fits(hasher, password, password)


@pytest.mark.parametrize("typed", [PASSWORD + " ", PASSWORD.lower(), "", "\ud800"])
def test_another_password_does_not_fit(hasher, typed):
    assert not fits(hasher, PASSWORD, typed)


@pytest.mark.clause("EN 18031-1 AUM-3", "NIST SP 800-63B-4 3.1.1.2 whole")
def test_no_part_of_a_password_fits(hasher):
    async def scenario() -> list[bool]:
        encoded = await hasher.hash(PASSWORD)
        lengths = range(len(PASSWORD))
        parts = [PASSWORD[:end] for end in lengths] + [
            PASSWORD[start + 1 :] for start in lengths
        ]
        return [await hasher.verify(encoded, part) for part in parts]

    assert not any(asyncio.run(scenario()))


def test_the_way_a_password_is_composed_does_not_matter(hasher):
    assert fits(hasher, "Ge\u0301heim-1", "G\u00e9heim-1")
    assert fits(hasher, "G\u00e9heim-1", "Ge\u0301heim-1")


@pytest.mark.parametrize("encoded", [None, "", "not a hash", "$argon2id$v=19$"])
def test_nothing_fits_what_is_no_hash(hasher, encoded):
    assert not asyncio.run(hasher.verify(encoded, PASSWORD))
    assert not asyncio.run(hasher.verify(encoded, ""))


@pytest.mark.parametrize("encoded", ["é", "\ud800", "$argon2id$v=19$m=4294967295,t=1,p=1$a$a"])
def test_nothing_fits_a_hash_that_cannot_be_one(hasher, encoded):
    assert not asyncio.run(hasher.verify(encoded, PASSWORD))


@pytest.mark.parametrize("lane", Lane)
def test_the_lane_changes_no_answer(hasher, lane):
    async def scenario() -> list[bool]:
        encoded = await hasher.hash(PASSWORD, lane=lane)
        return [
            await hasher.verify(encoded, PASSWORD, lane=lane),
            await hasher.verify(encoded, "other", lane=lane),
            await hasher.verify(None, PASSWORD, lane=lane),
        ]

    assert asyncio.run(scenario()) == [True, False, False]


@pytest.mark.clause("EN 18031-1 SSM-3", "IEC 62443-4-2 CR 1.5")
def test_every_hash_is_different_and_none_shows_the_password(hasher):
    async def hash_twice() -> list[str]:
        return [await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)]

    one, other = asyncio.run(hash_twice())
    assert one != other
    assert PASSWORD not in one


def test_a_new_hash_is_not_outdated_and_a_foreign_one_is(hasher):
    assert not hasher.is_outdated(asyncio.run(hasher.hash(PASSWORD)))
    assert hasher.is_outdated("$nymea-sha512$salt$digest")
