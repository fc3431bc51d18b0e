"""Writing and listing users and groups over Tani: what is kept, replaced, folded and refused."""

import pytest

from tests.acceptance.box import PASSWORD, new_name
from tests.acceptance.client import Message
from tests.acceptance.tani_client import (
    CONFLICT,
    DONE,
    EVERYTHING,
    NO_RIGHTS,
    NOT_FOUND,
    SIGN_IN_FAILED,
    TOO_LARGE,
    WRONG,
    Tani,
    TaniBox,
    rule,
    set_up_tani,
)

OTHER_PASSWORD = "Other7Sailing"
FLAGS = ("UserEdit", "Editor", "Diag")


def ordered(items: list[Message]) -> list[Message]:
    return sorted(items, key=lambda item: (item["Itemname"], item["Prefix"]))


# What is left out keeps its value


@pytest.fixture
def full(tani: TaniBox) -> tuple[str, Message]:
    """A user with something in every field, and the record of it."""
    groups = [tani.add_group(), tani.add_group()]
    name = tani.add(
        UserEdit=True, Diag=True, Groups=groups, Items=[rule("A.B"), rule("C", write=True)]
    )
    return name, tani.admin().users()[name]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"UserEdit": False},
        {"Editor": True},
        {"Diag": False},
        {"Groups": []},
        {"Items": []},
        {"Items": [rule("X", prefix=True)]},
        {"Editor": True, "Items": [EVERYTHING]},
        {"UserEdit": False, "Editor": False, "Diag": False},
    ],
)
def test_what_is_left_out_of_a_user_keeps_its_value(tani, full, change):
    name, before = full
    admin = tani.admin()
    admin.do("Users/Write", Username=name, **change)
    assert admin.users()[name] == before | change


@pytest.mark.parametrize(
    "change",
    [{}, {"UserEdit": True}, {"Editor": False}, {"Diag": True}, {"Items": []}],
)
def test_what_is_left_out_of_a_group_keeps_its_value(tani, change):
    name = tani.add_group(Editor=True, Items=[rule("A.B"), rule("C", write=True)])
    admin = tani.admin()
    before = admin.groups()[name]
    admin.do("Users/WriteGroup", Groupname=name, **change)
    assert admin.groups()[name] == before | change


def test_a_new_user_and_a_new_group_have_nothing_that_is_not_given(tani):
    admin, name = tani.admin(), new_name()
    admin.do("Users/Write", Username=name)
    admin.do("Users/WriteGroup", Groupname=name)
    assert admin.groups()[name] == {"Groupname": name, "Items": []} | NO_RIGHTS
    expected = {"Username": name, "Password": False, "Groups": [], "Items": []}
    assert admin.users()[name] == expected | NO_RIGHTS


def test_an_item_right_is_for_one_item_and_for_reading_unless_it_says_so(tani):
    name = tani.add(Items=[{"Itemname": "A"}, {"Itemname": "B", "Write": True}])
    group = tani.add_group(Items=[{"Itemname": "", "Prefix": True}])
    admin = tani.admin()
    items = ordered(admin.users()[name]["Items"])
    assert items == [rule("A"), rule("B", write=True)]
    assert admin.groups()[group]["Items"] == [rule("", prefix=True)]


def test_groups_and_items_replace_the_whole_list(tani):
    first, second, third = tani.add_group(), tani.add_group(), tani.add_group()
    name = tani.add(Groups=[first, second], Items=[rule("A"), rule("B")])
    admin = tani.admin()
    admin.do("Users/Write", Username=name, Groups=[second, third], Items=[rule("B"), rule("C")])
    record = admin.users()[name]
    assert sorted(record["Groups"]) == sorted([second, third])
    assert ordered(record["Items"]) == [rule("B"), rule("C")]


