"""Making, changing and removing accounts: what happens, and why it is refused."""

import asyncio

import pytest

from keystead.domain.accounts import (
    NewUser,
    change_own_password,
    create_user,
    remove_user,
    reset_password,
    set_details,
    set_scopes,
)
from keystead.domain.change import (
    Change,
    PasswordChanged,
    TokenAdded,
    TokenRemoved,
    UserAdded,
    UserChanged,
    UserRemoved,
)
from keystead.domain.directory import MAX_TEXT_LENGTH
from keystead.domain.model import OWNER, PUSH_BUTTON_USER, Scope, Token, TokenId
from keystead.domain.refusal import Reason
from keystead.domain.scopes import TANI_RIGHTS
from tests.conformance.stores import listening, record
from tests.doubles import NOON, PASSWORD, BrokenStore, FastHasher, directory
from tests.unit.people import DOOR, HEATING, LAMP, move_in, reason_of, users_of

OTHER_PASSWORD = "Battery-staple-2"
TOO_LONG = "x" * (MAX_TEXT_LENGTH + 1)
EDITOR = Scope.USER_EDIT | Scope.CONTROL_THINGS


class House:
    """A directory with an administrator, a user editor, and two who only look."""

    def __init__(self):
        self.hasher = FastHasher()
        self.directory = directory(hasher=self.hasher)
        self.root, self.editor, self.ann, self.dora = asyncio.run(self._fill())
        self.commits = listening(self.directory.store)

    async def _fill(self):
        return [
            await move_in(self.directory, "root", Scope.ADMIN),
            await move_in(self.directory, "editor", EDITOR, [LAMP]),
            await move_in(self.directory, "Ann", Scope.NONE, [LAMP]),
            await move_in(self.directory, "dora", Scope.NONE, [DOOR]),
        ]

    def everybody(self):
        """Give the users by name."""
        users = asyncio.run(users_of(self.directory))
        return {user.name: user for user in users}

    def fits(self, name, password):
        """Tell whether *password* is the password of *name*."""

        async def verified():
            user = await self.directory.store.reader.user_named(name)
            assert user
            encoded = await self.directory.store.reader.password_hash(user.id)
            return await self.hasher.verify(encoded, password)

        return asyncio.run(verified())

    def changes(self):
        """Give what was done since the house was filled."""
        return [change for commit in self.commits for change in commit.changes]


@pytest.fixture
def house():
    return House()


# --- what happens ---------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["root", "owner"])
def test_a_new_user_is_as_asked_for_and_can_sign_in(house, actor):
    new = NewUser("Bob", Scope.CONTROL_THINGS, "Bob B.", "b@example.org", (LAMP, DOOR, LAMP))
    asker = OWNER if actor == "owner" else house.root
    bob = asyncio.run(create_user(house.directory, asker, new, OTHER_PASSWORD))
    assert bob[1:6] == ("Bob", Scope.CONTROL_THINGS, "Bob B.", "b@example.org", (LAMP, DOOR))
    assert house.everybody()["Bob"] == bob
    assert house.fits("bob", OTHER_PASSWORD)
    (change,) = house.changes()
    assert isinstance(change, UserAdded)
    assert change.user == bob


@pytest.mark.clause("IEC 62443-4-2 CR 1.4")
def test_users_have_ids_of_their_own(house):
    async def create():
        for name in ("bob", "carl"):
            new = NewUser(name, Scope.NONE)
            await create_user(house.directory, OWNER, new, PASSWORD)

    asyncio.run(create())
    ids = [user.id for user in house.everybody().values()]
    assert len(set(ids)) == len(ids) == 6
    assert {len(user_id) for user_id in ids} == {16}


def test_a_user_editor_gives_what_they_hold(house):
    new = NewUser("bob", Scope.CONTROL_THINGS, things=(LAMP,))
    asyncio.run(create_user(house.directory, house.editor, new, PASSWORD))
    assert "bob" in house.everybody()


