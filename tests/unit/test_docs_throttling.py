"""The guide to operating tells of waits and costs as they are."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from keystead.domain.throttle import ThrottlePolicy, schedule
from keystead.hashing.argon2id import MOST_MEMORY, MOST_PARALLELISM, MOST_TIME, WAITING_PER_CORE
from keystead.settings import LEAST_ARGON2_MEMORY

GUIDE = " ".join(
    (Path(__file__).parents[2] / "docs/guide/operating.md").read_text("utf-8").split()
)
POLICY = ThrottlePolicy()


def told(wait):
    """Write a time as the guide does."""
    minutes, seconds = divmod(int(wait.total_seconds()), 60)
    parts = [f"{minutes} min"] * (minutes > 0) + [f"{seconds} s"] * (seconds > 0)
    return " ".join(parts) or "none"


def table():
    """Write the waits as a table."""
    further = POLICY.source.free - POLICY.pair.free
    waits = [(failures, wait) for failures, wait in schedule(POLICY) if wait]
    rows = [f"| up to {POLICY.pair.free} | up to {POLICY.source.free} | none |"]
    rows += [f"| {number} | {number + further} | {told(wait)} |" for number, wait in waits[:-1]]
    number, wait = waits[-1]
    rows += [f"| {number} and more | {number + further} and more | {told(wait)} |"]
    return rows


@pytest.mark.clause("OWASP ASVS 5.0 6.1.1")
@pytest.mark.parametrize("number", range(12))
def test_every_wait_is_listed(number):
    assert table()[number] in GUIDE


@pytest.mark.clause("OWASP ASVS 5.0 6.1.1")
def test_no_other_wait_is_listed():
    section = GUIDE.split("## Guessing passwords")[1].split("##")[0]
    listed = re.findall(r"(?<=\|---\|---\|---\| ).*?(?= - )", section)
    assert listed == [" ".join(table())]


@pytest.mark.clause("OWASP ASVS 5.0 6.1.1")
@pytest.mark.parametrize(
    "sentence",
    [
        f"One failure is forgiven for every {told(POLICY.pair.forgiven_every)} without another.",
        f"After {POLICY.account.free + 1} failures of all sources together",
        f"failed at nothing for {told(POLICY.fresh_after)}.",
        f"{POLICY.most_kept:,} pairs of account and source are remembered",
        f"because they signed in, {POLICY.most_known} of one account.",
    ],
)
def test_the_numbers_of_throttling_are_as_the_guide_tells(sentence):
    assert sentence in GUIDE
    assert POLICY.account.wait(POLICY.account.free + 1) == timedelta(seconds=1)
    assert POLICY.source.forgiven_every == POLICY.pair.forgiven_every


@pytest.mark.parametrize(
    "sentence",
    [
        "must be {} at least with `argon2_time = 1`, {} with 2, and {} with 3".format(
            *LEAST_ARGON2_MEMORY
        ),
        f"{MOST_MEMORY} at most, with `argon2_time` up to {MOST_TIME}",
        f"`argon2_parallelism` up to {MOST_PARALLELISM}.",
        f"When {WAITING_PER_CORE} per core wait",
        f"| sign-ins waiting to be checked | {WAITING_PER_CORE} per core;",
    ],
)
def test_the_bounds_of_hashing_are_as_the_guide_tells(sentence):
    assert sentence in GUIDE