@pytest.mark.parametrize("write", [(False, True), (True, False)])
@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
def test_duplicate_rules_are_folded_into_the_stronger_one(tani, function, write):
    admin, name = tani.admin(), new_name()
    items = [
        rule("A", write=write[0]),
        rule("A", prefix=True),
        rule("A", write=write[1]),
        rule("a"),
        rule("A.", prefix=True),
        rule("A", prefix=True),
    ]
    admin.do(function, Username=name, Groupname=name, Items=items)
    listed = admin.users() if function == "Users/Write" else admin.groups()
    assert ordered(listed[name]["Items"]) == [
        rule("A", write=True),
        rule("A", prefix=True),
        rule("A.", prefix=True),
        rule("a"),
    ]


def test_a_group_named_twice_is_one_membership(tani):
    group = tani.add_group()
    name = tani.add(Groups=[group, group])
    assert tani.admin().users()[name]["Groups"] == [group]


def test_an_entry_of_the_list_can_be_written_back(tani, full):
    admin = tani.admin()
    bare = new_name()
    admin.do("Users/Write", Username=bare)
    before = admin.stored()
    for record in before[0].values():
        admin.do("Users/Write", **record)
    for record in before[1].values():
        admin.do("Users/WriteGroup", **record)
    assert admin.stored() == before
    assert tani.signed_in(full[0]).who == full[0], "the password is the same"


def test_a_page_edits_a_user_by_listing_changing_and_writing(tani, full):
    name, _ = full
    admin = tani.admin()
    record = admin.users()[name]
    record["Groups"] = record["Groups"][:1]
    record["Items"].append(rule("New.Item", write=True))
    record["Diag"] = False
    admin.do("Users/Write", **record)
    after = admin.users()[name]
    assert ordered(after.pop("Items")) == ordered(record.pop("Items"))
    assert after == record
    assert tani.signed_in(name).who == name


# Passwords


def test_true_keeps_the_password(tani):
    name = tani.add()
    tani.admin().do("Users/Write", Username=name, Password=True, Editor=True)
    assert tani.signed_in(name).rights()["Editor"] is True


@pytest.mark.parametrize("password", ["", False, "Short7s", "no7capitals", "Password1", None])
def test_a_refused_password_changes_nothing(tani, password):
    name = tani.add()
    connection = tani.signed_in(name)
    admin = tani.admin()
    before = admin.users()[name]
    assert admin.status("Users/Write", Username=name, Password=password, Diag=True) == WRONG
    assert admin.users()[name] == before
    assert connection.who == name
    assert tani.activated(connection.key).who == name


@pytest.mark.parametrize("password", ["", "weak", 5, [PASSWORD], {}])
def test_nobody_is_made_with_a_wrong_password(tani, password):
    name = new_name()
    admin = tani.admin()
    assert admin.status("Users/Write", Username=name, Password=password) == WRONG
    assert name not in admin.users()


def test_a_user_without_a_password_can_be_given_one(tani):
    admin, name = tani.admin(), new_name()
    admin.do("Users/Write", Username=name, Password=False)
    assert admin.users()[name]["Password"] is False
    assert admin.status("Users/Write", Username=name, Password="") == WRONG
    admin.do("Users/Write", Username=name, Password=PASSWORD)
    assert admin.users()[name]["Password"] is True
    assert tani.signed_in(name).who == name


def test_a_password_may_not_be_the_name(tani):
    admin, name = tani.admin(), new_name("Sailor4Ever")
    assert admin.status("Users/Write", Username=name, Password=name) == WRONG
    assert name not in admin.users()


# Groups


def test_an_unknown_group_is_refused_and_nothing_is_written(tani):
    group = tani.add_group()
    name = tani.add(Groups=[group])
    admin, nobody = tani.admin(), new_name()
    before = admin.stored()
    wanted = [group, "no such group"]
    for who in (name, nobody):
        status = admin.status("Users/Write", Username=who, Groups=wanted, Diag=True)
        assert status == NOT_FOUND
    assert admin.status("Users/Write", Username=name, Groups=[group.upper()]) == NOT_FOUND
    assert admin.stored() == before


