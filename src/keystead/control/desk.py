"""Where the owner's commands are listed, and what they work on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from keystead.domain.directory import Directory
from keystead.domain.model import Scope
from keystead.domain.rights import Rights
from keystead.rpc.method import Catalogue


@dataclass(frozen=True, slots=True)
class Desk:
    """What the owner's commands work on.

    Attributes:
        rights: answers questions about items.
        press: pushes the button for the device that waits; None where no server runs.
    """

    directory: Directory
    rights: Rights
    press: Callable[[], Awaitable[None]] | None = None


ScopeBits = Annotated[int, msgspec.Meta(ge=0, le=int(Scope.ADMIN))]

catalogue: Catalogue[Desk] = Catalogue(rename=None)
method = catalogue.method
