"""Arithmetic of scopes: their names, which go together, and what replaces what."""

from functools import lru_cache

from keystead.domain.model import Scope

SCOPE_NAMES = {
    "".join(word.capitalize() for word in name.split("_")): scope
    for name, scope in Scope.__members__.items()
}

TANI_RIGHTS = Scope.USER_EDIT | Scope.EDITOR | Scope.DIAG


def are_consistent(scopes: Scope) -> bool:
    """Tell whether nymea allows these scopes together.

    Whoever is restricted to single things may at most control them.

    >>> are_consistent(Scope.CONTROL_THINGS), are_consistent(Scope.CONFIGURE_THINGS)
    (True, False)

    Source: nymea 4.3; the rights of Tani do not count, our choice.
    """
    rest = scopes & ~TANI_RIGHTS
    return Scope.ACCESS_ALL_THINGS in rest or rest in {Scope.NONE, Scope.CONTROL_THINGS}


@lru_cache(maxsize=256)
def names_of(scopes: Scope) -> tuple[str, ...]:
    """Name the scopes that are held; only ``Admin`` where that is, as it holds all others.

    >>> names_of(Scope.CONFIGURE_RULES)
    ('ExecuteRules', 'ConfigureRules')
    """
    if Scope.ADMIN in scopes:
        return ("Admin",)
    return tuple(name for name, scope in SCOPE_NAMES.items() if scope and scope in scopes)


def replaced(before: Scope, given: Scope, keep: Scope) -> Scope:
    """Give the scopes of a user who is given others by somebody who cannot name *keep*.

    Rights in *keep* stay when they had been given on their own, and go when they came with
    ``ADMIN``.

    >>> replaced(Scope.ADMIN, Scope.CONTROL_THINGS, TANI_RIGHTS) is Scope.CONTROL_THINGS
    True

    Source: our choice; nymea has no names for the rights of Tani.
    """
    return given if Scope.ADMIN in before else given | (before & keep)
