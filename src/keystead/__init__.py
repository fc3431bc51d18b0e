"""One directory of users, groups, tokens and rights for automation gateways."""

__version__ = "0.1.0"


class CannotError(Exception):
    """Something outside of the rules prevents it; the message is one line: what, and what to do."""
