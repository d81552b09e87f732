"""Accuracy and final-layer geometry of the test manifolds over network size (figure 4, C-E)."""

from matplotlib.ticker import FixedLocator, NullLocator

from geomem.errors import InputError
from geomem.figures import seeds, style
from geomem.figures.style import Look

MOMENTS = {
    "best": Look("best epoch", "#56B4E9", "o", "--", "white"),
    "last": Look("last epoch", "#0072B2", "o"),
}
METRICS = ("accuracy", "radius", "dimension")


@style.styled
def draw(accuracy, geometry, *, parameters=None):
    """A row per noise; accuracy, radius and dimension at the best and last epoch.

    Parameters
    ----------
    accuracy, geometry : DataFrame
        Collected tables.
    parameters : dict of str or int to int, optional
        Number of parameters of each width; without it the widths themselves are the axis.

    Returns
    -------
    matplotlib Figure
    """
    final = seeds.whole_set(geometry)
    final = final[final["kind"] == "test"]
    final = final[final["layer_index"] == final.groupby("width")["layer_index"].transform("max")]
    tables = {
        "accuracy": accuracy[(accuracy["kind"] == "test") & (accuracy["metric"] == "accuracy")],
        "radius": final[final["metric"] == "radius"],
        "dimension": final[final["metric"] == "dimension"],
    }
    noises = sorted(set(tables["accuracy"]["noise"]) | set(final["noise"]))
    widths = sorted(set(tables["accuracy"]["width"]) | set(final["width"]))
    size = _sizes(widths, parameters)
    figure, grid = style.panels(
        max(len(noises), 1), len(METRICS), height=2.0, sharex=True, sharey="col"
    )
    summaries, handles = {metric: [] for metric in METRICS}, []
    for axes_row, noise in zip(grid, noises, strict=False):
        for axes, metric in zip(axes_row, METRICS, strict=True):
            here = tables[metric][tables[metric]["noise"] == noise]
            for moment, look in MOMENTS.items():
                summary = seeds.over_seeds(seeds.at_epoch(here, moment), ["width"])
                summaries[metric].append(summary)
                if len(summary):
                    scale = 100 if metric == "accuracy" else 1
                    x = summary["width"].map(size)
                    style.curve(axes, x, summary, look, bars=True, scale=scale)
            handles += axes.get_lines()
            axes.set_ylabel(("test " if metric == "accuracy" else "") + style.LABELS[metric])
            _size_axis(axes, size, parameters)
        axes_row[0].set_title(f"label noise {noise:g}")
    for column, metric in zip(grid.T, METRICS, strict=True):
        scale = 100 if metric == "accuracy" else 1
        scaled = [
            s.assign(**{c: scale * s[c] for c in ("value", "lo", "hi")}) for s in summaries[metric]
        ]
        style.frame_values(column[:1], scaled, positive=True)
    for axes in grid[-1]:
        axes.set_xlabel("parameters" if parameters else "width")
    style.legend(figure, handles)
    every = [summary for of_metric in summaries.values() for summary in of_metric]
    layers = sorted(set(final["layer"]))
    style.caption(
        figure,
        f"Test manifolds, final layer ({', '.join(layers)})." if layers else "",
        seeds.interval_note(every),
    )
    return figure


def _sizes(widths, parameters):
    """Position of each width on the axis."""
    if not parameters:
        return {width: width for width in widths}
    counts = {int(width): count for width, count in parameters.items()}
    for width in widths:
        if width not in counts:
            raise InputError(
                f"parameters: no count for width {width}; expected one for each of {widths}"
            )
    return counts


def _size_axis(axes, size, parameters):
    """Logarithmic axis; widths as ticks, below it, or above it where it counts parameters."""
    axes.set_xscale("log")
    ticked = axes
    if parameters:
        ticked = axes.secondary_xaxis("top")
        ticked.tick_params(length=2, labelsize=5.5, color=style.GREY, labelcolor=style.GREY)
        ticked.spines["top"].set_visible(False)
    widths = sorted(size)
    ticked.xaxis.set_major_locator(FixedLocator([size[width] for width in widths]))
    ticked.xaxis.set_minor_locator(NullLocator())
    ticked.set_xticklabels([str(width) for width in widths])
    ticked.tick_params(axis="x", labelrotation=90 if len(widths) > 10 else 0)
