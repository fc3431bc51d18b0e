"""Data files that ship with the program, read on demand.

``requirements.json`` is made from ``docs/security/requirements.toml`` and the tests.

Notice: ``common-passwords.txt`` holds the 10,000 most common passwords of at least 8 characters,
case-folded and sorted; those not in ASCII, mostly wrongly decoded, are left out.
Source: the frequency lists of the Python packages zxcvbn 4.5.0 (MIT licence, by Daniel Wolf and
Dropbox) and Django 5.2 (BSD licence, list by Royce Williams), taken in turn from the top of each.
"""

import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

# Rows of keys on the keyboards of English, German and French, and the orders everybody knows.
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",  # the row of digits ends with the zero, counting begins with it
    "qwertyuiop",
    "asdfghjkl;",
    "zxcvbnm,./",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn,;:!",
)
SHORTEST = 8  # characters; shorter passwords are refused anyway

_STEPS = {pair for row in _ROWS for pair in pairwise(row)}
_STEPS |= {(after, before) for before, after in _STEPS}


def is_common_password(password: str) -> bool:
    """Tell whether *password* is one that attackers try first, in whatever case it is written.

    That is one of the 10,000 on the list, or a single run: each character again, or its
    neighbour in the alphabet, in the digits or on a row of a keyboard. The first call reads the
    list, so make it off the loop.

    >>> [is_common_password(word) for word in ("Football", "87654321", "ÄÖLKJHGF")]
    [True, True, True]
    >>> is_common_password("correct horse battery staple")
    False

    Source: NIST SP 800-63B-4 3.1.1.2, OWASP ASVS 5.0 6.2.4 and EN 18031-1 AUM; the runs are our
    choice, as no list holds them at every length.
    """
    word = unicodedata.normalize("NFC", unicodedata.normalize("NFC", password).casefold())
    return _is_trivial(word) or _is_listed(word)


def requirements() -> bytes:
    """Give what standards demand, with the tests that prove it, as JSON."""
    return Path(__file__).with_name("requirements.json").read_bytes()


def _is_trivial(word: str) -> bool:
    return len(word) >= SHORTEST and all(
        pair in _STEPS or pair[0] == pair[1] for pair in pairwise(word)
    )


def _is_listed(word: str) -> bool:
    # Bisection in the file as it is: 10,000 strings would take ten times its 96 kB.
    wanted = word.encode(errors="surrogatepass")
    lines = _common_passwords()
    low, high = 0, len(lines)
    while low < high:
        start = lines.rfind(b"\n", 0, (low + high) // 2) + 1
        end = lines.index(b"\n", start)
        line = lines[start:end]
        if line == wanted:
            return True
        if line < wanted:
            low = end + 1
        else:
            high = start
    return False


@cache
def _common_passwords() -> bytes:
    return Path(__file__).with_name("common-passwords.txt").read_bytes()
