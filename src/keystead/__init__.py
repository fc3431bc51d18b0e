"""One directory of users, groups, tokens and rights for automation gateways."""

__version__ = "0.1.0"


class CannotError(Exception):
    """Something outside of the rules prevents it; the message is one line: what, and what to do.

    Args:
        message: whatever in it a terminal would act on, or not show, is escaped.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    r"""Give *text* with everything that a terminal would act on, or not show, escaped.

    >>> printable("ann\n\x1b[2J")
    'ann\\n\\x1b[2J'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
