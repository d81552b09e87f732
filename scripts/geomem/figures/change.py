"""How far the geometry of each layer moves from the best to the last epoch."""

from geomem.figures import paper, scales, seeds, style, warned
from geomem.figures.depth import METRICS, draw_layers, mark_paper
from geomem.figures.differences import difference
from geomem.figures.ends import label_ends

LABELS = {
    "capacity": r"change of capacity $\alpha$",
    "radius": r"change of radius $R_M$",
    "dimension": r"change of dimension $D_M$",
}


@style.styled
def draw(geometry, accuracy, *, per_class=None, kappa=0, remove_low_rank=True):
    """Last minus best epoch against layer, a row per width and noise.

    Parameters
    ----------
    geometry : DataFrame
        Collected geometry table.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    per_class : int, optional
        Points per manifold M.
    kappa, remove_low_rank : float, bool
        How the geometry was measured; the paper's values are drawn if it was measured the same way.

    Returns
    -------
    matplotlib Figure
    """
    classes = seeds.n_manifolds(geometry)
    same = paper.comparable(classes, per_class, kappa=kappa, remove_low_rank=remove_low_rank)
    geometry, robust = seeds.middle_half(seeds.whole_set(geometry))
    geometry = geometry[geometry["metric"].isin(METRICS)]
    best = seeds.at_epoch(geometry, "best")
    last = seeds.at_epoch(geometry, "last")
    changes = difference(last, best, ["layer", "kind", "metric"])
    cells = seeds.conditions(changes)
    figure, grid = style.panels(max(len(cells), 1), len(METRICS), height=1.95, sharey="col")
    curves, traced = {metric: [] for metric in METRICS}, {metric: [] for metric in METRICS}
    for axes_row, cell in zip(grid, cells, strict=False):
        here = seeds.of_condition(changes, cell)
        names = seeds.layers_of(here)
        for axes, metric in zip(axes_row, METRICS, strict=True):
            axes.axhline(0, color="black", linewidth=0.7, zorder=1)
            of_metric = here[here["metric"] == metric]
            curves[metric] += draw_layers(axes, of_metric, names, bounded=False)
            if same and cell[0] == paper.NOISE:
                traced[metric] += mark_paper(axes, metric, ["change"], names)
            axes.set_ylabel(LABELS[metric])
        style.row_title(axes_row, _title(here, seeds.finished(best, accuracy), accuracy, cell))
    cut = ""
    for column, metric in zip(grid.T, METRICS, strict=True):
        cut = scales.frame_values(column[:1], [curve.summary for curve in curves[metric]]) or cut
        scales.include(column[0], traced[metric])
        warned.mark(curves[metric])
    for axes in grid[:, -1]:
        label_ends(axes, curves[METRICS[-1]])
    style.tidy(grid)
    every = [curve for of_metric in curves.values() for curve in of_metric]
    alone = "95 % interval of the difference of two measurements"
    style.caption(
        figure,
        seeds.interval_note([curve.summary for curve in every], alone),
        robust if len(cells) else "",
        cut,
        warned.note(every),
        seeds.diverged_note(accuracy),
        paper.NOTE if any(traced.values()) else "",
    )
    return figure


def _title(here, best, accuracy, cell):
    """Which epochs one row compares, and which seeds it lacks."""
    best = seeds.of_condition(best, cell)
    moments = [seeds.epoch_title(here, "last"), seeds.epoch_title(best, "best")]
    title = f"{seeds.condition_title(cell)}: {' minus '.join(moments)}"
    missing = seeds.diverged_text(accuracy, cell)
    return f"{title}; {missing}" if missing else title
