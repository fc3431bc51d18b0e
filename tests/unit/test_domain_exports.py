"""A directory that was exported can be made again from that, and is the same."""

import asyncio
from datetime import UTC
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain import names
from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupChanged,
    GroupItemsChanged,
    MembershipsChanged,
    TokenAdded,
    UserAdded,
    UserItemsChanged,
)
from keystead.domain.directory import Directory
from keystead.domain.exports import FORMAT, Export, export
from keystead.domain.imports import ImportedGroup, Report, take_over
from keystead.domain.items import folded, is_valid
from keystead.domain.model import (
    ANONYMOUS,
    PUSH_BUTTON_USER,
    Group,
    GroupId,
    ItemRule,
    Scope,
    ThingId,
    Token,
    TokenId,
    User,
    UserId,
)
from keystead.domain.scopes import TANI_RIGHTS
from keystead.domain.sign_in import sign_in
from tests.conformance.samples import (
    ANN,
    BOB,
    BOTH,
    BROWSER,
    BROWSER_DIGEST,
    EVERYBODY,
    GROUPS,
    NIGHT,
    RULES,
    STAFF,
    TOKENS,
)
from tests.conformance.stores import all_accounts, all_groups, listening, record
from tests.doubles import PASSWORD, FastHasher, directory
from tests.unit.people import move_in, opened

FULL: tuple[Change, ...] = (
    *BOTH,
    *TOKENS,
    *GROUPS,
    MembershipsChanged(BOB, (NIGHT, STAFF)),
    UserItemsChanged(BOB, RULES),
    GroupItemsChanged(STAFF, RULES[1:]),
    GroupChanged(EVERYBODY._replace(rights=Scope.DIAG)),
    GroupItemsChanged(EVERYBODY, RULES[:1]),
)


def house_of(*changes: Change) -> Directory:
    """Give a directory to which just *changes* happened."""
    house = directory()
    if changes:
        asyncio.run(record(house.store, *changes))
    return house


def moved(house: Directory) -> Directory:
    """Give another directory with all that was in *house*, by way of JSON."""
    other = directory()
    taken(other, exported(house))
    return other


def exported(house: Directory) -> Export:
    """Give what a file has of a directory."""
    text = msgspec.json.encode(asyncio.run(export(house)))
    return msgspec.json.decode(text, type=Export)


def taken(house: Directory, found: Export) -> Report:
    """Take an export over."""
    return asyncio.run(take_over(house, found.users, found.tokens, found.groups))


def contents(house: Directory) -> Any:
    """Give all that a directory is to keep, without the ids of users and groups."""

    async def read() -> Any:
        reader = house.store.reader
        return [
            (
                account.user[1:],
                [group.name for group in account.groups],
                account.items,
                await reader.password_hash(account.user.id),
                [
                    (token.id, token.device_name, token.created, digest)
                    for token, digest in await reader.tokens_with_digests(account.user.id)
                ],
            )
            for account in await all_accounts(reader)
        ], [(group[1:], items) for group, items in await all_groups(reader)]

    return asyncio.run(read())


def test_a_directory_moves_as_a_whole():
    house = house_of(*FULL)
    assert contents(moved(house)) == contents(house)


def test_an_empty_directory_exports_nothing():
    assert asyncio.run(export(directory())) == Export(FORMAT, [], [], [])


def test_the_group_of_everybody_is_exported_only_if_it_gives_anything():
    rule = ItemRule("Clock")
    assert exported(house_of(GroupItemsChanged(EVERYBODY, (rule,)))).groups == [
        ImportedGroup(ANONYMOUS, 0, (rule,))
    ]
    assert exported(house_of(*GROUPS)).groups == [
        ImportedGroup(group.group.name, int(group.group.rights)) for group in GROUPS
    ]


def test_sessions_of_web_pages_stay_behind():
    house = house_of(*BOTH, TokenAdded(BROWSER, BROWSER_DIGEST), *TOKENS)
    assert BROWSER.id not in {token.id for token in exported(house).tokens}
    assert len(exported(house).tokens) == len(TOKENS)


def test_passwords_and_tokens_open_the_directory_that_they_were_moved_to():
    hasher = FastHasher()
    house, other = directory(hasher=hasher), directory(hasher=hasher)
    asyncio.run(move_in(house, "ann", Scope.ADMIN))
    taken(other, exported(house))
    signed_in = asyncio.run(sign_in(other, "ann", PASSWORD, "tablet"))
    assert signed_in.principal.user.name == "ann"
    principal = asyncio.run(opened(other, "secret of ann"))
    assert principal is not None
    assert principal.user == signed_in.principal.user


