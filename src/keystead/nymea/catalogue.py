"""The empty nymea catalogue that ``methods`` and ``notifications`` fill."""

from typing import TYPE_CHECKING, Any

import msgspec

from keystead.nymea.errors import errors_of
from keystead.rpc.method import Catalogue, Kind, Shape

if TYPE_CHECKING:
    from keystead.nymea.session import Session


def with_error(name: str, returns: Shape, kind: Kind, refusable: bool) -> Shape:  # noqa: FBT001 - ReturnsRule
    """Let a method that can refuse return ``error``, and nothing else when it does.

    Source: nymea 4.2, the returns of the namespace ``Users``; for ``Access`` our choice.
    """
    if not refusable:
        return returns
    optional: list[tuple[str, Any, Any]] = [
        (
            f.name,
            f.type | msgspec.UnsetType,
            msgspec.field(default=msgspec.UNSET, name=f.encode_name),
        )
        for f in msgspec.structs.fields(returns)
    ]
    return msgspec.defstruct(
        returns.__name__, [("error", errors_of(name)), *optional], kw_only=True
    )


catalogue: "Catalogue[Session]" = Catalogue(rename="camel", returns_rule=with_error)
method = catalogue.method
notification = catalogue.notification
