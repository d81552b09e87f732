"""Accuracy of each kind of image over the epochs of training."""

from geomem.figures import scales, seeds, style
from geomem.figures.ends import label_ends
from geomem.figures.style import KINDS


@style.styled
def draw(accuracy):
    """One panel per width and noise; means over seeds, each seed's best epoch marked.

    Parameters
    ----------
    accuracy : DataFrame
        Collected accuracy table.

    Returns
    -------
    matplotlib Figure
    """
    accuracy = accuracy[(accuracy["metric"] == "accuracy") & accuracy["kind"].isin(list(KINDS))]
    cells = seeds.conditions(accuracy)
    columns = _columns(cells)
    rows = -(-max(len(cells), 1) // columns)
    figure, grid = style.panels(
        rows,
        columns,
        width=style.SINGLE if columns == 1 else style.DOUBLE,
        height=2.2 if columns < 3 else 1.75,
        sharey=True,
    )
    curves = []
    for axes, cell in zip(grid.flat, cells, strict=False):
        here = seeds.of_condition(accuracy, cell)
        summary = seeds.over_seeds(here, ["kind", "epoch"])
        for kind, look in KINDS.items():
            of_kind = summary[summary["kind"] == kind]
            if len(of_kind):
                x = of_kind["epoch"]
                curves.append(style.curve(axes, x, of_kind, look, markers=False, scale=100))
        scales.mark_epochs(axes, here.loc[here["best"], "epoch"], "best epoch")
        _mark_diverged(axes, here)
        axes.set_title(seeds.condition_title(cell))
        scales.epoch_axis(axes, here["epoch"])
    grid[0, 0].set_ylim(-3, 103)
    for axes in grid[:, 0]:
        axes.set_ylabel(style.LABELS["accuracy"])
    for i, axes in enumerate(grid.flat):
        if (i + 1) % columns == 0 or i == len(cells) - 1:
            label_ends(axes, curves)
    style.tidy(grid)
    style.caption(
        figure,
        seeds.interval_note([c.summary for c in curves], "Wilson 95 % interval over images"),
        "Dotted: best epochs.",
        "Restored: permuted images against their true labels."
        if "restored" in {*accuracy["kind"]}
        else "",
        _diverged_note(accuracy),
    )
    return figure


def _columns(cells):
    """Widths side by side where they fit, otherwise four panels to a row."""
    widths = len({width for _, width in cells})
    return widths if 1 < widths <= 4 else max(1, min(4, len(cells)))


def _mark_diverged(axes, here):
    """Mark where seeds that diverged stop."""
    stopped = [seed for epochs in seeds.diverged(here).values() for seed in epochs]
    for seed in stopped:
        measured = here[(here["seed"] == seed) & (here["kind"] == "test") & here["value"].notna()]
        end = measured.nlargest(1, "epoch")
        axes.plot(end["epoch"], 100 * end["value"], "x", color="black", markersize=5, zorder=4)


def _diverged_note(accuracy):
    note = seeds.diverged_note(accuracy)
    return note and f"{note[:-1]} (marked ✕)."
