"""The shapes of the namespace ``Access``, and how domain values become them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from keystead.audit.chain import AuditEvent
from keystead.audit.formats import Format, line
from keystead.domain import model
from keystead.domain.items import Spoken
from keystead.domain.model import Account, Group, Scope, ThingId, TokenKind, TokenLimits, User
from keystead.domain.refusal import Reason
from keystead.domain.rights import Decision
from keystead.domain.throttle import Lock
from keystead.nymea.types import PermissionScope, Uint, View, scope_names, scopes_named

LATEST = 253_402_300_799  # seconds: the last of the year 9999, after which no date can be told
Seconds = Annotated[int, msgspec.Meta(ge=0, le=LATEST)]  # since 1970, UTC, as nymea counts time


def _words(reason: Reason) -> str:
    return "AccessError" + "".join(word.capitalize() for word in reason.name.split("_"))


# A word for each reason, so that a client can say in its own language what is wrong.
AccessError = StrEnum(  # type: ignore[misc]  # mypy would have the reasons spelt out again
    "AccessError",
    {word: word for word in ("AccessErrorNoError", *(_words(reason) for reason in Reason))},
)


AccessError.__doc__ = "Why the rules say no to a request of the namespace ``Access``."


def access_error(reason: Reason | None) -> StrEnum:
    """Give the word for a refusal, or for none.

    >>> str(access_error(Reason.NAME_TAKEN))
    'AccessErrorNameTaken'
    """
    word: StrEnum = AccessError["AccessErrorNoError" if reason is None else _words(reason)]
    return word


class AccessRight(StrEnum):
    """The rights that accounts and groups have besides nymea's scopes."""

    AccessRightUserEdit = "AccessRightUserEdit"
    AccessRightEditor = "AccessRightEditor"
    AccessRightDiag = "AccessRightDiag"


_RIGHTS = {
    AccessRight.AccessRightUserEdit: Scope.USER_EDIT,
    AccessRight.AccessRightEditor: Scope.EDITOR,
    AccessRight.AccessRightDiag: Scope.DIAG,
}


class AccessTokenKind(StrEnum):
    """What a token is for."""

    AccessTokenKindDevice = "AccessTokenKindDevice"
    AccessTokenKindSession = "AccessTokenKindSession"


class AccessAuditFormat(StrEnum):
    """What lines of a file events are written as."""

    AccessAuditFormatJsonLines = "AccessAuditFormatJsonLines"
    AccessAuditFormatCsv = "AccessAuditFormatCsv"
    AccessAuditFormatSyslog = "AccessAuditFormatSyslog"

    @property
    def form(self) -> Format:
        """Give what the audit trail calls it."""
        return _FORMATS[self]


_FORMATS = {
    AccessAuditFormat.AccessAuditFormatJsonLines: Format.JSON_LINES,
    AccessAuditFormat.AccessAuditFormatCsv: Format.CSV,
    AccessAuditFormat.AccessAuditFormatSyslog: Format.SYSLOG,
}

_KINDS = {
    TokenKind.DEVICE: AccessTokenKind.AccessTokenKindDevice,
    TokenKind.SESSION: AccessTokenKind.AccessTokenKindSession,
}


class ItemRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A right to read an item, and to write it if it says so; with a prefix what lies below."""

    name: str
    is_prefix: bool = False
    may_write: bool = False


class AccessAccount(View, frozen=True, omit_defaults=True, kw_only=True):
    """An account with all that belongs to it; times in seconds, absent for none."""

    username: str
    display_name: str
    email: str
    scopes: tuple[PermissionScope, ...]
    rights: tuple[AccessRight, ...]
    allowed_thing_ids: tuple[UUID, ...]
    groups: list[str]
    items: tuple[ItemRule, ...]
    has_password: bool
    enabled: bool
    valid_since: Uint | msgspec.UnsetType = msgspec.UNSET
    valid_until: Uint | msgspec.UnsetType = msgspec.UNSET


class AccessGroup(View, frozen=True):
    """A group, with what its members may do by it."""

    name: str
    rights: tuple[AccessRight, ...]
    items: tuple[ItemRule, ...]


class AccessToken(View, frozen=True, omit_defaults=True, kw_only=True):
    """A token with its properties; what it is not limited to is absent, and so are times."""

    id: UUID
    username: str
    device_name: str
    kind: AccessTokenKind
    created: Uint
    expires: Uint | msgspec.UnsetType = msgspec.UNSET
    last_used: Uint | msgspec.UnsetType = msgspec.UNSET
    last_source: str | msgspec.UnsetType = msgspec.UNSET
    scopes: tuple[PermissionScope, ...] | msgspec.UnsetType = msgspec.UNSET
    rights: tuple[AccessRight, ...] | msgspec.UnsetType = msgspec.UNSET
    allowed_thing_ids: tuple[UUID, ...] | msgspec.UnsetType = msgspec.UNSET
    items: tuple[ItemRule, ...] | msgspec.UnsetType = msgspec.UNSET


class AccessSession(View, frozen=True):
    """A connection on which somebody is signed in."""

    username: str
    token_id: UUID
    face: str
    source: str


class AccessLock(View, frozen=True):
    """Somebody who has to wait after failed sign-ins; "" stands for all of them."""

    username: str
    source: str
    failures: Uint
    until: Uint


class SpokenRule(View, frozen=True, omit_defaults=True):
    """A rule that matches an item, and the group that gives it, if none of the account's own."""

    rule: ItemRule
    group: str | msgspec.UnsetType = msgspec.UNSET


