"""Capacity from theory beside simulated capacity (the paper's figure 1B)."""

import numpy as np

from geomem.figures import scales, seeds, style
from geomem.figures.style import KINDS, Look

CONTROLS = {
    "shuffled": Look("shuffled (×)", "#3d3d3d", "x"),
    "surrogate": Look("Gaussian (+)", "#8c8c8c", "+", ":"),
}
LOOKS = {**KINDS, **CONTROLS}
LEGEND = (
    Look("theory", style.GREY, ""),
    Look("simulated", style.GREY, "o", "none", "white"),
    Look("simulated, upper bound", style.GREY, r"$\downarrow$", "none"),
    Look("theory = simulated", "black", ""),
)


@style.styled
def draw(simulation, accuracy, *, epochs=None):
    """For each width, noise and epoch a panel per kind over the layers, and one of both capacities.

    Parameters
    ----------
    simulation : DataFrame
        Collected table; metric `theory` or `simulated`, and a simulated capacity that was not
        `reached` has no value, only the bound `hi`.
    accuracy : DataFrame
        Collected accuracy table, which tells what runs diverged.
    epochs : sequence of "best", "last" or int, optional
        By default all that were measured.

    Returns
    -------
    matplotlib Figure
    """
    blocks = [
        (f"{seeds.condition_title(cell)}: {moment}", rows)
        for cell in seeds.conditions(simulation)
        for here in [seeds.finished_or_all(seeds.of_condition(simulation, cell), accuracy)]
        for moment, _, rows in seeds.moments(here, epochs or seeds.epochs_of(here))
    ]
    counts = [len(_groups(rows)) + 1 for _, rows in blocks]
    columns = 2 if max(counts, default=1) in (2, 4) else 3
    heights = [-(-count // columns) for count in counts]
    figure, grid = style.panels(max(sum(heights), 1), columns, height=1.9)
    over_layers, summaries, identities, arrows, unreached = [], [], [], [], 0
    for (title, rows), start, height in zip(
        blocks, np.cumsum([0, *heights])[:-1], heights, strict=True
    ):
        panels = iter(grid[start : start + height].flat)
        for kinds in _groups(rows):
            axes = next(panels)
            for kind in kinds:
                of_kind = rows[rows["kind"] == kind]
                drawn, bounds = _over_layers(axes, of_kind, seeds.layers_of(rows), LOOKS[kind])
                summaries += drawn
                arrows += bounds
                unreached += _unreached(of_kind)
            axes.set_title(" and ".join(LOOKS[kind].label for kind in kinds))
            over_layers.append(axes)
        identity = next(panels)
        _identity(identity, rows)
        identities.append(identity)
        first = grid[start, 0]
        first.set_title(f"{title}\n{first.get_title('left')}")
        for axes in grid[start : start + height, 0]:
            axes.set_ylabel(style.LABELS["capacity"])
    cut = scales.frame_values([*over_layers, *identities], summaries, positive=True)
    beyond = [arrow for arrow in arrows if _within(arrow)]
    for axes in identities:
        axes.set_xlim(axes.get_ylim())
        axes.set_ylabel(r"simulated $\alpha$")
    style.hide_empty(grid)
    looks = LEGEND if unreached else [look for look in LEGEND if "bound" not in look.label]
    labels = [look.label for look in looks]
    shown = [style.handle(look) for look in looks] if blocks else []
    style.legend(figure, shown, order=labels.index)
    alone = "intervals over Gaussian vectors and over dichotomies"
    style.caption(
        figure,
        "Both capacities are of the same points." if blocks else "",
        seeds.interval_note(summaries, alone),
        cut,
        f"Upper bounds (arrows, {unreached} in all{'; at the edge: beyond it' if beyond else ''}): "
        "all features separate under half of the dichotomies."
        if unreached
        else "",
        seeds.diverged_note(accuracy),
    )
    return figure


def _groups(rows):
    """Kinds that share a panel: one each, controls together."""
    present = set(rows["kind"])
    alone = [(kind,) for kind in KINDS if kind in present]
    controls = tuple(kind for kind in CONTROLS if kind in present)
    return [*alone, controls] if controls else alone


def _unreached(rows):
    return int((rows["metric"].eq("simulated") & ~rows["reached"].astype(bool)).sum())


def _averages(rows, metric):
    """Means over seeds of one kind by layer; simulated ones over the seeds that reached it."""
    return seeds.over_seeds(rows[rows["metric"] == metric], ["layer_index", "layer"])


def _bounds(rows):
    """Least strict upper bound of layers where no seed reached its simulated capacity, by name."""
    simulated = rows[rows["metric"] == "simulated"]
    reached = simulated.loc[simulated["reached"].astype(bool), "layer"]
    return simulated[~simulated["layer"].isin(reached)].groupby("layer")["hi"].max()


def _over_layers(axes, rows, names, look):
    """Theory as a line, simulation as open marks; returns the averages and the arrows drawn."""
    theory, simulated = _averages(rows, "theory"), _averages(rows, "simulated")
    x = theory["layer"].map(names.index)
    style.curve(axes, x, theory, Look("theory", look.color, "", look.line))
    marks = Look("simulated", look.color, look.marker, "none", "white")
    x = simulated["layer"].map(names.index)
    style.curve(axes, x, simulated, marks, bars=True)
    arrows = []
    for layer, bound in _bounds(rows).items():
        place, mark = names.index(layer), r"$\downarrow$"
        arrows += axes.plot(place, bound, marker=mark, color=look.color, markersize=6)
    scales.layer_axis(axes, names)
    return [theory, simulated], arrows


def _within(arrow):
    """Move an arrow that is above its axes to their edge; whether it was there."""
    top, height = arrow.axes.get_ylim()[1], arrow.get_ydata()[0]
    if height <= top:
        return False
    arrow.set(ydata=[top], clip_on=False)
    return True


def _identity(axes, rows):
    """Simulated against theoretical capacity, a mark per layer and kind, and where both agree."""
    for kind in LOOKS:
        of_kind = rows[rows["kind"] == kind]
        theory, simulated = _averages(of_kind, "theory"), _averages(of_kind, "simulated")
        both = theory.merge(simulated, on="layer", suffixes=("_theory", ""))
        if len(both):
            error = [
                np.clip([of["value"] - of["lo"], of["hi"] - of["value"]], 0, None)
                for of in (both, both.filter(like="_theory").rename(columns=lambda c: c[:-7]))
            ]
            look = LOOKS[kind]
            axes.errorbar(
                both["value_theory"], both["value"], *error, fmt=look.marker, color=look.color,
                elinewidth=0.6, label="_both", markerfacecolor="white",
            )  # fmt: skip
    axes.axline((0, 0), slope=1, color="black", linewidth=0.7)
    axes.set_xlabel(r"theory $\alpha$")
    axes.set_title("all layers")
