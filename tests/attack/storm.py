"""A storm of wrong passwords from many addresses, as a program of its own: see ``main``."""

import argparse
import asyncio
import base64
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.acceptance.client import TEXT, frame
from tests.acceptance.tani_client import BUSY, DONE, SIGN_IN_FAILED

PATIENCE = 30.0  # seconds for one answer


@dataclass(frozen=True)
class Target:
    """Where to guess, and at whom.

    Attributes:
        url: of a nymea listener, or of an http listener for Tani frames.
        name: the account.
    """

    url: str
    name: str

    @property
    def is_tani(self) -> bool:
        return urlsplit(self.url).scheme == "http"


def source(number: int) -> str:
    """Give the address of that number; none of them is 127.0.0.1."""
    return f"127.1.{number // 250}.{1 + number % 250}"


async def main() -> None:
    """Guess as the arguments say; print what came of it as JSON: a number for each outcome."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("--guesses", type=int, required=True)
    parser.add_argument("--sources", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=50)
    given = parser.parse_args()
    os.nice(19)  # a real storm takes no time from the machine it comes to
    target = Target(given.url, given.name)
    outcomes: Counter[str] = Counter()
    numbers = iter(range(given.guesses))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(given.at_once):
            tasks.create_task(_guess(target, numbers, given.sources, outcomes))
    sys.stdout.write(json.dumps(outcomes))


async def _guess(target: Target, numbers, sources: int, outcomes: Counter[str]) -> None:
    for number in numbers:
        try:
            async with asyncio.timeout(PATIENCE):
                outcomes[await _once(target, source(number % sources), f"Wrong7-{number}")] += 1
        except (OSError, asyncio.IncompleteReadError):
            outcomes["connection ended"] += 1
        except TimeoutError:
            outcomes["no answer"] += 1


async def _once(target: Target, address: str, password: str) -> str:
    parts = urlsplit(target.url)
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port, local_addr=(address, 0)
    )
    try:
        if target.is_tani:
            return await _login(reader, writer, target.name, password)
        return await _authenticate(reader, writer, target.name, password)
    finally:
        writer.transport.abort()


async def _authenticate(reader, writer, name: str, password: str) -> str:
    params = {"username": name, "password": password, "deviceName": "guess"}
    for number, method in enumerate(("JSONRPC.Hello", "JSONRPC.Authenticate")):
        request = {"id": number, "method": method, "params": params if number else {}}
        writer.write(json.dumps(request).encode() + b"\n")
    await reader.readline()
    if not (line := await reader.readline()):
        return "connection ended"
    reply = json.loads(line)
    if reply["status"] != "success":
        return "told to wait" if "retryAfter" in reply else "busy"
    return "signed in" if reply["params"]["success"] else "wrong"


async def _login(reader, writer, name: str, password: str) -> str:
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /tani HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    data = {"Username": name, "Password": password}
    request = {"function": "Users/Login", "id": 1, "data": data}
    writer.write(frame(0x80 | TEXT, json.dumps(request).encode()))
    _, length = await reader.readexactly(2)
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2))
    reply = json.loads(await reader.readexactly(length))
    if reply["status"] == BUSY and "failed" in reply["error"]:
        return "told to wait"
    return {DONE: "signed in", SIGN_IN_FAILED: "wrong", BUSY: "busy"}[reply["status"]]


if __name__ == "__main__":
    asyncio.run(main())
