"""What every store must do with what is known of sign-ins."""

from datetime import timedelta

import pytest

from keystead.domain.change import UserAdded, UserRemoved
from keystead.domain.throttle import Attempts
from tests.conformance.samples import ANN, BOB, BOTH
from tests.conformance.stores import listening, record
from tests.doubles import NOON

HOUR = timedelta(hours=1)
HOME, AWAY = "192.0.2.7", "2001:db8::/64"
PAIR = Attempts("ann", HOME, 5, NOON, known=False)
KNOWN = Attempts("ann", AWAY, 0, NOON + HOUR, known=True)
ACCOUNT = Attempts("ann", "", 120, NOON + 2 * HOUR, known=False)
SOURCE = Attempts("", HOME, 31, NOON + 3 * HOUR, known=False)
NAMELESS = Attempts("nobody", HOME, 7, NOON + 4 * HOUR, known=False)
ALL = (PAIR, KNOWN, ACCOUNT, SOURCE, NAMELESS)


def keeping(*attempts):
    """Give an operation that keeps *attempts*."""

    async def keep(tx):
        await tx.keep_attempts(attempts)

    return keep


def test_attempts_are_kept_and_given_oldest_first(play):
    async def scenario(store):
        before = list(await store.reader.attempts())
        await store.write(keeping(*reversed(ALL)))
        return before, list(await store.reader.attempts())

    assert play(scenario) == ([], list(ALL))


def test_attempts_are_kept_to_the_microsecond(play):
    late = Attempts("ann", HOME, 5, NOON + timedelta(microseconds=999_999), known=True)

    async def scenario(store):
        await store.write(keeping(late))
        return list(await store.reader.attempts())

    assert play(scenario) == [late]


def test_what_is_kept_of_a_pair_replaces_what_was(play):
    worse = Attempts("ann", HOME, 6, NOON + 5 * HOUR, known=True)

    async def scenario(store):
        await store.write(keeping(*ALL))
        await store.write(keeping(worse))
        return list(await store.reader.attempts())

    assert play(scenario) == [KNOWN, ACCOUNT, SOURCE, NAMELESS, worse]


@pytest.mark.parametrize("gone", ALL)
def test_what_neither_failed_nor_is_known_is_removed(play, gone):
    nothing = Attempts(gone.account, gone.source, 0, NOON, known=False)

    async def scenario(store):
        await store.write(keeping(*ALL))
        await store.write(keeping(nothing))
        await store.write(keeping(nothing))
        return list(await store.reader.attempts())

    assert play(scenario) == [kept for kept in ALL if kept is not gone]


def test_what_is_known_of_a_user_goes_with_the_user(play):
    async def scenario(store):
        await record(store, *BOTH)
        await store.write(keeping(*ALL, Attempts("bob", HOME, 9, NOON, known=True)))
        await record(store, UserRemoved(BOB))
        without_bob = list(await store.reader.attempts())
        await record(store, UserRemoved(ANN))
        return without_bob, list(await store.reader.attempts())

    assert play(scenario) == (list(ALL), [SOURCE, NAMELESS])


def test_what_is_known_goes_under_the_form_in_which_names_are_unique(play):
    strasse = ANN._replace(name="Straße")

    async def scenario(store):
        await record(store, UserAdded(strasse, None))
        await store.write(keeping(Attempts("strasse", HOME, 9, NOON, known=True)))
        await record(store, UserRemoved(strasse))
        return list(await store.reader.attempts())

    assert play(scenario) == []


def test_the_nameless_account_leaves_the_failures_of_sources(play):
    nameless = ANN._replace(name="")

    async def scenario(store):
        await record(store, UserAdded(nameless, None))
        await store.write(keeping(SOURCE))
        await record(store, UserRemoved(nameless))
        return list(await store.reader.attempts())

    assert play(scenario) == [SOURCE]


def test_keeping_attempts_is_no_commit_and_no_event(play):
    async def scenario(store):
        heard = listening(store)
        await store.write(keeping(*ALL))
        return heard, await store.reader.audit_size()

    assert play(scenario) == ([], (0, 0))


def test_attempts_of_a_write_that_fails_are_not_kept(play):
    async def scenario(store):
        await store.write(keeping(PAIR))

        async def fail(tx):
            await tx.keep_attempts([SOURCE, Attempts("ann", HOME, 0, NOON, known=False)])
            assert list(await tx.attempts()) == [SOURCE]
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.write(fail)
        return list(await store.reader.attempts())

    assert play(scenario) == [PAIR]
