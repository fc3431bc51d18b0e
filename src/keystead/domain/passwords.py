"""Which passwords an account may have."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from keystead.domain import names

MAX_PASSWORD_BYTES = 1024  # UTF-8; our choice, so that hashing has a bounded cost


class PasswordProfile(Enum):
    """Which rules a new password must meet."""

    NYMEA = "nymea"
    NIST = "nist"


_NYMEA_LENGTH = 8  # nymea 4.4
_NIST_LENGTH = 15  # SP 800-63B-4 3.1.1.2
# What attackers of these boxes try first, with a number behind it. Our choice.
CONTEXT_WORDS = (
    "admin",
    "administrator",
    "editor",
    "gateway",
    "heatpump",
    "installer",
    "keystead",
    "nymea",
    "operator",
    "owner",
    "password",
    "root",
    "service",
    "tani",
    "user",
)
_NO_LETTERS = re.compile(r"[\W\d_]+")
_REQUIRED_KINDS = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))


def normalised(password: str) -> str:
    """Give the form of *password* that is hashed: NFC.

    One that is too long for a new password stays as it is, as composing it could take seconds.

    Source: NIST SP 800-63B-4 3.1.1.2.
    """
    if len(password) > MAX_PASSWORD_BYTES:
        return password
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for new passwords.

    Args:
        profile: NYMEA asks for 8 characters with a lower-case and an upper-case letter and a
            digit, as that protocol's clients expect; NIST for 15 of any kind.
        is_common: tells whether a password is on a list of common ones.

    With both, a password must not be the user's name, one of ``CONTEXT_WORDS``, or several of
    these, whatever digits and signs are around them.

    Source: nymea 4.4; NIST SP 800-63B-4 3.1.1.2; OWASP ASVS 5.0 6.2.11.
    """

    profile: PasswordProfile
    is_common: Callable[[str], bool]

    def allows(self, password: str, user_name: str) -> bool:
        """Tell whether *password* may become the password of *user_name*."""
        if len(password.encode(errors="surrogatepass")) > MAX_PASSWORD_BYTES:
            return False
        password = normalised(password)
        return (
            self._is_long_enough(password)
            and names.key(password) != names.key(user_name)
            and not _is_near(password, user_name)
            and not any(unicodedata.category(c) == "Cs" for c in password)
            and not self.is_common(password)
        )

    @property
    def least_length(self) -> int:
        """Give how many characters a password must have."""
        return _NYMEA_LENGTH if self.needs_kinds else _NIST_LENGTH

    @property
    def needs_kinds(self) -> bool:
        """Tell whether it must have a lower-case and an upper-case letter and a digit."""
        return self.profile is PasswordProfile.NYMEA

    def _is_long_enough(self, password: str) -> bool:
        match self.profile:
            case PasswordProfile.NYMEA:
                units = len(password.encode("utf-16-le", "surrogatepass")) // 2
                return units >= _NYMEA_LENGTH and all(
                    kind.search(password) for kind in _REQUIRED_KINDS
                )
            case PasswordProfile.NIST:
                return len(password) >= _NIST_LENGTH
            case _:
                assert_never(self.profile)


def _is_near(password: str, user_name: str) -> bool:
    """Tell whether all letters of *password* come from words that are tried first here."""
    letters, name = (_NO_LETTERS.sub("", text.casefold()) for text in (password, user_name))
    words = [word for word in (name, *CONTEXT_WORDS) if word]
    ends = {0}  # where a word may end; not by a pattern, which might try for ever
    for start in range(len(letters)):
        if start in ends:
            ends |= {start + len(word) for word in words if letters.startswith(word, start)}
    return bool(letters) and len(letters) in ends
