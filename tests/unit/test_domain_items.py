"""Which items a rule reaches, and that the engine that decides says why."""

import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keystead.domain.items import (
    LONGEST_REMEMBERED,
    MAX_ITEM_NAME_LENGTH,
    MOST_REMEMBERED,
    Explanation,
    RuleTable,
    folded,
    is_valid,
)
from keystead.domain.model import ItemRule
from tests import rules_oracle as oracle

# Few segments, so that names meet; among them what looks alike and what looks like nothing.
SEGMENTS = ("", "a", "b", "A", "a2", "aa", " ", "\u00e9", "e\u0301", "\0", "\n", "\U0001f600")
NAMES = st.lists(st.sampled_from(SEGMENTS), max_size=6).map(".".join) | st.text(
    "a.\u00e9\0", max_size=12
)
RULES = st.builds(ItemRule, NAMES, st.booleans(), st.booleans())
SOURCES = st.sampled_from((None, "operators", "guests", "anonymous"))
GIVEN = st.lists(st.tuples(RULES, SOURCES), max_size=16)

# All names of up to four segments, one of which no rule has: it stands for names unheard of.
TINY_NAMES = st.lists(st.sampled_from(("", "a", "b")), max_size=3).map(".".join)
TINY_RULES = st.builds(ItemRule, TINY_NAMES, st.booleans(), st.booleans())
UNIVERSE = [
    ".".join(segments)
    for depth in range(5)
    for segments in itertools.product(("", "a", "b", "unheard"), repeat=depth)
]


def prefix(name, *, write=False):
    return ItemRule(name, is_prefix=True, may_write=write)


def exact(name, *, write=False):
    return ItemRule(name, may_write=write)


def table_of(pairs):
    merged = RuleTable()
    for rule, source in pairs:
        merged.add([rule], source)
    return merged


def table(*rules):
    return table_of((rule, None) for rule in rules)


def reads(rules, item):
    return rules.decide(item, write=False)


def writes(rules, item):
    return rules.decide(item, write=True)


def rights(rules, items):
    return {
        (item, write)
        for item in items
        for write in (False, True)
        if rules.decide(item, write=write)
    }


# --- what a rule reaches ----------------------------------------------------------------------


@pytest.mark.parametrize("item", ["", ".", "Objects", "Objects.Plant"])
def test_without_rules_there_is_no_right(item):
    assert not reads(RuleTable(), item)
    assert not writes(RuleTable(), item)
    assert RuleTable().explain(item, write=False) == Explanation(allowed=False, spoken=())


@pytest.mark.parametrize(
    ("rule", "item"),
    [
        (exact("Objects.Plant"), "Objects.Plant"),
        (exact("Objects."), "Objects."),
        (exact("."), "."),
        (prefix("Objects.Plant"), "Objects.Plant"),
        (prefix("Objects.Plant"), "Objects.Plant."),
        (prefix("Objects.Plant"), "Objects.Plant.Boiler"),
        (prefix("Objects.Plant"), "Objects.Plant..Boiler.Level"),
        (prefix("Objects.Plant."), "Objects.Plant."),
        (prefix("Objects.Plant."), "Objects.Plant.Boiler.Level"),
        (prefix("Objects.."), "Objects.."),
        (prefix("Objects.."), "Objects..Plant"),
        (prefix(".Objects"), ".Objects.Plant"),
        (prefix("."), "."),
        (prefix("."), ".Objects"),
        (prefix("."), "..Objects"),
        (prefix(".."), "..Objects"),
        (prefix(""), ""),
        (prefix(""), "."),
        (prefix(""), "Objects"),
        (prefix(""), "Objects.Plant.Boiler"),
    ],
)
def test_a_rule_gives_what_it_names(rule, item):
    assert reads(table(rule), item)
    assert not writes(table(rule), item)
    assert writes(table(rule._replace(may_write=True)), item)


