"""Calling a command by name, with JSON in and JSON out."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from keystead.control.catalogue import Desk, catalogue
from keystead.domain.refusal import RefusedError
from keystead.rpc.method import Kind, Method


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a command.

    Attributes:
        outcome: "done"; "refused" when the rules say no; "wrong" when it was not understood.
        text: why not.
        reason: the name of the refusal.
        result: what the command gives, encoded.
    """

    outcome: Literal["done", "refused", "wrong"]
    text: str = ""
    reason: str = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


class Call(msgspec.Struct, frozen=True):
    """A command with its parameters."""

    command: str
    params: dict[str, Any] = {}


async def call(desk: Desk, request: Call) -> Answer:
    """Carry a command out."""
    method = catalogue.methods.get(request.command)
    if method is None:
        return Answer("wrong", f"There is no command {request.command}.")
    try:
        params = msgspec.convert(request.params, method.params)
    except msgspec.ValidationError as error:
        return Answer("wrong", f"The parameters of {request.command} are wrong: {error}.")
    arguments = {name: getattr(params, name) for name in method.params.__struct_fields__}
    try:
        result = await _result(desk, method, arguments)
    except RefusedError as refused:
        return Answer("refused", refused.reason.value, refused.reason.name)
    return Answer("done", result=msgspec.Raw(msgspec.json.encode(result)))


async def _result(desk: Desk, method: Method[Desk], arguments: Mapping[str, Any]) -> Any:
    result = await method.handler(desk, **arguments)
    if method.kind is Kind.LISTING:
        return [row async for rows in result.portions for row in rows]
    return result
