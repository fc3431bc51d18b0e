"""Who is let in and who makes room: counted by source, and never to the harm of the signed in."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.throttle import LOCAL
from keystead.net.door import Crowd, Door, Guest
from keystead.net.limits import Limits, limits_from
from keystead.net.source import source_of
from keystead.settings import Settings, SettingsError, load
from tests.net_stage import messages_of

PLANT, ATTIC, CELLAR = "192.0.2.1", "192.0.2.2", "2001:db8::/64"
LINE = "connections closed for want of room"


class Session:
    """As much of a session as counts here."""

    def __init__(self):
        self.token_id = None


class Street:
    """A door, and those who come to it.

    Attributes:
        closed: who was cut off, in order.
        minute: what is to be done in a minute.
    """

    def __init__(self, **limits):
        self.minute: list[Callable[[], None]] = []
        self.door = Door(Limits(**limits), lambda _, what: self.minute.append(what))
        self.closed = []

    def comes(self, source=PLANT, *, signs_in=False, authentication=True):
        """Let somebody come; None when they are turned away."""
        guest = self.door.admit(source, authentication=authentication)
        if guest is None:
            return None
        guest.cut_off = lambda: self.closed.append(guest)
        guest.session = cast("Any", Session())
        guest.judge()
        if signs_in:
            self.signs_in(guest)
        return guest

    def signs_in(self, guest):
        guest.session.token_id = "somebody"
        guest.judge()


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::/64"),
        (("::1", 1, 0, 0), "::/64"),
        ("", LOCAL),
        (b"", LOCAL),
        (None, LOCAL),
    ],
)
def test_a_source_is_an_address_a_network_or_this_machine(peer, source):
    assert source_of(peer) == source


def test_the_oldest_who_has_not_signed_in_makes_room_for_a_newcomer():
    street = Street(before_sign_in=3)
    first, second, *_ = [street.comes() for _ in range(5)]

    assert street.closed == [first, second]


def test_the_source_with_most_strangers_makes_room():
    street = Street(before_sign_in=5)
    street.comes(ATTIC)
    street.comes(CELLAR)
    crowd = [street.comes(PLANT) for _ in range(3)]
    street.comes(ATTIC)

    assert street.closed == [crowd[0]]


def test_whoever_has_signed_in_makes_room_for_nobody():
    street = Street(before_sign_in=2)
    owner = street.comes(signs_in=True)
    for _ in range(10):
        street.comes()

    assert owner not in street.closed
    assert len(street.closed) == 8


def test_whoever_was_signed_in_by_the_push_of_a_button_makes_room_for_nobody():
    street = Street(before_sign_in=2)
    paired, stranger = street.comes(), street.comes()
    paired.session.token_id = "somebody"
    street.comes()

    assert street.closed == [stranger]


def test_whoever_signs_out_is_a_stranger_again():
    street = Street(before_sign_in=1)
    guest = street.comes(signs_in=True)
    guest.session.token_id = None
    guest.judge()
    street.comes()

    assert street.closed == [guest]


def test_where_nobody_need_sign_in_nobody_is_a_stranger():
    street = Street(before_sign_in=1)
    for _ in range(3):
        street.comes(authentication=False)

    assert street.closed == []


def test_who_is_still_shaking_hands_is_a_stranger_even_where_nobody_need_sign_in():
    street = Street(before_sign_in=1)
    guest = street.door.admit(PLANT, authentication=False)
    street.comes()

    assert guest is not None
    assert not guest.is_signed_in
    assert guest.cut_off is None  # it has made room


def test_a_source_has_its_share_and_its_own_strangers_make_room():
    street = Street(per_source=2)
    other = street.comes(ATTIC)
    first = street.comes(signs_in=True)
    second, third = street.comes(), street.comes()

    assert street.closed == [second]
    assert None not in (other, first, third)


def test_a_source_whose_share_is_signed_in_is_turned_away_and_others_are_not():
    street = Street(per_source=2)
    street.comes(signs_in=True)
    street.comes(signs_in=True)

    assert street.comes() is None
    assert street.comes(ATTIC) is not None
    assert street.closed == []


def test_all_addresses_of_a_network_of_64_bits_share_one_share():
    street = Street(per_source=1)
    street.comes(source_of(("2001:db8::1", 1, 0, 0)), signs_in=True)

    assert street.comes(source_of(("2001:db8::2", 1, 0, 0))) is None
    assert street.comes(source_of(("2001:db8:0:1::2", 1, 0, 0))) is not None


def test_who_leaves_makes_room():
    street = Street(connections=1, per_source=1, before_sign_in=1)
    guest = street.comes(signs_in=True)
    guest.leave()
    guest.leave()
    guest.judge()

    assert street.comes(signs_in=True) is not None
    assert street.comes() is None


def test_when_all_places_are_taken_strangers_make_room_and_then_nobody_is_let_in():
    street = Street(connections=2)
    street.comes(signs_in=True)
    stranger = street.comes("127.0.0.1")

    assert street.comes(ATTIC, signs_in=True) is not None
    assert street.closed == [stranger]
    assert street.comes() is None


def test_this_machine_is_bounded_by_all_places_only():
    street = Street(connections=10, per_source=2, before_sign_in=3)
    for source in ("127.0.0.1", "127.0.0.2", "::/64"):
        for _ in range(3):
            street.comes(source)

    assert street.closed == []


def test_this_machine_may_be_bounded_like_all_others():
    street = Street(per_source=2, before_sign_in=3, counts_loopback=True)
    first, *_ = [street.comes("127.0.0.1") for _ in range(3)]

    assert street.closed == [first]


def test_the_owner_at_the_unix_socket_is_always_let_in():
    street = Street(connections=1)
    street.comes(signs_in=True)
    owner = street.comes(LOCAL)
    owner.leave()

    assert street.comes(LOCAL) is not None
    assert street.closed == []


def test_a_flood_is_one_line_in_the_log(caplog):
    street = Street(per_source=1)
    street.comes(signs_in=True)
    for _ in range(1000):
        street.comes()

    assert messages_of(caplog) == [LINE]


def test_the_log_hears_once_in_a_while_how_many_were_closed_and_why(caplog):
    caplog.set_level(logging.WARNING)
    street = Street(per_source=1, before_sign_in=1)
    street.comes(signs_in=True)
    for _ in range(3):
        street.comes()
    street.comes(ATTIC)
    street.comes(CELLAR)
    street.minute.pop()()
    street.minute.pop()()

    assert street.minute == []

    first, second = [vars(record)["fields"] for record in caplog.records]
    assert first["number"] == 1
    assert second == {
        "number": 3,
        "reasons": {
            "too many connections from one source": 2,
            "too many connections that have not signed in": 1,
        },
        "last_source": ATTIC,
    }


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), max_size=40))
def test_a_crowd_knows_the_source_with_the_most_and_its_oldest(steps):
    crowd = Crowd()
    everybody: list[Guest] = []
    for source, whom in steps:
        if whom >= 0 or not everybody:
            everybody.append(Guest(None, source, authentication=True, is_spared=False))
            crowd.add(everybody[-1])
        else:
            gone = everybody.pop(whom % len(everybody))
            crowd.discard(gone)
            crowd.discard(gone)
            assert gone not in crowd
        numbers = Counter(guest.source for guest in everybody)
        assert crowd.size == len(everybody)
        assert crowd.most == max(numbers.values(), default=0)
        oldest = crowd.oldest()
        if oldest is None:
            assert not everybody
            continue
        assert numbers[oldest.source] == crowd.most
        for one in "abc":
            theirs = [guest for guest in everybody if guest.source == one]
            assert crowd.oldest(one) is (theirs[0] if theirs else None)
        assert oldest is crowd.oldest(oldest.source)


def test_a_fifth_of_the_files_is_kept_for_others():
    assert limits_from(Settings(), 1000).connections == 800
    assert limits_from(Settings(connections=900), 1000).connections == 800
    assert limits_from(Settings(connections=100), 1000).connections == 100
    assert limits_from(Settings(), 10**6).connections == 20_000


def test_0_means_no_limit():
    none = Settings(
        connections_per_source=0,
        connections_before_sign_in=0,
        requests_per_second=0,
        requests_per_second_before_sign_in=0,
    )

    limits = limits_from(none, 1000)

    assert limits == Limits(connections=800)


def test_a_limit_below_0_is_refused():
    with pytest.raises(SettingsError) as error:
        load(None, {"KEYSTEAD_CONNECTIONS_PER_SOURCE": "-1"}, {})

    assert "connections_per_source" in str(error.value)
