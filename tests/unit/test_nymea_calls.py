"""What is written down of a handler's result, according to the method's definition."""

from typing import Any

import msgspec
import pytest

from keystead.domain.access import OPEN
from keystead.nymea import calls
from keystead.nymea.catalogue import with_error
from keystead.rpc.method import Catalogue
from tests.nymea_box import as_declared

catalogue: Catalogue[Any] = Catalogue(rename="camel", returns_rule=with_error)
method = catalogue.method


class Answer(msgspec.Struct):
    b_side: int
    a_side: int


@method("Test.Nothing", access=OPEN)
def nothing(session: None) -> None:
    pass


@method("Test.RefusableNothing", access=OPEN, refusable=True)
def refusable_nothing(session: None) -> None:
    pass


@method("Test.Value", access=OPEN, returns="theValue")
def value(session: None) -> int:
    return 5


@method("Test.NoValue", access=OPEN, refusable=True, returns="theValue")
def no_value(session: None) -> int | None:
    return None


@method("Test.RefusableValue", access=OPEN, refusable=True, returns="theValue")
def refusable_value(session: None) -> int:
    return 5


@method("Test.Whole", access=OPEN)
def whole(session: None) -> Answer:
    return Answer(b_side=2, a_side=1)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Test.Nothing", b"{}"),
        ("Test.RefusableNothing", b'{"error":"UserErrorNoError"}'),
        ("Test.Value", b'{"theValue":5}'),
        ("Test.NoValue", b'{"error":"UserErrorNoError","theValue":null}'),
        ("Test.RefusableValue", b'{"error":"UserErrorNoError","theValue":5}'),
        ("Test.Whole", b'{"a_side":1,"b_side":2}'),
    ],
)
def test_a_result_is_written_as_its_definition_says(name, written):
    found = calls.at_once(None, catalogue.methods[name], {})  # type: ignore[arg-type]
    assert found == written
    returned = msgspec.json.decode(found)
    assert as_declared(catalogue.methods[name].returns, returned) == returned


def test_a_method_that_can_refuse_may_return_its_error_alone():
    returns = catalogue.methods["Test.RefusableValue"].returns
    assert as_declared(returns, {"error": "UserErrorBackendError"}) == {
        "error": "UserErrorBackendError"
    }


def test_a_method_that_can_refuse_always_returns_an_error():
    with pytest.raises(msgspec.ValidationError, match="error"):
        as_declared(catalogue.methods["Test.RefusableValue"].returns, {"theValue": 5})
