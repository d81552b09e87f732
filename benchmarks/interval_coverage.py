"""Simulate the coverage of every interval and the level of every test of `geomem.statistics`.

    python benchmarks/interval_coverage.py                      the table of docs/statistics.md
    python benchmarks/interval_coverage.py --rows points both   some of its rows
    python benchmarks/interval_coverage.py --trials 100         fewer trials
    python benchmarks/interval_coverage.py --speed       seconds of 1,000 bootstrap samples instead

The simulations are those of `tests/statistics/coverage_rows.py`, which CI runs with few trials.
Intervals are 95 % ones. Tests are counted where p is at most the rate that it should be.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.statistics.coverage_rows import ROWS  # noqa: E402 (found on the path added above)


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
    parser.add_argument("--trials", type=int, help="of every row (60 to 20000)")
    parser.add_argument("--speed", action="store_true", help="time the bootstrap instead")
    options = parser.parse_args()
    if options.speed:
        speed()
        return
    print("| what | should be | trials | found |\n|---|---|---|---|")
    for name in options.rows:
        row = ROWS[name]
        start = time.perf_counter()
        found = row.simulate(trials=options.trials or row.trials, **row.arguments)
        rates = ", ".join(f"{metric} {rate:.3f}" for metric, (rate, _) in found.items())
        count = max(trials for _, trials in found.values())
        what = f"p of {row.what}" if row.is_test else row.what
        print(f"| {what} | {row.expected:g} | {count} | {rates} |", flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
