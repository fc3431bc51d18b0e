"""Tokens that are made, changed and rotated on demand, and that are narrower than their owner."""

import base64
import re
import zlib
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from keystead.domain.accounts import change_own_password, reset_password, set_details
from keystead.domain.change import TokenAdded, TokenChanged, TokenRemoved, TokenRotated
from keystead.domain.escalation import are_within
from keystead.domain.model import (
    NO_LIMITS,
    OWNER,
    PUSH_BUTTON_USER,
    ItemRule,
    LastUse,
    Principal,
    Scope,
    Token,
    TokenId,
    TokenKind,
    TokenLimits,
    narrowed,
    things_within,
)
from keystead.domain.refusal import Reason
from keystead.domain.sessions import open_session
from keystead.domain.sign_in import sign_in
from keystead.domain.tokens import (
    MAX_LIMIT_RULES,
    TokenDraft,
    change_token,
    create_token,
    digest,
    remove_token,
    rotate_token,
)
from tests.doubles import NOON, PASSWORD
from tests.unit.people import DOOR, HEATING, LAMP, opened
from tests.unit.plant import BOILER, EVERYTHING, HALL, NEW_PASSWORD, Plant, writable

DAY = timedelta(days=1)
METER = TokenDraft("meter")
CONTROL = TokenLimits(scopes=Scope.CONTROL_THINGS)
LIMITED_EDITOR = TokenLimits(scopes=Scope.USER_EDIT)


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def root(plant):
    return plant.person("root", Scope.ADMIN)


@pytest.fixture
def ann(plant):
    return plant.person("ann", Scope.CONTROL_THINGS, things=[LAMP])


@pytest.fixture
def editor(plant):
    return plant.person("editor", Scope.USER_EDIT | Scope.CONTROL_THINGS, things=[LAMP])


def token_of(plant, principal, limits=NO_LIMITS, expires=None, *, kind=TokenKind.DEVICE):
    """Put one more token of somebody in past the rules, and give whoever shows it."""
    token_id = TokenId(UUID(int=77))
    token = Token(token_id, principal.user.id, "narrow", NOON, kind, expires, limits)
    plant.put(TokenAdded(token, digest("narrow secret")))
    return Principal(principal.user, token_id, principal.groups, limits, expires)


def made(plant, actor, draft=METER, name=None):
    return plant.do(create_token(plant.directory, actor, name, draft))


def why_not(plant, actor, draft=METER, name=None):
    return plant.refusal(create_token(plant.directory, actor, name, draft))


def change(plant, actor, principal, draft):
    return change_token(plant.directory, actor, principal.token_id, draft)


def whose(plant, secret):
    return plant.do(opened(plant.directory, secret))


# --- what a limited token holds -------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "limits", "left"),
    [
        (Scope.ADMIN, NO_LIMITS, Scope.ADMIN),
        (Scope.ADMIN, TokenLimits(scopes=Scope.ADMIN), Scope.ADMIN),
        (Scope.ADMIN, TokenLimits(scopes=Scope.DIAG), Scope.DIAG),
        (Scope.DIAG, TokenLimits(scopes=Scope.ADMIN), Scope.DIAG),
        (Scope.DIAG, TokenLimits(scopes=Scope.NONE), Scope.NONE),
        (Scope.CONFIGURE_THINGS, CONTROL, Scope.CONTROL_THINGS),
        (Scope.ACCESS_ALL_THINGS | Scope.DIAG, TokenLimits(things=()), Scope.DIAG),
        (Scope.USER_EDIT, TokenLimits(items=()), Scope.USER_EDIT),
    ],
)
def test_a_token_holds_what_its_owner_holds_and_its_limits_leave(held, limits, left):
    assert narrowed(held, limits) == left


@pytest.mark.parametrize("limits", [TokenLimits(things=()), TokenLimits(items=())])
def test_whoever_is_limited_to_some_things_or_items_is_no_administrator(limits):
    assert Scope.ADMIN not in narrowed(Scope.ADMIN, limits)
    assert Scope.USER_EDIT in narrowed(Scope.ADMIN, limits)


