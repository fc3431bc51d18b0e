"""The empty nymea catalogue that ``methods`` and ``notifications`` fill."""

from typing import TYPE_CHECKING, Any

import msgspec

from keystead.nymea.types import UserError
from keystead.rpc.method import Catalogue, Kind, Shape

if TYPE_CHECKING:
    from keystead.nymea.session import Session


def with_user_error(returns: Shape, kind: Kind, refusable: bool) -> Shape:  # noqa: FBT001 - ReturnsRule
    """Let a method that can refuse return ``error``, and nothing else when it does.

    Source: nymea 4.2, the returns of the namespace ``Users``.
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
    return msgspec.defstruct(returns.__name__, [("error", UserError), *optional], kw_only=True)


catalogue: "Catalogue[Session]" = Catalogue(rename="camel", returns_rule=with_user_error)
method = catalogue.method
notification = catalogue.notification
