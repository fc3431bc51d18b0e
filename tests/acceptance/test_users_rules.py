"""The rules about users: scopes, names, passwords, things, tokens, and who may do what."""

import re
import time

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONFIGURE,
    CONFIGURE_RULES,
    CONTROL,
    EVERY_THING,
    EXECUTE_RULES,
    NONE,
    PASSWORD,
    Box,
    Connect,
    info_of,
    new_name,
    set_up,
)
from tests.acceptance.client import Client, Message
from tests.acceptance.conftest import Start
from tests.acceptance.server import Server

NO_ERROR = {"error": "UserErrorNoError"}
BAD_NAME = {"error": "UserErrorInvalidUserId"}
DUPLICATE = {"error": "UserErrorDuplicateUserId"}
BAD_PASSWORD = {"error": "UserErrorBadPassword"}
NO_TOKEN = {"error": "UserErrorTokenNotFound"}
DENIED = {"error": "UserErrorPermissionDenied"}
INCONSISTENT = {"error": "UserErrorInconsistantScopes"}
OTHER_PASSWORD = "Other7Sailing"
LONG = "".join(f"Word{number:04}" for number in range(128))  # 1,024 bytes, the most
THING, OTHER_THING = (
    "0a1b2c3d-0000-4000-8000-00000000000a",
    "0a1b2c3d-0000-4000-8000-00000000000b",
)
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def admin(box: Box) -> Client:
    return box.admin()


def create(client: Client, name: str, **params: object) -> Message:
    wanted: dict[str, object] = {"password": PASSWORD}
    return client.get("Users.CreateUser", username=name, **wanted | params)


def known(client: Client, name: str) -> Message:
    info = info_of(client, name)
    assert info is not None
    return info


# Scopes

VALID = [
    ([], []),
    ([NONE], []),
    ([CONTROL], [CONTROL]),
    ([CONTROL, NONE, CONTROL], [CONTROL]),
    ([EVERY_THING], [EVERY_THING]),
    ([EVERY_THING, CONFIGURE], [CONTROL, CONFIGURE, EVERY_THING]),
    ([CONFIGURE_RULES, EVERY_THING], [EVERY_THING, EXECUTE_RULES, CONFIGURE_RULES]),
    ([EXECUTE_RULES, EVERY_THING, CONTROL], [CONTROL, EVERY_THING, EXECUTE_RULES]),
    (ALL_SIX[:5], ALL_SIX[:5]),
    ([ADMIN], ALL_SIX),
    ([CONTROL, ADMIN], ALL_SIX),
]
INVALID = [
    [CONFIGURE],
    [CONTROL, CONFIGURE],
    [EXECUTE_RULES],
    [CONFIGURE_RULES],
    [CONTROL, EXECUTE_RULES],
    [CONFIGURE, CONFIGURE_RULES],
]


@pytest.mark.parametrize(("given", "held"), VALID)
def test_scopes_are_listed_with_all_they_contain(admin, given, held):
    name = new_name()
    assert create(admin, name, scopes=given) == NO_ERROR
    assert known(admin, name)["scopes"] == held


@pytest.mark.parametrize(("given", "held"), VALID)
def test_scopes_can_be_set(box, admin, given, held):
    name = box.add(scopes=[CONTROL])
    assert admin.get("Users.SetUserScopes", username=name, scopes=given) == NO_ERROR
    assert known(admin, name)["scopes"] == held


@pytest.mark.parametrize("given", INVALID)
def test_scopes_without_access_to_all_things_are_inconsistent(box, admin, given):
    name = new_name()
    assert create(admin, name, scopes=given) == INCONSISTENT
    assert info_of(admin, name) is None
    box.add(name, scopes=[CONTROL])
    assert admin.get("Users.SetUserScopes", username=name, scopes=given) == INCONSISTENT
    assert known(admin, name)["scopes"] == [CONTROL]


def test_a_user_without_named_scopes_is_an_administrator(admin):
    name = new_name()
    assert create(admin, name) == NO_ERROR
    assert known(admin, name)["scopes"] == ALL_SIX


@pytest.mark.parametrize(
    ("scopes", "listed"),
    [([], [NONE]), ([EVERY_THING, CONTROL], [CONTROL, EVERY_THING]), ([ADMIN], ALL_SIX)],
)
def test_sign_in_lists_the_scopes_and_the_name(box, scopes, listed):
    name = box.add(scopes=scopes)
    answer = box.greet().get(
        "JSONRPC.Authenticate", username=name.upper(), password=PASSWORD, deviceName=""
    )
    assert set(answer) == {"scopes", "success", "token", "username"}
    assert answer["scopes"] == listed
    assert answer["username"] == name
    assert re.fullmatch(r"[a-zA-Z0-9_.+\-/=]+", answer["token"])


