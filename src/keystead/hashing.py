"""Password hashing: Argon2id in threads that give way to everything else."""

import asyncio
import base64
import ctypes
import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2

from keystead.domain.passwords import normalised
from keystead.domain.refusal import Reason, RefusedError

T = TypeVar("T")

# Source: OWASP Password Storage Cheat Sheet, second of the equal choices; RFC 9106.
MEMORY_COST = 19 * 1024  # KiB
TIME_COST = 2
PARALLELISM = 1

NICENESS = 10  # of the hashing threads, so that a storm of sign-ins delays nobody else
REST = 0.25  # seconds without work after which the memory of the hashes is given back
WAITING_PER_CORE = 32  # hashes that may wait, about a second's worth

NYMEA_SCHEME = "$nymea-sha512$"  # imported hashes: one round of SHA-512 over password and salt


class Argon2Hasher:
    """Hashes on one low-priority thread per core; refuses when too many wait already."""

    def __init__(self) -> None:
        _share_one_heap()
        cores = os.cpu_count() or 1
        self._argon2 = argon2.PasswordHasher(TIME_COST, MEMORY_COST, PARALLELISM)
        self._threads = ThreadPoolExecutor(cores, "keystead-hashing", _give_way)
        self._most = cores * (1 + WAITING_PER_CORE)
        self._pending = 0
        self._rest: asyncio.TimerHandle | None = None
        self._stand_in: str | None = None

    async def hash(self, password: str) -> str:
        """Return an encoded Argon2id hash of *password*.

        Raises:
            RefusedError: BUSY.
        """
        return await self._run(lambda: self._argon2.hash(_encoded(password)))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Tell whether *password* fits; every answer takes as long as an Argon2id hash.

        Raises:
            RefusedError: BUSY.
        """
        return await self._run(lambda: self._verify(encoded, password))

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether *encoded* is not Argon2id with the present parameters."""
        try:
            return self._argon2.check_needs_rehash(encoded)
        except argon2.exceptions.InvalidHashError:
            return True

    def close(self) -> None:
        """Let the threads end."""
        if self._rest:
            self._rest.cancel()
        self._threads.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._most:
            raise RefusedError(Reason.BUSY)
        self._pending += 1
        loop = asyncio.get_running_loop()
        if self._rest:
            self._rest.cancel()
        try:
            return await loop.run_in_executor(self._threads, work)
        finally:
            self._pending -= 1
            if not self._pending:
                self._rest = loop.call_later(REST, self._threads.submit, _give_memory_back)

    def _verify(self, encoded: str | None, password: str) -> bool:
        secret = _encoded(password)
        if encoded is not None and not encoded.startswith(NYMEA_SCHEME):
            return self._fits(encoded, secret)
        if self._stand_in is None:
            self._stand_in = self._argon2.hash(os.urandom(16))
        self._fits(self._stand_in, secret)
        return encoded is not None and _fits_nymea(encoded, password)

    def _fits(self, encoded: str, secret: bytes) -> bool:
        try:
            return self._argon2.verify(encoded, secret)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def _encoded(password: str) -> bytes:
    return normalised(password).encode(errors="surrogatepass")


def _fits_nymea(encoded: str, password: str) -> bool:
    """Check an imported hash, which was made of the password as typed; nymea 5.2."""
    salt, _, digest = encoded.removeprefix(NYMEA_SCHEME).partition("$")
    salted = (password + salt).encode(errors="surrogatepass")
    computed = base64.b64encode(hashlib.sha512(salted).digest())
    return hmac.compare_digest(computed, digest.encode())


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
