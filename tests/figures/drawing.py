"""Drawing made-up tables, and reading figures back."""

import numpy as np
from geomem.figures.draw import draw as draw_by
from geomem.registry.figures import FIGURES, PICTURES

from tests.figures import synthetic

LONG = [f"features.denseblock{b}.denselayer{i}.conv1" for b in (1, 2) for i in range(1, 11)]
OF_TABLES = [name for name, figure in FIGURES.items() if not set(PICTURES) & set(figure.inputs)]
MANY = (4, 7, 10, 14, 16, 24, 32, 48, 64)


def tables(runs, layers=synthetic.SMALL, epochs=(0, 2, None, synthetic.LAST)):
    return {
        "accuracy": synthetic.accuracy_table(runs, (0, 2, 6, 14, 16, 18, 30, 45, synthetic.LAST)),
        "geometry": synthetic.geometry_table(runs, layers, epochs),
        "glue": synthetic.glue_table(runs, layers, epochs),
        "low_rank": synthetic.low_rank_table(runs, layers, epochs),
        "rewind": synthetic.rewind_table(runs, layers, [e for e in epochs if e != synthetic.LAST]),
        "gradients": synthetic.gradients_table(runs, layers, epochs),
        "simulation": synthetic.simulation_table(runs, layers, epochs=epochs),
        "probes": synthetic.probes_table(runs, layers, epochs),
        "similarity": synthetic.similarity_table(runs, layers),
        **{
            name: synthetic.companion_table(runs, metrics, layers, epochs)
            for name, metrics in synthetic.COMPANIONS.items()
        },
    }


def draw(name, inputs, **spec):
    figure = FIGURES[name]
    return draw_by(figure.function, {key: inputs[key] for key in figure.inputs}, spec)


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def band(axes, index):
    """Lowest and highest edge of a shaded interval, by x."""
    points = axes.collections[index].get_paths()[0].vertices
    return {x: (points[points[:, 0] == x, 1].min(), points[points[:, 0] == x, 1].max())
            for x in np.unique(points[:, 0])}  # fmt: skip


def caption_of(figure):
    return figure.get_supxlabel().replace("\n", " ")


def labels_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def names_at_ends(axes):
    """Names beside the right ends of curves, from the top, and the curves' values there."""
    beside = [text for text in axes.texts if text.xyann[0] > 1]
    return {
        text.get_text(): axes.transData.inverted().transform(
            axes.transAxes.transform((1, text.xy[1]))
        )[1]
        for text in sorted(beside, key=lambda text: -text.xyann[1])
    }