@pytest.mark.parametrize(
    ("scopes", "limits", "seen"),
    [
        (Scope.NONE, NO_LIMITS, (LAMP, DOOR)),
        (Scope.NONE, TokenLimits(things=(DOOR, HEATING)), (DOOR,)),
        (Scope.NONE, TokenLimits(things=()), ()),
        (Scope.ACCESS_ALL_THINGS, TokenLimits(things=(HEATING,)), (HEATING,)),
        (Scope.ADMIN, TokenLimits(things=(HEATING,)), (HEATING,)),
    ],
)
def test_a_token_sees_the_things_that_its_owner_sees_and_its_limits_leave(
    plant, scopes, limits, seen
):
    owner = plant.person("owner", scopes, things=[LAMP, DOOR])
    assert things_within(owner.user, limits) == seen
    assert owner._replace(limits=limits).things == seen


SOME, FEW = TokenLimits(Scope.DIAG, (LAMP,), (HALL,)), TokenLimits(Scope.NONE, (), ())


@pytest.mark.parametrize(
    ("limits", "bounds", "within"),
    [
        (NO_LIMITS, NO_LIMITS, True),
        (SOME, NO_LIMITS, True),
        (SOME, SOME, True),
        (FEW, SOME, True),
        (NO_LIMITS, SOME, False),
        (SOME, FEW, False),
        (SOME._replace(scopes=None), SOME, False),
        (SOME._replace(scopes=Scope.DIAG | Scope.EDITOR), SOME, False),
        (SOME._replace(things=None), SOME, False),
        (SOME._replace(things=(LAMP, DOOR)), SOME, False),
        (SOME._replace(items=None), SOME, False),
        (SOME._replace(items=(HALL, BOILER)), SOME, False),
        (SOME._replace(items=(writable(HALL),)), SOME, False),
        (SOME._replace(items=(ItemRule("Plant.Hall.Lamp"),)), SOME, True),
    ],
)
def test_limits_are_within_others_if_they_leave_no_more(limits, bounds, within):
    assert are_within(limits, bounds) is within


# --- made -----------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_token_is_made_as_it_was_asked_for(plant, ann):
    draft = TokenDraft("Ann's meter", NOON + DAY, TokenLimits(Scope.DIAG, (LAMP,), (HALL,)))
    signed_in = made(plant, ann, draft)
    token_id = signed_in.principal.token_id
    token = Token(
        token_id, ann.user.id, "Ann's meter", NOON, expires=NOON + DAY, limits=draft.limits
    )
    assert plant.changes() == [TokenAdded(token, digest(signed_in.secret))]
    assert signed_in.principal == Principal(ann.user, token_id, (), draft.limits, NOON + DAY)
    assert signed_in.expires == NOON + DAY
    assert whose(plant, signed_in.secret) == signed_in.principal


def test_a_token_ends_at_its_moment(plant, ann):
    signed_in = made(plant, ann, TokenDraft("meter", NOON + DAY))
    plant.clock.now = NOON + DAY - timedelta(microseconds=1)
    assert whose(plant, signed_in.secret) == signed_in.principal
    plant.clock.now = NOON + DAY
    assert whose(plant, signed_in.secret) is None


@pytest.mark.clause("ETSI EN 303 645 5.4-1")
@pytest.mark.parametrize(("is_session", "prefix"), [(False, "kst_"), (True, "kss_")])
def test_a_secret_is_known_for_one_by_its_beginning_and_its_check_sum(
    plant, ann, is_session, prefix
):
    if is_session:
        secret = plant.do(open_session(plant.directory, "ann", PASSWORD, "page")).secret
    else:
        secret = made(plant, ann).secret
    assert re.fullmatch(prefix + "[A-Za-z0-9_-]{49}", secret)
    body, check = secret[:-6], secret[-6:]
    assert base64.urlsafe_b64decode(check + "==") == zlib.crc32(body.encode()).to_bytes(
        4, "big"
    )


