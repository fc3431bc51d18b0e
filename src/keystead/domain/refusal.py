"""Every reason the directory can have for saying no to a well-formed request."""

from enum import Enum


class Reason(Enum):
    """Closed list; the value is the sentence shown to people.

    Each wire protocol maps all of it, checked by mypy through ``assert_never``.
    """

    NOT_SIGNED_IN = "Nobody is signed in, or no longer."
    FORBIDDEN = "The rights for this are missing."
    SIGN_IN_FAILED = "Name or password is wrong."
    SET_UP_ALREADY = "The first account has been made already."
    NAME_INVALID = "This is not a valid name."
    NAME_TAKEN = "An account with this name, or one that looks the same, exists."
    NO_SUCH_USER = "There is no such account."
    NO_SUCH_TOKEN = "There is no such token."  # noqa: S105 - a sentence
    PASSWORD_TOO_WEAK = "The password does not meet the rules."  # noqa: S105 - a sentence
    INCONSISTENT_SCOPES = "These scopes do not go together."
    ESCALATION = "Nobody gives, or changes an account that holds, more rights than their own."
    LAST_USER_EDITOR = "This is the last account that can change users."
    TEXT_INVALID = "A text is longer than 1,024 characters or holds what is no text."
    NOTHING_TO_PAIR = "No device is waiting to be paired."
    BUSY = "Too much is being asked at the moment; try again."
    STORAGE_FAILED = "The change could not be stored; nothing was changed."


class RefusedError(Exception):
    """Raised by operations: the caller did nothing malformed, the rules say no."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
