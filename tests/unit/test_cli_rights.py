"""Asking who may do what: the answer is in the exit code, with a server running or none."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from keystead import app
from keystead.domain.change import UserAdded
from keystead.domain.groups import GroupDraft, RightsChange, write_group
from keystead.domain.model import OWNER, ItemRule, Scope, User, UserId
from keystead.domain.upserts import UserDraft, write_user
from keystead.settings import Settings
from tests.command_line import CommandLine, program, serving
from tests.conformance.stores import record

ALLOWED, DENIED, CANNOT_TELL = 0, 1, 2
NASTY = "Plant.\x1b]0;owned\x07\nallowed"
BOSS = User(UserId(b"b" * 16), "boss", Scope.ADMIN)


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """Make a data folder with people, groups and rules."""
    data = tmp_path_factory.mktemp("plant")
    settings = Settings(data=str(data))

    async def fill(directory):
        reading = (ItemRule("Plant", is_prefix=True), ItemRule("Hall.", is_prefix=True))
        await write_group(directory, OWNER, GroupDraft("night shift", items=reading))
        everybody = GroupDraft("anonymous", items=(ItemRule("Clock"),))
        await write_group(directory, OWNER, everybody)
        own = (ItemRule("Plant.Boiler", may_write=True), ItemRule(NASTY, may_write=True))
        ann = UserDraft("ann", groups=("night shift",), items=own)
        await write_user(directory, OWNER, ann)
        everything = (ItemRule("", is_prefix=True, may_write=True),)
        await write_user(directory, OWNER, UserDraft("Jörg Ø", items=everything))
        editor = UserDraft("-eve", rights=RightsChange(given=Scope.USER_EDIT))
        await write_user(directory, OWNER, editor)
        await record(directory.store, UserAdded(BOSS, None))

    with app.data_folder(settings) as opened, app.directory_in(opened, settings) as directory:
        asyncio.run(fill(directory))
    return data


@pytest.fixture(scope="module")
def served(plant, tmp_path_factory):
    """Run a server on a copy of the folder."""
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(plant, data)
    with serving(data):
        yield data


@pytest.fixture(params=["stopped", "running"])
def keystead(request, capfd, monkeypatch, plant):
    """Give the program on the folder, and on the copy with its server."""
    is_running = request.param == "running"
    data = request.getfixturevalue("served") if is_running else plant
    return CommandLine(capfd, monkeypatch, data)


@pytest.fixture
def stopped(capfd, monkeypatch, plant):
    """Give the program on the folder that no server uses."""
    return CommandLine(capfd, monkeypatch, plant)


@pytest.mark.parametrize(
    ("user", "item", "read", "write"),
    [
        ("ann", "Plant.Boiler", ALLOWED, ALLOWED),
        ("ANN", "Plant.Pump", ALLOWED, DENIED),
        ("ann", "Plants", DENIED, DENIED),
        ("ann", "Hall", DENIED, DENIED),
        ("ann", "Hall.Lamp", ALLOWED, DENIED),
        ("ann", "Clock", ALLOWED, DENIED),
        ("ann", NASTY, ALLOWED, ALLOWED),
        ("ann", "", DENIED, DENIED),
        ("anonymous", "Clock", ALLOWED, DENIED),
        ("anonymous", "Plant", DENIED, DENIED),
        ("jörg ø", "Any Thing, with 🦊 and .. dots.", ALLOWED, ALLOWED),
        ("boss", "Cellar", ALLOWED, ALLOWED),
    ],
)
def test_the_answer_is_the_exit_code(keystead, user, item, read, write):
    for command in ("check", "explain"):
        for flags, code in (((), read), (("--write",), write)):
            outcome = keystead("rights", command, user, item, *flags)
            assert (outcome.code, outcome.err) == (code, "")
            verdict = "denied" if code else "allowed"
            assert outcome.out.splitlines()[0] == verdict
            assert command == "explain" or outcome.out == f"{verdict}\n"


@pytest.mark.parametrize(
    "user", ["nobody", "", "Anonymous", "ann ", "night shift", "ann\n\x1b"]
)
def test_of_an_unknown_user_it_cannot_be_told(keystead, user):
    for command in ("check", "explain"):
        outcome = keystead("rights", command, user, "Clock")
        assert (outcome.code, outcome.complaint) == (CANNOT_TELL, "There is no such account.")


def test_a_name_that_looks_like_an_option_comes_after_two_dashes(stopped):
    assert stopped.plain("rights", "check", "--data", stopped.data, "--", "-eve", "X").code == 1
    assert stopped("rights", "check", "-eve", "X").code == CANNOT_TELL


def test_rules_are_explained_in_sentences(keystead):
    told = keystead("rights", "explain", "ann", "Plant.Boiler", "--write")
    assert told.out == (
        "allowed\n"
        "  own rule: read and write Plant.Boiler\n"
        "  group night shift: read Plant and what is below\n"
    )
    told = keystead("rights", "explain", "anonymous", "Clock", "--write")
    assert told.out == "denied\n  group anonymous: read Clock\n"
    told = keystead("rights", "explain", "Jörg Ø", "Cellar")
    assert told.out == "allowed\n  own rule: read and write everything\n"
    told = keystead("rights", "explain", "ann", "Hall.Lamp")
    assert told.out == "allowed\n  group night shift: read Hall. and what is below\n"


def test_that_no_rule_speaks_is_said(keystead):
    told = keystead("rights", "explain", "ann", "Cellar")
    assert told.out == "denied\n  no rule covers this item\n"
    told = keystead("rights", "explain", "boss", "Cellar")
    assert told.out == "allowed\n  administrators may read and write everything\n"


def test_an_explanation_is_given_as_json(keystead):
    told = keystead("rights", "explain", "ann", "Plant.Boiler", "--write", "--json")
    assert (told.code, told.err) == (ALLOWED, "")
    assert told.json == {
        "allowed": True,
        "is_admin": False,
        "spoken": [
            {"rule": ["Plant.Boiler", False, True], "group": None},
            {"rule": ["Plant", True, False], "group": "night shift"},
        ],
    }
    told = keystead("rights", "explain", "ann", "Cellar", "--json")
    assert told.code == DENIED
    assert told.json == {"allowed": False, "is_admin": False, "spoken": []}


def test_no_rule_writes_to_the_terminal_what_it_likes(keystead):
    told = keystead("rights", "explain", "ann", NASTY)
    assert told.out.splitlines() == [
        "allowed",
        "  own rule: read and write Plant.\\x1b]0;owned\\x07\\nallowed",
        "  group night shift: read Plant and what is below",
    ]


@pytest.mark.parametrize("arguments", [("\udcff", "Clock"), ("ann", "\udcff")])
@pytest.mark.parametrize("command", ["check", "explain"])
def test_what_is_no_text_is_no_question(stopped, command, arguments):
    outcome = stopped("rights", command, *arguments)
    assert outcome.code == CANNOT_TELL
    assert outcome.complaint == "An argument is not UTF-8 text."


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("check",),
        ("check", "ann"),
        ("check", "ann", "A", "B"),
        ("check", "ann", "A", "--x"),
    ],
    ids=" ".join,
)
def test_a_misspelt_question_is_not_answered(stopped, arguments):
    outcome = stopped("rights", *arguments)
    assert outcome.code == CANNOT_TELL
    assert "--help" in outcome.complaint


def test_without_a_data_folder_it_cannot_be_told(stopped, tmp_path):
    stopped.data = tmp_path / "missing"
    outcome = stopped("rights", "check", "ann", "Clock")
    assert outcome.code == CANNOT_TELL
    assert outcome.complaint == f"There is no data folder {stopped.data}."
    assert not stopped.data.exists()


def test_a_new_folder_denies_everything(stopped, tmp_path):
    stopped.data = tmp_path
    assert stopped("rights", "check", "anonymous", "Clock").code == DENIED


@pytest.mark.parametrize("buffering", [(), ("-u",)])
@pytest.mark.parametrize("command", ["check", "explain"])
def test_nobody_is_allowed_anything_because_nobody_reads_the_answer(plant, buffering, command):
    reading, writing = os.pipe()
    os.close(reading)
    question = ("rights", command, "ann", "Cellar", "--data", plant)
    with os.fdopen(writing, "w") as pipe:
        ended = subprocess.run(
            [sys.executable, *buffering, "-m", "keystead", *question],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (DENIED, b"")


@pytest.mark.clause("OWASP ASVS 5.0 16.5.3")
def test_an_answer_that_cannot_be_written_is_none(plant):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - no file of ours
        question = ("rights", "check", "ann", "Clock", "--data", plant)
        ended = program(*question, stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == CANNOT_TELL
    assert len(ended.stderr.splitlines()) == 1
