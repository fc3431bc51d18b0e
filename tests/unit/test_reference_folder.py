"""The reference on the disk: as a whole or not at all."""

import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings

from keystead import CannotError
from keystead.reference.folder import carry_out, planned, swap
from keystead.reference.plan import InTheWayError, Plan
from tests.unit.introspections import changed, introspections, site


@pytest.fixture
def out(tmp_path):
    return tmp_path / "docs" / "reference"


def build(folder, *arguments, **how):
    plan = planned(folder, site(*arguments, **how))
    carry_out(folder, plan)
    return plan


def tree(folder):
    """Give everything below a folder: bytes, and what else tells files apart."""
    return {
        path.relative_to(folder): (path.lstat().st_mtime_ns, path.lstat().st_mode, data(path))
        for path in folder.rglob("*")
    }


def data(path):
    return path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()


def test_a_folder_is_made_with_those_above(out):
    build(out)

    assert sorted(path.name for path in out.iterdir()) == [
        "SUMMARY.md",
        "extra.css",
        "index.md",
        "notifications.md",
        "systeme",
        "types.md",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["reference"]


def test_all_that_is_made_may_be_read_as_the_user_lets_new_files_be_read(out):
    mask = os.umask(0o027)
    try:
        build(out)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(out.stat().st_mode) == 0o750
    assert stat.S_IMODE((out / "systeme").stat().st_mode) == 0o750
    assert stat.S_IMODE((out / "index.md").stat().st_mode) == 0o640


def test_a_second_build_changes_nothing(out):
    build(out)
    before = tree(out), out.stat().st_ino

    assert build(out) == Plan({}, (), ())
    assert (tree(out), out.stat().st_ino) == before


def test_a_build_changes_only_what_differs(out):
    build(out)
    before = tree(out)
    found = build(out, changed(notifications={}))
    after = tree(out)

    assert found.differing == ("index.md", "notifications.md", "systeme/Lights.md")
    assert {str(path) for path in after if after[path] != before[path]} >= set(found.differing)
    assert after.keys() == before.keys()
    assert [path.name for path in out.parent.iterdir()] == ["reference"]


def test_what_others_put_beside_stays_as_it_is(out):
    build(out)
    (out / "images").mkdir()
    (out / "images" / "lamp.png").write_bytes(b"\x89PNG")
    (out / "images" / "same.png").symlink_to("lamp.png")
    (out / "systeme" / "own.md").write_text("# Own")
    (out / "index.md").write_bytes(b"caf\xe9\r\n" + (out / "index.md").read_bytes())
    before = tree(out / "images")
    build(out, changed(notifications={}))

    assert tree(out / "images") == before
    assert (out / "systeme" / "own.md").read_text() == "# Own"
    assert (out / "index.md").read_bytes().startswith(b"caf\xe9\r\n<!--")


def test_the_page_of_a_namespace_that_is_gone_goes(out):
    build(out)
    build(out, changed(methods={}, notifications={}))

    assert not (out / "systeme" / "Lights.md").exists()


def test_a_link_to_a_folder_stays_one(out, tmp_path):
    build(tmp_path / "real")
    out.parent.mkdir()
    out.symlink_to(tmp_path / "real")
    build(out, changed(notifications={}))

    assert out.is_symlink()
    assert "Aucune notification." in (tmp_path / "real" / "notifications.md").read_text()


def test_hidden_files_do_not_count_as_a_purpose(out):
    out.mkdir(parents=True)
    (out / ".gitkeep").touch()
    build(out)

    assert (out / ".gitkeep").exists()
    assert (out / "index.md").exists()


def in_the_way(folder):
    before = tree(folder.parent)
    with pytest.raises(InTheWayError) as refused:
        build(folder)
    assert tree(folder.parent) == before
    return str(refused.value)


def test_a_folder_of_something_else_is_refused(out):
    out.mkdir(parents=True)
    (out / "thesis.txt").write_text("by hand")

    assert in_the_way(out) == "The folder holds no reference but thesis.txt; name a new one."


def test_a_page_that_somebody_else_wrote_is_refused(out):
    out.mkdir(parents=True)
    (out / "index.md").write_text("by hand")

    assert in_the_way(out) == "The file index.md is in the way: it has no marks of ours."


@pytest.mark.parametrize("name", ["types.md", "metier", ""])
def test_a_file_where_a_folder_has_to_be_is_refused_and_the_other_way_round(out, name):
    path = out / name
    path.parent.mkdir(parents=True)
    if name == "types.md":
        path.mkdir()
    else:
        path.touch()

    assert in_the_way(out).startswith(f"{path} is in the way: it is no f")


@pytest.mark.parametrize("name", ["types.md", "metier"])
def test_a_link_where_one_of_ours_has_to_be_is_refused(out, name, tmp_path):
    build(out)
    (out / "types.md").rename(tmp_path / "elsewhere")
    (out / name).symlink_to(tmp_path / ("elsewhere" if name == "types.md" else ""))

    assert in_the_way(out).startswith(f"{out / name} is in the way: ")


def test_what_cannot_be_copied_is_a_reason_to_change_nothing(out):
    build(out)
    os.mkfifo(out / "pipe")
    before = tree(out)
    with pytest.raises(CannotError, match="it holds what cannot be copied"):
        build(out, changed(notifications={}))

    assert tree(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["reference"]


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotError, match=r"file/docs cannot be written: File exists\.$"):
        build(tmp_path / "file" / "docs")


def test_a_folder_that_cannot_be_read_is_told_of(tmp_path):
    with pytest.raises(CannotError, match=r"cannot be read: File name too long\.$"):
        build(tmp_path / ("x" * 300))


def test_the_old_folder_is_back_when_the_new_one_cannot_take_its_place(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "own").touch()
    with pytest.raises(FileNotFoundError):
        swap(tmp_path / "none", place, tmp_path / "before")

    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (place / "own").exists()


@given(introspections(), introspections())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_was_there_a_build_makes_it_as_if_it_were_new(tmp_path_factory, one, other):
    used, new = tmp_path_factory.mktemp("used") / "out", tmp_path_factory.mktemp("new") / "out"
    build(used, one)
    build(used, other)
    build(new, other)

    assert planned(used, site(other)).differing == ()
    assert {path: data(used / path) for path in tree(new)} == {
        path: data(new / path) for path in tree(new)
    }
    assert {path for path in tree(used) if path.suffix} == {
        path for path in tree(new) if path.suffix
    }
