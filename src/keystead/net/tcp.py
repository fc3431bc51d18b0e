"""Connections whose messages follow each other on a byte stream: TCP, TLS, the Unix socket."""

import asyncio
from typing import cast

from keystead.net.conversation import HIGH_WATER, Conversation, Conversations
from keystead.net.door import Guest
from keystead.net.wire import reset
from keystead.rpc.session import Face, Replies


class StreamConnection(asyncio.Protocol):
    """One connection, from its first byte to its last.

    Args:
        everyone: all conversations of this server.
        face: the protocol spoken here.
        guest: the connection as the door counts it.
    """

    __slots__ = ("_conversation", "_everyone", "_face", "_guest", "_transport")

    deadline: float | None = None  # the session sees every byte
    _conversation: Conversation
    _transport: asyncio.Transport

    def __init__(self, everyone: Conversations, face: Face, guest: Guest) -> None:
        self._everyone = everyone
        self._face = face
        self._guest = guest

    # --- what the event loop calls ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the conversation."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        self._guest.cut_off = self.abort
        self._conversation = Conversation(self._everyone, self._face, self, self._guest)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the conversation."""
        self._conversation.receive((data,))

    def eof_received(self) -> bool:
        """Let a peer that will send no more have the answers to what it sent."""
        encrypted = self._transport.get_extra_info("sslcontext") is not None
        return self._conversation.finish() and not encrypted  # TLS cannot be half closed

    def pause_writing(self) -> None:
        """Take note that the peer does not read what it is sent."""
        self._conversation.block()

    def resume_writing(self) -> None:
        """Take note that the peer reads again."""
        self._conversation.unblock()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the conversation."""
        self._conversation.lost()
        self._guest.leave()

    # --- what the conversation calls --------------------------------------------------------

    def write(self, messages: Replies) -> None:
        """Send messages, each ending in its own LF already."""
        self._transport.write(messages[0] if len(messages) == 1 else b"".join(messages))

    def write_part(self, part: bytes, *, is_last: bool) -> None:
        """Send a part of one long message."""
        self._transport.write(part)

    def waiting(self) -> int:
        """Count the bytes that the peer has not taken yet."""
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Leave what the peer sends unread."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again what the peer sends."""
        self._transport.resume_reading()

    def close(self) -> None:
        """Close once everything written is through."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        reset(self._transport)
