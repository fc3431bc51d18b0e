"""The command line. Exit codes: 0 done, 1 refused by the rules, 2 cannot be done."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from keystead import CannotError, __version__, logs
from keystead.cli import commands
from keystead.cli.owner import RefusedByRulesError
from keystead.settings import Settings, load

DONE, REFUSED, CANNOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    code = None
    try:
        given = commands.parser(__version__).parse_args(_texts(words))
        settings = _settings(given)
        logs.start(settings.log_level)
        code = given.run(settings, given)
        sys.stdout.flush()
    except RefusedByRulesError as refused:
        return _say(REFUSED, refused)
    except CannotError as error:
        return _say(CANNOT, error)
    except BrokenPipeError:  # whoever read our output has had enough
        _print_no_more()
    except OSError as error:
        _print_no_more()
        return _say(CANNOT, f"The output cannot be written: {error.strerror}.")
    except KeyboardInterrupt:
        return _say(CANNOT, "interrupted")
    return code or DONE


def _texts(words: Sequence[str]) -> Sequence[str]:
    try:
        "".join(words).encode()
    except UnicodeEncodeError as error:
        raise CannotError("An argument is not UTF-8 text.") from error
    return words


def _print_no_more() -> None:
    """Let what is still to be printed vanish, so that the end of the program is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _settings(given: argparse.Namespace) -> Settings:
    config = given.config or os.environ.get("KEYSTEAD_CONFIG")
    flags = {"data": given.data}
    flags |= {name: getattr(given, name, None) for name in ("listen", "setup_code")}
    return load(Path(config) if config else None, os.environ, flags)


def _say(code: int, message: object) -> int:
    print(f"keystead: {message}", file=sys.stderr)
    return code
