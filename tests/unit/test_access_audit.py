"""The namespace Access: reading the audit trail."""

import pytest

from keystead.audit.chain import decode
from keystead.audit.formats import heading, line
from keystead.domain.events import Action
from keystead.domain.model import Scope
from keystead.nymea.access_types import AccessAuditFormat
from keystead.nymea.methods import access_audit
from tests.nymea_box import SOURCE, Box, finish


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def admin(box):
    return box.user_line("olga", Scope.ADMIN)


def events(line, **params):
    return line.get("Access.GetAuditEvents", **params)["events"]


def test_the_trail_tells_who_did_what_from_where(box, admin):
    box.add("ann")
    admin.get("Users.SetUserInfo", username="ann", email="ann@example.org")
    newest = events(admin)[0]
    ann, olga = box.user("ann"), box.user("olga")
    assert newest == {
        "sequence": newest["sequence"],
        "time": int(box.clock.now.timestamp() * 1000),
        "authorKind": "user",
        "author": "olga",
        "authorId": olga.id.hex(),
        "tokenId": str(admin.session.token_id),
        "face": "nymea",
        "source": SOURCE,
        "action": "user.changed",
        "object": "ann",
        "objectId": ann.id.hex(),
        "outcome": "success",
        "detail": {"scopes": ""},
        "times": 1,
    }


def test_events_come_newest_first_in_parts_of_the_size_asked_for(box, admin):
    everything = events(admin)
    sequences = [event["sequence"] for event in everything]
    assert sequences == sorted(sequences, reverse=True)
    assert len(sequences) > 2
    found: list[object] = []
    before: dict[str, int] = {}
    while True:
        part = admin.get("Access.GetAuditEvents", limit=2, **before)
        found += part["events"]
        if "next" not in part:
            break
        before = {"before": part["next"]}
    assert found == everything


def test_events_are_found_by_action_and_by_user(box, admin):
    ann = box.user_line("ann")
    admin.get("Users.ChangeUserPassword", username="ann", newPassword="Other-Word-8")
    assert ann.is_closed
    assert [e["action"] for e in events(admin, action="user.")][:1] == ["user.password"]
    about_ann = events(admin, username="ANN")
    assert {"user.added", "sign-in", "token.added", "user.password"} <= {
        event["action"] for event in about_ann
    }
    assert all("ann" in {e["author"], e["object"]} or e["objectId"] for e in about_ann)
    assert events(admin, username="eve") == []
    assert events(admin, action="user.", username="olga")[0]["action"].startswith("user.")


def test_a_long_search_gives_others_their_turn_and_goes_on_where_it_stopped(
    box, admin, monkeypatch
):
    monkeypatch.setattr(access_audit, "MAX_EVENTS", 2)
    monkeypatch.setattr(access_audit, "MAX_PORTIONS", 1)
    part = admin.get("Access.GetAuditEvents", action="no such")
    assert part["events"] == []
    assert part["next"] > 1


def test_a_refusal_for_missing_rights_is_told_once_with_how_often(box, admin):
    ann = box.user_line("ann")
    for _ in range(3):
        ann.ask("Users.GetUsers")
    finish(box.directory.journal.flush(box.clock.now))
    (denied,) = events(admin, action="denied")
    assert (denied["author"], denied["object"], denied["outcome"], denied["times"]) == (
        "ann",
        "Users.GetUsers",
        "refused",
        3,
    )


def test_a_refusal_within_an_operation_is_told_with_the_reason(box, admin):
    editor = box.user_line("tani", Scope.USER_EDIT)
    editor.get("Users.RemoveUser", username="olga")
    finish(box.directory.journal.flush(box.clock.now))
    (denied,) = events(admin, action=Action.DENIED.value)
    assert (denied["object"], denied["detail"]) == (
        "Users.RemoveUser",
        {"reason": "escalation"},
    )


def test_only_administrators_read_the_trail(box, admin):
    editor = box.user_line("tani", Scope.USER_EDIT)
    assert editor.ask("Access.GetAuditEvents")["error"] == "Permission denied."


@pytest.mark.parametrize("form", AccessAuditFormat)
def test_events_come_with_their_lines_of_a_file(box, admin, form):
    box.add("ann")
    plain = admin.get("Access.GetAuditEvents")
    told = admin.get("Access.GetAuditEvents", fileFormat=form)
    reader = box.directory.store.reader
    stored = [decode(event) for event in finish(reader.audit_events_before(None, 100))]
    assert [event.pop("line") for event in told["events"]] == [
        line(form.form, e) for e in stored
    ]
    assert told.pop("heading") == heading(form.form)
    assert told == plain


def test_no_other_kind_of_file_can_be_asked_for(admin):
    reply = admin.ask("Access.GetAuditEvents", {"fileFormat": "csv"})
    assert reply["status"] == "error"
    assert "Expected enum value for AccessAuditFormat but got csv" in reply["error"]