def test_what_was_moved_once_is_not_moved_again():
    house = house_of(*FULL)
    other = moved(house)
    heard, before = listening(other.store), contents(other)
    report = taken(other, exported(house))
    assert (report.users, report.tokens, report.groups) == (0, 0, 0)
    assert list(report.left) == [
        "group anonymous: it has rights here already.",
        *(
            f"group {added.group.name}: a group of this name is here already."
            for added in GROUPS
        ),
        *(f"{u.name}: an account of this name is here already." for u in (ANN, BOB)),
        *(
            f"token {added.token.id} of {owner}: its account was not taken over now."
            for added, owner in zip(TOKENS, ("Ann", "Ann", "Bob"), strict=True)
        ),
    ]
    assert contents(other) == before
    assert heard == []


def test_an_export_shows_no_secret():
    house = directory()
    asyncio.run(move_in(house, "ann"))
    found = asyncio.run(export(house))
    for secret in ("$fast$", PASSWORD, str(found.tokens[0].digest)):
        assert secret not in repr(found)


_texts = st.text(max_size=8)
_account_names = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8),
    st.just(PUSH_BUTTON_USER),
).filter(lambda name: names.key(name) != ANONYMOUS)
_group_names = _texts.filter(names.is_well_formed).filter(
    lambda name: names.key(name) != ANONYMOUS
)
_rights = st.integers(0, 0xFFFF).map(lambda bits: Scope(bits) & TANI_RIGHTS)
_rules = st.lists(
    st.builds(ItemRule, _texts, st.booleans(), st.booleans()).filter(is_valid), max_size=5
).map(folded)
_moments = st.datetimes(timezones=st.just(UTC))


@st.composite
def directories(draw: st.DrawFn) -> list[Change]:
    """Draw a directory, as the changes that make it."""
    anonymous = EVERYBODY._replace(rights=draw(_rights) & ~Scope.USER_EDIT)
    changes: list[Change] = [
        GroupChanged(anonymous),
        GroupItemsChanged(anonymous, draw(_rules)),
    ]
    groups = [
        Group(GroupId(number.to_bytes(16, "big")), name, draw(_rights))
        for number, name in enumerate(draw(_unique(_group_names)), start=1)
    ]
    for group in groups:
        changes += [GroupAdded(group), GroupItemsChanged(group, draw(_rules))]
    for number, name in enumerate(draw(_unique(_account_names))):
        user = User(
            UserId(number.to_bytes(16, "big")),
            name,
            Scope(draw(st.integers(0, 0xFFFF))),
            draw(_texts),
            draw(_texts),
            tuple(map(ThingId, draw(st.lists(st.uuids(), unique=True, max_size=3)))),
        )
        encoded = draw(st.sampled_from((None, "$fast$1$2$3"))) if name else None
        changes += [UserAdded(user, encoded), UserItemsChanged(user, draw(_rules))]
        if groups:
            chosen = draw(st.lists(st.sampled_from(groups), unique=True, max_size=4))
            changes.append(MembershipsChanged(user, tuple(chosen)))
        for token_id in draw(st.lists(st.uuids(), max_size=2, unique=True)):
            token = Token(TokenId(token_id), user.id, draw(_texts), draw(_moments))
            changes.append(TokenAdded(token, token_id.bytes * 2))
    return changes


def _unique(drawn: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(drawn, unique_by=names.key, max_size=4)


@given(changes=directories())
def test_any_directory_moves_as_it_is(changes):
    house = house_of(*changes)
    other = moved(house)
    assert contents(other) == contents(house)
    assert exported(other) == exported(house)


@given(changes=directories(), others=directories())
def test_what_is_here_already_is_never_changed_by_an_import(changes, others):
    house, other = house_of(*changes), house_of(*others)
    accounts, groups = contents(other)
    taken(other, exported(house))
    later_accounts, later_groups = contents(other)
    assert later_accounts[: len(accounts)] == accounts
    assert later_groups[1 : len(groups)] == groups[1:]
    assert later_groups[0] == groups[0] or groups[0] == ((ANONYMOUS, Scope.NONE), ())


@given(changes=directories())
def test_an_import_that_was_done_says_so_and_does_nothing(changes):
    house = house_of(*changes)
    other, found = moved(house), exported(house)
    heard = listening(other.store)
    report = taken(other, found)
    assert (report.users, report.tokens, report.groups) == (0, 0, 0)
    assert len(report.left) == len(found.users) + len(found.tokens) + len(found.groups)
    assert heard == []
