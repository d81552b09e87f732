"""How alike layers are (linear CKA) between epochs, seeds and widths."""

from geomem.figures import scales, seeds, style
from geomem.figures.ends import label_ends
from geomem.figures.style import Look

TITLES = {
    "epoch": "last epoch and an earlier one",
    "seed": "two seeds, last epoch",
    "width": "two widths, last epoch",
}
_MARKERS = "osD^vP*X"


@style.styled
def draw(similarity, accuracy):
    """CKA against layer, a row per width and noise, a panel for what is compared.

    Parameters
    ----------
    similarity, accuracy : DataFrame
        Collected tables.

    Returns
    -------
    matplotlib Figure
    """
    last = seeds.at_epoch(similarity[similarity["metric"] == "cka"], "last")
    compared = [name for name in TITLES if (last["compared"] == name).any()]
    cells = seeds.conditions(last)
    figure, grid = style.panels(
        max(len(cells), 1),
        max(len(compared), 1),
        width=style.DOUBLE if len(compared) > 1 else style.SINGLE,
        height=1.95,
        sharey=True,
    )
    summaries = []
    for axes_row, cell in zip(grid, cells, strict=False):
        here = seeds.of_condition(last, cell)
        names = seeds.layers_of(here)
        for axes, what in zip(axes_row, compared, strict=False):
            rows = here[here["compared"] == what]
            if not len(rows):  # the first seed or width is compared with none
                continue
            if what == "seed":
                rows = _over_pairs(rows)
            curves = []
            looks = _looks(rows["other"].unique())
            for other, look in looks.items():
                by = ["metric", "other", "layer_index", "layer"]
                summary = seeds.over_seeds(rows[rows["other"] == other], by)
                curves.append(style.curve(axes, summary["layer"].map(names.index), summary, look))
                summaries.append(summary)
            axes.axhline(0, color="black", linewidth=0.5, zorder=1)
            scales.layer_axis(axes, names)
            axes.set_title(TITLES[what])
            label_ends(axes, curves)
        axes_row[0].set_ylabel(style.LABELS["cka"])
        first = axes_row[0]
        first.set_title(f"{seeds.condition_title(cell)}\n{first.get_title('left')}")
    style.hide_empty(grid)
    style.tidy(grid)
    style.caption(
        figure,
        seeds.interval_note(summaries, "jackknife interval over images"),
        "Seeds: mean over pairs, and the lowest and highest of them." if "seed" in compared else "",
        seeds.diverged_note(accuracy),
    )
    return figure


def _over_pairs(rows):
    """One row per layer: the mean over pairs of seeds, which are not independent, and its range."""
    by = ["metric", "width", "noise", "layer_index", "layer"]
    groups = rows.groupby(by)["value"]
    found = groups.agg(value="mean", lo="min", hi="max").reset_index()
    return found.assign(other="pairs of seeds", seed=rows["seed"].min(), warnings="")


def _looks(others):
    shades = style.ORDERED.resampled(len(others))
    return {
        other: Look(other, shades(number), _MARKERS[number % len(_MARKERS)])
        for number, other in enumerate(others)
    }
