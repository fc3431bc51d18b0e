"""What nobody can do over Tani: get more than they hold, lock everybody out, pass for another.

Every refusal is checked twice: its status, and that everything stored is as before.
"""

import pytest

from tests.acceptance.box import (
    ADMIN,
    ALL_SIX,
    CONTROL,
    EVERY_THING,
    PASSWORD,
    Connect,
    info_of,
    new_name,
    set_up,
)
from tests.acceptance.client import Message
from tests.acceptance.tani_client import (
    ALL_RIGHTS,
    CONFLICT,
    EVERYTHING,
    NO_RIGHTS,
    NOBODY,
    NOT_FOUND,
    SIGN_IN_FAILED,
    Open,
    Tani,
    TaniBox,
    rule,
)

OTHER_PASSWORD = "Other7Sailing"
PLANT = rule("Objects.Plant", prefix=True, write=True)
READ_PLANT = rule("Objects.Plant", prefix=True)


def refused(
    box: TaniBox, connection: Tani, function: str, *, status: int = CONFLICT, **data: object
) -> bool:
    """Tell that a request is refused with *status* and that nothing was changed by it."""
    before = box.admin().stored()
    response = connection.ask(function, **data)
    assert response["status"] == status, response
    assert response["data"] == {}
    assert box.admin().stored() == before
    return True


@pytest.fixture
def editor(tani: TaniBox) -> Tani:
    """Somebody who may edit users, and may write what is below Objects.Plant."""
    return tani.user(UserEdit=True, Items=[PLANT])


# Nobody gives what they do not hold


@pytest.mark.parametrize("right", ["Editor", "Diag"])
def test_nobody_gives_a_right_that_they_do_not_hold(tani, editor, right):
    name, group = tani.add(), tani.add_group()
    for who in (name, new_name(), editor.who):
        assert refused(tani, editor, "Users/Write", Username=who, **{right: True})
    for which in (group, new_name(), "anonymous"):
        assert refused(tani, editor, "Users/WriteGroup", Groupname=which, **{right: True})


def test_one_who_holds_a_right_gives_it(tani, editor):
    name, group = new_name(), new_name()
    editor.do("Users/Write", Username=name, UserEdit=True, Items=[PLANT])
    editor.do("Users/WriteGroup", Groupname=group, UserEdit=True, Items=[PLANT])
    editor.do("Users/Write", Username=name, Groups=[group])
    assert editor.users()[name]["Groups"] == [group]


@pytest.mark.clause("EN 18031-1 ACM-2")
@pytest.mark.parametrize(
    "item",
    [
        EVERYTHING,
        rule("", prefix=True),
        rule("Objects", prefix=True),
        rule("Objects"),
        rule("Objects.Plant2"),
        rule("Objects.Plant2", prefix=True),
        rule("Objects.plant"),
        rule("Objects.Plan", prefix=True),
        rule("objects.Plant", prefix=True),
        rule("Other", write=True),
        rule("Objects.", prefix=True),
    ],
)
def test_nobody_gives_a_right_on_an_item_that_they_do_not_hold(tani, editor, item):
    name, group = tani.add(), tani.add_group()
    for who in (name, new_name(), editor.who):
        assert refused(tani, editor, "Users/Write", Username=who, Items=[PLANT, item])
    for which in (group, new_name(), "anonymous"):
        assert refused(tani, editor, "Users/WriteGroup", Groupname=which, Items=[item])


@pytest.mark.parametrize(
    "item",
    [
        PLANT,
        READ_PLANT,
        rule("Objects.Plant"),
        rule("Objects.Plant", write=True),
        rule("Objects.Plant.", prefix=True, write=True),
        rule("Objects.Plant.Boiler", write=True),
        rule("Objects.Plant.Boiler.Valve", prefix=True),
    ],
)
def test_one_who_may_write_a_part_of_the_plant_gives_parts_of_it(tani, editor, item):
    name = new_name()
    editor.do("Users/Write", Username=name, Items=[item])
    assert editor.users()[name]["Items"] == [item]


