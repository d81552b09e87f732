"""Accuracy after some layers are rewound to an earlier epoch."""

import pandas as pd
from matplotlib.colors import to_hex

from geomem.figures import scales, seeds, style
from geomem.figures.ends import label_ends
from geomem.figures.style import Look

SCHEMES = {
    "suffix": "this layer and all after it",
    "prefix": "this layer and all before it",
    "single": "this layer alone",
}
BEST = Look("to the best epoch", "black", "*")
POLICIES = {
    "with-layer": Look("batch norm: with-layer", "black", "o"),
    "keep": Look("batch norm: keep", "#E69F00", "s"),
    "recalibrate": Look("batch norm: recalibrate", "#56B4E9", "D"),
}
MARKERS = "osD^vP"
NONE = "none"


@style.styled
def draw(rewind, accuracy, *, kinds=("test", "permuted")):
    """A row per width, noise and kind; a column per rewinding scheme; a line per epoch.

    Where layers are rewound to one epoch alone, a line stands for a treatment of batch norm, else
    each treatment has rows of its own.

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
    looks = _looks(curves)
    together = len(list(_series(curves))) == 1 and curves["batch_norm"].nunique() > 1
    rows = _rows_of(curves, kinds, together)
    only = next((looks[key].label for key, _ in _series(curves)), "")
    columns = max(len(schemes), 1)
    figure, grid = style.panels(
        max(len(rows), 1),
        columns,
        width=style.DOUBLE if columns > 1 else style.SINGLE,
        height=2.0,
        sharey="row",
    )
    drawn, titled = [], set()
    for axes_row, (cell, batch_norm, kind) in zip(grid, rows, strict=False):
        here = seeds.of_condition(curves, cell)
        here = here[here["kind"] == kind]
        here = here if together else here[here["batch_norm"] == batch_norm]
        untouched = seeds.of_condition(rewound, cell)
        untouched = untouched[(untouched["scheme"] == NONE) & (untouched["kind"] == kind)]
        for axes, scheme in zip(axes_row, schemes, strict=True):
            of_scheme = here[here["scheme"] == scheme]
            names = seeds.layers_of(of_scheme)
            if scheme == "suffix" and len(untouched):
                names = [*names, NONE]
            for look, rows_of_line in _lines(of_scheme, looks, together):
                if NONE in names:
                    rows_of_line = _with_end(rows_of_line, untouched)
                summary = seeds.over_seeds(rows_of_line, ["layer"])
                summary = summary.sort_values("layer", key=lambda column: column.map(names.index))
                x = summary["layer"].map(names.index)
                drawn.append(style.curve(axes, x, summary, look, scale=100))
            ended = seeds.finished(seeds.of_condition(accuracy, cell), accuracy)
            _reference(axes, ended, kind)
            if names:
                scales.layer_axis(axes, names)
            axes.set_xlabel(f"rewound: {SCHEMES[scheme]}")
        axes_row[0].set_ylabel(f"{kind} {style.LABELS['accuracy']}")
        axes_row[0].set_ylim(0, min(axes_row[0].get_ylim()[1], 103))
        if (cell, batch_norm) not in titled:
            titled.add((cell, batch_norm))
            what = f"batch norm: {batch_norm}" if batch_norm else f"rewound {only}"
            axes_row[0].set_title(f"{seeds.condition_title(cell)}; {what}")
    for axes in grid[:, -1]:
        label_ends(axes, drawn)
    style.tidy(grid)
    style.caption(
        figure,
        seeds.interval_note([c.summary for c in drawn], "Wilson 95 % interval over images"),
        "Grey: the whole network at its best (dashed) and last epoch (dotted)." if drawn else "",
        seeds.diverged_note(accuracy),
    )
    return figure


def _rows_of(curves, kinds, together):
    """Triples (condition, batch norm, kind) that have curves; no batch norm where `together`."""
    rows = []
    for cell in seeds.conditions(curves):
        here = seeds.of_condition(curves, cell)
        policies = [""] if together else sorted(here["batch_norm"].unique())
        rows += [
            (cell, policy, kind) for policy in policies for kind in kinds if kind in {*here["kind"]}
        ]
    return rows


def _looks(curves):
    """Looks of all lines by epoch: dark for early, light for late; black for the best one."""
    epochs = sorted(curves.loc[~curves["best"], "epoch"].unique())
    looks = {
        epoch: Look(
            f"to epoch {epoch}",
            to_hex(style.ORDERED(0.15 + 0.85 * i / max(len(epochs) - 1, 1))),
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


def _lines(rows, looks, together):
    """Pairs (Look, rows): a line for each treatment of batch norm, or else for each epoch."""
    if together:
        present = rows.groupby("batch_norm")
        yield from ((POLICIES[policy], of_policy) for policy, of_policy in present)
    else:
        yield from ((looks[key], of_epoch) for key, of_epoch in _series(rows))


def _with_end(rows, untouched):
    """Add the networks that nothing was rewound in, of the same seeds, as layer "none"."""
    alike = ["seed", "batch_norm"]
    end = untouched.drop_duplicates(alike).merge(rows[alike].drop_duplicates(), on=alike)
    columns = ["seed", "layer", "metric", "value", "lo", "hi"]
    return pd.concat([rows[columns], end.assign(layer=NONE)[columns]], ignore_index=True)


def _reference(axes, accuracy, kind):
    """Horizontal lines at the mean accuracy of the networks at their best and last epoch."""
    accuracy = accuracy[(accuracy["metric"] == "accuracy") & (accuracy["kind"] == kind)]
    for epoch, line in (("best", (0, (5, 2))), ("last", (0, (1, 1.2)))):
        value = seeds.at_epoch(accuracy, epoch)["value"].mean()
        if pd.notna(value):
            axes.axhline(100 * value, color=style.GREY, linewidth=1, linestyle=line, zorder=1.5)
            axes.lines[-1].set_label(f"whole network, {epoch} epoch")
