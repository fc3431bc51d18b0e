"""Files that commands write: new ones, whole or not at all, for their owner alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from keystead import CannotError


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """Give what the content is written to; the file is there once the block ends well.

    Raises:
        CannotError: it exists, another export seems to be under way, or it cannot be written.
    """
    part = file.parent / f"{file.name}.part"
    try:
        if file.exists():
            raise CannotError(f"The file {file} exists already.")
        descriptor = _opened(part)
        try:
            with os.fdopen(descriptor, "wb") as output:
                yield output
                output.flush()
                os.fsync(output.fileno())
            part.rename(file)
        except BaseException:
            part.unlink()
            raise
    except OSError as error:
        raise CannotError(f"The file {file} cannot be written: {error.strerror}.") from error


def _opened(part: Path) -> int:
    try:
        return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CannotError(
            f"The file {part} is in the way; if no export is under way, remove it."
        ) from error
