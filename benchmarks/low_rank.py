"""Which rule for the low-rank step predicts simulated capacity best? One JSON line a set of points.

    python benchmarks/low_rank.py > low-rank.jsonl          # about 20 minutes
    python benchmarks/low_rank.py --summary low-rank.jsonl  # the table of docs/low-rank.md

Points with planted low-rank centres in 1000 features: P manifolds on spheres of radius R in D
directions of their own, whose centres share `rank` directions with the fraction rho of their
variance. Simulated capacity counts separable random dichotomies (`simulated_capacity`): P over the
features that half of them need, less one feature for the bias. The rules: nothing removed, the
authors' rule, and the barrier rule with several weights of the barrier.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

N = 1000
SHAPES = ((5, 1.0, 5), (10, 0.5, 5), (20, 1.5, 10))  # M, R, D
SHARED = ((1, 0.0), (2, 0.5), (5, 0.5), (5, 0.9), (15, 0.5), (15, 0.9))  # rank, rho
BARRIERS = (0.1, 0.2, 0.25, 0.3, 0.5, 1.0)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifolds", nargs="+", type=int, default=[6, 10, 20, 50, 100])
    parser.add_argument("--summary", type=Path, metavar="JSONL")
    options = parser.parse_args()
    if options.summary:
        summarize([json.loads(line) for line in options.summary.read_text().splitlines()])
        return
    for p in options.manifolds:
        for m, radius, d in SHAPES:
            for rank, rho in SHARED:
                fits = rank < p / 2 and not (p == 100 and m == 20)  # an hour for those
                if fits:
                    setting = {"P": p, "M": m, "R": radius, "D": d, "rank": rank, "rho": rho}
                    print(json.dumps({**setting, **measured(**setting)}), flush=True)


def measured(P, M, R, D, rank, rho):
    import numpy as np
    from geomem.geometry import lowrank_barrier, manifold_geometry, simulated_capacity

    points = planted(np, P, M, R, D, rank, rho)
    simulated = simulated_capacity(points, random_state=0, threads=1)
    found = {"simulated": P / (simulated.n_c + 1)}
    options = {"n_t": 200, "random_state": 0, "threads": 1}
    rules = {"nothing removed": {"remove_low_rank": False}, "authors": {"low_rank_rule": "authors"}}
    for name, rule in rules.items():
        found[name] = manifold_geometry(points, **options, **rule).mean_capacity
    for lowrank_barrier.BARRIER in BARRIERS:
        geometry = manifold_geometry(points, **options)
        found[f"barrier {lowrank_barrier.BARRIER:g}"] = geometry.mean_capacity
    return found


def planted(np, n_manifolds, n_points, radius, n_dimensions, rank, rho):
    rng = np.random.default_rng(1)
    common = rng.standard_normal((n_manifolds, rank)) @ rng.standard_normal((rank, N))
    own = rng.standard_normal((n_manifolds, N))
    centers = np.sqrt(rho / rank) * common + np.sqrt(1 - rho) * own
    points = np.empty((n_manifolds, n_points, N))
    for center, manifold in zip(centers, points, strict=True):
        axes = rng.standard_normal((n_dimensions, N))
        on_sphere = rng.standard_normal((n_points, n_dimensions))
        on_sphere /= np.linalg.norm(on_sphere, axis=1, keepdims=True)
        manifold[:] = center + radius * on_sphere @ axes
    return points


def summarize(rows):
    import numpy as np

    sizes = sorted({row["P"] for row in rows})
    names = [name for name in rows[0] if name not in ("P", "M", "R", "D", "rank", "rho")]
    names.remove("simulated")
    print("| rule | all | " + " | ".join(f"P = {p}" for p in sizes) + " | mean error |")
    print("|---|" + "---|" * (len(sizes) + 2))
    for name in names:
        errors = np.array([np.log(row[name] / row["simulated"]) for row in rows])
        of_size = [np.abs(errors[[row["P"] == p for row in rows]]).mean() for p in sizes]
        cells = [np.abs(errors).mean(), *of_size]
        numbers = " | ".join(f"{cell:.3f}".lstrip("0") for cell in cells)
        print(f"| {name} | {numbers} | {errors.mean():+.3f} |")
    counts = ", ".join(f"{sum(row['P'] == p for row in rows)} with P = {p}" for p in sizes)
    print(f"\n{len(rows)} sets: {counts}. Mean absolute difference of logarithms of capacity.")


if __name__ == "__main__":
    main()
