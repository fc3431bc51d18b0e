"""What is told of changes and of those who make them: all that matters, and no secret."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest

from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    GroupRemoved,
    MembershipsChanged,
    PasswordChanged,
    PasswordRehashed,
    TokenAdded,
    TokenChanged,
    TokenExtended,
    TokenRemoved,
    TokenRotated,
    UserAdded,
    UserChanged,
    UserItemsChanged,
    UserRemoved,
)
from keystead.domain.events import Action, Author, Entry, Origin, author_of, entry_of
from keystead.domain.model import (
    OWNER,
    Group,
    GroupId,
    ItemRule,
    Principal,
    Scope,
    ThingId,
    Token,
    TokenId,
    TokenKind,
    TokenLimits,
    User,
    UserId,
    Validity,
)
from tests.doubles import NOON

AT = Origin("nymea", "192.0.2.7")
ROOT = Author("owner", origin=AT)
LAMP = ThingId(UUID(int=1))
ANN = User(UserId(b"\xaa" * 16), "Ann", Scope.USER_EDIT | Scope.DIAG)
ANN_ID = "aa" * 16
STAFF = Group(GroupId(b"\xbb" * 16), "Staff", Scope.EDITOR)
NIGHT = Group(GroupId(b"\xcc" * 16), "Night")
STAFF_ID = "bb" * 16
TABLET = Token(TokenId(UUID(int=7)), ANN.id, "Ann's tablet", NOON)
TABLET_ID = str(TABLET.id)
RULES = (ItemRule("Plant"), ItemRule("Hall"))
DAY = timedelta(days=1)
DEVICE = (("device", "Ann's tablet"), ("kind", "device"))


def told(action, thing="", thing_id="", *detail):
    """Give an entry of the owner's."""
    return Entry(ROOT, action, thing, thing_id, detail=detail)


CASES = [
    (UserRemoved(ANN), told(Action.USER_REMOVED, "Ann", ANN_ID)),
    (
        MembershipsChanged(ANN, (STAFF, NIGHT)),
        told(Action.USER_GROUPS, "Ann", ANN_ID, ("groups", "Staff, Night")),
    ),
    (UserItemsChanged(ANN, RULES), told(Action.USER_ITEMS, "Ann", ANN_ID, ("rules", "2"))),
    (PasswordChanged(ANN.id, "hash"), told(Action.PASSWORD, "", ANN_ID)),
    (PasswordRehashed(ANN.id, "hash"), None),
    (GroupRemoved(STAFF), told(Action.GROUP_REMOVED, "Staff", STAFF_ID)),
    (
        GroupItemsChanged(STAFF, ()),
        told(Action.GROUP_ITEMS, "Staff", STAFF_ID, ("rules", "0")),
    ),
    (TokenAdded(TABLET, b"d"), told(Action.TOKEN_ADDED, TABLET_ID, ANN_ID, *DEVICE)),
    (TokenChanged(TABLET), told(Action.TOKEN_CHANGED, TABLET_ID, ANN_ID, *DEVICE)),
    (TokenRotated(ANN.id, TABLET.id, b"d"), told(Action.TOKEN_ROTATED, TABLET_ID, ANN_ID)),
    (TokenRemoved(ANN.id, TABLET.id), told(Action.TOKEN_REMOVED, TABLET_ID, ANN_ID)),
    (
        TokenRotated(ANN.id, TABLET.id, b"d", "Ann's tablet"),
        told(Action.TOKEN_ROTATED, TABLET_ID, ANN_ID, DEVICE[0]),
    ),
    (
        TokenRemoved(ANN.id, TABLET.id, "Ann's tablet"),
        told(Action.TOKEN_REMOVED, TABLET_ID, ANN_ID, DEVICE[0]),
    ),
    (TokenExtended(ANN.id, TABLET.id, NOON), None),
]
BY_SCOPES = [UserAdded(ANN, "hash"), UserChanged(ANN), GroupAdded(STAFF), GroupChanged(STAFF)]


