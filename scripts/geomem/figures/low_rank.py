"""What the number of removed low-rank directions does to the geometry, layer by layer."""

import matplotlib as mpl
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from geomem.figures import seeds, style
from geomem.figures.style import CONTROLS, KINDS

# metric, title, whether it is shown relative to its least value
COLUMNS = (
    ("objective", "objective − least", True),
    ("correlation", "mean |cos| of centres", False),
    ("capacity", r"capacity $\alpha$", False),
    ("radius", "radius $R_M$", False),
    ("dimension", "dimension $D_M$", False),
)
MAP = "viridis"


@style.styled
def draw(low_rank, accuracy, *, kinds=None):
    """A row for each kind at the last epoch, a panel for each metric, a line for each layer.

    Of the widest network with the most label noise, its first seed.

    Parameters
    ----------
    low_rank : DataFrame
        Collected table of the measure.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    kinds : sequence of str, optional
        Kinds drawn, where they are there; default: all but the control `surrogate`.

    Returns
    -------
    matplotlib Figure
    """
    rows = low_rank[low_rank["last"].astype(bool)]
    if rows.empty:
        rows = low_rank[low_rank["best"].astype(bool)]
    for key in ("width", "noise"):
        rows = rows[rows[key] == rows[key].max()]
    rows = rows[rows["seed"] == rows["seed"].min()]
    kinds = kinds or [*KINDS, "shuffled", *sorted({*rows["kind"]} - {*KINDS, *CONTROLS})]
    drawn = [kind for kind in kinds if (rows["kind"] == kind).any()]
    figure, grid = style.panels(max(len(drawn), 1), len(COLUMNS), height=1.25)
    names = seeds.layers_of(rows) if len(rows) else []
    scale = Normalize(0, max(len(names) - 1, 1))
    colours = mpl.colormaps[MAP]
    for axes_row, kind in zip(grid, drawn, strict=False):
        of_kind = rows[rows["kind"] == kind]
        for axes, (metric, title, relative) in zip(axes_row, COLUMNS, strict=True):
            of_metric = of_kind[of_kind["metric"] == metric].sort_values("k")
            for position, (_, line) in enumerate(of_metric.groupby("layer_index")):
                _line(axes, line, colours(scale(position)), relative)
            axes.set_title(title)
            if relative:
                axes.set_ylim(0, _reach(of_metric))
        axes_row[0].set_title(f"{kind}\n{COLUMNS[0][1]}")
    for axes in grid[-1]:
        axes.set_xlabel("directions removed, K")
    style.hide_empty(grid)
    if names:
        bar = figure.colorbar(ScalarMappable(scale, MAP), ax=grid, aspect=40, pad=0.01)
        bar.set_ticks([0, len(names) - 1], labels=[names[0], names[-1]])
    style.caption(
        figure,
        "Dot: the K used. Thick: K that the centres do not tell apart from it."
        if drawn
        else "No measurements.",
        seeds.diverged_note(accuracy),
    )
    return figure


def _line(axes, line, colour, relative):
    values = line["value"] - line["value"].min() if relative else line["value"]
    plausible = line["plausible"].astype(bool)
    chosen = line["chosen"].astype(bool)
    axes.plot(line["k"], values, color=colour, linewidth=0.6)
    axes.plot(line["k"].where(plausible), values, color=colour, linewidth=1.8)
    axes.plot(line["k"][chosen], values[chosen], "o", color=colour, markersize=3)


def _reach(rows):
    """Upper end of the objective's axis: twice the largest rise within a plausible set."""
    rises = [
        (line["value"] - line["value"].min())[line["plausible"].astype(bool)].max()
        for _, line in rows.groupby("layer_index")
    ]
    return 2 * max([rise for rise in rises if rise > 0], default=0.5)
