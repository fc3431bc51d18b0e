"""The empty catalogue of Tani's functions that ``methods`` and ``events`` fill."""

from typing import TYPE_CHECKING

import msgspec

from keystead.rpc.method import Catalogue, Kind, Shape

if TYPE_CHECKING:
    from keystead.tani.session import Session


class Paging(msgspec.Struct, rename="pascal", kw_only=True):
    """What a list says of itself when a part of it was asked for.

    Source: Tani 4, the paging of its other lists.
    """

    max_results: int | msgspec.UnsetType = msgspec.UNSET
    blocked: bool | msgspec.UnsetType = msgspec.UNSET


def with_paging(name: str, returns: Shape, kind: Kind, refusable: bool) -> Shape:  # noqa: FBT001 - ReturnsRule
    """Let a list say how many entries there are, and whether more follow."""
    if kind is not Kind.LISTING:
        return returns
    results = [(f.name, f.type, msgspec.field(name=f.encode_name)) for f in _fields(returns)]
    return msgspec.defstruct(returns.__name__, results, bases=(Paging,), kw_only=True)


def _fields(shape: Shape) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)


catalogue: "Catalogue[Session]" = Catalogue("pascal", with_paging, is_strict=False)
method = catalogue.method
event = catalogue.notification
