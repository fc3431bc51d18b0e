"""Who may read and write which items of the plant: the engine that decides and explains."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from keystead.domain.model import ItemRule

MAX_ITEM_NAME_LENGTH = 1024  # code points; our choice

# Decisions on the first items that are asked of a table are looked up when asked again: that
# takes a quarter of the time. Kept for reading and for writing, about 1 MB each with usual names.
MOST_REMEMBERED = 8_192
LONGEST_REMEMBERED = 128  # code points; so that nobody fills the memory with long names

# No NUL and no surrogates, like all texts; one search, as thousands of names may come at once.
_UNFIT = re.compile(r"[\0\ud800-\udfff]")

# What speaks on one name is a number: the lowest bit tells whether any rule gives the right to
# write. With _SEVERAL the rest is an index into a list of lists of such numbers; without, it is
# the one rule: whether it is a prefix, whether it was written with a trailing dot, and the index
# of its source. A table may hold a hundred thousand of them: numbers are made and freed at once,
# and neither they nor the dicts that hold them are anything for the garbage collector.
_WRITES, _SEVERAL, _PREFIX, _DOTTED = 1, 2, 4, 8
_SOURCE_SHIFT, _INDEX_SHIFT = 4, 2


class Spoken(NamedTuple):
    """A rule that matches an item, and the group that gives it; None for the account's own."""

    rule: ItemRule
    source: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and all rules that speak on it, the most specific first.

    Attributes:
        spoken: rules of the item alone, then those of prefixes from the longest name to the
            shortest; rules of one name in the order in which they were added. Rules that give
            less than was asked are among them.
    """

    allowed: bool
    spoken: tuple[Spoken, ...]


class RuleTable:
    """The merged rules of one principal. They only ever give, so their order does not matter.

    >>> table = RuleTable()
    >>> table.add([ItemRule("Objects.Plant", is_prefix=True)], "operators")
    >>> table.decide("Objects.Plant.Boiler", write=False)
    True
    >>> table.decide("Objects.Plant2", write=False)
    False

    Source: Tani 5, 9, 11 and 13.
    """

    __slots__ = (
        "_below",
        "_exact",
        "_readable",
        "_several",
        "_shortest",
        "_sources",
        "_writable",
    )

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}  # what speaks on the item of this name
        self._below: dict[str | None, int] = {}  # and on all below it; None: on everything
        self._several: list[list[int]] = []  # where one name has more than one rule
        self._sources: list[str | None] = []
        self._shortest = sys.maxsize  # length of the shortest path in _below; -1 for everything
        self._readable: dict[str, bool] = {}  # decisions made before
        self._writable: dict[str, bool] = {}

    def add(self, rules: Iterable[ItemRule], source: str | None) -> None:
        """Merge *rules* into the table; many may come in portions.

        Args:
            rules: valid ones, duplicates folded.
            source: the group that gives them; None for the account's own.
        """
        if not self._sources or self._sources[-1] != source:
            self._sources.append(source)
        whose = (len(self._sources) - 1) << _SOURCE_SHIFT
        exact, below, shortest = self._exact, self._below, self._shortest
        for name, is_prefix, may_write in rules:
            code = whose | may_write
            if is_prefix:
                code |= _PREFIX
                path = name.removesuffix(".") if name else None
                if path != name and path is not None:
                    code |= _DOTTED
                before = below.get(path)
                below[path] = code if before is None else self._joined(before, code)
                shortest = min(shortest, -1 if path is None else len(path))
                if path != name:
                    continue
            before = exact.get(name)
            exact[name] = code if before is None else self._joined(before, code)
        self._shortest = shortest
        self._readable.clear()
        self._writable.clear()

    def _joined(self, before: int, code: int) -> int:
        """Give what speaks on a name when a rule joins what spoke on it *before*."""
        writes = (before | code) & _WRITES
        if before & _SEVERAL:
            self._several[before >> _INDEX_SHIFT].append(code)
            return before | writes
        self._several.append([before, code])
        return (len(self._several) - 1) << _INDEX_SHIFT | _SEVERAL | writes

    def decide(self, item: str, *, write: bool) -> bool:
        """Tell whether *item* may be read, or with *write* whether it may be written."""
        remembered = self._writable if write else self._readable
        allowed = remembered.get(item)
        if allowed is None:
            allowed = self._walk(item, write=write)
            if len(remembered) < MOST_REMEMBERED and len(item) <= LONGEST_REMEMBERED:
                remembered[item] = allowed
        return allowed

    def explain(self, item: str, *, write: bool) -> Explanation:
        """Decide and tell which rules spoke.

        >>> table = RuleTable()
        >>> table.add([ItemRule("Objects", is_prefix=True)], "guests")
        >>> table.add([ItemRule("Objects.Lamp", may_write=True)], None)
        >>> for rule, source in table.explain("Objects.Lamp", write=True).spoken:
        ...     print(rule.name, rule.may_write, source)
        Objects.Lamp True None
        Objects False guests
        """
        heard: list[tuple[str | None, int]] = []
        self._walk(item, write=write, heard=heard)
        spoken = [each for path, voices in heard for each in self._spoken(path, voices)]
        spoken.sort(key=lambda each: (each.rule.is_prefix, -len(each.rule.name)))
        allowed = any(rule.may_write or not write for rule, _ in spoken)
        return Explanation(allowed, tuple(spoken))

    def covers(self, rule: ItemRule) -> bool:
        """Tell whether the table gives everything that *rule* would give.

        All that lies below a path is covered only by a prefix of that path: single items, be
        they ever so many, are never all.

        >>> table = RuleTable()
        >>> table.add([ItemRule("Objects.", is_prefix=True)], None)
        >>> table.covers(ItemRule("Objects.Plant", is_prefix=True))
        True
        >>> table.covers(ItemRule("Objects", is_prefix=True))
        False

        Source: our choice; nobody grants a right that they do not hold.
        """
        name, is_prefix, write = rule
        if not self.decide(name, write=write):
            return False
        # The prefixes that match the path with a dot cover all that lies below the path.
        start = f"{name}." if name and not name.endswith(".") else name
        return not is_prefix or any(
            prefix.is_prefix and (prefix.may_write or not write)
            for prefix, _ in self.explain(start, write=write).spoken
        )

    def _walk(
        self, item: str, *, write: bool, heard: list[tuple[str | None, int]] | None = None
    ) -> bool:
        """Go up from *item* until a rule gives what is asked, or to the end to fill *heard*."""
        below, shortest = self._below, self._shortest
        voices = self._exact.get(item)
        key: str | None = item
        # No path is longer, so none is missed; a name of a million dots is not walked in full.
        path = item if len(item) <= MAX_ITEM_NAME_LENGTH else item[: MAX_ITEM_NAME_LENGTH + 1]
        dot = "."
        while True:
            if voices is not None:
                if heard is not None:
                    heard.append((key, voices))
                elif voices & _WRITES or not write:
                    return True
            if not dot or len(path) <= shortest:
                return False
            # Twice as fast as a slice up to `rfind`.
            path, dot, _ = path.rpartition(".")
            key = path if dot else None
            voices = below.get(key)

    def _spoken(self, path: str | None, voices: int) -> Iterator[Spoken]:
        """Give the rules behind a number, in the order in which they were added."""
        codes = self._several[voices >> _INDEX_SHIFT] if voices & _SEVERAL else [voices]
        for code in codes:
            name = "" if path is None else f"{path}." if code & _DOTTED else path
            rule = ItemRule(name, bool(code & _PREFIX), bool(code & _WRITES))
            yield Spoken(rule, self._sources[code >> _SOURCE_SHIFT])


def is_valid(rule: ItemRule) -> bool:
    r"""Tell whether *rule* may be kept: its name fits, and is not empty but for everything.

    >>> is_valid(ItemRule("Objects.Plant")), is_valid(ItemRule("", is_prefix=True))
    (True, True)
    >>> is_valid(ItemRule("")), is_valid(ItemRule("a\0b"))
    (False, False)

    Source: Tani 5, 13 for the empty name; the length and the characters are our choice.
    """
    name, is_prefix, _ = rule
    return (
        bool(name or is_prefix)
        and len(name) <= MAX_ITEM_NAME_LENGTH
        and ("\0" not in name if name.isascii() else _UNFIT.search(name) is None)
    )


def are_valid(rules: Sequence[ItemRule]) -> bool:
    """Tell whether each of *rules* may be kept; quickly for thousands of usual ones."""
    names = [rule.name for rule in rules]
    text = "".join(names)
    if text.isascii() and "\0" not in text and all(names):
        return max(map(len, names), default=0) <= MAX_ITEM_NAME_LENGTH
    return all(map(is_valid, rules))


def folded(rules: Sequence[ItemRule]) -> tuple[ItemRule, ...]:
    """Give *rules* without duplicates, in the order of first appearance; writing wins.

    >>> rules = folded([ItemRule("a"), ItemRule("b"), ItemRule("a", may_write=True)])
    >>> [(rule.name, rule.may_write) for rule in rules]
    [('a', True), ('b', False)]

    Source: Tani 5, 6.
    """
    if len({rule.name for rule in rules}) == len(rules):  # as mostly
        return tuple(rules)
    kept = {rule[:2]: rule for rule in rules}
    kept |= {rule[:2]: rule for rule in rules if rule.may_write}
    return tuple(kept.values())
