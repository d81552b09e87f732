"""Geometry of the manifolds over the layers of the network (the paper's figure 3)."""

from geomem.figures import seeds, style
from geomem.figures.style import KINDS

METRICS = ("capacity", "radius", "dimension")


@style.styled
def draw(geometry, *, per_class=None, epochs=("best", "last")):
    """Capacity, radius and dimension against layer, a row per width, noise and epoch.

    Parameters
    ----------
    geometry : DataFrame
        Collected geometry table.
    per_class : int, optional
        Points per manifold M; draws the capacity 2/M of clouds without structure.
    epochs : sequence of "best", "last" or int
        Epochs without measurements are left out; equal ones are drawn once.

    Returns
    -------
    matplotlib Figure
    """
    geometry = seeds.whole_set(geometry)
    geometry = geometry[geometry["metric"].isin(METRICS)]
    rows = [row for cell in seeds.conditions(geometry) for row in _rows_of(geometry, cell, epochs)]
    figure, grid = style.panels(max(len(rows), 1), len(METRICS), height=1.95, sharey="col")
    summaries = {metric: [] for metric in METRICS}
    handles = []
    for axes_row, (title, here) in zip(grid, rows, strict=False):
        names = seeds.layers_of(here)
        position = {name: i for i, name in enumerate(names)}
        for axes, metric in zip(axes_row, METRICS, strict=True):
            of_metric = here[here["metric"] == metric]
            summary = seeds.over_seeds(of_metric, ["kind", "layer_index", "layer"])
            summaries[metric].append(summary)
            for kind, look in KINDS.items():
                of_kind = summary[summary["kind"] == kind]
                if len(of_kind):
                    x = of_kind["layer"].map(position)
                    style.curve(axes, x, of_kind, look)
            if metric == "capacity" and per_class:
                axes.axhline(2 / per_class, color="black", linewidth=0.8, linestyle="--")
                axes.lines[-1].set_label(f"2/M, M = {per_class}")
            handles += axes.get_lines()
            axes.set_ylabel(style.LABELS[metric])
            style.layer_axis(axes, names)
        axes_row[0].set_title(title)
    cut = ""
    for column, metric in zip(grid.T, METRICS, strict=True):
        cut = style.frame_values(column[:1], summaries[metric], positive=True) or cut
        _include(column[0], 2 / per_class if metric == "capacity" and per_class else None)
    style.tidy(grid)
    style.legend(figure, handles)
    every = [summary for of_metric in summaries.values() for summary in of_metric]
    style.caption(figure, seeds.interval_note(every), cut)
    return figure


def _rows_of(geometry, cell, epochs):
    """Pairs (title, rows) of one width and noise, an epoch each."""
    here = seeds.of_condition(geometry, cell)
    found = {}
    for epoch in epochs:
        rows = seeds.at_epoch(here, epoch)
        if len(rows):
            known = found.setdefault(tuple(rows.index), (rows, []))
            known[1].append(epoch)
    for rows, names in found.values():
        moment = " = ".join([*map(str, names[:-1]), seeds.epoch_title(rows, names[-1])])
        yield f"{seeds.condition_title(cell)}: {moment}", rows


def _include(axes, value):
    """Widen the vertical range to show `value`."""
    if value is not None:
        low, high = axes.get_ylim()
        margin = 0.06 * (high - low)
        axes.set_ylim(min(low, value - margin), max(high, value + margin))
