"""Which rule for the low-rank step predicts simulated capacity best? One JSON line a set of points.

    python benchmarks/low_rank.py > low-rank.jsonl                   # about 20 minutes
    python benchmarks/low_rank.py --activations F.npz > real.jsonl   # layers of a real network
    python benchmarks/low_rank.py --summary low-rank.jsonl real.jsonl    # the table of the docs
    python benchmarks/low_rank.py --halves --activations F.npz       # does the range hold

Planted points have low-rank centres in 1000 features: P manifolds on spheres of radius R in D
directions of their own, whose centres share `rank` directions with the fraction rho of their
variance. Real ones are random classes and images of files of activations that hold every inner
product (`analysis.store: gram`). Simulated capacity counts separable random dichotomies
(`simulated_capacity`): P over the features that half of them need, less one feature for the bias.
The rules: nothing removed, the authors' rule, all of each direction with an eigenvalue above 2 or
2.5 means, and shrinkage with several thresholds and powers.

--halves takes shared directions from one half of each class's images off the points of the other
half, and counts how often its capacity is then within the range (`k_lo`, `k_hi`) that these points
have by themselves, alone and widened by the interval over Gaussian vectors.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

N = 1000
# P, and M, R, D of the spheres; with P = 100 and M = 20 a set would take an hour
SIZES = (6, 10, 14, 20, 50, 100)
SHAPES = ((5, 1.0, 5), (10, 0.5, 5), (20, 1.5, 10))
SHARED = ((1, 0.0), (2, 0.5), (5, 0.5), (5, 0.9), (15, 0.5), (15, 0.9))  # rank, rho
REAL = ((40, 8), (20, 10))  # P, M
WHOLE = (2.0, 2.5)
SHRUNK = ((1.5, 1), (1.75, 1), (2.0, 1), (1.5, 2), (1.75, 2), (2.0, 2), (2.25, 2), (2.5, 2), (2, 3))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifolds", nargs="+", type=int, default=SIZES)
    parser.add_argument("--seed", type=int, default=1, help="of the planted points")
    parser.add_argument("--activations", nargs="+", type=Path, metavar="NPZ")
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--summary", nargs="+", type=Path, metavar="JSONL")
    options = parser.parse_args()
    if options.summary:
        lines = [line for path in options.summary for line in path.read_text().splitlines()]
        summarize([json.loads(line) for line in lines])
        return
    if options.halves:
        halves(options.activations)
        return
    sets = real(options.activations) if options.activations else planted(options)
    for setting, points in sets:
        found = measured(points)
        if found:
            print(json.dumps({**setting, **found}), flush=True)


def planted(options):
    import numpy as np

    for p in options.manifolds:
        for m, radius, d in SHAPES:
            for rank, rho in SHARED:
                if rank < p / 2 and not (p == 100 and m == 20):
                    setting = {"P": p, "M": m, "R": radius, "D": d, "rank": rank, "rho": rho}
                    yield setting, spheres(np, options.seed, p, m, radius, d, rank, rho)


def spheres(np, seed, n_manifolds, n_points, radius, n_dimensions, rank, rho):
    rng = np.random.default_rng(seed)
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


def real(paths):
    import numpy as np

    rng = np.random.default_rng(0)
    for where, gram, n_classes in grams(paths):
        each = len(gram) // n_classes
        for p, m in [size for size in REAL if size[0] <= n_classes]:
            classes = rng.choice(n_classes, p, replace=False)
            kept = (classes[:, np.newaxis] * each + rng.choice(each, m, False)).ravel()
            yield {"P": p, "M": m, **where}, points_of(gram[np.ix_(kept, kept)]).reshape(p, m, -1)


def grams(paths):
    """Every layer and kind of files of activations: where, products of all points, classes."""
    import numpy as np
    from geomem.analysis.activation_file import read_activations

    for path in paths:
        activations = read_activations(path, heavy=True)
        for layer in activations.layers:
            for kind in activations.kinds:
                gram = np.asarray(activations.gram(layer["index"], kind), dtype=float)
                where = {"file": path.name, "layer": layer["name"], "kind": kind}
                yield where, gram, len(activations.manifolds(kind))


def points_of(gram):
    import numpy as np

    values, vectors = np.linalg.eigh(gram)
    return vectors * np.sqrt(np.maximum(values, 0))


def halves(paths):
    import numpy as np
    from geomem.geometry import manifold_geometry

    inside = []
    options = {"n_t": 300, "random_state": 0, "threads": 1}
    for where, gram, n_classes in grams(paths):
        points = points_of(gram).reshape(n_classes, len(gram) // n_classes, -1)
        here, there = points[:, ::2], points[:, 1::2]
        own = manifold_geometry(here, **options)
        weights = manifold_geometry(there, **{**options, "n_t": 2}).low_rank.weights
        directions = weights.T @ (there.mean(axis=1) - there.mean(axis=(0, 1)))
        lengths = np.linalg.norm(directions, axis=1)
        going = 1 - np.sqrt(np.maximum(1 - lengths**2, 0))  # of the length along each
        units = directions / lengths[:, np.newaxis]
        rest = here - (here @ units.T * going) @ units
        other = manifold_geometry(rest, **options, remove_low_rank=False).mean_capacity
        low, high = own.plausible_range["mean_capacity"]
        wide = own.mean_capacity - own.mean_capacity_lo, own.mean_capacity_hi - own.mean_capacity
        inside.append((low <= other <= high, low - wide[0] <= other <= high + wide[1]))
        print(json.dumps({**where, "own": own.mean_capacity, "other": other, "range": (low, high)}))
    alone, widened = np.mean(inside, axis=0)
    print(f"{len(inside)} layers and kinds: {alone:.2f} in the range, {widened:.2f} when widened")


def measured(points):
    """Simulated capacity, and that of each rule; None where too few features separate half."""
    from geomem.geometry import lowrank, manifold_geometry, simulated_capacity

    simulated = simulated_capacity(points, random_state=0, threads=1)
    if not simulated.reached:
        return None
    found = {"simulated": len(points) / (simulated.n_c + 1)}
    options = {"n_t": 200, "random_state": 0, "threads": 1}
    rules = {"nothing removed": {"remove_low_rank": False}, "authors": {"low_rank_rule": "authors"}}
    for threshold in WHOLE:
        rules[f"whole, {threshold:g}"] = {"low_rank_k": number_above(points, threshold)}
    for name, rule in rules.items():
        found[name] = manifold_geometry(points, **options, **rule).mean_capacity
    for lowrank.THRESHOLD, lowrank.POWER in SHRUNK:
        geometry = manifold_geometry(points, **options)
        found[f"shrinkage {lowrank.THRESHOLD:g}, {lowrank.POWER}"] = geometry.mean_capacity
    return found


def number_above(points, threshold):
    import numpy as np

    centers = points.mean(axis=1)
    centers = centers - centers.mean(axis=0)
    units = centers / np.linalg.norm(centers, axis=1, keepdims=True)
    values = np.linalg.svd(units, compute_uv=False) ** 2
    return int(np.sum(values > threshold * values[values > 1e-10 * values[0]].mean()))


def summarize(rows):
    import numpy as np

    groups = {"all": rows, "real": [row for row in rows if "layer" in row]}
    made = [row for row in rows if "layer" not in row]
    groups |= {f"P = {p}": [row for row in made if row["P"] == p] for p in SIZES}
    groups = {name: each for name, each in groups.items() if each}
    names = list(rows[0])[list(rows[0]).index("simulated") + 1 :]
    print("| rule | " + " | ".join(groups) + " | mean error |")
    print("|---|" + "---|" * (len(groups) + 1))
    for name in names:
        errors = [
            np.log([row[name] / row["simulated"] for row in each]) for each in groups.values()
        ]
        numbers = " | ".join(f"{np.abs(each).mean():.3f}".lstrip("0") for each in errors)
        print(f"| {name} | {numbers} | {errors[0].mean():+.3f} |")
    counts = ", ".join(f"{len(each)} with {name}" for name, each in groups.items())
    print(f"\nSets: {counts}. Mean absolute difference of logarithms of capacity.")


if __name__ == "__main__":
    main()