def test_what_is_below_an_item_does_not_contain_it(tani):
    editor = tani.user(UserEdit=True, Items=[rule("Objects.Plant.", prefix=True, write=True)])
    for item in (PLANT, READ_PLANT, rule("Objects.Plant")):
        assert refused(tani, editor, "Users/Write", Username=new_name(), Items=[item])
    editor.do("Users/Write", Username=new_name(), Items=[rule("Objects.Plant.X", write=True)])


def test_an_exact_rule_does_not_contain_what_is_below(tani):
    editor = tani.user(UserEdit=True, Items=[rule("Objects.Plant", write=True)])
    for item in (READ_PLANT, rule("Objects.Plant.X"), rule("Objects.Plant.", prefix=True)):
        assert refused(tani, editor, "Users/Write", Username=new_name(), Items=[item])


def test_one_who_may_only_read_does_not_let_others_write(tani):
    editor = tani.user(UserEdit=True, Items=[READ_PLANT, rule("Objects.Plant.A", write=True)])
    for item in (PLANT, rule("Objects.Plant.B", write=True), rule("Objects.Plant", write=True)):
        assert refused(tani, editor, "Users/Write", Username=new_name(), Items=[item])
    given = [rule("Objects.Plant.B"), rule("Objects.Plant.A", write=True)]
    editor.do("Users/Write", Username=new_name(), Items=given)


def test_rights_that_a_group_gives_are_held_too(tani):
    group = tani.add_group(UserEdit=True, Diag=True, Items=[PLANT])
    editor, name = tani.user(Groups=[group]), new_name()
    editor.do("Users/Write", Username=name, Diag=True, Items=[PLANT])
    assert refused(tani, editor, "Users/Write", Username=name, Editor=True)
    assert refused(tani, editor, "Users/Write", Username=name, Items=[EVERYTHING])


def test_what_everybody_may_is_held_too(tani, editor):
    tani.add_group("anonymous", Editor=True, Items=[rule("Public", prefix=True)])
    name = new_name()
    assert refused(tani, editor, "Users/Write", Username=name, Diag=True)
    for item in (rule("Public", write=True), rule("", prefix=True)):
        assert refused(tani, editor, "Users/Write", Username=name, Items=[item])
    assert editor.rights()["Editor"] is True
    editor.do("Users/Write", Username=name, Editor=True, Items=[rule("Public.Clock")])


def test_nobody_puts_anybody_into_a_group_that_holds_more(tani, editor):
    name = tani.add()
    harmless = tani.add_group(UserEdit=True, Items=[rule("Objects.Plant.X")])
    strong = [
        tani.add_group(Editor=True),
        tani.add_group(Diag=True),
        tani.add_group(Items=[rule("Other")]),
        tani.add_group(Items=[EVERYTHING]),
    ]
    for group in strong:
        for who in (name, new_name(), editor.who):
            assert refused(tani, editor, "Users/Write", Username=who, Groups=[harmless, group])
    editor.do("Users/Write", Username=name, Groups=[harmless])
    assert editor.users()[name]["Groups"] == [harmless]


# Nobody touches what holds more than they do


@pytest.fixture(params=["Editor", "Diag", "Items", "group", "nymea", "administrator"])
def stronger(request: pytest.FixtureRequest, tani: TaniBox) -> str:
    """The name of somebody who holds something that the editor does not."""
    match request.param:
        case "Items":
            return tani.add(Items=[rule("Other")])
        case "group":
            return tani.add(Groups=[tani.add_group(Diag=True)])
        case "nymea":
            name = new_name()
            wanted = {"username": name, "password": PASSWORD, "scopes": [CONTROL, EVERY_THING]}
            tani.nymea_admin().get("Users.CreateUser", **wanted)
            return name
        case "administrator":
            return "olga"
        case right:
            return tani.add(**{right: True})


