"""The whole nymea catalogue: one module per namespace, imported here so that all is listed."""

from keystead.nymea import notifications
from keystead.nymea.catalogue import catalogue
from keystead.nymea.methods import (
    access_accounts,
    access_audit,
    access_pairing,
    access_setup,
    access_simulation,
    access_state,
    access_tokens,
    jsonrpc,
    users,
)

__all__ = [
    "access_accounts",
    "access_audit",
    "access_pairing",
    "access_setup",
    "access_simulation",
    "access_state",
    "access_tokens",
    "catalogue",
    "jsonrpc",
    "notifications",
    "users",
]