def test_who_changes_users_makes_tokens_of_others_and_the_owner_of_the_box_of_all(
    plant, root, editor, ann
):
    assert whose(plant, made(plant, editor, name="ann").secret).user == ann.user
    assert whose(plant, made(plant, OWNER, name="root").secret).user == root.user


@pytest.mark.parametrize("name", [None, "ann", "ANN"])
def test_a_token_of_ones_own_needs_no_rights_however_the_name_is_written(plant, ann, name):
    assert whose(plant, made(plant, ann, name=name).secret).user == ann.user


def test_who_is_no_user_has_no_token_of_their_own(plant):
    plant.person(PUSH_BUTTON_USER)
    assert why_not(plant, OWNER) is Reason.NO_SUCH_USER


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (TokenDraft("\0"), Reason.TEXT_INVALID),
        (TokenDraft("x" * 1025), Reason.TEXT_INVALID),
        (TokenDraft("a", NOON), Reason.EXPIRY_INVALID),
        (TokenDraft("a", NOON - DAY), Reason.EXPIRY_INVALID),
        (TokenDraft("a", limits=TokenLimits(items=(ItemRule(""),))), Reason.LIMITS_INVALID),
        (
            TokenDraft("a", limits=TokenLimits(items=(BOILER,) * (MAX_LIMIT_RULES + 1))),
            Reason.LIMITS_INVALID,
        ),
    ],
)
def test_a_token_that_cannot_be_is_neither_made_nor_changed_to(plant, ann, draft, reason):
    assert why_not(plant, ann, draft) is reason
    assert plant.refusal(change(plant, ann, ann, draft)) is reason


def test_a_token_may_be_limited_to_as_many_rules_as_allowed(plant, ann):
    limits = TokenLimits(items=(BOILER,) * MAX_LIMIT_RULES)
    assert made(plant, ann, TokenDraft("a", limits=limits)).principal.limits == limits


def test_nobody_makes_a_token_of_somebody_they_may_not_touch(plant, root, editor, ann):
    assert why_not(plant, ann, name="editor") is Reason.FORBIDDEN
    assert why_not(plant, editor, name="root") is Reason.ESCALATION
    assert why_not(plant, editor, name="nobody") is Reason.NO_SUCH_USER
    plant.put(TokenRemoved(ann.user.id, ann.token_id))
    assert why_not(plant, ann) is Reason.NOT_SIGNED_IN


def test_tokens_of_devices_last_as_long_as_the_settings_say_unless_they_are_made_on_demand(
    plant, ann
):
    plant.directory = replace(plant.directory, device_lifetime=DAY)
    signed_in = plant.do(sign_in(plant.directory, "ann", PASSWORD, "tablet"))
    assert signed_in.expires == NOON + DAY
    assert made(plant, ann).expires is None


# --- changed --------------------------------------------------------------------------------


def test_a_token_is_changed_as_it_was_asked_for_and_keeps_its_secret(plant, ann):
    use = LastUse(NOON, "local")
    plant.do(plant.directory.store.write(lambda tx: tx.keep_last_uses({ann.token_id: use})))
    draft = TokenDraft("old tablet", NOON + DAY, CONTROL)
    token = plant.do(change(plant, ann, ann, draft))
    assert token == Token(
        ann.token_id,
        ann.user.id,
        "old tablet",
        NOON,
        TokenKind.DEVICE,
        NOON + DAY,
        CONTROL,
        use,
    )
    assert plant.changes() == [TokenChanged(token)]
    assert whose(plant, "secret of ann") == Principal(
        ann.user, ann.token_id, (), CONTROL, NOON + DAY
    )


def test_a_token_that_stays_as_it_is_is_no_change(plant, ann):
    token = plant.do(change(plant, ann, ann, TokenDraft("old device")))
    assert token == plant.tokens(ann)[0]
    assert plant.changes() == []


