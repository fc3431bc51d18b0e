"""What can go wrong for a client. No message carries a password or a token."""

from enum import StrEnum


class ClientError(Exception):
    """What all errors of this package are, beside TimeoutError."""


class UserRefusedError(ClientError):
    """The rules say no.

    Attributes:
        error: what the server says about it: a ``UserError``, or in the namespace ``Access`` an
            ``AccessError``.
    """

    def __init__(self, method: str, error: StrEnum) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


class RequestError(ClientError):
    """The request was wrong, or the right for it is missing; the message is the server's text."""


class UnauthorizedError(ClientError):
    """Nobody is signed in, or the token is bad; forget the token then."""


class ConnectionLostError(ClientError):
    """There is no connection, or it was lost before the reply; the request may have been done."""


class CertificateError(ClientError):
    """The server cannot prove that it is the right one. Nothing was sent to it."""


class UnexpectedReplyError(ClientError):
    """The reply is not what the definition of the method promises."""
