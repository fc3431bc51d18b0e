"""What a benchmark gives back: figures beside their bounds, and the table they make."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One measured value; without a bound it is only shown."""

    subject: str
    value: str
    bound: str = ""
    is_met: bool | None = None
    remark: str = ""


@dataclass(frozen=True)
class Plan:
    """How long and how large the runs are."""

    rounds: int = 15  # short and many, so that what disturbs the machine disturbs both sides
    seconds: float = 0.5  # of load, each round and each thing compared
    crowd: int = 5_000  # connections
    users: int = 100_000  # in the large directory, two tokens each
    is_quick: bool = False


QUICK = Plan(rounds=5, seconds=0.25, crowd=1_000, users=10_000, is_quick=True)


def shown(subject: str, value: float, unit: str, remark: str = "") -> Figure:
    """Give a figure that has no bound."""
    return Figure(subject, written(value, unit), remark=remark)


def at_most(subject: str, value: float, bound: float, unit: str, remark: str = "") -> Figure:
    """Give a figure that must not exceed *bound*."""
    is_met = value <= bound
    return Figure(subject, written(value, unit), f"≤ {bound:g} {unit}", is_met, remark)


def at_least(subject: str, value: float, bound: float, unit: str, remark: str = "") -> Figure:
    """Give a figure that must reach *bound*."""
    is_met = value >= bound
    return Figure(subject, written(value, unit), f"≥ {bound:g} {unit}", is_met, remark)


def written(value: float, unit: str) -> str:
    """Write *value* with three digits that mean something.

    >>> written(0.04567, "ms"), written(2.5, "x"), written(12345.6, "/s")
    ('0.046 ms', '2.50 x', '12346 /s')
    """
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} {unit}"


def ratio_and_spread(over: list[float], under: list[float]) -> tuple[float, str]:
    """Give the median of the rounds' ratios, and a remark on how far they lie apart."""
    ratios = [above / below for above, below in zip(over, under, strict=True)]
    return median(ratios), f"rounds {min(ratios):.2f} to {max(ratios):.2f}"


def table(figures: list[Figure]) -> str:
    """Lay *figures* out as a Markdown table that also reads well as plain text."""
    rows = [["measured", "value", "bound", "met", "remark"]]
    for figure in figures:
        met = {True: "yes", False: "NO", None: ""}[figure.is_met]
        rows.append([figure.subject, figure.value, figure.bound, met, figure.remark])
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    rows.insert(1, ["-" * width for width in widths])
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(f"| {line} |" for line in lines)
