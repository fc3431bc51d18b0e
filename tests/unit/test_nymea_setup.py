"""The namespace Access: the first set-up, open to all or bound to a one-time code."""

import pytest

from keystead.domain.model import Scope
from keystead.domain.passwords import PasswordProfile
from keystead.domain.setup_code import SetupCode
from tests.doubles import PASSWORD, CountingRandomness
from tests.nymea_box import Box, finish

ANN = {"username": "Ann", "password": PASSWORD}
WRONG = "0000-0000-0000-0000"
OK = {"error": "AccessErrorNoError"}
CODE_WRONG = {"error": "AccessErrorSetupCodeWrong"}
OPEN_RULES = {
    "minLength": 8,
    "maxBytes": 1024,
    "needsLowerCase": True,
    "needsUpperCase": True,
    "needsDigit": True,
}


@pytest.fixture
def box():
    """A box that is open to whoever comes first."""
    return Box()


@pytest.fixture
def bound():
    """A box that is open to whoever knows the code."""
    return Box(setup_code=SetupCode())


@pytest.fixture
def code(bound):
    return bound.directory.setup_code.renew(CountingRandomness())


def told(box):
    """Give what the audit trail holds, as text."""
    finish(box.directory.journal.flush(box.clock.now))
    return "".join(str(event.body) for event in finish(box.store.reader.audit_events(0, 500)))


# --- what a page can know before ------------------------------------------------------------


def test_whoever_asks_is_told_what_the_set_up_takes(box):
    assert box.greet().get("Access.GetSetup") == {
        "setupRequired": True,
        "codeRequired": False,
        "serverName": "The box",
        "passwordRules": OPEN_RULES,
    }


def test_a_box_that_is_bound_to_a_code_says_so(bound):
    assert bound.greet().get("Access.GetSetup")["codeRequired"] is True


@pytest.mark.parametrize("which", ["box", "bound"])
def test_a_box_that_is_set_up_says_so_and_asks_for_no_code(request, which):
    box = request.getfixturevalue(which)
    box.add("olga", Scope.ADMIN)
    told = box.greet().get("Access.GetSetup")
    assert (told["setupRequired"], told["codeRequired"]) == (False, False)


def test_without_authentication_there_is_no_set_up(bound):
    told = bound.greet(authentication=False).get("Access.GetSetup")
    assert (told["setupRequired"], told["codeRequired"]) == (False, False)


def test_the_fingerprint_of_the_certificate_is_that_of_now():
    shown = ["AA:BB"]
    box = Box(fingerprint=lambda: shown[0])
    line = box.greet()
    assert line.get("Access.GetSetup")["certificateFingerprint"] == "AA:BB"
    shown[0] = "CC:DD"
    assert line.get("Access.GetSetup")["certificateFingerprint"] == "CC:DD"


def test_the_rules_for_passwords_are_those_in_force():
    box = Box(profile=PasswordProfile.NIST)
    assert box.greet().get("Access.GetSetup")["passwordRules"] == {
        "minLength": 15,
        "maxBytes": 1024,
        "needsLowerCase": False,
        "needsUpperCase": False,
        "needsDigit": False,
    }


# --- the first user -------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"setupCode": "whatever"}])
def test_where_no_code_is_asked_for_it_does_not_matter(box, more):
    line = box.greet()
    params = {**ANN, **more, "displayName": "Ann A.", "email": "ann@example.org"}
    assert line.get("Access.CreateFirstUser", **params) == OK
    user = box.user("ann")
    assert (user.scopes, user.display_name, user.email) == (
        Scope.ADMIN,
        "Ann A.",
        "ann@example.org",
    )
    line.sign_in("ann")


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_the_code_makes_the_first_user_who_can_sign_in_at_once(bound, code):
    line = bound.greet()
    assert line.get("Access.CreateFirstUser", **ANN, setupCode=code.lower()) == OK
    line.sign_in("ann")
    assert line.get("Access.GetSetup")["setupRequired"] is False


