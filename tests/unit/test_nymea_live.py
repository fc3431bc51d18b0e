"""Rights are those of now: kept replies, and what a change does to a connection at once."""

import pytest

from keystead.domain import accounts, tokens
from keystead.domain.model import OWNER, Scope
from tests.doubles import PASSWORD
from tests.nymea_box import Box, finish

SIGNED_OUT = {"error": "Forbidden: Invalid token.", "id": -1, "status": "unauthorized"}
DENIED = {"error": "UserErrorPermissionDenied"}


@pytest.fixture
def box():
    box = Box()
    box.add("olga", Scope.ADMIN)
    return box


@pytest.fixture
def ann(box):
    return box.user_line("ann", Scope.ADMIN)


def revoke(box, name):
    """Take the first token of *name* away, from somewhere else."""
    finish(tokens.remove_token(box.directory, OWNER, box.tokens(name)[0].id))


def rename(box, name, display_name):
    finish(accounts.set_details(box.directory, OWNER, name, display_name, None))


def restrict(box, name, scopes=Scope.NONE):
    finish(accounts.set_scopes(box.directory, OWNER, name, scopes))


# --- replies that are kept ------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["JSONRPC.Introspect", "JSONRPC.Version", "Users.GetUserInfo"]
)
@pytest.mark.parametrize("params", [None, {}, [], "abc", 5])
def test_a_steady_method_gives_the_same_again(ann, method, params):
    assert ann.ask(method)["params"] == ann.ask(method, params)["params"]


def test_a_kept_reply_has_the_id_of_its_request(ann):
    ann.ask("JSONRPC.Version")
    assert ann.ask("JSONRPC.Version", id=77)["id"] == 77


def test_a_kept_reply_is_not_given_for_wrong_params(ann):
    ann.ask("JSONRPC.Version")
    assert ann.ask("JSONRPC.Version", {"": 0})["error"] == (
        "Invalid params: Invalid key:  in JSONRPC.Version, param "
    )


def test_a_kept_reply_is_not_given_for_another_token(ann):
    ann.ask("JSONRPC.Version")
    assert ann.ask("JSONRPC.Version", token="")["status"] == "unauthorized"


def test_a_kept_reply_is_dropped_when_the_user_changes(box, ann):
    ann.get("Users.GetUserInfo")
    rename(box, "ann", "Annie")
    assert ann.get("Users.GetUserInfo")["userInfo"]["displayName"] == "Annie"


def test_a_kept_reply_is_dropped_for_every_connection_of_the_user(box, ann):
    other = box.greet(box.token("ann"))
    for line in (ann, other):
        line.get("Users.GetUserInfo")
    rename(box, "ann", "Annie")
    shown = [line.get("Users.GetUserInfo")["userInfo"] for line in (ann, other)]
    assert [info["displayName"] for info in shown] == ["Annie", "Annie"]


def test_a_kept_reply_is_not_that_of_another_user(box, ann):
    ann.get("Users.GetUserInfo")
    olga = box.greet(box.token("olga"))
    assert olga.get("Users.GetUserInfo")["userInfo"]["username"] == "olga"


def test_a_kept_reply_is_dropped_when_the_user_is_another(box, ann):
    ann.get("Users.GetUserInfo")
    ann.hello(box.token("olga"))
    assert ann.get("Users.GetUserInfo")["userInfo"]["username"] == "olga"


def test_a_kept_reply_is_dropped_when_nobody_is_signed_in_any_more(ann):
    ann.get("Users.GetUserInfo")
    ann.hello()
    assert ann.ask("Users.GetUserInfo")["status"] == "unauthorized"


def test_a_kept_reply_is_dropped_with_a_failed_sign_in(ann):
    ann.get("JSONRPC.Version")
    ann.get("JSONRPC.Authenticate", username="ann", password="wrong", deviceName="")
    assert ann.ask("JSONRPC.Version", token="")["status"] == "unauthorized"


def test_a_kept_reply_is_dropped_with_the_token(box, ann):
    ann.get("JSONRPC.Version")
    revoke(box, "ann")
    ann.session.receive([ann.request("JSONRPC.Version")])
    assert b"success" not in b"".join(ann.session.advance(64))


def test_what_happens_to_others_drops_nothing_and_changes_nothing(box, ann):
    before = ann.get("Users.GetUserInfo")
    rename(box, "olga", "Olga O.")
    assert ann.get("Users.GetUserInfo") == before


# --- changed while idle ---------------------------------------------------------------------


def test_scopes_that_are_taken_away_are_gone_with_the_next_request(box, ann):
    restrict(box, "ann")
    assert ann.ask("Users.GetUsers")["error"] == "Permission denied."
    assert not ann.is_closed


def test_scopes_that_are_given_are_there_with_the_next_request(box):
    bob = box.user_line("bob")
    restrict(box, "bob", Scope.ADMIN)
    assert bob.ask("Users.GetUsers")["status"] == "success"


