"""The key that signs checkpoints of the audit trail: made on first need, kept as two files."""

import os
from contextlib import suppress
from pathlib import Path
from threading import get_native_id

from keystead.audit import checkpoints
from keystead.audit.checkpoints import AuditKeyError
from keystead.store.sqlite_file import StoreError, sync_folder

PRIVATE, PUBLIC = "audit.key", "audit.pub"


def private_key(folder: Path) -> bytes:
    """Give the private key in *folder*, in PEM; make it where there is none. It blocks.

    Several processes may do so at once: the key of the first is that of all.

    Raises:
        AuditKeyError: a key cannot be used, or only the public one is left.
        StoreError: a file cannot be read or written.
    """
    private, public = folder / PRIVATE, folder / PUBLIC
    try:
        had_public = public.exists()  # asked first: whoever makes both begins with the other
        if not private.exists():
            if had_public:
                raise AuditKeyError(
                    f"The key {private} is missing: restore it from a backup, or move {public}"
                    " away to get a new one, which does not vouch for older checkpoints."
                )
            _put(private, checkpoints.make_key(), 0o600)
        key = private.read_bytes()
        belongs = checkpoints.public_key(key)
        if not public.exists():  # the power failed between the two
            _put(public, belongs, 0o644)
        if public.read_bytes() != belongs:
            raise AuditKeyError(
                f"The keys {private} and {public} do not belong together: restore both from a"
                " backup."
            )
    except OSError as error:
        raise _unusable(folder, error) from error
    return key


def public_key(folder: Path) -> bytes | None:
    """Give the public key in *folder*, in PEM; None where none was made yet.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return (folder / PUBLIC).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(folder, error) from error


def _put(path: Path, content: bytes, mode: int) -> None:
    """Put a file where there is none, whole; leave the one that somebody else put there first."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}-{get_native_id()}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        if os.geteuid() == 0:  # the server may run as the owner of the folder, and must read it
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    sync_folder(path.parent)


def _unusable(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"The audit key in {folder} cannot be used: {error.strerror}.")
