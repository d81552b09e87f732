"""Where memorization sits, asked layer by layer (for comparison with Maini et al., ICML 2023)."""

import numpy as np

from geomem.figures import seeds, style
from geomem.figures.style import KINDS

SCHEMES = {"single": "this layer alone", "suffix": "this layer and all after it"}
POLICIES = ("with-layer", "keep", "recalibrate")
SHOWN = ("test", "permuted", "unpermuted")
MOST_EPOCHS = 4
CELLS = 12  # of a row; one to four panels take equal shares of it


@style.styled
def draw(rewind, gradients, accuracy, *, epoch=None):
    """Effects of rewinding on every kind, and each layer's share of the squared gradient norm.

    Parameters
    ----------
    rewind, gradients, accuracy : DataFrame
        Collected tables; the last one tells what runs diverged.
    epoch : "best" or int, optional
        Epoch that layers are set back to; by default the best one, or where no layers were set
        back to it the latest.

    Returns
    -------
    matplotlib Figure
    """
    changes, shares = rewind_changes(rewind), gradient_shares(gradients)
    rows = _rows_of(changes, shares)
    figure = style.canvas(max(len(rows), 1), height=2.05)
    grid = figure.add_gridspec(max(len(rows), 1), CELLS)
    change_axes, changed, share_axes, shared, handles = [], [], [], [], []
    for i, (cell, policy) in enumerate(rows):
        if policy is None:
            axes_row, drawn = _draw_shares(figure, grid, i, shares, cell)
            share_axes += axes_row
            shared += drawn
        else:
            of_policy = changes[changes["batch_norm"] == policy]
            axes_row, drawn = _draw_changes(figure, grid, i, of_policy, cell, epoch)
            change_axes += axes_row
            changed += drawn
        for axes in axes_row[1:]:
            axes.tick_params(labelleft=False)
        handles += [line for axes in axes_row for line in axes.get_lines()]
    cut = style.frame_values(change_axes, changed)
    cut = style.frame_values(share_axes, shared, positive=True) or cut
    style.legend(figure, handles, order=SHOWN.index)
    alone = "changes, both Wilson 95 % intervals over images were they independent; shares, none"
    style.caption(
        figure,
        "Change: network with layers set back minus final network, in percentage points."
        if changed
        else "",
        "Share: of the squared norm of the loss gradient over the images of a kind, sampling noise "
        "included."
        if shared
        else "",
        seeds.interval_note([*changed, *shared], alone),
        cut,
        seeds.best_note(shares),
        seeds.diverged_note(accuracy),
    )
    return figure


def rewind_changes(rewind):
    """Accuracy with layers set back minus that of the final network, run by run.

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
    final = known[known["scheme"] == "none"].drop_duplicates(["width", "noise", "seed", "kind"])
    return seeds.difference(known[known["scheme"].isin(list(SCHEMES))], final, ["kind"])


def gradient_shares(gradients):
    """Each layer's share of the squared norm of the whole gradient.

    Parameters
    ----------
    gradients : DataFrame
        Collected gradient table.

    Returns
    -------
    DataFrame
        Its rows of the norm of the whole gradient, with the share as `value`, without interval.
    """
    norms = gradients[(gradients["metric"] == "norm") & (gradients["part"] == "total")]
    squares = norms["value"].astype(float) ** 2
    keys = [norms[name] for name in ("width", "noise", "seed", "epoch", "kind")]
    share = squares / squares.groupby(keys).transform("sum")
    return norms.assign(value=share, lo=np.nan, hi=np.nan)


def _rows_of(changes, shares):
    """Pairs (condition, batch-norm policy), with None in place of a policy for the gradients."""
    cells = sorted({*seeds.conditions(changes), *seeds.conditions(shares)})
    rows = []
    for cell in cells:
        policies = set(seeds.of_condition(changes, cell)["batch_norm"])
        rows += [(cell, policy) for policy in POLICIES if policy in policies]
        rows += [(cell, None)] if len(seeds.of_condition(shares, cell)) else []
    return rows


def _axes_of(figure, grid, row, count):
    """`count` axes side by side that share their vertical one."""
    width = CELLS // count
    first = figure.add_subplot(grid[row, :width])
    others = [grid[row, i * width : (i + 1) * width] for i in range(1, count)]
    return [first, *(figure.add_subplot(place, sharey=first) for place in others)]


def _draw_changes(figure, grid, row, changes, cell, epoch):
    """A panel for each scheme of one width, noise and policy; returns axes and averages."""
    here = seeds.of_condition(changes, cell)
    if epoch is None:
        epoch = "best" if here["best"].any() else here["epoch"].max()
    back = seeds.at_epoch(here, epoch)
    schemes = [scheme for scheme in SCHEMES if scheme in set(back["scheme"])]
    axes_row = _axes_of(figure, grid, row, max(len(schemes), 1))
    summaries = []
    for axes, scheme in zip(axes_row, schemes, strict=False):
        of_scheme = back[back["scheme"] == scheme]
        axes.axhline(0, color="black", linewidth=0.7, zorder=1)
        summaries += _lines(axes, of_scheme, 100)
        axes.set_xlabel(f"set back: {SCHEMES[scheme]}")
    axes_row[0].set_ylabel("change of accuracy (points)")
    policy = changes["batch_norm"].iloc[0]
    axes_row[0].set_title(
        f"{seeds.condition_title(cell)}: to {seeds.epoch_title(back, epoch)}; batch norm: {policy}"
        if len(back)
        else ""
    )
    return axes_row, summaries


def _draw_shares(figure, grid, row, shares, cell):
    """A panel for each of a few epochs of one width and noise; returns axes and averages."""
    here = seeds.meet_at_best(seeds.of_condition(shares, cell))
    epochs = np.unique(here["epoch"])
    chosen = np.linspace(0, len(epochs) - 1, min(MOST_EPOCHS, len(epochs))).round().astype(int)
    axes_row = _axes_of(figure, grid, row, len(chosen))
    summaries = []
    for axes, epoch in zip(axes_row, epochs[chosen], strict=True):
        summaries += _lines(axes, here[here["epoch"] == epoch], 100)
        axes.set_title(f"epoch {epoch:g}")
        axes.set_xlabel("layer")
    axes_row[0].set_ylabel("share of gradient (%)")
    axes_row[0].set_title(f"{seeds.condition_title(cell)}\nepoch {epochs[0]:g}")
    return axes_row, summaries


def _lines(axes, table, scale):
    """Draw means over seeds of every kind by layer; returns them in the axis's unit."""
    names = seeds.layers_of(table)
    summaries = []
    for kind in SHOWN:
        of_kind = table[table["kind"] == kind]
        summary = seeds.over_seeds(of_kind, ["layer_index", "layer"])
        if len(summary):
            style.curve(axes, summary["layer"].map(names.index), summary, KINDS[kind], scale=scale)
            columns = ["value", "lo", "hi"]
            summaries.append(summary.assign(**scale * summary[columns].astype(float)))
    style.layer_axis(axes, names)
    return summaries