def test_a_revoked_token_ends_an_idle_connection_with_a_word(box, ann):
    revoke(box, "ann")
    assert ann.read() == [SIGNED_OUT]
    assert ann.is_closed


def test_a_removed_user_is_signed_out(box, ann):
    finish(accounts.remove_user(box.directory, OWNER, "ann"))
    assert ann.read() == [SIGNED_OUT]
    assert ann.is_closed


def test_a_reset_password_signs_out_everywhere(box, ann):
    other = box.greet(box.token("ann"))
    finish(accounts.reset_password(box.directory, OWNER, "ann", "Another-horse-2"))
    assert (ann.is_closed, other.is_closed) == (True, True)


def test_another_token_of_the_same_user_ends_nothing(box, ann):
    other = box.greet(box.token("ann"))
    revoke(box, "ann")
    assert other.get("Users.GetUserInfo")["userInfo"]["username"] == "ann"


def test_a_connection_that_has_signed_out_hears_of_nothing(box, ann):
    ann.hello()
    revoke(box, "ann")
    assert ann.read() == []
    assert not ann.is_closed


def test_a_connection_that_is_gone_hears_of_nothing(box, ann):
    ann.leave()
    revoke(box, "ann")
    assert ann.read() == []


def test_without_authentication_too_a_revoked_token_ends_the_connection(box):
    line = box.greet(box.token("olga"), authentication=False)
    revoke(box, "olga")
    assert line.read() == [SIGNED_OUT]
    assert line.is_closed


# --- changed while a request is under way ---------------------------------------------------


def test_whoever_removes_their_own_token_gets_the_reply_and_is_closed(box, ann):
    own = str(box.tokens("ann")[0].id)
    assert ann.get("Users.RemoveToken", tokenId=own) == {"error": "UserErrorNoError"}
    assert ann.is_closed
    assert ann.read() == []


def test_whoever_resets_their_own_password_gets_the_reply_and_is_closed(ann):
    params = {"username": "ann", "newPassword": "Another-horse-2"}
    assert ann.get("Users.ChangeUserPassword", **params) == {"error": "UserErrorNoError"}
    assert ann.is_closed


def test_whoever_removes_themselves_gets_the_reply_and_is_closed(ann):
    assert ann.get("Users.RemoveUser", username="ann") == {"error": "UserErrorNoError"}
    assert ann.is_closed


@pytest.mark.clause("OWASP ASVS 5.0 8.3.1")
def test_a_token_that_is_revoked_before_the_write_is_refused_and_closed(box, ann):
    ann.start("Users.CreateUser", {"username": "new", "password": PASSWORD})
    revoke(box, "ann")
    (reply,) = ann.end()
    assert reply == SIGNED_OUT | {"id": 2}
    assert ann.is_closed


def test_a_token_that_is_revoked_after_the_write_gets_the_reply_and_is_closed(box, ann):
    ann.start("Users.SetUserInfo", {"displayName": "Annie"})
    revoke(box, "ann")
    (reply,) = ann.end()
    assert reply["params"] == {"error": "UserErrorNoError"}
    assert ann.is_closed


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("Users.GetTokens", {}),
        ("Users.CreateUser", {"username": "new", "password": PASSWORD, "scopes": []}),
        ("JSONRPC.CreateUser", {"username": "new", "password": PASSWORD}),
    ],
)
def test_a_token_that_is_revoked_before_the_request_begins_is_refused(box, ann, method, params):
    ann.session.receive([ann.request(method, params)])
    assert ann.session.advance(1) == []
    revoke(box, "ann")
    (reply,) = ann.end()
    assert reply == SIGNED_OUT | {"id": 2}
    assert ann.is_closed


def test_scopes_that_are_taken_away_before_the_write_refuse_it(box, ann):
    ann.start("Users.CreateUser", {"username": "new", "password": PASSWORD})
    restrict(box, "ann")
    (reply,) = ann.end()
    assert reply["params"] == DENIED
    assert not ann.is_closed


def test_requests_behind_the_end_of_a_token_are_not_answered(box, ann):
    ann.start("Users.SetUserInfo", {"displayName": "Annie"})
    ann.session.receive([ann.request("JSONRPC.Version")])
    revoke(box, "ann")
    assert len(ann.end()) == 1


def test_a_token_that_is_revoked_while_it_is_handed_out_opens_nothing(box):
    line = box.greet()
    box.add("bob")
    line.start(
        "JSONRPC.Authenticate", {"username": "bob", "password": PASSWORD, "deviceName": ""}
    )
    revoke(box, "bob")
    (reply,) = line.end()
    assert reply["params"]["success"] is True
    after = line.ask("JSONRPC.Version", token=reply["params"]["token"])
    assert after == SIGNED_OUT | {"id": 3}


def test_whoever_leaves_during_a_sign_in_is_not_followed(box):
    line = box.greet()
    line.start(
        "JSONRPC.Authenticate", {"username": "olga", "password": PASSWORD, "deviceName": ""}
    )
    line.leave()
    line.end()
    revoke(box, "olga")
    assert line.read() == []
