"""Bytes to JSON texts, however the network cuts them."""

import itertools
import json
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keystead.nymea.framing import BYTE_ORDER_MARK, Framer

ODD = '"\\{}[]:,/ \n\r\t\0\x7f\u2028\u00e4\u20ac\U0001f600\ufeff'

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from(ODD) | st.characters(codec="utf-8"), max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.sampled_from(ODD), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.lists(values, max_size=4) | st.dictionaries(
    st.text(max_size=4), values, max_size=4
)
styles = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, "\t"]),
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t: ")]),
    }
)
texts = st.builds(lambda value, style: json.dumps(value, **style).encode(), documents, styles)
separators = st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\n\n", b"\t \r"])
streams = st.lists(st.tuples(texts, separators), max_size=6)
cuts = st.lists(st.integers(0, 400), max_size=12)


def portions(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut *stream* at these places, as far as it has them."""
    inner = sorted({place for place in places if 0 < place < len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise([0, *inner, len(stream)])]


def framed(chunks: Iterable[bytes]) -> list[bytes]:
    framer = Framer()
    return [text for chunk in chunks for text in framer.feed(chunk)]


def one_by_one(stream: bytes) -> list[bytes]:
    return [stream[i : i + 1] for i in range(len(stream))]


@given(streams, cuts)
@example([(b'{"a":"\\"}"}', b""), (b'[{"b":[]},"]"]', b"\r\n"), (b"{}", b"")], [5, 6, 13])
def test_well_formed_texts_come_out_as_they_went_in_whatever_the_cuts(written, places):
    stream = b"".join(text + separator for text, separator in written)
    assert framed(portions(stream, places)) == [text for text, _ in written]


@given(streams)
def test_byte_by_byte_gives_the_same_texts_as_all_at_once(written):
    stream = b"".join(text + separator for text, separator in written)
    assert framed(one_by_one(stream)) == framed([stream])


@given(st.binary(max_size=80) | st.text(ODD, max_size=80).map(str.encode), cuts)
def test_garbage_never_raises_and_no_byte_of_it_comes_twice(stream, places):
    framer = Framer()
    given_back = [text for chunk in portions(stream, places) for text in framer.feed(chunk)]
    assert sum(map(len, given_back)) + framer.waiting <= len(stream)
    assert all(text.strip(b" \t\r\n") for text in given_back)


def test_nothing_waits_between_texts():
    framer = Framer()
    assert framer.feed(b'{"id":1}\r\n  ') == [b'{"id":1}']
    assert framer.waiting == 0


def test_what_has_begun_waits_for_its_end():
    framer = Framer()
    assert framer.feed(b' {"id"') == []
    assert framer.waiting == len(b'{"id"')
    assert framer.feed(b":1}") == [b'{"id":1}']


def test_an_inner_closing_at_a_cut_does_not_end_a_text():
    assert framed([b'{"params":{"a":1}', b',"id":1}']) == [b'{"params":{"a":1},"id":1}']


@pytest.mark.parametrize(
    "broken", [b'{"a":[', b'{"a":{"b":1}', b'{"a":"text', b'{"a":"text\\', b'[{"a":1']
)
def test_a_line_feed_between_braces_ends_a_malformed_text(broken):
    stream = broken + b'}\n{"id":2}'
    assert framed([stream]) == framed(one_by_one(stream)) == [broken + b"}", b'{"id":2}']


def test_a_line_feed_between_braces_inside_garbage_ends_it_too():
    assert framed([b'what?}\n{"id":2}']) == [b"what?}\n", b'{"id":2}']


def test_a_carriage_return_keeps_a_malformed_text_open():
    framer = Framer()
    assert framer.feed(b'{"a":[}\r\n{"id":2') == [b'{"a":[}']
    assert framer.waiting == len(b'{"id":2')


@pytest.mark.parametrize("opening", ["{", "["])
@pytest.mark.parametrize("chunks_of", [1, 1000, 1_000_000])
def test_nesting_of_any_depth_comes_out_whole(opening, chunks_of):
    inner = '{"a":' if opening == "{" else "["
    closing = "}" if opening == "{" else "]"
    stream = (inner * 5000 + "1" + closing * 5000).encode()
    assert framed(portions(stream, range(0, len(stream), chunks_of))) == [stream]


def test_garbage_ends_where_an_object_begins():
    assert framed([b'abc {"id":1}']) == [b"abc ", b'{"id":1}']


@pytest.mark.parametrize("garbage", [b"}", b"abc}", b"nonsense ] \r\n", b"1]"])
def test_garbage_ends_at_a_closing_at_the_end_of_what_is_there(garbage):
    assert framed([garbage]) == [garbage]


def test_other_garbage_waits_for_more():
    framer = Framer()
    assert framer.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert framer.waiting > 0
    assert framer.feed(b"x}") == [b"GET / HTTP/1.1\r\n\r\nx}"]


@pytest.mark.parametrize("stream", [b"{}", b'[{"a":1}]', b'{"a":"\xc3\xa4"} {}'])
def test_a_byte_order_mark_is_passed_over(stream):
    assert framed([BYTE_ORDER_MARK + stream]) == framed([stream])


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_byte_order_mark_that_is_cut_is_passed_over(place):
    stream = BYTE_ORDER_MARK + b'{"id":1}\n{"id":2}'
    assert framed(portions(stream, [place])) == [b'{"id":1}', b'{"id":2}']


@pytest.mark.parametrize("after", [b" ", b"\n", b"\r\n\t"])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_blanks_after_a_byte_order_mark_that_is_cut_are_passed_over(place, after):
    stream = BYTE_ORDER_MARK + after + b'{"id":1}'
    assert framed(portions(stream, [place])) == framed([stream]) == [b'{"id":1}']


@pytest.mark.parametrize(
    "stream",
    [
        b'{"a":"' + b"x" * 3000,
        b'{"a":"' + b'\\"' * 1500,
        b'{"a":' + b'{"b":"c"},' * 300,
        b"[" + b'["{"],' * 500,
        b"x" * 3000,
        b"\n" * 3000,
    ],
)
@pytest.mark.parametrize("chunks_of", [1, 7, 100])
def test_what_has_been_scanned_is_not_scanned_again(stream, chunks_of):
    framer = Framer()
    for chunk in portions(stream, range(0, len(stream), chunks_of)):
        framer.feed(chunk)
        # A backslash waits for what it escapes, and a boundary for its rest.
        assert framer.waiting - framer._position <= 1
        if stream[:1] in {b"{", b"["}:
            assert framer.waiting - framer._boundary <= 2


@pytest.mark.parametrize("text", [b"{}", b'{"a":"b"}', b"[]", b"}"])
def test_texts_that_are_given_are_kept_no_longer(text):
    framer = Framer()
    for _ in range(100):
        assert framer.feed(text) == [text]
        assert framer.waiting == len(framer._buffer) == 0
