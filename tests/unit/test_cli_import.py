"""Taking over a nymea box, on a stopped server."""

import pytest

from tests.command_line import CommandLine
from tests.nymea_files import ANN, TABLET, TokenRow, UserRow, box, build


@pytest.fixture
def keystead(capfd, monkeypatch, tmp_path):
    """Give the program on an empty data folder."""
    (tmp_path / "box").mkdir()
    return CommandLine(capfd, monkeypatch, tmp_path / "box")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_box_of_any_version_is_taken_over_with_all_its_tokens(keystead, tmp_path, version):
    file = box(tmp_path / "user-db.sqlite", version)

    printed = keystead.done("import", "nymea", file).out

    assert printed == f"Version {version}: took 3 accounts and 2 tokens.\n"
    assert keystead.names() == ["ann", "Bob@Example.org", ""]
    assert "(push button)" in keystead.done("user", "list").out
    shown = keystead.done("user", "show", "ann", "--json").json
    assert shown["user"]["scopes"] == ["Admin"]
    assert [token["device_name"] for token in shown["tokens"]] == ["Tablet"]


def test_a_second_import_takes_nothing_and_says_why(keystead, tmp_path):
    file = box(tmp_path / "user-db.sqlite", 2)
    keystead.done("import", "nymea", file)

    first, *left = keystead.done("import", "nymea", file).out.splitlines()

    assert first == "Version 2: took 0 accounts and 0 tokens."
    assert len(left) == 5
    assert all(line.startswith("left: ") for line in left)


def test_what_is_left_out_is_said_with_its_reason(keystead, tmp_path):
    stray = TokenRow(
        token="c3RyYXk=",
        username="nobody",
        id="{" + "1" * 8 + "-1111" * 3 + "-" + "1" * 12 + "}",
    )
    file = build(
        tmp_path / "user-db.sqlite", users=[ANN, UserRow(None)], tokens=[TABLET, stray]
    )

    printed = keystead.done("import", "nymea", file).out

    first, *left = printed.splitlines()
    assert first == "Version 2: took 1 accounts and 1 tokens."
    assert any("'nobody'" in line for line in left)
    assert any("no name" in line for line in left)


@pytest.mark.parametrize(
    ("zone", "created"),
    [("UTC", "2024-03-01T12:30:00Z"), ("Europe/Berlin", "2024-03-01T11:30:00Z")],
)
def test_creation_dates_are_in_the_time_of_the_old_box(keystead, tmp_path, zone, created):
    file = box(tmp_path / "user-db.sqlite", 2)

    keystead.done("import", "nymea", file, "--zone", zone)

    (token,) = keystead.done("user", "show", "ann", "--json").json["tokens"]
    assert token["created"] == created


def test_a_token_is_shown_to_people_without_its_secret(keystead, tmp_path):
    keystead.done(
        "import", "nymea", box(tmp_path / "user-db.sqlite", 2), "--zone", "Europe/Berlin"
    )

    shown = keystead.done("user", "show", "ann").out

    assert shown.endswith(
        "token:         b1f0c7de-8f0e-4c8a-9c53-0a35a1b2c3d4  2024-03-01 11:30:00Z  Tablet\n"
    )
    assert str(TABLET.token) not in shown


@pytest.mark.parametrize(
    "zone", ["", "Mars", "Europe", "../../etc/passwd", "/etc/localtime", "\0"]
)
def test_an_unknown_zone_is_named(keystead, tmp_path, zone):
    outcome = keystead("import", "nymea", box(tmp_path / "db", 2), "--zone", zone)

    assert outcome.code == 2
    assert outcome.complaint.startswith("There is no time zone ")


def test_what_is_no_database_is_named_and_nothing_is_taken(keystead, tmp_path):
    text = tmp_path / "text"
    text.write_text("not a database" * 100)
    newer = build(tmp_path / "newer", then=["UPDATE metadata SET data = 3"])

    for file in (text, newer, tmp_path, tmp_path / "missing"):
        outcome = keystead("import", "nymea", file)
        assert outcome.code == 2
        assert repr(str(file)) in outcome.complaint
    assert keystead.names() == []


def test_a_missing_folder_is_named(keystead, tmp_path):
    keystead.data = tmp_path / "missing"

    outcome = keystead("import", "nymea", box(tmp_path / "db", 2))

    assert (outcome.code, outcome.complaint) == (2, f"There is no data folder {keystead.data}.")
