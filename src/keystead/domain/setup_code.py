"""The one-time code without which nobody makes the first account."""

import hashlib
import hmac
import string

from keystead.domain.ports import Randomness

CODE_BYTES = 10  # 80 bits, far more than anybody guesses while a server waits for its owner
GROUP = 4  # characters between two dashes
THROTTLE_NAME = "THE SET-UP CODE"  # no account's: ``names.key`` has no capital letters

# Crockford's: no letter that looks like another or like a digit, and no U.
_ALPHABET = string.digits + "ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5  # of one character
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_MOST_TYPED = 64  # characters; a code with blanks and dashes has fewer


def written(random: bytes) -> str:
    """Write random bytes as people can read them out and type them.

    >>> written(bytes(5) + b"azure")
    '0000-0000-C5X7-AWK5'
    """
    number = int.from_bytes(random, "big")
    size = len(random) * 8 // _BITS
    text = "".join(_ALPHABET[number >> _BITS * place & 31] for place in reversed(range(size)))
    return "-".join(text[start : start + GROUP] for start in range(0, size, GROUP))


def read(typed: str) -> str:
    """Give the characters of a code that somebody has typed: any case, blanks or dashes.

    >>> read("oOil 7dvk-RkHN")
    '00117DVKRKHN'
    """
    letters = (c for c in typed[:_MOST_TYPED].upper() if c.isalnum())
    return "".join(letters).translate(_READ_AS)


class SetupCode:
    """What is kept of the code: enough to know it again, too little to tell it.

    No code fits before one is made.

    Source: our choice; OWASP ASVS 5.0 6.4.1 and 6.5 for what such a code must be like.
    """

    def __init__(self) -> None:
        self._digest: bytes | None = None

    def renew(self, randomness: Randomness) -> str:
        """Make a code and give it, this once; the one before fits no more."""
        code = written(randomness(CODE_BYTES))
        self._digest = _digest(code)
        return code

    def fits(self, typed: str) -> bool:
        """Tell whether somebody typed the present code, in the same time for every text."""
        return self._digest is not None and hmac.compare_digest(self._digest, _digest(typed))


def _digest(typed: str) -> bytes:
    return hashlib.sha256(read(typed).encode(errors="surrogatepass")).digest()
