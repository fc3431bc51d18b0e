"""How nymea names each refusal. The only place where refusals become nymea's words."""

from enum import StrEnum
from typing import assert_never

from keystead.domain.refusal import Reason
from keystead.nymea.access_types import AccessError, access_error
from keystead.nymea.types import UserError

INVALID_TOKEN = "Forbidden: Invalid token."  # noqa: S105 - a sentence
PERMISSION_DENIED = "Permission denied."
OWN_NAMESPACE = "Access."  # whose methods have a word for each reason


def errors_of(method: str) -> type[StrEnum]:
    """Give the words that the returns of *method* have for refusals."""
    return AccessError if method.startswith(OWN_NAMESPACE) else UserError


def error_word(method: str, reason: Reason | None) -> StrEnum:
    """Translate *reason*, or that there is none, for the returns of *method*."""
    if method.startswith(OWN_NAMESPACE):
        return access_error(reason)
    return UserError.UserErrorNoError if reason is None else user_error(reason)


def user_error(reason: Reason) -> UserError:
    """Translate *reason* for a method whose returns have an ``error``."""
    match reason:
        case Reason.NAME_INVALID | Reason.NAME_RESERVED | Reason.NO_SUCH_USER:
            return UserError.UserErrorInvalidUserId
        case Reason.NAME_TAKEN:
            return UserError.UserErrorDuplicateUserId
        case Reason.PASSWORD_TOO_WEAK | Reason.PASSWORD_KEPT:
            return UserError.UserErrorBadPassword
        case Reason.NO_SUCH_TOKEN:
            return UserError.UserErrorTokenNotFound
        case Reason.INCONSISTENT_SCOPES:
            return UserError.UserErrorInconsistantScopes
        case (
            Reason.STORAGE_FAILED
            | Reason.TEXT_INVALID
            | Reason.TOO_LARGE
            | Reason.BUSY
            | Reason.AUDIT_FAILED
            | Reason.THROTTLED
            | Reason.NOT_YET_VALID
            | Reason.LIMITS_INVALID
            | Reason.EXPIRY_INVALID
            | Reason.NO_SUCH_GROUP
            | Reason.ITEM_RULE_INVALID
        ):
            return UserError.UserErrorBackendError
        case (
            Reason.NOT_SIGNED_IN
            | Reason.FORBIDDEN
            | Reason.SIGN_IN_FAILED
            | Reason.SET_UP_ALREADY
            | Reason.ESCALATION
            | Reason.LAST_USER_EDITOR
            | Reason.NOTHING_TO_PAIR
            | Reason.SESSION_OVER
            | Reason.OWN_ACCOUNT
            | Reason.FIRST_MUST_EDIT_USERS
            | Reason.ANONYMOUS_EDITS_NO_USERS
            | Reason.SETUP_CODE_WRONG
        ):
            return UserError.UserErrorPermissionDenied
        case _:
            assert_never(reason)
