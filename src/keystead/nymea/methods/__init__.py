"""The whole nymea catalogue: one module per namespace, imported here so that all is listed."""

from keystead.nymea import notifications
from keystead.nymea.catalogue import catalogue
from keystead.nymea.methods import jsonrpc, users

__all__ = ["catalogue", "jsonrpc", "notifications", "users"]
