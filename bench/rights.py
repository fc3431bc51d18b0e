"""What it costs to merge, list and replace many rules, and how long others wait for it."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench.client import PASSWORD, USER_NAME, Client, OwnerClient, TaniClient
from bench.figures import Figure, Plan, at_most, shown
from bench.machine import cores_apart
from bench.plant import rules_on_plant
from bench.populate import PASSWORD_HASH, populate, record
from bench.server import scratch, serving
from bench.waits import Waits
from keystead.domain.change import (
    Change,
    GroupAdded,
    GroupItemsChanged,
    MembershipsChanged,
    UserAdded,
)
from keystead.domain.model import Group, GroupId, ItemRule, Scope, User, UserId

USERS = 2_000
RULES_EACH = 50  # of the users in the list
GROUPS = 16
RULES_OF_GROUPS = 100_000  # of all together
RULES_WRITTEN = 10_000  # as many as one user may have
MEMBER = "member"  # of all groups
HOLDER = "holder"  # of the rules that are replaced
ITEM = "Objects.Hall1.Line2.Machine3"
MOST_BUILDING = 300.0  # ms
MOST_WAIT = 20.0  # ms
QUESTIONS = 4  # after as many changes, in each round

_MERGED = f"rights.explain among {RULES_OF_GROUPS} rules of {GROUPS} groups"
_LISTED = f"Users/List of {USERS} users with {RULES_EACH} rules each"
_WRITTEN = f"Users/Write of {RULES_WRITTEN} rules"


def rights(plan: Plan) -> list[Figure]:
    """Merge, list and replace rules while another connection asks small questions."""
    first: list[float] = []
    again: list[float] = []
    with cores_apart() as cores, scratch() as folder:
        token = populate(folder, USERS, 1, tuple(rules_on_plant(RULES_EACH)))[0].token
        record(folder, _groups_with_member())
        with serving(folder, cores=cores) as server:
            owner = OwnerClient(folder)
            owner.call("users.add", name=USER_NAME, password=PASSWORD, scopes=int(Scope.ADMIN))
            tani = TaniClient(server.websocket)
            tani.log_in()
            nymea = Client(server.tcp)
            nymea.sign_in(token)
            ask, change = _question(owner), _change(nymea)
            acts: dict[str, Callable[[], object]] = {
                _MERGED: lambda: (change(), ask()),
                _LISTED: _listing(tani),
                _WRITTEN: _writing(tani),
            }
            waits = {subject: Waits() for subject in acts}
            for act in acts.values():
                act()  # for the first time, which loads what is loaded once
            for _ in range(max(3, plan.rounds // 3)):
                for _ in range(QUESTIONS):
                    change()
                    first.append(_milliseconds(ask))
                    again.append(_milliseconds(ask))
                for subject, act in acts.items():
                    waits[subject].measure(server.tcp, token, act)
    return [*_asking(first, again), *itertools.starmap(_waiting, waits.items())]


def _asking(first: list[float], again: list[float]) -> list[Figure]:
    extra = [whole - rest for whole, rest in zip(first, again, strict=True)]
    return [
        at_most(
            f"{_MERGED}: first, without what a second takes",
            median(extra),
            MOST_BUILDING,
            "ms",
            f"{min(extra):.0f} to {max(extra):.0f}",
        ),
        shown(f"{_MERGED}: second", median(again), "ms", "round trip"),
    ]


def _waiting(subject: str, waits: Waits) -> Figure:
    return at_most(
        f"{subject}: worst extra wait of another request",
        waits.worst_extra(),
        MOST_WAIT,
        "ms",
        waits.remark("it"),
    )


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1e3


# --- what the server has to do ------------------------------------------------------------------


def _question(owner: OwnerClient) -> Callable[[], Any]:
    """Give the question that takes all rules of the member."""
    return lambda: owner.call("rights.explain", user=MEMBER, item=ITEM)


def _change(nymea: Client) -> Callable[[], Any]:
    """Give a small change to the member, after which their rules are merged anew."""
    scopes = itertools.cycle([["PermissionScopeControlThings"], []])
    return lambda: nymea.call("Users.SetUserScopes", username=MEMBER, scopes=next(scopes))


def _listing(tani: TaniClient) -> Callable[[], bytes]:
    """Give a call that lists all users."""
    request = tani.request("Users/List", {}, number=1)
    return lambda: _reply(tani, request)


def _writing(tani: TaniClient) -> Callable[[], bytes]:
    """Give a call that replaces all rules of one user by others."""
    rules = rules_on_plant(2 * RULES_WRITTEN)
    requests = itertools.cycle(
        [
            tani.request(
                "Users/Write", {"Username": HOLDER, "Items": [*map(_item, some)]}, number=1
            )
            for some in (rules[:RULES_WRITTEN], rules[RULES_WRITTEN:])
        ]
    )
    return lambda: _reply(tani, next(requests))


def _item(rule: ItemRule) -> dict[str, Any]:
    return {"Itemname": rule.name, "Prefix": rule.is_prefix, "Write": rule.may_write}


def _reply(tani: TaniClient, request: bytes) -> bytes:
    """Send *request* and give the reply unparsed: that would take our time.

    Raises:
        RuntimeError: it was not done.
    """
    tani.wire.sock.sendall(request)
    reply = tani.wire.message()
    if b'"status":0,' not in reply[:100]:
        raise RuntimeError(f"not done: {reply[:500]!r}")
    return reply


def _groups_with_member() -> Iterator[Change]:
    """Make the groups, and a user who is a member of all of them and has no rules else."""
    rules = rules_on_plant(RULES_OF_GROUPS)
    groups = [Group(GroupId(os.urandom(16)), f"group{index}") for index in range(GROUPS)]
    for index, group in enumerate(groups):
        yield GroupAdded(group)
        yield GroupItemsChanged(group, tuple(rules[index::GROUPS]))
    member = User(UserId(os.urandom(16)), MEMBER, Scope.NONE)
    yield UserAdded(member, PASSWORD_HASH)
    yield MembershipsChanged(member, tuple(groups))