# Names


@pytest.mark.parametrize("name", ["ab", "n", "@", "", "äöü", "a b c", "ab cd", "é" * 40])
def test_a_name_needs_three_plain_characters_in_a_row(admin, name):
    assert create(admin, name) == BAD_NAME


@pytest.mark.parametrize(
    "name", ["trailing\n", "tab\tinside", "nul\0inside", " before", "after "]
)
def test_a_name_has_no_control_characters_and_no_blanks_at_its_ends(admin, name):
    assert create(admin, name) == BAD_NAME


@pytest.mark.parametrize(
    "stem",
    ["a@b", ";;;", "foo bar ", '"abc" or 1 ', "x' OR '1'='1", "ä abc ", "<?>"],
)
def test_other_names_are_accepted(box, stem):
    name = new_name(stem)
    box.add(name)
    info = box.info(name.lower())
    assert info is not None
    assert box.signed_in(name).get("Users.GetUserInfo")["userInfo"] == info


@pytest.mark.parametrize("name", ["ab", "", "äöü"])
def test_json_rpc_create_user_has_the_same_rule_for_names(box, name):
    answer = box.admin().get("JSONRPC.CreateUser", username=name, password=PASSWORD)
    assert answer in (BAD_NAME, DENIED)  # documented as refused after set-up


def test_names_are_kept_in_lower_case(box, admin):
    name = new_name("Dummy")
    admin.subscribe()
    assert create(admin, name, scopes=[], displayName="D", email="d@example.org") == NO_ERROR
    expected = {
        "allowedThingIds": [],
        "displayName": "D",
        "email": "d@example.org",
        "scopes": [],
        "username": name.lower(),
    }
    (added,) = admin.settle()
    assert added["params"] == {"userInfo": expected}
    assert known(admin, name.lower()) == expected
    assert info_of(admin, name) is None


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_a_name_is_taken_in_any_case(admin, change):
    name = new_name("taken name")
    assert create(admin, name) == NO_ERROR
    admin.subscribe()
    assert create(admin, change(name)) == DUPLICATE
    assert admin.settle() == []


@pytest.mark.parametrize(("first", "second"), [("straße{}", "STRASSE{}"), ("file{}", "ﬁle{}")])
def test_a_name_is_taken_in_any_spelling(admin, first, second):
    number = new_name("")
    assert create(admin, first.format(number)) == NO_ERROR
    assert create(admin, second.format(number)) == DUPLICATE


def test_any_case_of_a_name_finds_the_user(box, admin):
    name = box.add(displayName="before")
    other = name.upper()
    assert admin.get("Users.SetUserInfo", username=other, displayName="after") == NO_ERROR
    assert known(admin, name)["displayName"] == "after"
    assert admin.get("Users.SetUserScopes", username=other, scopes=[CONTROL]) == NO_ERROR
    assert known(admin, name)["scopes"] == [CONTROL]
    box.signed_in(other)
    assert len(admin.get("Users.GetUserTokens", username=other)["tokenInfoList"]) == 1
    changed = admin.get("Users.ChangeUserPassword", username=other, newPassword=OTHER_PASSWORD)
    assert changed == NO_ERROR
    assert box.signed_in(name, OTHER_PASSWORD)
    assert admin.get("Users.RemoveUser", username=other) == NO_ERROR
    assert info_of(admin, name) is None


def test_a_crafted_name_removes_nobody_else(admin):
    before = admin.get("Users.GetUsers")
    crafted = 'zzz" OR "1"="1'
    assert admin.get("Users.RemoveUser", username=crafted) == BAD_NAME
    refused = admin.get(
        "Users.ChangeUserPassword", username=crafted, newPassword=OTHER_PASSWORD
    )
    assert refused == BAD_NAME
    assert admin.get("Users.GetUsers") == before


# Passwords


