"""Accuracy and final-layer geometry over network size (the paper's figure 4)."""

import numpy as np
from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullLocator

from geomem.figures import paper, scales, seeds, style, warned
from geomem.figures.style import Look

MOMENTS = {
    "best": Look("best epoch", "#56B4E9", "D", "--"),
    "last": Look("last epoch", "#0072B2", "o"),
}
PAPER_MOMENTS = {
    "best": Look("best epoch, traced from the paper", style.PAPER, "s", "none", "white"),
    "last": Look("last epoch, traced from the paper", style.PAPER, "s", "none"),
}
ACCURACIES = ("test", "permuted", "unpermuted")  # kinds of image
GEOMETRY = ("capacity", "radius", "dimension")
PANELS = (*ACCURACIES, *GEOMETRY)


@style.styled
def draw(
    accuracy, geometry, *, per_class=None, kappa=0, remove_low_rank=True, network=None, data=None
):
    """Two rows per noise: accuracies, and the geometry of the test manifolds in the final layer.

    Parameters
    ----------
    accuracy, geometry : DataFrame
        Collected tables; the size of a network is the column `parameters`.
    per_class : int, optional
        Points per manifold M.
    kappa, remove_low_rank : float, bool
        How the geometry was measured; the paper's values are drawn if it was measured the same way.
    network, data : str, optional
        Names of the network and the images; the paper's accuracies are drawn beside its own alone.

    Returns
    -------
    matplotlib Figure
    """
    classes = seeds.n_manifolds(geometry)
    same = paper.comparable(classes, per_class, kappa=kappa, remove_low_rank=remove_low_rank)
    same_task = (network, data) == ("resnet18", "cifar100")
    geometry, robust = seeds.middle_half(seeds.whole_set(geometry))
    tables = _by_panel(accuracy, geometry)
    label_noise = sorted({noise for table in tables.values() for noise in table["noise"]})
    size = {**_sizes(geometry), **_sizes(accuracy)}
    lost = {cell for cell in seeds.diverged(accuracy) if _all_diverged(accuracy, cell)}
    figure, grid = style.panels(max(2 * len(label_noise), 1), len(GEOMETRY), height=1.85)
    curves, traced, axes_of = ({name: [] for name in PANELS} for _ in range(3))
    handles = []
    for i, noise in enumerate(label_noise):
        for axes, name in zip(grid[2 * i : 2 * i + 2].flat, PANELS, strict=True):
            here = tables[name][tables[name]["noise"] == noise]
            if not len(here):
                continue
            ended = seeds.finished(here, accuracy)
            curves[name] += _over_size(axes, here, ended, size, _scale(name))
            if noise <= paper.WIDTH_NOISE and (same_task if name in ACCURACIES else same):
                traced[name] += _mark_paper(axes, name)
            _mark_lost(axes, [size[width] for at, width in lost if at == noise])
            axes_of[name].append(axes)
            handles += axes.get_lines()
            axes.set_ylabel(f"{name} accuracy (%)" if name in ACCURACIES else style.LABELS[name])
        grid[2 * i, 0].set_title(f"label noise {noise:g}")
    cut = ""
    for name in PANELS:
        summaries = [curve.summary for curve in curves[name]]
        cut = scales.frame_values(axes_of[name], summaries, positive=True) or cut
        for axes in axes_of[name]:
            scales.include(axes, traced[name])
            if name in ACCURACIES:
                axes.set_ylim(top=min(axes.get_ylim()[1], 103))
            _size_axis(axes, size, any(traced.values()))
        warned.mark(curves[name])
    for axes in grid[-1]:
        axes.set_xlabel("parameters")
    style.hide_empty(grid)
    style.legend(figure, handles, columns=4, order=_legend_order)
    layers = sorted(set(tables["capacity"]["layer"]))
    every = [curve for name in PANELS for curve in curves[name]]
    style.caption(
        figure,
        f"Below: test manifolds, final layer ({', '.join(layers)})." if layers else "",
        seeds.interval_note([curve.summary for curve in every]),
        robust if layers else "",
        cut,
        warned.note([curve for name in GEOMETRY for curve in curves[name]]),
        seeds.diverged_note(accuracy),
        paper.NOTE if any(traced.values()) else "",
    )
    return figure


def _by_panel(accuracy, geometry):
    """Rows that each panel draws."""
    rates = accuracy[accuracy["metric"] == "accuracy"]
    final = geometry[geometry["kind"] == "test"]
    final = final[final["layer_index"] == final.groupby("width")["layer_index"].transform("max")]
    return {
        **{kind: rates[rates["kind"] == kind] for kind in ACCURACIES},
        **{metric: final[final["metric"] == metric] for metric in GEOMETRY},
    }


def _scale(name):
    return 100 if name in ACCURACIES else 1


def _all_diverged(accuracy, cell):
    seeds_there = seeds.of_condition(accuracy, cell)["seed"].nunique()
    return len(seeds.diverged(accuracy)[cell]) == seeds_there


def _over_size(axes, table, ended, size, scale):
    """Draw means over seeds at the best and the last epoch; returns the curves.

    `ended` are the rows of `table` of runs that did not diverge. There is a gap where all did.
    """
    curves = []
    for moment, look in MOMENTS.items():
        by = [name for name in ("metric", "layer_index", "layer", "width") if name in table]
        summary = seeds.over_seeds(seeds.at_epoch(ended, moment), by)
        if len(summary):
            whole = summary.set_index("width").reindex(sorted(set(table["width"]))).reset_index()
            x = whole["width"].map(size)
            curves.append(style.curve(axes, x, whole, look, bars=True, scale=scale))
    return curves


def _mark_paper(axes, name):
    """Draw the paper's values at the size of its networks; returns them."""
    metric, scale = ("accuracy", 100) if name == "test" else (name, 1)
    shown = []
    for moment, look in PAPER_MOMENTS.items():
        values = paper.over_width(metric, moment) if name not in ("permuted", "unpermuted") else []
        if len(values):
            value = scale * values["value"]
            style.paper_marks(axes, values["parameters"], value, scale * values["error"], look)
            shown += value.tolist()
    return shown


def _mark_lost(axes, sizes):
    """Mark sizes that no seed has a last epoch of."""
    if sizes:
        bottom = axes.get_xaxis_transform()
        axes.plot(sizes, [0.04] * len(sizes), "x", color="black", markersize=4, transform=bottom)
        axes.lines[-1].set_label("no last epoch")


def _legend_order(label):
    return "paper" in label, label.startswith("no "), label


def _sizes(table):
    """Parameters of each width."""
    return table.groupby("width")["parameters"].first().to_dict()


def _size_axis(axes, size, traced):
    """Logarithmic axis of parameters below, of room for the paper's too; widths above."""
    shown = [*size.values(), *(paper.PARAMETERS if traced else ())]
    least, most = min(shown), max(shown)
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
    ticked.set_xticklabels(_apart(widths, size, np.log(most / least)))
    ticked.set_xlabel("width", fontsize=5.5, color=style.GREY, labelpad=1)


def _apart(widths, size, length, share=0.06):
    """Tick labels, empty for a width closer to a labelled one than `share` of the axis's length."""
    place = np.log([size[width] for width in widths])
    labels, last = [], -np.inf
    for width, at in zip(widths, place, strict=True):
        clear = at - last >= share * length
        labels.append(str(width) if clear else "")
        last = at if clear else last
    return labels
