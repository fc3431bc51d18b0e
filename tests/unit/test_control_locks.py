"""The owner sees who has to wait after failed sign-ins, and lets them in."""

import asyncio
from contextlib import suppress

import pytest

from keystead.domain.events import Origin
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.sign_in import sign_in
from keystead.domain.throttle import Throttle
from tests.doubles import PASSWORD
from tests.unit.office import Office

HOME, AWAY = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def office():
    """Give a desk where Ann is administrator."""
    office = Office()
    office.add("ann")
    return office


def fail(office, name, source, times=4):
    for _ in range(times):
        with suppress(RefusedError):
            asyncio.run(tried(office, name, source, "wrong"))


def tried(office, name, source, password=PASSWORD):
    there = office.directory.at(Origin("nymea", source))
    return sign_in(there, name, password, "tablet")


def pairs(office):
    return [(lock["account"], lock["source"]) for lock in office.done("locks.list")]


def kept(office):
    """Give who would have to wait after a restart."""
    attempts = asyncio.run(office.directory.store.reader.attempts())
    return [
        (lock.account, lock.source)
        for lock in Throttle(attempts=attempts).locks(office.clock())
    ]


def unlocked(office):
    return [
        (event.object, event.object_id, event.detail, event.author.kind)
        for event in office.events()
        if event.action == "sign-in.unlock"
    ]


def test_where_nobody_fails_nobody_waits(office):
    assert office.done("locks.list") == []
    assert office.done("locks.clear", account="ann") == {"count": 0}
    assert unlocked(office) == []


def test_who_has_to_wait_is_listed_with_until_when(office):
    fail(office, "Ann", HOME)

    assert office.done("locks.list") == [
        {"account": "ann", "source": HOME, "failures": 4, "until": "2024-05-17T12:00:01Z"}
    ]


def test_the_owner_lets_somebody_in_at_once_and_for_good(office):
    fail(office, "ann", HOME)
    with pytest.raises(RefusedError) as refused:
        asyncio.run(tried(office, "ann", HOME))
    assert refused.value.reason is Reason.THROTTLED
    asyncio.run(office.directory.journal.flush(office.clock()))
    assert kept(office) == [("ann", HOME)]

    assert office.done("locks.clear", account="ANN") == {"count": 1}

    assert kept(office) == pairs(office) == []
    assert asyncio.run(tried(office, "ann", HOME)).principal.user.name == "ann"


def test_one_source_is_let_in_and_another_waits_on(office):
    fail(office, "ann", HOME)
    fail(office, "ann", AWAY)

    office.done("locks.clear", account="ann", source=AWAY)

    assert pairs(office) == [("ann", HOME)]


def test_a_source_that_waits_at_all_accounts_is_let_in(office):
    for number in range(31):
        fail(office, f"stranger-{number}", AWAY, times=1)
    assert pairs(office) == [("", AWAY)]

    assert office.done("locks.clear", source=AWAY) == {"count": 1}

    assert pairs(office) == []
    assert unlocked(office) == [("", "", (("source", AWAY),), "owner")]


@pytest.mark.clause("IEC 62443-4-2 CR 2.8")
def test_the_trail_tells_who_was_let_in_if_there_is_such_an_account(office):
    user = asyncio.run(office.directory.store.reader.user_named("ann"))
    for name in ("ann", "My-Secret-Password"):
        fail(office, name, HOME)
        office.done("locks.clear", account=name)

    assert unlocked(office) == [
        ("ann", user.id.hex(), (), "owner"),
        ("", "", (), "owner"),
    ]
    assert "secret" not in str(office.events()).casefold()
