"""When single training images are learned and forgotten, and which are memorized first."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from geomem.figures import scales, seeds, style
from geomem.figures.samples import COLUMNS, show
from geomem.figures.style import KINDS


@style.styled
def draw(examples, images):
    """Learning and forgetting over all images, and images that are memorized first and last.

    Of the widest network with the most label noise, its first seed. The images shown are memorized
    ones in the order of `last_learned`: an untrained network gives all images one label, and so is
    right about some of them by chance.

    Parameters
    ----------
    examples : DataFrame
        Collected table of single training images.
    images : dict of str to ndarray
        `train_images` uint8 (n, C, H, W) with C 1 or 3, `class_names` (n_classes,).

    Returns
    -------
    matplotlib Figure
    """
    rows = examples
    for key in ("width", "noise"):
        rows = rows[rows[key] == rows[key].max()]
    rows = rows[rows["seed"] == rows["seed"].min()]
    memorized = rows[rows["memorized"].astype(bool)]
    # Right once may be chance: an untrained network gives every image the same few labels.
    order = memorized.sort_values(["last_learned", "index"])
    strips = [("memorized first", order[:COLUMNS]), ("memorized last", order[-COLUMNS:])]
    strips = [(title, strip) for title, strip in strips if len(strip)]
    figure = style.canvas(1 + len(strips), height=1.6)
    grid = figure.add_gridspec(1 + len(strips), 1, height_ratios=[1.5, *[1] * len(strips)])
    forgotten = memorized["suffix_layer"].notna().any()
    above = figure.add_subfigure(grid[0]).subplots(1, 3 if forgotten else 2)
    _learned(above[0], rows)
    _forgotten(above[1], rows)
    if forgotten:
        _remembered(above[2], memorized)
    for number, (title, strip) in enumerate(strips, start=1):
        part = figure.add_subfigure(grid[number])
        part.suptitle(f"permuted images, {title}", x=0.01, ha="left", fontsize=7.5)
        panels = part.subplots(1, COLUMNS)
        for axes in panels:
            axes.set_axis_off()
        for axes, sample in zip(panels, strip.itertuples(), strict=False):
            show(axes, images["train_images"][sample.index], images["class_names"], sample)
            text = f"epoch {sample.last_learned:.0f}"
            axes.text(0.5, -0.06, text, transform=axes.transAxes, ha="center", va="top", size=6)
    style.caption(figure, *_words(rows))
    return figure


def _learned(axes, rows):
    """Fraction of the images of each kind that have been learned, over epochs."""
    end = rows["epoch"].max() if len(rows) else 0
    epochs = np.arange(int(end) + 1)
    for kind, of_kind in _by_kind(rows):
        first = np.sort(of_kind["value"].dropna().to_numpy())
        fraction = 100 * np.searchsorted(first, epochs, side="right") / len(of_kind)
        look = KINDS[kind]
        axes.step(epochs, fraction, where="post", color=look.color, label=look.label)
    axes.set(ylabel="learned once (%)", ylim=(0, 102))
    scales.epoch_axis(axes, epochs)
    axes.set_title("first learned")
    axes.legend(loc="lower right")


def _forgotten(axes, rows):
    """Fraction of the images of each kind that were forgotten at least so often."""
    most = int(rows["forgetting_events"].max()) if len(rows) else 0
    counts = np.arange(1, max(most, 1) + 1)
    for kind, of_kind in _by_kind(rows):
        events = of_kind["forgetting_events"].to_numpy()
        fraction = [100 * np.mean(events >= count) for count in counts]
        look = KINDS[kind]
        axes.plot(counts, fraction, color=look.color, marker=look.marker, label=look.label)
    axes.set(xlabel="forgetting events, at least", ylabel="images (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.set_title("forgotten")


def _remembered(axes, memorized):
    """Of memorized images, the fraction whose shortest forgetting suffix starts at each layer.

    Of those evaluated with layers rewound. If no layer was rewound alone, the table does not tell
    which these are, and the fraction is of the images that are forgotten.
    """
    axes.set_title("forgotten by rewinding from")
    counts = memorized.groupby("suffix_layer_index")["suffix_layer"].agg(["first", "size"])
    evaluated = _evaluated(memorized).sum()
    total = evaluated or counts["size"].sum()
    places = np.arange(len(counts))
    axes.bar(places, 100 * counts["size"] / total, color=KINDS["permuted"].color)
    axes.set_ylabel("memorized images (%)" if evaluated else "forgotten images (%)")
    scales.layer_axis(axes, counts["first"].tolist())


def _evaluated(memorized):
    """Which images were evaluated with single layers rewound: their entry may be empty text."""
    return memorized["single_layers"].notna()


def _by_kind(rows):
    for kind in ("unpermuted", "permuted"):
        of_kind = rows[rows["kind"] == kind]
        if len(of_kind):
            yield kind, of_kind


def _words(rows):
    if not len(rows):
        yield "No measurements."
        return
    yield f"{seeds.condition_title((rows['noise'].iloc[0], rows['width'].iloc[0])).capitalize()},"
    yield f"seed {rows['seed'].iloc[0]}."
    memorized = rows[rows["memorized"].astype(bool)]
    count = (rows["kind"] == "permuted").sum()
    if count:
        yield f"{len(memorized)} of {count} permuted images are memorized."
    forgotten = memorized["suffix_layer"].notna()
    if forgotten.any() and not forgotten.all():
        yield _not_forgotten(forgotten, _evaluated(memorized))


def _not_forgotten(forgotten, evaluated):
    """How many memorized images no suffix takes the label away from, of those that were asked."""
    kept = (~forgotten & evaluated).sum()
    if not evaluated.any():
        return f"{(~forgotten).sum()} of these are not forgotten, or were not evaluated."
    if evaluated.all():
        return f"{kept} of these are not forgotten."
    asked = f"{evaluated.sum()} of these were evaluated with layers rewound"
    return f"{asked}, and {kept} of them are not forgotten."