@pytest.mark.clause("OWASP ASVS 5.0 16.2.1")
@pytest.mark.parametrize(("change", "entry"), CASES)
def test_a_change_is_told_with_whom_it_concerns_and_what_matters(change, entry):
    assert entry_of(change, ROOT) == entry


@pytest.mark.parametrize(
    ("change", "action", "thing", "thing_id"),
    [
        (BY_SCOPES[0], Action.USER_ADDED, "Ann", ANN_ID),
        (BY_SCOPES[1], Action.USER_CHANGED, "Ann", ANN_ID),
        (BY_SCOPES[2], Action.GROUP_ADDED, "Staff", STAFF_ID),
        (BY_SCOPES[3], Action.GROUP_CHANGED, "Staff", STAFF_ID),
    ],
)
def test_what_somebody_may_do_is_told_by_name(change, action, thing, thing_id):
    entry = entry_of(change, ROOT)
    assert entry
    assert entry[:5] == told(action, thing, thing_id)[:5]
    ((key, names),) = entry.detail
    assert (key, len(names.split(", "))) in {("scopes", 2), ("rights", 1)}


def test_every_kind_of_change_is_looked_at_here():
    looked_at = {type(change) for change, _ in CASES} | {type(change) for change in BY_SCOPES}
    assert looked_at == set(get_args(Change))


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"validity": Validity(enabled=False)}, [("enabled", "no")]),
        ({"validity": Validity(since=NOON)}, [("since", "2024-05-17T12:00:00+00:00")]),
        ({"validity": Validity(until=NOON)}, [("until", "2024-05-17T12:00:00+00:00")]),
        ({"things": (LAMP, LAMP)}, [("things", "2")]),
        ({"email": "private@example.org", "display_name": "Private"}, []),
    ],
)
def test_what_bounds_an_account_is_told_and_what_is_private_is_not(fields, detail):
    entry = entry_of(UserChanged(ANN._replace(**fields)), ROOT)
    assert entry
    assert list(entry.detail[1:]) == detail
    assert "rivate" not in repr(entry)


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"expires": NOON + DAY}, [("expires", "2024-05-18T12:00:00+00:00")]),
        ({"expires": NOON + DAY, "kind": TokenKind.SESSION}, []),
        ({"limits": TokenLimits(items=())}, [("limited", "yes")]),
        ({"limits": TokenLimits(scopes=Scope.DIAG)}, [("limited", "yes")]),
    ],
)
def test_what_bounds_a_token_is_told_and_not_the_usual_end_of_a_session(fields, detail):
    entry = entry_of(TokenAdded(replace(TABLET, **fields), b"digest"), ROOT)
    assert entry
    assert list(entry.detail[2:]) == detail


@pytest.mark.clause("OWASP ASVS 5.0 16.2.5")
@pytest.mark.parametrize(
    "change",
    [
        UserAdded(ANN, "canary"),
        PasswordChanged(ANN.id, "canary"),
        PasswordRehashed(ANN.id, "canary"),
        TokenAdded(TABLET, b"canary"),
        TokenRotated(ANN.id, TABLET.id, b"canary"),
    ],
)
def test_no_secret_is_told(change):
    told_so = repr(entry_of(change, ROOT))
    assert "canary" not in told_so
    assert b"canary".hex() not in told_so


@pytest.mark.clause("IEC 62443-4-2 CR 2.12", "IEC 62443-4-2 CR 1.2 RE1")
@pytest.mark.parametrize(
    ("actor", "author"),
    [
        (None, Author("nobody", origin=AT)),
        (OWNER, Author("owner", origin=AT)),
        (ANN, Author("user", "Ann", ANN_ID, None, AT)),
        (Principal(ANN, TABLET.id), Author("user", "Ann", ANN_ID, TABLET.id, AT)),
    ],
)
def test_whoever_acts_is_told_with_their_token_and_where_they_are(actor, author):
    assert author_of(actor, AT) == author
