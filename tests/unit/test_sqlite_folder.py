"""The data folder: one program at a time, and never an empty directory in place of a lost one."""

import fcntl
import os
from contextlib import closing
from pathlib import Path
from socket import AF_UNIX, socket
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest

from keystead.store.folder import (
    CONTROL_SOCKET,
    MAX_SOCKET_ADDRESS,
    Folder,
    FolderInUseError,
)
from keystead.store.sqlite_file import StoreError


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "some" / "data")


def test_everything_lies_in_the_folder(tmp_path):
    folder = Folder(tmp_path)
    paths = [folder.database, folder.certificates, folder.control_socket, folder.addresses]
    assert [path.name for path in paths] == [
        *("keystead.sqlite", "certificates", "control.sock", "addresses.json")
    ]
    assert {path.parent for path in paths} == {tmp_path}


@pytest.mark.parametrize("length", [90, MAX_SOCKET_ADDRESS, MAX_SOCKET_ADDRESS + 1, 250])
def test_the_control_socket_is_reached_however_deep_the_folder_lies(length):
    with TemporaryDirectory(prefix="k") as base:
        depth = length - len(f"{base}//{CONTROL_SOCKET}")
        folder = Folder(Path(base) / ("x" * depth))
        folder.path.mkdir()
        assert len(str(folder.control_socket)) == length
        with closing(socket(AF_UNIX)) as server, closing(socket(AF_UNIX)) as client:
            with folder.control_address() as address:
                server.bind(address)
            server.listen()
            with folder.control_address() as address:
                client.connect(address)
        assert folder.control_socket.is_socket()


def test_a_deep_folder_that_is_not_there_has_no_control_socket(tmp_path):
    deep = Folder(tmp_path / ("x" * MAX_SOCKET_ADDRESS))
    with pytest.raises(FileNotFoundError), deep.control_address():
        pass


def test_locking_makes_a_folder_that_only_its_owner_may_enter(folder):
    with folder.locked():
        assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_second_program_is_refused_and_told_who_is_in(folder):
    with folder.locked(), pytest.raises(FolderInUseError) as refused, folder.locked():
        pass
    assert str(refused.value) == (
        f"The data folder {folder.path} is used by another Keystead (process {os.getpid()})."
    )


def test_a_folder_is_free_again_when_its_program_has_left(folder):
    with folder.locked():
        pass
    with folder.locked():
        pass


def test_a_folder_is_free_again_after_an_error(folder):
    with pytest.raises(ZeroDivisionError), folder.locked():
        raise ZeroDivisionError
    with folder.locked():
        pass


def test_a_program_that_has_not_said_who_it_is_keeps_others_out(folder):
    folder.path.mkdir(parents=True)
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderInUseError, match=r"process unknown"), folder.locked():
            pass


def test_the_lock_names_the_present_program_only(folder):
    folder.path.mkdir(parents=True)
    (folder.path / "lock").write_text("12345678901234567890\n")
    with folder.locked():
        assert (folder.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="cannot be used: Not a directory"),
        Folder(tmp_path / "file" / "data").locked(),
    ):
        pass


def test_a_lock_that_cannot_be_written_is_refused(folder):
    (folder.path / "lock").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be used"), folder.locked():
        pass


def test_a_server_keeps_its_identity(folder):
    with folder.locked():
        first = folder.prepare()
        assert first.version == 4
        assert folder.prepare() == first
        assert folder.database.exists()


def test_two_servers_have_different_identities(tmp_path):
    folders = Folder(tmp_path / "one"), Folder(tmp_path / "two")
    identities = set()
    for folder in folders:
        with folder.locked():
            identities.add(folder.prepare())
    assert len(identities) == 2


def test_a_folder_whose_database_is_gone_is_refused_and_stays_without(folder):
    with folder.locked():
        identity = folder.prepare()
        folder.database.unlink()
        for _ in range(2):
            with pytest.raises(StoreError, match="is missing; restore it"):
                folder.prepare()
        assert not folder.database.exists()
        assert (folder.path / "identity").read_text().strip() == str(identity)


def test_an_owner_who_deletes_the_identity_too_begins_anew(folder):
    with folder.locked():
        before = folder.prepare()
        folder.database.unlink()
        (folder.path / "identity").unlink()
        assert folder.prepare() != before


def test_a_database_without_an_identity_gets_one(folder):
    with folder.locked():
        before = folder.prepare()
        (folder.path / "identity").unlink()
        (folder.path / "identity.new").write_text("left by a start that was cut off")
        after = folder.prepare()
        assert after != before
        assert folder.prepare() == after


@pytest.mark.parametrize("damage", [b"", b"\n", b"not a uuid\n", b"\xff\xfe", b"\0" * 36])
def test_a_damaged_identity_is_refused_and_left_as_it_is(folder, damage):
    with folder.locked():
        folder.prepare()
        (folder.path / "identity").write_bytes(damage)
        with pytest.raises(StoreError, match="is damaged"):
            folder.prepare()
        assert (folder.path / "identity").read_bytes() == damage


def test_an_identity_that_cannot_be_read_is_refused(folder):
    with folder.locked():
        folder.prepare()
        (folder.path / "identity").unlink()
        (folder.path / "identity").mkdir()
        with pytest.raises(StoreError, match="cannot be used: Is a directory"):
            folder.prepare()


def test_an_identity_may_be_written_in_any_form_of_a_uuid(folder):
    with folder.locked():
        folder.prepare()
        (folder.path / "identity").write_text("{B1F0C7DE-8F0E-4C8A-9C53-0A35A1B2C3D4}")
        assert folder.prepare() == UUID("b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4")


def test_a_foreign_file_in_place_of_the_database_is_refused(folder):
    with folder.locked():
        folder.database.write_bytes(b"precious")
        with pytest.raises(StoreError, match="is not a Keystead database"):
            folder.prepare()
        assert folder.database.read_bytes() == b"precious"
        assert not (folder.path / "identity").exists()


@pytest.mark.clause("EN 18031-1 SSM-1")
def test_a_folder_that_everybody_can_write_is_refused_and_nothing_is_written(tmp_path):
    tmp_path.chmod(0o777)
    (tmp_path / "lock").symlink_to(tmp_path.parent / "elsewhere")

    with (
        pytest.raises(StoreError, match="can be written by everybody"),
        Folder(tmp_path).locked(),
    ):
        pass

    assert not (tmp_path.parent / "elsewhere").exists()