def test_scopes_and_things_are_replaced(house):
    given = set_scopes(house.directory, house.root, "ANN", Scope.ACCESS_ALL_THINGS, ())
    ann = asyncio.run(given)
    assert ann == house.ann.user._replace(scopes=Scope.ACCESS_ALL_THINGS, things=())
    assert house.changes() == [UserChanged(ann)]


def test_things_stay_when_none_are_given_and_are_kept_once(house):
    given = set_scopes(house.directory, house.root, "ann", Scope.CONTROL_THINGS)
    assert asyncio.run(given).things == (LAMP,)
    given = set_scopes(house.directory, house.root, "ann", Scope.NONE, (DOOR, LAMP, DOOR))
    assert asyncio.run(given).things == (DOOR, LAMP)


def test_rights_that_the_actor_cannot_name_stay(house):
    given = set_scopes(house.directory, OWNER, "editor", Scope.NONE, keep=TANI_RIGHTS)
    assert asyncio.run(given).scopes == Scope.USER_EDIT


def test_a_user_editor_changes_who_holds_no_more_than_they_do(house):
    given = set_scopes(house.directory, house.editor, "ann", Scope.CONTROL_THINGS, ())
    ann = asyncio.run(given)
    assert (ann.scopes, ann.things) == (Scope.CONTROL_THINGS, ())


@pytest.mark.parametrize("name", ["Ann", "ann", "\uff21NN"])
def test_everybody_says_how_they_are_shown(house, name):
    ann = asyncio.run(set_details(house.directory, house.ann, name, "A.", "a@example.org"))
    assert ann == house.ann.user._replace(display_name="A.", email="a@example.org")
    assert house.changes() == [UserChanged(ann)]


@pytest.mark.parametrize(
    ("display_name", "email", "expected"),
    [
        (None, "", ("Ann the person", "")),
        ("", None, ("", "Ann@example.org")),
        (None, None, ("Ann the person", "Ann@example.org")),
    ],
)
def test_details_that_are_not_given_stay(house, display_name, email, expected):
    asked = set_details(house.directory, house.editor, "ann", display_name, email)
    ann = asyncio.run(asked)
    assert (ann.display_name, ann.email) == expected


def test_a_text_of_the_greatest_length_is_kept(house):
    longest = "\U0001f600" * MAX_TEXT_LENGTH
    ann = asyncio.run(set_details(house.directory, OWNER, "ann", longest, longest))
    assert ann.display_name == ann.email == longest


def test_an_own_password_is_changed_and_the_tokens_stay(house):
    asyncio.run(change_own_password(house.directory, house.ann, OTHER_PASSWORD))
    assert house.fits("ann", OTHER_PASSWORD)
    assert not house.fits("ann", PASSWORD)
    (change,) = house.changes()
    assert isinstance(change, PasswordChanged)


def test_a_reset_password_takes_all_tokens_of_that_user_away(house):
    second = Token(TokenId(HEATING), house.ann.user.id, "second device", NOON)
    asyncio.run(record(house.directory.store, TokenAdded(second, b"d" * 32)))
    house.commits.clear()

    asyncio.run(reset_password(house.directory, house.editor, "ann", OTHER_PASSWORD))

    assert house.fits("ann", OTHER_PASSWORD)
    changed, *removed = house.changes()
    assert isinstance(changed, PasswordChanged)
    ann = house.ann
    assert removed == [TokenRemoved(ann.user.id, id_) for id_ in (ann.token_id, second.id)]


def test_a_reset_of_the_own_password_takes_the_own_token_away(house):
    asyncio.run(reset_password(house.directory, house.root, "root", OTHER_PASSWORD))
    again = reset_password(house.directory, house.root, "root", PASSWORD)
    assert reason_of(again) is Reason.NOT_SIGNED_IN


def test_a_removed_user_is_gone(house):
    assert asyncio.run(remove_user(house.directory, house.editor, "ANN")) == house.ann.user
    assert list(house.everybody()) == ["root", "editor", "dora"]
    assert house.changes() == [UserRemoved(house.ann.user)]


def test_a_user_may_remove_themselves(house):
    asyncio.run(remove_user(house.directory, house.editor, "editor"))
    assert "editor" not in house.everybody()


