"""Tani's status numbers, and which refusal has which. Only here do refusals become numbers."""

from enum import IntEnum
from typing import assert_never

from keystead.domain.refusal import Reason


class Status(IntEnum):
    """What came of a request.

    Source: Tani 5, 1; the manual has 0 only, the others are our choice.
    """

    OK = 0
    BAD_REQUEST = 1
    UNKNOWN_FUNCTION = 2
    NOT_PERMITTED = 3
    SIGN_IN_FAILED = 4
    SESSION_OVER = 5
    NOT_FOUND = 6
    CONFLICT = 7
    TOO_LARGE = 8
    BUSY = 9
    STORAGE_FAILED = 10


def status(reason: Reason) -> Status:
    """Give the number of a refusal."""
    match reason:
        case (
            Reason.NAME_INVALID
            | Reason.PASSWORD_TOO_WEAK
            | Reason.PASSWORD_KEPT
            | Reason.TEXT_INVALID
            | Reason.ITEM_RULE_INVALID
            | Reason.INCONSISTENT_SCOPES
            | Reason.NOT_YET_VALID
            | Reason.LIMITS_INVALID
            | Reason.EXPIRY_INVALID
        ):
            return Status.BAD_REQUEST
        case (
            Reason.NOT_SIGNED_IN
            | Reason.FORBIDDEN
            | Reason.SET_UP_ALREADY
            | Reason.SETUP_CODE_WRONG
        ):
            return Status.NOT_PERMITTED
        case Reason.SIGN_IN_FAILED:
            return Status.SIGN_IN_FAILED
        case Reason.SESSION_OVER:
            return Status.SESSION_OVER
        case (
            Reason.NO_SUCH_USER
            | Reason.NO_SUCH_GROUP
            | Reason.NO_SUCH_TOKEN
            | Reason.NOTHING_TO_PAIR
        ):
            return Status.NOT_FOUND
        case (
            Reason.NAME_TAKEN
            | Reason.NAME_RESERVED
            | Reason.ESCALATION
            | Reason.LAST_USER_EDITOR
            | Reason.OWN_ACCOUNT
            | Reason.FIRST_MUST_EDIT_USERS
            | Reason.ANONYMOUS_EDITS_NO_USERS
        ):
            return Status.CONFLICT
        case Reason.TOO_LARGE:
            return Status.TOO_LARGE
        case Reason.BUSY | Reason.THROTTLED:
            return Status.BUSY
        case Reason.STORAGE_FAILED | Reason.AUDIT_FAILED:
            return Status.STORAGE_FAILED
        case _:
            assert_never(reason)
