"""For programs that ask about rights in their own process, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from keystead import app
from keystead.domain.rights import Rights
from keystead.settings import Settings


@asynccontextmanager
async def open_rights(data: Path) -> AsyncIterator[Rights]:
    """Open the data folder for this process alone, and answer from it.

    Args:
        data: the folder; a new one is made when there is none, and denies everything.

    Raises:
        CannotError: another program has the folder, or its database cannot be used.
    """
    settings = Settings(data=str(data))
    with app.data_folder(settings) as folder, app.directory_in(folder, settings) as directory:
        yield app.rights_in(directory)
