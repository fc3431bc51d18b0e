"""The namespace Access: checking the audit trail."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from keystead.audit.chain import Head
from keystead.audit.checkpoints import AuditKeyError
from keystead.domain.events import StoredEvent
from keystead.domain.model import Scope
from keystead.nymea.methods import access_audit
from keystead.nymea.methods.access_audit import CHECK_LASTS
from keystead.upkeep import cut_trail
from tests.nymea_box import Box, finish
from tests.unit.trails import KEY, PUBLIC_KEY


@pytest.fixture
def box():
    return Box(audit_key=lambda: PUBLIC_KEY)


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def check(line):
    """Ask for a check."""
    return line.get("Access.CheckAudit")


def trail(box):
    """Give all events."""
    return finish(box.store.reader.audit_events(0, 1000))


def cut(box, last):
    """Remove the events up to *last*."""
    finish(cut_trail(box.directory, Head(last.sequence, last.digest), KEY))


@dataclass
class Edited:
    """A reader of a trail in which one event is another.

    Attributes:
        reader: where the rest comes from.
        body: what the first event is.
    """

    reader: Any
    body: bytes = b"{}"
    asked: list[int] = field(default_factory=list)

    async def __call__(self, after: int, limit: int) -> list[StoredEvent]:
        """Read as the reader does, and remember from where."""
        self.asked.append(after)
        events: list[StoredEvent] = await self.reader(after, limit)
        return [e._replace(body=self.body) if e.sequence == 1 else e for e in events]


def test_a_trail_that_is_what_was_written_is_intact(box, admin):
    assert check(admin) == {
        "time": int(box.clock.now.timestamp()),
        "isIntact": True,
        "events": len(trail(box)),
        "problems": [],
    }


def test_an_event_that_was_edited_is_found(box, admin):
    box.store.audit_events = Edited(box.store.reader.audit_events)
    found = check(admin)
    assert not found["isIntact"]
    assert found["problems"][0].startswith("Event 1 does not fit the one before")


def test_what_was_found_is_told_again_for_a_minute(box, admin):
    first = check(admin)
    box.add("ann")
    box.clock.now += timedelta(seconds=CHECK_LASTS - 1)
    assert check(admin) == first
    box.clock.now += timedelta(seconds=1)
    assert check(admin)["events"] == first["events"] + 1


def test_a_clock_that_was_put_back_does_not_keep_what_was_found(box, admin):
    first = check(admin)
    box.clock.now -= timedelta(days=1)
    assert check(admin)["time"] == first["time"] - 24 * 60 * 60


def test_events_that_were_removed_by_the_server_are_vouched_for(box, admin):
    box.add("ann")
    cut(box, trail(box)[1])
    found = check(admin)
    assert (found["isIntact"], found["events"]) == (True, len(trail(box)))


def test_a_trail_that_is_cut_meanwhile_is_checked_again(box, admin, monkeypatch):
    monkeypatch.setattr(access_audit, "CHECKED_AT_ONCE", 1)
    for name in ("ann", "bob", "cid"):
        box.add(name)
    first, second, *_ = trail(box)
    looked = box.store.audit_events = Edited(box.store.reader.audit_events, first.body)

    async def pause():
        if looked.asked == [0]:
            cut(box, second)

    box.face.pause = pause
    assert check(admin)["isIntact"]
    assert looked.asked.count(0) == 2


def test_a_key_that_cannot_be_used_is_a_problem():
    def no_key():
        raise AuditKeyError("The key is none.")

    line = Box(audit_key=no_key).user_line("olga", Scope.ADMIN)
    found = check(line)
    assert (found["isIntact"], found["problems"]) == (False, ["The key is none."])


def test_only_administrators_have_it_checked(box, admin):
    editor = box.user_line("tani", Scope.USER_EDIT)
    assert editor.ask("Access.CheckAudit")["error"] == "Permission denied."
