"""The folder of the reference on the disk: read, and replaced as a whole or not at all."""

import shutil
import tempfile
from functools import partial
from pathlib import Path, PurePosixPath

from keystead import CannotError
from keystead.reference.pages import gone_page, pages
from keystead.reference.plan import InTheWayError, Plan, plan
from keystead.reference.sections import Section
from keystead.reference.site import Site

# Bytes that are not UTF-8, in what was written by hand, come back out as they were.
_KEEP = "surrogateescape"


def planned(folder: Path, site: Site) -> Plan:
    """Compare a folder, which need not exist, with what it shall be; nothing is written.

    Raises:
        InTheWayError: something that the reference did not make is where it has to be.
        CannotError: the folder cannot be read.
    """
    generated = pages(site)
    try:
        _check_folders(folder)
        candidates = {*generated, *_pages_in(folder)}
        present = {
            path: text
            for path in sorted(candidates)
            if (text := _text(folder / path)) is not None
        }
        foreign = _others_in(folder, candidates)
    except OSError as error:
        raise CannotError(f"{folder} cannot be read: {error.strerror}.") from error
    return plan(generated, present, foreign, partial(gone_page, site=site))


def carry_out(folder: Path, plan: Plan) -> None:
    """Make *folder* what the plan says.

    The new folder is made beside the old one and takes its place in the end, so its parent must
    be writable, and whoever has the old one open goes on seeing that. What the reference did not
    make is copied along.

    Raises:
        CannotError: it cannot be written; nothing has changed then.
    """
    if not plan.differing:
        return
    place = folder.resolve()  # a link to a folder stays one
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{place.name}-"
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=prefix) as aside:
            new = Path(aside, "new")
            _make(new, place, plan)
            swap(new, place, Path(f"{aside}-before"))
    except OSError as error:
        reason = error.strerror or "it holds what cannot be copied"
        raise CannotError(f"{folder} cannot be written: {reason}.") from error


def swap(new: Path, place: Path, before: Path) -> None:
    """Let the folder *new* take the place of another, or of none.

    The old one is at *before* for a moment, and stays there if it cannot be put back.

    Raises:
        OSError: it cannot; then the old one is back in its place.
    """
    if not place.exists():
        new.rename(place)
        return
    place.rename(before)
    try:
        new.rename(place)
    except BaseException:
        before.rename(place)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _make(new: Path, old: Path, plan: Plan) -> None:
    if old.exists():
        shutil.copytree(old, new, symlinks=True)
    else:
        new.mkdir()
    for path, text in plan.written.items():
        file = new / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode(errors=_KEEP))
    for path in plan.removed:
        (new / path).unlink()


def _check_folders(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InTheWayError(f"{folder} is in the way: it is no folder.")
    for section in Section:
        inner = folder / section.value
        if inner.is_symlink() or (inner.exists() and not inner.is_dir()):
            raise InTheWayError(f"{inner} is in the way: it is no folder.")


def _pages_in(folder: Path) -> set[str]:
    """Find what is, or may have been, the page of a namespace."""
    return {
        f"{section.value}/{file.name}"
        for section in Section
        for file in (folder / section.value).glob("*.md")
    }


def _others_in(folder: Path, candidates: set[str]) -> set[str]:
    if not folder.exists():
        return set()
    ours = {PurePosixPath(path).parts[0] for path in candidates}
    return {
        entry.name
        for entry in folder.iterdir()
        if entry.name not in ours and not entry.name.startswith(".")
    }


def _text(file: Path) -> str | None:
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise InTheWayError(f"{file} is in the way: it is no file.")
    return file.read_bytes().decode(errors=_KEEP) if file.exists() else None
