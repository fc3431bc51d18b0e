"""One Tani connection: messages in, messages out, no sockets."""

from collections import deque
from collections.abc import Collection, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never

from keystead.domain import sessions
from keystead.domain.directory import Directory
from keystead.domain.events import Action, Origin, Outcome
from keystead.domain.model import OWNER, Actor, Principal, Scope, TokenId, with_groups
from keystead.domain.refusal import Reason, RefusedError
from keystead.rpc.bus import Bus, Live, LiveAnonymous, LiveUser
from keystead.rpc.method import Kind, Method
from keystead.rpc.session import Peer, Replies
from keystead.tani import calls, envelope
from keystead.tani.envelope import InvalidDataError, Malformed, Request
from keystead.tani.errors import Status
from keystead.tani.types import AccessRights, EventName, access_rights

if TYPE_CHECKING:
    from keystead.tani.face import Face

EXTEND_RETRY = 60.0  # seconds until using a session is noted again, when that failed

_NO_DATA = b"{}"
_TOO_LARGE = Malformed(envelope.too_large())


class Session:
    """State of one connection. ``net`` feeds it and sends what it gives back.

    Attributes:
        authentication: whether rights are checked on this listener.
        events: what this connection wants to be told.
        open: whether the connection still stands.
        source: where the connection comes from.
        token_id: the session key that is signed in with.
    """

    __slots__ = (
        "_directory",
        "_expires",
        "_extend_from",
        "_live",
        "_messages",
        "_request",
        "_unsent",
        "authentication",
        "closing",
        "deadline",
        "events",
        "face",
        "job",
        "open",
        "peer",
        "source",
        "token_id",
    )

    def __init__(self, face: "Face", peer: Peer, *, authentication: bool, source: str) -> None:
        self.face = face
        self.peer = peer
        self.authentication = authentication
        self.source = source
        self.open = True
        self.closing = False
        self.token_id: TokenId | None = None
        self.events: Collection[str] = ()
        self.deadline: float | None = None  # when the session of whoever is signed in is over
        self.job: Coroutine[Any, Any, Replies] | None = None
        self._directory: Directory | None = None  # made when first needed
        self._expires: datetime | None = None  # when the session does
        self._extend_from: float | None = None  # when using the session makes it last longer
        self._messages: deque[bytes | Malformed] = deque()
        self._request: Request | None = None  # under way
        self._unsent: list[bytes] = []
        self._live: Live = self.bus.anonymous
        self._live.sessions.add(self)

    # --- what ``net`` calls -----------------------------------------------------------------

    def receive(self, chunks: Sequence[bytes]) -> None:
        """Take whole messages from the peer."""
        self._messages.extend(chunks)

    def too_large(self) -> None:
        """Take note of a message that is too large to be received."""
        self._messages.append(_TOO_LARGE)

    @property
    def has_requests(self) -> bool:
        """Tell whether messages wait to be looked at."""
        return bool(self._messages)

    def advance(self, limit: int) -> Replies:
        """Answer at most *limit* waiting messages, in order; give the messages to send."""
        if self.deadline is not None and self.deadline <= self.face.monotonic():
            self.expire(self.deadline)  # whoever asks without a pause is not asked for the time
        replies = self._unsent = []
        messages = self._messages
        while messages and len(replies) < limit and self.job is None:
            message = messages.popleft()
            if isinstance(message, Malformed) or len(message) > self._limit:
                replies.append(_TOO_LARGE.reply)
            elif reply := self._answer(message):
                replies.append(reply)
        self._unsent = []
        return replies

    def resume(self) -> None:
        """Take note that the job is done and its replies are sent."""
        self.job = None

    def apologise(self) -> Replies:
        """Give the answer to a request whose handling failed by a fault of ours."""
        unsent, self._unsent = self._unsent, []
        assert self._request
        failed = envelope.failure(self._request, Status.STORAGE_FAILED, "Internal error.")
        return [*unsent, failed]

    def expire(self, now: float) -> None:
        """End the session of whoever is signed in: it was not used for too long."""
        self.sign_out()
        self.rights_changed()

    def closed(self) -> None:
        """Take note that the connection is gone."""
        self.open = False
        self.face.subscribers.pop(self, None)
        self.bus.unfollow(self, self._live)

    def rights_changed(self) -> None:
        """Tell the client what it may do now, if it wants to know."""
        self._mind_end()
        name = EventName.AccessRightsChanged
        if name in self.events:
            self.peer.push(envelope.event(name, self.access_rights()))

    def renew(self, principal: Principal) -> None:
        """Be signed in with the limits that the session has now."""
        self.sign_in(principal)
        self.rights_changed()

    def revoke(self) -> None:
        """Sign out: the session, or its user, is gone."""
        self.sign_out()
        self.rights_changed()

    # --- what functions call ----------------------------------------------------------------

    @property
    def directory(self) -> Directory:
        """The directory that the functions work on, as seen from here."""
        if self._directory is None:
            self._directory = self.face.directory.at(self.origin)
        return self._directory

    @property
    def origin(self) -> Origin:
        """Where the requests of this connection come from."""
        return Origin("tani", self.source)

    @property
    def bus(self) -> Bus:
        """Where commits come from."""
        return self.face.bus

    @property
    def needs_set_up(self) -> bool:
        """Tell whether the very first account is to be made, and may be made here."""
        return self.authentication and not self.bus.ever_had_account

    @property
    def scopes(self) -> Scope:
        """What this connection holds, as of now."""
        if not self.authentication:
            return Scope.ADMIN
        return self._live.scopes if isinstance(self._live, LiveUser) else Scope.NONE

    @property
    def principal(self) -> Principal | None:
        """The user who is signed in, and the session."""
        if not isinstance(self._live, LiveUser) or self.token_id is None:
            return None
        return self._live.principal(self.token_id, self._expires)

    @property
    def actor(self) -> Actor:
        """Who acts: the user who is signed in, or on a listener without authentication anybody.

        Raises:
            RefusedError: NOT_SIGNED_IN.
        """
        if not self.authentication:
            return OWNER
        if principal := self.principal:
            return principal
        raise RefusedError(Reason.NOT_SIGNED_IN)

    def access_rights(self) -> AccessRights:
        """Show who this connection is, and what it may do in all."""
        everybody = self.bus.anonymous.group
        scopes = with_groups(self.scopes, (everybody,))
        match self._live:
            case LiveUser(user=user, groups=groups):
                return access_rights(user.name, groups, scopes)
            case LiveAnonymous():
                return access_rights("", (everybody,), scopes)
            case _:
                assert_never(self._live)

    def sign_in(self, principal: Principal) -> None:
        """Let this connection be that of *principal*, until the session expires."""
        if self.open:
            self._live_as(self.bus.follow(self, principal))
            self.token_id = principal.token_id
            self.expect_end(principal.expires)

    def sign_out(self) -> None:
        """Let this connection be anonymous."""
        if self.open:
            self._live_as(self.bus.anonymous)
            self._live.sessions.add(self)
        self.token_id = None
        self.expect_end(None)

    def expect_end(self, expires: datetime | None) -> None:
        """Mind when the session is over, and from when on using it makes it last longer."""
        self._expires = expires
        self._extend_from = None
        if expires is not None:
            idle = self.face.directory.session_lifetime.idle
            self._extend_from = self.face.monotonic() + (idle / 8).total_seconds()
        self._mind_end()

    def _mind_end(self) -> None:
        """Wake when the session is over, or the account is."""
        live = self._live
        ends = live.ends(self._expires) if isinstance(live, LiveUser) else None
        self.deadline = None
        if ends is not None:
            left = (ends - self.face.directory.clock()).total_seconds()
            self.deadline = self.face.monotonic() + left

    def subscribe(self, events: Collection[str]) -> None:
        """Tell this connection of *events*, and of nothing else."""
        self.events = events
        if events and self.open:
            self.face.subscribers[self] = None
        else:
            self.face.subscribers.pop(self, None)

    def _live_as(self, live: Live) -> None:
        if live is not self._live:
            self.bus.unfollow(self, self._live)
        self._live = live

    # --- answering --------------------------------------------------------------------------

    @property
    def _limit(self) -> int:
        limits = self.face.limits
        if isinstance(self._live, LiveUser) or not self.authentication:
            return limits.message
        return limits.message_before_sign_in

    def _answer(self, message: bytes) -> bytes:
        """Answer one message; b"" when a job will."""
        request = envelope.parse(message)
        if isinstance(request, Malformed):
            return request.reply
        self._request = request
        if self._extend_from is not None and self._extend_from <= self.face.monotonic():
            self.job = self._use(request)
            return b""
        kept = self._live.kept.get(request.function)
        if kept is not None and self.authentication and bytes(request.data) == _NO_DATA:
            return envelope.success(request, kept)
        return self._dispatch(request)

    def _dispatch(self, request: Request) -> bytes:
        method = self.face.catalogue.methods.get(request.function)
        if method is None:
            text = "There is no such function."
            return envelope.failure(request, Status.UNKNOWN_FUNCTION, text)
        if objection := self._objection(method):
            return calls.refusal(request, RefusedError(objection))
        try:
            arguments = envelope.data_of(request, method.params)
        except InvalidDataError as invalid:
            return envelope.failure(request, Status.BAD_REQUEST, str(invalid))
        match method.kind:
            case Kind.WAITING:
                self.job = calls.waiting(self, request, method, arguments)
            case Kind.LISTING:
                self.job = calls.listing(self, request, method, arguments)
            case Kind.AT_ONCE:
                data = calls.at_once(self, method, arguments)
                if method.steady and self.authentication:
                    self._live.kept[method.name] = data
                return envelope.success(request, data)
            case _:
                assert_never(method.kind)
        return b""

    def _objection(self, method: Method["Session"]) -> Reason | None:
        """Say why the caller may not call this."""
        if not self.authentication:
            return None
        if method.access.gate.is_open(needs_set_up=self.needs_set_up):
            return None
        if isinstance(self._live, LiveAnonymous):
            return Reason.NOT_SIGNED_IN
        demand = method.access.demand(self_service=self.face.directory.self_service)
        if demand in self._live.scopes:
            return None
        self.directory.note(self.principal, Action.DENIED, method.name, Outcome.REFUSED)
        return Reason.FORBIDDEN

    async def _use(self, request: Request) -> Replies:
        """Let the session last longer, as it is being used, then answer."""
        if principal := self.principal:
            await self._extend(principal)
        self.job = None
        reply = self._dispatch(request)
        if reply:
            return [reply]
        following: Coroutine[Any, Any, Replies] | None = self.job
        return await following if following else ()

    async def _extend(self, principal: Principal) -> None:
        """Let the session last longer, unless it ends meanwhile."""
        try:
            expires = await sessions.extend(self.directory, principal)
        except RefusedError as refused:
            if self.token_id is not None and refused.reason is Reason.SESSION_OVER:
                self.revoke()
            elif self.token_id is not None:
                self._extend_from = self.face.monotonic() + EXTEND_RETRY
            return
        if self.token_id is not None:
            self.expect_end(expires)
