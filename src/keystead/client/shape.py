"""What the generated types and methods rest on."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

import msgspec

_SECRET: Final = {"token", "password"}

T = TypeVar("T")


class Shape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Something that goes over the wire. Its repr, which ends up in logs, shows no secret."""

    def __repr__(self) -> str:
        shown = (
            f"{name}={'...' if name in _SECRET else repr(getattr(self, name))}"
            for name in self.__struct_fields__
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class Call(Protocol):
    """What sends a request and waits for its reply."""

    async def __call__(
        self,
        method: str,
        params: Mapping[str, Any],
        returns: type[T],
        *,
        refusal: type[StrEnum] | None = None,
    ) -> T:
        """Call *method*.

        Args:
            method: its name on the wire.
            params: by wire key; those that are None are left out.
            returns: what the reply is read as.
            refusal: the words of which one says why, where the rules may say no; the first
                says that they did not. None where they have no say.
        """
