"""Load in a closed loop: as soon as a lane has its replies, it sends its next requests."""

import itertools
import select
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.process import Program
from bench.wire import TIMEOUT, Wire

RECEIVE_SIZE = 1 << 16  # bytes; more would be mapped anew for each read


class Lane:
    """One connection's part: its requests, and the reply that each of them must get.

    Args:
        sock: where to send and receive.
        requests: what to send, endlessly.
        reply: what each of them is answered with, always the same.
        messages: how many are in each request and each reply.
    """

    def __init__(
        self, sock: socket.socket, requests: Iterator[bytes], reply: bytes, messages: int = 1
    ) -> None:
        self.sock = sock
        self.requests = requests
        self.reply = reply
        self.messages = messages
        # Bound once: the load must be quicker than the server, or it measures the server's idling.
        self.send, self.receive = sock.send, sock.recv
        self.next = requests.__next__
        self.size = len(reply) + 1

    def complete(self, received: bytes) -> None:
        """Wait for the rest of a reply that begins with *received*.

        Raises:
            RuntimeError: it is not the reply expected.
        """
        while received and self.reply.startswith(received):
            if received == self.reply:
                return
            select.select([self.sock], [], [], TIMEOUT)
            received += self.receive(self.size)
        raise RuntimeError(f"expected {self.reply[:500]!r}, received {received[:500]!r}")


@dataclass(frozen=True)
class Run:
    messages: int
    wall: float  # seconds
    cpu: float  # seconds of the program under load

    @property
    def cost(self) -> float:
        """CPU seconds per message."""
        return self.cpu / self.messages

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.wall


def lane(wire: Wire, requests: list[bytes]) -> Lane:
    """Make a lane that sends *requests* all at once; their first replies set what to expect."""
    batch = b"".join(requests)
    wire.sock.sendall(batch)
    reply = b"".join(wire.raw_message() for _ in requests)
    return Lane(wire.sock, itertools.repeat(batch), reply, len(requests))


def drive(program: Program, lanes: list[Lane], seconds: float) -> Run:
    """Keep all *lanes* busy for that long, wait for the last replies, and say what it cost."""
    by_number = {lane.sock.fileno(): lane for lane in lanes}
    messages = 0
    with select.epoll() as readable:
        for number, lane in by_number.items():
            lane.sock.settimeout(0.0)
            readable.register(number, select.EPOLLIN)
        before = program.cpu()
        start = time.perf_counter()
        end = start + seconds
        for lane in lanes:
            lane.send(lane.next())
        in_flight = len(lanes)
        while in_flight:
            ready = readable.poll(TIMEOUT)
            if not ready:
                raise TimeoutError(f"{in_flight} of {len(lanes)} lanes wait for a reply")
            goes_on = time.perf_counter() < end
            for number, _ in ready:
                lane = by_number[number]
                if (received := lane.receive(lane.size)) != lane.reply:
                    lane.complete(received)
                messages += lane.messages
                if goes_on:
                    lane.send(lane.next())
                else:
                    in_flight -= 1
        run = Run(messages, time.perf_counter() - start, program.settled_cpu() - before)
    for lane in lanes:
        lane.sock.settimeout(TIMEOUT)
    return run


def receive(socks: Iterable[socket.socket], size: int) -> None:
    """Read until every one of *socks* has had *size* bytes and the end of a message.

    Raises:
        TimeoutError: some are still missing bytes.
        ConnectionError: some were closed instead.
    """
    missing = {sock.fileno(): size for sock in socks}
    by_number = {sock.fileno(): sock for sock in socks}
    with select.epoll() as readable:
        for number in missing:
            readable.register(number, select.EPOLLIN)
        while missing:
            ready = readable.poll(TIMEOUT)
            if not ready:
                raise TimeoutError(f"{len(missing)} connections heard too little")
            for number, _ in ready:
                received = by_number[number].recv(RECEIVE_SIZE)
                if not received:
                    raise ConnectionError("a connection was closed")
                missing[number] -= len(received)
                if missing[number] <= 0 and received.endswith(b"\n"):
                    del missing[number]
                    readable.unregister(number)
