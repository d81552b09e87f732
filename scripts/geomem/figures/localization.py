"""Where memorization sits, asked layer by layer (for comparison with Maini et al., ICML 2023)."""

import numpy as np

from geomem.figures import scales, seeds, style
from geomem.figures.differences import difference
from geomem.figures.style import KINDS

SCHEMES = {"single": "this layer alone", "suffix": "it and all after it"}
POLICIES = ("with-layer", "keep", "recalibrate")
SHOWN = ("test", "permuted", "unpermuted")
GROUPS = {"training": ("permuted", "unpermuted"), "test": ("test",)}  # share a vertical axis
# How far intervals widen the axes: changes of one seed are often smaller than their intervals.
_BEYOND = {"training": 2.0, "test": 2.0, "share": 0.5}
CELLS = 4  # of a row; one, two or four panels take equal shares of it


@style.styled
def draw(rewind, gradients, accuracy, *, epoch=None):
    """Effects of rewinding on every kind, and each layer's fraction of the squared gradient norm.

    Parameters
    ----------
    rewind, gradients, accuracy : DataFrame
        Collected tables; the last one tells what runs diverged.
    epoch : "best" or int, optional
        Epoch that layers are rewound to; by default the best one, or where none were rewound to it
        the latest.

    Returns
    -------
    matplotlib Figure
    """
    changes, shares = rewind_changes(rewind), gradient_shares(gradients)
    rows = _rows_of(changes, shares)
    figure = style.canvas(max(len(rows), 1), height=2.05)
    grid = figure.add_gridspec(max(len(rows), 1), CELLS)
    panels = {"training": [], "test": [], "share": []}  # axes
    drawn = {"training": [], "test": [], "share": []}  # averages
    for i, (cell, policy) in enumerate(rows):
        if policy is None:
            _draw_shares(figure, grid, i, shares, cell, accuracy, panels, drawn)
        else:
            of_policy = changes[changes["batch_norm"] == policy]
            _draw_changes(figure, grid, i, of_policy, cell, epoch, panels, drawn)
    cuts = [
        scales.frame_values(axes, drawn[name], positive=name == "share", beyond=_BEYOND[name])
        for name, axes in panels.items()
    ]
    handles = [line for axes in figure.axes for line in axes.get_lines()]
    style.legend(figure, handles, order=SHOWN.index)
    alone = "both Wilson intervals (taken as independent)"
    style.caption(
        figure,
        "Change: rewound minus final network." if panels["training"] else "",
        "Fraction: of the squared norm, with sampling noise." if panels["share"] else "",
        seeds.interval_note([summary for name in drawn for summary in drawn[name]], alone),
        max(cuts),
        seeds.best_note(shares, accuracy),
        seeds.diverged_note(accuracy),
    )
    return figure


def rewind_changes(rewind):
    """Accuracy with layers rewound minus that of the final network, run by run.

    Parameters
    ----------
    rewind : DataFrame
        Collected rewind table.

    Returns
    -------
    DataFrame
        Its rows of accuracy in the schemes `single` and `suffix`, with the change as `value`.
    """
    known = rewind[(rewind["metric"] == "accuracy") & rewind["kind"].isin(SHOWN)]
    # of the same treatment of batch norm, for one of them changes the final network, too
    alike = ["kind", "batch_norm"]
    final = known[known["scheme"] == "none"].drop_duplicates(["width", "noise", "seed", *alike])
    return difference(known[known["scheme"].isin(list(SCHEMES))], final, alike)


def gradient_shares(gradients):
    """Each layer's fraction of the squared norm of the whole gradient.

    Parameters
    ----------
    gradients : DataFrame
        Collected gradient table.

    Returns
    -------
    DataFrame
        Its rows of the norm of the whole gradient, with the fraction as `value`, without interval.
    """
    norms = gradients[(gradients["metric"] == "norm") & (gradients["part"] == "total")]
    squares = norms["value"].astype(float) ** 2
    keys = [norms[name] for name in ("width", "noise", "seed", "epoch", "kind")]
    share = squares / squares.groupby(keys).transform("sum")
    return norms.assign(metric="share", value=share, lo=np.nan, hi=np.nan)