@pytest.mark.parametrize(
    ("rule", "item"),
    [
        (exact("Objects.Plant"), "Objects.Plant.Boiler"),
        (exact("Objects.Plant"), "Objects"),
        (exact("Objects.Plant"), "Objects.Plant."),
        (exact("Objects.Plant."), "Objects.Plant"),
        (exact("Objects.Plant."), "Objects.Plant.Boiler"),
        (exact("Objects"), "objects"),
        (exact("\u00e9"), "e\u0301"),
        (exact("Objects"), " Objects"),
        (prefix("Objects.Plant"), "Objects.Plant2"),
        (prefix("Objects.Plant"), "Objects.Plant2.Boiler"),
        (prefix("Objects.Plant"), "Objects"),
        (prefix("Objects.Plant"), "Objects.plant.Boiler"),
        (prefix("Objects.Plant"), "Plant.Boiler"),
        (prefix("\u00e9"), "e\u0301.x"),
        (prefix("Objects.Plant."), "Objects.Plant"),
        (prefix("Objects.Plant."), "Objects.Plant2.Boiler"),
        (prefix("Objects.."), "Objects"),
        (prefix("Objects.."), "Objects."),
        (prefix("Objects.."), "Objects.Plant"),
        (prefix("."), ""),
        (prefix("."), "Objects"),
        (prefix("."), "Objects.Plant"),
        (prefix(".."), ".Objects"),
        (prefix(".Objects"), "Objects.Plant"),
    ],
)
def test_a_rule_gives_nothing_else(rule, item):
    assert not reads(table(rule._replace(may_write=True)), item)


def test_the_right_to_write_may_come_from_a_wider_rule_than_that_to_read():
    rules = table(
        prefix("Objects", write=True), prefix("Objects.Plant"), exact("Objects.Plant")
    )
    assert writes(rules, "Objects.Plant")
    assert writes(rules, "Objects.Plant.Boiler")


@pytest.mark.parametrize("first", [False, True])
def test_of_two_rules_on_one_name_either_may_give_the_right_to_write(first):
    rules = table(prefix("Objects", write=first), prefix("Objects", write=not first))
    assert writes(rules, "Objects")
    assert writes(rules, "Objects.Plant")


@pytest.mark.clause("EN 18031-1 ACM-2", "OWASP ASVS 5.0 8.2.2")
@given(GIVEN, st.lists(NAMES, min_size=1, max_size=8))
def test_engine_and_definition_agree(rules, items):
    merged = table_of(rules)
    for item in [*items, *(rule.name for rule, _ in rules)]:
        for write in (False, True):
            explanation = merged.explain(item, write=write)
            expected = oracle.decision(rules, item, write=write)
            assert merged.decide(item, write=write) == expected
            assert explanation.allowed == expected
            assert list(explanation.spoken) == oracle.spoken(rules, item)


@given(GIVEN, NAMES, st.booleans())
def test_every_rule_that_spoke_matches_and_any_of_them_gives_the_right(rules, item, write):
    explanation = table_of(rules).explain(item, write=write)
    assert all(oracle.matches(rule, item) for rule, _ in explanation.spoken)
    assert explanation.allowed == any(
        oracle.gives(rule, item, write=write) for rule, _ in explanation.spoken
    )


# --- what adding does -------------------------------------------------------------------------


@given(GIVEN, RULES, SOURCES, st.lists(NAMES))
def test_one_rule_more_never_takes_a_right_away(rules, one, source, items):
    merged = table_of(rules)
    items += [one.name, *(rule.name for rule, _ in rules)]
    before = rights(merged, items)
    merged.add([one], source)
    assert before <= rights(merged, items)


@given(GIVEN.filter(bool), st.lists(NAMES), st.data())
def test_one_rule_less_never_gives_a_right(rules, items, data):
    index = data.draw(st.integers(0, len(rules) - 1))
    items += [rule.name for rule, _ in rules]
    fewer = table_of(rules[:index] + rules[index + 1 :])
    assert rights(fewer, items) <= rights(table_of(rules), items)


