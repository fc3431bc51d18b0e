"""A server that is killed while it writes loses nothing of what it has acknowledged."""

import asyncio
import itertools
import subprocess
import sys
from contextlib import closing

import pytest

from keystead.domain.change import UserAdded
from keystead.domain.model import Scope, User, UserId
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore
from tests.conformance.stores import all_users, listening, record
from tests.doubles import SettableClock

PROGRAM = """\
import asyncio, itertools, sys
from pathlib import Path
from keystead.domain.change import UserAdded
from keystead.domain.model import Scope, User, UserId
from keystead.store.folder import Folder
from keystead.store.sqlite import SqliteStore
from tests.doubles import SettableClock

async def write(store, numbers):
    for number in numbers:
        user = User(UserId(number.to_bytes(16, "big")), f"user-{number}", Scope.NONE)

        async def add(tx):
            await tx.record(UserAdded(user, "hash"))

        await store.write(add)
        print(number, flush=True)

async def main(store):
    numbers = itertools.count()
    await asyncio.gather(*(write(store, numbers) for _ in range(16)))

folder = Folder(Path(sys.argv[1]))
with folder.locked():
    folder.prepare()
    asyncio.run(main(SqliteStore(folder.database, SettableClock())))
"""


def acknowledged_until_killed(path, count):
    """Run the program, kill it after *count* acknowledgements, and give all it has made."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        lines = list(itertools.islice(program.stdout, count))
        program.kill()
        lines += program.stdout.readlines()
    assert len(lines) >= count
    return {int(line) for line in lines}


@pytest.mark.parametrize("count", [1, 40, 400])
def test_what_was_acknowledged_is_there_after_a_kill(tmp_path, count):
    acknowledged = acknowledged_until_killed(tmp_path, count)
    folder = Folder(tmp_path)
    with folder.locked():
        folder.prepare()
        with closing(SqliteStore(folder.database, SettableClock())) as store:
            users = asyncio.run(all_users(store.reader))
            heard = listening(store)
            ann = User(UserId(b"a" * 16), "Ann", Scope.ADMIN)
            asyncio.run(record(store, UserAdded(ann, None)))
    assert acknowledged <= {int.from_bytes(user.id, "big") for user in users}
    assert [commit.revision for commit in heard] == [len(users) + 1]
