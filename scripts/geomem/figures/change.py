"""How far the geometry of each layer moves from the best to the last epoch."""

from geomem.figures import paper, scales, seeds, style, warned
from geomem.figures.depth import METRICS, draw_layers, mark_paper

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
    geometry = seeds.whole_set(geometry)
    geometry = geometry[geometry["metric"].isin(METRICS)]
    best = seeds.at_epoch(geometry, "best")
    last = seeds.at_epoch(geometry, "last")
    changes = seeds.difference(last, best, ["layer", "kind", "metric"])
    cells = seeds.conditions(changes)
    figure, grid = style.panels(max(len(cells), 1), len(METRICS), height=1.95, sharey="col")
    curves, traced = {metric: [] for metric in METRICS}, {metric: [] for metric in METRICS}
    handles = []
    for axes_row, cell in zip(grid, cells, strict=False):
        here = seeds.of_condition(changes, cell)
        names = seeds.layers_of(here)
        for axes, metric in zip(axes_row, METRICS, strict=True):
            axes.axhline(0, color="black", linewidth=0.7, zorder=1)
            curves[metric] += draw_layers(axes, here[here["metric"] == metric], names)
            if same and cell[0] == paper.NOISE:
                traced[metric] += mark_paper(axes, metric, ["change"], names)
            handles += axes.get_lines()
            axes.set_ylabel(LABELS[metric])
        style.row_title(axes_row, _title(here, best, accuracy, cell))
    cut = ""
    for column, metric in zip(grid.T, METRICS, strict=True):
        cut = scales.frame_values(column[:1], [curve.summary for curve in curves[metric]]) or cut
        scales.include(column[0], traced[metric])
        handles += warned.mark(curves[metric])
    style.tidy(grid)
    style.legend(figure, handles, columns=5)
    every = [curve for of_metric in curves.values() for curve in of_metric]
    alone = "95 % interval of a difference between epochs that share their Gaussian vectors"
    style.caption(
        figure,
        "Differences of the same network, then averaged." if len(cells) else "",
        seeds.interval_note([curve.summary for curve in every], alone),
        cut,
        warned.note(every),
        seeds.diverged_note(accuracy),
        f"{paper.NOTE} Placed by relative depth." if any(traced.values()) else "",
    )
    return figure


def _title(here, best, accuracy, cell):
    """Which epochs one row compares, and which seeds it lacks."""
    best = seeds.of_condition(best, cell)
    moments = [seeds.epoch_title(here, "last"), seeds.epoch_title(best, "best")]
    title = f"{seeds.condition_title(cell)}: {' minus '.join(moments)}"
    missing = seeds.diverged_text(accuracy, cell)
    return f"{title}; {missing}" if missing else title
