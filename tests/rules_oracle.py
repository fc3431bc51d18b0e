"""The rights on items once more, slowly and straight from their definition, to compare with.

A name is a list of segments, with a dot between each two; two names are equal when all code
points are.  Source: Tani 5, 9, 11 and 13.
"""


def matches(rule, item):
    """Tell whether *rule* speaks on *item*."""
    if not rule.is_prefix:
        return item == rule.name
    if rule.name == "":
        return True
    without_node = rule.name[-1] == "."
    path = (rule.name[:-1] if without_node else rule.name).split(".")
    segments = item.split(".")
    if segments == path:
        return not without_node
    return segments[: len(path)] == path


def gives(rule, item, *, write):
    """Tell whether *rule* gives the right to read, or with *write* to write, *item*."""
    return matches(rule, item) and (rule.may_write or not write)


def decision(given, item, *, write):
    """Tell whether any rule gives it."""
    return any(gives(rule, item, write=write) for rule, _ in given)


def spoken(given, item):
    """List who speaks: rules of the item alone, then prefixes, those with long names first."""
    speaking = [pair for pair in given if matches(pair[0], item)]
    alone = [pair for pair in speaking if not pair[0].is_prefix]
    prefixes = [pair for pair in speaking if pair[0].is_prefix]
    lengths = sorted({len(rule.name) for rule, _ in prefixes}, reverse=True)
    return alone + [
        pair for length in lengths for pair in prefixes if len(pair[0].name) == length
    ]


def covers(given, rule, universe):
    """Tell whether all that *rule* gives in *universe* is given already."""
    return all(
        decision(given, item, write=write)
        for item in universe
        for write in (False, True)
        if gives(rule, item, write=write)
    )
