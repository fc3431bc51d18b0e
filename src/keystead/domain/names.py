"""Which names an account may have, and when two names are the same."""

import re
import unicodedata

MAX_NAME_LENGTH = 256  # code points; our choice

# Code points of the longest name when it is decomposed, which makes four of one at most. What is
# longer is no name, and not worth the time, which grows with the square of the combining marks.
_LONGEST = 4 * MAX_NAME_LENGTH

# nymea looks for one run of three such characters anywhere in the name; ``+`` to ``@`` is a
# range there (0x2B to 0x40), and clients may have made names that need it.  Source: nymea 4.4.
_RUN = re.compile(r"[a-zA-Z0-9_.+-@]{3,}")


def key(name: str) -> str:
    """Give the form under which names are unique: two names with one key are one account.

    >>> key("Ann") == key("ann"), key("Straße") == key("STRASSE")
    (True, True)

    Source: Unicode Standard 3.13, identifier caseless matching (NFKC of the case fold).
    """
    if len(name) > _LONGEST:
        return name
    if name.isascii():  # the usual case, where the rest comes to the same
        return name.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def is_well_formed(name: str) -> bool:
    r"""Tell whether *name* can be read by people as just what it is.

    >>> is_well_formed("Jörg"), is_well_formed(" ann"), is_well_formed("")
    (True, False, False)

    Source: our choice: no control characters and no blanks at the ends, which only deceive.
    """
    return (
        0 < len(name) <= MAX_NAME_LENGTH
        and name == name.strip()
        and not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in name)
    )


def is_valid(name: str) -> bool:
    r"""Tell whether nymea lets a new account be called *name*.

    >>> is_valid("ann@example.org"), is_valid("ab"), is_valid("ann\n")
    (True, False, False)

    Source: nymea 4.4.
    """
    return is_well_formed(name) and _RUN.search(name) is not None
