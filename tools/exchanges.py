"""Examples that nobody writes down: requests, and what a server says to them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], list[Message]]
"""Sends a request, and gives what comes up to its reply, which is the last."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """What is shown of a story.

    Attributes:
        asked: the last request and reply of each method, by its name.
        told: the first of each notification or event, by its name.
    """

    asked: dict[str, tuple[Message, Message]] = field(default_factory=dict)
    told: dict[str, Message] = field(default_factory=dict)


def filled(value: Any, known: dict[str, str]) -> Any:
    """Put what came first in the place of the names that stand for it, such as ``$TOKEN``.

    >>> filled({"token": "$TOKEN", "params": {}}, {"$TOKEN": "secret"})
    {'token': 'secret', 'params': {}}
    """
    match value:
        case dict():
            return {key: filled(inner, known) for key, inner in value.items()}
        case str():
            return known.get(value, value)
        case _:
            return value


def example(title: str, message: Message) -> str:
    """Write a message as people read it."""
    text = json.dumps(message, indent=2, ensure_ascii=False)
    return f'```json title="{title}"\n{text}\n```\n'