def test_nobody_changes_an_account_that_holds_more(tani, editor, stronger):
    connection = tani.signed_in(stronger)
    changes: list[Message] = [
        {"Password": OTHER_PASSWORD},
        {"UserEdit": True},
        {"Editor": False, "Diag": False},
        {"Items": []},
        {"Items": [rule("Objects.Plant.X")]},
        {"Groups": []},
        {"Editor": False, "Diag": False, "Items": [], "Groups": []},
    ]
    for change in changes:
        assert refused(tani, editor, "Users/Write", Username=stronger, **change)
    assert connection.who == stronger
    assert tani.activated(connection.key).who == stronger
    other = tani.open(tani.server, source="127.0.0.9")
    status = other.status("Users/Login", Username=stronger, Password=OTHER_PASSWORD)
    assert status == SIGN_IN_FAILED


def test_nobody_deletes_an_account_that_holds_more(tani, editor, stronger):
    assert refused(tani, editor, "Users/Delete", Username=stronger)


@pytest.mark.parametrize(
    "holds",
    [{"Editor": True}, {"Diag": True}, {"Items": [rule("Other")]}, {"Items": [EVERYTHING]}],
)
def test_nobody_changes_a_group_that_holds_more(tani, editor, holds):
    group = tani.add_group(**holds)
    member = tani.add(Groups=[group])
    changes: list[Message] = [
        {"Editor": False, "Diag": False},
        {"Items": []},
        {"UserEdit": True},
    ]
    for change in changes:
        assert refused(tani, editor, "Users/WriteGroup", Groupname=group, **change)
    assert refused(tani, editor, "Users/DeleteGroup", Groupname=group)
    assert tani.admin().users()[member]["Groups"] == [group]


def test_an_editor_changes_accounts_and_groups_that_hold_less(tani, editor):
    group = tani.add_group(UserEdit=True, Items=[rule("Objects.Plant.X")])
    name = tani.add(UserEdit=True, Groups=[group], Items=[READ_PLANT])
    editor.do("Users/Write", Username=name, Password=OTHER_PASSWORD, UserEdit=False, Groups=[])
    editor.do("Users/WriteGroup", Groupname=group, UserEdit=False, Items=[])
    assert tani.signed_in(name, OTHER_PASSWORD).who == name
    editor.do("Users/Delete", Username=name)
    editor.do("Users/DeleteGroup", Groupname=group)


def test_an_editor_may_give_up_their_own_rights(tani, editor):
    name = editor.who
    editor.do("Users/Write", Username=name, Items=[], UserEdit=False)
    assert editor.rights() == {"Username": name, "Groups": []} | NO_RIGHTS


def test_an_editor_is_no_administrator_of_nymea(tani, editor):
    name = editor.who
    nymea = tani.nymea(name)
    victim = tani.add()
    for method, params in (
        ("Users.CreateUser", {"username": new_name(), "password": PASSWORD}),
        (
            "Users.CreateUser",
            {"username": new_name(), "password": PASSWORD, "scopes": [CONTROL]},
        ),
        ("Users.SetUserScopes", {"username": victim, "scopes": [ADMIN]}),
        ("Users.SetUserScopes", {"username": victim, "scopes": [CONTROL]}),
        ("Users.SetUserScopes", {"username": name, "scopes": [ADMIN]}),
        ("Users.SetUserScopes", {"username": "olga", "scopes": []}),
        ("Users.ChangeUserPassword", {"username": "olga", "newPassword": OTHER_PASSWORD}),
        ("Users.RemoveUser", {"username": "olga"}),
    ):
        before = tani.admin().stored(), tani.nymea_admin().get("Users.GetUsers")
        reply = nymea.ask(method, **params)
        assert reply.get("params") != {"error": "UserErrorNoError"}, (method, params)
        assert (tani.admin().stored(), tani.nymea_admin().get("Users.GetUsers")) == before


# The last who can edit users


@pytest.fixture
def alone(start, connect: Connect, open_tani: Open) -> TaniBox:
    """A box where olga is the only one, and paul may do anything but edit users."""
    server = start("alone")
    token = set_up(connect(server))
    connection = open_tani(server)
    box = TaniBox(server, connect, open_tani, connection.sign_in("olga"), token)
    box.add("paul", Editor=True, Diag=True, Items=[EVERYTHING])
    return box


