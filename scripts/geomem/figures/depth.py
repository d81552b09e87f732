"""Geometry of the manifolds over the layers of the network (the paper's figure 3)."""

from geomem.figures import paper, scales, seeds, style, warned
from geomem.figures.ends import label_ends
from geomem.figures.style import KINDS, Look

METRICS = ("capacity", "radius", "dimension")
FLOOR = "capacity_floor"  # of GLUE alone


@style.styled
def draw(
    geometry, accuracy, *, per_class=None, kappa=0, remove_low_rank=True, epochs=("best", "last")
):
    """Capacity, radius and dimension against layer, a row per width, noise and epoch.

    Parameters
    ----------
    geometry : DataFrame
        Collected geometry table.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    per_class : int, optional
        Points per manifold M; draws the capacity 2/M of points without structure.
    kappa, remove_low_rank : float, bool
        How the geometry was measured; the paper's values are drawn if it was measured the same way.
    epochs : sequence of "best", "last" or int
        Epochs without measurements are left out; equal ones are drawn once.

    Returns
    -------
    matplotlib Figure
    """
    classes = seeds.n_manifolds(geometry)
    same = paper.comparable(classes, per_class, kappa=kappa, remove_low_rank=remove_low_rank)
    return over_layers(
        geometry, accuracy, METRICS, per_class=per_class, epochs=epochs, traced_values=same
    )


def over_layers(geometry, accuracy, metrics, *, per_class, epochs, traced_values=False):
    """A row of panels per width, noise and epoch, with a column per metric; a matplotlib Figure.

    Parameters
    ----------
    metrics : sequence of str
        Labels of their axes are `style.LABELS`.
    traced_values : bool
        Whether to draw the paper's values.
    geometry, accuracy, per_class, epochs
        As for `draw`; `geometry` may be the table of any estimator.
    """
    geometry, robust = seeds.middle_half(seeds.whole_set(geometry))
    geometry = geometry[geometry["metric"].isin([*metrics, FLOOR])]
    rows = [
        row
        for cell in seeds.conditions(geometry)
        for row in _rows_of(geometry, accuracy, cell, epochs)
    ]
    figure, grid = style.panels(
        max(len(rows), 1),
        len(metrics),
        width=style.DOUBLE if len(metrics) > 1 else style.SINGLE,
        height=1.95,
        sharey="col",
    )
    curves, traced = {metric: [] for metric in metrics}, {metric: [] for metric in metrics}
    floors = []
    for axes_row, (title, moments, here) in zip(grid, rows, strict=False):
        names = seeds.layers_of(here)
        for axes, metric in zip(axes_row, metrics, strict=True):
            curves[metric] += draw_layers(axes, here[here["metric"] == metric], names)
            if traced_values and (here["noise"] == paper.NOISE).all():
                traced[metric] += mark_paper(axes, metric, moments, names)
            if metric == "capacity" and per_class:
                mark_unstructured(axes, per_class)
            if metric == "capacity":
                floors += mark_floor(axes, here[here["metric"] == FLOOR], names)
            axes.set_ylabel(style.LABELS[metric])
            if len(metrics) > 3 and len(names) > 8:  # narrow panels
                axes.tick_params(axis="x", labelsize=5.2)
        style.row_title(axes_row, title)
    cut = ""
    for column, metric in zip(grid.T, metrics, strict=True):
        summaries = [curve.summary for curve in curves[metric]]
        cut = scales.frame_values(column[:1], summaries, positive=True) or cut
        scales.include(column[0], traced[metric])
        if metric == "capacity" and per_class:
            scales.include(column[0], [2 / per_class], room=0.15)  # its name is below the line
        if metric == "capacity" and floors:
            scales.include(column[0], [max(floors)])
        warned.mark(curves[metric])
    for axes in grid[:, -1]:
        label_ends(axes, curves[metrics[-1]])
    style.tidy(grid)
    every = [curve for of_metric in curves.values() for curve in of_metric]
    style.caption(
        figure,
        seeds.interval_note([curve.summary for curve in every]),
        robust if every else "",
        cut,
        warned.note(every),
        seeds.diverged_note(accuracy),
        paper.NOTE if any(traced.values()) else "",
        "Grey bars: capacity if no draw were separable." if floors else "",
    )
    return figure


def mark_floor(axes, table, names):
    """Draw what GLUE's capacity tends to where no draw is separable; returns the values.

    A capacity near it says how few features a layer has, and nothing about its manifolds.
    """
    if table.empty:
        return []
    floors = table.groupby("layer")["value"].mean()
    axes.plot(
        [names.index(layer) for layer in floors.index], floors, "_", color=style.GREY,
        markersize=9, markeredgewidth=1.2, zorder=1.5, label=FLOOR,
    )  # fmt: skip
    return floors.tolist()


def mark_unstructured(axes, per_class):
    """Draw the capacity 2/M of M points without structure."""
    label = f"2/M (M = {per_class} points)"
    axes.axhline(2 / per_class, color="black", linewidth=0.7, label=label)
    axes.annotate(
        label, (0.02, 2 / per_class), (0, -2), xycoords=("axes fraction", "data"), va="top",
        textcoords="offset points", fontsize="small",
    )  # fmt: skip


def draw_layers(axes, table, names, *, bounded=True):
    """Draw means over seeds of every kind and control in `table`; returns the curves.

    `names` are the layers from the left to the right; the axis is labelled with them. `bounded` as
    for `seeds.over_seeds`.
    """
    by = ["metric", "kind", "layer_index", "layer"]
    summary = seeds.over_seeds(table, by, bounded=bounded)
    curves = []
    for kind, look in style.looks_of(summary["kind"]).items():
        of_kind = summary[summary["kind"] == kind]
        curves.append(style.curve(axes, of_kind["layer"].map(names.index), of_kind, look))
    scales.layer_axis(axes, names)
    return curves


def mark_paper(axes, metric, moments, names):
    """Draw the paper's values at their relative depth; returns them.

    Nothing is drawn unless `moments` names one of the paper's epochs, and one alone.
    """
    known = [moment for moment in moments if moment in ("best", "last", "change")]
    if len(known) != 1:
        return []
    values = paper.over_depth(metric, known[0])
    for kind, of_kind in values.groupby("kind"):
        x = of_kind["depth"] * (len(names) - 1)
        look = Look("traced from the paper", style.PAPER, KINDS[kind].marker, "none", "white")
        style.paper_marks(axes, x, of_kind["value"], of_kind["error"], look)
    return values["value"].tolist()


def _rows_of(geometry, accuracy, cell, epochs):
    """Triples (title, names of the epoch, rows) of one width and noise, an epoch each.

    Seeds that diverged are left out, so that epochs are compared over the same seeds, unless all
    did.
    """
    here = seeds.of_condition(geometry, cell)
    found = list(seeds.moments(seeds.finished_or_all(here, accuracy), epochs))
    missing = seeds.diverged_text(accuracy, cell)
    for i, (moment, names, rows) in enumerate(found, 1):
        title = f"{seeds.condition_title(cell)}: {moment}"
        if missing and i == len(found):
            title += f"; {missing}" if "last" in names else f"; no last epoch, {missing}"
        yield title, names, rows
