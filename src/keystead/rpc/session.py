"""What sockets need from a protocol, and a protocol from sockets. Neither knows the other."""

from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Protocol

from keystead.domain.model import TokenId


class Peer(Protocol):
    """The other end of a connection, as a session sees it."""

    def push(self, message: bytes) -> None:
        """Send *message* unasked. A peer that does not read is cut off at some point."""

    async def stream(self, parts: AsyncIterator[bytes]) -> None:
        """Send one long message as its parts come, no faster than the peer takes them.

        What is pushed meanwhile follows it.
        """

    def close(self) -> None:
        """End the connection once everything sent before is through."""


Replies = Sequence[bytes]


class Session(Protocol):
    """One conversation: bytes in, messages out, no sockets.

    Attributes:
        deadline: monotonic seconds at which ``expire`` must be called; None for never.
        job: the request that has to wait for something; until ``resume`` is called with its
            result, ``advance`` answers nothing more.
        closing: the connection is to be closed after what has been given back so far.
        token_id: the token that is signed in with; None while nobody is.
    """

    deadline: float | None
    job: Coroutine[Any, Any, Replies] | None
    closing: bool
    token_id: TokenId | None

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer, cut anyhow."""

    @property
    def has_requests(self) -> bool:
        """Tell whether complete requests wait to be answered."""

    def advance(self, limit: int) -> Replies:
        """Answer at most *limit* waiting requests, in order; give the messages to send."""

    def resume(self) -> None:
        """Take note that the job is done and its replies are sent."""

    def apologise(self) -> Replies:
        """Give the answer to a request whose handling failed by a fault of ours."""

    def expire(self, now: float) -> None:
        """Take note of the time; to be called at ``deadline``."""

    def closed(self) -> None:
        """Take note that the connection is gone."""

    def revoke(self) -> None:
        """Sign out: the token is gone, or its user. Called before anyone hears of it."""


class Face(Protocol):
    """One protocol of this server."""

    def session(self, peer: Peer, *, authentication: bool) -> Session:
        """Begin a conversation.

        Args:
            peer: the other end, to be told things unasked.
            authentication: False on a listener where everybody may do everything.
        """
