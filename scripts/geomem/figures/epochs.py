"""Geometry of the last layers over the epochs of training."""

from geomem.figures import scales, seeds, style, warned
from geomem.figures.depth import METRICS
from geomem.figures.ends import label_ends
from geomem.figures.style import CONTROLS


@style.styled
def draw(geometry, accuracy, *, layers=3, metrics=None):
    """A panel per metric and layer, for each width and noise.

    Parameters
    ----------
    geometry : DataFrame
        Collected geometry table.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    layers : int
        How many of the last layers to show.
    metrics : sequence of str, optional
        Rows of panels; by default capacity, radius and dimension where there is one width and
        noise, capacity alone where there are several.

    Returns
    -------
    matplotlib Figure
    """
    geometry, robust = seeds.middle_half(seeds.whole_set(geometry))
    cells = seeds.conditions(geometry)
    metrics = metrics or (METRICS if len(cells) == 1 else METRICS[:1])
    rows = [(cell, metric) for cell in cells for metric in metrics]
    shown = {cell: seeds.layers_of(seeds.of_condition(geometry, cell))[-layers:] for cell in cells}
    columns = max(map(len, shown.values()), default=1)
    figure, grid = style.panels(
        max(len(rows), 1),
        columns,
        width=style.DOUBLE if columns > 1 else style.SINGLE,
        height=1.75,
    )
    curves = {metric: [] for metric in metrics}
    axes_of, rightmost = {metric: [] for metric in metrics}, []
    for axes_row, (cell, metric) in zip(grid, rows, strict=False):
        here = seeds.of_condition(geometry, cell)
        here = here[here["metric"] == metric]
        ended = seeds.finished(here, accuracy)
        best = ended.loc[ended["best"], "epoch"]
        here = seeds.meet_at_best(here, accuracy)
        for axes, layer in zip(axes_row, shown[cell], strict=False):
            of_layer = here[here["layer"] == layer]
            by = ["metric", "layer_index", "layer", "kind", "epoch"]
            summary = seeds.over_seeds(of_layer, by)
            axes_of[metric].append(axes)
            for kind, look in style.looks_of(summary["kind"]).items():
                of_kind = summary[summary["kind"] == kind]
                if kind not in CONTROLS:
                    curves[metric].append(style.curve(axes, of_kind["epoch"], of_kind, look))
            scales.mark_epochs(axes, best, "best epoch")
            axes.set_title(scales.layer_label(layer, 26))
            scales.epoch_axis(axes, here["epoch"])
        rightmost.append((metric, axes_row[len(shown[cell]) - 1]))
        axes_row[0].set_ylabel(style.LABELS[metric])
        if len(cells) > 1:
            axes_row[0].set_title(f"{seeds.condition_title(cell)}: {axes_row[0].get_title('left')}")
    cut = ""
    for metric in metrics:
        summaries = [curve.summary for curve in curves[metric]]
        cut = scales.frame_values(axes_of[metric], summaries, positive=True) or cut
        warned.mark(curves[metric])
    for metric, axes in rightmost:
        label_ends(axes, curves[metric])
    style.tidy(grid)
    every = [curve for of_metric in curves.values() for curve in of_metric]
    title = f"{seeds.condition_title(cells[0]).capitalize()}." if len(cells) == 1 else ""
    style.caption(
        figure,
        title,
        seeds.interval_note([curve.summary for curve in every]),
        robust if every and len(metrics) > 1 else "",
        cut,
        warned.note(every),
        seeds.best_note(geometry, accuracy),
        seeds.diverged_note(accuracy),
    )
    return figure