def test_a_deleted_group_is_gone_from_its_members_and_does_not_come_back(tani):
    doomed, kept = tani.add_group(Editor=True), tani.add_group(Diag=True)
    names = [tani.add(Groups=[doomed, kept]) for _ in range(2)]
    member = tani.signed_in(names[0])
    assert member.rights()["Editor"] is True
    admin = tani.admin()
    admin.do("Users/DeleteGroup", Groupname=doomed)
    assert [admin.users()[name]["Groups"] for name in names] == [[kept], [kept]]
    assert member.rights().items() >= {"Groups": [kept], "Editor": False, "Diag": True}.items()
    admin.do("Users/WriteGroup", Groupname=doomed, Editor=True, UserEdit=True)
    assert [admin.users()[name]["Groups"] for name in names] == [[kept], [kept]]
    assert member.rights().items() >= {"Editor": False, "UserEdit": False}.items()


@pytest.mark.clause("IEC 62443-4-2 CR 1.4")
def test_a_deleted_user_does_not_come_back_with_a_new_one_of_the_name(tani):
    group = tani.add_group(Editor=True)
    name = tani.add(Groups=[group], Diag=True, Items=[EVERYTHING])
    admin = tani.admin()
    admin.do("Users/Delete", Username=name)
    assert admin.status("Users/Delete", Username=name) == NOT_FOUND
    admin.do("Users/Write", Username=name)
    expected = {"Username": name, "Password": False, "Groups": [], "Items": []}
    assert admin.users()[name] == expected | NO_RIGHTS
    status = tani.anonymous().status("Users/Login", Username=name, Password=PASSWORD)
    assert status == SIGN_IN_FAILED


# Names


@pytest.mark.parametrize(
    "name",
    ["", " ", " ann", "ann ", "\tann", "ann\n", "a\0n", "a\x1bn", "a\x7fn", "a\u0085n"],
)
@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
def test_an_invalid_name_is_refused(tani, function, name):
    admin = tani.admin()
    before = admin.stored()
    assert admin.status(function, Username=name, Groupname=name) == WRONG
    assert admin.stored() == before


@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
def test_a_name_has_up_to_256_characters(tani, function):
    admin = tani.admin()
    longest = new_name("ö").ljust(256, "ü")
    admin.do(function, Username=longest, Groupname=longest)
    listed = admin.users() if function == "Users/Write" else admin.groups()
    assert longest in listed
    too_long = new_name("ä").ljust(257, "ü")
    before = admin.stored()
    status = admin.status(function, Username=too_long, Groupname=too_long)
    assert status in (WRONG, TOO_LARGE)
    assert admin.stored() == before


@pytest.mark.parametrize(
    "stem", ["a", "ab", "äöü", "名", "a b", "😀", "'; DROP TABLE x; --", '"', "<b>", "\\", "%s"]
)
def test_other_names_are_accepted_and_kept_as_given(tani, stem):
    admin, name = tani.admin(), new_name(stem)
    group = tani.add_group(new_name(stem), Diag=True)
    tani.add(name, Groups=[group])
    assert admin.users()[name]["Groups"] == [group]
    assert tani.signed_in(name).rights().items() >= {"Username": name, "Diag": True}.items()
    admin.do("Users/Delete", Username=name)
    admin.do("Users/DeleteGroup", Groupname=group)


def test_short_names_are_accepted(tani):
    admin = tani.admin()
    for name in ("q", "é"):
        admin.do("Users/Write", Username=name)
        assert admin.users()[name]["Username"] == name
        admin.do("Users/Delete", Username=name)


def test_names_are_compared_exactly(tani):
    name, group = tani.add(), tani.add_group()
    admin = tani.admin()
    before = admin.stored()
    assert admin.status("Users/Delete", Username=name.upper()) == NOT_FOUND
    assert admin.status("Users/DeleteGroup", Groupname=group.upper()) == NOT_FOUND
    assert admin.stored() == before


# Items


