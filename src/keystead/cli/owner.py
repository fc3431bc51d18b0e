"""Carrying out the owner's commands: by the running server, or in its place."""

import asyncio
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from keystead import CannotError
from keystead.control.calls import Answer, Call, call
from keystead.control.session import MAX_LINE
from keystead.settings import Settings
from keystead.store.folder import Folder, FolderInUseError
from keystead.store.sqlite_file import StoreError

T = TypeVar("T")

START_PATIENCE = 5.0  # seconds in which a server that is just starting must answer
_PAUSE = 0.05  # seconds between two tries


class RefusedByRulesError(Exception):
    """The rules said no; the message says why."""


class NoServerError(CannotError):
    """A server is needed, and none runs."""


def carry_out(
    settings: Settings, command: str, params: Mapping[str, Any], *, needs_server: bool = False
) -> Answer:
    """Carry a command out and give what came of it.

    Args:
        settings: which data folder.
        command: its name in ``control.catalogue``.
        params: its parameters, as JSON values.
        needs_server: whether it makes sense with a running server only.

    Raises:
        StoreError: the data folder is missing, or its database cannot be used.
        NoServerError: a server is needed, and none runs.
    """
    folder = Folder(Path(settings.data))
    if not folder.path.is_dir():
        raise StoreError(f"There is no data folder {folder.path}.")
    request = Call(command, dict(params))
    until = time.monotonic() + START_PATIENCE
    while True:
        answer = _ask_server(folder, request)
        if answer is not None:
            return answer
        try:
            return _instead_of_server(settings, request, needs_server=needs_server)
        except FolderInUseError:  # a server that is starting or stopping
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def done(
    settings: Settings, command: str, params: Mapping[str, Any], *, needs_server: bool = False
) -> None:
    """Have a command carried out.

    Raises:
        RefusedByRulesError: the rules say no.
        CannotError: the command was not understood, or ``carry_out`` says so.
    """
    result(settings, command, params, object, needs_server=needs_server)


def result(
    settings: Settings,
    command: str,
    params: Mapping[str, Any],
    shape: type[T],
    *,
    needs_server: bool = False,
) -> T:
    """Have a command carried out and give its result.

    Raises:
        RefusedByRulesError: the rules say no.
        CannotError: the command was not understood, or ``carry_out`` says so.
    """
    plain = msgspec.to_builtins(params, enc_hook=int)
    answer = carry_out(settings, command, plain, needs_server=needs_server)
    if answer.outcome == "refused":
        raise RefusedByRulesError(answer.text)
    if answer.outcome == "wrong":
        raise CannotError(answer.text)
    return msgspec.json.decode(answer.result, type=shape)


def _ask_server(folder: Folder, request: Call) -> Answer | None:
    """Let the running server carry it out; None when none runs."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with folder.control_address() as address:
                connection.connect(address)
            question = msgspec.json.encode(request)
            if len(question) > MAX_LINE:
                raise StoreError("This is too much for a running server; stop it first.")
            connection.sendall(question + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise StoreError(f"The server cannot be asked: {error.strerror}.") from error
    if not line.endswith(b"\n"):
        raise StoreError("The server stopped before it answered; look whether it was done.")
    return msgspec.json.decode(line, type=Answer)


def _instead_of_server(settings: Settings, request: Call, *, needs_server: bool) -> Answer:
    from keystead import app  # noqa: PLC0415 - a running server spares us its libraries

    with app.data_folder(settings) as folder:
        if needs_server:
            raise NoServerError(f"No server runs on the data folder {settings.data}.")
        with app.directory_in(folder, settings) as directory:
            return asyncio.run(call(app.desk(directory), request))
