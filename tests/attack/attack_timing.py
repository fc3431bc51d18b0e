"""Whether the time of a refusal tells that an account exists."""

import itertools
import math
import secrets
import time

import pytest

from tests.acceptance.box import PASSWORD, set_up
from tests.acceptance.client import Client
from tests.acceptance.tani_client import Tani
from tests.attack.storm import source

ROUNDS = 250
LEVEL = 1e-6  # of each comparison: a false alarm in a million
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # parts of the usual time; a hash is nearly all of it

KINDS = ("unknown", "known", "without a password", "switched off")


def names(kind, number):
    """Give a name of that kind; an account is guessed at seldom, or sources had to wait."""
    return f"nobody-{number}" if kind == "unknown" else f"{kind.split()[0]}-{number % 10}"


def times_of(server):
    """Time refusals of all kinds in turns, so that whatever else goes on meets all alike."""
    chance = secrets.SystemRandom()
    numbers = itertools.count()
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for turn in range(ROUNDS):
        for kind in chance.sample(KINDS, len(KINDS)):
            client = Client(server.urls["nymea"], source=source(next(numbers)))
            client.hello()
            params = {"username": names(kind, turn), "password": "Wrong-Word-7"}
            begun = time.perf_counter()
            answer = client.get("JSONRPC.Authenticate", deviceName="x", **params)
            taken[kind].append(time.perf_counter() - begun)
            client.close()
            assert answer == {"success": False}
    return taken


def chance_of(one, other):
    """Give how likely it is that two samples of one distribution differ as much as these.

    Mann and Whitney's test of ranks, both sides, with the normal approximation, which is good
    from some twenty samples on.
    """
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, is_one) in enumerate(ranked, 1) if is_one)
    count, others = len(one), len(other)
    excess = ranks - count * (count + 1) / 2 - count * others / 2
    deviation = math.sqrt(count * others * (count + others + 1) / 12)
    return math.erfc(abs(excess) / deviation / math.sqrt(2))


@pytest.mark.timeout(240)
@pytest.mark.clause("OWASP ASVS 5.0 6.3.8", "IEC 62443-4-2 CR 1.10")
def test_the_time_of_a_refusal_does_not_tell_which_accounts_there_are(start, connect, observe):
    server = start()
    admin = connect(server)
    admin.token = set_up(admin)
    for number in range(10):
        for kind in ("known", "switched off"):
            params = {"username": names(kind, number), "password": PASSWORD, "scopes": []}
            admin.get("Users.CreateUser", **params)
        admin.get(
            "Access.SetAccountState", username=names("switched off", number), enabled=False
        )
    accounts_without_passwords(server)

    taken = times_of(server)

    usual = sorted(taken["unknown"])[ROUNDS // 2]
    observe("a refusal takes", f"{1000 * usual:.1f} ms, {ROUNDS} samples of each kind")
    chances = {kind: chance_of(taken["unknown"], taken[kind]) for kind in KINDS[1:]}
    for kind, chance in chances.items():
        median = sorted(taken[kind])[ROUNDS // 2]
        observe(kind, f"{1000 * (median - usual):+.2f} ms, p = {chance:.3g}")
    assert min(chances.values()) > LEVEL
    noticed = least_noticed(taken["unknown"], usual)
    if noticed is None:
        pytest.skip("the machine is too busy to notice any difference")
    observe("would have been noticed", f"{1000 * noticed:.1f} ms and more")


def least_noticed(taken, usual):
    """Give the least difference that the comparison would notice among as many samples."""
    one, other = taken[::2] * 2, taken[1::2] * 2
    for part in STEPS:
        if chance_of(one, [value + part * usual for value in other]) < LEVEL:
            return part * usual
    return None


def accounts_without_passwords(server):
    """Make accounts that have none, as only Tani can."""
    page = Tani(server.urls["http"])
    page.sign_in("olga", PASSWORD)
    for number in range(10):
        page.do("Users/Write", Username=names("without a password", number))
    page.close()