WRONG_ITEMS: list[object] = [
    [rule("")],
    [rule("", write=True)],
    [rule("A"), rule("")],
    [{}],
    [{"Prefix": True}],
    [{"Itemname": None}],
    [{"Itemname": 5}],
    [{"Itemname": ["A"]}],
    [{"Itemname": "A", "Prefix": "true"}],
    [{"Itemname": "A", "Write": 1}],
    [{"Itemname": "A", "Write": None}],
    ["A"],
    [None],
    [[]],
    {},
    {"Itemname": "A"},
    "A",
    5,
    True,
]


@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
def test_wrong_items_are_refused_and_nothing_is_written(tani, function):
    name = tani.add(Items=[rule("Kept")])
    tani.add_group(name, Items=[rule("Kept")])
    admin = tani.admin()
    before = admin.stored()
    for items in WRONG_ITEMS:
        status = admin.status(function, Username=name, Groupname=name, Diag=True, Items=items)
        assert status == WRONG, items
    assert admin.stored() == before


@pytest.mark.parametrize("function", ["Users/Write", "Users/WriteGroup"])
def test_a_list_has_at_most_10_000_rules(tani, function):
    admin, name = tani.admin(), new_name()
    items = [rule(f"Objects.Item{number:05}") for number in range(10_000)]
    admin.do(function, Username=name, Groupname=name, Items=items)
    listed = admin.users if function == "Users/Write" else admin.groups
    assert ordered(listed()[name]["Items"]) == items
    one_more = [*items, rule("Objects.Item10000")]
    status = admin.status(function, Username=name, Groupname=name, Items=one_more)
    assert status == TOO_LARGE
    assert len(listed()[name]["Items"]) == 10_000
    delete = "Users/Delete" if function == "Users/Write" else "Users/DeleteGroup"
    admin.do(delete, Username=name, Groupname=name)


def test_the_name_of_an_item_has_up_to_1024_characters(tani):
    admin, name = tani.admin(), new_name()
    longest = "Objects." + "é" * 1016
    admin.do("Users/Write", Username=name, Items=[rule(longest)])
    status = admin.status("Users/Write", Username=name, Items=[rule(longest + "x")])
    assert status in (WRONG, TOO_LARGE)
    assert admin.users()[name]["Items"] == [rule(longest)]


def test_names_of_items_are_kept_by_code_point(tani):
    items = [rule("Cafe\u0301"), rule("Caf\u00e9"), rule("Ångström.Å"), rule("ﬁ"), rule("😀")]
    name = tani.add(Items=items)
    assert ordered(tani.admin().users()[name]["Items"]) == ordered(items)


# Paging


@pytest.fixture(scope="module")
def many(start_shared):
    """A server with 1,001 users and 301 groups."""
    return start_shared("many", ("nymea", "http"))


@pytest.fixture(scope="module")
def many_key(many):
    """The AuthKey of its administrator."""
    connection = Tani(many.urls["http"])
    try:
        key = set_up_tani(connection)
        for number in range(300):
            connection.send(
                connection.request("Users/WriteGroup", {"Groupname": f"group-{number:03}"})
            )
        for _ in range(300):
            assert connection.response()["status"] == DONE
        for number in range(1000):
            data = {
                "Username": f"user-{number:04}",
                "Diag": number % 2 == 0,
                "Groups": [f"group-{number % 300:03}"],
                "Items": [rule(f"Objects.Item{number}")],
            }
            connection.send(connection.request("Users/Write", data))
        for _ in range(1000):
            assert connection.response()["status"] == DONE
        return key
    finally:
        connection.close()


@pytest.fixture
def reader(many, many_key, open_tani):
    connection = open_tani(many)
    connection.activate(many_key)
    return connection


LISTS = [("Users/List", 1001), ("Users/ListGroup", 301)]


