"""Every reason the directory can have for saying no to a well-formed request."""

from datetime import timedelta
from enum import Enum
from math import ceil


class Reason(Enum):
    """Closed list; the value is the sentence shown to people.

    Each wire protocol maps all of it, checked by mypy through ``assert_never``.
    """

    NOT_SIGNED_IN = "Nobody is signed in, or no longer."
    FORBIDDEN = "The rights for this are missing."
    SIGN_IN_FAILED = "Name or password is wrong."
    SET_UP_ALREADY = "The first account has been made already."
    NAME_INVALID = "This is not a valid name."
    NAME_TAKEN = "This name, or one that looks the same, is taken."
    NAME_RESERVED = "This name is reserved."
    NO_SUCH_USER = "There is no such account."
    NO_SUCH_GROUP = "There is no such group."
    NO_SUCH_TOKEN = "There is no such token."  # noqa: S105 - a sentence
    SESSION_OVER = "The session is unknown or over."
    PASSWORD_TOO_WEAK = "The password does not meet the rules."  # noqa: S105 - a sentence
    PASSWORD_KEPT = "A password can be replaced, not removed."  # noqa: S105 - a sentence
    INCONSISTENT_SCOPES = "These scopes do not go together."
    ESCALATION = "Nobody gives, or changes an account that holds, more rights than their own."
    LAST_USER_EDITOR = "This is the last account that can change users."
    TEXT_INVALID = "A text is longer than 1,024 characters or holds what is no text."
    OWN_ACCOUNT = "Nobody removes or bars the account that they are signed in with."
    FIRST_MUST_EDIT_USERS = (
        "The first account must be able to change users and have a password."
    )
    ANONYMOUS_EDITS_NO_USERS = "Whoever is not signed in can never change users."
    ITEM_RULE_INVALID = "A rule names no item, or its name is no text."
    TOO_LARGE = "A name, a password or a list is longer than allowed."
    NOTHING_TO_PAIR = "No device is waiting to be paired."
    NOT_YET_VALID = "An account can only begin to be valid before it ends to be."
    LIMITS_INVALID = "A token that gives nothing, or gives more than its maker has, is none."
    EXPIRY_INVALID = "A token can only expire in the future, and a session not at will."
    SETUP_CODE_WRONG = "The set-up code is wrong."
    THROTTLED = "There were too many failed sign-ins; wait before the next."
    BUSY = "Too much is being asked at the moment; try again."
    AUDIT_FAILED = "The audit trail cannot be written; nothing was changed."
    STORAGE_FAILED = "The change could not be stored; nothing was changed."


MISSING_RIGHTS = frozenset({Reason.FORBIDDEN, Reason.ESCALATION, Reason.SETUP_CODE_WRONG})


class RefusedError(Exception):
    """Raised by operations: the caller did nothing malformed, the rules say no.

    Attributes:
        retry_after: how long to wait before the same may be asked again, where that is known.
    """

    def __init__(self, reason: Reason, retry_after: timedelta | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.retry_after = retry_after

    @property
    def seconds(self) -> int | None:
        """Give ``retry_after`` in whole seconds, rounded up."""
        return None if self.retry_after is None else ceil(self.retry_after.total_seconds())
