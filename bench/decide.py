"""What one decision on an item costs, beside a bare dict and beside two other engines."""

import itertools
import json
import random
import time
from collections.abc import Callable
from statistics import median

from bench.figures import Figure, Plan, at_least, at_most, ratio_and_spread, shown
from bench.plant import item_name, rules_on_plant
from keystead.domain.items import RuleTable
from keystead.domain.model import ItemRule

GROUPS = 16
SIZES = (10, 1_000, 100_000)  # rules of one principal
QUESTIONS = 4_000  # half of them are allowed, half denied
MOST_RATIO = 12.0  # to a bare dict
PORTION = 1_000  # rules added at a time
MOST_BUILDING = 300.0  # ms for the largest table
OTHERS_SIZE = 1_000  # rules when other engines decide on the same
OTHERS_QUESTIONS = 40  # some milliseconds each
OUR_TURNS = 50  # what takes us microseconds is asked so often, to be measured at all
LEAST_RATIO = 1_000.0  # of other engines

Questions = list[tuple[str, bool]]  # items, and whether to write them


def decide(plan: Plan) -> list[Figure]:
    """Measure decisions in tables of several sizes, the making of one, and other engines."""
    figures = itertools.chain.from_iterable(_beside_a_dict(size, plan) for size in SIZES)
    return [*figures, _building(plan), *_beside_others(plan)]


def _beside_a_dict(size: int, plan: Plan) -> list[Figure]:
    rules = rules_on_plant(size)
    table = _table(rules)
    questions = _questions(rules, table, QUESTIONS)
    names = dict.fromkeys([*(rule.name for rule in rules), *(item for item, _ in questions)])
    bare, first, again = [], [], []
    for _ in range(plan.rounds):
        bare.append(_seconds_bare(names, questions))
        table.add((), None)  # forgets its decisions
        first.append(_seconds(table, questions))
        again.append(_seconds(table, questions))
    ratio, spread = ratio_and_spread(again, bare)
    first_ratio, _ = ratio_and_spread(first, bare)
    subject = f"decision among {size} rules of {GROUPS} groups"
    costs = [median(seconds) / QUESTIONS * 1e6 for seconds in (again, first, bare)]
    remark = f"asked for the first time {costs[1]:.2f} us; dict {costs[2]:.3f} us"
    return [
        shown(subject, costs[0], "us", remark),
        at_most(
            f"{subject}: ratio to a dict",
            ratio,
            MOST_RATIO,
            "x",
            f"{spread}; asked for the first time {first_ratio:.1f}",
        ),
    ]


def _seconds_bare(names: dict[str, None], questions: Questions) -> float:
    look_up = names.get
    start = time.perf_counter()
    for item, _ in questions:
        look_up(item)
    return time.perf_counter() - start


def _seconds(table: RuleTable, questions: Questions) -> float:
    decision = table.decide
    start = time.perf_counter()
    for item, write in questions:
        decision(item, write=write)
    return time.perf_counter() - start


def _building(plan: Plan) -> Figure:
    rules = rules_on_plant(SIZES[-1])
    times = []
    for _ in range(plan.rounds):
        start = time.perf_counter()
        _table(rules)
        times.append((time.perf_counter() - start) * 1e3)
    return at_most(
        f"table of {len(rules)} rules: time to make it",
        median(times),
        MOST_BUILDING,
        "ms",
        f"rounds {min(times):.0f} to {max(times):.0f}",
    )


# --- rules and questions ----------------------------------------------------------------------


def _table(rules: list[ItemRule]) -> RuleTable:
    """Merge the rules of all groups, in portions as a server does that has other work, too."""
    table = RuleTable()
    for group in range(GROUPS):
        own = rules[group::GROUPS]
        for start in range(0, len(own), PORTION):
            table.add(own[start : start + PORTION], f"group{group}")
    return table


