"""Whatever a file of accounts says, it is refused or taken; no directory breaks of it."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from keystead.domain.exports import Export, export
from keystead.domain.imports import take_over
from keystead.domain.rights import Rights
from tests.conformance.stores import all_accounts, sqlite
from tests.doubles import SettableClock, directory

_junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((-1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**40)),
    st.sampled_from(("2024-05-17T12:00:00", "0001-01-01T00:00:00+23:59", "AAAA")),
    st.floats(),
    st.text(),
    st.just([]),
    st.just({}),
)
_names = st.one_of(
    st.sampled_from(("ann", "Ann", "fitters", "FITTERS", "anonymous", "", "a\0", "\x1b[2J")),
    st.text(st.characters(), max_size=300),
)
_bits = st.integers(0, 0xFFFF)
_rule = st.one_of(st.tuples(_names), st.tuples(_names, st.booleans(), st.booleans()))
_rules = st.lists(_rule, max_size=4)
_moments = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00")),
)
_usual: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "users": {
        "name": _names,
        "scopes": _bits,
        "display_name": st.text(),
        "things": st.lists(st.uuids().map(str), max_size=2),
        "groups": st.lists(_names, max_size=5),
        "items": _rules,
        "password_hash": st.sampled_from((None, "", "$argon2id$v=19$m=1", "\0")),
    },
    "groups": {"name": _names, "rights": _bits, "items": _rules},
    "tokens": {
        "id": st.sampled_from([f"0000000{n}-0000-0000-0000-000000000000" for n in range(3)]),
        "user_name": _names,
        "device_name": st.text(),
        "created": _moments,
        "digest": st.sampled_from(("A" * 43 + "=", "B" * 42 + "A=")),
    },
}


@st.composite
def _files(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a file that says odd things, in every other one of which something is malformed."""
    file: dict[str, Any] = {
        part: draw(st.lists(st.fixed_dictionaries(fields), max_size=3))
        for part, fields in _usual.items()
    }
    if draw(st.booleans()):
        part = draw(st.sampled_from(list(_usual)))
        for entry in file[part][:1]:
            entry[draw(st.sampled_from(list(entry)))] = draw(_junk)
    return file | {"format": 1}


def _readable(written: Any) -> Export | None:
    """Read a file as the program does; None for what it refuses."""
    try:
        return msgspec.json.decode(msgspec.json.encode(written), type=Export)
    except (msgspec.DecodeError, UnicodeEncodeError):  # what has no UTF-8 is in no file
        return None


@pytest.mark.clause("EN 18031-1 GEC-6")
@given(written=_files())
def test_a_directory_works_after_any_import(written):
    found = _readable(written)
    event("refused" if found is None else "taken")
    if found is None:
        return

    async def scenario(folder):
        async with sqlite(folder) as store:
            house = directory(store)
            report = await take_over(house, found.users, found.tokens, found.groups)
            assert msgspec.json.encode(report)
            exported = await export(house)
            accounts = await all_accounts(store.reader)
            assert len(accounts) == report.users
            rights = Rights(store.reader, _go_on, SettableClock())
            for account in accounts:
                assert await rights.of(account.user.name)
            other = directory()
            again = await take_over(other, exported.users, exported.tokens, exported.groups)
            assert again.left == ()
            assert await export(other) == exported

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))


async def _go_on() -> None:
    """Let nobody else have a turn."""
