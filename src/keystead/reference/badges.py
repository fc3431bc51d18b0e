"""Badges: what one must hold to call a method, and what is deprecated."""

import re
from dataclasses import dataclass

_KEBAB = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words on a coloured ground.

    Attributes:
        look: the class that ``extra.css`` gives a colour.
    """

    text: str
    look: str

    def __str__(self) -> str:
        return f'<span class="badge {self.look}">{self.text}</span>'


SCOPES = {
    "None": Badge("PUBLIC", "perm-none"),
    "ControlThings": Badge("CONTROL", "perm-control"),
    "ConfigureThings": Badge("CONFIGURE", "perm-configure"),
    "AccessAllThings": Badge("ACCESS-ALL-THINGS", "perm-configure"),
    "ExecuteRules": Badge("EXECUTE-RULES", "perm-control"),
    "ConfigureRules": Badge("CONFIGURE-RULES", "perm-configure"),
    "Admin": Badge("ADMIN", "perm-admin"),
}


def scope_badge(scope: str) -> Badge:
    """Give the badge of a permission scope; one that nobody knows looks like ADMIN.

    >>> str(scope_badge("Admin"))
    '<span class="badge perm-admin">ADMIN</span>'
    >>> scope_badge("EditUsers").text
    'EDIT-USERS'
    """
    return SCOPES.get(scope) or Badge(_KEBAB.sub("-", scope).upper(), "perm-admin")


def deprecated_badge(word: str) -> Badge:
    """Give the badge of what should not be used any more."""
    return Badge(word.upper(), "deprecated")
