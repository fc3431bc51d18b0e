"""Rights on a store of their own, and changes that happen while they are merged."""

import asyncio
from typing import Any

from keystead.domain.change import Change
from keystead.domain.model import ANONYMOUS_ID
from keystead.domain.rights import Decision, Effective, Rights
from keystead.store.memory import MemoryStore
from tests.conformance.stores import record
from tests.doubles import SettableClock

ITEMS = ("Hall.Lamp", "Hall", "Door", "Cellar")
MANY_PAUSES = 1000  # more than any merge here needs; a test that comes to it would never end


class Reading:
    """A reader that counts which rules were read, and may fail.

    Attributes:
        reads: how often the rules of somebody were read.
        failures: raised by the next reads.
    """

    def __init__(self, reader):
        self._reader = reader
        self.reads = 0
        self.failures = []

    def __getattr__(self, name):
        return getattr(self._reader, name)

    async def items_of_group(self, group_id):
        self.reads += group_id == ANONYMOUS_ID
        if self.failures:
            raise self.failures.pop()
        return await self._reader.items_of_group(group_id)


class Desk:
    """Rights on a store of its own.

    Attributes:
        meanwhile: changes that happen one by one while rules are merged.
    """

    def __init__(self, *changes: Change) -> None:
        self.store = MemoryStore(SettableClock())
        self.reader: Any = Reading(self.store.reader)
        self.rights = Rights(self.reader, self._pause, SettableClock())
        self.store.listen(self.rights.hear)
        self.meanwhile: list[Change] = []
        self._pauses = 0
        self.put(*changes)

    def put(self, *changes: Change) -> None:
        asyncio.run(record(self.store, *changes))

    def may(self, name: str, item: str, *, write: bool = False) -> bool:
        return asyncio.run(self.rights.may(name, item, write=write))

    def explain(self, name: str, item: str, *, write: bool = False) -> Decision:
        return asyncio.run(self.rights.explain(name, item, write=write))

    async def together(self, *names: str) -> list[Any]:
        """Have everybody asked for at the same time, and see that the answers are true."""
        return await asyncio.gather(*(self.checked(name) for name in names))

    async def checked(self, name: str) -> Any:
        """Give the answers for one, which must be those of this very moment."""
        effective = await self.rights.of(name)
        fresh = await Rights(self.store.reader, _go_on, SettableClock()).of(name)
        assert told(effective) == told(fresh)
        return told(effective)

    async def _pause(self) -> None:
        self._pauses += 1
        assert self._pauses < MANY_PAUSES, "a merge never ends"
        if self.meanwhile:
            await record(self.store, self.meanwhile.pop(0))
        await asyncio.sleep(0)  # as the program does: others have their turn


async def _go_on() -> None:
    """Let nobody have a turn, so that nothing changes in the meantime."""


def told(effective: Effective | None) -> list[tuple[bool, Decision]] | None:
    """Give all that there is to be known of somebody, with the few items there are."""
    if effective is None:
        return None
    return [
        (effective.decide(item, write=write), effective.explain(item, write=write))
        for item in ITEMS
        for write in (False, True)
    ]
