"""The bare uvloop programs that Keystead is compared with, as processes of their own.

``python -m bench.raw echo REQUEST REPLY`` answers every REQUEST bytes with REPLY bytes.
``python -m bench.raw announce SIZE`` writes SIZE bytes to every other connection, for every
byte that its first connection sends. Each prints the port it listens on.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import uvloop

from bench.process import Program, running


class Echo(asyncio.Protocol):
    def __init__(self, request_size: int, reply_size: int) -> None:
        self.request_size = request_size
        self.reply = b"x" * reply_size
        self.pending = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        requests, self.pending = divmod(self.pending + len(data), self.request_size)
        if requests:
            self.write(self.reply * requests)


class Announcer(asyncio.Protocol):
    def __init__(self, payload: bytes, transports: list[asyncio.Transport]) -> None:
        self.payload = payload
        self.transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transports.append(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        payload = self.payload
        for transport in self.transports[1:]:
            transport.write(payload)


async def _serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def bare(cores: set[int], *arguments: str | int) -> Iterator[tuple[Program, int]]:
    """Run this module with *arguments* until the block ends; gives the process and its port."""
    command = [sys.executable, "-m", "bench.raw", *map(str, arguments)]
    with running(command, cores=cores, stdout=subprocess.PIPE) as program:
        assert program.popen.stdout is not None
        yield program, int(program.popen.stdout.readline())


def main(name: str, *sizes: int) -> None:
    """Serve until stopped."""
    match name, sizes:
        case "echo", (request, reply):
            uvloop.run(_serve(lambda: Echo(request, reply)))
        case "announce", (size,):
            transports: list[asyncio.Transport] = []
            uvloop.run(_serve(lambda: Announcer(b"x" * (size - 1) + b"\n", transports)))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