@pytest.mark.clause("OWASP ASVS 5.0 6.2.1", "OWASP ASVS 5.0 6.2.4")
@pytest.mark.parametrize(
    "password",
    [
        "",
        "Short7s",
        "no7capitals",
        "NO7SMALLS",
        "NoDigitsHere",
        "Password1",
        LONG + "x",
    ],
)
def test_a_weak_or_endless_password_is_refused_everywhere(box, admin, password):
    name = new_name()
    assert create(admin, name, password=password) == BAD_PASSWORD
    assert info_of(admin, name) is None
    box.add(name, scopes=[ADMIN])
    refused = admin.get("Users.ChangeUserPassword", username=name, newPassword=password)
    assert refused == BAD_PASSWORD
    user = box.signed_in(name)
    assert user.get("Users.ChangePassword", newPassword=password) == BAD_PASSWORD


def test_a_password_may_not_be_the_name(admin):
    name = new_name("Sailor4Ever")
    assert create(admin, name, password=name) == BAD_PASSWORD


@pytest.mark.parametrize(
    "password", ["Aa1sdfgh", "Aa1😀😀x", LONG, "Aa1" + "x" * 60, "Ab1 \n\t'\"\\"]
)
def test_a_password_that_follows_the_rules_is_accepted(box, admin, password):
    name = new_name()
    assert create(admin, name, password=password) == NO_ERROR
    assert box.signed_in(name, password).works()


@pytest.mark.clause("NIST SP 800-63B-4 3.1.1.2 NFC")
def test_a_password_is_the_same_however_its_accents_are_encoded(box, admin):
    name = new_name()
    assert create(admin, name, password="Cafe\u03017Sailing") == NO_ERROR
    assert box.signed_in(name, "Caf\u00e97Sailing").works()


@pytest.mark.clause(
    "EN 18031-1 AUM-3", "OWASP ASVS 5.0 6.2.8", "NIST SP 800-63B-4 3.1.1.2 whole"
)
def test_passwords_are_told_apart_to_the_last_character(box, admin):
    name = new_name()
    assert create(admin, name, password=LONG) == NO_ERROR
    answer = box.greet().get(
        "JSONRPC.Authenticate", username=name, password=LONG[:-1] + "?", deviceName=""
    )
    assert answer == {"success": False}


def test_an_invalid_name_is_reported_before_a_bad_password_and_bad_scopes(admin):
    assert create(admin, "ab", password="x", scopes=[CONFIGURE]) == BAD_NAME
    assert create(admin, "olga", password="x", scopes=[CONFIGURE]) == BAD_PASSWORD
    assert create(admin, "olga", scopes=[CONFIGURE]) == INCONSISTENT
    assert create(admin, "olga", scopes=[]) == DUPLICATE


@pytest.mark.parametrize("name", ["", "ab", "nobody at all", "olga\u0000"])
def test_nobody_signs_in_under_a_name_that_does_not_exist(box, name):
    answer = box.greet().get(
        "JSONRPC.Authenticate", username=name, password=PASSWORD, deviceName=""
    )
    assert answer == {"success": False}


def test_an_own_new_password_keeps_tokens_and_sessions(box):
    name = box.add(scopes=[ADMIN])
    client = box.signed_in(name)
    assert client.get("Users.ChangePassword", newPassword=OTHER_PASSWORD) == NO_ERROR
    assert client.works()
    assert box.greet(client.token).works()
    assert box.signed_in(name, OTHER_PASSWORD).works()
    refused = box.greet().get(
        "JSONRPC.Authenticate", username=name, password=PASSWORD, deviceName=""
    )
    assert refused == {"success": False}


def test_nobody_has_a_new_password_that_does_not_exist(admin):
    answer = admin.get(
        "Users.ChangeUserPassword", username="nobody", newPassword=OTHER_PASSWORD
    )
    assert answer == BAD_NAME


# Things


@pytest.mark.parametrize(
    "spelling", [THING, THING.upper(), "{" + THING + "}", "{" + THING.upper() + "}"]
)
def test_thing_ids_come_back_in_one_notation(admin, spelling):
    name = new_name()
    assert create(admin, name, scopes=[CONTROL], allowedThingIds=[spelling]) == NO_ERROR
    assert known(admin, name)["allowedThingIds"] == [THING]


def test_thing_ids_stay_when_only_scopes_are_set(box, admin):
    name = box.add(scopes=[CONTROL], allowedThingIds=[THING, OTHER_THING])
    assert admin.get("Users.SetUserScopes", username=name, scopes=[]) == NO_ERROR
    assert sorted(known(admin, name)["allowedThingIds"]) == [THING, OTHER_THING]


