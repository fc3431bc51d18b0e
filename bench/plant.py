"""Rules on the items of a plant, drawn by chance but the same in each run."""

import itertools
import random

from keystead.domain.model import ItemRule


def rules_on_plant(size: int) -> list[ItemRule]:
    """Draw rules on a plant that grows with them; half are prefixes, a third write."""
    draw = random.Random(size)  # noqa: S311 - no secrets; the same in each run
    rules: dict[tuple[str, bool], ItemRule] = {}
    while len(rules) < size:
        is_prefix = draw.random() < 1 / 2
        name = item_name(draw, size, draw.choice((3, 4, 5) if is_prefix else (3, 4, 5, 6)))
        rules[name, is_prefix] = ItemRule(name, is_prefix, draw.random() < 1 / 3)
    return list(rules.values())


def item_name(draw: random.Random, size: int, segments: int) -> str:
    """Draw a name such as ``Objects.Hall3.Line0.Machine5`` from a plant with *size* rules."""
    many = 3 + int(3 * size**0.25)
    kinds = {"Hall": many, "Line": many, "Machine": many, "Sensor": 12, "Value": 12}
    below = (f"{kind}{draw.randrange(count)}" for kind, count in kinds.items())
    return ".".join(("Objects", *itertools.islice(below, segments - 1)))