# --- the last account that can change users -------------------------------------------------


@pytest.fixture
def lonely(house):
    """Give a house with one user editor: root."""
    asyncio.run(remove_user(house.directory, OWNER, "editor"))
    house.commits.clear()
    return house


@pytest.mark.parametrize("actor", ["root", "owner"])
def test_the_last_user_editor_is_neither_removed_nor_demoted(lonely, actor):
    asker = OWNER if actor == "owner" else lonely.root
    removal = remove_user(lonely.directory, asker, "root")
    assert reason_of(removal) is Reason.LAST_USER_EDITOR
    demotion = set_scopes(lonely.directory, asker, "root", Scope.ACCESS_ALL_THINGS)
    assert reason_of(demotion) is Reason.LAST_USER_EDITOR
    assert lonely.changes() == []


def test_the_last_user_editor_may_lose_everything_else(lonely):
    asyncio.run(set_scopes(lonely.directory, lonely.root, "root", Scope.USER_EDIT))
    assert lonely.everybody()["root"].scopes is Scope.USER_EDIT


def test_an_editor_who_cannot_get_in_does_not_count(lonely):
    locked_out = lonely.root.user._replace(id=LAMP.bytes, name="ghost")
    asyncio.run(record(lonely.directory.store, UserAdded(locked_out, None)))
    removal = remove_user(lonely.directory, OWNER, "root")
    assert reason_of(removal) is Reason.LAST_USER_EDITOR


def test_paired_devices_count_as_a_user_editor(lonely):
    asyncio.run(move_in(lonely.directory, PUSH_BUTTON_USER, Scope.ADMIN, password=None))
    asyncio.run(remove_user(lonely.directory, lonely.root, "root"))
    assert list(lonely.everybody()) == ["Ann", "dora", PUSH_BUTTON_USER]


def test_of_two_user_editors_who_remove_each_other_one_stays(house):
    async def both():
        return await asyncio.gather(
            remove_user(house.directory, house.root, "editor"),
            remove_user(house.directory, OWNER, "root"),
            return_exceptions=True,
        )

    removed, refused = asyncio.run(both())
    assert removed == house.editor.user
    assert refused.reason is Reason.LAST_USER_EDITOR


# --- escalation -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda d, actor: create_user(d, actor, NewUser("bob", Scope.ADMIN), PASSWORD),
        lambda d, actor: create_user(
            d, actor, NewUser("bob", Scope.NONE, things=(DOOR,)), PASSWORD
        ),
        lambda d, actor: set_scopes(d, actor, "ann", Scope.ACCESS_ALL_THINGS),
        lambda d, actor: set_scopes(d, actor, "ann", Scope.NONE, (LAMP, HEATING)),
        lambda d, actor: set_scopes(d, actor, "editor", Scope.ADMIN),
        lambda d, actor: set_scopes(d, actor, "editor", Scope.NONE, (LAMP, DOOR)),
        lambda d, actor: set_scopes(d, actor, "root", Scope.NONE),
        lambda d, actor: set_details(d, actor, "root", "Changed", None),
        lambda d, actor: reset_password(d, actor, "root", OTHER_PASSWORD),
        lambda d, actor: remove_user(d, actor, "root"),
        lambda d, actor: set_scopes(d, actor, "dora", Scope.NONE, ()),
        lambda d, actor: set_details(d, actor, "dora", "Changed", None),
        lambda d, actor: reset_password(d, actor, "dora", OTHER_PASSWORD),
        lambda d, actor: remove_user(d, actor, "dora"),
    ],
)
def test_nobody_gives_or_touches_more_than_they_hold(house, ask):
    assert reason_of(ask(house.directory, house.editor)) is Reason.ESCALATION
    assert house.changes() == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda d, actor: create_user(d, actor, NewUser("bob", Scope.NONE), PASSWORD),
        lambda d, actor: set_scopes(d, actor, "ann", Scope.NONE),
        lambda d, actor: set_details(d, actor, "editor", "Changed", None),
        lambda d, actor: reset_password(d, actor, "ann", OTHER_PASSWORD),
        lambda d, actor: remove_user(d, actor, "ann"),
    ],
)
def test_who_cannot_change_users_changes_none(house, ask):
    assert reason_of(ask(house.directory, house.ann)) is Reason.FORBIDDEN
    assert house.changes() == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda d: set_scopes(d, OWNER, "nobody", Scope.NONE),
        lambda d: set_details(d, OWNER, "nobody", "Changed", None),
        lambda d: reset_password(d, OWNER, "nobody", PASSWORD),
        lambda d: remove_user(d, OWNER, "nobody"),
        lambda d: remove_user(d, OWNER, ""),
    ],
)
def test_who_is_not_there_is_not_changed(house, ask):
    assert reason_of(ask(house.directory)) is Reason.NO_SUCH_USER


