"""Hashes of passwords, and the threads that compute them."""

import asyncio
import base64
import ctypes
import hashlib
import hmac
import os
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import argon2
from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from keystead.domain.passwords import normalised
from keystead.domain.throttle import Lane
from keystead.hashing.turns import Turns
from keystead.threads import Threads

T = TypeVar("T")

# Source: OWASP Password Storage Cheat Sheet, second of the equal choices; RFC 9106.
MEMORY_COST = 19 * 1024  # KiB
TIME_COST = 2
PARALLELISM = 1

# What a stored hash may cost at most, so that an imported one takes neither all memory nor hours.
MOST_MEMORY = 1024 * 1024  # KiB
MOST_TIME = 64
MOST_PARALLELISM = 16
LEAST_MEMORY = 12 * 1024  # KiB; with less a hash is weak at any time cost.  Source: ASVS 5.0 C

SALT_SIZE = 16  # bytes
HASH_SIZE = 32  # bytes

_SALT_AND_HASH = r"[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"  # of those sizes, in base64

NICENESS = 10  # of the hashing threads, so that a storm of sign-ins delays nobody else
REST = 0.25  # seconds without work after which the memory of the hashes is given back
AHEAD = 1  # hash handed over before a thread is free, so that none waits for the event loop
WAITING_PER_CORE = 32  # hashes that may wait, about a second's worth

NYMEA_SCHEME = "$nymea-sha512$"  # imported hashes: one round of SHA-512 over password and salt


