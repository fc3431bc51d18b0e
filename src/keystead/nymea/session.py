"""One nymea connection: bytes in, messages out, no sockets."""

from collections.abc import Collection, Coroutine, Sequence
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from keystead.domain.directory import Directory, check_texts
from keystead.domain.events import Origin
from keystead.domain.model import OWNER, Actor, Principal, Scope, TokenId, User
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea import envelope, steps
from keystead.nymea.envelope import Malformed, Request
from keystead.nymea.errors import INVALID_TOKEN
from keystead.nymea.framing import Framer
from keystead.nymea.steps import TOO_LARGE
from keystead.rpc.bus import Bus, LiveUser
from keystead.rpc.session import Peer, Replies

if TYPE_CHECKING:
    from keystead.nymea.face import Face

SIGN_IN_PAUSE = 3.0  # seconds in which a second failed sign-in ends the connection; nymea 2.6

_FRAMED_AT_ONCE = 16 * 1024  # bytes; framing more would delay other connections
_SHORTEST_PARAMS = len('{"":0}')  # whatever is shorter says nothing
_NOTHING_KEPT: dict[str, bytes] = {}
_INTERNAL_ERROR = "Internal error."


class Session:
    """State of one connection. ``net`` feeds it and sends what it gives back.

    Attributes:
        authentication: whether rights are checked on this listener.
        has_begun: the first text was a Hello.
        has_greeted: a Hello was answered.
        number: id of the request under way.
        token: what every request must carry.
        token_id: the token that is signed in with.
        live: who is signed in, as of now; None for nobody.
        offered_token: the token that the request under way carries.
        locale: the canonical name of the language that the client asked for.
        open: whether the connection still stands.
        source: where the connection comes from.
    """

    __slots__ = (
        "_directory",
        "_expires",
        "_failed_at",
        "_framer",
        "_greet_until",
        "_message_until",
        "_next",
        "_over_at",
        "_pairing_until",
        "_requests",
        "_unframed",
        "_unsent",
        "authentication",
        "closing",
        "deadline",
        "face",
        "has_begun",
        "has_greeted",
        "job",
        "live",
        "locale",
        "number",
        "offered_token",
        "open",
        "peer",
        "source",
        "token",
        "token_id",
    )

    def __init__(self, face: "Face", peer: Peer, *, authentication: bool, source: str) -> None:
        self.face = face
        self.peer = peer
        self.authentication = authentication
        self.source = source
        self.has_begun = False
        self.has_greeted = False
        self.number = 0
        self.token = ""
        self.token_id: TokenId | None = None
        self.live: LiveUser | None = None
        self.offered_token = ""
        self.locale = "en_US"
        self.open = True
        self.closing = False
        self.job: Coroutine[Any, Any, Replies] | None = None
        self._directory: Directory | None = None  # made when first needed
        self._expires: datetime | None = None  # when the token does
        self._over_at: float | None = None  # when whoever is signed in is no longer
        self._failed_at = -SIGN_IN_PAUSE
        self._requests: Sequence[Request | Malformed] = ()
        self._next = 0  # index of the first request not yet answered
        self._unframed = b""
        self._unsent: list[bytes] = []
        self._framer: Framer | None = None  # there is one while a text is cut
        self._message_until: float | None = None
        self._pairing_until: float | None = None
        self._greet_until: float | None = face.monotonic() + face.limits.patience
        self.deadline: float | None = self._greet_until

    # --- what ``net`` calls -----------------------------------------------------------------

    def receive(self, chunks: Sequence[bytes]) -> None:
        """Take bytes from the peer, cut anyhow."""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._framer is None and not self._unframed and len(data) <= self._limit:
            found = envelope.requests(data)
            if found is not None:
                self._requests = [*self._requests, *found] if self._requests else found
                return
        self._unframed += data

    def too_large(self) -> None:
        """A WebSocket message that is too large ends the connection before it comes here."""

    @property
    def has_requests(self) -> bool:
        """Tell whether requests, or bytes that may hold some, wait to be looked at."""
        return bool(self._requests or self._unframed)

    def advance(self, limit: int) -> Replies:
        """Answer at most *limit* waiting requests, in order; give the messages to send."""
        if self._over_at is not None and self._over_at <= self.face.monotonic():
            self.revoke()  # whoever asks without a pause is not asked for the time
            return ()
        if not self._requests:
            if not self._unframed:
                return ()
            self._requests = self._frame()
        requests = self._requests
        replies = self._unsent = []
        kept_replies = self.live.kept if self.live else _NOTHING_KEPT
        for position in range(self._next, min(len(requests), self._next + limit)):
            request = requests[position]
            self._next = position + 1
            if (
                request.token == self.token
                and len(request.params) < _SHORTEST_PARAMS
                and (kept := kept_replies.get(request.method)) is not None
            ):
                replies.append(envelope.success(request.id, kept))
            elif reply := steps.answer(self, request):
                replies.append(reply)
            if self.job is not None or self.closing:
                break
        if self._next == len(requests):
            self._requests, self._next = (), 0
        self._unsent = []
        return replies

    def resume(self) -> None:
        """Take note that the job is done and its replies are sent."""
        self.job = None

    def apologise(self) -> Replies:
        """Give the answer to a request whose handling failed by a fault of ours."""
        unsent, self._unsent = self._unsent, []
        return [*unsent, envelope.error(self.number, _INTERNAL_ERROR)]

    def expire(self, now: float) -> None:
        """End what has taken too long: a greeting, a message, a pairing."""
        if self._pairing_until is not None and self._pairing_until <= now:
            self._pairing_until = None
            self._mind_time()
            self.face.expire_pairing(now)
        if self._over_at is not None and self._over_at <= now:
            self.revoke()
            return
        if any(t is not None and t <= now for t in (self._greet_until, self._message_until)):
            self._greet_until = self._message_until = None
            self._mind_time()
            self.peer.close()

    def closed(self) -> None:
        """Take note that the connection is gone."""
        self.open = False
        self.face.withdraw(self)
        self._forget_user()

    def rights_changed(self) -> None:
        """The next request has the new rights; nymea has no word to say so."""
        self._mind_time()

    def renew(self, principal: Principal) -> None:
        """Be signed in with the limits that the token has now."""
        self.bind(self.token, principal)

    def revoke(self) -> None:
        """Sign out, tell so, and close; whoever waits for a reply gets that one still."""
        self._forget_user()
        self.closing = True
        if self.job is None:
            self.peer.push(envelope.unauthorized(envelope.PARSE_ERROR_ID, INVALID_TOKEN))
            self.peer.close()

    # --- what methods call ------------------------------------------------------------------

    @property
    def directory(self) -> Directory:
        """The directory that the methods work on, as seen from here."""
        if self._directory is None:
            self._directory = self.face.directory.at(self.origin)
        return self._directory

    def on(self, directory: Directory) -> "Session":
        """Give a session like this one, for methods that are to work on another directory."""
        twin = copy(self)
        twin._directory = directory
        return twin

    @property
    def origin(self) -> Origin:
        """Where the requests of this connection come from."""
        return Origin("nymea", self.source)

    @property
    def bus(self) -> Bus:
        """Where commits come from."""
        return self.face.bus

    @property
    def needs_set_up(self) -> bool:
        """Tell whether the very first account is to be made, and may be made here."""
        return self.authentication and not self.bus.ever_had_account

    @property
    def user(self) -> User | None:
        """The user who is signed in, as of now."""
        return self.live.shown if self.live else None

    @property
    def principal(self) -> Principal | None:
        """The user who is signed in, and the token."""
        if self.live is None or self.token_id is None:
            return None
        return self.live.principal(self.token_id, self._expires)

    @property
    def scopes(self) -> Scope:
        """What the user who is signed in holds, as of now."""
        return self.live.scopes if self.live else Scope.NONE

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

    def bind(self, token: str, principal: Principal | None) -> None:
        """Let every further request carry *token*, and be that of *principal*."""
        self._forget_user()
        self.token = token
        if principal and self.open:
            self.live = self.bus.follow(self, principal)
            self.token_id = principal.token_id
            self._expires = principal.expires
            self._mind_time()

    def greeted(self) -> None:
        """Take note that the handshake is done."""
        self.has_greeted = True
        self._greet_until = None
        self._mind_time()

    def sign_in_failed(self) -> None:
        """Take note of a failed sign-in; the second in short time ends the connection."""
        now = self.face.monotonic()
        self.closing = self.closing or now - self._failed_at < SIGN_IN_PAUSE
        self._failed_at = now

    def subscribe(self, namespaces: Collection[str]) -> None:
        """Notify this connection of what happens in *namespaces*, and of nothing else."""
        if told := self.face.announces.intersection(namespaces):
            self.face.subscribers[self] = told
        else:
            self.face.subscribers.pop(self, None)

    def request_pairing(self, device_name: str) -> int:
        """Let this connection wait for the push of a button; give the number of the pairing.

        Raises:
            RefusedError: TEXT_INVALID.
        """
        check_texts(device_name)
        waiting = self.face.request_pairing(self, device_name)
        self._pairing_until = waiting.until
        self._mind_time()
        return waiting.number

    def pairing_ended(self) -> None:
        """Take note that this connection waits for no button any more."""
        self._pairing_until = None
        self._mind_time()

    def _forget_user(self) -> None:
        if self.live:
            self.bus.unfollow(self, self.live)
        self.live = None
        self.token_id = None
        self._over_at = None

    # --- what has come, and how long it may take --------------------------------------------

    @property
    def _limit(self) -> int:
        known = self.live is not None or not self.authentication
        limits = self.face.limits
        return limits.message if known else limits.message_before_sign_in

    def _frame(self) -> list[Request | Malformed]:
        """Cut the next portion of what came into requests."""
        framer = self._framer or Framer()
        portion = self._unframed[:_FRAMED_AT_ONCE]
        self._unframed = self._unframed[_FRAMED_AT_ONCE:]
        texts = framer.feed(portion)
        requests = [
            envelope.parse(text) if len(text) <= self._limit else TOO_LARGE for text in texts
        ]
        if framer.waiting > self._limit:
            requests.append(TOO_LARGE)
        self._framer = framer if framer.waiting else None
        if texts or not framer.waiting:
            self._message_until = None
        if framer.waiting and self._message_until is None:
            self._message_until = self.face.monotonic() + self.face.limits.patience
        self._mind_time()
        return requests

    def _mind_time(self) -> None:
        self._over_at = self._ends()
        times = (self._greet_until, self._message_until, self._pairing_until, self._over_at)
        self.deadline = min((t for t in times if t is not None), default=None)

    def _ends(self) -> float | None:
        """Tell when whoever is signed in is no longer, in monotonic seconds."""
        ends = None if self.live is None else self.live.ends(self._expires)
        if ends is None:
            return None
        left = (ends - self.face.directory.clock()).total_seconds()
        return self.face.monotonic() + left