def test_the_password_of_the_nameless_account_cannot_be_set(house):
    paired = asyncio.run(move_in(house.directory, PUSH_BUTTON_USER, Scope.ADMIN, password=None))
    own = change_own_password(house.directory, paired, PASSWORD)
    assert reason_of(own) is Reason.NAME_INVALID
    reset = reset_password(house.directory, OWNER, PUSH_BUTTON_USER, PASSWORD)
    assert reason_of(reset) is Reason.NAME_INVALID


# --- what changes while a password is hashed ------------------------------------------------

SLOW = [
    lambda d, actor: create_user(d, actor, NewUser("bob", Scope.NONE), OTHER_PASSWORD),
    lambda d, actor: reset_password(d, actor, "ann", OTHER_PASSWORD),
    lambda d, actor: change_own_password(d, actor, OTHER_PASSWORD),
]


@pytest.mark.parametrize("ask", SLOW)
@pytest.mark.parametrize("how", ["user", "token"])
def test_who_is_signed_out_in_the_middle_of_a_request_changes_nothing(house, ask, how):
    editor = house.editor

    async def sign_out():
        gone: dict[str, Change] = {
            "user": UserRemoved(editor.user),
            "token": TokenRemoved(editor.user.id, editor.token_id),
        }
        await record(house.directory.store, gone[how])
        house.commits.clear()

    house.hasher.meanwhile = sign_out
    assert reason_of(ask(house.directory, editor)) is Reason.NOT_SIGNED_IN
    assert house.changes() == []


@pytest.mark.parametrize("ask", SLOW[:2])
def test_who_is_demoted_in_the_middle_of_a_request_changes_nothing(house, ask):
    async def demote():
        await set_scopes(house.directory, OWNER, "editor", Scope.NONE)
        house.commits.clear()

    house.hasher.meanwhile = demote
    assert reason_of(ask(house.directory, house.editor)) is Reason.FORBIDDEN
    assert house.changes() == []


def test_a_user_who_was_promoted_in_the_middle_of_a_request_is_out_of_reach(house):
    async def promote():
        await set_scopes(house.directory, OWNER, "ann", Scope.ADMIN)

    house.hasher.meanwhile = promote
    reset = reset_password(house.directory, house.editor, "ann", OTHER_PASSWORD)
    assert reason_of(reset) is Reason.ESCALATION
    assert house.fits("ann", PASSWORD)


# --- the order of reasons -------------------------------------------------------------------


