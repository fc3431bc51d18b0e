"""How nymea names each refusal. The only place where refusals become nymea's words."""

from typing import assert_never

from keystead.domain.refusal import Reason
from keystead.nymea.types import UserError

INVALID_TOKEN = "Forbidden: Invalid token."  # noqa: S105 - a sentence
PERMISSION_DENIED = "Permission denied."


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
        ):
            return UserError.UserErrorPermissionDenied
        case _:
            assert_never(reason)
