"""Simulate the coverage of every interval and the level of every test of `geomem.statistics`.

    python benchmarks/interval_coverage.py                      the table of docs/statistics.md
    python benchmarks/interval_coverage.py --rows points both   some of its rows
    python benchmarks/interval_coverage.py --trials 100         fewer trials
    python benchmarks/interval_coverage.py --speed       seconds of 1,000 bootstrap samples instead

The populations are those of `tests/statistics/coverage.py`; intervals are 95 % ones.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.statistics import coverage  # noqa: E402 (found on the path added above)

ROWS = {  # what it is, the fraction it should be, trials, the simulation and its arguments
    "manifolds": (
        "interval, 16 manifolds", 0.95, 600, coverage.of_intervals, {"over": "manifolds"}
    ),
    "few-manifolds": (
        "interval, 6 manifolds", 0.95, 600, coverage.of_intervals,
        {"over": "manifolds", "n_manifolds": 6},
    ),
    "points": (
        "interval over points, M = 12", 0.95, 300, coverage.of_intervals, {"over": "points"}
    ),
    "more-points": (
        "interval over points, M = 40", 0.95, 150, coverage.of_intervals,
        {"over": "points", "n_manifolds": 8, "n_points": 40},
    ),
    "both": ("interval over both", 0.95, 300, coverage.of_intervals, {"over": "both"}),
    "glue-manifolds": (
        "GLUE, interval, 12 manifolds", 0.95, 150, coverage.of_intervals,
        {"over": "manifolds", "measure": "glue", "n_manifolds": 12, "n_points": 8},
    ),
    "glue-points": (
        "GLUE, interval over points, M = 8", 0.95, 150, coverage.of_intervals,
        {"over": "points", "measure": "glue", "n_manifolds": 8, "n_points": 8},
    ),
    "paired": (
        "paired difference", 0.95, 400, coverage.of_differences,
        {"paired": True, "over": "manifolds"},
    ),
    "unpaired": (
        "difference", 0.95, 400, coverage.of_differences, {"paired": False, "over": "manifolds"}
    ),
    "paired-points": (
        "paired difference over points", 0.95, 200, coverage.of_differences,
        {"paired": True, "over": "points"},
    ),
    "groups": (
        "groups of 4 networks, classes in common", 0.95, 200, coverage.of_groups,
        {"in_common": "manifolds"},
    ),
    "groups-alone": (
        "the same, in_common=None", 0.95, 200, coverage.of_groups, {"in_common": None}
    ),
    "common-size": ("at_common_size, 8 of 16 points", 0.95, 150, coverage.of_common_sizes, {}),
    "paired-test": (
        "p <= .05 of a paired difference", 0.05, 600, coverage.of_tests, {"paired": True}
    ),
    "test": ("p <= .05 of a difference", 0.05, 600, coverage.of_tests, {"paired": False}),
    "shuffles": ("p <= .1 of shuffle_null", 0.1, 300, coverage.of_shuffles, {}),
}  # fmt: skip


def speed():
    """1,000 samples of P 100, M 50, N 5000 (the authors' README example), in units of one call."""
    import numpy as np
    from geomem.geometry import manifold_geometry
    from geomem.statistics import bootstrap, sample

    points = np.random.default_rng(0).standard_normal((100, 50, 5000))
    settings = {"n_t": 200, "threads": 1, "random_state": 0}
    manifold_geometry(points[:, :, :500], **settings)  # loads what is compiled
    taken = {}

    def timed(name, function):
        start = time.perf_counter()
        taken[name] = function()
        return time.perf_counter() - start

    call = timed("call", lambda: manifold_geometry(points, **settings))
    print(f"one call of manifold_geometry: {call:.3f} s; in units of it:")
    for over in ("manifolds", "points", "both"):
        first = timed(over, lambda o=over: sample(points, points=o != "manifolds", **settings))
        second = timed("", lambda o=over: bootstrap(taken[o], over=o, n=1000))
        print(f"{over}: sample {first / call:.1f}, bootstrap {second / call:.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--trials", type=int, help="of every row (150 to 600)")
    parser.add_argument("--speed", action="store_true", help="time the bootstrap instead")
    options = parser.parse_args()
    if options.speed:
        speed()
        return
    print("| what | should be | trials | found |\n|---|---|---|---|")
    for row in options.rows:
        what, expected, trials, simulate, arguments = ROWS[row]
        start = time.perf_counter()
        found = simulate(trials=options.trials or trials, **arguments)
        numbers = ", ".join(f"{metric} {rate:.3f}" for metric, (rate, _) in found.items())
        count = max(trials for _, trials in found.values())
        print(f"| {what} | {expected:g} | {count} | {numbers} |", flush=True)
        print(f"{row}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
