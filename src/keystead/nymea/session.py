"""One nymea connection: bytes in, messages out, no sockets."""

from collections.abc import Collection, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never

from keystead.domain.directory import Directory, check_texts
from keystead.domain.events import Action, Origin, Outcome
from keystead.domain.model import OWNER, Actor, Principal, Scope, TokenId, User
from keystead.domain.refusal import Reason, RefusedError
from keystead.nymea import calls, envelope
from keystead.nymea.envelope import Malformed, Request
from keystead.nymea.errors import INVALID_TOKEN, PERMISSION_DENIED
from keystead.nymea.framing import Framer
from keystead.nymea.validation import InvalidParamsError, arguments
from keystead.rpc.bus import Bus, LiveUser
from keystead.rpc.method import Kind, Method
from keystead.rpc.session import Peer, Replies

if TYPE_CHECKING:
    from keystead.nymea.face import Face

HELLO = "JSONRPC.Hello"
SIGN_IN_PAUSE = 3.0  # seconds in which a second failed sign-in ends the connection; nymea 2.6

_FRAMED_AT_ONCE = 16 * 1024  # bytes; framing more would delay other connections
_SHORTEST_PARAMS = len('{"":0}')  # whatever is shorter says nothing
_NOTHING_KEPT: dict[str, bytes] = {}
_TOO_LARGE = Malformed(0, "")
_INTERNAL_ERROR = "Internal error."


