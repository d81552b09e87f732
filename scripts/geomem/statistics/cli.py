"""The geometry command with `--sweep` or `--shuffles`: numbers over M, and a null."""

import csv
import importlib.util
import sys

from geomem.storage.atomic import replacing

COLUMNS = ("n_points", "metric", "value", "lo", "hi")
PLOTTED = ("capacity", "radius", "dimension")


def run_sweep(options, manifolds, settings):
    """Print and write the numbers over M; returns the paths written."""
    from geomem.statistics.sizes import sweep

    found = sweep(
        manifolds,
        options.sweep,
        measure="glue" if options.estimator == "glue" else "geometry",
        **({} if options.repeats is None else {"repeats": options.repeats}),
        random_state=options.seed,
        threads=options.threads,
        **settings,
    )
    print(f"{'points':>10s}" + "".join(f"{name:>12s}" for name in PLOTTED))
    for index, size in enumerate(found.n_points):
        means = (found.values[name][:, index].mean() for name in PLOTTED)
        print(f"{size:10d}" + "".join(f"{mean:12.5g}" for mean in means))
    for name in PLOTTED:
        limit = found.limits[name]
        ends = f"{limit.lo:.4g} to {limit.hi:.4g}"
        text = f"{limit.value:.4g} ({ends})" if limit.determined else f"not determined ({ends})"
        print(f"  limit of {name}: {text}")
    table = options.file.with_suffix(".sweep.csv")
    with replacing(table) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *found.rows()])
    print(f"table: {table}")
    if importlib.util.find_spec("matplotlib") is None:
        print("no plot: it needs the package matplotlib", file=sys.stderr)
        return [table]
    picture = options.file.with_suffix(".sweep.png")
    draw(found, picture)
    print(f"plot: {picture}")
    return [table, picture]


def draw(found, path):
    """Capacity, radius and dimension over M, a line per repeat, and the limits, as a PNG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    with rc_context({"font.size": 7.5, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7.2, 2.3), layout="constrained")
        for axes, name in zip(figure.subplots(1, 3), PLOTTED, strict=True):
            values = found.values[name]
            axes.plot(found.n_points, values.T, color="#0072B2", alpha=0.3, linewidth=0.7)
            axes.plot(found.n_points, values.mean(axis=0), color="#0072B2", marker="o", ms=3)
            limit = found.limits[name]
            text = "no limit determined"
            if limit.determined:
                axes.axhspan(limit.lo, limit.hi, color="#D55E00", alpha=0.2, linewidth=0)
                axes.axhline(limit.value, color="#D55E00", linewidth=0.8)
                text = f"limit {limit.value:.3g} ({limit.lo:.3g} to {limit.hi:.3g})"
            axes.set(xscale="log", xlabel="points per manifold, M")
            axes.set_title(f"{name}\n{text}", loc="left", fontsize=7.5)
            axes.set_xticks(found.n_points)
            axes.xaxis.set_major_formatter(ScalarFormatter())
            axes.xaxis.set_minor_formatter(NullFormatter())
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=200)


def run_shuffles(options, manifolds, settings):
    """Print what shuffled manifolds give."""
    from geomem.statistics.nulls import shuffle_null

    found = shuffle_null(
        manifolds,
        measure="glue" if options.estimator == "glue" else "geometry",
        n=options.shuffles,
        random_state=options.seed,
        threads=options.threads,
        **settings,
    )
    print(f"{options.shuffles} times with points dealt to the manifolds at random:")
    for name, null in found.items():
        print(f"  {name:20s}{null.mean:10.5g}   {null.lo:.5g} to {null.hi:.5g}, p = {null.p:.3g}")
