"""What cannot be done ends with exit code 2 and one line, never with a traceback."""

import os
import shutil
import subprocess

import pytest

from keystead import __version__
from tests.command_line import PASSWORD, PLAIN, CommandLine, program

MISSPELT = [
    (),
    ("user",),
    ("shout",),
    ("user", "shout"),
    ("user", "add"),
    ("user", "add", "ann", "password"),
    ("user", "add", "ann", "--password", "x"),
    ("user", "add", "ann", "--scopes", "Admn"),
    ("user", "add", "ann", "--scopes", "admin"),
    ("user", "add", "ann", "--thing", "lamp"),
    ("user", "scopes", "ann"),
    ("user", "scopes", "ann", "ControlThings Diag"),
    ("user", "list", "--listen", "nymea://127.0.0.1:0"),
    ("pairing",),
    ("import", "nymea"),
    ("serve", "--port", "1"),
]


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


@pytest.fixture(scope="module")
def with_ann(tmp_path_factory):
    """Make a data folder with an administrator, to be copied."""
    data = tmp_path_factory.mktemp("ann")
    made = program("user", "add", "ann", "--data", data, password=PASSWORD)
    assert made.returncode == 0
    return data


@pytest.fixture
def box(keystead, with_ann):
    """Give the program on a data folder where Ann is administrator."""
    shutil.copytree(with_ann, keystead.data, dirs_exist_ok=True)
    return keystead


@pytest.mark.parametrize("arguments", MISSPELT, ids=" ".join)
def test_a_misspelt_command_line_is_explained(keystead, arguments):
    outcome = keystead.plain(*arguments)

    assert outcome.code == 2
    assert "--help" in outcome.complaint


def test_a_wrong_scope_is_named_with_the_right_ones(keystead):
    said = keystead("user", "add", "ann", "--scopes", "ControlThings,Root").complaint

    assert "there is no scope Root" in said
    assert "ControlThings" in said
    assert "Admin" in said


def test_a_password_is_never_an_argument(keystead):
    assert PASSWORD not in keystead("user", "add", "ann", PASSWORD[:-1], password="").out


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_are_told(keystead, option):
    outcome = keystead.plain(option)

    assert (outcome.code, outcome.err) == (0, "")
    assert ("Users, tokens and rights." if option == "--help" else __version__) in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "add", "ann"),
        ("user", "list"),
        ("user", "show", "ann"),
        ("user", "remove", "ann"),
        ("user", "passwd", "ann"),
        ("user", "scopes", "ann", "Admin"),
        ("pairing", "press"),
    ],
    ids=" ".join,
)
def test_a_missing_folder_is_named_and_not_made(keystead, arguments):
    keystead.data = keystead.data / "missing"

    outcome = keystead(*arguments)

    assert outcome.code == 2
    assert outcome.complaint == f"There is no data folder {keystead.data}."
    assert not keystead.data.exists()


def test_the_button_needs_a_server(keystead):
    outcome = keystead("pairing", "press")

    assert outcome.code == 2
    assert outcome.complaint == f"No server runs on the data folder {keystead.data}."


def test_the_folder_may_come_from_the_environment_or_a_file(box, monkeypatch, tmp_path):
    config = tmp_path / "box.toml"
    config.write_text(f'data = "{box.data}"')
    assert box.plain("user", "list", "--config", config).out == "ann  Admin\n"
    monkeypatch.setenv("KEYSTEAD_CONFIG", str(config))
    assert box.plain("user", "list").out == "ann  Admin\n"
    monkeypatch.setenv("KEYSTEAD_DATA", str(tmp_path / "missing"))
    assert box.plain("user", "list").code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dota = 1", "Unknown setting dota in "),
        (r'"two\nlines" = 1', "Unknown setting two"),
        (r'listen = ["two\nlines"]', "The address two"),
        ("data = 1", "A setting is wrong: "),
        ("data = ", "The settings "),
        ('data = "a\\u0000b"', ""),
        ('name = "\\ud800"', "The settings "),
    ],
)
@pytest.mark.parametrize("command", [("user", "list"), ("serve",)], ids=" ".join)
def test_a_wrong_settings_file_is_explained(keystead, tmp_path, command, text, said):
    config = tmp_path / "keystead.toml"
    config.write_text(text)

    outcome = keystead.plain(*command, "--config", config)

    assert outcome.code == 2
    assert outcome.complaint.startswith(said)


def test_a_missing_settings_file_is_explained(keystead, tmp_path):
    outcome = keystead("user", "list", "--config", tmp_path / "none.toml")

    assert outcome.code == 2
    assert outcome.complaint.endswith("none.toml cannot be read: No such file or directory.")


@pytest.mark.parametrize("name", ["identity", "keystead.sqlite"])
def test_a_damaged_folder_is_explained_and_left_alone(box, name):
    (box.data / name).write_text("nonsense" * 1000)

    outcome = box("user", "list")

    assert outcome.code == 2
    assert name in outcome.complaint
    assert (box.data / name).read_text() == "nonsense" * 1000


def test_a_folder_that_is_a_file_is_explained(keystead, tmp_path):
    keystead.data = tmp_path / "file"
    keystead.data.write_text("")

    assert keystead("user", "list").code == 2
    assert keystead("serve", *PLAIN).complaint.startswith(f"The data folder {keystead.data} ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_explained(keystead):
    keystead.data.chmod(0o500)

    outcome = keystead("user", "list")

    assert outcome.code == 2
    assert (
        outcome.complaint
        == f"The data folder {keystead.data} cannot be used: Permission denied."
    )


ODD = "\udcff\udcfe\udcfd"  # how arguments that are no UTF-8 arrive


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "show", ODD),
        ("user", "add", ODD),
        ("user", "add", "ann", "--display-name", ODD),
        ("user", "remove", ODD),
        ("user", "passwd", ODD),
        ("user", "scopes", ODD, "Admin"),
        ("user", "scopes", "ann", ODD),
        ("import", "nymea", ODD),
        ("serve", "--listen", ODD),
    ],
    ids=lambda arguments: " ".join(map(ascii, arguments)),
)
def test_arguments_that_are_no_text_are_refused_in_one_line(keystead, arguments):
    outcome = keystead(*arguments)

    assert outcome.code in {1, 2}
    assert outcome.complaint


def test_a_password_that_is_no_text_is_refused_in_one_line(keystead):
    outcome = keystead("user", "add", "ann", password=b"Plain7Sail\xffing\n")

    assert outcome.code in {1, 2}
    assert outcome.complaint


@pytest.mark.parametrize("name", ["ann\nkeystead: all is well", "ann\x1b[2J"])
def test_what_was_asked_is_never_repeated_raw(box, name):
    assert box("user", "add", "bob", "--scopes", name).complaint.isprintable()
    assert box("user", "show", name).complaint.isprintable()


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_whoever_stops_reading_ends_a_list_without_a_word(box, form):
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as pipe:
        ended = program(
            "user", "list", *form, "--data", box.data, stdout=pipe, stderr=subprocess.PIPE
        )

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_full_disk_behind_the_output_is_explained(box):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - no file of ours
        ended = program("user", "list", "--data", box.data, stdout=full, stderr=subprocess.PIPE)

    assert ended.returncode == 2
    assert ended.stderr.startswith(b"keystead: ")
    assert len(ended.stderr.splitlines()) == 1