class Argon2Hasher:
    """Hashes on one low-priority thread per core; refuses when too many wait already.

    Args:
        memory_cost: KiB that a hash fills.
        time_cost: how often it does.
        parallelism: threads that share in one hash.
    """

    def __init__(
        self,
        memory_cost: int = MEMORY_COST,
        time_cost: int = TIME_COST,
        parallelism: int = PARALLELISM,
    ) -> None:
        _share_one_heap()
        cores = os.cpu_count() or 1
        self._argon2 = argon2.PasswordHasher(
            time_cost, memory_cost, parallelism, HASH_SIZE, SALT_SIZE
        )
        self._work = memory_cost * time_cost  # KiB that a hash fills, counted over the passes
        parameters = f"$v={ARGON2_VERSION}$m={memory_cost},t={time_cost},p={parallelism}$"
        self._as_made = re.compile(re.escape(f"$argon2id{parameters}") + _SALT_AND_HASH)
        self._threads = Threads(cores, "keystead-hashing", _give_way)
        self._turns = Turns(cores + AHEAD, cores * WAITING_PER_CORE - AHEAD)
        self._rest: asyncio.TimerHandle | None = None

    async def hash(self, password: str, *, lane: Lane = Lane.KNOWN) -> str:
        """Return an encoded Argon2id hash of *password*.

        Raises:
            RefusedError: BUSY.
        """
        return await self._run(partial(self._argon2.hash, _encoded(password)), lane)

    async def verify(
        self, encoded: str | None, password: str, *, lane: Lane = Lane.KNOWN
    ) -> bool:
        """Tell whether *password* fits; every answer takes as long as an Argon2id hash.

        Raises:
            RefusedError: BUSY.
        """
        secret = _encoded(password)
        work = self._work_of(encoded) if encoded else 0
        check = partial(self._check, encoded if work else None, secret, self._work - work)
        fits = await self._run(check, lane)
        return fits or (encoded is not None and _fits_nymea(encoded, password))

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether *encoded* is not Argon2id, or weaker than the present parameters.

        Weaker is what fills less memory in all, counted over the passes, without using more at
        a time. So a hash is never replaced by one that needs less memory, unless that memory is
        too little whatever the time.
        """
        if self._as_made.fullmatch(encoded):  # as most are; the rest takes long
            return False
        stored = _parameters(encoded)
        if stored is None or stored.type is not Type.ID or stored.version != ARGON2_VERSION:
            return True
        if stored.salt_len < SALT_SIZE or stored.hash_len < HASH_SIZE:
            return True
        return stored.memory_cost < LEAST_MEMORY or (
            stored.memory_cost <= self._argon2.memory_cost
            and stored.memory_cost * stored.time_cost < self._work
        )

    def close(self) -> None:
        """Let the threads end."""
        if self._rest:
            self._rest.cancel()
        self._threads.close()

    async def _run(self, work: Callable[[], T], lane: Lane = Lane.KNOWN) -> T:
        """Do *work* on a thread when its turn comes; never if nobody waits for it by then.

        A thread cannot be stopped: the turn lasts until *work* is done.
        """
        await self._turns.take(lane)
        if self._rest:
            self._rest.cancel()
        return await self._threads.run(work, self._over)

    def _over(self) -> None:
        self._turns.give_back()
        if self._turns.are_all_free:
            loop = asyncio.get_running_loop()
            self._rest = loop.call_later(REST, self._threads.run, _give_memory_back)

    def _check(self, encoded: str | None, secret: bytes, rest: int) -> bool:
        """Tell whether a hash of Argon2 fits, then fill *rest* KiB more.

        There is as little Python here as can be: all other threads wait for that, and this one
        gives way to other programs even while they do.
        """
        fits = False
        if encoded is not None:
            try:
                fits = self._argon2.verify(encoded, secret)
            except argon2.exceptions.VerifyMismatchError:
                pass
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                rest = self._work
        self._work_off(rest, secret)
        return fits

    def _work_of(self, encoded: str) -> int:
        """Tell how many KiB are filled to check a hash of Argon2; 0 for what cannot be checked."""
        if self._as_made.fullmatch(encoded):
            return self._work
        stored = _parameters(encoded)
        return stored.memory_cost * stored.time_cost if stored else 0

    def _work_off(self, work: int, secret: bytes) -> None:
        """Take about as long as filling so many KiB, so that all answers take the same time."""
        if work <= 0:
            return
        time, threads = self._argon2.time_cost, self._argon2.parallelism
        memory = max(work // time, 8 * threads)  # the least there is
        hash_secret_raw(secret, bytes(SALT_SIZE), time, memory, threads, HASH_SIZE, Type.ID)


def _parameters(encoded: str) -> argon2.Parameters | None:
    """Read how a hash of Argon2 was made; None for what is none, or takes too much to check."""
    try:
        stored = argon2.extract_parameters(encoded)
    except argon2.exceptions.InvalidHashError:
        return None
    is_bearable = (
        encoded.isascii()
        and stored.memory_cost <= MOST_MEMORY
        and stored.time_cost <= MOST_TIME
        and stored.parallelism <= MOST_PARALLELISM
    )
    return stored if is_bearable else None


def _encoded(password: str) -> bytes:
    return normalised(password).encode(errors="surrogatepass")


def _fits_nymea(encoded: str, password: str) -> bool:
    """Check an imported hash, which was made of the password as typed; nymea 5.2."""
    if not encoded.startswith(NYMEA_SCHEME):
        return False
    salt, _, digest = encoded.removeprefix(NYMEA_SCHEME).partition("$")
    salted = (password + salt).encode(errors="surrogatepass")
    computed = base64.b64encode(hashlib.sha512(salted).digest())
    return hmac.compare_digest(computed, digest.encode(errors="surrogatepass"))


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_M_ARENA_MAX = -8  # of glibc's mallopt


def _share_one_heap() -> None:
    """Have all threads allocate from one heap: glibc gives back only the end of that one."""
    if tune := getattr(ctypes.CDLL(None), "mallopt", None):
        tune(_M_ARENA_MAX, 1)


def _give_memory_back() -> None:
    """Return free memory to the system; the C library would keep what a hash took.

    Having every hash allocate anew instead would cost half of its time again.
    """
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc has it
        trim(0)
