"""Random lives of a directory over Tani, against a model that fits on one page."""

from copy import deepcopy
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.box import PASSWORD
from tests.acceptance.client import Message
from tests.acceptance.tani_client import (
    ALL_RIGHTS,
    CONFLICT,
    DONE,
    NO_RIGHTS,
    NOT_FOUND,
    Tani,
    TaniBox,
)

USERS = ("ann", "bob")
GROUPS = ("ops", "lab", "anonymous")
EVERYBODY = "anonymous"

flags = st.booleans()
items = st.lists(
    st.fixed_dictionaries(
        {"Itemname": st.sampled_from(["A", "A.B", "C."]), "Prefix": flags, "Write": flags}
    ),
    max_size=4,
)
rights = dict.fromkeys(ALL_RIGHTS, flags)
user_fields = st.fixed_dictionaries(
    {"Username": st.sampled_from(USERS)},
    optional=rights
    | {
        "Password": st.just(PASSWORD),
        "Groups": st.lists(st.sampled_from(("ops", "lab")), max_size=3),
        "Items": items,
    },
)
group_fields = st.fixed_dictionaries(
    {"Groupname": st.sampled_from(GROUPS)}, optional=rights | {"Items": items}
)
steps = st.one_of(
    st.tuples(st.just("Users/Write"), user_fields),
    st.tuples(st.just("Users/WriteGroup"), group_fields),
    st.tuples(
        st.just("Users/Delete"), st.fixed_dictionaries({"Username": st.sampled_from(USERS)})
    ),
    st.tuples(
        st.just("Users/DeleteGroup"),
        st.fixed_dictionaries({"Groupname": st.sampled_from(GROUPS)}),
    ),
)


def folded(rules: list[Message]) -> dict[tuple[str, bool], bool]:
    """Give which of the rules on an item are to write, too."""
    found: dict[tuple[str, bool], bool] = {}
    for each in rules:
        key = (each["Itemname"], each["Prefix"])
        found[key] = found.get(key, False) or each["Write"]
    return found


def plain(records: dict[str, Message]) -> dict[str, Message]:
    """Make *records* comparable: lists whose order says nothing lose it."""
    compared = deepcopy(records)
    for record in compared.values():
        assert len(record["Items"]) == len(folded(record["Items"])), "rules are folded"
        record["Items"] = folded(record["Items"])
        if "Groups" in record:
            assert len(record["Groups"]) == len(set(record["Groups"]))
            record["Groups"] = sorted(record["Groups"])
    return compared


@dataclass
class Model:
    """What the directory must hold."""

    users: dict[str, Message] = field(default_factory=dict)
    groups: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups[EVERYBODY] = {"Groupname": EVERYBODY, "Items": {}} | NO_RIGHTS

    def step(self, function: str, data: Message) -> int:
        """Do what *function* does and give the status that it must answer."""
        match function:
            case "Users/Write":
                return self._write_user(data)
            case "Users/WriteGroup":
                return self._write_group(data)
            case "Users/Delete":
                return DONE if self.users.pop(data["Username"], None) else NOT_FOUND
            case _:
                return self._delete_group(data["Groupname"])

    def _write_user(self, data: Message) -> int:
        if any(group not in self.groups for group in data.get("Groups", [])):
            return NOT_FOUND
        new: Message = {"Password": False, "Groups": [], "Items": {}} | NO_RIGHTS
        record = self.users.setdefault(data["Username"], new)
        record |= data
        if "Password" in data:
            record["Password"] = True
        if "Groups" in data:
            record["Groups"] = sorted(set(data["Groups"]))
        if "Items" in data:
            record["Items"] = folded(data["Items"])
        return DONE

    def _write_group(self, data: Message) -> int:
        if data["Groupname"] == EVERYBODY and data.get("UserEdit"):
            return CONFLICT
        record = self.groups.setdefault(data["Groupname"], {"Items": {}} | NO_RIGHTS)
        record |= data
        if "Items" in data:
            record["Items"] = folded(data["Items"])
        return DONE

    def _delete_group(self, name: str) -> int:
        if name == EVERYBODY:
            return CONFLICT
        if self.groups.pop(name, None) is None:
            return NOT_FOUND
        for record in self.users.values():
            record["Groups"] = [group for group in record["Groups"] if group != name]
        return DONE

    def rights(self, name: str) -> Message:
        """Give what AccessRights must answer to *name*; empty for nobody."""
        user = self.users.get(name)
        groups: list[str] = user["Groups"] if user else []
        sources = [self.groups[group] for group in [EVERYBODY, *groups]]
        sources += [user] if user else []
        return {
            "Username": name if user else "",
            "Groups": sorted(groups) if user else [EVERYBODY],
        } | {right: any(source[right] for source in sources) for right in ALL_RIGHTS}


def emptied(admin: Tani) -> None:
    users, groups = admin.stored()
    for name in set(users) & set(USERS):
        admin.do("Users/Delete", Username=name)
    for name in set(groups) - {EVERYBODY}:
        admin.do("Users/DeleteGroup", Groupname=name)
    admin.do("Users/WriteGroup", Groupname=EVERYBODY, Items=[], **NO_RIGHTS)


def seen(connection: Tani) -> Message:
    answer = connection.rights()
    return answer | {"Groups": sorted(answer["Groups"])}


@pytest.mark.clause("IEC 62443-4-2 CR 2.1", "OWASP ASVS 5.0 8.3.1")
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=3, max_size=14))
def test_lists_and_rights_are_what_a_simple_model_says(tani: TaniBox, sequence):
    admin, nobody = tani.admin(), tani.anonymous()
    emptied(admin)
    model = Model()
    sessions: dict[str, Tani] = {}
    for function, data in sequence:
        status = admin.status(function, **data)
        assert status == model.step(function, data)
        users, groups = admin.stored()
        olga = users.pop("olga")
        assert olga["UserEdit"] is True
        assert plain(users) == model.users
        assert plain(groups) == model.groups
        ended = data.get("Username") if "Password" in data or function == "Users/Delete" else ""
        if status == DONE and ended and (connection := sessions.pop(ended, None)):
            assert seen(connection) == model.rights("")
            connection.close()
        for name, connection in sessions.items():
            assert seen(connection) == model.rights(name)
        if status == DONE and "Password" in data:
            sessions[data["Username"]] = tani.signed_in(data["Username"])
        assert seen(nobody) == model.rights("")
