"""The owner's commands on a directory of stand-ins: what each does, refuses and misunderstands."""

import asyncio
from uuid import UUID

import pytest

from keystead.control.calls import Answer
from keystead.control.catalogue import catalogue
from keystead.domain.model import PUSH_BUTTON_USER, Scope
from keystead.domain.pairing import pair
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.tokens import digest
from tests.doubles import PASSWORD
from tests.unit.office import Office, refusal
from tests.unit.people import opened

THING = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
OTHER_THING = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
TOKEN = UUID("b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4")


@pytest.fixture
def office():
    return Office()


def test_an_added_account_is_listed_with_what_it_was_given(office):
    things = [str(THING), str(OTHER_THING), str(THING)]

    result = office.add(
        "Ann", Scope.CONTROL_THINGS, things=things, display_name="Ann A.", email="ann@box"
    )

    assert result is None
    assert office.done("users.list") == [
        {
            "name": "Ann",
            "display_name": "Ann A.",
            "email": "ann@box",
            "scopes": ["ControlThings"],
            "things": [str(THING), str(OTHER_THING)],
            "groups": [],
            "has_password": True,
            "enabled": True,
            "since": None,
            "until": None,
        }
    ]


def test_an_added_account_can_sign_in_and_ends_the_set_up(office):
    office.add("ann")

    assert office.sign_in("ann").principal.user.name == "ann"
    assert asyncio.run(office.directory.store.reader.ever_had_account())


def test_accounts_are_listed_in_the_order_they_were_made(office):
    for name in ("zoe", "ann", "bob"):
        office.add(name)

    assert office.names() == ["zoe", "ann", "bob"]


def test_an_empty_directory_has_an_empty_list(office):
    assert office.done("users.list") == []


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"name": "ab"}, Reason.NAME_INVALID),
        ({"name": ""}, Reason.NAME_INVALID),
        ({"name": "ANN"}, Reason.NAME_TAKEN),
        ({"password": "weak"}, Reason.PASSWORD_TOO_WEAK),
        ({"password": ""}, Reason.PASSWORD_TOO_WEAK),
        ({"scopes": Scope.CONFIGURE_THINGS}, Reason.INCONSISTENT_SCOPES),
        ({"display_name": "a\0b"}, Reason.TEXT_INVALID),
        ({"email": "x" * 1025}, Reason.TEXT_INVALID),
    ],
)
def test_an_account_against_the_rules_is_refused(office, params, reason):
    office.add("ann")
    wanted = {"name": "bob", "password": PASSWORD, "scopes": Scope.ADMIN} | params

    assert office.answer("users.add", **wanted) == refusal(reason)
    assert office.names() == ["ann"]


@pytest.mark.parametrize("scopes", [-1, 0x10004, 1 << 70 | 4])
def test_there_are_no_other_scopes(office, scopes):
    answer = office.answer("users.add", name="ann", password=PASSWORD, scopes=scopes)

    assert answer.outcome != "done"
    assert office.names() == []


def test_too_much_at_once_is_refused(office):
    office.hasher.is_busy = True

    assert office.answer("users.add", name="ann", password=PASSWORD, scopes=0xFFFF) == refusal(
        Reason.BUSY
    )


def test_an_account_is_shown_with_its_tokens_oldest_first(office):
    office.add("ann")
    first, second = office.sign_in("ann"), office.sign_in("ann")

    shown = office.done("users.show", name="ANN")

    assert shown["user"] == office.done("users.list")[0]
    assert shown["items"] == []
    assert shown["tokens"] == [
        {
            "id": str(signed_in.principal.token_id),
            "device_name": "tablet",
            "kind": "device",
            "created": "2024-05-17T12:00:00Z",
            "expires": None,
            "last_used": "2024-05-17T12:00:00Z",
            "last_source": "",
            "scopes": None,
            "things": None,
            "items": None,
        }
        for signed_in in (first, second)
    ]


