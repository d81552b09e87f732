"""Accuracy and final-layer geometry of the test manifolds over network size (figure 4, C-E)."""

import numpy as np
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullLocator

from geomem.figures import seeds, style
from geomem.figures.style import Look

MOMENTS = {
    "best": Look("best epoch", "#56B4E9", "o", "--", "white"),
    "last": Look("last epoch", "#0072B2", "o"),
}
METRICS = ("accuracy", "radius", "dimension")


@style.styled
def draw(accuracy, geometry):
    """A row per noise; accuracy, radius and dimension at the best and last epoch.

    Parameters
    ----------
    accuracy, geometry : DataFrame
        Collected tables; the size of a network is the column `parameters`.

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
    size = {**_sizes(geometry), **_sizes(accuracy)}
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
            _size_axis(axes, size)
        axes_row[0].set_title(f"label noise {noise:g}")
    cut = ""
    for column, metric in zip(grid.T, METRICS, strict=True):
        scale = 100 if metric == "accuracy" else 1
        scaled = [
            s.assign(**{c: scale * s[c] for c in ("value", "lo", "hi")}) for s in summaries[metric]
        ]
        cut = style.frame_values(column[:1], scaled, positive=True) or cut
    for axes in grid[-1]:
        axes.set_xlabel("parameters")
    style.hide_empty(grid)
    style.legend(figure, handles)
    every = [summary for of_metric in summaries.values() for summary in of_metric]
    layers = sorted(set(final["layer"]))
    style.caption(
        figure,
        f"Test manifolds, final layer ({', '.join(layers)})." if layers else "",
        seeds.interval_note(every),
        cut,
        "Above the panels: width.",
    )
    return figure


def _sizes(table):
    """Parameters of each width."""
    return table.groupby("width")["parameters"].first().to_dict()


def _size_axis(axes, size):
    """Logarithmic axis of parameters below, ticks at the widths above."""
    least, most = min(size.values()), max(size.values())
    room = (most / least) ** 0.06 if most > least else 1.5
    axes.set_xscale("log")
    axes.set_xlim(least / room, most * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if most > 40 * least else (1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_locator(NullLocator())
    ticked = axes.secondary_xaxis("top")
    ticked.tick_params(length=2, labelsize=5.5, color=style.GREY, labelcolor=style.GREY)
    ticked.spines["top"].set_visible(False)
    widths = sorted(size)
    ticked.xaxis.set_major_locator(FixedLocator([size[width] for width in widths]))
    ticked.xaxis.set_minor_locator(NullLocator())
    ticked.set_xticklabels(_apart(widths, size))


def _apart(widths, size, share=0.06):
    """Tick labels, empty for a width closer to a labelled one than `share` of the axis."""
    place = np.log([size[width] for width in widths])
    labels, last = [], -np.inf
    for width, at in zip(widths, place, strict=True):
        clear = at - last >= share * (place[-1] - place[0])
        labels.append(str(width) if clear else "")
        last = at if clear else last
    return labels
