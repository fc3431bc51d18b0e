"""Moving accounts from one data folder to another, by way of a file."""

import json
import os
import resource
import stat

import pytest

from keystead.cli import new_file, owner
from tests.command_line import PASSWORD, CommandLine, Nymea, serving
from tests.nymea_files import TABLET
from tests.nymea_files import box as nymea_box

DIGEST = "q" * 42 + "o="
ANN = {"name": "ann", "scopes": 0xFFFF}
FITTERS = {"name": "fitters", "rights": 0x200, "items": [["Plant", True]]}
TOKEN = {
    "id": "b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4",
    "user_name": "ann",
    "device_name": "tablet",
    "created": "2024-03-01T11:30:00Z",
    "digest": DIGEST,
}


def document(users=(), groups=(), tokens=(), **others):
    """Give the text of an export."""
    parts = {"format": 1, "groups": groups, "users": users, "tokens": tokens}
    return json.dumps(parts | others)


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


@pytest.fixture
def file(tmp_path):
    """Give the path of a file that is not there."""
    return tmp_path / "accounts.json"


@pytest.fixture
def other(capfd, monkeypatch, tmp_path):
    """Give the program on another empty data folder."""
    (tmp_path / "other").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "other")


@pytest.fixture
def full(keystead, file):
    """Give the program on a folder with an account, groups and a token."""
    anonymous = {"name": "anonymous", "rights": 0x400, "items": [["Clock"]]}
    ann = ANN | {"groups": ["fitters"], "items": [["Plant.Boiler", False, True]]}
    file.write_text(document([ann], [anonymous, FITTERS], [TOKEN]))
    printed = keystead.done("import", "keystead", file).out
    assert printed == "Took 1 accounts, 2 groups and 1 tokens.\n"
    file.unlink()
    return keystead


def test_a_folder_is_moved_with_everything(full, other, file):
    printed = full.done("export", file).out
    assert printed == "Wrote 1 accounts, 2 groups and 1 tokens.\n"

    printed = other.done("import", "keystead", file).out

    assert printed == "Took 1 accounts, 2 groups and 1 tokens.\n"
    again = file.with_name("again.json")
    other.done("export", again)
    assert again.read_bytes() == file.read_bytes()
    assert other("rights", "check", "ann", "Plant.Boiler", "--write").code == 0
    (token,) = other.done("user", "show", "ann", "--json").json["tokens"]
    assert token["id"] == TOKEN["id"]


def test_a_second_import_changes_nothing_and_says_so(full, other, file):
    full.done("export", file)
    other.done("import", "keystead", file)

    first, *left = other.done("import", "keystead", file).out.splitlines()

    assert first == "Took 0 accounts, 0 groups and 0 tokens."
    assert left == [
        "left: group anonymous: it has rights here already.",
        "left: group fitters: a group of this name is here already.",
        "left: ann: an account of this name is here already.",
        f"left: token {TOKEN['id']} of ann: its account was not taken over now.",
    ]


def test_an_empty_folder_is_moved_too(keystead, other, file):
    assert keystead.done("export", file).out == "Wrote 0 accounts, 0 groups and 0 tokens.\n"
    printed = other.done("import", "keystead", file).out
    assert printed == "Took 0 accounts, 0 groups and 0 tokens.\n"


def test_passwords_and_old_tokens_open_the_other_folder(keystead, other, file, tmp_path):
    keystead.done("import", "nymea", nymea_box(tmp_path / "user-db.sqlite", 2))
    keystead.done("user", "add", "zoe", "--scopes", "")
    keystead.done("export", file)
    other.done("import", "keystead", file)

    with serving(other.data) as server:
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello", TABLET.token)
            info = client.ask("Users.GetUserInfo", TABLET.token)["userInfo"]
        with Nymea(server.port) as client:
            client.ask("JSONRPC.Hello")
            credentials = {"username": "zoe", "password": PASSWORD, "deviceName": "phone"}
            assert client.ask("JSONRPC.Authenticate", **credentials)["success"]
    assert info["username"] == "ann"


def test_running_servers_export_and_import_and_know_it_at_once(keystead, other, file):
    keystead.done("user", "add", "ann")
    with serving(keystead.data), serving(other.data) as server:
        assert keystead.done("export", file).out.startswith("Wrote 1 accounts, ")
        assert other.done("import", "keystead", file).out.startswith("Took 1 accounts, ")
        assert other("rights", "check", "ann", "X").code == 0
        with Nymea(server.port) as client:
            assert client.ask("JSONRPC.Hello")["initialSetupRequired"] is False