@pytest.mark.clause("OWASP ASVS 5.0 8.2.3")
def test_no_secret_is_ever_shown(office):
    office.add("ann")
    signed_in = office.sign_in("ann")

    for command, params in (("users.show", {"name": "ann"}), ("users.list", {})):
        raw = bytes(office.answer(command, **params).result)
        for secret in (signed_in.secret, digest(signed_in.secret).hex(), PASSWORD, "$fast$"):
            assert secret.encode() not in raw


def test_the_push_button_account_can_be_shown_and_removed_but_gets_no_password(office):
    office.add("ann")
    asyncio.run(pair(office.directory, "panel"))

    assert len(office.done("users.show", name=PUSH_BUTTON_USER)["tokens"]) == 1
    assert office.answer("users.passwd", name=PUSH_BUTTON_USER, password=PASSWORD) == refusal(
        Reason.NAME_INVALID
    )
    office.done("users.remove", name=PUSH_BUTTON_USER)
    assert office.names() == ["ann"]


def test_a_removed_account_is_gone_with_its_tokens(office):
    office.add("ann")
    office.add("bob")
    signed_in = office.sign_in("bob")

    assert office.done("users.remove", name="Bob") is None

    assert office.names() == ["ann"]
    assert asyncio.run(opened(office.directory, signed_in.secret)) is None


def test_another_password_takes_the_tokens_away(office):
    office.add("ann")
    signed_in = office.sign_in("ann")

    office.done("users.passwd", name="ann", password="Another-horse-2")

    assert office.done("users.show", name="ann")["tokens"] == []
    assert asyncio.run(opened(office.directory, signed_in.secret)) is None
    assert office.sign_in("ann", "Another-horse-2")
    with pytest.raises(RefusedError):
        office.sign_in("ann")


def test_a_weak_password_changes_nothing(office):
    office.add("ann")

    assert office.answer("users.passwd", name="ann", password="weak") == refusal(
        Reason.PASSWORD_TOO_WEAK
    )
    assert office.sign_in("ann")


def test_scopes_are_replaced_and_things_kept_unless_given(office):
    office.add("ann")
    office.add("bob", Scope.CONTROL_THINGS, things=[str(THING)])

    office.done("users.scopes", name="bob", scopes=Scope.NONE)
    assert office.done("users.show", name="bob")["user"]["scopes"] == []
    assert office.done("users.show", name="bob")["user"]["things"] == [str(THING)]

    scopes = Scope.ACCESS_ALL_THINGS | Scope.EXECUTE_RULES | Scope.DIAG
    office.done("users.scopes", name="bob", scopes=scopes, things=[])
    assert office.done("users.show", name="bob")["user"]["scopes"] == [
        "AccessAllThings",
        "ExecuteRules",
        "Diag",
    ]
    assert office.done("users.show", name="bob")["user"]["things"] == []


def test_the_last_account_that_can_change_users_stays(office):
    office.add("ann")
    office.add("bob", Scope.CONTROL_THINGS)

    for answer in (
        office.answer("users.remove", name="ann"),
        office.answer("users.scopes", name="ann", scopes=Scope.NONE),
    ):
        assert answer == refusal(Reason.LAST_USER_EDITOR)
    assert office.names() == ["ann", "bob"]


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("users.show", {}),
        ("users.remove", {}),
        ("users.passwd", {"password": PASSWORD}),
        ("users.scopes", {"scopes": 0}),
        ("users.state", {"enabled": False}),
        ("users.groups", {"groups": []}),
    ],
)
def test_nobody_can_be_shown_or_changed_who_is_not_there(office, command, params):
    assert office.answer(command, name="nobody", **params) == refusal(Reason.NO_SUCH_USER)


@pytest.mark.parametrize("rights", [Scope.CONTROL_THINGS, Scope.ADMIN])
def test_a_group_holds_no_scopes_of_accounts(office, rights):
    answer = office.answer("groups.write", name="plumbers", rights=rights)

    assert answer == refusal(Reason.INCONSISTENT_SCOPES)
    assert [group["name"] for group in office.done("groups.list")] == ["anonymous"]


