"""The promise: any messages are answered with one response each, in order; nothing fails.

Whatever is asked, the rights that a connection is shown are those that it has.
"""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.access import manages_users
from keystead.domain.model import Scope, with_groups
from keystead.tani.errors import Status
from keystead.tani.face import Limits
from keystead.tani.methods import catalogue
from tests.doubles import PASSWORD
from tests.tani_box import Box, Line

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
        *("olga", "ann", "ANN", "nobody", "crew", "anonymous", PASSWORD, "weak", "key", ""),
        *("UsersChanged", "AccessRightsChanged", "Objects.Plant", "\u0315\u0316" * 40),
    ]
)
rules = st.fixed_dictionaries(
    {"Itemname": known | texts},
    optional={"Prefix": st.booleans(), "Write": st.booleans(), "Read": values},
)
likely = (
    known
    | st.booleans()
    | st.integers(0, 3)
    | st.none()
    | st.lists(known, max_size=3)
    | st.lists(rules, max_size=3)
)


def requests_of(function: str) -> st.SearchStrategy[dict[str, object]]:
    """Give requests to *function* that are mostly well-formed and often valid."""
    fields = msgspec.structs.fields(catalogue.methods[function].params)
    keys = {field.encode_name: likely | values for field in fields}
    data = st.fixed_dictionaries({}, optional=keys)
    return st.fixed_dictionaries(
        {"function": st.just(function), "id": st.integers(0, 99) | scalars},
        optional={
            "data": data | data | data | st.dictionaries(texts, values, max_size=2) | values
        },
    )


requests = st.sampled_from(sorted(catalogue.methods)).flatmap(requests_of)
odd_requests = st.dictionaries(
    st.sampled_from(["id", "function", "data", "status", "event", "more"]), values, max_size=5
)


def signed_in(name: str = "ann", *, authentication: bool = True) -> Line:
    """Open a connection of somebody in a box of an administrator, a user editor and a group."""
    box = Box(limits=Limits(message_before_sign_in=1000, message=2000))
    crew = box.group("crew", Scope.DIAG)
    box.add("olga", Scope.ADMIN)
    box.add("ann", Scope.USER_EDIT, groups=[crew])
    line = box.connect(authentication=authentication)
    if name:
        line.login(name)
    line.subscribe("UsersChanged", "AccessRightsChanged")
    line.read()
    return line


def written(request: dict[str, object], line: Line) -> bytes:
    """Write a request, which carries the right key where it says ``key``."""
    text = json.dumps(request).replace("Infinity", "1e999")
    return text.replace('"AuthKey": "key"', f'"AuthKey": "{line.key}"').encode()


def talk(line: Line, messages: list[bytes]) -> list[dict[str, object]]:
    """Send *messages*, and check that each has its one response; give those."""
    found = []
    for message in messages:
        responses = [each for each in line.send(message) if "event" not in each]
        assert len(responses) == 1
        assert responses[0].get("error") != "Internal error."
        found += responses
    line.events()  # which checks that each is as declared
    shown = line.who
    rights = with_groups(line.session.scopes, [line.box.bus.anonymous.group])
    assert shown["UserEdit"] is manages_users(rights)
    assert shown["Diag"] is (Scope.DIAG in rights)
    assert (shown["Username"] == "") is (line.session.principal is None)
    return found


@pytest.mark.clause("EN 18031-1 GEC-6")
@given(st.lists(st.binary(max_size=60), max_size=8), st.sampled_from(["", "olga"]))
def test_any_bytes_are_answered(messages, name):
    talk(signed_in(name), messages)


@given(st.lists(st.sampled_from(list('{}[]":,\\ \n\r\tx0-e.\ufeff')), max_size=80))
def test_any_fragments_of_json_are_answered(fragments):
    talk(signed_in("", authentication=False), ["".join(fragments).encode()])


@pytest.mark.clause("EN 18031-1 GEC-6")
@given(st.lists(requests | odd_requests, max_size=8), st.sampled_from(["", "ann", "olga"]))
def test_any_requests_are_answered(asked, name):
    line = signed_in(name)
    talk(line, [written(request, line) for request in asked])


@given(st.lists(requests | odd_requests, max_size=8), st.sampled_from(["", "olga"]))
def test_any_requests_without_authentication_are_answered(asked, name):
    line = signed_in(name, authentication=False)
    talk(line, [written(request, line) for request in asked])


@given(st.lists(requests, max_size=6))
def test_any_requests_to_an_empty_box_are_answered(asked):
    line = Box().connect()
    talk(line, [written(request, line) for request in asked])


@given(st.lists(requests, min_size=1, max_size=4), st.data())
def test_requests_with_a_fault_in_their_bytes_are_answered(asked, data):
    line = signed_in("olga")
    messages = []
    for request in asked:
        message = bytearray(written(request, line))
        for _ in range(data.draw(st.integers(0, 3))):
            place = data.draw(st.integers(0, len(message)))
            end = place + data.draw(st.integers(0, 20))
            message[place:end] = data.draw(st.binary(max_size=3))
        messages.append(bytes(message))
    talk(line, messages)


@given(st.lists(requests | odd_requests, max_size=8), st.integers(1, 4))
def test_how_requests_come_together_changes_no_response(asked, slice_of):
    one_by_one, together = signed_in("olga"), signed_in("olga")
    messages = [written(request, one_by_one) for request in asked]
    assert one_by_one.key == together.key
    at_once = [m for m in together.send(*messages, slice_of=slice_of) if "event" not in m]
    assert at_once == talk(one_by_one, messages)


@pytest.mark.clause("IEC 62443-4-2 CR 2.1")
@given(st.lists(st.tuples(requests, st.integers(0, 2)), max_size=10))
def test_whatever_many_do_at_once_nobody_gains_rights(asked):
    line = signed_in("ann")
    box = line.box
    root = box.add("root", Scope.ADMIN, password=None)
    lines = [line, box.connect(), box.connect()]
    for request, index in asked:
        other = lines[index]
        if other.session.job is None:
            other.session.receive([written(request, other).replace(b'"olga"', b'"root"')])
            other.peer.pushed.extend(other.session.advance(1))
        elif index:
            other.end()
    for other in lines:
        other.end()
        assert other.session.scopes & ~(Scope.USER_EDIT | Scope.DIAG) == Scope.NONE
        assert other.ask("Users/AccessRights")["status"] == Status.OK
    assert box.user("root") == root