def test_the_last_user_editor_stays(alone):
    admin = alone.admin()
    assert refused(alone, admin, "Users/Write", Username="olga", UserEdit=False)
    assert refused(alone, admin, "Users/Write", Username="olga", **NO_RIGHTS)
    assert refused(alone, admin, "Users/Delete", Username="olga")
    info = info_of(alone.nymea_admin(), "olga")
    assert info is not None
    assert info["scopes"] == ALL_SIX


def test_the_last_user_editor_stays_whose_right_comes_from_a_group(alone):
    admin = alone.admin()
    group = alone.add_group("editors", Items=[EVERYTHING], **ALL_RIGHTS)
    spare = alone.add_group("spare")
    admin.do("Users/Write", Username="olga", Groups=[group, spare])
    admin.do("Users/Write", Username="olga", UserEdit=False)
    assert admin.rights()["UserEdit"] is True
    assert admin.users()["olga"]["UserEdit"] is False
    assert refused(alone, admin, "Users/WriteGroup", Groupname=group, UserEdit=False)
    assert refused(alone, admin, "Users/DeleteGroup", Groupname=group)
    assert refused(alone, admin, "Users/Write", Username="olga", Groups=[])
    assert refused(alone, admin, "Users/Write", Username="olga", Groups=[spare])
    assert refused(alone, admin, "Users/Delete", Username="olga")
    nymea = alone.nymea_admin()
    assert nymea.get("Users.RemoveUser", username="olga") != {"error": "UserErrorNoError"}
    assert refused(alone, admin, "Users/WriteGroup", Groupname=group, UserEdit=False)
    assert admin.rights()["UserEdit"] is True
    # with another editor all of that goes
    alone.add("quentin", UserEdit=True)
    admin.do("Users/DeleteGroup", Groupname=group)
    assert admin.rights()["UserEdit"] is False


def test_the_last_member_of_the_editors_stays_whoever_asks(alone):
    alone.add_group("editors", UserEdit=True)
    alone.add("quentin", Groups=["editors"], **ALL_RIGHTS, Items=[EVERYTHING])
    admin, quentin = alone.admin(), alone.signed_in("quentin")
    admin.do("Users/Write", Username="olga", UserEdit=False)
    assert admin.rights()["UserEdit"] is False
    quentin.do("Users/Write", Username="quentin", UserEdit=False)
    before = quentin.stored()
    for function, data in (
        ("Users/WriteGroup", {"Groupname": "editors", "UserEdit": False}),
        ("Users/DeleteGroup", {"Groupname": "editors"}),
        ("Users/Write", {"Username": "quentin", "Groups": []}),
        ("Users/Delete", {"Username": "quentin"}),
    ):
        assert quentin.status(function, **data) == CONFLICT
        assert quentin.stored() == before
    assert quentin.rights()["UserEdit"] is True


def test_the_last_user_editor_stays_for_nymea_and_the_command_line_too(alone):
    alone.add("quentin", UserEdit=True)
    admin = alone.admin()
    admin.do("Users/Write", Username="quentin", UserEdit=False)
    nymea = alone.nymea_admin()
    for method, params in (
        ("Users.RemoveUser", {"username": "olga"}),
        ("Users.SetUserScopes", {"username": "olga", "scopes": [CONTROL]}),
    ):
        before = admin.stored()
        assert nymea.get(method, **params) != {"error": "UserErrorNoError"}
        assert admin.stored() == before
    assert alone.server.run("user", "remove", "olga").returncode == 1
    assert admin.who == "olga"


def test_one_who_cannot_sign_in_is_no_user_editor_to_leave_the_box_to(alone):
    admin = alone.admin()
    admin.do("Users/Write", Username="ghost", UserEdit=True)
    assert refused(alone, admin, "Users/Write", Username="olga", UserEdit=False)


def test_one_of_two_user_editors_may_go(alone):
    alone.add("quentin", Items=[EVERYTHING], **ALL_RIGHTS)
    admin, quentin = alone.admin(), alone.signed_in("quentin")
    admin.do("Users/Write", Username="olga", **NO_RIGHTS)
    assert admin.rights()["UserEdit"] is False
    assert quentin.status("Users/Write", Username="quentin", UserEdit=False) == CONFLICT