def test_the_button_reaches_whoever_waits():
    pressed = []

    async def press():
        pressed.append("pressed")

    assert Office(press).done("pairing.press") is None
    assert pressed == ["pressed"]


def test_the_button_is_refused_when_nobody_waits(office):
    async def press():
        raise RefusedError(Reason.NOTHING_TO_PAIR)

    nothing = refusal(Reason.NOTHING_TO_PAIR)
    assert office.answer("pairing.press") == nothing  # no server runs
    assert Office(press).answer("pairing.press") == nothing


USER = {
    "name": "ann",
    "scopes": 0xFFFF,
    "display_name": "Ann",
    "email": "ann@box",
    "things": [str(THING)],
    "password_hash": "$fast$1$x$x",
}
BEARER = {
    "id": str(TOKEN),
    "user_name": "ann",
    "device_name": "tablet",
    "created": "2024-03-01T11:30:00Z",
    "digest": "q" * 42 + "o=",
}


def test_an_import_tells_what_it_took_and_what_it_left(office):
    stray = BEARER | {"user_name": "nobody"}

    report = office.done("import.users", users=[USER], tokens=[BEARER, stray])

    assert (report["users"], report["tokens"]) == (1, 1)
    (left,) = report["left"]
    assert "nobody" in left
    shown = office.done("users.show", name="ann")
    assert shown["user"]["things"] == [str(THING)]
    assert [token["id"] for token in shown["tokens"]] == [str(TOKEN)]


def test_a_second_import_takes_nothing(office):
    office.done("import.users", users=[USER], tokens=[BEARER])

    report = office.done("import.users", users=[USER], tokens=[BEARER])

    assert (report["users"], report["tokens"], len(report["left"])) == (0, 0, 2)


@pytest.mark.parametrize("command", ["", "users.List", "users", "help", "users.add ", "\0"])
def test_an_unknown_command_is_wrong(office, command):
    assert office.answer(command) == Answer("wrong", f"There is no command {command}.")


@pytest.mark.parametrize(
    ("command", "params", "said"),
    [
        ("users.add", {}, "Object missing required field `name`"),
        (
            "users.add",
            {"name": "ann", "password": 5, "scopes": 0},
            "Expected `str`, got `int` - at `$.password`",
        ),
        (
            "users.add",
            {"name": "ann", "password": "x", "scopes": "Admin"},
            "Expected `int`, got `str` - at `$.scopes`",
        ),
        (
            "users.add",
            {"name": "ann", "password": "x", "scopes": 0, "things": ["x"]},
            "Invalid UUID - at `$.things[0]`",
        ),
        ("users.list", {"all": True}, "Object contains unknown field `all`"),
        ("users.remove", {"name": None}, "Expected `str`, got `null` - at `$.name`"),
        ("import.users", {"users": [{}], "tokens": []}, None),
        ("import.users", {"users": [], "tokens": [BEARER | {"digest": "?"}]}, None),
        ("import.users", {"users": [], "tokens": [BEARER | {"created": "?"}]}, None),
    ],
)
def test_wrong_parameters_are_named(office, command, params, said):
    answer = office.answer(command, **params)

    assert answer.outcome == "wrong"
    assert answer.text.startswith(f"The parameters of {command} are wrong: ")
    assert said is None or answer.text.endswith(f": {said}.")
    assert office.names() == []


def test_every_command_says_what_it_does():
    assert {method.name for method in catalogue} == {
        "users.add",
        "users.list",
        "users.show",
        "users.remove",
        "users.passwd",
        "users.scopes",
        "users.state",
        "users.groups",
        "tokens.list",
        "tokens.add",
        "tokens.rotate",
        "tokens.remove",
        "groups.list",
        "groups.show",
        "groups.write",
        "groups.remove",
        "locks.list",
        "locks.clear",
        "pairing.press",
        "backup.begin",
        "import.users",
        "export",
        "rights.explain",
    }
    assert all(method.doc.endswith(".") for method in catalogue)
