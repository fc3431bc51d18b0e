"""Which names an account may have, and when two names are the same."""

import re
import unicodedata

MAX_NAME_LENGTH = 256  # code points; our choice

# nymea looks for one run of three such characters anywhere in the name; ``+`` to ``@`` is a
# range there (0x2B to 0x40), and clients may have made names that need it.  Source: nymea 4.4.
_RUN = re.compile(r"[a-zA-Z0-9_.+-@]{3,}")


def key(name: str) -> str:
    """Give the form under which names are unique: two names with one key are one account.

    >>> key("Ann") == key("ann"), key("Straße") == key("STRASSE")
    (True, True)

    Source: Unicode Standard 3.13, identifier caseless matching (NFKC of the case fold).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def is_valid(name: str) -> bool:
    r"""Tell whether a new account may be called *name*.

    >>> is_valid("ann@example.org"), is_valid("ab"), is_valid("ann\n")
    (True, False, False)

    Source: nymea 4.4 for the run of three characters; no control characters, no blanks at the
    ends and the length are our choice.
    """
    return (
        len(name) <= MAX_NAME_LENGTH
        and name == name.strip()
        and not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in name)
        and _RUN.search(name) is not None
    )