def test_an_end_that_has_passed_stays_where_nothing_else_is_asked_for(plant, root, ann):
    over = token_of(plant, ann, expires=NOON + DAY)
    plant.clock.advance(2 * DAY)
    renamed = plant.do(change(plant, root, over, TokenDraft("lost", NOON + DAY)))
    assert (renamed.device_name, renamed.expires) == ("lost", NOON + DAY)
    again = change(plant, root, over, TokenDraft("lost", NOON + timedelta(days=1, seconds=1)))
    plant.commits.clear()
    assert plant.refusal(again) is Reason.EXPIRY_INVALID


def test_a_session_is_neither_changed_nor_rotated(plant, root, ann):
    page = token_of(plant, ann, expires=NOON + DAY, kind=TokenKind.SESSION)
    assert plant.refusal(change(plant, root, page, METER)) is Reason.EXPIRY_INVALID
    rotating = rotate_token(plant.directory, root, page.token_id)
    assert plant.refusal(rotating) is Reason.NO_SUCH_TOKEN


def test_nobody_changes_or_rotates_what_they_may_not_touch(plant, root, editor, ann):
    nothing = TokenId(UUID(int=99))
    for actor, token_id, reason in [
        (ann, editor.token_id, Reason.FORBIDDEN),
        (editor, root.token_id, Reason.ESCALATION),
        (editor, nothing, Reason.NO_SUCH_TOKEN),
    ]:
        changing = change_token(plant.directory, actor, token_id, METER)
        assert plant.refusal(changing) is reason
        assert plant.refusal(rotate_token(plant.directory, actor, token_id)) is reason


def test_the_last_way_in_of_the_last_user_editor_is_not_narrowed(plant):
    only = plant.person("only", Scope.ADMIN, password=None)
    for draft in (TokenDraft("a", NOON + DAY), TokenDraft("a", limits=TokenLimits(things=()))):
        assert plant.refusal(change(plant, only, only, draft)) is Reason.LAST_USER_EDITOR
    assert plant.do(change(plant, only, only, TokenDraft("renamed"))).device_name == "renamed"


# --- rotated --------------------------------------------------------------------------------


@pytest.mark.clause("IEC 62443-4-2 CR 1.5")
def test_a_rotated_token_opens_by_its_new_secret_alone(plant, ann):
    before = plant.tokens(ann)
    secret = plant.do(rotate_token(plant.directory, ann, ann.token_id))
    assert plant.changes() == [TokenRotated(ann.user.id, ann.token_id, digest(secret))]
    assert whose(plant, "secret of ann") is None
    assert whose(plant, secret) == ann
    assert plant.tokens(ann) == before
    assert secret.startswith("kst_")
    assert secret not in repr(plant.changes())


def test_who_changes_users_rotates_tokens_of_others(plant, editor, ann):
    secret = plant.do(rotate_token(plant.directory, editor, ann.token_id))
    assert whose(plant, secret) == ann


# --- with limits, and within them -----------------------------------------------------------


@pytest.mark.clause("OWASP ASVS 5.0 8.2.3")
@pytest.mark.parametrize(
    "limits",
    [CONTROL, LIMITED_EDITOR, TokenLimits(things=()), TokenLimits(items=(EVERYTHING,))],
)
def test_a_limited_token_makes_only_tokens_of_its_account_that_are_as_limited(
    plant, root, limits
):
    narrow = token_of(plant, root, limits)
    assert made(plant, narrow, TokenDraft("a", limits=limits)).principal.limits == limits
    plant.commits.clear()
    assert why_not(plant, narrow) is Reason.ESCALATION
    assert why_not(plant, narrow, name="root") is Reason.ESCALATION
    assert plant.refusal(change(plant, narrow, narrow, METER)) is Reason.ESCALATION
    assert plant.do(rotate_token(plant.directory, narrow, narrow.token_id))


def test_a_limited_token_stays_limited_when_its_account_comes_to_hold_more(plant, ann):
    narrow = token_of(plant, ann, CONTROL)  # as much as Ann holds, today
    assert why_not(plant, narrow) is Reason.ESCALATION
    assert plant.refusal(change(plant, narrow, narrow, METER)) is Reason.ESCALATION


