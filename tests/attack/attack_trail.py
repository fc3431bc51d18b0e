"""Whether somebody can push real events out of the audit trail, and how fast."""

import time

import pytest

from tests.acceptance.box import PASSWORD, set_up
from tests.acceptance.client import ClosedError
from tests.acceptance.storms import newest_event, storm

KEPT = 100_000  # events, unless set otherwise
MINUTES = 60.0
A_DAY = 24 * 3600.0  # seconds; who gains less than that can be seen to before


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def admin(server, connect):
    client = connect(server)
    client.token = set_up(client)
    return client


def until_washed_out(admin, before, begun):
    """Give the seconds after which the trail would hold nothing else, at the present rate."""
    rate = (newest_event(admin) - before) / (time.monotonic() - begun)
    return KEPT / rate if rate else float("inf")


@pytest.mark.timeout(120)
def test_a_stranger_at_one_source_does_not_wash_the_trail_out(server, admin, observe):
    before, begun = newest_event(admin), time.monotonic()
    with storm(server.urls["nymea"], "olga", guesses=10_000, sources=1, at_once=50):
        pass
    events = newest_event(admin) - before
    observe("events of 10,000 guesses at one source", events)
    assert events < 50
    assert time.monotonic() > begun


@pytest.mark.timeout(120)
def test_whoever_has_an_account_does_not_wash_the_trail_out_by_denials(
    server, admin, connect, observe
):
    admin.get("Users.CreateUser", username="lesser", password=PASSWORD, scopes=[])
    lesser = connect(server)
    lesser.hello()
    lesser.sign_in("lesser", PASSWORD)
    methods = admin.get("JSONRPC.Introspect")["methods"]
    before, begun = newest_event(admin), time.monotonic()
    denied = 0
    while time.monotonic() - begun < 10:
        for name in methods:
            if not name.startswith("JSONRPC.") and name != "Access.SignOut":
                denied += lesser.ask(name)["status"] == "error"
    events = newest_event(admin) - before
    observe("events of denials", f"{events} of {denied} denials in 10 s")
    assert events < 100  # each kind once a minute


@pytest.mark.timeout(120)
def test_how_fast_an_account_fills_the_trail_by_signing_in(server, admin, connect, observe):
    """Every sign-in is told, as it must be; the documentation admits what comes of it."""
    admin.get("Users.CreateUser", username="lesser", password=PASSWORD, scopes=[])
    before, begun = newest_event(admin), time.monotonic()
    for _ in range(200):
        line = connect(server)
        line.hello()
        try:
            line.sign_in("lesser", PASSWORD)
        except ClosedError:
            continue
        line.close()
    seconds = until_washed_out(admin, before, begun)
    observe(
        "an account that signs in over and over washes out in", f"{seconds / MINUTES:.0f} min"
    )
    assert seconds > MINUTES
