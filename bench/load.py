"""Load in a closed loop: as soon as a lane has its replies, it sends its next requests."""

import itertools
import select
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.client import TIMEOUT, Client
from bench.process import Program

RECEIVE_SIZE = 1 << 18  # bytes


@dataclass
class Lane:
    """One connection's part: its requests, and the reply that each of them must get."""

    sock: socket.socket
    requests: Iterator[bytes]
    reply: bytes
    messages: int = 1  # in each request and each reply
    received: bytes = b""

    def send(self) -> None:
        self.sock.send(next(self.requests))

    def is_answered(self) -> bool:
        """Take what has arrived and tell whether the reply is complete.

        Raises:
            RuntimeError: it is complete and not the one expected.
        """
        received = self.sock.recv(RECEIVE_SIZE)
        if self.received or len(received) < len(self.reply):
            self.received += received
            if received and len(self.received) < len(self.reply):
                return False
            received, self.received = self.received, b""
        if received != self.reply:
            raise RuntimeError(f"expected {self.reply[:500]!r}, received {received[:500]!r}")
        return True


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


def lane(client: Client, requests: list[bytes]) -> Lane:
    """Make a lane that sends *requests* all at once; their first replies set what to expect."""
    batch = b"".join(requests)
    client.sock.sendall(batch)
    reply = b"".join(client.raw_message() for _ in requests)
    return Lane(client.sock, itertools.repeat(batch), reply, len(requests))


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
            lane.send()
        in_flight = len(lanes)
        while in_flight:
            ready = readable.poll(TIMEOUT)
            if not ready:
                raise TimeoutError(f"{in_flight} of {len(lanes)} lanes wait for a reply")
            goes_on = time.perf_counter() < end
            for number, _ in ready:
                lane = by_number[number]
                if lane.is_answered():
                    messages += lane.messages
                    if goes_on:
                        lane.send()
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
