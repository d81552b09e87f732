"""Accuracy after some layers are rewound to an earlier epoch."""

import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from geomem.figures import scales, seeds, style
from geomem.figures.style import Look

SCHEMES = {
    "suffix": "this layer and all after it",
    "prefix": "this layer and all before it",
    "single": "this layer alone",
}
BEST = Look("to the best epoch", "black", "*")
MARKERS = "osD^vP"
NONE = "none"


@style.styled
def draw(rewind, accuracy, *, kinds=("test", "permuted")):
    """A row per width, noise, batch-norm treatment and kind; a column per rewinding scheme.

    Parameters
    ----------
    rewind : DataFrame
        Collected rewind table.
    accuracy : DataFrame
        Collected accuracy table, for the accuracy at the best and last epoch.
    kinds : sequence of str
        Kinds whose accuracy is shown, where there are such images.

    Returns
    -------
    matplotlib Figure
    """
    rewound = rewind[(rewind["metric"] == "accuracy") & rewind["kind"].isin(kinds)]
    curves = rewound[rewound["scheme"].isin(list(SCHEMES))]
    schemes = [scheme for scheme in SCHEMES if scheme in set(curves["scheme"])]
    rows = _rows_of(curves, kinds)
    looks = _looks(curves)
    columns = max(len(schemes), 1)
    figure, grid = style.panels(
        max(len(rows), 1),
        columns,
        width=style.DOUBLE if columns > 1 else style.SINGLE,
        height=2.0,
        sharey="row",
    )
    drawn = []
    for axes_row, (cell, batch_norm, kind) in zip(grid, rows, strict=False):
        here = seeds.of_condition(curves, cell)
        here = here[(here["batch_norm"] == batch_norm) & (here["kind"] == kind)]
        untouched = seeds.of_condition(rewound, cell)
        untouched = untouched[(untouched["scheme"] == NONE) & (untouched["kind"] == kind)]
        for axes, scheme in zip(axes_row, schemes, strict=True):
            of_scheme = here[here["scheme"] == scheme]
            names = seeds.layers_of(of_scheme)
            if scheme == "suffix" and len(untouched):
                names = [*names, NONE]
            for key, rows_of_line in _series(of_scheme):
                if NONE in names:
                    rows_of_line = _with_end(rows_of_line, untouched)
                summary = seeds.over_seeds(rows_of_line, ["layer"])
                summary = summary.sort_values("layer", key=lambda column: column.map(names.index))
                x = summary["layer"].map(names.index)
                drawn.append(style.curve(axes, x, summary, looks[key], scale=100))
            _reference(axes, seeds.of_condition(accuracy, cell), kind)
            if names:
                scales.layer_axis(axes, names)
            axes.set_xlabel(f"rewound: {SCHEMES[scheme]}")
        axes_row[0].set_ylabel(f"{kind} {style.LABELS['accuracy']}")
        axes_row[0].set_ylim(0, min(axes_row[0].get_ylim()[1], 103))
        axes_row[0].set_title(f"{seeds.condition_title(cell)}; batch norm: {batch_norm}")
    for axes in grid[:, -1]:
        style.label_ends(axes, drawn)
    style.tidy(grid)
    style.caption(
        figure,
        seeds.interval_note([c.summary for c in drawn], "Wilson 95 % interval over images"),
        "Grey: the whole network at its best (dashed) and last epoch (dotted)." if drawn else "",
        seeds.diverged_note(accuracy),
    )
    return figure


def _rows_of(curves, kinds):
    """Triples (condition, batch norm, kind) that have curves."""
    return [
        (cell, batch_norm, kind)
        for cell in seeds.conditions(curves)
        for batch_norm in sorted(seeds.of_condition(curves, cell)["batch_norm"].unique())
        for kind in kinds
        if kind in set(seeds.of_condition(curves, cell)["kind"])
    ]


def _looks(curves):
    """Looks of all lines by epoch: dark for early, light for late; black for the best one."""
    epochs = sorted(curves.loc[~curves["best"], "epoch"].unique())
    looks = {
        epoch: Look(
            f"to epoch {epoch}",
            to_hex(colormaps["viridis"](0.2 + 0.7 * i / max(len(epochs) - 1, 1))),
            MARKERS[i % len(MARKERS)],
        )
        for i, epoch in enumerate(epochs)
    }
    return {**looks, "best": BEST}


def _series(rows):
    """Pairs (epoch or "best", rows): one line each.

    An epoch that is the best of every seed rewound to it belongs to the line "best" alone.
    """
    for epoch, of_epoch in rows.groupby("epoch"):
        if not of_epoch["best"].all():
            yield epoch, of_epoch
    if rows["best"].any():
        yield "best", rows[rows["best"]]


def _with_end(rows, untouched):
    """Add the network that nothing was rewound in, of the same seeds, as layer "none"."""
    end = untouched[untouched["seed"].isin(rows["seed"])].drop_duplicates("seed")
    columns = ["seed", "layer", "metric", "value", "lo", "hi"]
    return pd.concat([rows[columns], end.assign(layer=NONE)[columns]], ignore_index=True)


def _reference(axes, accuracy, kind):
    """Horizontal lines at the mean accuracy of the network at its best and last epoch."""
    accuracy = accuracy[(accuracy["metric"] == "accuracy") & (accuracy["kind"] == kind)]
    for epoch, line in (("best", (0, (5, 2))), ("last", (0, (1, 1.2)))):
        value = seeds.at_epoch(accuracy, epoch)["value"].mean()
        if pd.notna(value):
            axes.axhline(100 * value, color=style.GREY, linewidth=1, linestyle=line, zorder=1.5)
            axes.lines[-1].set_label(f"whole network, {epoch} epoch")
