"""Ten thousand guesses, from one address and from a thousand, while the owner wants to come in."""

import time

import pytest

from tests.acceptance.box import set_up
from tests.acceptance.storms import IN_TIME, newest_event, storm, time_to_sign_in

GUESSES = 10_000
SOURCES = 1_000
SETTLED = (
    10.0  # seconds after which all sources of a storm have been turned away or have failed
)
PAUSE = 0.5  # seconds between two sign-ins of the owner; tokens of one account are bounded


@pytest.mark.timeout(240)
@pytest.mark.clause("EN 18031-1 AUM-6", "EN 18031-1 RLM-1", "ETSI EN 303 645 5.1-5")
@pytest.mark.parametrize("scheme", ["nymea", "http"])
@pytest.mark.parametrize("sources", [1, SOURCES], ids=["1 source", f"{SOURCES} sources"])
def test_the_owner_signs_in_through_ten_thousand_guesses(
    start, connect, observe, scheme, sources
):
    server = start()
    admin = connect(server)
    admin.token = set_up(admin)
    before = newest_event(admin)
    known: list[float] = []
    fresh: list[float] = []
    answers: list[float] = []
    how = {"guesses": GUESSES, "sources": sources, "at_once": 100}
    with storm(server.urls[scheme], "olga", **how) as raging:
        begun = time.monotonic()
        while raging.rages:
            known.append(time_to_sign_in(server, scheme))
            if sources == 1 or time.monotonic() - begun > SETTLED:
                place = f"127.2.{len(fresh) // 250}.{1 + len(fresh) % 250}"
                fresh.append(time_to_sign_in(server, scheme, source=place))
            asked = time.monotonic()
            assert admin.works()
            answers.append(time.monotonic() - asked)
            time.sleep(PAUSE)

    outcomes = raging.outcomes.items()
    observe("came of the guesses", ", ".join(f"{number} {what}" for what, number in outcomes))
    observe("owner at a known source, longest", f"{max(known):.2f} s of {len(known)}")
    if fresh:
        observe("owner at a new source, longest", f"{max(fresh):.2f} s of {len(fresh)}")
    observe("another request, longest", f"{1000 * max(answers):.0f} ms")
    observe("events in the trail", newest_event(admin) - before)
    assert raging.outcomes.get("signed in", 0) == 0
    assert raging.outcomes.get("no answer", 0) == 0
    assert max(known + fresh) < IN_TIME
    assert time_to_sign_in(server, scheme, source="127.3.0.1") < IN_TIME  # it is over