class Session:
    """State of one connection. ``net`` feeds it and sends what it gives back.

    Attributes:
        authentication: whether rights are checked on this listener.
        token_id: the token that is signed in with.
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
        "_greeted",
        "_live",
        "_message_until",
        "_next",
        "_number",
        "_pairing_until",
        "_requests",
        "_routed",
        "_token",
        "_unframed",
        "_unsent",
        "authentication",
        "closing",
        "deadline",
        "face",
        "job",
        "locale",
        "offered_token",
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
        self.token_id: TokenId | None = None
        self.offered_token = ""
        self.locale = "en_US"
        self.open = True
        self.closing = False
        self.job: Coroutine[Any, Any, Replies] | None = None
        self._directory: Directory | None = None  # made when first needed
        self._expires: datetime | None = None  # when the token does
        self._token = ""  # what every request must carry
        self._routed = False  # the first text was a Hello
        self._greeted = False  # ... and a Hello was answered
        self._failed_at = -SIGN_IN_PAUSE
        self._number = 0  # id of the request under way
        self._requests: Sequence[Request | Malformed] = ()
        self._next = 0  # index of the first request not yet answered
        self._unframed = b""
        self._unsent: list[bytes] = []
        self._framer: Framer | None = None  # there is one while a text is cut
        self._live: LiveUser | None = None  # who is signed in, as of now
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
        if not self._requests and self._unframed:
            self._requests = self._frame()
        requests = self._requests
        replies = self._unsent = []
        kept_replies = self._live.kept if self._live else _NOTHING_KEPT
        for position in range(self._next, min(len(requests), self._next + limit)):
            request = requests[position]
            self._next = position + 1
            if (
                request.token == self._token
                and len(request.params) < _SHORTEST_PARAMS
                and (kept := kept_replies.get(request.method)) is not None
            ):
                replies.append(envelope.success(request.id, kept))
            elif reply := self._answer(request):
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
        return [*unsent, envelope.error(self._number, _INTERNAL_ERROR)]

    def expire(self, now: float) -> None:
        """End what has taken too long: a greeting, a message, a pairing."""
        if self._pairing_until is not None and self._pairing_until <= now:
            self._pairing_until = None
            self._mind_time()
            self.face.expire_pairing(now)
        ends = self._ends()
        if ends is not None and ends <= now:
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
        self.bind(self._token, principal)

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
        return self._live.shown if self._live else None

    @property
    def principal(self) -> Principal | None:
        """The user who is signed in, and the token."""
        if self._live is None or self.token_id is None:
            return None
        return self._live.principal(self.token_id, self._expires)

    @property
    def scopes(self) -> Scope:
        """What the user who is signed in holds, as of now."""
        return self._live.scopes if self._live else Scope.NONE

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
        self._token = token
        if principal and self.open:
            self._live = self.bus.follow(self, principal)
            self.token_id = principal.token_id
            self._expires = principal.expires
            self.directory.used(principal)
            self._mind_time()

    def greeted(self) -> None:
        """Take note that the handshake is done."""
        self._greeted = True
        self._greet_until = None
        self._mind_time()

    def sign_in_failed(self) -> None:
        """Take note of a failed sign-in; the second in short time ends the connection."""
        now = self.face.monotonic()
        self.closing = self.closing or now - self._failed_at < SIGN_IN_PAUSE
        self._failed_at = now

    def subscribe(self, namespaces: Collection[str]) -> None:
        """Notify this connection of what happens in *namespaces*, and of nothing else."""
        if "Users" in namespaces:
            self.face.subscribers[self] = None
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
        if self._live:
            self.bus.unfollow(self, self._live)
        self._live = None
        self.token_id = None

    # --- the order of steps -----------------------------------------------------------------

    @property
    def _limit(self) -> int:
        known = self._live is not None or not self.authentication
        limits = self.face.limits
        return limits.message if known else limits.message_before_sign_in

    def _frame(self) -> list[Request | Malformed]:
        """Cut the next portion of what came into requests."""
        framer = self._framer or Framer()
        portion = self._unframed[:_FRAMED_AT_ONCE]
        self._unframed = self._unframed[_FRAMED_AT_ONCE:]
        texts = framer.feed(portion)
        requests = [
            envelope.parse(text) if len(text) <= self._limit else _TOO_LARGE for text in texts
        ]
        if framer.waiting > self._limit:
            requests.append(_TOO_LARGE)
        self._framer = framer if framer.waiting else None
        if texts or not framer.waiting:
            self._message_until = None
        if framer.waiting and self._message_until is None:
            self._message_until = self.face.monotonic() + self.face.limits.patience
        self._mind_time()
        return requests

    def _mind_time(self) -> None:
        times = (self._greet_until, self._message_until, self._pairing_until, self._ends())
        self.deadline = min((t for t in times if t is not None), default=None)

    def _ends(self) -> float | None:
        """Tell when whoever is signed in is no longer, in monotonic seconds."""
        ends = None if self._live is None else self._live.ends(self._expires)
        if ends is None:
            return None
        left = (ends - self.face.directory.clock()).total_seconds()
        return self.face.monotonic() + left

    def _answer(self, request: Request | Malformed) -> bytes:
        """Take the steps of a request in nymea's order; give the reply, b"" when there is none.

        Source: nymea 1.2 for the first text, 2.3 for all others.
        """
        self._number = request.id
        if not self._routed and request.method != HELLO:
            self.closing = True
            return b""
        self._routed = True
        if isinstance(request, Malformed):
            self.closing = request is _TOO_LARGE
            return b"" if self.closing else envelope.error(request.id, request.error)
        method = self.face.catalogue.methods.get(request.method)
        if objection := self._objection(request, method):
            return objection
        assert method
        params = envelope.params_of(request)
        if isinstance(params, Malformed):
            return envelope.error(params.id, params.error)
        try:
            taken = arguments(method, params)
        except InvalidParamsError as invalid:
            return envelope.error(request.id, str(invalid))
        if not self._greeted and method.name != HELLO:
            self.closing = True
            handshake = f"Handshake required. Call {HELLO} first."
            return envelope.error(request.id, handshake)
        return self._call(request, method, taken)

    def _objection(self, request: Request, method: Method["Session"] | None) -> bytes:
        """Say why the caller may not call this, or that it does not exist; b"" when all is well."""
        number = request.id
        if request.method.count(".") != 1:
            return envelope.error(
                number,
                f"Error parsing method. Got: '{request.method}'', Expected: 'Namespace.method'",
            )
        is_open = method is not None and method.access.gate.is_open(
            needs_set_up=self.needs_set_up
        )
        if request.token != self._token and not is_open:
            self.closing = True
            changed = f"Changing the user (token) requires a new handshake. Call {HELLO}."
            return envelope.unauthorized(number, changed)
        if self.authentication and not is_open:
            if self._live is None:
                self.closing = True
                required = "Initial setup required. Call JSONRPC.CreateUser first."
                return envelope.unauthorized(
                    number, required if self.needs_set_up else INVALID_TOKEN
                )
            demand = Scope.ADMIN
            if method is not None:
                demand = method.access.demand(self_service=self.face.directory.self_service)
            if demand not in self._live.scopes:
                self.directory.note(
                    self.principal, Action.DENIED, request.method[:64], Outcome.REFUSED
                )
                return envelope.error(number, PERMISSION_DENIED)
        if method is not None:
            return b""
        namespace = request.method.partition(".")[0]
        known = any(name.startswith(f"{namespace}.") for name in self.face.catalogue.methods)
        return envelope.error(number, "No such method" if known else "No such namespace")

    def _call(
        self, request: Request, method: Method["Session"], taken: dict[str, Any]
    ) -> bytes:
        self.offered_token = request.token
        match method.kind:
            case Kind.WAITING:
                self.job = calls.waiting(self, request.id, method, taken)
            case Kind.LISTING:
                self.job = calls.listing(self, request.id, method, taken)
            case Kind.AT_ONCE:
                try:
                    returns = calls.at_once(self, method, taken)
                except RefusedError as refused:
                    return calls.refusal(self, request.id, method, refused)
                if method.steady and self._live:
                    self._live.kept[method.name] = returns
                return envelope.success(request.id, returns)
            case _:
                assert_never(method.kind)
        return b""
