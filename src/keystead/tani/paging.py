"""Parts of long lists, in Tani's idiom.

Source: Tani 4: StartOffset and MaxResults in; MaxResults, now the total, and Blocked out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keystead.rpc.method import Page
from keystead.tani.types import Unset

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for."""

    start_offset: int | Unset
    max_results: int | Unset

    @property
    def offset(self) -> int:
        """Count the entries to leave out."""
        return 0 if isinstance(self.start_offset, Unset) else self.start_offset

    @property
    def limit(self) -> int | None:
        """Count the entries to give at most; None for all."""
        return None if isinstance(self.max_results, Unset) else self.max_results

    async def page(
        self, portions: AsyncIterator[Sequence[T]], count: Callable[[], Awaitable[int]]
    ) -> Page[T]:
        """Give the part, with the total if a part was asked for."""
        if isinstance(self.start_offset, Unset) and isinstance(self.max_results, Unset):
            return Page(portions)
        total = await count()
        end = total if self.limit is None else self.offset + self.limit
        return Page(portions, total, end < total)
