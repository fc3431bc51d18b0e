"""Drives one session: slices of work, requests that wait, back-pressure, time-outs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from keystead.net.door import Door, Guest
from keystead.net.limits import NO_LIMITS, Limits
from keystead.net.pace import Pace
from keystead.net.wire import Wire
from keystead.rpc.session import Face, Session

LOG = logging.getLogger("keystead.net")

SLICE = 64  # requests answered before other connections have their turn
HIGH_WATER = 256 * 1024  # bytes waiting for a peer above which its requests stay unread
PAUSED_CHECK = 1.0  # seconds between two looks at the deadlines of a paused peer
CUT_OFF = 1024 * 1024  # bytes of unasked messages waiting at which a peer is cut off


class Conversations:
    """All conversations of this server, and the tasks that work for them.

    Args:
        tasks: where what lasts is worked on.
        limits: bounds on connections.

    Attributes:
        open: those that are not over.
        closing: whether the server is about to stop.
        door: counts all connections.
    """

    def __init__(self, tasks: asyncio.TaskGroup, limits: Limits = NO_LIMITS) -> None:
        self.limits = limits
        self.door = Door(limits)
        self.open: set[Conversation] = set()
        self.closing = False
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._answering: dict[Conversation, asyncio.Task[None]] = {}
        self._all_closed = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Work on something until it is done, or the server is."""
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def answer(self, conversation: "Conversation", waiting: Coroutine[Any, Any, None]) -> None:
        """Work on the request of a conversation that has to wait, until it is ``answered``.

        Not in the task group, which takes longer than all the rest of the task: *waiting* deals
        with its own errors.
        """
        loop = asyncio.get_running_loop()
        self._answering[conversation] = loop.create_task(waiting)

    def answered(self, conversation: "Conversation") -> None:
        """Take note that the request of a conversation that had to wait is done."""
        self._answering.pop(conversation, None)

    async def close_all(self, patience: float) -> None:
        """Close every connection, those with a request under way once that is answered.

        Args:
            patience: seconds after which what is left is cut off.
        """
        self.closing = True
        for conversation in tuple(self.open):
            conversation.finish()
        if self.open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), patience)
        for conversation in tuple(self.open):
            conversation.abort()
        answering = tuple(self._answering.values())
        for task in (*self._running, *answering):
            task.cancel()
        if answering:
            await asyncio.wait(answering)

    def forget(self, conversation: "Conversation") -> None:
        """Take note that a connection is gone."""
        self.open.discard(conversation)
        if self.closing and not self.open:
            self._all_closed.set()