class AuditCheck(msgspec.Struct, rename="camel", frozen=True):
    """When the trail was checked, in seconds since 1970, and what was found: a sentence a problem."""

    time: Uint
    is_intact: bool
    events: Uint
    problems: list[str]


class AccessAuditEvent(View, frozen=True, omit_defaults=True, kw_only=True):
    """An event of the audit trail; its time in milliseconds, "line" what a file of them has."""

    sequence: Uint
    time: Uint
    author_kind: str
    author: str
    author_id: str
    token_id: UUID | msgspec.UnsetType = msgspec.UNSET
    face: str
    source: str
    action: str
    object: str
    object_id: str
    outcome: str
    detail: dict[str, str]
    times: Uint
    line: str | msgspec.UnsetType = msgspec.UNSET


def item_rules(rules: Iterable[model.ItemRule]) -> tuple[ItemRule, ...]:
    """Show rules."""
    return tuple(ItemRule(*rule) for rule in rules)


def domain_rules(rules: Iterable[ItemRule]) -> tuple[model.ItemRule, ...]:
    """Read rules."""
    return tuple(model.ItemRule(rule.name, rule.is_prefix, rule.may_write) for rule in rules)


def rights_of(scopes: Scope) -> tuple[AccessRight, ...]:
    """Name the rights that are held."""
    return tuple(right for right, scope in _RIGHTS.items() if scope in scopes)


def rights_named(rights: Iterable[AccessRight]) -> Scope:
    """Give the rights that have these names."""
    held = Scope.NONE
    for right in rights:
        held |= _RIGHTS[right]
    return held


def access_account(account: Account) -> AccessAccount:
    """Show *account*."""
    user, has_password, groups, items = account
    enabled, since, until = user.validity
    return AccessAccount(
        username=user.name,
        display_name=user.display_name,
        email=user.email,
        scopes=scope_names(user.scopes),
        rights=rights_of(user.scopes),
        allowed_thing_ids=user.things,
        groups=[group.name for group in groups],
        items=item_rules(items),
        has_password=has_password,
        enabled=enabled,
        valid_since=seconds(since),
        valid_until=seconds(until),
    )


def access_group(group: Group, items: Iterable[model.ItemRule]) -> AccessGroup:
    """Show a group."""
    return AccessGroup(group.name, rights_of(group.rights), item_rules(items))


def access_token(token: model.Token, user: User) -> AccessToken:
    """Show a *token* of *user*."""
    limits, used = token.limits, token.last_used
    unset = msgspec.UNSET
    return AccessToken(
        id=token.id,
        username=user.name,
        device_name=token.device_name,
        kind=_KINDS[token.kind],
        created=int(token.created.timestamp()),
        expires=seconds(token.expires),
        last_used=seconds(used.time) if used else unset,
        last_source=used.source if used else unset,
        scopes=unset if limits.scopes is None else scope_names(limits.scopes),
        rights=unset if limits.scopes is None else rights_of(limits.scopes),
        allowed_thing_ids=unset if limits.things is None else limits.things,
        items=unset if limits.items is None else item_rules(limits.items),
    )


def access_lock(lock: Lock) -> AccessLock:
    """Show who has to wait."""
    return AccessLock(lock.account, lock.source, lock.failures, int(lock.until.timestamp()) + 1)


def spoken_rules(decision: Decision) -> list[SpokenRule]:
    """Show the rules that spoke."""
    return [_spoken(one) for one in decision.spoken]


def access_event(event: AuditEvent, form: AccessAuditFormat | None = None) -> AccessAuditEvent:
    """Show an event, with its line of a file if *form* says of which."""
    author = event.author
    return AccessAuditEvent(
        sequence=event.sequence,
        time=int(event.time.timestamp() * 1000) if event.time else 0,
        author_kind=author.kind,
        author=author.name,
        author_id=author.id,
        token_id=author.token_id or msgspec.UNSET,
        face=author.origin.face,
        source=author.origin.source,
        action=event.action,
        object=event.object,
        object_id=event.object_id,
        outcome=event.outcome,
        detail=dict(event.detail),
        times=event.times,
        line=line(form.form, event) if form else msgspec.UNSET,
    )


def limits_of(
    scopes: tuple[PermissionScope, ...] | None,
    rights: tuple[AccessRight, ...] | None,
    things: tuple[UUID, ...] | None,
    items: list[ItemRule] | None,
) -> TokenLimits:
    """Read what a token is to be limited to; scopes and rights limit together."""
    held = None
    if scopes is not None or rights is not None:
        held = scopes_named(scopes or ()) | rights_named(rights or ())
    return TokenLimits(
        held,
        None if things is None else tuple(ThingId(thing) for thing in things),
        None if items is None else domain_rules(items),
    )


def seconds(moment: datetime | None) -> int | msgspec.UnsetType:
    """Show a time; nymea counts it in whole seconds."""
    return msgspec.UNSET if moment is None else max(0, int(moment.timestamp()))


def moment(count: int | None) -> datetime | None:
    """Read a time."""
    return None if count is None else datetime.fromtimestamp(count, UTC)


def _spoken(spoken: Spoken) -> SpokenRule:
    rule, source = spoken
    return SpokenRule(ItemRule(*rule), msgspec.UNSET if source is None else source)
