"""Accuracy of probes of the layers, trained with assigned and with true labels."""

from geomem.figures import scales, seeds, style
from geomem.figures.style import KINDS, Look

METRICS = ("linear_probe", "masc")
LOOKS = {
    "assigned": Look("trained with assigned labels", KINDS["permuted"].color, "^"),
    "true": Look("trained with true labels", KINDS["restored"].color, "D"),
}
NETWORK = Look("the network itself", "black", "", (0, (4, 1.6)))


@style.styled
def draw(probes, accuracy, *, epochs=("best", "last")):
    """Accuracy on held-out images against layer, a row per width, noise and epoch.

    Parameters
    ----------
    probes, accuracy : DataFrame
        Collected tables.
    epochs : sequence of "best", "last" or int
        Epochs without measurements are left out.

    Returns
    -------
    matplotlib Figure
    """
    rows = [
        (f"{seeds.condition_title(cell)}: {title}", here)
        for cell in seeds.conditions(probes)
        for of_cell in [seeds.finished_or_all(seeds.of_condition(probes, cell), accuracy)]
        for title, _, here in seeds.moments(of_cell, epochs)
    ]
    figure, grid = style.panels(max(len(rows), 1), len(METRICS), height=1.95, sharey=True)
    summaries, drawn = [], {}
    for axes_row, (title, here) in zip(grid, rows, strict=False):
        of_layers = here[here["metric"].isin(METRICS)]
        names = seeds.layers_of(of_layers)
        network = here[here["metric"] == "network"]
        for axes, metric in zip(axes_row, METRICS, strict=True):
            shown = seeds.over_seeds(
                of_layers[of_layers["metric"] == metric],
                ["metric", "labels", "layer_index", "layer"],
            )
            for labels, look in LOOKS.items():
                of_labels = shown[shown["labels"] == labels]
                if len(of_labels):
                    style.curve(axes, of_labels["layer"].map(names.index), of_labels, look)
                    summaries.append(of_labels)
                    drawn[labels] = look
            for value in network.groupby("kind")["value"].mean():
                axes.axhline(value, color=NETWORK.color, linestyle=NETWORK.line, linewidth=0.8)
                drawn["network"] = NETWORK
            scales.layer_axis(axes, names)
            axes.set_ylabel(style.LABELS[metric])
        style.row_title(axes_row, title)
    for axes in grid.flat:
        axes.set_ylim(0, 1)
    style.tidy(grid)
    style.legend(figure, [style.handle(look) for look in drawn.values()])
    style.caption(
        figure,
        seeds.interval_note(summaries, "Wilson interval over test images"),
        seeds.diverged_note(accuracy),
    )
    return figure
