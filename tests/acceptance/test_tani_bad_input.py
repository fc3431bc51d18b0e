"""Whatever comes in over Tani: one response or a close, and never an effect or a traceback."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from tests.acceptance.box import PASSWORD, new_name
from tests.acceptance.client import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    ClosedError,
    Message,
    frame,
)
from tests.acceptance.tani_client import (
    DONE,
    FORBIDDEN,
    NO_SESSION,
    NOBODY,
    SIGN_IN_FAILED,
    TOO_LARGE,
    WRONG,
    Tani,
    TaniBox,
    rule,
)

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture(autouse=True)
def bystander(tani: TaniBox) -> Iterator[None]:
    """Connections of others, which work before and after every test; nothing is changed."""
    admin, other, nymea = tani.admin(), tani.anonymous(), tani.nymea_admin()
    admin.subscribe("AccessRightsChanged")
    pid = tani.server.pid
    yield
    began = time.monotonic()
    assert admin.settle() == []
    assert other.rights() == NOBODY
    assert nymea.works()
    assert time.monotonic() - began < 1
    assert tani.server.pid == pid
    assert "Traceback" not in tani.server.log.read_text()


@pytest.fixture(params=["anonymous", "signed in"])
def connection(request: pytest.FixtureRequest, tani: TaniBox) -> Tani:
    return tani.anonymous() if request.param == "anonymous" else tani.admin()


def works(connection: Tani) -> bool:
    """Tell that the next request is answered as ever."""
    return bool(connection.rights())


def closed_with(connection: Tani) -> int | None:
    """Give the code with which the server closes, after no message at all."""
    with pytest.raises(ClosedError):
        connection.receive()
    return connection.stream.close_code


def no_request(connection: Tani, status: int = WRONG) -> bool:
    """Tell that the next response is to something that could not be told from noise."""
    response = connection.response()
    assert (response["function"], response["id"]) == ("", None), response
    assert response["status"] == status, response
    assert response["data"] == {}
    return True


# No JSON object


NO_OBJECTS = [
    "",
    " ",
    "\n",
    "x",
    "{",
    "}",
    "{}}",
    "{'function':1}",
    '{"function":"Users/List",}',
    '{"function":}',
    '{"function":"Users/List"',
    '{"function":"Users/List","id":01}',
    '{"function":"Users/List","id":+1}',
    '{"function":"Users/List","id":NaN}',
    '{"function":"Users/List","id":Infinity}',
    '{"function":"Users/List","data":{"a":nul}}',
    '{"function":"Users/List"}{"function":"Users/List"}',
    '{"function":"Users/List"} x',
    '{"function":"Users/\nList"}',
    '{"function":"\\x"}',
    "null",
    "true",
    "5",
    '"Users/List"',
    "[]",
    '["Users/List"]',
    '[{"function":"Users/List","id":1}]',
    "\ufeff{}",
    "\0",
]


def test_what_is_no_json_object_is_answered_and_forgotten(connection):
    for text in NO_OBJECTS:
        for _ in range(2):
            connection.send(text)
            assert no_request(connection), text
    assert works(connection)


@pytest.mark.parametrize("layout", [" \r\n\t{}\n", "{}\n\n"])
def test_blanks_around_a_request_do_not_matter(connection, layout):
    request = json.dumps({"function": "Users/AccessRights", "id": 1, "data": {}}, indent=2)
    connection.send(layout.replace("{}", request))
    response = connection.response()
    assert (response["id"], response["status"]) == (1, DONE)


@pytest.mark.parametrize(
    "request_text",
    [
        "{}",
        '{"id":5}',
        '{"id":5,"data":{}}',
        '{"id":5,"function":null,"data":{}}',
        '{"id":5,"function":7,"data":{}}',
        '{"id":5,"function":["Users/AccessRights"]}',
        '{"id":5,"function":{}}',
        '{"id":5,"function":true}',
        '{"id":5,"Function":"Users/AccessRights"}',
    ],
)
def test_a_request_without_a_function_is_refused(connection, request_text):
    connection.send(request_text)
    response = connection.response()
    assert (response["function"], response["status"]) == ("", WRONG)
    assert response.get("id") in (None, 5)
    assert works(connection)


# Data

FUNCTIONS = [
    "Users/Login",
    "Users/ActivateSession",
    "Users/AccessRights",
    "Users/Logout",
    "Users/Subscribe",
    "Users/List",
    "Users/ListGroup",
    "Users/Write",
    "Users/WriteGroup",
    "Users/Delete",
    "Users/DeleteGroup",
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_data_of_a_wrong_type_is_refused(tani, function):
    admin = tani.admin()
    before = admin.stored()
    for data in ([], [1], "x", "", 5, 1.5, True, False, [{"Username": "a"}]):
        assert admin.ask_with(function, data)["status"] == WRONG, data
    assert tani.admin().stored() == before


NEEDED: list[tuple[str, Message]] = [
    ("Users/Login", {"Username": "olga", "Password": PASSWORD}),
    ("Users/ActivateSession", {"AuthKey": "x"}),
    ("Users/Subscribe", {"Events": []}),
    ("Users/Write", {"Username": "newcomer"}),
    ("Users/WriteGroup", {"Groupname": "newcomer"}),
    ("Users/Delete", {"Username": "olga"}),
    ("Users/DeleteGroup", {"Groupname": "anonymous"}),
]
CASES = [(function, data, field) for function, data in NEEDED for field in data]


@pytest.mark.parametrize(("function", "data", "field"), CASES)
def test_a_missing_field_is_refused(tani, function, data, field):
    admin = tani.admin()
    before = admin.stored()
    left = {name: value for name, value in data.items() if name != field}
    for given in (left, left | {field.lower(): data[field]}):
        assert admin.ask_with(function, given)["status"] == WRONG
    admin.send({"function": function, "id": 1})
    assert admin.response()["status"] == WRONG
    assert tani.admin().stored() == before


@pytest.mark.parametrize(("function", "data", "field"), CASES)
def test_a_field_of_a_wrong_type_is_refused(tani, function, data, field):
    admin = tani.admin()
    before = admin.stored()
    values: list[object] = [None, 5, 1.5, True, False, {}, {"a": 1}]
    values += ["text"] if field == "Events" else [[], ["olga"]]
    for value in values:
        response = admin.ask_with(function, data | {field: value})
        assert response["status"] == WRONG, value
    assert tani.admin().stored() == before


@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
@pytest.mark.parametrize("field", ["UserEdit", "Editor", "Diag"])
def test_a_right_is_true_or_false(tani, function, field):
    admin, name = tani.admin(), new_name()
    values: list[object] = [None, 0, 1, "true", "", [], [True], {}]
    for value in values:
        data = {"Username": name, "Groupname": name, field: value}
        assert admin.ask_with(function, data)["status"] == WRONG, value
    assert name not in admin.users()
    assert name not in admin.groups()


def test_groups_are_a_list_of_texts(tani):
    admin, name = tani.admin(), new_name()
    values: list[object] = [None, "ops", 5, True, {}, [5], [None], [["ops"]], [{}]]
    for value in values:
        assert admin.status("Users/Write", Username=name, Groups=value) == WRONG, value
    assert name not in admin.users()


def test_the_key_to_sign_out_with_is_a_text(tani):
    user = tani.user()
    keys: list[object] = [5, True, [], {}]
    for key in keys:
        assert user.status("Users/Logout", AuthKey=key) == WRONG, key
    assert user.who


def test_a_refused_sign_in_of_a_wrong_form_signs_nobody_in(tani):
    connection = tani.anonymous()
    for data in (
        {"Username": "olga", "Password": True},
        {"Username": "olga"},
        {"Username": ["olga"], "Password": PASSWORD},
    ):
        assert connection.ask_with("Users/Login", data)["status"] == WRONG
        assert connection.rights() == NOBODY


# Keys that come twice


def test_of_a_key_that_is_given_twice_the_last_value_counts(tani):
    admin, first, last = tani.admin(), new_name(), new_name()
    admin.send(
        '{"function":"Users/List","id":1,"data":{"Username":5},'
        '"function":"Users/Write","id":2,'
        f'"data":{{"Username":"{first}","Diag":true,"User\\u006eame":"{last}","Diag":false,'
        '"Items":[{"Itemname":"A","Itemname":"B","Write":true,"Write":false}]}}'
    )
    response = admin.response()
    assert (response["function"], response["id"]) == ("Users/Write", 2)
    assert response["status"] == DONE
    users = admin.users()
    assert first not in users
    assert users[last].items() >= {"Diag": False, "Items": [rule("B")]}.items()


def test_the_last_of_two_ids_counts_even_when_it_is_wrong(tani):
    connection = tani.anonymous()
    connection.send('{"function":"Users/AccessRights","id":1,"id":[2]}')
    assert no_request(connection)


# Characters


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff", "a\\ud800b", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_no_text(tani, text):
    admin = tani.admin()
    before = admin.stored()
    for function, data in (
        ("Users/Write", '{"Username":"HERE"}'),
        ("Users/Write", f'{{"Username":"{new_name()}","Password":"Plain7SailingHERE"}}'),
        ("Users/Write", f'{{"Username":"{new_name()}","Items":[{{"Itemname":"HERE"}}]}}'),
        ("Users/WriteGroup", '{"Groupname":"HERE"}'),
        ("Users/Delete", '{"Username":"HERE"}'),
    ):
        admin.send(f'{{"function":"{function}","id":1,"data":{data}}}'.replace("HERE", text))
        assert admin.response()["status"] != DONE
    admin.send(f'{{"function":"Users/AccessRights","id":"{text}"}}')
    admin.response()
    admin.send(f'{{"function":"{text}","id":1}}')
    assert admin.response()["status"] != DONE
    assert tani.admin().stored() == before


@pytest.mark.parametrize("position", ["function", "id", "Username", "Password", "AuthKey"])
def test_a_nul_is_a_character_like_any_other(tani, position):
    connection = tani.anonymous()
    request: Message = {
        "function": "Users/Login",
        "id": "1",
        "data": {"Username": "olga", "Password": PASSWORD},
    }
    match position:
        case "function" | "id":
            request[position] += "\0"
        case "AuthKey":
            request |= {"function": "Users/ActivateSession", "data": {"AuthKey": "\0"}}
        case field:
            request["data"][field] += "\0"
    connection.send(request)
    response = connection.response()
    assert (response["function"], response["id"]) == (request["function"], request["id"])
    signed_in = position == "id"
    assert (response["status"] == DONE) is signed_in
    assert (connection.who == "olga") is signed_in


def test_the_name_of_an_item_with_a_nul_is_kept_or_refused_as_a_whole(tani):
    admin, name = tani.admin(), new_name()
    status = admin.status("Users/Write", Username=name, Items=[rule("A\0B")])
    assert status in (DONE, WRONG)
    users = admin.users()
    assert (name in users) is (status == DONE)
    if name in users:
        assert users[name]["Items"] == [rule("A\0B")]


@pytest.mark.parametrize(
    "junk",
    [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x28\xa1", b"\x80"],
)
def test_invalid_utf8_closes_with_1007(connection, junk):
    connection.send(b'{"function":"Users/AccessRights","id":"' + junk + b'"}')
    assert closed_with(connection) == 1007


def test_invalid_utf8_in_a_later_fragment_closes_with_1007(connection):
    connection.stream.send_frame(
        TEXT, b'{"function":"Users/AccessRights","id":"\xc3', final=False
    )
    connection.stream.send_frame(CONTINUATION, b"\xffend")
    assert closed_with(connection) == 1007


def test_a_character_may_be_cut_by_fragments(connection):
    message = '{"function":"Users/AccessRights","id":"Zoë😀"}'.encode()
    connection.stream.send_frame(TEXT, message[:1], final=False)
    for at in range(1, len(message) - 1):
        connection.stream.send_frame(CONTINUATION, message[at : at + 1], final=False)
        if at == 20:
            connection.stream.send_frame(PING, b"still there?")
    connection.stream.send_frame(CONTINUATION, message[-1:])
    assert connection.response()["id"] == "Zoë😀"
    assert connection.stream.pongs == [b"still there?"]


# Frames of WebSocket


@pytest.mark.parametrize(
    "payload", [b"", b"\0\1\2", b'{"function":"Users/AccessRights","id":1}']
)
def test_a_binary_message_closes_with_1003(connection, payload):
    connection.stream.send_frame(BINARY, payload)
    assert closed_with(connection) == 1003


def test_a_binary_message_has_no_effect(tani):
    admin, name = tani.admin(), new_name()
    request = {"function": "Users/Write", "id": 1, "data": {"Username": name}}
    admin.stream.send_frame(BINARY, json.dumps(request).encode())
    assert closed_with(admin) == 1003
    assert name not in tani.admin().users()


def test_a_frame_without_a_mask_ends_the_connection(connection):
    connection.stream.raw.send(frame(0x80 | TEXT, b"{}", mask=False))
    with pytest.raises(ClosedError):
        connection.receive()


def test_noise_after_the_handshake_ends_the_connection(connection):
    connection.stream.raw.send(b"\xff" * 64 + os.urandom(1000))
    with pytest.raises(ClosedError):
        for _ in range(100):
            connection.receive()


def test_who_hangs_up_in_the_middle_of_everything_harms_nobody(tani):
    for _ in range(20):
        connection = tani.anonymous()
        connection.send({"function": "Users/Login", "id": 1, "data": NEEDED[0][1]})
        connection.close()
        connection = tani.admin()
        connection.stream.send_frame(TEXT, b'{"function":', final=False)
        connection.close()
    assert tani.admin().who == "olga"


# Sizes


def padded(size: int, function: str = "Users/AccessRights", **data: object) -> bytes:
    """Give a request with an unknown field that makes it *size* bytes long."""
    bare: Message = {"function": function, "id": 1, "data": data | {"padding": ""}}
    missing = size - len(json.dumps(bare).encode())
    bare["data"]["padding"] = "x" * missing
    message = json.dumps(bare).encode()
    assert len(message) == size
    return message


def limit(connection: Tani) -> int:
    return MIB if connection.who else 64 * KIB


def test_a_message_may_be_as_large_as_promised(connection):
    most = limit(connection)
    for _ in range(3):
        connection.send(padded(most))
        assert connection.response()["status"] == DONE


@pytest.mark.parametrize("more", [1, 1000, 3 * MIB, 16 * MIB])
def test_a_larger_message_is_answered_and_the_connection_lives_on(connection, more):
    most = limit(connection)
    connection.send(padded(most + more))
    assert no_request(connection, TOO_LARGE)
    assert works(connection)
    connection.send(padded(most))
    assert connection.response()["status"] == DONE


def test_a_larger_message_in_fragments_is_answered_once(connection):
    most = limit(connection)
    message = padded(2 * most + 5)
    step = most // 3
    pieces = [message[at : at + step] for at in range(0, len(message), step)]
    connection.stream.send_frame(TEXT, pieces[0], final=False)
    for piece in pieces[1:-1]:
        connection.stream.send_frame(CONTINUATION, piece, final=False)
    connection.stream.send_frame(CONTINUATION, pieces[-1])
    assert no_request(connection, TOO_LARGE)
    assert works(connection)


def test_requests_around_a_larger_one_are_answered_in_order(connection):
    big = padded(limit(connection) + 10)
    small: Message = {"function": "Users/AccessRights", "data": {}}
    connection.send(small | {"id": "before"})
    connection.send(big)
    connection.send(small | {"id": "between"})
    connection.send(big)
    connection.send(small | {"id": "after"})
    responses = [connection.response() for _ in range(5)]
    assert [each["id"] for each in responses] == ["before", None, "between", None, "after"]
    assert [each["status"] for each in responses] == [DONE, TOO_LARGE, DONE, TOO_LARGE, DONE]


def test_the_limit_grows_with_the_sign_in_and_shrinks_with_the_sign_out(tani):
    connection = tani.anonymous()
    size = 200 * KIB
    connection.send(padded(size))
    assert no_request(connection, TOO_LARGE)
    connection.activate(tani.admin_key)
    connection.send(padded(size))
    assert connection.response()["status"] == DONE
    connection.sign_in(tani.add())
    connection.do("Users/Logout")
    connection.send(padded(size))
    assert no_request(connection, TOO_LARGE)
    assert connection.rights() == NOBODY


def test_a_larger_write_has_no_effect(tani):
    admin, name = tani.admin(), new_name()
    admin.send(padded(MIB + 1, "Users/Write", Username=name))
    assert no_request(admin, TOO_LARGE)
    assert name not in admin.users()


def test_a_list_of_a_million_items_is_refused(tani):
    admin, name = tani.admin(), new_name()
    items = ",".join(['{"Itemname":"a"}'] * 1_000_000)
    admin.send(
        f'{{"function":"Users/Write","id":1,"data":{{"Username":"{name}","Items":[{items}]}}}}'
    )
    assert no_request(admin, TOO_LARGE)
    assert name not in admin.users()
    fitting = "[" + ",".join(['{"Itemname":"a"}'] * 60_000) + "]"
    admin.send(
        f'{{"function":"Users/Write","id":1,"data":{{"Username":"{name}","Items":{fitting}}}}}'
    )
    assert admin.response()["status"] == TOO_LARGE
    assert name not in admin.users()


@pytest.mark.parametrize("letter", ["a", "é", "\0", "\\"])
def test_texts_of_a_megabyte_are_refused(tani, letter):
    admin = tani.admin()
    size = 1_000_000 // (len(json.dumps(letter)) - 2)
    long = letter * size
    before = admin.stored()
    for function, data, statuses in (
        ("Users/Write", {"Username": long}, {WRONG, TOO_LARGE}),
        ("Users/WriteGroup", {"Groupname": long}, {WRONG, TOO_LARGE}),
        ("Users/Write", {"Username": new_name(), "Password": long}, {WRONG, TOO_LARGE}),
        ("Users/Write", {"Username": new_name(), "Items": [rule(long)]}, {WRONG, TOO_LARGE}),
        ("Users/Write", {"Username": new_name(), "Groups": [long]}, {WRONG, TOO_LARGE, 6}),
        ("Users/Delete", {"Username": long}, {WRONG, TOO_LARGE, 6}),
        ("Users/DeleteGroup", {"Groupname": long}, {WRONG, TOO_LARGE, 6}),
        ("Users/Subscribe", {"Events": [long]}, {WRONG, TOO_LARGE}),
        ("Users/" + long, {}, {2, WRONG, TOO_LARGE}),
        ("Users/Logout", {"AuthKey": long}, {NO_SESSION, WRONG, TOO_LARGE, DONE}),
        ("Users/ActivateSession", {"AuthKey": long}, {NO_SESSION, WRONG, TOO_LARGE}),
    ):
        assert admin.ask_with(function, data)["status"] in statuses, (function[:20], list(data))
    connection = tani.admin()
    data = {"Username": long, "Password": long}
    small = {
        name: text[: 25_000 // (len(json.dumps(letter)) - 2)] for name, text in data.items()
    }
    assert tani.anonymous().ask_with("Users/Login", small)["status"] in (SIGN_IN_FAILED, WRONG)
    assert connection.stored() == before


def test_a_long_list_of_groups_is_refused(tani):
    admin, name = tani.admin(), new_name()
    groups = [f"g{number}" for number in range(80_000)]
    assert admin.status("Users/Write", Username=name, Groups=groups) in (6, TOO_LARGE, WRONG)
    assert name not in admin.users()


# Nesting and numbers


@pytest.mark.parametrize("levels", [500, 1100, 20_000, 400_000])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_deep_nesting_is_passed_over_or_refused(tani, levels, brackets):
    opened, closed = brackets[:-1], brackets[-1]
    if levels * len(brackets) > MIB - KIB:
        levels = (MIB - KIB) // len(brackets)
    nest = opened * levels + ("1" if opened != "[" else "") + closed * levels
    admin = tani.admin()
    for text in (
        f'{{"function":"Users/AccessRights","id":1,"data":{{}},"nest":{nest}}}',
        f'{{"function":"Users/AccessRights","id":1,"data":{{"nest":{nest}}}}}',
        f'{{"function":"Users/AccessRights","id":{nest}}}',
        f'{{"function":{nest},"id":1}}',
        nest,
        opened * levels,
    ):
        admin.send(text)
        assert admin.response()["status"] in (DONE, WRONG)
        assert works(admin)
    anonymous = tani.anonymous()
    anonymous.send(opened * 10_000)
    assert no_request(anonymous)
    assert works(anonymous)


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "9" * 400, "1e-400", "1" + "0" * 5000, "-0", "1E5", "0.1"]
)
def test_absurd_numbers_are_answered_somehow(tani, number):
    admin = tani.admin()
    for text in (
        '{"function":"Users/AccessRights","id":HERE}',
        '{"function":"Users/AccessRights","id":1,"data":{"x":HERE}}',
        '{"function":"Users/AccessRights","id":1,"data":{},"x":HERE}',
        '{"function":"Users/List","id":1,"data":{"StartOffset":HERE}}',
        '{"function":"Users/Delete","id":1,"data":{"Username":HERE}}',
        '{"function":HERE,"id":1}',
    ):
        admin.send(text.replace("HERE", number))
        assert admin.response()["status"] in (DONE, WRONG)
        assert works(admin)


def test_random_bytes_are_answered_or_end_the_connection(tani):
    for _ in range(30):
        connection = tani.anonymous()
        for _ in range(5):
            noise = os.urandom(40).hex().encode()
            connection.send(noise)
            assert no_request(connection)
        connection.send(os.urandom(60) + b"\xff")
        assert closed_with(connection) == 1007


def test_a_request_cut_anywhere_is_no_request(tani):
    admin, name = tani.admin(), new_name()
    whole = json.dumps({"function": "Users/Write", "id": 1, "data": {"Username": name}})
    for end in range(len(whole)):
        admin.send(whole[:end])
    for _ in range(len(whole)):
        assert no_request(admin)
    assert name not in admin.users()
    admin.send(whole)
    assert admin.response()["status"] == DONE


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
def test_passwords_and_keys_are_in_no_response_and_no_log(tani):
    secret = "Secret7" + os.urandom(6).hex()
    name = tani.add(Password=secret)
    connection = tani.signed_in(name, secret)
    other = tani.anonymous()
    texts = [
        str(other.ask("Users/Login", Username=name, Password=secret + "?")),
        str(other.ask("Users/ActivateSession", AuthKey=connection.key + "?")),
        str(
            tani.admin().ask("Users/Write", Username=name, Password=secret, Groups=["nowhere"])
        ),
        str(tani.admin().ask("Users/Write", Username=name, Password=secret, Items=[secret])),
        str(tani.admin().stored()),
        tani.server.log.read_text(),
        tani.server.printed.read_text(),
    ]
    assert [text for text in texts if secret in text or connection.key in text] == []
    assert connection.status("Users/List") == FORBIDDEN
