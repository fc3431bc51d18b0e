"""Taking over groups and rights, also from a file that somebody edited by hand, or made up."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from keystead.domain.change import GroupChanged, GroupItemsChanged
from keystead.domain.groups import MAX_RULES
from keystead.domain.imports import (
    ImportedGroup,
    ImportedToken,
    ImportedUser,
    Report,
    take_over,
)
from keystead.domain.items import MAX_ITEM_NAME_LENGTH
from keystead.domain.model import ANONYMOUS, PUSH_BUTTON_USER, ItemRule, Scope, TokenId
from keystead.domain.names import MAX_NAME_LENGTH
from keystead.domain.refusal import Reason
from keystead.domain.upserts import MAX_GROUPS
from tests.conformance.samples import EVERYBODY
from tests.doubles import NOON, BrokenStore, directory
from tests.unit.people import LAMP, reason_of
from tests.unit.plant import BOILER, EVERYTHING, HALL, Plant, writable

ANN = ImportedUser("Ann", 0xFFFF)
FITTERS = ImportedGroup("Fitters", int(Scope.EDITOR), (HALL, BOILER))
TABLET = ImportedToken(TokenId(UUID(int=5)), "ann", "tablet", NOON, b"t" * 32)


class House(Plant):
    """A directory that takes others over."""

    def take(self, *imported):
        """Take users, groups and tokens over."""
        users = [one for one in imported if isinstance(one, ImportedUser)]
        groups = [one for one in imported if isinstance(one, ImportedGroup)]
        tokens = [one for one in imported if isinstance(one, ImportedToken)]
        report = self.do(take_over(self.directory, users, tokens, groups))
        assert len(self.commits) <= 1
        return report

    def names(self):
        return list(self.accounts())


@pytest.fixture
def house():
    return House()


def test_groups_come_with_their_rules_and_members(house):
    report = house.take(replace(ANN, groups=("Fitters",), items=(writable(BOILER),)), FITTERS)
    assert report == Report(users=1, tokens=0, left=(), groups=1)
    entry = house.entries()["Fitters"]
    assert (entry.group.rights, entry.items) == (Scope.EDITOR, (HALL, BOILER))
    ann = house.accounts()["Ann"]
    assert ann.groups == (entry.group,)
    assert ann.items == (writable(BOILER),)


def test_a_group_that_is_here_keeps_what_it_has_and_takes_new_members(house):
    here = house.group("Fitters", Scope.DIAG, (EVERYTHING,))
    report = house.take(replace(ANN, groups=("Fitters",)), FITTERS)
    assert report.left == ("group Fitters: a group of this name is here already.",)
    assert report.groups == 0
    assert house.entries()["Fitters"] == (here, (EVERYTHING,))
    assert house.accounts()["Ann"].groups == (here,)


@pytest.mark.parametrize("here", ["FITTERS", "fitters", "\uff26itters"])
def test_nobody_gets_into_a_group_that_only_looks_like_theirs(house, here):
    house.group(here, Scope.USER_EDIT, (EVERYTHING,))
    report = house.take(replace(ANN, groups=("Fitters",)), FITTERS)
    assert report.left == (
        "group Fitters: a group of this name is here already.",
        "Ann: there is no group Fitters.",
    )
    assert house.accounts()["Ann"].groups == ()


def test_of_two_groups_that_look_alike_the_first_is_taken(house):
    report = house.take(FITTERS, replace(FITTERS, name="FITTERS", rights=0), FITTERS)
    assert report.groups == 1
    assert len(report.left) == 2
    assert house.entries()["Fitters"].group.rights is Scope.EDITOR


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "a\0b", " a", "a ", "\u202ea", "\ud800", "x" * 257, "x" * 99_999]
)
def test_a_group_without_a_proper_name_is_left(house, name):
    report = house.take(replace(FITTERS, name=name), replace(ANN, groups=(name,)))
    shown = name[:MAX_NAME_LENGTH]
    assert report == Report(
        users=1,
        tokens=0,
        left=(
            f"group {shown}: this is not a valid name.",
            f"Ann: there is no group {shown}.",
        ),
    )
    assert list(house.entries()) == [ANONYMOUS]


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "\x1b[2J", "\x9b", "\ud800", "x" * 257])
def test_an_account_with_a_name_that_nobody_can_have_is_left(house, name):
    report = house.take(replace(ANN, name=name), replace(TABLET, user_name=name))
    assert report == Report(
        users=0,
        tokens=0,
        left=(
            f"{name[:256]}: this is not a valid name.",
            f"token {TABLET.id} of {name[:256]}: its account was not taken over now.",
        ),
    )
    assert house.commits == []


@pytest.mark.parametrize("name", ["ab", " ann", "ann ", "a\u202eb", "x" * 256, "Jörg"])
def test_an_account_may_keep_a_name_that_nymea_gave_it(house, name):
    assert house.take(replace(ANN, name=name)).left == ()
    assert house.names() == [name]


@pytest.mark.parametrize("name", ["anonymous", "Anonymous", "\uff21NONYMOUS"])
def test_nobody_is_called_like_the_group_of_everybody(house, name):
    report = house.take(replace(ANN, name=name))
    assert report == Report(0, 0, (f"{name}: this name is reserved.",))


def test_the_rights_of_everybody_are_taken_where_there_are_none(house):
    assert house.take(ImportedGroup(ANONYMOUS, int(Scope.DIAG), (BOILER,))).groups == 1
    entry = house.entries()[ANONYMOUS]
    assert (entry.group.rights, entry.items) == (Scope.DIAG, (BOILER,))
    assert entry.group.id == EVERYBODY.id


@pytest.mark.parametrize(
    "change",
    [
        GroupChanged(EVERYBODY._replace(rights=Scope.DIAG)),
        GroupItemsChanged(EVERYBODY, (HALL,)),
    ],
)
def test_what_everybody_may_here_already_stays(house, change):
    house.put(change)
    before = house.entries()
    report = house.take(ImportedGroup(ANONYMOUS, int(Scope.EDITOR), (BOILER,)))
    assert report == Report(0, 0, ("group anonymous: it has rights here already.",))
    assert house.entries() == before


def test_a_group_of_everybody_that_gives_nothing_is_not_worth_a_word(house):
    house.put(GroupItemsChanged(EVERYBODY, (HALL,)))
    assert house.take(ImportedGroup(ANONYMOUS, 0)) == Report(0, 0, ())


@pytest.mark.parametrize("name", ["Anonymous", "ANONYMOUS"])
def test_no_group_is_mistaken_for_that_of_everybody(house, name):
    report = house.take(ImportedGroup(name, int(Scope.DIAG), (EVERYTHING,)))
    assert report.left == (f"group {name}: a group of this name is here already.",)
    assert house.commits == []


def test_nobody_who_is_not_signed_in_can_ever_change_users(house):
    report = house.take(ImportedGroup(ANONYMOUS, int(Scope.ADMIN), (BOILER,)))
    assert report.left == ("group anonymous: rights that it cannot have.",)
    assert house.entries()[ANONYMOUS].group.rights == Scope.EDITOR | Scope.DIAG


def test_a_group_has_no_scopes_of_nymea(house):
    report = house.take(replace(FITTERS, rights=0xFFFF))
    assert report == Report(0, 0, ("group Fitters: rights that it cannot have.",), 1)
    assert house.entries()["Fitters"].group.rights == (
        Scope.USER_EDIT | Scope.EDITOR | Scope.DIAG
    )


def test_nobody_is_a_member_of_everybody_or_of_what_is_unknown_or_twice(house):
    wanted = (ANONYMOUS, "Fitters", "gone", "Fitters", "fitters")
    report = house.take(replace(ANN, groups=wanted), FITTERS)
    assert report.left == (
        "Ann: there is no group anonymous.",
        "Ann: there is no group gone.",
        "Ann: there is no group fitters.",
    )
    assert [group.name for group in house.accounts()["Ann"].groups] == ["Fitters"]


def test_nobody_gets_more_groups_than_one_may_have(house):
    groups = [ImportedGroup(f"group {n}", 0) for n in range(MAX_GROUPS + 2)]
    report = house.take(replace(ANN, groups=tuple(g.name for g in groups)), *groups)
    assert report.left == ("Ann: groups beyond the first 256.",)
    taken = [group.name for group in house.accounts()["Ann"].groups]
    assert taken == [group.name for group in groups[:MAX_GROUPS]]


def test_rules_that_are_not_valid_are_left(house):
    bad = (ItemRule(""), ItemRule("a\0"), ItemRule("\ud800"), ItemRule("x" * 1025))
    assert MAX_ITEM_NAME_LENGTH == 1024
    report = house.take(
        replace(ANN, items=(*bad, BOILER)), replace(FITTERS, items=(HALL, *bad))
    )
    assert report.left == (
        "group Fitters: rules that are not valid.",
        "Ann: rules that are not valid.",
    )
    assert house.accounts()["Ann"].items == (BOILER,)
    assert house.entries()["Fitters"].items == (HALL,)


def test_nobody_gets_more_rules_than_one_may_have(house):
    rules = tuple(ItemRule(f"Item{number}") for number in range(MAX_RULES + 1))
    twice = (*rules[:MAX_RULES], *rules[:MAX_RULES])
    report = house.take(replace(ANN, items=rules), replace(FITTERS, items=twice))
    assert report.left == ("Ann: rules beyond the first 10,000.",)
    assert house.accounts()["Ann"].items == rules[:MAX_RULES]
    assert house.entries()["Fitters"].items == rules[:MAX_RULES]


def test_rules_that_say_the_same_are_folded_and_things_listed_once(house):
    house.take(replace(ANN, items=(BOILER, HALL, writable(BOILER)), things=(LAMP, LAMP)))
    assert house.accounts()["Ann"].items == (writable(BOILER), HALL)
    assert house.accounts()["Ann"].user.things == (LAMP,)


def test_the_nameless_account_never_gets_a_password(house):
    house.take(replace(ANN, name=PUSH_BUTTON_USER, password_hash="$fast$1$2$3"))
    assert house.password_hash(PUSH_BUTTON_USER) is None


@pytest.mark.parametrize("scopes", [-1, 0x10000, -(2**70), 2**70])
def test_there_are_no_other_scopes(scopes):
    with pytest.raises(ValueError, match=r"^Scopes are from 0 to 65535$"):
        ImportedUser("ann", scopes)
    with pytest.raises(ValueError, match=r"^Scopes are from 0 to 65535$"):
        ImportedGroup("Fitters", scopes)


def test_a_password_hash_is_what_a_hasher_can_read():
    with pytest.raises(ValueError, match=r"^A password hash is ASCII$"):
        ImportedUser("ann", 0, password_hash="$argon2id$é")


@pytest.mark.parametrize("digest", [b"", b"x" * 31, b"x" * 33])
def test_a_digest_is_as_long_as_they_are(digest):
    with pytest.raises(ValueError, match=r"^A digest has 32 bytes$"):
        replace(TABLET, digest=digest)


EAST, WEST = (timezone(timedelta(hours=hours)) for hours in (14, -12))


@pytest.mark.parametrize(
    ("created", "said"),
    [
        (datetime(2024, 5, 17, 12), "A date needs its zone"),  # noqa: DTZ001 - that is it
        (datetime(1, 1, 1, tzinfo=EAST), "A date is out of range"),
        (datetime(9999, 12, 31, 23, tzinfo=WEST), "A date is out of range"),
    ],
)
def test_a_moment_is_one_that_can_be_told_in_utc(created, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        replace(TABLET, created=created)


def test_moments_are_kept_in_utc(house):
    created = datetime(2024, 5, 18, 2, tzinfo=EAST)
    house.take(ANN, replace(TABLET, created=created))
    user = house.accounts()["Ann"].user
    (token,) = house.do(house.directory.store.reader.tokens_of(user.id))
    assert (token.created, token.created.tzinfo) == (NOON, UTC)


def test_everything_is_taken_over_or_nothing(house):
    broken = directory(BrokenStore(house.directory.store))
    ann = replace(ANN, groups=("Fitters",), items=(BOILER,))
    everybody = ImportedGroup(ANONYMOUS, 0, (BOILER,))
    before = house.entries()
    asked = take_over(broken, [ann], [TABLET], [FITTERS, everybody])
    assert reason_of(asked) is Reason.STORAGE_FAILED
    assert house.entries() == before
    assert house.names() == []
    assert not asyncio.run(house.directory.store.reader.ever_had_account())