def test_a_limited_token_changes_takes_away_and_rotates_no_other_of_its_account(plant, root):
    narrow = token_of(plant, root, LIMITED_EDITOR)
    asked = [
        change(plant, narrow, root, TokenDraft("a", limits=LIMITED_EDITOR)),
        rotate_token(plant.directory, narrow, root.token_id),
        remove_token(plant.directory, narrow, root.token_id),
    ]
    assert [plant.refusal(one) for one in asked] == [Reason.ESCALATION] * 3
    plant.do(remove_token(plant.directory, narrow, narrow.token_id))


def test_a_limited_token_does_not_outlive_itself(plant, ann):
    narrow = token_of(plant, ann, CONTROL, NOON + DAY)
    for draft in (
        TokenDraft("a", limits=CONTROL),
        TokenDraft("a", NOON + 2 * DAY, CONTROL),
    ):
        assert why_not(plant, narrow, draft) is Reason.ESCALATION
        assert plant.refusal(change(plant, narrow, narrow, draft)) is Reason.ESCALATION
    assert made(plant, narrow, TokenDraft("a", NOON + DAY, CONTROL)).expires == NOON + DAY


def test_a_limited_token_of_who_changes_users_manages_those_who_hold_no_more(plant, root, ann):
    limits = TokenLimits(
        scopes=Scope.USER_EDIT | Scope.CONTROL_THINGS | Scope.ACCESS_ALL_THINGS
    )
    narrow = token_of(plant, root, limits)
    secret = made(plant, narrow, name="ann").secret
    assert whose(plant, secret).user == ann.user
    assert whose(plant, plant.do(rotate_token(plant.directory, narrow, ann.token_id))) == ann


def test_a_token_of_an_administrator_gives_the_items_that_its_limits_leave(plant, root, ann):
    narrow = token_of(plant, root, TokenLimits(items=(HALL,)))
    lamp = ItemRule("Plant.Hall.Lamp")
    for rule in (BOILER, writable(lamp)):
        asked = plant.user_write(narrow, "ann", items=(rule,))
        assert plant.refusal(asked) is Reason.ESCALATION
    plant.do(plant.user_write(narrow, "ann", items=(lamp,)))
    assert plant.accounts()["ann"].items == (lamp,)


@pytest.mark.clause("OWASP ASVS 5.0 8.2.3")
@pytest.mark.parametrize("limits", [LIMITED_EDITOR, TokenLimits(scopes=Scope.ADMIN)])
def test_a_limited_token_sets_no_password_that_would_be_rid_of_its_limits(plant, limits):
    owner = plant.person("editor", Scope.USER_EDIT)
    narrow = token_of(plant, owner, limits)
    asked = [
        change_own_password(plant.directory, narrow, NEW_PASSWORD),
        reset_password(plant.directory, narrow, "EDITOR", NEW_PASSWORD),
        plant.user_write(narrow, "editor", password=NEW_PASSWORD),
    ]
    assert [plant.refusal(one) for one in asked] == [Reason.ESCALATION] * 3
    assert (
        plant.do(sign_in(plant.directory, "editor", PASSWORD, "a")).principal.limits
        == NO_LIMITS
    )


def test_a_token_that_is_limited_while_a_password_is_hashed_does_not_set_it(plant, ann):
    async def limit():
        await change(plant, ann, ann, TokenDraft("old device", limits=CONTROL))
        plant.commits.clear()

    plant.hasher.meanwhile = limit
    asked = change_own_password(plant.directory, ann, NEW_PASSWORD)
    assert plant.refusal(asked) is Reason.ESCALATION


def test_a_limited_token_looks_after_the_details_of_its_account(plant, ann):
    narrow = token_of(plant, ann, TokenLimits(scopes=Scope.NONE))
    user = plant.do(set_details(plant.directory, narrow, "ann", None, "new@example.org"))
    assert user.email == "new@example.org"