def test_thing_ids_are_replaced_as_a_whole(box, admin):
    name = box.add(scopes=[CONTROL], allowedThingIds=[THING])
    for wanted in ([OTHER_THING], []):
        params = {"username": name, "scopes": [CONTROL], "allowedThingIds": wanted}
        assert admin.get("Users.SetUserScopes", **params) == NO_ERROR
        assert known(admin, name)["allowedThingIds"] == wanted


# User information


def test_user_info_has_all_its_keys(box):
    name = box.add()
    assert box.signed_in(name).get("Users.GetUserInfo") == {
        "error": "UserErrorNoError",
        "userInfo": {
            "allowedThingIds": [],
            "displayName": "",
            "email": "",
            "scopes": [],
            "username": name,
        },
    }


def test_users_come_without_an_error_in_order_of_creation(box, admin):
    names = [box.add() for _ in range(3)]
    answer = admin.get("Users.GetUsers")
    assert list(answer) == ["users"]
    listed = [user["username"] for user in answer["users"]]
    assert listed[0] == "olga"
    assert [name for name in listed if name in names] == names


def test_fields_that_are_not_given_keep_their_value(box, admin):
    name = box.add(displayName="Zoë", email="zoe@example.org")
    assert admin.get("Users.SetUserInfo", username=name, displayName="Z ✓") == NO_ERROR
    assert admin.get("Users.SetUserInfo", username=name) == NO_ERROR
    info = known(admin, name)
    assert (info["displayName"], info["email"]) == ("Z ✓", "zoe@example.org")
    assert admin.get("Users.SetUserInfo", username=name, email="") == NO_ERROR
    info = known(admin, name)
    assert (info["displayName"], info["email"]) == ("Z ✓", "")


def test_without_a_name_the_own_info_is_changed(box):
    name = box.add(scopes=[ADMIN])
    assert box.signed_in(name).get("Users.SetUserInfo", displayName="me") == NO_ERROR
    info = box.info(name)
    assert info is not None
    assert info["displayName"] == "me"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.SetUserInfo", {"displayName": "ghost"}),
        ("Users.SetUserScopes", {"scopes": [CONTROL]}),
    ],
)
def test_changing_a_user_who_does_not_exist_is_not_announced(admin, method, params):
    admin.subscribe()
    answer = admin.get(method, username="nobody", **params)
    assert answer in (BAD_NAME, NO_ERROR)  # the peer says the latter
    assert admin.settle() == []
    assert info_of(admin, "nobody") is None


def test_removing_a_user_who_does_not_exist_is_an_error(admin):
    admin.subscribe()
    assert admin.get("Users.RemoveUser", username="nobody") == BAD_NAME
    assert admin.settle() == []


@pytest.mark.clause("IEC 62443-4-2 CR 1.4")
def test_a_removed_name_is_free_again_and_its_tokens_stay_dead(box, admin):
    name = box.add()
    client = box.signed_in(name)
    assert admin.get("Users.RemoveUser", username=name) == NO_ERROR
    box.add(name)
    again = box.connect(box.server)
    assert again.hello(client.token)["authenticated"] is False


# Tokens


def test_tokens_have_all_their_keys_and_come_in_order(box):
    name = box.add(scopes=[ADMIN])
    devices = ["first", "second", "first", 'Zoë\'s "phone" %1']
    clients = [box.signed_in(name, device=device) for device in devices]
    answer = clients[0].get("Users.GetTokens")
    assert set(answer) == {"error", "tokenInfoList"}
    tokens = answer["tokenInfoList"]
    assert [token["deviceName"] for token in tokens] == devices
    for token in tokens:
        assert set(token) == {"creationTime", "deviceName", "id", "username"}
        assert UUID_FORM.fullmatch(token["id"])
        assert token["username"] == name
        assert type(token["creationTime"]) is int
        assert abs(token["creationTime"] - time.time()) < 60  # noqa: TID251
    assert len({token["id"] for token in tokens}) == len(devices)
    assert box.admin().get("Users.GetUserTokens", username=name)["tokenInfoList"] == tokens


def test_nobody_has_no_tokens(admin):
    answer = admin.get("Users.GetUserTokens", username="nobody")
    assert answer == {"error": "UserErrorNoError", "tokenInfoList": []}


def test_an_unknown_token_is_not_found(admin):
    assert admin.get("Users.RemoveToken", tokenId=THING) == NO_TOKEN


