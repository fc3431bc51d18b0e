"""One directory of users, groups, tokens and rights for automation gateways."""

__version__ = "0.1.0"
