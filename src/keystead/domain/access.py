"""Who may do what: pure decisions, used by every protocol and every operation."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from keystead.domain.model import Actor, Owner, Principal, Scope


class Gate(Enum):
    """Whom a method lets in at all."""

    OPEN = auto()
    SIGNED_IN = auto()
    SET_UP = auto()  # everybody while the first account is to be made, then as SIGNED_IN
    SIGN_IN = auto()  # everybody as soon as the first account has been made

    def is_open(self, *, needs_set_up: bool) -> bool:
        """Tell whether somebody who is not signed in may pass."""
        match self:
            case Gate.OPEN:
                return True
            case Gate.SET_UP:
                return needs_set_up
            case Gate.SIGN_IN:
                return not needs_set_up
            case Gate.SIGNED_IN:
                return False
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller must have.

    Attributes:
        scope: a scope that a signed-in caller must hold; NONE for any.
        own_account: concerns only the caller's own account, so that the setting
            ``self_service`` opens it to every signed-in user.
    """

    gate: Gate
    scope: Scope = Scope.NONE
    own_account: bool = False

    def demand(self, *, self_service: bool) -> Scope:
        """Give the scope that a signed-in caller must hold under the present settings."""
        return Scope.NONE if self.own_account and self_service else self.scope


OPEN = Access(Gate.OPEN)
SIGNED_IN = Access(Gate.SIGNED_IN)
MANAGES_USERS = Access(Gate.SIGNED_IN, Scope.USER_EDIT)
ADMINISTERS = Access(Gate.SIGNED_IN, Scope.ADMIN)
OWN_ACCOUNT = Access(Gate.SIGNED_IN, Scope.USER_EDIT, own_account=True)
SET_UP = Access(Gate.SET_UP, Scope.ADMIN)
SET_UP_OR_MANAGES_USERS = Access(Gate.SET_UP, Scope.USER_EDIT)
SIGN_IN = Access(Gate.SIGN_IN)


def scopes_of(actor: Actor) -> Scope:
    """Give every scope that *actor* holds."""
    match actor:
        case Principal():
            return actor.scopes
        case Owner():
            return Scope.ADMIN
        case _:
            assert_never(actor)


def manages_users(scopes: Scope) -> bool:
    """Tell whether who holds *scopes* may see and change accounts."""
    return Scope.USER_EDIT in scopes
