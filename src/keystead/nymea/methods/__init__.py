"""The nymea methods: one module per namespace, imported here so that they are listed."""

from keystead.nymea.methods import jsonrpc, users

__all__ = ["jsonrpc", "users"]