def token_ids(client: Client, name: str) -> list[str]:
    tokens = client.get("Users.GetUserTokens", username=name)["tokenInfoList"]
    return [token["id"] for token in tokens]


@pytest.mark.clause("OWASP ASVS 5.0 7.4.3", "OWASP ASVS 5.0 7.4.5")
@pytest.mark.parametrize("spell", [str.lower, str.upper, "{{{}}}".format])
def test_an_administrator_removes_anyones_token(box, admin, spell):
    name = box.add()
    client, other = box.signed_in(name), box.signed_in(name)
    first, second = token_ids(admin, name)
    assert admin.get("Users.RemoveToken", tokenId=spell(first)) == NO_ERROR
    assert token_ids(admin, name) == [second]
    assert client.rest() is not None
    assert other.works()
    assert box.connect(box.server).hello(client.token)["authenticated"] is False
    assert admin.get("Users.RemoveToken", tokenId=first) == NO_TOKEN


def test_the_own_token_may_be_removed(box):
    name = box.add(scopes=[ADMIN])
    client = box.signed_in(name)
    (token,) = token_ids(client, name)
    assert client.get("Users.RemoveToken", tokenId=token) == NO_ERROR
    client.rest()
    assert box.connect(box.server).hello(client.token)["authenticated"] is False


# Who may do what

ADMIN_ONLY: list[tuple[str, Message]] = [
    ("JSONRPC.CreateUser", {"username": "mallory", "password": PASSWORD}),
    ("Users.ChangePassword", {"newPassword": OTHER_PASSWORD}),
    ("Users.ChangeUserPassword", {"username": "olga", "newPassword": OTHER_PASSWORD}),
    ("Users.CreateUser", {"username": "mallory", "password": PASSWORD}),
    ("Users.GetTokens", {}),
    ("Users.GetUserTokens", {"username": "olga"}),
    ("Users.GetUsers", {}),
    ("Users.RemoveToken", {"tokenId": THING}),
    ("Users.RemoveUser", {"username": "olga"}),
    ("Users.SetUserInfo", {"displayName": "x"}),
    ("Users.SetUserScopes", {"username": "olga", "scopes": []}),
]


@pytest.mark.parametrize(("method", "params"), ADMIN_ONLY)
@pytest.mark.parametrize("scopes", [[], [CONTROL], ALL_SIX[:5]], ids=len)
def test_only_administrators_manage_users(box, method, params, scopes):
    client = box.user(scopes=scopes)
    reply = client.ask(method, **params)
    assert reply == {"error": "Permission denied.", "id": reply["id"], "status": "error"}
    assert client.works()


@pytest.mark.clause("EN 18031-1 ACM-2", "OWASP ASVS 5.0 8.2.3")
def test_nobody_raises_their_own_scopes(box):
    name = box.add(scopes=ALL_SIX[:5])
    client = box.signed_in(name)
    reply = client.ask("Users.SetUserScopes", username=name, scopes=[ADMIN])
    assert reply["error"] == "Permission denied."
    info = box.info(name)
    assert info is not None
    assert info["scopes"] == ALL_SIX[:5]


def test_a_user_who_becomes_administrator_may_at_once(box, admin):
    name = box.add()
    client = box.signed_in(name)
    assert client.ask("Users.GetUsers")["error"] == "Permission denied."
    assert admin.get("Users.SetUserScopes", username=name, scopes=[ADMIN]) == NO_ERROR
    assert client.get("Users.GetUsers")["users"]


@pytest.mark.clause("OWASP ASVS 5.0 8.3.2")
def test_an_administrator_who_is_demoted_may_not_any_more(box, admin):
    name = box.add(scopes=[ADMIN])
    client = box.signed_in(name)
    assert client.get("Users.GetUsers")["users"]
    assert admin.get("Users.SetUserScopes", username=name, scopes=[CONTROL]) == NO_ERROR
    assert client.ask("Users.GetUsers")["error"] == "Permission denied."
    assert client.works()


def test_after_set_up_nobody_makes_administrators_without_a_token(box):
    client = box.greet()
    reply = client.ask("JSONRPC.CreateUser", username="mallory", password=PASSWORD)
    assert reply["status"] == "unauthorized"


def test_an_administrator_may_create_another_or_is_told_no(box, admin):
    name = new_name()
    answer = admin.get("JSONRPC.CreateUser", username=name, password=PASSWORD)
    info = info_of(admin, name)
    assert answer in (NO_ERROR, DENIED)  # the peer creates, its documentation refuses
    assert (info is not None) == (answer == NO_ERROR)
    if info is not None:
        assert info["scopes"] == ALL_SIX


