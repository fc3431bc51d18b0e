"""Storms of wrong passwords: the owner comes in, work goes on, and nobody else gets anything.

``make attack`` has larger ones.
"""

import pytest

from tests.acceptance.box import PASSWORD, set_up
from tests.acceptance.storms import IN_TIME, newest_event, storm, time_to_sign_in
from tests.attack.storm import source

GUESSES = {"nymea": 2_000, "http": 1_000}  # WebSockets take longer to open
FEW = 100  # events


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def admin(server, connect):
    client = connect(server)
    client.token = set_up(client)
    return client


@pytest.mark.clause(
    "EN 18031-1 AUM-6",
    "EN 18031-1 RLM-1",
    "ETSI EN 303 645 5.1-5",
    "OWASP ASVS 5.0 6.3.1",
)
@pytest.mark.parametrize(("scheme", "guesses"), GUESSES.items())
def test_any_number_of_guesses_from_one_source_neither_helps_nor_hinders(
    server, admin, connect, scheme, guesses
):
    before = newest_event(admin)
    took: list[float] = []
    with storm(server.urls[scheme], "olga", guesses=guesses, sources=1, at_once=20) as raging:
        while raging.rages and len(took) < 10:  # at home, and where olga has never been
            took.append(time_to_sign_in(server, scheme))
            took.append(time_to_sign_in(server, scheme, source=f"127.2.0.{len(took)}"))
            assert admin.works()
    assert 0 < max(took) < IN_TIME
    assert raging.outcomes.get("signed in", 0) == 0
    assert 0 < raging.outcomes["wrong"] < 20

    # The last lock may just be over: the next guess makes another, or has to wait.
    guesser = connect(server, source=source(0))
    guesser.hello()
    signing_in = {"username": "olga", "deviceName": "a phone"}
    guesser.ask("JSONRPC.Authenticate", **signing_in, password="a guess")
    locks = admin.get("Access.GetLocks")["locks"]
    assert [(lock["username"], lock["source"]) for lock in locks] == [("olga", source(0))]
    assert newest_event(admin) - before < 2 * len(took) + FEW  # nothing is washed out
    refused = guesser.ask("JSONRPC.Authenticate", **signing_in, password=PASSWORD)
    assert refused["status"] == "error"  # it has to wait, whatever it knows


@pytest.mark.clause("EN 18031-1 RLM-1")
def test_the_owner_at_a_known_source_signs_in_while_a_hundred_others_guess(server, admin):
    took = [time_to_sign_in(server, "http")]
    flags = {"guesses": 500, "sources": 100, "at_once": 50}
    with storm(server.urls["nymea"], "olga", **flags) as raging:
        while raging.rages and len(took) < 10:
            took.append(time_to_sign_in(server, "http"))
            assert admin.works()
    assert max(took) < IN_TIME
    assert raging.outcomes.get("signed in", 0) == 0
    assert time_to_sign_in(server, "http", source="127.2.0.1") < IN_TIME