def test_a_thousand_users_are_listed_completely(reader):
    users = reader.users()
    assert len(users) == 1001
    for number in (0, 1, 299, 300, 999):
        assert users[f"user-{number:04}"] == {
            "Username": f"user-{number:04}",
            "Password": False,
            "UserEdit": False,
            "Editor": False,
            "Diag": number % 2 == 0,
            "Groups": [f"group-{number % 300:03}"],
            "Items": [rule(f"Objects.Item{number}")],
        }


@pytest.mark.parametrize(("function", "total"), LISTS)
@pytest.mark.parametrize("size", [1, 43, 100, 1000])
def test_the_pages_together_are_the_whole_list(reader, function, total, size):
    whole = reader.get(function)["Results"]
    assert len(whole) == total
    start = 0 if size > 1 else total - 5
    pages: list[Message] = whole[:start]
    while True:
        answer = reader.get(function, StartOffset=len(pages), MaxResults=size)
        assert set(answer) == {"Results", "MaxResults", "Blocked"}
        assert answer["MaxResults"] == total
        assert len(answer["Results"]) <= size
        pages += answer["Results"]
        assert answer["Blocked"] is (len(pages) < total)
        if not answer["Blocked"]:
            break
        assert answer["Results"]
    assert pages == whole


@pytest.mark.parametrize(("function", "total"), LISTS)
@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"StartOffset": 0}, (slice(None), False)),
        ({"StartOffset": 5}, (slice(5, None), False)),
        ({"MaxResults": 5}, (slice(5), True)),
        ({"MaxResults": 100_000}, (slice(None), False)),
        ({"StartOffset": 2, "MaxResults": 3}, (slice(2, 5), True)),
        ({"StartOffset": 0, "MaxResults": 0}, (slice(0), True)),
        ({"StartOffset": 100_000}, (slice(0), False)),
        ({"StartOffset": 100_000, "MaxResults": 5}, (slice(0), False)),
        ({"StartOffset": 2**31, "MaxResults": 2**31}, (slice(0), False)),
    ],
)
def test_a_part_of_the_list_says_how_many_there_are_and_whether_more_follow(
    reader, function, total, page, expected
):
    whole = reader.get(function)["Results"]
    part, blocked = expected
    assert reader.get(function, **page) == {
        "Results": whole[part],
        "MaxResults": total,
        "Blocked": blocked,
    }


@pytest.mark.parametrize("end", [-1, 0, 1])
@pytest.mark.parametrize(("function", "total"), LISTS)
def test_the_end_of_the_list_is_not_blocked(reader, function, total, end):
    answer = reader.get(function, StartOffset=total - 2, MaxResults=2 + end)
    assert answer["Blocked"] is (end < 0)
    assert len(answer["Results"]) == min(2, 2 + end)
    last = reader.get(function, StartOffset=total + end)
    assert (len(last["Results"]), last["Blocked"]) == (max(0, -end), False)


@pytest.mark.parametrize("field", ["StartOffset", "MaxResults"])
@pytest.mark.parametrize("function", ["Users/List", "Users/ListGroup"])
def test_a_wrong_page_is_refused(reader, function, field):
    values: list[object] = [-1, -(2**40), 1.5, "5", "", True, False, [], [1], {}]
    for value in values:
        response = reader.ask(function, **{field: value})
        assert (response["status"], response["data"]) == (WRONG, {}), value


@pytest.mark.parametrize("field", ["StartOffset", "MaxResults"])
def test_absurd_pages_are_answered_somehow(reader, field):
    for number in (2**63 - 1, 2**63, 2**64, 10**40, 1e300):
        assert reader.status("Users/ListGroup", **{field: number}) in (DONE, WRONG), number
        assert reader.rights()["UserEdit"] is True


def test_what_cannot_be_named_cannot_be_a_member(tani):
    admin = tani.admin()
    for groups in (["anonymous"], ["Anonymous"]):
        status = admin.status("Users/Write", Username="olga", Groups=groups)
        assert status in (CONFLICT, NOT_FOUND)
        assert admin.users()["olga"]["Groups"] == []
