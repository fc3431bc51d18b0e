"""Files that commands write: new ones, whole or not at all, for their owner alone."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from keystead import CannotError

_ANONYMOUS = (
    os.O_TMPFILE
)  # a file without a name, of which nothing is left when the program dies
_NOT_HERE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}  # on this kind of file system


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """Give what the content is written to; the file is there once the block ends well.

    Where the file system knows no files without a name, one that ends in ``.part`` is left if
    the program is killed.

    Raises:
        CannotError: it exists, another of its kind seems to be under way, or it cannot be
            written.
    """
    try:
        if file.exists():
            raise _exists(file)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield from _written(file, folder)
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise _exists(file) from error
    except OSError as error:
        raise CannotError(f"The file {file} cannot be written: {error.strerror}.") from error


def _exists(file: Path) -> CannotError:
    return CannotError(f"The file {file} exists already.")


def _written(file: Path, folder: int) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(file.parent, os.O_RDWR | _ANONYMOUS, 0o600)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        yield from _written_as_part(file)
        return
    with os.fdopen(descriptor, "wb") as output:
        yield output
        output.flush()
        os.fsync(descriptor)
        os.link(f"/proc/self/fd/{descriptor}", file, src_dir_fd=folder, follow_symlinks=True)


def _written_as_part(file: Path) -> Iterator[BinaryIO]:
    part = file.parent / f"{file.name}.part"
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CannotError(
            f"The file {part} is in the way; if nothing is written to it, remove it."
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(descriptor)
        os.link(part, file)
    finally:
        part.unlink()
