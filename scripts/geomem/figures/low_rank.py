"""What the number of removed low-rank directions does to the geometry, layer by layer."""

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from geomem.figures import seeds, style
from geomem.figures.style import CONTROLS
from geomem.geometry.lowrank import THRESHOLD

COLUMNS = (
    ("eigenvalue", "eigenvalue / mean"),
    ("correlation", "mean |cos| of centres"),
    ("capacity", r"capacity $\alpha$"),
    ("radius", "radius $R_M$"),
    ("dimension", "dimension $D_M$"),
)
SHOWN = ("permuted", "test")


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
        Kinds drawn, where they are there; default: permuted and test, or where there are neither
        all but the controls.

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
    present = {*rows["kind"]}
    kinds = kinds or [*SHOWN, *([] if present & {*SHOWN} else sorted(present - {*CONTROLS}))]
    drawn = [kind for kind in kinds if kind in present]
    figure, grid = style.panels(max(len(drawn), 1), len(COLUMNS), height=1.25)
    names = seeds.layers_of(rows) if len(rows) else []
    scale = Normalize(0, max(len(names) - 1, 1))
    for axes_row, kind in zip(grid, drawn, strict=False):
        of_kind = rows[rows["kind"] == kind]
        for axes, (metric, title) in zip(axes_row, COLUMNS, strict=True):
            of_metric = of_kind[of_kind["metric"] == metric].sort_values("k")
            for position, (_, line) in enumerate(of_metric.groupby("layer_index")):
                _line(axes, line.dropna(subset="value"), style.ORDERED(scale(position)))
            axes.set_title(title)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            if metric == "eigenvalue":
                axes.axhline(THRESHOLD, color="grey", linewidth=0.6, linestyle=":")
        axes_row[0].set_title(f"{kind}\n{COLUMNS[0][1]}")
    for axes in grid[-1]:
        axes.set_xlabel("directions removed, K")
    style.hide_empty(grid)
    if names:
        bar = figure.colorbar(ScalarMappable(scale, style.ORDERED), ax=grid, aspect=40, pad=0.01)
        bar.set_ticks([0, len(names) - 1], labels=[names[0], names[-1]])
    style.caption(
        figure,
        "A line per layer: K directions removed as a whole. Dot: what the geometry uses, removed "
        "in part. Thick: plausible K. Dotted: directions with an eigenvalue above it are removed."
        if drawn
        else "No measurements.",
        seeds.diverged_note(accuracy),
    )
    return figure


def _line(axes, line, colour):
    whole = line[line["k"] == line["k"].round()]  # what is used may take directions off in part
    used = line[line["chosen"].astype(bool)]
    alone = "_" if len(whole) == 1 else None  # a line of one point would not be seen
    axes.plot(whole["k"], whole["value"], marker=alone, color=colour, linewidth=0.6)
    plausible = whole["plausible"].astype(bool)
    axes.plot(whole["k"].where(plausible), whole["value"], color=colour, linewidth=1.8)
    axes.plot(used["k"], used["value"], "o", color=colour, markersize=3)
