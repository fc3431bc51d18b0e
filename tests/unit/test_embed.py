"""Rights asked in a program of one's own, without a server."""

import asyncio

import pytest

from keystead import CannotError, app
from keystead.domain.groups import GroupDraft, write_group
from keystead.domain.model import OWNER, ItemRule
from keystead.domain.refusal import Reason, RefusedError
from keystead.domain.upserts import UserDraft, write_user
from keystead.embed import open_rights
from keystead.settings import Settings
from tests.command_line import CommandLine, serving


@pytest.fixture
def data(tmp_path):
    """Give a data folder with Ann, who may write the boiler; the others may read the clock."""
    folder = tmp_path / "data"
    settings = Settings(data=str(folder))

    async def fill(directory):
        everybody = GroupDraft("anonymous", items=(ItemRule("Clock"),))
        await write_group(directory, OWNER, everybody)
        own = (ItemRule("Plant.Boiler", may_write=True),)
        await write_user(directory, OWNER, UserDraft("ann", items=own))

    with app.data_folder(settings) as opened, app.directory_in(opened, settings) as directory:
        asyncio.run(fill(directory))
    return folder


def test_questions_are_answered_without_a_server(data):
    async def asked():
        async with open_rights(data) as rights:
            decision = await rights.explain("Ann", "Plant.Boiler", write=True)
            return decision.spoken, [
                await rights.may(name, item, write=write)
                for name in ("ann", "anonymous", "nobody")
                for item in ("Plant.Boiler", "Clock")
                for write in (False, True)
            ]

    spoken, answers = asyncio.run(asked())
    assert [(rule.name, source) for rule, source in spoken] == [("Plant.Boiler", None)]
    ann, anonymous, nobody = answers[:4], answers[4:8], answers[8:]
    assert ann == [True, True, True, False]
    assert anonymous == [False, False, True, False]
    assert nobody == [False, False, False, False]


def test_a_new_folder_denies_everything(tmp_path):
    folder = tmp_path / "deep" / "new"

    async def asked():
        async with open_rights(folder) as rights:
            with pytest.raises(RefusedError) as refused:
                await rights.explain("ann", "Clock")
            return refused.value.reason, [
                await rights.may(name, item)
                for name in ("anonymous", "ann")
                for item in ("", "A")
            ]

    assert asyncio.run(asked()) == (Reason.NO_SUCH_USER, [False] * 4)
    assert folder.is_dir()


def test_a_folder_in_use_by_a_server_is_refused_and_the_server_goes_on(
    data, capfd, monkeypatch
):
    async def asked():
        async with open_rights(data):
            pytest.fail("two programs use one folder")

    with serving(data):
        with pytest.raises(
            CannotError, match=r"is used by another Keystead \(process \d+\)\.$"
        ):
            asyncio.run(asked())
        program = CommandLine(capfd, monkeypatch, data)
        assert program("rights", "check", "anonymous", "Clock").code == 0


def test_a_folder_is_one_program_s_own_until_it_is_closed(data):
    async def asked():
        async with open_rights(data):
            with pytest.raises(CannotError):
                await open_rights(data).__aenter__()
        with pytest.raises(RuntimeError, match="a fault of the program"):
            async with open_rights(data):
                raise RuntimeError("a fault of the program")
        async with open_rights(data) as rights:
            return await rights.may("anonymous", "Clock")

    assert asyncio.run(asked())


def test_a_folder_that_cannot_be_used_is_refused(data, tmp_path):
    (data / "keystead.sqlite").write_text("nonsense" * 1000)
    file = tmp_path / "file"
    file.write_text("")

    async def asked(folder):
        async with open_rights(folder):
            pytest.fail("it was opened")

    for folder in (data, file):
        with pytest.raises(CannotError, match=r"\.$"):
            asyncio.run(asked(folder))