@given(GIVEN, st.lists(NAMES), st.randoms(use_true_random=False))
def test_neither_order_nor_portions_matter_to_a_decision(rules, items, random):
    shuffled = random.sample(rules, len(rules))
    items += [rule.name for rule, _ in rules]
    portions = RuleTable()
    for source in {source for _, source in rules}:
        own = [rule for rule, other in shuffled if other == source]
        cut = random.randint(0, len(own))
        portions.add(own[:cut], source)
        rights(portions, items)  # what is asked in between changes nothing either
        portions.add(iter(own[cut:]), source)
    assert rights(portions, items) == rights(table_of(rules), items)


def test_a_decision_that_was_made_before_follows_new_rules():
    rules = table(exact("Objects.Lamp"))
    assert not writes(rules, "Objects.Lamp")
    assert not reads(rules, "Objects.Door")
    rules.add([prefix("Objects", write=True)], "operators")
    assert writes(rules, "Objects.Lamp")
    assert reads(rules, "Objects.Door")


def test_only_so_many_decisions_are_remembered_and_the_others_are_right_too():
    rules = table(prefix("Objects"))
    for number in range(MOST_REMEMBERED + 10):
        assert reads(rules, f"Objects.Item{number}")
        assert not reads(rules, f"Secrets.Item{number}")
    assert len(rules._readable) == MOST_REMEMBERED


def test_decisions_on_long_names_are_not_remembered():
    rules = table(prefix("Objects"))
    rest = "x" * (LONGEST_REMEMBERED - len("Objects."))
    assert reads(rules, f"Objects.{rest}")
    assert reads(rules, f"Objects.x{rest}")
    assert list(rules._readable) == [f"Objects.{rest}"]


# --- long names -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [MAX_ITEM_NAME_LENGTH - 1, MAX_ITEM_NAME_LENGTH])
def test_a_prefix_of_the_greatest_length_reaches_below(length):
    path = "a" * length
    assert reads(table(prefix(path)), path)
    assert reads(table(prefix(path)), f"{path}.b")
    assert not reads(table(prefix(path)), f"{path}b.b")


def test_a_long_item_is_reached_by_a_short_prefix():
    rules = table(prefix("Objects"))
    assert reads(rules, "Objects." + "a" * 2 * MAX_ITEM_NAME_LENGTH)
    assert not reads(rules, "Objects" + "a.b" * MAX_ITEM_NAME_LENGTH)


def test_a_name_of_a_million_dots_is_decided_at_once():
    start = time.process_time()
    assert not reads(table(exact("Objects"), prefix("a")), "." * 1_000_000)
    assert time.process_time() - start < 1


# --- explaining -------------------------------------------------------------------------------


def test_an_explanation_names_all_who_spoke_the_most_specific_first():
    rules = RuleTable()
    rules.add([prefix("", write=True)], "anonymous")
    rules.add([prefix("Objects"), prefix("Objects.Plant"), prefix("Objects.Plant2")], "guests")
    rules.add([prefix("Objects."), prefix("Objects.Plant", write=True)], "operators")
    rules.add([exact("Objects.Plant")], None)
    explanation = rules.explain("Objects.Plant", write=True)
    assert explanation.allowed
    assert explanation.spoken == (
        (exact("Objects.Plant"), None),
        (prefix("Objects.Plant"), "guests"),
        (prefix("Objects.Plant", write=True), "operators"),
        (prefix("Objects."), "operators"),
        (prefix("Objects"), "guests"),
        (prefix("", write=True), "anonymous"),
    )


def test_a_refusal_names_the_rules_that_give_less():
    rules = table(prefix("Objects"))
    explanation = rules.explain("Objects.Lamp", write=True)
    assert not explanation.allowed
    assert explanation.spoken == ((prefix("Objects"), None),)


