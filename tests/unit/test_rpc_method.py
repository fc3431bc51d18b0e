"""A catalogue: what is listed, under which name, and what its signature says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import msgspec
import pytest

from keystead.domain.access import MANAGES_USERS, OPEN
from keystead.rpc.method import Catalogue, Kind, Page


class Seat(msgspec.Struct):
    """Where somebody sits."""

    row: int


@pytest.fixture
def catalogue() -> Catalogue[object]:
    return Catalogue("camel")


def fields(shape):
    """Give wire key, type and whether it may be left out, for every field of *shape*."""
    return [(f.encode_name, f.type, not f.required) for f in msgspec.structs.fields(shape)]


def test_a_method_is_what_its_function_says(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Book", access=MANAGES_USERS, returns="seatNumber")
    def book(session: object, user_name: str, row: int = 3) -> int:
        """Book a seat.

        The best one that is left.
        """
        return row

    method = catalogue.methods["Theatre.Book"]
    assert method.name == "Theatre.Book"
    assert method.doc == "Book a seat.\n\nThe best one that is left."
    assert method.access is MANAGES_USERS
    assert method.handler is book
    assert method.result_field == "seatNumber"
    assert fields(method.params) == [("userName", str, False), ("row", int, True)]
    assert fields(method.returns) == [("seatNumber", int, False)]
    assert (method.refusable, method.steady) == (False, False)


def test_the_decorated_function_stays_as_it_is(catalogue: Catalogue[object]):
    def book(session: object, row: int) -> None:
        """Book."""

    assert catalogue.method("Theatre.Book", access=OPEN)(book) is book


def test_parameters_are_decoded_by_their_wire_keys_and_checked(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object, user_name: str, row: int = 3) -> None:
        """Book."""

    params = catalogue.methods["Theatre.Book"].params
    assert msgspec.json.decode(b'{"userName": "ann"}', type=params) == params(user_name="ann")
    assert params(user_name="ann") == params(user_name="ann", row=3)
    for wrong in (b'{"user_name": "ann"}', b'{"userName": 1}', b'{"userName": "", "x": 1}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=params)


@pytest.mark.parametrize(
    ("rename", "key"), [("camel", "userName"), ("pascal", "UserName"), (None, "user_name")]
)
def test_a_protocol_spells_its_keys(rename, key):
    catalogue: Catalogue[object] = Catalogue(rename)

    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object, user_name: str) -> None:
        """Book."""

    assert fields(catalogue.methods["Theatre.Book"].params) == [(key, str, False)]


def test_annotations_reach_the_description(catalogue: Catalogue[object]):
    row = Annotated[int, msgspec.Meta(ge=1)]

    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object, row: row) -> None:
        """Book."""

    assert fields(catalogue.methods["Theatre.Book"].params) == [("row", row, False)]


def test_flags_are_kept(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Book", access=OPEN, refusable=True, steady=True)
    def book(session: object) -> None:
        """Book."""

    method = catalogue.methods["Theatre.Book"]
    assert (method.refusable, method.steady) == (True, True)


# --- kinds ----------------------------------------------------------------------------------


def test_a_plain_function_answers_at_once(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Seat", access=OPEN)
    def seat(session: object) -> Seat:
        """Give a seat."""
        return Seat(1)

    method = catalogue.methods["Theatre.Seat"]
    assert (method.kind, method.returns, method.result_field) == (Kind.AT_ONCE, Seat, None)


def test_a_coroutine_function_waits(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Close", access=OPEN)
    async def close(session: object) -> None:
        """Close."""

    method = catalogue.methods["Theatre.Close"]
    assert method.kind is Kind.WAITING
    assert fields(method.returns) == []


def test_a_coroutine_function_that_gives_a_page_lists(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Seats", access=OPEN, returns="seats")
    async def seats(session: object) -> Page[Seat]:
        """Give all seats."""
        return Page(portion async for portion in rows())

    method = catalogue.methods["Theatre.Seats"]
    assert method.kind is Kind.LISTING
    assert fields(method.returns) == [("seats", list[Seat], False)]


def test_a_page_says_how_many_there_are_when_somebody_asked():
    page = Page(rows())
    assert (page.total, page.has_more) == (None, False)
    assert asyncio.run(listed(page)) == [Seat(1), Seat(2), Seat(3)]


async def rows() -> AsyncIterator[Sequence[Seat]]:
    yield [Seat(1), Seat(2)]
    yield [Seat(3)]


async def listed(page: Page[Seat]) -> list[Seat]:
    return [seat async for portion in page.portions for seat in portion]


# --- returns rules --------------------------------------------------------------------------


def test_a_protocol_adds_to_the_returns_of_what_may_be_refused():
    def with_error(name, returns, kind, refusable):
        return msgspec.defstruct("WithError", [("error", str)]) if refusable else returns

    catalogue: Catalogue[object] = Catalogue("camel", with_error)

    @catalogue.method("Theatre.Book", access=OPEN, refusable=True)
    def book(session: object) -> None:
        """Book."""

    @catalogue.method("Theatre.Seat", access=OPEN)
    def seat(session: object) -> Seat:
        """Give a seat."""
        return Seat(1)

    assert fields(catalogue.methods["Theatre.Book"].returns) == [("error", str, False)]
    assert catalogue.methods["Theatre.Seat"].returns is Seat


def test_a_protocol_adds_to_the_returns_of_lists():
    def with_count(name, returns, kind, refusable):
        if kind is not Kind.LISTING:
            return returns
        more = [(f.encode_name, f.type) for f in msgspec.structs.fields(returns)]
        return msgspec.defstruct("WithCount", [*more, ("count", int)])

    catalogue: Catalogue[object] = Catalogue("camel", with_count)

    @catalogue.method("Theatre.Seats", access=OPEN, returns="seats")
    async def seats(session: object) -> Page[Seat]:
        """Give all seats."""
        return Page(rows())

    @catalogue.method("Theatre.Close", access=OPEN)
    async def close(session: object) -> None:
        """Close."""

    seats_field, count = ("seats", list[Seat], False), ("count", int, False)
    assert fields(catalogue.methods["Theatre.Seats"].returns) == [seats_field, count]
    assert fields(catalogue.methods["Theatre.Close"].returns) == []


# --- strictness -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_protocol_may_pass_over_parameters_that_a_method_does_not_have(is_strict):
    catalogue: Catalogue[object] = Catalogue("camel", is_strict=is_strict)

    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object, row: int) -> None:
        """Book."""

    params = catalogue.methods["Theatre.Book"].params
    if is_strict:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"row": 3, "hat": "red"}, params)
    else:
        assert msgspec.convert({"row": 3, "hat": "red"}, params) == params(row=3)


# --- names ----------------------------------------------------------------------------------


def test_a_name_is_listed_once(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object) -> None:
        """Book."""

    with pytest.raises(ValueError, match=r"Theatre\.Book is defined twice"):
        catalogue.method("Theatre.Book", access=OPEN)(book)
    assert catalogue.methods["Theatre.Book"].handler is book


def test_methods_are_listed_in_the_order_of_their_definition(catalogue: Catalogue[object]):
    names = ["Theatre.C", "Theatre.A", "Theatre.B"]
    for name in names:

        @catalogue.method(name, access=OPEN)
        def method(session: object) -> None:
            """Do it."""

    assert list(catalogue.methods) == names
    assert [method.name for method in catalogue] == names


def test_a_function_without_a_docstring_has_an_empty_description(catalogue: Catalogue[object]):
    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object) -> None: ...

    assert catalogue.methods["Theatre.Book"].doc == ""


# --- notifications --------------------------------------------------------------------------


def test_a_notification_is_what_its_struct_says(catalogue: Catalogue[object]):
    assert catalogue.notification("Theatre.SeatTaken")(Seat) is Seat
    notification = catalogue.notifications["Theatre.SeatTaken"]
    assert (notification.name, notification.params) == ("Theatre.SeatTaken", Seat)
    assert notification.doc == "Where somebody sits."


def test_a_notification_is_listed_once(catalogue: Catalogue[object]):
    catalogue.notification("Theatre.SeatTaken")(Seat)
    with pytest.raises(ValueError, match=r"Theatre\.SeatTaken is defined twice"):
        catalogue.notification("Theatre.SeatTaken")(Seat)


def test_a_notification_and_a_method_may_share_a_name(catalogue: Catalogue[object]):
    catalogue.notification("Theatre.Book")(Seat)

    @catalogue.method("Theatre.Book", access=OPEN)
    def book(session: object) -> None:
        """Book."""

    assert list(catalogue.methods) == list(catalogue.notifications) == ["Theatre.Book"]
