"""The bus: sessions know of every commit, before anybody else is told."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from keystead.domain.change import (
    Commit,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenExtended,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.model import Principal, Scope, Token, TokenId, TokenKind, UserId
from keystead.domain.tokens import digest
from keystead.rpc.bus import Bus
from tests.conformance.samples import RULES, STAFF
from tests.conformance.stores import record
from tests.doubles import NOON, directory
from tests.unit.on_the_bus import ANN, BOB, BOBS, PHONE, TABLET, Listener, as_any, publish
from tests.unit.people import move_in


@dataclass
class Gate:
    """A reader during whose first answer something happens."""

    store: Any
    meanwhile: list[Any] = field(default_factory=list)
    asked: int = 0

    async def principal_by_digest(
        self, wanted: bytes, kind: TokenKind, now: datetime
    ) -> Principal | None:
        return await self._answered(self.store.reader.principal_by_digest(wanted, kind, now))

    async def principal(
        self, user_id: UserId, token_id: TokenId, now: datetime
    ) -> Principal | None:
        return await self._answered(self.store.reader.principal(user_id, token_id, now))

    async def _answered(self, answer: Awaitable[Principal | None]) -> Principal | None:
        self.asked += 1
        found = await answer
        if self.meanwhile:
            await self.meanwhile.pop()
        return found


@pytest.fixture
def house():
    return directory()


@pytest.fixture
def bus(house):
    return Bus(house.store.reader, house.clock, ever_had_account=False)


# --- who is told ----------------------------------------------------------------------------


def test_every_announcer_is_told_of_every_commit_in_order(bus):
    told: list[tuple[str, Commit]] = []
    bus.join(lambda commit: told.append(("one", commit)))
    bus.join(lambda commit: told.append(("two", commit)))
    first, second = publish(bus, UserAdded(ANN, None)), publish(bus, UserChanged(ANN))
    assert told == [("one", first), ("two", first), ("one", second), ("two", second)]


def test_sessions_are_up_to_date_before_anybody_is_told(bus):
    session, other = Listener(bus), Listener(bus)
    live = session.sign_in(ANN, TABLET)
    other.sign_in(BOB, BOBS)
    seen = []
    bus.join(lambda _: seen.append((live.user.scopes, other.revoked)))
    publish(bus, UserChanged(ANN._replace(scopes=Scope.NONE)), UserRemoved(BOB))
    assert seen == [(Scope.NONE, 1)]


# --- what sessions know ---------------------------------------------------------------------


def test_a_session_knows_its_user_as_of_now(bus):
    live = Listener(bus).sign_in(ANN, TABLET)
    changed = ANN._replace(scopes=Scope.NONE)
    publish(bus, UserChanged(changed))
    assert live.user == changed


def test_sessions_of_one_user_share_what_they_know(bus):
    one, other = Listener(bus), Listener(bus)
    live = one.sign_in(ANN, TABLET)
    publish(bus, UserChanged(ANN._replace(email="new")))
    assert other.sign_in(ANN, PHONE) is live
    assert live.user.email == "new"
    one.sign_out()
    publish(bus, UserChanged(ANN._replace(email="newer")))
    assert live.user.email == "newer"


def test_what_was_kept_of_a_user_is_forgotten_when_the_user_changes(bus):
    live, bobs = Listener(bus).sign_in(ANN, TABLET), Listener(bus).sign_in(BOB, BOBS)
    live.kept["Users.GetUserInfo"] = bobs.kept["Users.GetUserInfo"] = b"{}"
    publish(bus, PasswordChanged(ANN.id, "hash"), TokenRemoved(ANN.id, PHONE))
    publish(bus, TokenExtended(ANN.id, TABLET, NOON), PasswordRehashed(ANN.id, "hash"))
    assert live.kept == {"Users.GetUserInfo": b"{}"}
    publish(bus, UserChanged(ANN))
    assert live.kept == {}
    assert bobs.kept == {"Users.GetUserInfo": b"{}"}


def test_changes_of_others_concern_nobody(bus):
    session = Listener(bus)
    live = session.sign_in(ANN, TABLET)
    token = Token(BOBS, BOB.id, "phone", NOON)
    publish(
        bus,
        UserAdded(BOB, "hash"),
        TokenAdded(token, b"d" * 32),
        UserChanged(BOB),
        PasswordChanged(BOB.id, "hash"),
        PasswordRehashed(BOB.id, "hash"),
        TokenExtended(BOB.id, BOBS, NOON),
        TokenRemoved(BOB.id, BOBS),
        MembershipsChanged(BOB, (STAFF,)),
        UserItemsChanged(BOB, RULES),
        UserRemoved(BOB),
        GroupAdded(STAFF),
        GroupChanged(STAFF),
        GroupItemsChanged(STAFF, RULES),
        GroupRemoved(STAFF),
    )
    assert (live.user, session.revoked, session.live) == (ANN, 0, live)
    assert session.heard == []


def test_who_is_not_signed_in_any_more_is_not_told(bus):
    session = Listener(bus)
    live = session.sign_in(ANN, TABLET)
    session.sign_out()
    publish(bus, UserChanged(ANN._replace(email="new")), UserRemoved(ANN))
    assert live.user == ANN
    assert session.revoked == 0


# --- who is signed out ----------------------------------------------------------------------


def test_sessions_end_with_their_token_and_others_stay(bus):
    tablet, phone, also_tablet = Listener(bus), Listener(bus), Listener(bus)
    for session, token_id in ((tablet, TABLET), (phone, PHONE), (also_tablet, TABLET)):
        session.sign_in(ANN, token_id)
    publish(bus, TokenRemoved(ANN.id, TABLET))
    assert [session.revoked for session in (tablet, phone, also_tablet)] == [1, 0, 1]
    assert phone.live is not None


def test_sessions_end_with_their_user(bus):
    sessions = [Listener(bus) for _ in range(3)]
    sessions[0].sign_in(ANN, TABLET)
    sessions[1].sign_in(ANN, PHONE)
    sessions[2].sign_in(BOB, BOBS)
    publish(bus, UserRemoved(ANN))
    assert [session.revoked for session in sessions] == [1, 1, 0]


def test_another_password_signs_nobody_out(bus):
    session = Listener(bus)
    session.sign_in(ANN, TABLET)
    publish(bus, PasswordChanged(ANN.id, "hash"), PasswordRehashed(ANN.id, "hash"))
    assert session.revoked == 0


def test_who_signs_in_again_after_a_revocation_is_told_again(bus):
    session = Listener(bus)
    session.sign_in(ANN, TABLET)
    publish(bus, TokenRemoved(ANN.id, TABLET))
    live = session.sign_in(ANN, PHONE)
    publish(bus, UserChanged(ANN._replace(email="new")))
    assert live.user.email == "new"
    publish(bus, TokenRemoved(ANN.id, PHONE))
    assert session.revoked == 2


# --- the first account ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [(UserAdded(ANN, None), True), (UserChanged(ANN), False), (UserRemoved(ANN), False)],
)
def test_the_bus_knows_when_the_first_account_is_made(bus, change, expected):
    publish(bus, change)
    assert bus.ever_had_account is expected


def test_an_account_that_was_there_at_the_start_counts(house):
    bus = Bus(house.store.reader, house.clock, ever_had_account=True)
    publish(bus, UserRemoved(ANN))
    assert bus.ever_had_account


# --- resolving ------------------------------------------------------------------------------


def test_a_secret_is_resolved_to_whom_it_belongs(house):
    ann = asyncio.run(move_in(house, "ann"))
    bus = Bus(house.store.reader, house.clock, ever_had_account=True)
    assert asyncio.run(bus.resolve("secret of ann")) == ann
    assert asyncio.run(bus.resolve("secret of nobody")) is None


def test_who_is_resolved_comes_with_their_groups(house):
    ann = asyncio.run(move_in(house, "ann"))
    asyncio.run(record(house.store, GroupAdded(STAFF), MembershipsChanged(ann.user, (STAFF,))))
    bus = Bus(house.store.reader, house.clock, ever_had_account=True)
    found = asyncio.run(bus.resolve("secret of ann"))
    assert found == Principal(ann.user, ann.token_id, (STAFF,))


@pytest.mark.parametrize("kind", TokenKind)
def test_a_secret_is_resolved_for_its_own_kind_until_it_expires(house, kind):
    ann = asyncio.run(move_in(house, "ann"))
    end = NOON + timedelta(hours=8)
    token = Token(PHONE, ann.user.id, "page", NOON, kind, end)
    asyncio.run(record(house.store, TokenAdded(token, digest("key"))))
    bus = Bus(house.store.reader, house.clock, ever_had_account=True)
    for other in TokenKind:
        found = asyncio.run(bus.resolve("key", other))
        assert found == (Principal(ann.user, PHONE, expires=end) if other is kind else None)
    house.clock.now = end
    assert asyncio.run(bus.resolve("key", kind)) is None


def test_a_secret_that_is_not_said_to_be_of_a_session_is_one_of_a_device(house):
    ann = asyncio.run(move_in(house, "ann"))
    page = Token(PHONE, ann.user.id, "page", NOON, TokenKind.SESSION)
    asyncio.run(record(house.store, TokenAdded(page, digest("key"))))
    bus = Bus(house.store.reader, house.clock, ever_had_account=True)
    assert asyncio.run(bus.resolve("key")) is None


def test_a_commit_that_comes_in_between_is_not_missed(house):
    ann = asyncio.run(move_in(house, "ann"))
    gate = Gate(house.store)
    bus = Bus(as_any(gate), house.clock, ever_had_account=True)
    house.store.listen(bus.publish)
    gate.meanwhile = [
        record(house.store, TokenRemoved(ann.user.id, ann.token_id)),
        record(house.store, UserChanged(ann.user._replace(scopes=Scope.ADMIN))),
    ]
    assert asyncio.run(bus.resolve("secret of ann")) is None
    assert gate.asked == 3


def test_who_has_just_signed_in_is_known_as_of_now(house):
    ann = asyncio.run(move_in(house, "ann"))
    gate = Gate(house.store)
    bus = Bus(as_any(gate), house.clock, ever_had_account=True)
    house.store.listen(bus.publish)
    changed = ann.user._replace(scopes=Scope.ADMIN)
    gate.meanwhile = [record(house.store, UserChanged(changed))]
    assert asyncio.run(bus.present(ann)) == Principal(changed, ann.token_id)
    asyncio.run(record(house.store, TokenRemoved(ann.user.id, ann.token_id)))
    assert asyncio.run(bus.present(ann)) is None


def test_whose_token_was_made_by_the_newest_change_is_not_asked_for(house):
    gate = Gate(house.store)
    bus = Bus(as_any(gate), house.clock, ever_had_account=True)
    ann = Principal(ANN, PHONE)
    publish(bus, TokenAdded(Token(PHONE, ANN.id, "phone", NOON), b""))
    assert asyncio.run(bus.present(ann)) is ann
    assert asyncio.run(bus.present(Principal(ANN, TABLET))) is None
    assert gate.asked == 1
    publish(bus, UserChanged(ANN))
    assert asyncio.run(bus.present(ann)) is None  # it was never stored
    assert gate.asked == 2


def test_a_token_that_is_made_in_between_is_found(house):
    ann = asyncio.run(move_in(house, "ann"))
    gate = Gate(house.store)
    bus = Bus(as_any(gate), house.clock, ever_had_account=True)
    house.store.listen(bus.publish)
    token = Token(PHONE, ann.user.id, "phone", NOON)
    gate.meanwhile = [record(house.store, TokenAdded(token, digest("new secret")))]
    assert asyncio.run(bus.resolve("new secret")) == Principal(ann.user, PHONE)