class Conversation:
    """Connects a session to a wire. Also the ``Peer`` of its session."""

    __slots__ = (
        "_all",
        "_blocked",
        "_closed",
        "_drained",
        "_due",
        "_finishing",
        "_guest",
        "_held",
        "_pace",
        "_paused",
        "_resting",
        "_scheduled",
        "_session",
        "_timer",
        "_unasked",
        "_wire",
    )

    def __init__(
        self,
        everyone: Conversations,
        face: Face,
        wire: Wire,
        guest: Guest,
    ) -> None:
        self._all = everyone
        self._wire = wire
        self._blocked = False  # the peer does not take what is sent
        self._closed = False  # nothing more is answered
        self._drained: asyncio.Future[None] | None = None  # somebody waits for the peer
        self._held: list[bytes] | None = None  # pushed while a long message is under way
        self._finishing = False  # close when all that came is answered
        self._paused = False  # the peer's requests stay unread
        self._resting = False  # the peer asks faster than it may
        self._scheduled = False  # another slice is due
        self._unasked = 0  # bytes sent unasked since the peer last took everything
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer runs out
        self._session: Session = face.session(
            self, authentication=guest.authentication, source=guest.source
        )
        self._guest = guest
        guest.session = self._session
        guest.judge()
        self._pace = Pace(everyone.limits, guest, asyncio.get_running_loop().time)
        everyone.open.add(self)
        self.mind_deadline()

    # --- what wires call --------------------------------------------------------------------

    def receive(self, chunks: Sequence[bytes]) -> None:
        """Take what came in one read and answer what can be answered at once."""
        self._session.receive(chunks)
        self._go_on()

    def receive_too_large(self) -> None:
        """Take note of a message that is too large, and answer it in its turn."""
        self._session.too_large()
        self._go_on()

    def mind_deadline(self) -> None:
        """See to it that deadlines of session and wire are kept; at most one timer runs."""
        deadline = self._next_deadline()
        if deadline is None or (self._timer and self._due <= deadline):
            return
        if self._timer:
            self._timer.cancel()
        self._due = deadline  # uvloop's timers tell it rounded
        self._timer = asyncio.get_running_loop().call_at(deadline, self._on_time)

    def block(self) -> None:
        """Stop working for a peer that does not take what it is sent."""
        self._blocked = True
        self._pause()

    def unblock(self) -> None:
        """Go on: the peer has taken what it was sent."""
        self._blocked = False
        self._unasked = 0
        self._wake()
        self._advance()

    def lost(self) -> None:
        """Take note that the connection is gone."""
        self._closed = True
        self._wake()
        self._all.forget(self)
        self._session.closed()
        if self._timer:
            self._timer.cancel()

    # --- what the session calls -------------------------------------------------------------

    def push(self, message: bytes) -> None:
        """Send *message* unasked; cut the peer off when too much of such waits for it."""
        if self._closed:
            return
        if self._held is None and self._wire.waiting() == 0:
            self._unasked = 0
        self._unasked += len(message)
        if self._held is None:
            self._wire.write((message,))
            waiting = min(self._unasked, self._wire.waiting())
        else:
            self._held.append(message)
            waiting = self._unasked
        if waiting > CUT_OFF:
            LOG.warning("peer cut off", extra={"fields": {"reason": "reads too slowly"}})
            self.abort()

    async def stream(self, parts: AsyncIterator[bytes]) -> None:
        """Send one long message as its parts come; what is pushed meanwhile follows it."""
        self._held = []
        try:
            async for part in parts:
                while self._blocked and not self._closed:
                    self._drained = asyncio.get_running_loop().create_future()
                    await self._drained
                if self._closed:
                    return
                self._wire.write_part(part, is_last=False)
                await asyncio.sleep(0)
            self._wire.write_part(b"", is_last=True)
        except Exception:
            self.abort()  # half a message is on its way, so that nothing can follow
            raise
        finally:
            held, self._held = self._held, None
        if held:
            self._wire.write(held)

    def close(self) -> None:
        """End the connection once everything sent before is through."""
        if not self._closed:
            self._closed = True
            self._wire.close()

    # --- the work ---------------------------------------------------------------------------

    def finish(self) -> bool:
        """Close, as soon as all that came is answered; tell whether that is still to come."""
        self._finishing = True
        if self._session.job is None and not self._session.has_requests:
            self.close()
        return not self._closed

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._closed = True
        self._wire.abort()

    def _go_on(self) -> None:
        """Answer what came, or leave more unread until what came before is answered."""
        if not self._scheduled and not self._is_held():
            self._advance()
        else:
            self._pause()
        deadline = self._session.deadline
        if deadline is not None and (self._timer is None or deadline < self._due):
            self.mind_deadline()

    def _advance(self) -> None:
        """Answer a slice of what waits; then wait, go on later, or read more."""
        session = self._session
        self._scheduled = False
        if self._is_held():
            return
        try:
            replies = session.advance(SLICE)
        except Exception:
            LOG.exception("request failed")
            replies = session.apologise()
        if replies:
            self._wire.write(replies)
        self._pace.left -= len(replies) + (session.job is not None)
        if self._pace.left < 0:
            self._rest()
        if session.job is not None:
            self._all.answer(self, self._wait())
        elif session.closing:
            self.close()
        elif self._resting or session.has_requests:
            self._schedule()
        elif self._finishing:
            self.close()
        elif self._paused:
            self._paused = False
            self._wire.resume_reading()

    def _pause(self) -> None:
        """Leave unread what the peer sends, until what it sent so far is answered."""
        if not self._paused:
            self._paused = True
            self._wire.pause_reading()

    def _wake(self) -> None:
        """Let go on who waits for the peer to take what it was sent."""
        if self._drained and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def _is_held(self) -> bool:
        """Tell whether nothing more can be answered for now."""
        return self._closed or self._blocked or self._resting or self._session.job is not None

    def _rest(self) -> None:
        """Leave unread what the peer sends for some time, if it asks faster than it may."""
        if (seconds := self._pace.rest()) > 0:
            self._resting = True
            self._pause()
            asyncio.get_running_loop().call_later(seconds, self._end_rest)

    def _end_rest(self) -> None:
        self._resting = False
        self._advance()

    def _schedule(self) -> None:
        """Have the next slice worked on after others had their turn; later if blocked or resting by now."""
        if not self._blocked and not self._resting:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._advance)

    async def _wait(self) -> None:
        """Finish the request that has to wait, then go on."""
        session = self._session
        assert session.job is not None
        try:
            replies = await session.job
        except Exception:
            LOG.exception("request failed")
            replies = session.apologise()
        self._all.answered(self)  # before the next one may begin
        session.resume()
        self._guest.judge()
        if self._closed:
            return
        if replies:
            self._wire.write(replies)
        if session.closing:
            self.close()
        self._advance()
        self.mind_deadline()

    def _next_deadline(self) -> float | None:
        session, wire = self._session.deadline, self._wire.deadline
        if session is None or wire is None:
            return wire if session is None else session
        return min(session, wire)

    def _on_time(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._closed:
            return
        if self._paused:  # it is us who leave the rest unread
            self._due = now + PAUSED_CHECK
            self._timer = loop.call_at(self._due, self._on_time)
            return
        if self._wire.deadline is not None and self._wire.deadline <= now:
            self.close()
            return
        if self._session.deadline is not None and self._session.deadline <= now:
            self._session.expire(now)
            self._guest.judge()
        self.mind_deadline()
