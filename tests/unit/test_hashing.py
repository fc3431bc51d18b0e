"""Hashing passwords: what fits, what is outdated, and who has to wait."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, closing, suppress

import argon2
import msgspec
import pytest

from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.throttle import Lane
from keystead.hashing import Argon2Hasher, argon2id
from keystead.hashing.argon2id import AHEAD, NICENESS, WAITING_PER_CORE
from keystead.settings import Settings
from tests.nymea_files import SALT, hashed

ODD = ["", "\0", "a\0b", "\ud800", "pass\udcffword", "♥" * 300, "x" * 100_000, " \n\t"]
WEAK = "$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$KxmuX8q3RJcQBaWxBUfUhQAUi9FkQqUZBTQfZDsKKXE"
EMPTY = f"{'A' * 22}${'A' * 43}"  # salt and hash of nothing in particular
ABSURD = [  # costs that no hash of ours has
    f"$argon2id$v=19$m=1048577,t=1,p=1${EMPTY}",
    f"$argon2id$v=19$m=4294967295,t=4294967295,p=1${EMPTY}",
    f"$argon2id$v=19$m=19456,t=65,p=1${EMPTY}",
    f"$argon2id$v=19$m=19456,t=2,p=17${EMPTY}",
    f"$argon2id$v=19$m=-1,t=-1,p=-1${EMPTY}",
]
ODD_HASHES = [
    "$argon2id$v=19$m=19456,t=2,p=1$é$é",
    "$argon2id$v=19$m=\u0661\u0669456,t=2,p=1$" + EMPTY,
    "\ud800",
    "$nymea-sha512$\ud800$\ud800",
    "é",
]
CORES = os.cpu_count() or 1
TIMEOUT = 10  # seconds


@pytest.fixture
def hasher():
    """Give a hasher, and end its threads."""
    one = Argon2Hasher()
    yield one
    one.close()


def nymea(password):
    """Give a hash as it is imported from nymea."""
    return f"$nymea-sha512${SALT}${hashed(password)}"


def priority():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_password_fits_its_hash_and_no_other_does(hasher):
    async def talk():
        encoded = await hasher.hash("Correct-horse-1")
        assert await hasher.verify(encoded, "Correct-horse-1")
        assert not await hasher.verify(encoded, "correct-horse-1")
        assert not await hasher.verify(encoded, "")

    asyncio.run(talk())


@pytest.mark.clause(
    "EN 18031-1 CRY-1", "ETSI EN 303 645 5.1-3", "NIST SP 800-63B-4 3.1.1.2 storage"
)
def test_a_hash_says_how_it_was_made_and_nothing_of_the_password(hasher):
    first, second = asyncio.run(several(hasher.hash("secret"), hasher.hash("secret")))

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert "secret" not in first


async def several(*work):
    return await asyncio.gather(*work)


@pytest.mark.clause(
    "EN 18031-1 AUM-3",
    "OWASP ASVS 5.0 6.2.8",
    "NIST SP 800-63B-4 3.1.1.2 characters",
    "NIST SP 800-63B-4 3.1.1.2 whole",
)
@pytest.mark.parametrize("password", ODD, ids=ascii)
def test_passwords_of_any_characters_are_told_apart(hasher, password):
    async def talk():
        encoded = await hasher.hash(password)
        assert await hasher.verify(encoded, password)
        assert not await hasher.verify(encoded, password + "\0")
        assert await hasher.verify(nymea("x"), password) is (password == "x")

    asyncio.run(talk())


def test_the_same_text_in_another_form_is_the_same_password(hasher):
    async def talk():
        encoded = await hasher.hash("Mu\u0308nchen")
        assert await hasher.verify(encoded, "M\u00fcnchen")

    asyncio.run(talk())


@pytest.mark.parametrize("password", ["Correct7horse", "", "\0", "pässwörd", "Mu\u0308nchen"])
def test_a_hash_of_nymea_fits_the_password_as_it_was_typed(hasher, password):
    async def talk():
        assert await hasher.verify(nymea(password), password)
        assert not await hasher.verify(nymea(password), password + "x")

    asyncio.run(talk())


@pytest.mark.parametrize(
    "encoded",
    [
        None,
        "",
        "plain",
        "$argon2id$",
        "$argon2id$v=19$m=19456,t=2,p=1$!!!$!!!",
        "$nymea-sha512$",
        "$nymea-sha512$$",
        f"$nymea-sha512${SALT}$",
        f"$nymea-sha512${SALT}",
        *ABSURD,
        *ODD_HASHES,
    ],
    ids=ascii,
)
def test_nothing_fits_what_is_no_hash(hasher, encoded):
    async def talk():
        assert await hasher.verify(encoded, "secret") is False
        assert await hasher.verify(encoded, "") is False

    asyncio.run(talk())


@pytest.mark.clause("OWASP ASVS 5.0 6.3.8")
@pytest.mark.parametrize(
    "encoded",
    [
        None,
        nymea("other"),
        nymea("secret"),
        WEAK,
        "$argon2id$v=19$m=19456,t=2,p=1$!!!$!!!",
        *ABSURD,
        *ODD_HASHES,
    ],
    ids=ascii,
)
def test_every_answer_takes_as_long_as_a_hash(hasher, encoded):
    async def talk():
        right = await hasher.hash("secret")
        await hasher.verify(None, "warms up")
        whole = await cost(hasher, right)
        assert whole / 2 < await cost(hasher, encoded) < whole * 2

    asyncio.run(talk())


async def cost(hasher, encoded):
    """Give the least processor time of a few checks."""
    costs = []
    for _ in range(5):
        before = time.process_time()
        await hasher.verify(encoded, "secret")
        costs.append(time.process_time() - before)
    return min(costs)


@pytest.mark.clause("EN 18031-1 CRY-1")
def test_only_present_hashes_are_not_outdated(hasher):
    present = asyncio.run(several(hasher.hash("secret")))[0]

    assert not hasher.is_outdated(present)
    assert hasher.is_outdated(WEAK)
    assert hasher.is_outdated(present.replace("argon2id", "argon2i"))
    assert hasher.is_outdated(nymea("secret"))
    assert hasher.is_outdated("no hash at all")


def like(memory, time, threads=1):
    """Give what a hash of these parameters looks like."""
    return f"$argon2id$v=19$m={memory},t={time},p={threads}${EMPTY}"


@pytest.mark.parametrize("stored", [(19456, 1), (12288, 3), (1024, 64), (19455, 2)])
def test_weaker_hashes_are_outdated(hasher, stored):
    assert hasher.is_outdated(like(*stored))


@pytest.mark.parametrize("stored", [(19456, 2), (19456, 3), (12288, 4), (47104, 1), (65536, 3)])
def test_hashes_at_least_as_strong_as_the_present_ones_are_kept(hasher, stored):
    memory, time = stored
    assert not hasher.is_outdated(like(memory, time))
    assert not hasher.is_outdated(like(memory, time, threads=4))


def test_a_hash_with_less_salt_or_an_older_version_is_outdated(hasher):
    assert hasher.is_outdated(like(19456, 2).replace("A" * 22, "A" * 11))
    assert hasher.is_outdated(like(19456, 2).replace("A" * 43, "A" * 22))
    assert hasher.is_outdated(like(19456, 2).replace("v=19", "v=16"))


def test_stronger_parameters_make_hashes_outdated_and_weaker_ones_do_not():
    with closing(Argon2Hasher(12288, 3, 2)) as weaker, closing(Argon2Hasher()) as usual:
        weak, strong = asyncio.run(several(weaker.hash("secret"), usual.hash("secret")))
        assert weak.startswith("$argon2id$v=19$m=12288,t=3,p=2$")
        assert usual.is_outdated(weak)
        assert not weaker.is_outdated(strong)
        assert asyncio.run(
            several(usual.verify(weak, "secret"), weaker.verify(strong, "x"))
        ) == [
            True,
            False,
        ]


def test_what_can_be_set_can_be_checked():
    properties = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    assert properties["argon2_memory_kib"]["maximum"] == argon2id.MOST_MEMORY
    assert properties["argon2_time"]["maximum"] == argon2id.MOST_TIME
    assert properties["argon2_parallelism"]["maximum"] == argon2id.MOST_PARALLELISM


def test_what_is_usual_is_said_in_two_places_and_is_the_same():
    settings = Settings()
    usual = argon2id.MEMORY_COST, argon2id.TIME_COST, argon2id.PARALLELISM
    assert usual == (
        settings.argon2_memory_kib,
        settings.argon2_time,
        settings.argon2_parallelism,
    )


def test_hashes_of_older_parameters_still_fit(hasher):
    async def talk():
        weak = argon2.PasswordHasher(1, 1024, 1).hash("secret")
        assert await hasher.verify(weak, "secret")
        assert not await hasher.verify(weak, "other")
        assert hasher.is_outdated(weak)

    asyncio.run(talk())


def test_hashing_gives_way_to_everything_else(hasher):
    before = priority()

    assert asyncio.run(several(hasher._run(priority))) == [NICENESS]
    assert priority() == before


def test_too_much_at_once_is_refused_until_some_is_done(hasher):
    async def talk():
        gate = threading.Event()
        most = CORES * (1 + WAITING_PER_CORE)
        try:
            async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
                for _ in range(most):
                    tasks.create_task(hasher._run(gate.wait))
                await asyncio.sleep(0)
                for refused in (hasher.hash("x"), hasher.verify(None, "x")):
                    with pytest.raises(RefusedError) as error:
                        await refused
                    assert error.value.reason is Reason.BUSY
                gate.set()
            assert await hasher.hash("x")
        finally:
            gate.set()

    asyncio.run(talk())


@asynccontextmanager
async def all_threads_busy(hasher):
    """Have every thread wait until the block ends, and give a group for what is asked meanwhile."""
    gate = threading.Event()
    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
        try:
            for _ in range(CORES + AHEAD):
                tasks.create_task(hasher._run(gate.wait))
            await asyncio.sleep(0)
            yield tasks
        finally:
            gate.set()


def test_a_sign_in_from_a_known_source_overtakes_those_of_strangers(hasher):
    checked = []

    async def check(lane):
        with suppress(RefusedError):
            await hasher.verify(None, "x", lane=lane)
            checked.append(lane)

    async def talk():
        strangers = [Lane.OTHERS] * (CORES * WAITING_PER_CORE - AHEAD)
        async with all_threads_busy(hasher) as tasks:
            for lane in [*strangers, Lane.KNOWN]:
                tasks.create_task(check(lane))
            await asyncio.sleep(0)
        assert len(checked) == len(strangers)
        assert checked.index(Lane.KNOWN) < len(strangers) / 2  # threads end in any order

    asyncio.run(talk())


def test_what_nobody_waits_for_any_more_is_not_computed(hasher):
    computed = []

    async def talk():
        async with all_threads_busy(hasher) as tasks:
            gone = tasks.create_task(hasher._run(lambda: computed.append("gone")))
            tasks.create_task(hasher._run(lambda: computed.append("stays")))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.sleep(0)

    asyncio.run(talk())
    assert computed == ["stays"]


def test_a_thread_is_taken_until_it_is_done_though_nobody_waits_for_it(hasher):
    async def talk():
        gate = threading.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                turns = range(CORES + AHEAD)
                gone = [tasks.create_task(hasher._run(gate.wait)) for _ in turns]
                await asyncio.sleep(0)
                for one in gone:
                    one.cancel()
            assert not hasher._turns._free
        finally:
            gate.set()
        async with asyncio.timeout(TIMEOUT):
            assert await hasher.hash("x")

    asyncio.run(talk())


def test_a_fault_in_one_hash_leaves_the_others_alone(hasher):
    async def talk():
        with pytest.raises(ZeroDivisionError):
            await hasher._run(lambda: 1 // 0)
        assert await hasher.hash("x")
        assert hasher._turns.are_all_free

    asyncio.run(talk())


def test_memory_is_given_back_after_a_rest(hasher, monkeypatch):
    monkeypatch.setattr(argon2id, "REST", 0.01)

    async def talk():
        await several(*(hasher.hash("x") for _ in range(8)))
        rested = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, rested.set)
        await rested.wait()
        await several(*(hasher._run(threading.get_ident) for _ in range(8)))  # behind it
        assert await hasher.hash("still works")

    asyncio.run(talk())


def test_closing_leaves_no_thread_behind():
    hasher = Argon2Hasher()
    before = threading.active_count()
    asyncio.run(several(hasher.hash("x"), hasher.hash("y")))

    hasher.close()

    assert threading.active_count() <= before


MEMORY = """
import asyncio, re
from pathlib import Path
from keystead.hashing.argon2id import REST, Argon2Hasher

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

async def main():
    hasher = Argon2Hasher()
    encoded = await hasher.hash("Correct7horse")
    before = resident()
    await asyncio.gather(*[hasher.verify(encoded, "Correct7horse") for _ in range(6)])
    for _ in range(100):
        await asyncio.sleep(REST / 5)
        if resident() - before < 8 * 1024:
            break
    print(resident() - before < 8 * 1024)
    hasher.close()

asyncio.run(main())
"""


def test_the_memory_of_hashes_is_given_back_when_no_more_are_asked_for():
    printed = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, timeout=40
    ).stdout
    assert printed == "True\n"
