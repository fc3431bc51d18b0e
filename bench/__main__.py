"""Run the benchmarks, print their figures, and keep those of a complete run in RESULTS.md.

Exit status: 0 when every bound is kept, 1 otherwise.
"""

import argparse
import compileall
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import keystead
from bench.auditing import auditing
from bench.decide import decide
from bench.fanout import fanout
from bench.figures import QUICK, Figure, Plan, table
from bench.idle import idle
from bench.laggard import laggard
from bench.listing import listing
from bench.machine import Neighbours, description, raise_open_files
from bench.page import page
from bench.rights import rights
from bench.scale import scale
from bench.sign_in import sign_in
from bench.tani import tani
from bench.throughput import throughput
from bench.writes import writes

PACKAGE = Path(keystead.__file__).parent
RESULTS = Path(__file__).with_name("RESULTS.md")
BENCHMARKS: dict[str, Callable[[Plan], list[Figure]]] = {
    "throughput": throughput,
    "tani": tani,
    "scale": scale,
    "listing": listing,
    "rights": rights,
    "writes": writes,
    "sign_in": sign_in,
    "auditing": auditing,
    "decide": decide,
    "idle": idle,
    "fanout": fanout,
    "laggard": laggard,
    "page": page,
}
INTRODUCTION = """\
# Results

Written by `make bench`. Server and load run on different cores and speak over loopback; CPU is
user and system time of the server's process alone. Ratios compare it with a bare uvloop program
that moves the same bytes, measured in turns in the same run; values are medians of the rounds.
"""


def main() -> int:
    """Run the benchmarks that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="shorter runs, smaller crowds")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stops servers, removes folders
    raise_open_files()
    compileall.compile_dir(PACKAGE, quiet=1)  # as in an installation; counts at the start
    neighbours = Neighbours()
    plan = QUICK if arguments.quick else Plan()
    figures: list[Figure] = []
    for name in arguments.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures += BENCHMARKS[name](plan)
    facts = "\n".join(f"- {line}" for line in [*description(), neighbours.description()])
    report = f"{INTRODUCTION}\n{facts}\n\n{table(figures)}\n"
    print(report)
    if not arguments.names and not plan.is_quick:
        RESULTS.write_text(report)
    return 1 if any(figure.is_met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
