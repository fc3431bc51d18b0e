"""What is a request and what its response looks like; Tani 2, design of ``id`` and ``data``."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.model import Scope
from keystead.tani.errors import Status
from keystead.tani.methods import catalogue
from tests.tani_box import NOBODY, Box

ASK = "Users/AccessRights"


@pytest.fixture
def line():
    return Box().connect()


def said(line, message):
    (response,) = line.send(message if isinstance(message, bytes) else message.encode())
    return response


def frame(number="", data="", function=f'"{ASK}"'):
    """Write a request from raw JSON."""
    number = f',"id":{number}' if number else ""
    data = f',"data":{data}' if data else ""
    return f'{{"function":{function}{number}{data}}}'


# --- id and function ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-1", "7", "1.0", "1e5", "-0.5E-3", "123456789012345678901234567890"),
        *('""', '"a"', '"\\u0061\\n"', '"\\ud83d\\ude00"', '"ä"', "null"),
    ],
)
def test_an_id_comes_back_as_it_was_sent(line, number):
    for function, status in ((ASK, "0"), ("Users/No", "2")):
        line.session.receive([frame(number, function=f'"{function}"').encode()])
        (response,) = line.session.advance(1)
        assert (
            f'{{"function":"{function}","id":{number},"status":{status},'.encode() in response
        )


@pytest.mark.parametrize("space", [" ", "\t\r\n"])
def test_blanks_around_an_id_do_not_matter(line, space):
    line.session.receive([frame(f"{space}7{space}").encode()])
    (response,) = line.session.advance(1)
    assert b'"id":7,' in response


def test_without_an_id_there_is_none_in_the_response(line):
    assert said(line, frame()) == {"function": ASK, "status": 0, "data": NOBODY}
    response = said(line, frame(function='"x"'))
    assert response.keys() == {"function", "status", "error", "data"}


@pytest.mark.parametrize("number", ["true", "false", "[]", "{}", "[1]", '{"a":1}'])
def test_an_id_that_is_neither_text_nor_number_is_refused(line, number):
    assert said(line, frame(number)) == {
        "function": "",
        "id": None,
        "status": 1,
        "error": "An id is a text or a number.",
        "data": {},
    }


@pytest.mark.parametrize(
    "function", ["", "users/login", "Users/Login ", "\u0001", "ä", "\\u0041"]
)
def test_a_function_that_there_is_not_comes_back_as_it_was_named(line, function):
    function = json.loads(f'"{function}"') if "\\" in function else function
    response = said(line, frame("1", '{"x":[]}', function=json.dumps(function)))
    assert response["function"] == function
    assert (response["status"], response["id"]) == (2, 1)


# --- data -----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["", "{}", " { } ", '{"Unknown":[1,{"a":null}]}'])
def test_data_may_be_left_out_and_unknown_fields_are_passed_over(line, data):
    assert said(line, frame("1", data))["data"] == NOBODY


@pytest.mark.parametrize("data", ["null", "[]", "1", '"x"', "true"])
def test_data_that_are_no_object_are_refused(line, data):
    response = said(line, frame("1", data))
    assert (response["status"], response["id"], response["function"]) == (1, 1, ASK)
    assert response["error"].startswith("The data do not fit: ")


def test_other_members_of_a_request_are_passed_over(line):
    message = f'{{"status":7,"function":"{ASK}","event":{{}},"id":1}}'
    assert said(line, message) == {"function": ASK, "id": 1, "status": 0, "data": NOBODY}


def test_of_a_key_that_is_given_twice_the_last_value_counts(line):
    message = f'{{"id":1,"function":"x","id":"b","function":"{ASK}"}}'
    assert said(line, message) == {"function": ASK, "id": "b", "status": 0, "data": NOBODY}
    twice = '{"Events":["UsersChanged"],"Events":[]}'
    assert said(line, frame("1", twice, '"Users/Subscribe"'))["status"] == 0
    assert line.session.events == frozenset()


# --- malformed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b" ", b"x", b"{", b"}", b'"', b"{]", b"tru", b"\xef\xbb\xbf{}", b"\x00"),
        *(frame("01"), frame("-"), frame("1e"), frame("tru"), frame('"\\x"'), frame("NaN")),
        *(frame('"\\ud800"'), frame('"\\udc00"'), frame("Infinity"), frame("'a'")),
        *(frame(function='"\\ud800"'), frame(function='"\\udfff"'), frame() + "x"),
        *(frame(data="["), frame(data="{'a':1}"), frame(data="{,}")),
        *(frame("[" * 10_000 + "]" * 10_000), frame(data="[" * 10_000 + "]" * 10_000)),
        *(frame('"\xff"').encode("latin-1"), b'{"function":"\xff"}'),
    ],
)
def test_what_is_no_json_is_answered_once(line, message):
    response = said(line, message)
    assert response == {
        "function": "",
        "id": None,
        "status": 1,
        "error": "This is no JSON.",
        "data": {},
    }
    assert line.who == NOBODY


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ('{"Events":["\\udc00"]}', "This is no JSON."),
        ('{"Events":[01]}', "This is no JSON."),
        ('{"Events":["\xff"]}', "The data are no JSON."),
        ('{"Events":' + "[" * 700 + "]" * 700 + "}", None),
    ],
)
def test_data_that_are_no_json_are_answered(line, data, error):
    message = frame("1", data, '"Users/Subscribe"').encode("latin-1")
    response = said(line, message)
    assert response["status"] == 1
    assert error is None or response["error"] == error


@pytest.mark.parametrize(
    ("message", "number"),
    [
        *(("[]", None), ("1", None), ("null", None), ('"x"', None), ("[1,2]", None)),
        *(("{}", None), ('{"id":3}', 3), ('{"id":"a","function":5}', "a")),
        *(('{"id":[],"function":5}', None), ('{"id":1,"function":null}', 1)),
        *(
            ("{}{}", None),
            ("{},", None),
            ('{"id":true}', None),
            ('{"function":{},"id":1.5}', 1.5),
        ),
        *(('{"id":"\\udc00","function":1}', None), ('{"function":1,"id":x}', None)),
    ],
)
def test_what_is_no_request_is_answered_with_its_id_if_it_has_one(line, message, number):
    response = said(line, message)
    assert (response["function"], response["id"], response["status"]) == ("", number, 1)
    assert response["error"].startswith("This is no ")


def test_an_id_beyond_all_numbers_is_refused(line):
    response = said(line, frame("1e999"))
    assert (response["status"], response["id"]) == (1, None)


def test_a_deep_wrong_shape_is_answered(line):
    deep = "[" * 10_000 + "]" * 10_000
    assert said(line, f'{{"function":1,"id":{deep}}}')["id"] is None


# --- any bytes ------------------------------------------------------------------------------

texts = st.text(max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
requests = st.fixed_dictionaries(
    {"function": st.sampled_from(sorted(catalogue.methods)) | values},
    optional={"id": values, "data": values | st.just({}), "more": values},
)
messages = (
    st.binary(max_size=60)
    | st.text(max_size=40).map(lambda text: text.encode(errors="surrogatepass"))
    | values.map(lambda value: json.dumps(value).encode())
    | requests.map(lambda request: json.dumps(request).encode())
    | requests.map(lambda request: json.dumps(request)[:-1].encode())
)


@given(messages, st.booleans())
def test_any_message_has_exactly_one_response(message, authentication):
    box = Box()
    box.add("olga", Scope.ADMIN)
    line = box.connect(authentication=authentication)
    response = said(line, message)  # which checks that it is an object with status and data
    assert Status(response["status"]) is not Status.STORAGE_FAILED
    try:
        request = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeError):
        return
    if isinstance(request, dict) and isinstance(request.get("function"), str):
        number = request.get("id")
        is_id = number is None or (
            isinstance(number, str | int | float) and not isinstance(number, bool)
        )
        assert response["function"] == (request["function"] if is_id else "")
        assert response.get("id") == (number if is_id else None)
        assert ("id" in response) is ("id" in request)


@given(st.lists(messages, max_size=6), st.integers(1, 4))
def test_any_messages_have_one_response_each_in_their_order(asked, slice_of):
    box = Box()
    together, alone = box.connect(), box.connect()
    responses = together.send(*asked, slice_of=slice_of)
    assert responses == [said(alone, message) for message in asked]