# The last administrator


@pytest.fixture
def last(start: Start, connect: Connect) -> Box:
    server = start()
    return Box(server, connect, set_up(connect(server)))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.RemoveUser", {"username": "olga"}),
        ("Users.RemoveUser", {"username": "OLGA"}),
        ("Users.SetUserScopes", {"username": "olga", "scopes": []}),
        ("Users.SetUserScopes", {"username": "olga", "scopes": ALL_SIX[:5]}),
    ],
)
def test_the_last_administrator_stays(helping, method, params):
    helping.add(scopes=ALL_SIX[:5])
    admin = helping.admin()
    admin.subscribe()
    answer = admin.get(method, **params)
    assert set(answer) == {"error"}
    assert answer != NO_ERROR
    assert admin.settle() == []
    assert known(admin, "olga")["scopes"] == ALL_SIX
    assert helping.connect(helping.server).hello()["initialSetupRequired"] is False


def test_the_last_but_one_administrator_may_go(last):
    last.add("second", scopes=[ADMIN])
    second = last.signed_in("second")
    assert second.get("Users.RemoveUser", username="olga") == NO_ERROR
    refused = second.get("Users.RemoveUser", username="second")
    assert refused != NO_ERROR
    assert [user["username"] for user in second.get("Users.GetUsers")["users"]] == ["second"]


def test_an_administrator_may_remove_themselves_while_another_stays(last):
    last.add("second", scopes=[ADMIN])
    admin = last.admin()
    assert admin.get("Users.RemoveUser", username="olga") == NO_ERROR
    admin.rest()
    assert last.connect(last.server).hello(last.admin_token)["authenticated"] is False


# Self-service


@pytest.fixture(scope="module")
def self_service_server(
    start_shared: Start, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Server, str]:
    settings = tmp_path_factory.mktemp("settings") / "keystead.toml"
    settings.write_text("self_service = true\n")
    server = start_shared("self", ("nymea",), ("--config", str(settings)))
    client = Client(server.urls["nymea"])
    try:
        return server, set_up(client)
    finally:
        client.close()


@pytest.fixture
def helping(self_service_server: tuple[Server, str], connect: Connect) -> Box:
    """A box with self-service, where olga is the only administrator."""
    server, token = self_service_server
    return Box(server, connect, token)


def test_self_service_lets_users_care_for_their_own_account(helping):
    name = helping.add()
    client = helping.signed_in(name)
    assert client.get("Users.SetUserInfo", displayName="me") == NO_ERROR
    assert client.get("Users.SetUserInfo", username=name, email="me@example.org") == NO_ERROR
    info = client.get("Users.GetUserInfo")["userInfo"]
    assert (info["displayName"], info["email"]) == ("me", "me@example.org")
    assert client.get("Users.ChangePassword", newPassword=OTHER_PASSWORD) == NO_ERROR
    helping.signed_in(name, OTHER_PASSWORD)
    mine, other = client.get("Users.GetTokens")["tokenInfoList"]
    assert (mine["username"], other["username"]) == (name, name)
    assert client.get("Users.RemoveToken", tokenId=other["id"]) == NO_ERROR
    assert len(client.get("Users.GetTokens")["tokenInfoList"]) == 1


@pytest.mark.clause("OWASP ASVS 5.0 8.2.2")
def test_self_service_ends_at_the_own_account(helping):
    client = helping.user()
    assert client.get("Users.SetUserInfo", username="olga", displayName="x") == DENIED
    (token, *_) = helping.admin().get("Users.GetTokens")["tokenInfoList"]
    refused = client.get("Users.RemoveToken", tokenId=token["id"])
    assert refused in (DENIED, NO_TOKEN)
    assert helping.admin().works()
    reply = client.ask("Users.GetUserTokens", username="olga")
    assert reply["error"] == "Permission denied."


def test_self_service_is_announced_in_the_introspection(helping):
    methods = helping.user().get("JSONRPC.Introspect")["methods"]
    opened = {
        name
        for name, method in methods.items()
        if name.startswith("Users.") and method["permissionScope"] == "PermissionScopeNone"
    }
    assert opened == {
        "Users.ChangePassword",
        "Users.GetTokens",
        "Users.GetUserInfo",
        "Users.RemoveToken",
        "Users.SetUserInfo",
    }
