"""A typed, asynchronous client of Keystead's JSON-RPC; ``introspect`` asks any nymea server.

    async with Client("nymeas://box:2222", token=token, fingerprint="sha256:...") as client:
        await client.users.create_user(username="ann", password=password)
        await client.jsonrpc.set_notification_status(namespaces=["Users"])
        async for notification in client.notifications:
            match notification:
                case UserAdded(user_info=user): ...
                case Missed(): ...

What methods take and give, and what notifications tell, is in ``keystead.client.types``.
"""

from keystead.client.client import Client, backoff
from keystead.client.errors import (
    CertificateError,
    ClientError,
    ConnectionLostError,
    RequestError,
    UnauthorizedError,
    UnexpectedReplyError,
    UserRefusedError,
)
from keystead.client.introspection import introspect
from keystead.client.notifications import Missed, Notification, Notifications

__all__ = [
    "CertificateError",
    "Client",
    "ClientError",
    "ConnectionLostError",
    "Missed",
    "Notification",
    "Notifications",
    "RequestError",
    "UnauthorizedError",
    "UnexpectedReplyError",
    "UserRefusedError",
    "backoff",
    "introspect",
]