@pytest.mark.clause("EN 18031-1 SSM-3")
def test_only_its_owner_can_read_what_was_exported(full, file):
    before = os.umask(0)
    try:
        full.done("export", file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob("accounts*")) == [file]


def test_a_file_that_is_there_is_not_written_over(full, file):
    file.write_text("precious")
    outcome = full("export", file)
    assert (outcome.code, outcome.complaint) == (2, f"The file {file} exists already.")
    assert file.read_text() == "precious"


@pytest.mark.parametrize("place", [".", "/", "..", ""])
def test_a_folder_is_no_place_for_an_export(full, place):
    outcome = full("export", place)
    assert outcome.code == 2
    assert outcome.complaint.endswith(" exists already.")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("missing/accounts.json", "No such file or directory"),
        ("box/identity/accounts.json", "Not a directory"),
        ("x" * 256, "File name too long"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_an_unwritable_place_is_named(full, tmp_path, place, said):
    outcome = full("export", tmp_path / place)
    assert outcome.code == 2
    assert outcome.complaint == f"The file {tmp_path / place} cannot be written: {said}."


@pytest.mark.parametrize("arguments", [("export",), ("import", "keystead")])
def test_a_path_that_is_no_text_is_refused(keystead, arguments):
    outcome = keystead(*arguments, "\udcff")
    assert (outcome.code, outcome.complaint) == (2, "An argument is not UTF-8 text.")
    assert keystead(*arguments).code == 2


def test_what_an_export_left_that_was_cut_off_is_named_and_kept(full, file, monkeypatch):
    monkeypatch.setattr(new_file, "_ANONYMOUS", os.O_DIRECTORY)  # as on some file systems
    part = file.with_name("accounts.json.part")
    part.write_text("half an exp")
    outcome = full("export", file)
    assert outcome.code == 2
    assert outcome.complaint == (
        f"The file {part} is in the way; if nothing is written to it, remove it."
    )
    assert part.read_text() == "half an exp"
    assert not file.exists()


def test_a_full_disk_leaves_nothing_behind(full, file):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(full.data):  # which may write as much as it likes
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
        try:
            outcome = full("export", file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.code == 2
    assert outcome.complaint == f"The file {file} cannot be written: File too large."
    assert list(file.parent.glob("accounts*")) == []


def test_an_export_that_is_interrupted_leaves_nothing_behind(full, file, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    assert full("export", file).complaint == "interrupted"
    assert list(file.parent.glob("accounts*")) == []


def test_a_missing_data_folder_is_named(keystead, file, tmp_path):
    file.write_text(document())
    keystead.data = tmp_path / "missing"
    for arguments in (("export", tmp_path / "new.json"), ("import", "keystead", file)):
        outcome = keystead(*arguments)
        assert outcome.code == 2
        assert outcome.complaint == f"There is no data folder {keystead.data}."


def test_a_file_that_cannot_be_read_is_named(keystead, tmp_path):
    missing = keystead("import", "keystead", tmp_path / "none.json")
    assert missing.code == 2
    assert missing.complaint.endswith("none.json cannot be read: No such file or directory.")
    folder = keystead("import", "keystead", tmp_path)
    assert folder.code == 2
    assert folder.complaint.endswith(" cannot be read: Is a directory.")


WHOLE = document([ANN], [FITTERS], [TOKEN])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b'"\xff"',
        b'{"format":1,"x":"\xff"}',
        b'\xef\xbb\xbf{"format":1}',
        b'{"format":1}',
        b'{"format":"1"}',
        b'{"format":1,"x":' + b"[" * 100_000,
        WHOLE[:-20].encode(),
        WHOLE.encode("utf-16"),
        document(users=[{}]).encode(),
        document(users={}).encode(),
        document(users=[ANN | {"name": 5}]).encode(),
        document(users=[ANN | {"name": "\ud800"}]).encode(),
        document(users=[ANN | {"scopes": -1}]).encode(),
        document(users=[ANN | {"scopes": 0x10000}]).encode(),
        document(users=[ANN | {"scopes": 10**30}]).encode(),
        document(users=[ANN | {"scopes": 1.5}]).encode(),
        document(users=[ANN | {"things": ["lamp"]}]).encode(),
        document(users=[ANN | {"groups": "fitters"}]).encode(),
        document(users=[ANN | {"items": [["a", 1]]}]).encode(),
        document(users=[ANN | {"items": [[]]}]).encode(),
        document(users=[ANN | {"password_hash": "$argon2id$ß"}]).encode(),
        document(groups=[FITTERS | {"rights": -1}]).encode(),
        document(groups=[FITTERS | {"rights": 10**30}]).encode(),
        document(tokens=[TOKEN | {"created": "2024-03-01T11:30:00"}]).encode(),
        document(tokens=[TOKEN | {"created": "0001-01-01T00:00:00+14:00"}]).encode(),
        document(tokens=[TOKEN | {"created": "9999-12-31T23:59:59-12:00"}]).encode(),
        document(tokens=[TOKEN | {"created": "yesterday"}]).encode(),
        document(tokens=[TOKEN | {"digest": "AAAA"}]).encode(),
        document(tokens=[TOKEN | {"digest": "?"}]).encode(),
        document(tokens=[TOKEN | {"id": "1"}]).encode(),
        document([ANN], [FITTERS], [TOKEN, TOKEN | {"created": None}]).encode(),
    ],
    ids=lambda text: ascii(text[-60:]),
)
def test_what_is_no_export_is_refused_in_one_line_and_nothing_is_taken(keystead, file, text):
    file.write_bytes(text)
    outcome = keystead("import", "keystead", file)
    assert outcome.code == 2
    assert outcome.complaint.startswith(f"The file {file} is no export: ")
    assert keystead.names() == []


@pytest.mark.parametrize("number", [0, -1, 3, 10**18])
@pytest.mark.parametrize("others", [{}, {"users": "another shape"}])
def test_an_export_of_another_format_is_refused(keystead, file, number, others):
    file.write_text(json.dumps({"format": number} | others))
    outcome = keystead("import", "keystead", file)
    assert outcome.code == 2
    assert outcome.complaint == (
        f"The file {file} has format {number}; this Keystead knows up to 2."
    )


def test_what_was_written_by_hand_is_taken_as_far_as_it_goes(keystead, file):
    users = [
        ANN | {"groups": ["fitters", "FITTERS", *(f"no {n}" for n in range(3000))]},
        ANN | {"name": "ANN"},
        ANN | {"name": "a\n\x1b[2Jb"},
        ANN | {"name": "anonymous"},
        ANN | {"name": ""},
        ANN | {"name": "bob", "groups": ["fitters"], "items": [["a\0"], [""], ["b"]]},
    ]
    groups = [
        FITTERS,
        FITTERS | {"name": "Fitters"},
        FITTERS | {"name": "anonymous", "rights": 0x100},
        FITTERS | {"name": "x\x1b"},
    ]
    file.write_text(document(users, groups, [TOKEN, TOKEN]))

    first, *left = keystead.done("import", "keystead", file).out.splitlines()

    assert first == "Took 3 accounts, 2 groups and 1 tokens."
    assert all(line.startswith("left: ") and line.isprintable() for line in left)
    assert len(left) == 3 + 3001 + 3 + 1 + 1
    assert "left: a\\n\\x1b[2Jb: this is not a valid name." in left
    assert keystead.names() == ["ann", "", "bob"]
    assert keystead("rights", "check", "bob", "b").code == 0


def test_what_is_too_much_for_a_running_server_is_refused_by_the_program(
    keystead, file, monkeypatch
):
    file.write_text(document([ANN | {"email": "x" * 2000}]))
    with serving(keystead.data):
        monkeypatch.setattr(owner, "MAX_LINE", 1000)
        outcome = keystead("import", "keystead", file)
    assert outcome.code == 2
    assert outcome.complaint == "This is too much for a running server; stop it first."
    assert keystead.done("import", "keystead", file).out.startswith("Took 1 accounts, ")


def test_a_large_directory_moves_in_reasonable_time(keystead, file, tmp_path):
    groups = [
        {"name": f"group {n}", "rights": 0, "items": [[f"Plant.{n}.{m}"] for m in range(50)]}
        for n in range(100)
    ]
    users = [
        ANN
        | {
            "name": f"user{n}",
            "groups": [f"group {(n + m) % 100}" for m in range(20)],
            "items": [[f"Own.{n}.{m}", True] for m in range(10)],
        }
        for n in range(5000)
    ]
    file.write_text(document(users, groups))
    new = tmp_path / "new.json"
    with serving(keystead.data):
        taken = keystead.done("import", "keystead", file).out
        written = keystead.done("export", new).out
    assert taken == "Took 5000 accounts, 100 groups and 0 tokens.\n"
    assert written == "Wrote 5000 accounts, 100 groups and 0 tokens.\n"
    moved = json.loads(new.read_text())["users"]
    assert [user["groups"] for user in moved] == [user["groups"] for user in users]
