"""The promise: any bytes in any cuts are answered with lines of JSON, or close; nothing fails.

How well-formed requests are cut changes nothing in the replies.
"""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.nymea.catalogue import catalogue
from keystead.nymea.face import Limits
from tests.doubles import PASSWORD
from tests.nymea_box import Box, Line

UUID = "11111111-2222-3333-4444-555555555555"
STATUSES = {"success", "error", "unauthorized"}

cuts = st.lists(st.integers(0, 600), max_size=8)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
huge = st.sampled_from([2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | huge
    | st.floats(allow_nan=False)  # infinity is written as a number beyond all bounds
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
known = st.sampled_from(
    [
        *("olga", "ann", "ANN", "nobody", PUSH_BUTTON_USER, PASSWORD, "weak", UUID),
        *("true", "Users", "JSONRPC", "PermissionScopeAdmin", "PermissionScopeControlThings"),
    ]
)
likely = known | st.booleans() | st.none() | st.lists(known, max_size=3)


def requests_of(method: str) -> st.SearchStrategy[dict[str, object]]:
    """Give requests to *method* that are mostly well-formed and often valid."""
    fields = msgspec.structs.fields(catalogue.methods[method].params)
    keys = {field.encode_name: likely | values for field in fields}
    params = st.fixed_dictionaries({}, optional=keys)
    return st.fixed_dictionaries(
        {
            "id": st.integers(0, 99) | scalars,
            "method": st.just(method),
            "params": params | st.dictionaries(texts, values, max_size=2) | values,
            "token": st.sampled_from(["bound"] * 8 + ["stale", ""]) | scalars,
        }
    )


requests = st.sampled_from(sorted(catalogue.methods)).flatmap(requests_of)
plain_requests = st.fixed_dictionaries(
    {
        "id": st.integers(0, 99) | huge,
        "method": st.sampled_from(sorted(catalogue.methods)) | texts,
        "params": st.just({}) | values,
        "token": st.sampled_from(["bound"] * 8 + ["stale", ""]),
    }
)
odd_requests = st.dictionaries(
    st.sampled_from(["id", "method", "params", "token", "more"]), values, max_size=5
)
separators = st.sampled_from([b"\n", b"", b"\r\n", b" ", b"}\n{", b"\x00", b"\xef\xbb\xbf"])


def signed_in() -> Line:
    """Open a connection of an administrator beside whom there is another."""
    box = Box(limits=Limits(message_before_sign_in=1000, message=2000))
    box.add("olga", Scope.ADMIN)
    box.add("ann", Scope.ADMIN)
    line = box.greet(box.token("ann"))
    line.subscribe("Users")
    line.read()
    return line


def written(request: dict[str, object], line: Line) -> bytes:
    """Write a request, which carries the right token where it says ``bound``."""
    if request.get("token") == "bound":
        request = request | {"token": line.token}
    return json.dumps(request).replace("Infinity", "1e999").encode()


def portions(stream: bytes, places: list[int]) -> list[bytes]:
    inner = sorted({place for place in places if 0 < place < len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise([0, *inner, len(stream)])]


def talk(line: Line, chunks: list[bytes]) -> list[dict[str, object]]:
    """Send what is sent before a close, and check that only messages come back."""
    messages = []
    for chunk in chunks:
        if line.is_closed:
            break
        messages += line.send(chunk)  # checks that each is one line of JSON
    for message in messages:
        assert "notification" in message or message["status"] in STATUSES
        assert "Internal error." not in message.values()
    return messages


@pytest.mark.clause("EN 18031-1 GEC-6")
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_of_a_stranger_are_answered_or_close(chunks):
    talk(Box().connect(), chunks)


@given(st.binary(max_size=120), cuts)
def test_any_bytes_after_the_handshake_are_answered_or_close(stream, places):
    talk(Box().greet(authentication=False), portions(stream, places))


@given(st.lists(st.sampled_from(list('{}[]":,\\ \n\r\tx0-e.\ufeff')), max_size=80), cuts)
def test_any_fragments_of_json_are_answered_or_close(fragments, places):
    stream = "".join(fragments).encode()
    talk(Box().greet(authentication=False), portions(stream, places))


@pytest.mark.clause("EN 18031-1 GEC-6")
@given(st.lists(st.tuples(requests | odd_requests, separators), max_size=6), cuts)
def test_any_requests_of_an_administrator_are_answered_or_close(asked, places):
    line = signed_in()
    stream = b"".join(written(request, line) + separator for request, separator in asked)
    talk(line, portions(stream, places))


@given(st.lists(requests, max_size=4), st.data())
def test_requests_with_a_fault_in_their_bytes_are_answered_or_close(asked, data):
    line = signed_in()
    stream = bytearray(b"\n".join(written(request, line) for request in asked) + b"\n")
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(stream) - 1))
        change = data.draw(st.sampled_from(["replace", "insert", "delete"]))
        end = place if change == "insert" else place + data.draw(st.integers(1, 20))
        fault = b"" if change == "delete" else data.draw(st.binary(min_size=1, max_size=3))
        stream[place:end] = fault
        stream += b"\n"
    talk(line, portions(bytes(stream), data.draw(cuts)))


@given(st.lists(plain_requests, max_size=3) | st.lists(requests, max_size=6), cuts)
def test_how_well_formed_requests_are_cut_changes_no_reply(asked, places):
    whole, cut = signed_in(), signed_in()
    stream = b"".join(written(request, whole) + b"\n" for request in asked)
    assert whole.token == cut.token
    assert talk(whole, [stream]) == talk(cut, portions(stream, places))
    assert whole.is_closed == cut.is_closed


@given(st.lists(st.sampled_from(sorted(catalogue.methods)), max_size=8), st.integers(1, 4))
def test_replies_come_in_the_order_of_the_requests_whatever_the_slices(methods, slice_of):
    line = signed_in()
    stream = b"".join(line.request(method) for method in methods)
    line.session.receive([stream])
    line.work_off(slice_of)
    ids = [message["id"] for message in line.read() if "notification" not in message]
    assert ids == sorted(ids)
    assert line.is_closed or len(ids) == len(methods)