def _rows_of(changes, shares):
    """Pairs (condition, batch-norm policy), with None in place of a policy for the gradients.

    Of several policies the first: the figure `rewind` compares them.
    """
    cells = sorted({*seeds.conditions(changes), *seeds.conditions(shares)})
    rows = []
    for cell in cells:
        policies = set(seeds.of_condition(changes, cell)["batch_norm"])
        rows += [(cell, policy) for policy in POLICIES if policy in policies][:1]
        rows += [(cell, None)] if len(seeds.of_condition(shares, cell)) else []
    return rows


def _axes_of(figure, grid, row, start, count, width):
    """`count` axes of a row that share their vertical one, each `width` cells from `start` on."""
    places = [slice(start + i * width, start + (i + 1) * width) for i in range(count)]
    first = figure.add_subplot(grid[row, places[0]])
    others = [figure.add_subplot(grid[row, place], sharey=first) for place in places[1:]]
    for axes in others:
        axes.tick_params(labelleft=False)
    return [first, *others]


def _draw_changes(figure, grid, row, changes, cell, epoch, panels, drawn):
    """A panel for each scheme and group of kinds; adds axes to `panels` and averages to `drawn`."""
    here = seeds.of_condition(changes, cell)
    if epoch is None:
        epoch = "best" if here["best"].any() else here["epoch"].max()
    back = seeds.at_epoch(here, epoch)
    schemes = [scheme for scheme in SCHEMES if scheme in set(back["scheme"])]
    if not schemes:
        return
    width = CELLS // (len(GROUPS) * len(schemes))
    for start, (group, kinds) in zip((0, CELLS // 2), GROUPS.items(), strict=True):
        axes_row = _axes_of(figure, grid, row, start, len(schemes), width)
        for axes, scheme in zip(axes_row, schemes, strict=True):
            of_panel = back[(back["scheme"] == scheme) & back["kind"].isin(kinds)]
            axes.axhline(0, color="black", linewidth=0.7, zorder=1)
            drawn[group] += _lines(axes, of_panel, bounded=False)
            axes.set_xlabel(f"rewound: {SCHEMES[scheme]}", fontsize=6.5)
        axes_row[0].set_ylabel(f"change of accuracy,\n{group} images (points)")
        panels[group] += axes_row
        if group == "training":
            moment = seeds.epoch_title(back, epoch)
            policy = back["batch_norm"].iloc[0]
            axes_row[0].set_title(
                f"{seeds.condition_title(cell)}: to {moment};\nbatch norm: {policy}"
            )


def _draw_shares(figure, grid, row, shares, cell, accuracy, panels, drawn):
    """A panel for each of a few epochs; adds axes to `panels` and averages to `drawn`."""
    here = seeds.meet_at_best(seeds.of_condition(shares, cell), accuracy)
    epochs = np.unique(here["epoch"])
    count = max(n for n in (1, 2, 4) if n <= len(epochs))
    chosen = np.linspace(0, len(epochs) - 1, count).round().astype(int)
    axes_row = _axes_of(figure, grid, row, 0, len(chosen), CELLS // len(chosen))
    for axes, epoch in zip(axes_row, epochs[chosen], strict=True):
        drawn["share"] += _lines(axes, here[here["epoch"] == epoch])
        axes.set_title(f"epoch {epoch:g}")
        axes.set_xlabel("layer")
    axes_row[0].set_ylabel("fraction of gradient (%)")
    axes_row[0].set_title(f"{seeds.condition_title(cell)}\nepoch {epochs[0]:g}")
    panels["share"] += axes_row


def _lines(axes, table, scale=100, *, bounded=True):
    """Draw means over seeds of every kind by layer; returns them in the axis's unit."""
    names = seeds.layers_of(table)
    summaries = []
    for kind in SHOWN:
        of_kind = table[table["kind"] == kind]
        summary = seeds.over_seeds(of_kind, ["layer_index", "layer"], bounded=bounded)
        if len(summary):
            style.curve(axes, summary["layer"].map(names.index), summary, KINDS[kind], scale=scale)
            columns = ["value", "lo", "hi"]
            summaries.append(summary.assign(**scale * summary[columns].astype(float)))
    scales.layer_axis(axes, names, most=14)
    return summaries
