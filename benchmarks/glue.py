"""Time of the joint estimator (GLUE), beside a plain non-negative least-squares program.

    python benchmarks/glue.py
    python benchmarks/glue.py --sets joint pairs --rounds 3
    python benchmarks/glue.py --growth glue-growth.png

The plain program hands every draw's points to scipy.optimize.nnls and computes nothing else. It is
timed on a few draws of the same kind, in turn with ours, and its time per draw is multiplied up.
Ratios and growth are of processor time, which other processes on the machine change little. One
thread. One line of JSON per result.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

SETS = {
    "joint": {"P": 16, "M": 150, "N": 300, "n_t": 200, "dichotomies": "random"},
    "pairs": {"P": 100, "M": 50, "N": 5000, "n_t": 50, "dichotomies": "pairs"},
}
BASE = {"P": 16, "M": 50, "N": 300, "n_t": 200, "dichotomies": "random"}
GROWTH = {"P": (4, 8, 16, 32), "M": (25, 50, 100, 200, 400), "n_t": (100, 200, 400, 800)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--plain-draws", type=int, default=5, help="that the plain program solves")
    parser.add_argument("--growth", type=Path, metavar="PNG", help="measure growth, plot it here")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import numpy as np

    ours(np, {**BASE, "M": 4, "n_t": 4})  # load what is compiled
    if options.growth:
        growth(np, options)
        return
    for name in options.sets:
        for _ in range(options.rounds):
            found = ours(np, SETS[name])
            found["plain_cpu_seconds"] = plain(np, SETS[name], options.plain_draws)
            ratio = round(found["plain_cpu_seconds"] / found["cpu_seconds"], 1)
            print(json.dumps({"set": name, **SETS[name], **found, "ratio": ratio}), flush=True)


def spheres(np, size):
    """Points on four-dimensional spheres of radius 0.7 around random unit centres."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((size["P"], 1, size["N"])) / np.sqrt(size["N"])
    points = rng.standard_normal((size["P"], size["M"], 4))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    axes = rng.standard_normal((size["P"], 4, size["N"])) / np.sqrt(size["N"])
    return centers + 0.7 * points @ axes


def ours(np, size):
    from geomem.geometry import glue_geometry

    points = spheres(np, size)
    started, used = time.perf_counter(), time.process_time()
    found = glue_geometry(
        points,
        n_t=size["n_t"],
        dichotomies=size["dichotomies"],
        preprocess="none",
        random_state=0,
        threads=1,
    )
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - used, 3),
        "capacity": found.capacity,
        "kkt_residual": found.kkt_residual,
    }


def plain(np, size, n_draws):
    """Processor seconds that all draws would take, from the first few."""
    from scipy.optimize import nnls

    points = spheres(np, size)
    pairs = size["dichotomies"] == "pairs"
    rng = np.random.default_rng(0)
    n_problems = size["n_t"] * (size["P"] * (size["P"] - 1) // 2 if pairs else 1)
    part = points[:2] if pairs else points
    used = time.process_time()
    for _ in range(n_draws):
        labels = np.array([1.0, -1.0]) if pairs else rng.choice([-1.0, 1.0], size["P"])
        cone = -(labels[:, np.newaxis, np.newaxis] * part).reshape(-1, size["N"])
        nnls(cone.T, rng.standard_normal(size["N"]), maxiter=100_000)
    return round((time.process_time() - used) / n_draws * n_problems, 1)


def growth(np, options):
    """Time against each size, the others fixed; exponents from a line through the logarithms."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(GROWTH), figsize=(9, 3), sharey=True, layout="constrained")
    for axis, (name, values) in zip(axes, GROWTH.items(), strict=True):
        lines = {"ours": [], "plain NNLS": []}
        for value in values:
            size = {**BASE, name: value}
            runs = [ours(np, size)["cpu_seconds"] for _ in range(options.rounds)]
            lines["ours"].append(min(runs))
            lines["plain NNLS"].append(plain(np, size, options.plain_draws))
        exponents = {}
        for label, seconds in lines.items():
            exponents[label] = round(float(np.polyfit(np.log(values), np.log(seconds), 1)[0]), 2)
            axis.loglog(values, seconds, "o-", label=f"{label}, exponent {exponents[label]:.2f}")
        print(json.dumps({"growth": name, "values": values, **lines, "exponents": exponents}))
        axis.set_xticks(values, [str(value) for value in values])
        axis.set_xticks([], minor=True)
        fixed = ", ".join(f"{k} {v}" for k, v in BASE.items() if k not in (name, "dichotomies"))
        axis.set(xlabel=f"{name}  ({fixed})")
        axis.legend(fontsize=7)
    axes[0].set_ylabel("processor time (s)")
    figure.savefig(options.growth, dpi=150)


if __name__ == "__main__":
    main()