@pytest.mark.clause("EN 18031-1 AUM-5-2")
@pytest.mark.parametrize("more", [{}, {"setupCode": ""}, {"setupCode": WRONG}])
def test_without_the_code_nobody_makes_the_first_user(bound, code, more):
    line = bound.greet()
    assert line.get("Access.CreateFirstUser", **ANN, **more) == CODE_WRONG
    assert line.hello()["initialSetupRequired"] is True
    assert not line.is_closed


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_clients_that_know_of_no_code_are_denied(bound, code):
    line = bound.greet()
    denied = {"error": "UserErrorPermissionDenied"}
    assert line.get("JSONRPC.CreateUser", **ANN) == denied
    assert line.hello()["initialSetupRequired"] is True


def test_whoever_guesses_has_to_wait_and_others_do_not(bound, code):
    guessing = bound.greet()
    guess = {**ANN, "setupCode": WRONG}
    first, *_, last = (guessing.ask("Access.CreateFirstUser", guess) for _ in range(5))
    assert (first["params"], first.get("retryAfter")) == (CODE_WRONG, None)
    assert (last["params"], last["retryAfter"]) == ({"error": "AccessErrorThrottled"}, 1)
    owner = bound.connect(source="192.0.2.99")
    owner.hello()
    assert owner.get("Access.CreateFirstUser", **ANN, setupCode=code) == OK


def test_a_password_that_is_too_weak_is_named_and_costs_nothing(bound, code):
    line = bound.greet()
    weak = {"username": "ann", "password": "weak", "setupCode": code}
    assert line.get("Access.CreateFirstUser", **weak) == {"error": "AccessErrorPasswordTooWeak"}
    assert line.get("Access.CreateFirstUser", **ANN, setupCode=code) == OK


@pytest.mark.clause("OWASP ASVS 5.0 6.5.1")
@pytest.mark.parametrize("scopes", [Scope.ADMIN, Scope.NONE])
def test_after_the_first_user_there_is_no_other_first_user(bound, code, scopes):
    line = bound.user_line("olga", scopes)
    reply = line.ask("Access.CreateFirstUser", {**ANN, "setupCode": code})
    if scopes is Scope.ADMIN:
        assert reply["params"] == {"error": "AccessErrorSetUpAlready"}
    else:
        assert reply["error"] == "Permission denied."


def test_after_the_first_user_the_code_is_nobodys_token(bound, code):
    bound.add("olga", Scope.ADMIN)
    line = bound.greet()
    reply = line.ask("Access.CreateFirstUser", {**ANN, "setupCode": code})
    assert reply["status"] == "unauthorized"
    assert line.is_closed


@pytest.mark.clause("EN 18031-1 AUM-5-2")
def test_a_push_of_the_button_sets_up_without_the_code(bound, code):
    line = bound.greet()
    line.get("JSONRPC.RequestPushButtonAuth", deviceName="phone")
    finish(bound.face.press())
    assert bound.connect().hello()["initialSetupRequired"] is False


def test_of_two_who_know_the_code_one_makes_the_first_user(bound, code):
    first, second = bound.greet(), bound.greet()
    params = {**ANN, "setupCode": code}
    first.start("Access.CreateFirstUser", params)
    assert second.get("Access.CreateFirstUser", **params) == OK
    assert first.end()[-1]["params"] == {"error": "AccessErrorSetUpAlready"}


def test_refusals_are_told_in_the_trail_and_never_what_was_typed(bound, code):
    line = bound.greet()
    line.get("JSONRPC.CreateUser", **ANN)
    line.get("Access.CreateFirstUser", **ANN, setupCode="tell-me-not")
    line.get("Access.CreateFirstUser", **ANN, setupCode=code)
    trail = told(bound)
    assert trail.count("setup_code_wrong") == 2
    assert "Access.CreateFirstUser" in trail
    assert "JSONRPC.CreateUser" in trail
    assert "tell-me-not" not in trail
    assert code not in trail
