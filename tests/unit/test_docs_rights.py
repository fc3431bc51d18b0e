"""What docs/guide/rights.md shows is what happens."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from keystead import app, cli
from keystead.domain.groups import GroupDraft, write_group
from keystead.domain.model import OWNER, ItemRule
from keystead.domain.upserts import UserDraft, write_user
from keystead.settings import Settings

GUIDE = (Path(__file__).parents[2] / "docs/guide/rights.md").read_text("utf-8")
[CONSOLE], [PROGRAM] = (
    re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    for language in ("console", "python")
)
BOILER = "Objects.Plant.Boiler.Setpoint"


@pytest.fixture
def data(tmp_path):
    """Give the data folder that the guide speaks of: ann, and the group operators."""
    folder = tmp_path / "data"
    settings = Settings(data=str(folder))

    async def fill(directory):
        plant = (ItemRule("Objects.Plant", is_prefix=True),)
        await write_group(directory, OWNER, GroupDraft("operators", items=plant))
        own = (ItemRule(BOILER, may_write=True),)
        ann = UserDraft("ann", groups=("operators",), items=own)
        await write_user(directory, OWNER, ann)

    with app.data_folder(settings) as opened, app.directory_in(opened, settings) as directory:
        asyncio.run(fill(directory))
    return folder


@pytest.mark.clause("OWASP ASVS 5.0 8.1.1")
def test_the_command_line_answers_as_the_guide_shows(data, capfd):
    questions = re.findall(r"^\$ keystead (.*)\n((?:[^$].*\n)+)", CONSOLE, re.MULTILINE)

    assert len(questions) == 3
    for question, answer in questions:
        code = cli.main([*question.split(), "--data", str(data)])
        assert capfd.readouterr().out == answer
        assert code == (0 if answer.startswith("allowed") else 1)


def test_the_program_of_the_guide_runs(data):
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert printed.stdout == "ann may set the boiler\nObjects.Plant operators\n"
