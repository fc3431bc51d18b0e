"""The JSON under an introspection: parsed, with every name unique, and places to point at."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from keystead import CannotError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_DEEPEST = 32  # levels; nymea's own description has 6
_SHOWN = 3  # problems in one line of message


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in the document: where, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place or 'the document'}: {self.reason}"


class IntrospectionError(CannotError):
    """The document is no introspection; the message names the first problems.

    Attributes:
        problems: all of them.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        left = len(problems) - _SHOWN
        more = (f"and {left} more",) if left > 0 else ()
        shown = "; ".join((*map(str, problems[:_SHOWN]), *more))
        super().__init__(f"The introspection is broken: {shown}.")
        self.problems = problems


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        is_unique = len(keys) == len(self)
        self.twice = () if is_unique else sorted({key for key in keys if keys.count(key) > 1})


def parsed(document: bytes) -> Any:
    """Give the JSON value that *document* holds.

    Raises:
        IntrospectionError: it is not JSON in UTF-8, is nested too deeply, has a name twice in one
            object, or a text that no file can hold.
    """
    value = _loaded(document)
    if problems := tuple(_faults(value, "", 0)):
        raise IntrospectionError(problems)
    return value


def inside(place: str, key: str) -> str:
    """Name a place below another.

    >>> inside(inside("methods", "Users.CreateUser"), "params")
    'methods["Users.CreateUser"].params'
    """
    if not NAME.fullmatch(key):
        return f"{place}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{place}.{key}" if place else key


def _loaded(document: bytes) -> Any:
    try:
        return json.loads(
            document.decode("utf-8-sig"),
            object_pairs_hook=_Object,
            parse_constant=_refuse,
            parse_int=lambda digits: 0,  # however many; an introspection has no numbers
        )
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = f"it is not JSON in UTF-8: {error}"
    raise IntrospectionError((Problem("", reason),))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _faults(value: Any, place: str, depth: int) -> Iterator[Problem]:
    match value:
        case _Object() | list() if depth == _DEEPEST:
            yield Problem(place, "it is nested too deeply")
        case _Object():
            for key in value.twice:
                yield Problem(inside(place, key), "the name is there twice")
            for key, inner in value.items():
                yield from _faults(key, place, depth + 1)
                yield from _faults(inner, inside(place, key), depth + 1)
        case list():
            for index, inner in enumerate(value):
                yield from _faults(inner, f"{place}[{index}]", depth + 1)
        case str() if not _is_text(value):
            yield Problem(place, "half a surrogate pair is no text")
        case _:
            pass


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