class Request:
    """A request that is fine, until something is made wrong with it."""

    def __init__(self, house):
        self.house = house
        self.directory = house.directory
        self.actor = house.root
        self.name = "Bob"
        self.target = "Ann"
        self.password = OTHER_PASSWORD
        self.scopes = Scope.NONE
        self.text = "text"

    def create_user(self):
        new = NewUser(self.name, self.scopes, self.text)
        return create_user(self.directory, self.actor, new, self.password)

    def set_scopes(self):
        return set_scopes(self.directory, self.actor, self.target, self.scopes)

    def set_details(self):
        return set_details(self.directory, self.actor, self.target, None, self.text)

    def change_own_password(self):
        return change_own_password(self.directory, self.actor, self.password)

    def reset_password(self):
        return reset_password(self.directory, self.actor, self.target, self.password)

    def remove_user(self):
        return remove_user(self.directory, self.actor, self.target)

    # What may be wrong, in whatever request it matters.

    def storage_failed(self):
        self.directory = directory(
            BrokenStore(self.house.directory.store), hasher=self.house.hasher
        )

    def name_taken(self):
        self.name = "ANN"

    def last_user_editor(self):
        asyncio.run(remove_user(self.house.directory, OWNER, "editor"))
        self.target = "root"

    def escalation(self):
        house = self.house
        self.actor = asyncio.run(move_in(house.directory, "deputy", EDITOR))
        self.target = "root"
        self.scopes = Scope.ACCESS_ALL_THINGS

    def no_such_user(self):
        self.target = "nobody"

    def forbidden(self):
        self.actor = self.house.ann

    def not_signed_in(self):
        gone = TokenRemoved(self.actor.user.id, self.actor.token_id)
        asyncio.run(record(self.house.directory.store, gone))

    def busy(self):
        self.house.hasher.is_busy = True

    def text_invalid(self):
        self.text = TOO_LONG

    def inconsistent_scopes(self):
        self.scopes = Scope.CONFIGURE_THINGS

    def password_too_weak(self):
        self.password = "weak"

    def name_invalid(self):
        self.name = "ab"
        self.target = PUSH_BUTTON_USER
        if self.actor.user.name == "root":
            self.actor = asyncio.run(
                move_in(self.house.directory, PUSH_BUTTON_USER, Scope.ADMIN, password=None)
            )


ORDER = {
    "create_user": (
        *("name_invalid", "password_too_weak", "inconsistent_scopes", "text_invalid", "busy"),
        *("not_signed_in", "forbidden", "escalation", "name_taken", "storage_failed"),
    ),
    "set_scopes": (
        *("inconsistent_scopes", "not_signed_in", "forbidden", "no_such_user", "escalation"),
        *("last_user_editor", "storage_failed"),
    ),
    "set_details": (
        *("text_invalid", "not_signed_in", "forbidden", "no_such_user", "escalation"),
        "storage_failed",
    ),
    "change_own_password": ("password_too_weak", "busy", "not_signed_in", "storage_failed"),
    "reset_password": (
        *("name_invalid", "password_too_weak", "busy", "not_signed_in", "forbidden"),
        *("no_such_user", "escalation", "storage_failed"),
    ),
    "remove_user": (
        *("not_signed_in", "forbidden", "no_such_user", "escalation", "last_user_editor"),
        "storage_failed",
    ),
}


@pytest.mark.parametrize(
    ("operation", "wrong"), [(name, order) for name in ORDER for order in ORDER[name]]
)
def test_the_first_thing_that_is_wrong_is_the_reason(house, operation, wrong):
    request = Request(house)
    order = ORDER[operation]
    for fault in reversed(order[order.index(wrong) :]):
        getattr(request, fault)()
    house.commits.clear()
    assert reason_of(getattr(request, operation)()) is Reason[wrong.upper()]
    assert house.changes() == []


@pytest.mark.parametrize("operation", ORDER)
def test_a_request_with_nothing_wrong_is_granted(house, operation):
    asyncio.run(getattr(Request(house), operation)())
    assert house.changes() != []


@pytest.mark.parametrize("text", [TOO_LONG, "a\0b"])
@pytest.mark.parametrize("field", ["display_name", "email"])
def test_a_text_that_nobody_should_have_to_keep_is_refused(house, text, field):
    new = NewUser("bob", Scope.NONE, **{field: text})
    made = create_user(house.directory, OWNER, new, PASSWORD)
    assert reason_of(made) is Reason.TEXT_INVALID
    details = {"display_name": None, "email": None} | {field: text}
    changed = set_details(house.directory, OWNER, "ann", **details)
    assert reason_of(changed) is Reason.TEXT_INVALID


@pytest.mark.parametrize("name", ["root", "ROOT", "\uff52oot"])
def test_a_name_that_looks_the_same_is_taken(house, name):
    made = create_user(house.directory, OWNER, NewUser(name, Scope.NONE), PASSWORD)
    assert reason_of(made) is Reason.NAME_TAKEN