def _questions(rules: list[ItemRule], table: RuleTable, count: int) -> Questions:
    """Draw different questions, as many to allow as to deny, a third of them on writing."""
    draw = random.Random(count)  # noqa: S311 - no secrets; the same in each run
    wanted = {True: count // 2, False: count // 2}
    questions: set[tuple[str, bool]] = set()
    while any(wanted.values()):
        write = draw.random() < 1 / 3
        item = item_name(draw, len(rules), draw.choice((3, 4, 5, 6)))
        if draw.random() < 1 / 2:
            near = draw.choice(rules)
            item = f"{near.name}.Unit{draw.randrange(count)}" if near.is_prefix else near.name
        allowed = table.decide(item, write=write)
        if wanted[allowed] and (item, write) not in questions:
            wanted[allowed] -= 1
            questions.add((item, write))
    return draw.sample(sorted(questions), count)


# --- other engines ----------------------------------------------------------------------------


def _beside_others(plan: Plan) -> list[Figure]:
    """Ask other engines the same, with rules and entities parsed beforehand."""
    rules = rules_on_plant(OTHERS_SIZE)
    table = _table(rules)
    questions = _questions(rules, table, OTHERS_QUESTIONS)
    expected = [table.decide(item, write=write) for item, write in questions]
    figures = []
    for name, engine in (("pycasbin", _casbin), ("cedarpy", _cedar)):
        answers = engine(rules, questions)
        assert answers() == expected, f"{name} decides otherwise"
        theirs, first, again = [], [], []
        for _ in range(max(3, plan.rounds // 3)):
            start = time.perf_counter()
            answers()
            theirs.append(time.perf_counter() - start)
            table.add((), None)  # forgets its decisions
            first.append(_seconds(table, questions))
            again.append(_seconds(table, questions * OUR_TURNS) / OUR_TURNS)
        ratio, _ = ratio_and_spread(theirs, again)
        first_ratio, _ = ratio_and_spread(theirs, first)
        costs = [median(times) / len(questions) * 1e6 for times in (theirs, again)]
        figures.append(
            at_least(
                f"{name} among the same {len(rules)} rules: ratio to ours",
                ratio,
                LEAST_RATIO,
                "x",
                f"{costs[0]:.0f} us, ours {costs[1]:.2f} us;"
                f" asked for the first time {first_ratio:.0f}",
            )
        )
    return figures


CASBIN_MODEL = """
[request_definition]
r = user, item, right
[policy_definition]
p = group, name, reach, right
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = matches(r.item, p.name, p.reach) && (r.right == p.right || p.right == 'write') \
    && g(r.user, p.group)
"""


def _casbin(rules: list[ItemRule], questions: Questions) -> Callable[[], list[bool]]:
    """Make an enforcer; its matcher asks first what most policies fail."""
    import casbin  # noqa: PLC0415 - only `make bench` installs it

    def matches(item: str, name: str, reach: str) -> bool:
        return item == name or (reach == "prefix" and item.startswith(f"{name}."))

    model = casbin.Model()
    model.load_model_from_text(CASBIN_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("matches", matches)
    enforcer.add_policies(
        [
            (
                f"group{index % GROUPS}",
                rule.name,
                "prefix" if rule.is_prefix else "exact",
                "write" if rule.may_write else "read",
            )
            for index, rule in enumerate(rules)
        ]
    )
    enforcer.add_grouping_policies([("ann", f"group{index}") for index in range(GROUPS)])
    requests = [("ann", item, "write" if write else "read") for item, write in questions]
    return lambda: [enforcer.enforce(*request) for request in requests]


def _cedar(rules: list[ItemRule], questions: Questions) -> Callable[[], list[bool]]:
    """Parse policies, groups and items; ask all at once, which is its fastest way."""
    import cedarpy  # noqa: PLC0415 - only `make bench` installs it

    policies = cedarpy.PolicySet.from_str(
        "\n".join(
            _cedar_policy(f"group{index % GROUPS}", rule) for index, rule in enumerate(rules)
        )
    )
    parents: dict[tuple[str, str], list[tuple[str, str]]] = {
        ("User", "ann"): [("Group", f"group{index}") for index in range(GROUPS)]
    }
    for item, _ in questions:
        path = item
        while path:
            above = path.rpartition(".")[0]
            parents["Item", path] = [("Item", above)] if above else []
            path = above
    entities = cedarpy.Entities.from_json_str(
        json.dumps(
            [
                {
                    "uid": _cedar_id(*entity),
                    "attrs": {},
                    "parents": [_cedar_id(*of) for of in all_of],
                }
                for entity, all_of in parents.items()
            ]
        )
    )
    requests = [
        {
            "principal": _cedar_id("User", "ann"),
            "action": _cedar_id("Action", "write" if write else "read"),
            "resource": _cedar_id("Item", item),
            "context": {},
        }
        for item, write in questions
    ]
    return lambda: [
        result.allowed for result in cedarpy.is_authorized_batch(requests, policies, entities)
    ]


def _cedar_policy(group: str, rule: ItemRule) -> str:
    reach = "in" if rule.is_prefix else "=="
    actions = 'Action::"read", Action::"write"' if rule.may_write else 'Action::"read"'
    return (
        f'permit(principal in Group::"{group}", action in [{actions}],'
        f' resource {reach} Item::"{rule.name}");'
    )


def _cedar_id(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}
