"""What becomes of a folder: which files shall be in it, once what was written by hand is kept.

Each file holds its generated part between two marks, and whatever stands before the first or
after the second is somebody's own. A generated part that was changed by hand is written anew. The
page of a namespace that is gone goes too, unless something was written around it: then it stays,
says that the namespace is gone, and a warning asks for somebody to look.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from keystead import CannotError

_COMMENTS = {".md": "<!-- {} -->", ".css": "/* {} */"}
_BEGIN = "keystead: generated from here on; write above, or below the end"
_END = "keystead: the end of what is generated"


class InTheWayError(CannotError):
    """Something that the reference did not make is where it has to be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a folder.

    Attributes:
        written: texts of the files that are new or differ, by path.
        removed: paths of the files that go.
        warnings: what somebody should look at.
    """

    written: Mapping[str, str]
    removed: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def differing(self) -> tuple[str, ...]:
        """Give the paths of all files that are not as they shall be, sorted."""
        return tuple(sorted((*self.written, *self.removed)))


@dataclass(frozen=True, slots=True)
class _Around:
    """What was written by hand, before and after the generated part."""

    before: str = ""
    after: str = "\n"

    @property
    def is_blank(self) -> bool:
        return not (self.before + self.after).strip()


def plan(
    generated: Mapping[str, str],
    present: Mapping[str, str],
    foreign: Collection[str],
    gone_page: Callable[[str], str],
) -> Plan:
    """Decide what becomes of a folder.

    Args:
        generated: what each file shall hold between its marks, by path.
        present: texts of the files that are there and may be of the reference, by path.
        foreign: names of what else is there; it may stay beside a reference, but no reference
            is begun in a folder that has a purpose already.
        gone_page: gives what the page of a namespace that is gone shall hold.

    Raises:
        InTheWayError: a file without marks, or with damaged ones, is where one has to be, or the
            folder holds other things but no reference.
    """
    around = {
        path: found
        for path, text in present.items()
        if (found := _around(path, text)) is not None
    }
    if in_the_way := sorted(present.keys() & generated.keys() - around.keys()):
        raise InTheWayError(f"The file {in_the_way[0]} is in the way: it has no marks of ours.")
    others = sorted({*foreign, *(present.keys() - around.keys())})
    if others and not around:
        raise InTheWayError(f"The folder holds no reference but {others[0]}; name a new one.")
    gone = {path: around[path] for path in sorted(around.keys() - generated.keys())}
    moved = _moved(generated, around, gone)
    kept = [
        path for path, left in gone.items() if not left.is_blank and path not in moved.values()
    ]
    shall = {
        path: _text(path, body, around.get(moved.get(path, path), _Around()))
        for path, body in generated.items()
    } | {path: _text(path, gone_page(PurePosixPath(path).stem), gone[path]) for path in kept}
    return Plan(
        written={path: text for path, text in shall.items() if present.get(path) != text},
        removed=tuple(path for path in gone if path not in kept),
        warnings=tuple(
            f"{path} is of a namespace that is gone; it stays for what is written in it"
            for path in kept
        ),
    )


def _moved(
    generated: Collection[str], around: Collection[str], gone: Mapping[str, _Around]
) -> dict[str, str]:
    """Tell which new pages take over what was written by hand, and from which old ones.

    That is so when a namespace comes into the other section: its page keeps its name.
    """
    old = {PurePosixPath(path).name: path for path, left in gone.items() if not left.is_blank}
    new = {PurePosixPath(path).name: path for path in generated if path not in around}
    return {new[name]: path for name, path in old.items() if name in new}


def _around(path: str, text: str) -> _Around | None:
    """Give what stands around the generated part; None if there are no marks."""
    begin, end = _marks(path)
    match text.count(begin), text.count(end):
        case 0, 0:
            return None
        case 1, 1 if text.index(begin) < text.index(end):
            return _Around(text.partition(begin)[0], text.partition(end)[2])
        case _:
            raise InTheWayError(f"The file {path} is in the way: its marks are damaged.")


def _text(path: str, body: str, around: _Around) -> str:
    begin, end = _marks(path)
    return f"{around.before}{begin}\n\n{body}\n\n{end}{around.after}"


def _marks(path: str) -> tuple[str, str]:
    comment = _COMMENTS[PurePosixPath(path).suffix]
    return comment.format(_BEGIN), comment.format(_END)