def test_nobody_deletes_the_account_they_are_signed_in_with(tani):
    editor = tani.user(UserEdit=True)
    assert refused(tani, editor, "Users/Delete", Username=editor.who)
    assert refused(tani, tani.admin(), "Users/Delete", Username="olga")
    assert editor.who


# Everybody


def test_everybody_never_edits_users(tani):
    admin = tani.admin()
    assert refused(tani, admin, "Users/WriteGroup", Groupname="anonymous", UserEdit=True)
    assert refused(
        tani, admin, "Users/WriteGroup", Groupname="anonymous", Editor=True, UserEdit=True
    )
    assert tani.anonymous().rights() == NOBODY
    admin.do("Users/WriteGroup", Groupname="anonymous", UserEdit=False)


def test_everybody_cannot_be_deleted(tani):
    assert refused(tani, tani.admin(), "Users/DeleteGroup", Groupname="anonymous")


@pytest.mark.parametrize("others", [False, True])
def test_everybody_is_no_group_to_be_a_member_of(tani, others):
    groups = [tani.add_group(), "anonymous"] if others else ["anonymous"]
    name = tani.add()
    for who in (name, new_name(), "olga"):
        assert refused(tani, tani.admin(), "Users/Write", Username=who, Groups=groups)


@pytest.mark.parametrize("name", ["anonymous", "Anonymous", "ANONYMOUS"])
def test_no_user_is_called_like_everybody(tani, name):
    admin = tani.admin()
    assert refused(tani, admin, "Users/Write", Username=name, Password=PASSWORD)
    assert refused(tani, admin, "Users/Write", Username=name, UserEdit=True)


# Look-alikes


@pytest.mark.clause("IEC 62443-4-2 CR 1.4")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ann{}", "Ann{}"),
        ("Ann{}", "ann{}"),
        ("ANN{}", "ann{}"),
        ("straße{}", "STRASSE{}"),
        ("file{}", "ﬁle{}"),
        ("cafe\u0301{}", "café{}"),
        ("ann{}", "\uff41\uff4e\uff4e{}"),
        ("x²{}", "x2{}"),
        ("Å{}", "\u212b{}"),
    ],
)
def test_no_name_may_look_like_another_one(tani, first, second):
    number = new_name("")
    name, twin = first.format(number), second.format(number)
    tani.add(name)
    tani.add_group(name)
    admin = tani.admin()
    assert refused(tani, admin, "Users/Write", Username=twin, Password=PASSWORD)
    assert refused(tani, admin, "Users/Write", Username=twin)
    assert refused(tani, admin, "Users/WriteGroup", Groupname=twin)
    admin.do("Users/Delete", Username=name)
    admin.do("Users/DeleteGroup", Groupname=name)
    admin.do("Users/Write", Username=twin)
    admin.do("Users/WriteGroup", Groupname=twin)


@pytest.mark.parametrize("name", ["Anonymous", "ANONYMOUS", "\uff41nonymous"])
def test_no_group_looks_like_everybody(tani, name):
    admin = tani.admin()
    assert refused(tani, admin, "Users/WriteGroup", Groupname=name)
    assert refused(tani, admin, "Users/WriteGroup", Groupname=name, UserEdit=True)
    before = admin.stored()
    assert admin.status("Users/DeleteGroup", Groupname=name) in (CONFLICT, NOT_FOUND)
    assert admin.stored() == before


def test_a_name_made_over_nymea_is_taken_over_tani_and_the_other_way_round(tani):
    name, other = new_name("Mixed"), tani.add(new_name("Upper"))
    nymea = tani.nymea_admin()
    wanted = {"username": name, "password": PASSWORD, "scopes": []}
    assert nymea.get("Users.CreateUser", **wanted) == {"error": "UserErrorNoError"}
    listed = next(each for each in tani.admin().users() if each.lower() == name.lower())
    assert refused(tani, tani.admin(), "Users/Write", Username=listed.upper())
    taken = {"username": other.lower(), "password": PASSWORD, "scopes": []}
    answer = nymea.get("Users.CreateUser", **taken)
    assert answer == {"error": "UserErrorDuplicateUserId"}
