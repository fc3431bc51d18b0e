"""JSON texts to requests, and results back to JSON texts."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.nymea import envelope
from keystead.nymea.envelope import MAX_DEPTH, Malformed, Request
from keystead.nymea.framing import BYTE_ORDER_MARK

NO_ID = Malformed(0, "Error parsing command. Missing 'id'")
ILLEGAL = Malformed(-1, "Failed to parse JSON data: illegal value")
NESTED = Malformed(-1, "Failed to parse JSON data: too deeply nested document")

texts = st.text(max_size=6)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
requests = st.fixed_dictionaries(
    {"id": st.integers(-(2**63), 2**63 - 1) | values, "method": texts | values},
    optional={"params": values, "token": texts | values, "extra": values},
)


def written(value: object, *, ensure_ascii: bool = False) -> bytes:
    return json.dumps(value, ensure_ascii=ensure_ascii).encode()


def the_fast_way(chunk: bytes) -> list[Request]:
    found = envelope.requests(chunk)
    assert found is not None
    return found


def as_tuple(request: Request) -> tuple[object, ...]:
    return request.id, request.method, bytes(request.params), request.token


# --- the fast way ---------------------------------------------------------------------------


@given(st.lists(requests, max_size=4), st.booleans(), st.sampled_from([b"\n", b"\r\n", b""]))
def test_a_chunk_is_read_the_same_fast_and_patiently(written_down, ensure_ascii, separator):
    parts = [written(request, ensure_ascii=ensure_ascii) for request in written_down]
    found = envelope.requests(separator.join(parts))
    patiently = [envelope.parse(part) for part in parts]
    if found is None:
        assert any(not _is_plain(request) for request in written_down)
    else:
        assert [as_tuple(r) for r in found] == [
            as_tuple(r) for r in patiently if isinstance(r, Request)
        ]
        assert len(found) == len(patiently)


def _is_plain(request: dict[str, object]) -> bool:
    """Tell whether nothing in *request* needs the patient way."""
    return (
        type(request["id"]) is int
        and isinstance(request["method"], str)
        and isinstance(request.get("token", ""), str)
    )


@pytest.mark.parametrize(
    "odd",
    [
        b'"id":9223372036854775808',
        b'"id":-9223372036854775809',
        b'"id":1000000000000000000000000',
        b'"params":{"a":1e999}',
        b'"params":1e999',
        b'"extra":1e999',
        b'"extra":' + b"9" * 5000,
    ],
    ids=lambda odd: odd[:25],
)
def test_a_number_beyond_bounds_is_read_the_same_fast_and_patiently(odd):
    chunk = b'{"id":1,"method":"A.b",' + odd + b"}"
    patient = envelope.parse(chunk)
    fast = envelope.requests(chunk)
    if isinstance(patient, Malformed):
        assert fast is None
    else:
        assert fast is None or as_tuple(fast[0]) == as_tuple(patient)


@pytest.mark.parametrize(
    "chunk",
    [
        b'{"id":1,"method":"A.b"',
        b'{"id":1}',
        b'{"id":"1","method":"A.b"}',
        b'{"id":1,"method":null}',
        b'{"id":1,"method":"A.b","token":5}',
        b'{"id":1,"method":"A.b","params":"\xff"}',
        b'{"id":1,"method":"A.b","params":' + b"[" * 100_000,
        b"[]",
        b"1",
        BYTE_ORDER_MARK + b'{"id":1,"method":"A.b"}',
    ],
)
def test_what_is_not_wholly_well_formed_is_left_to_the_patient_way(chunk):
    assert envelope.requests(chunk) is None


@pytest.mark.parametrize("chunk", [b"", b"\n", b" \r\n\t"])
def test_blanks_hold_no_request(chunk):
    assert the_fast_way(chunk) == []


def test_absent_params_and_token_are_empty():
    (request,) = the_fast_way(b'{"id":7,"method":"A.b"}')
    assert as_tuple(request) == (7, "A.b", b"{}", "")


def test_letters_beyond_ascii_are_read_fast():
    (request,) = the_fast_way('{"id":7,"method":"A.b","params":{"a":"ä€😀"}}'.encode())
    assert envelope.params_of(request) == {"a": "ä€😀"}


# --- the patient way ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"id":1', "unterminated object"),
        (b'{"id":1,}', "illegal value"),
        (b"}", "illegal value"),
        (b"1", "illegal value"),
        (b'"x"', "illegal value"),
        (b"null", "illegal value"),
        (b'{"id":1e999}', "illegal value"),
        (b'{"id":1} x', "illegal value"),
        (b'{"id":1,"method":"\xff"}', "invalid UTF8 string"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deeply nested document"),
    ],
)
def test_what_is_no_json_object_or_list_has_the_id_minus_one(text, reason):
    assert envelope.parse(text) == Malformed(-1, f"Failed to parse JSON data: {reason}")


def nested(levels):
    """Write a request of so many levels, its own included."""
    inner = levels - 1
    return b'{"id":1,"method":"A.b","params":' + b"[" * inner + b"]" * inner + b"}"


def test_nesting_of_many_levels_is_read():
    assert isinstance(envelope.parse(nested(900)), Request)
    assert envelope.requests(nested(900)) is not None


def test_nesting_beyond_the_limit_is_not_read():
    assert envelope.parse(nested(MAX_DEPTH + 1)) == NESTED
    assert envelope.requests(nested(MAX_DEPTH + 1)) is None


def test_nesting_near_the_limit_is_read_if_python_can():
    found = envelope.parse(nested(MAX_DEPTH))
    assert isinstance(found, Request) or found == NESTED


def test_many_objects_beside_each_other_are_not_nested():
    request = b'{"id":1,"method":"A.b","params":{"a":[' + b"{}," * 2 * MAX_DEPTH + b'"{["]}}'
    assert isinstance(envelope.parse(request), Request)
    assert len(the_fast_way(request)) == 1


@pytest.mark.timeout(10)  # a fraction of a second if no byte is looked at again and again
@pytest.mark.parametrize("odd", [b'"', b'\\"', b'"{'])
def test_a_text_that_does_not_end_takes_no_longer_than_one_that_does(odd):
    text = b'{"a":[' + b"{}," * 2 * MAX_DEPTH + b'"' + odd * 100_000
    assert envelope.requests(text) is None
    assert isinstance(envelope.parse(text), Malformed)


@pytest.mark.parametrize("text", [b"[]", b'[{"id":1,"method":"A.b"}]'])
def test_a_list_has_no_id(text):
    assert envelope.parse(text) == NO_ID


@pytest.mark.parametrize("number", ["null", "[]", "{}", '"abc"', '""', '"4.7"', '"0x10"'])
def test_an_object_without_a_usable_id_tells_its_method_only(number):
    text = f'{{"id":{number},"method":"A.b"}}'.encode()
    assert envelope.parse(text) == Malformed(0, NO_ID.error, "A.b")


def test_a_malformed_text_carries_no_token_that_could_be_the_bound_one():
    assert NO_ID.token != ""


@pytest.mark.parametrize(
    ("method", "read"), [("null", ""), ("5", "5"), ("true", "true"), ("[]", ""), ("{}", "")]
)
def test_a_method_that_is_no_text_is_read_as_one(method, read):
    request = envelope.parse(f'{{"id":1,"method":{method}}}'.encode())
    assert request.method == read


def test_an_absent_method_is_empty():
    assert envelope.parse(b'{"id":1}').method == ""


@pytest.mark.parametrize(
    ("token", "read"), [("null", ""), ("12", "12"), ("[]", ""), ("{}", ""), ('"x"', "x")]
)
def test_a_token_that_is_no_text_is_read_as_one(token, read):
    request = envelope.parse(f'{{"id":1,"method":"A.b","token":{token}}}'.encode())
    assert request.token == read


def test_of_duplicate_keys_the_last_one_wins():
    text = b'{"id":1,"id":2,"method":"A.a","method":"A.b","params":{"a":1},"params":{"a":2}}'
    (fast,) = the_fast_way(text)
    patient = envelope.parse(text)
    assert isinstance(patient, Request)
    assert as_tuple(patient) == as_tuple(fast) == (2, "A.b", b'{"a":2}', "")


def test_of_duplicate_params_the_last_one_wins():
    assert envelope.params_of(Request(1, "A.b", msgspec.Raw(b'{"a":1,"a":2}'))) == {"a": 2}


def test_a_byte_order_mark_before_a_text_is_passed_over():
    request = envelope.parse(BYTE_ORDER_MARK + b'{"id":1,"method":"A.b"}')
    assert isinstance(request, Request)


@pytest.mark.parametrize("params", [b"null", b"[]", b"5", b'"text"', b"true", b"[1,2,3,4]"])
def test_params_that_are_no_object_count_as_an_empty_one(params):
    assert envelope.params_of(Request(1, "A.b", msgspec.Raw(params))) == {}


@pytest.mark.parametrize("params", [b'{"a":1e999}', b'{"a":' + b"[" * 100_000])
def test_params_that_cannot_be_looked_at_make_the_text_malformed(params):
    assert envelope.params_of(Request(1, "A.b", msgspec.Raw(params))) == ILLEGAL


# --- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (-5, -5),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (3_000_000_000, 3_000_000_000),
        (4.7, 5),
        (4.5, 5),
        (4.2, 4),
        (-4.5, -5),
        (-4.2, -4),
        (True, 1),
        (False, 0),
        ("42", 42),
        (" 42 ", 42),
        ("-42", -42),
        ("+42", 42),
    ],
)
def test_an_id_may_come_in_many_forms(value, number):
    assert envelope.request_id(value) == number


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        "",
        "abc",
        "4.7",
        "0x10",
        "1_000",
        "+-1",
        "\u0661",
        2**63,
        1e300,
        "9" * 5000,
    ],
)
def test_anything_else_is_no_id(value):
    assert envelope.request_id(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (5, "5"),
        (5.0, "5"),
        (0.5, "0.5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ([1], ""),
        ({"a": 1}, ""),
    ],
)
def test_every_value_has_a_text(value, text):
    assert envelope.text_of(value) == text


# --- replies --------------------------------------------------------------------------------


def test_a_success_is_one_compact_line_with_its_keys_in_order():
    assert (
        envelope.success(-3, b'{"a":1}') == b'{"id":-3,"params":{"a":1},"status":"success"}\n'
    )


def test_an_error_is_one_compact_line_with_its_keys_in_order():
    assert envelope.error(5, "No.") == b'{"error":"No.","id":5,"status":"error"}\n'


def test_an_unauthorized_is_one_compact_line_with_its_keys_in_order():
    assert envelope.unauthorized(5, "No.") == (
        b'{"error":"No.","id":5,"status":"unauthorized"}\n'
    )


def test_a_notification_is_one_compact_line_with_its_keys_in_order():
    class Params(msgspec.Struct):
        b: int
        a: int

    assert envelope.notification(7, "A.B", Params(b=1, a=2)) == (
        b'{"id":7,"notification":"A.B","params":{"a":2,"b":1}}\n'
    )


def test_letters_beyond_ascii_are_sent_as_such_and_control_characters_are_escaped():
    assert envelope.error(1, 'ä/"\n\x01') == (
        '{"error":"ä/\\"\\n\\u0001","id":1,"status":"error"}\n'.encode()
    )
