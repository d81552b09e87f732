"""Label-dependent and label-independent parts of the gradient over training (figure A.1)."""

import numpy as np

from geomem.figures import scales, seeds, style
from geomem.figures.style import KINDS, Look

PARTS = {"label": ("label-dependent", "-"), "independent": ("label-independent", "--")}


@style.styled
def draw(gradients, accuracy, *, kinds=("unpermuted", "permuted")):
    """A panel per layer, for each width and noise: norms of both parts and their noise floor.

    Parameters
    ----------
    gradients : DataFrame
        Collected gradient table.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    kinds : sequence of str

    Returns
    -------
    matplotlib Figure
    """
    norms = gradients[gradients["kind"].isin(kinds) & gradients["part"].isin(list(PARTS))]
    norms = norms[norms["metric"].isin(["norm", "noise_floor"])]
    blocks = [
        (cell, seeds.layers_of(seeds.of_condition(norms, cell))) for cell in seeds.conditions(norms)
    ]
    columns = _columns(max((len(layers) for _, layers in blocks), default=1))
    rows = [
        (cell, layers[start : start + columns], start == 0)
        for cell, layers in blocks
        for start in range(0, len(layers), columns)
    ]
    figure, grid = style.panels(
        max(len(rows), 1), columns, height=1.3, sharex=True, sharey=True,
        width=style.DOUBLE if columns > 1 else style.SINGLE,
    )  # fmt: skip
    summaries, handles = [], []
    for axes_row, (cell, layers, first) in zip(grid, rows, strict=False):
        here = seeds.meet_at_best(seeds.of_condition(norms, cell), accuracy)
        for axes, layer in zip(axes_row, layers, strict=False):
            summaries += _draw_layer(axes, here[here["layer"] == layer], kinds)
            handles += axes.get_lines()
            axes.set_title(scales.layer_label(layer, 22), fontsize=6.5, pad=2)
        if first and len(blocks) > 1:
            name = axes_row[0].get_title("left")
            axes_row[0].set_title(f"{seeds.condition_title(cell)}\n{name}", fontsize=6.5, pad=2)
    _frame(grid, summaries)
    _label(figure, grid, norms)
    style.legend(figure, handles, columns=3 if columns > 2 else 2, order=_legend_order)
    title = f"{seeds.condition_title(blocks[0][0]).capitalize()}." if len(blocks) == 1 else ""
    style.caption(
        figure,
        title,
        seeds.interval_note(summaries),
        seeds.best_note(norms, accuracy),
        seeds.diverged_note(accuracy),
        "Noise floor: norm of the label-dependent part if labels told nothing.",
    )
    return figure


def _columns(panels):
    """Three to five panels to a row: as few rows as can be, and as few gaps in the last."""
    return min((3, 4, 5), key=lambda n: (-(-panels // n), -panels % n)) if panels > 2 else panels


def _draw_layer(axes, here, kinds):
    """Draw one layer's norms; returns the averages drawn."""
    drawn = []
    for kind in kinds:
        for part, (name, line) in PARTS.items():
            rows = here[(here["kind"] == kind) & (here["part"] == part)]
            norm = seeds.over_seeds(rows[rows["metric"] == "norm"], ["epoch"])
            face = None if part == "label" else "white"
            look = Look(f"{kind}, {name}", KINDS[kind].color, KINDS[kind].marker, line, face)
            if len(norm):
                style.curve(axes, norm["epoch"], norm, look)
                drawn.append(norm)
            floor = seeds.over_seeds(rows[rows["metric"] == "noise_floor"], ["epoch"])
            if part == "label" and len(floor):
                axes.plot(floor["epoch"], floor["value"], ":", color=KINDS[kind].color)
                axes.lines[-1].set_label(f"{kind}, noise floor")
                if len(floor) == 1:
                    axes.lines[-1].set_marker("_")
                drawn.append(floor)
    return drawn


def _frame(grid, summaries):
    """Logarithmic vertical axis over all positive values, never more than six decades."""
    values = np.concatenate([s["value"].to_numpy(float) for s in summaries] or [[]])
    values = values[values > 0]
    grid[0, 0].set_yscale("log")
    if len(values):
        high = values.max() * 1.6
        grid[0, 0].set_ylim(max(values.min() / 1.6, high / 1e6), high)


def _label(figure, grid, norms):
    """Axis labels on the outer panels, also where the last row is not full."""
    figure.supylabel(style.LABELS["gradient"], size=7.5)
    style.hide_empty(grid)
    for column in grid.T:
        shown = [axes for axes in column if axes.get_visible()]
        if not shown:
            continue
        scales.epoch_axis(shown[-1], norms["epoch"])
        shown[-1].tick_params(labelbottom=True)
        if shown[-1] is not column[-1]:
            shown[-1].set_xlabel("")  # would push the rows apart


def _legend_order(label):
    """Kinds together, and of each its parts before its noise floor."""
    kind, _, name = label.partition(", ")
    return list(KINDS).index(kind), "floor" in name, name
