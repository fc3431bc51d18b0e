"""Clients that speak as little as the load needs, written from the protocols."""

import itertools
import json
import socket
from pathlib import Path
from typing import Any

from bench.wire import TIMEOUT, Wire
from keystead.store.folder import Folder

USER_NAME = "administrator"
PASSWORD = "Correct-Horse-42"


class Client:
    """One connection over nymea JSON-RPC.

    Attributes:
        token: sent with every request once it is known.
    """

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        """Connect to *url*, ``nymea:`` or ``http:``, with a *receive_buffer* of that many bytes."""
        self.wire = Wire(url, receive_buffer=receive_buffer)
        self.token: str | None = None
        self._ids = itertools.count(1)

    def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """Call *method* and give back the params of its reply.

        Raises:
            RuntimeError: the reply reports an error.
        """
        number = next(self._ids)
        self.wire.sock.sendall(self.request(method, params, number=number))
        while True:
            reply = json.loads(self.wire.message())
            if "notification" not in reply:
                break
        if reply.get("id") != number or reply.get("status") != "success":
            raise RuntimeError(f"{method}: {reply}")
        given: dict[str, Any] = reply["params"]
        if given.get("error", "UserErrorNoError") != "UserErrorNoError":
            raise RuntimeError(f"{method}: {reply}")
        return given

    def request(self, method: str, params: dict[str, Any], *, number: int) -> bytes:
        """Give the bytes on the wire of a request with the id *number*."""
        request = {"id": number, "method": method, "params": params}
        if self.token is not None:
            request["token"] = self.token
        return self.wire.packed(_json(request))

    def set_up(self) -> str:
        """Make the administrator of a fresh directory, sign in, and give back the token."""
        self.call("JSONRPC.Hello")
        self.call("JSONRPC.CreateUser", username=USER_NAME, password=PASSWORD)
        signed_in = self.call(
            "JSONRPC.Authenticate", username=USER_NAME, password=PASSWORD, deviceName="bench"
        )
        self.token = str(signed_in["token"])
        return self.token

    def sign_in(self, token: str) -> None:
        """Say hello with *token*.

        Raises:
            RuntimeError: the server does not know it.
        """
        self.token = token
        if not self.call("JSONRPC.Hello").get("authenticated"):
            raise RuntimeError("the token is not known")


class TaniClient:
    """One connection over Tani frames."""

    def __init__(self, url: str) -> None:
        """Connect to the ``http:`` listener at *url*."""
        self.wire = Wire(f"{url}/tani")
        self._ids = itertools.count(1)

    def call(self, function: str, /, **data: Any) -> dict[str, Any]:
        """Call *function* and give back the data of its response.

        Raises:
            RuntimeError: the response reports an error.
        """
        number = next(self._ids)
        self.wire.sock.sendall(self.request(function, data, number=number))
        response = json.loads(self.wire.message())
        if response.get("id") != number or response.get("status") != 0:
            raise RuntimeError(f"{function}: {response}")
        given: dict[str, Any] = response["data"]
        return given

    def request(self, function: str, data: dict[str, Any], *, number: int) -> bytes:
        """Give the bytes on the wire of a request with the id *number*."""
        return self.wire.packed(_json({"function": function, "id": number, "data": data}))

    def set_up(self) -> None:
        """Make the administrator of a fresh directory."""
        self.call("Users/Write", Username=USER_NAME, Password=PASSWORD, UserEdit=True)

    def log_in(self) -> None:
        """Sign in as the administrator."""
        self.call("Users/Login", Username=USER_NAME, Password=PASSWORD)


class OwnerClient:
    """One connection to the Unix socket in the data folder of a running server."""

    def __init__(self, folder: Path) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT)
        with Folder(folder).control_address() as address:
            sock.connect(address)
        self._sock = sock
        self._answers = sock.makefile("rb")

    def call(self, command: str, /, **params: Any) -> Any:
        """Have *command* carried out and give back its result.

        Raises:
            RuntimeError: it was not done.
        """
        self._sock.sendall(_json({"command": command, "params": params}) + b"\n")
        answer = json.loads(self._answers.readline())
        if answer["outcome"] != "done":
            raise RuntimeError(f"{command}: {answer}")
        return answer["result"]


def signed_in(url: str, tokens: list[str]) -> list[Client]:
    """Open a connection for each of *tokens*, signed in with it."""
    clients = []
    for token in tokens:
        client = Client(url)
        client.sign_in(token)
        clients.append(client)
    return clients


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
