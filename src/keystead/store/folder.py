"""The data folder: who may use it, what lies in it, and whose it is."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from keystead.store import sqlite_file
from keystead.store.sqlite_file import StoreError

CONTROL_SOCKET = "control.sock"
ADDRESSES = "addresses.json"

MAX_SOCKET_ADDRESS = 100  # bytes; Linux allows 107

_DATABASE = "keystead.sqlite"
_LOCK = "lock"
_IDENTITY = "identity"  # the server's UUID; its presence says that there was a database


class FolderInUseError(StoreError):
    """Another program of Keystead uses the folder; the message says which process."""


class Folder:
    """The paths in a data folder.

    Args:
        path: where it is, or will be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / _DATABASE

    @property
    def certificates(self) -> Path:
        """The folder of the device's own certificates."""
        return self.path / "certificates"

    @property
    def control_socket(self) -> Path:
        """The Unix socket at which the running server takes its owner's commands."""
        return self.path / CONTROL_SOCKET

    @contextmanager
    def control_address(self) -> Iterator[str]:
        """Give an address for the control socket, short enough however deep the folder lies.

        Raises:
            OSError: the folder cannot be opened.
        """
        if len(os.fsencode(self.control_socket)) <= MAX_SOCKET_ADDRESS:
            yield str(self.control_socket)
            return
        folder = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{folder}/{CONTROL_SOCKET}"
        finally:
            os.close(folder)

    @property
    def addresses(self) -> Path:
        """The list of addresses in use, while the server runs."""
        return self.path / ADDRESSES

    def tell_addresses(self, listed: str) -> None:
        """Write the list of addresses in use, for programs to read."""
        _write_whole(self.addresses, f"{listed}\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other program of Keystead out of the folder; make it if need be.

        Raises:
            FolderInUseError: another program is in.
            StoreError: the folder cannot be made or written, or everybody could put another
                database there, or links that lead elsewhere.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_mode & stat.S_IWOTH:
                raise StoreError(
                    f"The data folder {self.path} can be written by everybody on this machine;"
                    f" take that away: chmod o-w {self.path}"
                )
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"The data folder {self.path} cannot be used: {error.strerror}."
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                raise FolderInUseError(
                    f"The data folder {self.path} is used by another Keystead"
                    f" (process {holder or 'unknown'})."
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def prepare(self) -> UUID:
        """Make or check the database; give the UUID of this server. Call it while locked.

        A folder whose database is gone is refused: an empty one in its place would let anybody
        make the first account.

        Raises:
            StoreError: the database is missing, damaged, foreign, newer or unusable.
        """
        mark = self.path / _IDENTITY
        try:
            if mark.exists() and not self.database.exists():
                raise StoreError(
                    f"The database {self.database} is missing; restore it from a backup, or"
                    f" delete {mark} to begin with an empty directory."
                )
            sqlite_file.prepare(self.database)
            if not mark.exists():
                _write_whole(mark, f"{uuid4()}\n")
            return UUID(mark.read_text("ascii").strip())
        except OSError as error:
            raise StoreError(
                f"The data folder {self.path} cannot be used: {error.strerror}."
            ) from error
        except ValueError as error:
            raise StoreError(
                f"The file {mark} is damaged; restore it from a backup, or delete it to give"
                " the server a new identity."
            ) from error


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there as a whole or not at all, even after a power cut.

    Whatever the umask says, nobody but its owner can change it.
    """
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sqlite_file.sync_folder(path.parent)