# --- nobody grants what they do not hold ------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ([exact("a")], exact("a")),
        ([prefix("a")], exact("a.b")),
        ([prefix("a")], prefix("a")),
        ([prefix("a")], prefix("a.")),
        ([prefix("a")], prefix("a.b")),
        ([prefix("a.")], prefix("a.b")),
        ([prefix("a.")], prefix("a..")),
        ([prefix("a."), exact("a")], prefix("a")),
        ([prefix(""), prefix("a."), exact("a", write=True)], prefix("a")),
        ([prefix("a.", write=True), exact("a", write=True)], prefix("a", write=True)),
        ([prefix("a"), prefix("", write=True)], prefix("a.b", write=True)),
        ([prefix("")], prefix("")),
        ([prefix("")], prefix(".")),
        ([prefix(".")], prefix("..")),
    ],
)
def test_what_is_held_covers(held, asked):
    assert table(*held).covers(asked)


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ([], exact("a")),
        ([exact("a")], exact("a", write=True)),
        ([exact("a")], prefix("a")),
        ([exact("a"), exact("a."), exact("a.b")], prefix("a.")),
        ([prefix("a.b"), prefix("a.c")], prefix("a.")),
        ([prefix("a.")], prefix("a")),
        ([prefix("a."), exact("a")], prefix("a", write=True)),
        ([prefix("a.", write=True), exact("a")], prefix("a", write=True)),
        ([prefix("a."), exact("a", write=True)], prefix("a", write=True)),
        ([prefix("a")], prefix("a2")),
        ([prefix("a", write=True)], prefix("")),
        ([prefix(".", write=True), prefix("a", write=True)], prefix("")),
        ([prefix("..")], prefix(".")),
    ],
)
def test_what_is_held_does_not_cover(held, asked):
    assert not table(*held).covers(asked)


@given(st.lists(TINY_RULES, max_size=8), TINY_RULES)
@example([prefix("a."), exact("a", write=True)], prefix("a"))
@example([prefix("a.", write=True), exact("a", write=True)], prefix("a", write=True))
def test_a_rule_is_covered_when_all_that_it_gives_is_held(held, asked):
    pairs = [(rule, None) for rule in held]
    assert table(*held).covers(asked) == oracle.covers(pairs, asked, UNIVERSE)


@given(GIVEN.filter(bool), st.data())
def test_what_was_added_is_covered(rules, data):
    rule, _ = data.draw(st.sampled_from(rules))
    assert table_of(rules).covers(rule)
    assert table_of(rules).covers(rule._replace(may_write=False))


# --- valid rules, without duplicates ----------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        *(exact("Objects.Plant"), exact("."), exact(" "), exact("\n"), exact("\U0001f600")),
        *(prefix(""), prefix("Objects."), prefix("."), exact("a" * MAX_ITEM_NAME_LENGTH)),
    ],
)
def test_any_name_is_valid_that_can_be_kept(rule):
    assert is_valid(rule)


@pytest.mark.parametrize(
    "rule",
    [
        *(exact(""), exact("a\0b"), prefix("\0"), exact("\ud800"), prefix("a.\udfff")),
        *(exact("a" * (MAX_ITEM_NAME_LENGTH + 1)), prefix("." * (MAX_ITEM_NAME_LENGTH + 1))),
    ],
)
def test_other_names_are_not_valid(rule):
    assert not is_valid(rule)


def test_of_duplicates_the_first_place_and_the_right_to_write_stay():
    rules = [
        exact("b"),
        exact("a"),
        prefix("b"),
        exact("a", write=True),
        exact("a"),
        exact("b"),
    ]
    assert folded(rules) == (exact("b"), exact("a", write=True), prefix("b"))


@given(st.lists(RULES))
def test_folding_changes_no_right_and_leaves_no_duplicate(rules):
    kept = folded(rules)
    items = [rule.name for rule in rules]
    assert rights(table(*kept), items) == rights(table(*rules), items)
    assert len({rule[:2] for rule in kept}) == len(kept)
    assert folded(kept) == kept
