"""Every test that takes ``play`` runs once for each store."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from keystead.domain.ports import Store
from tests.conformance.stores import STORES

T = TypeVar("T")
Play = Callable[[Callable[[Store], Awaitable[T]]], T]


@pytest.fixture(params=STORES)
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play[T]:
    """Run a scenario with an empty store and give back its result."""

    def run(scenario: Callable[[Store], Awaitable[T]]) -> T:
        async def opened() -> T:
            async with STORES[request.param](tmp_path) as store:
                return await scenario(store)

        return asyncio.run(opened())

    return run
