"""What the number of points does: balls, ellipsoids, segments and Gaussian points over M.

    python benchmarks/few_points.py                       the tables of docs/samples.md
    python benchmarks/few_points.py --sizes 10 100 --plot few-points.png
    python benchmarks/few_points.py --file FILE           errors for your manifolds, by P and M

Manifolds have centres that are orthogonal, and of norm 1 about their mean, and lie in subspaces of
their own, so that capacity, radius and dimension are those of one of them. The theory is that of
the whole shape: infinitely many points. Its values come from a quadratic program with one
constraint, solved by bisection for each of 40,000 Gaussian vectors. Normal points of one cloud,
dealt to manifolds, have no limit: their capacity is 2/M at every M.
"""

import argparse
from pathlib import Path

import numpy as np
from geomem.geometry import manifold_geometry
from geomem.geometry.files import read_manifolds
from geomem.statistics import extrapolated, sample

METRICS = ("capacity", "radius", "dimension")


def theory(axes, n_draws=40_000, seed=0):
    """Capacity, radius and dimension of the ellipsoid with these half axes around its centre.

    min |V - T|^2 with |A v| + v_0 <= 0 (Chung, Lee and Sompolinsky 2018, ellipsoids), A the axes.
    v = t / (1 + a A^2) for a multiplier a, v_0 = t_0 - a |A v|; where t_0 >= |t / A| the tip V = 0.
    The anchor point is (t - v) / (t_0 - v_0) = A^2 v / |A v|, on the surface.
    """
    axes = np.asarray(axes, float)
    rng = np.random.default_rng(seed)
    t, t0 = rng.standard_normal((n_draws, len(axes))), rng.standard_normal(n_draws)

    def left(a):  # falls with a
        return (1 - a) * np.linalg.norm(t * axes / (1 + a[:, None] * axes**2), axis=1) + t0

    tip = t0 >= np.linalg.norm(t / axes, axis=1)
    free = np.linalg.norm(t * axes, axis=1) + t0 <= 0
    low, high = np.zeros(n_draws), np.full(n_draws, 1e9)
    for _ in range(80):
        middle = np.where(high > 1e3 * (1 + low), np.sqrt((1 + low) * high), 0.5 * (low + high))
        above = left(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    v = t / (1 + low[:, None] * axes**2)
    norm = np.linalg.norm(axes * v, axis=1, keepdims=True)
    anchors = axes**2 * v / norm
    anchors[free] = (axes**2 * t / np.linalg.norm(axes * t, axis=1, keepdims=True))[free]
    anchors[tip] = (t / t0[:, None])[tip]
    excess = np.maximum((anchors * t).sum(axis=1) + t0, 0.0) ** 2
    inverse = np.where(free, 0.0, excess / (1 + (anchors**2).sum(axis=1)))
    spread = ((anchors - anchors.mean(axis=0)) ** 2).sum(axis=1).mean()
    lengths = np.linalg.norm(t, axis=1) * np.linalg.norm(anchors, axis=1)
    cosine = ((t * anchors).sum(axis=1) / lengths).mean()
    return 1 / inverse.mean(), np.sqrt(spread), len(axes) * cosine**2


def on_ellipsoid(axes):
    """Points on its surface: uniform on a sphere, then stretched."""

    def draw(rng, n_points):
        points = rng.standard_normal((n_points, len(axes)))
        return points / np.linalg.norm(points, axis=1, keepdims=True) * axes

    return draw


def normal(n_dimensions):
    def draw(rng, n_points):
        return rng.standard_normal((n_points, n_dimensions))

    return draw


SPECTRUM = 1.0 / np.sqrt(1 + np.arange(20))
SHAPES = {  # name: (points, what infinitely many give)
    "ball, D = 2, radius 1": (on_ellipsoid(np.ones(2)), np.ones(2)),
    "ball, D = 5, radius 1": (on_ellipsoid(np.ones(5)), np.ones(5)),
    "ball, D = 20, radius 1/3": (on_ellipsoid(np.ones(20) / 3), np.ones(20) / 3),
    "ball, D = 20, radius 1": (on_ellipsoid(np.ones(20)), np.ones(20)),
    "ellipsoid, D = 20, axes 1/sqrt(i)": (on_ellipsoid(SPECTRUM), SPECTRUM),
    "normal points of one cloud, 1000 dimensions": (normal(1000), None),
}


def measured(draw, n_points, n_manifolds, n_t, rng, seed=0):
    """The numbers of manifolds around orthogonal centres, and those by rank.

    `rng` is for the points and `seed` for the Gaussian vectors, the same for all numbers of points.
    """
    first = draw(rng, n_points)
    size = first.shape[1]
    length = 1 / np.sqrt(1 - 1 / n_manifolds)  # of which taking the mean off leaves 1
    if size > 100:  # one cloud, whose points belong to no class
        points = [draw(rng, n_points) for _ in range(n_manifolds)]
    else:
        points = np.zeros((n_manifolds, n_points, n_manifolds * (size + 1)))
        for mu in range(n_manifolds):
            points[mu, :, mu] = length
            start = n_manifolds + mu * size
            points[mu, :, start : start + size] = draw(rng, n_points)
    found = [
        manifold_geometry(
            points, n_t=n_t, remove_low_rank=False, random_state=seed, threads=1,
            dimension_convention=convention,
        )
        for convention in ("points", "rank")
    ]  # fmt: skip
    numbers = [getattr(found[0], f"mean_{metric}") for metric in METRICS]
    return [*numbers, found[1].mean_dimension]


def errors(path, sizes=(10, 20, 40), numbers=(10, 25, 50, 100), n_t=200):
    """Print relative standard errors of mean capacity by P and M: other classes, other points."""
    _, manifolds = read_manifolds(Path(path))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(manifolds))
    print("| P | M | capacity | 2/M | error, other classes | error, other points |")
    print("|---|---|---|---|---|---|")
    for n_manifolds in [n for n in numbers if n <= len(manifolds)]:
        for size in [m for m in sizes if m <= min(map(len, manifolds))]:
            points = [manifolds[mu][:size] for mu in order[:n_manifolds]]
            found = sample(points, points=True, n_t=n_t, random_state=0, threads=1)
            value = found.values["capacity"]
            parts = found.parts["capacity"]
            classes = parts.std(ddof=1) / np.sqrt(len(parts)) * value
            images = np.sqrt((found.moved["capacity"] ** 2).sum()) * value
            print(
                f"| {n_manifolds} | {size} | {value:.4f} | {2 / size:.4f} | {100 * classes:.1f} % "
                f"| {100 * images:.1f} % |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 20, 50, 100, 200, 500, 1000])
    parser.add_argument("--manifolds", type=int, default=8)
    parser.add_argument("--n-t", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), metavar="SHAPE")
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--file", help="manifolds, as `python -m geomem geometry` reads them")
    options = parser.parse_args()
    if options.file:
        errors(options.file)
        return
    curves = {}
    for name in options.shapes:
        draw, axes = SHAPES[name]
        expected = theory(axes) if axes is not None else (np.nan,) * 3
        rows = []
        for seed in range(options.repeats):
            rng = np.random.default_rng(seed)
            settings = options.manifolds, options.n_t, rng, seed
            rows.append([measured(draw, size, *settings) for size in options.sizes])
        rows = np.array(rows)  # (repeats, sizes, 4)
        curves[name] = rows, expected
        print(
            f"\n{name}: infinitely many points",
            *(f"{m} {e:.4g}" for m, e in zip(METRICS, expected, strict=True)),
        )
        print("| M | capacity | bias | 2/M | radius | bias | dimension | bias | by rank |")
        print("|---|---|---|---|---|---|---|---|---|")
        for size, row in zip(options.sizes, rows.mean(axis=0), strict=True):
            parts = [str(size)]
            known = expected if axes is not None else (2 / size, np.nan, np.nan)
            for index, value in enumerate(row[:3]):
                parts.append(f"{value:.4g}")
                bias = 100 * (value / known[index] - 1)
                parts.append(f"{bias:+.0f} %" if np.isfinite(bias) else "")
                if index == 0:
                    parts.append(f"{2 / size:.4g}")
            print("| " + " | ".join([*parts, f"{row[3]:.4g}"]) + " |")
        for index, metric in enumerate((*METRICS, "dimension by rank")):
            true = expected[min(index, 2)]
            limit = extrapolated(
                options.sizes, rows[:, :, index], reciprocal=index == 0, span=(0, np.inf)
            )
            print(
                f"limit of {metric}: {limit.value:.4g} ({limit.lo:.4g} to {limit.hi:.4g}), bias "
                f"{100 * (limit.value / true - 1):+.0f} %, "
                f"{'' if limit.determined else 'not '}determined",
                flush=True,
            )
    if options.plot:
        plot(curves, options.sizes, options.plot)


def plot(curves, sizes, path):
    """Relative bias over M, a panel per number."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    for index, (axes, metric) in enumerate(zip(figure.subplots(1, 3), METRICS, strict=True)):
        for name, (rows, expected) in curves.items():
            if np.isfinite(expected[index]):
                bias = 100 * (rows[:, :, index].mean(axis=0) / expected[index] - 1)
                axes.plot(sizes, bias, marker="o", markersize=3, label=name)
        axes.axhline(0, color="0.5", linewidth=0.6)
        axes.set(xscale="log", xlabel="points per manifold, M", title=f"{metric}, bias in %")
    axes.legend(fontsize=6)
    figure.savefig(path, dpi=200)


if __name__ == "__main__":
    main()
