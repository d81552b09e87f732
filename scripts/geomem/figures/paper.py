"""Values of Stephenson et al. 2021, traced from its figures 3 and 4, to draw beside measured ones.

They come from copies of the figures, so each carries a tracing error: how far a reading of the
same point may lie off, drawn as a bar to each side. They are of the paper's
networks on CIFAR-100 (VGG16 in figure 3, ResNet-18 in figure 4) and so no target for another
network or other images. What can be compared at all is said by `comparable`: the capacity of a
cloud without structure is 2/M, so capacity, radius and dimension depend on M, and on P too.
"""

import numpy as np
import pandas as pd

CLASSES, PER_CLASS = 100, 50  # P and M, inferred from the capacity 2/M of early layers
NOISE = 0.5  # label noise of figure 3, inferred
WIDTH_NOISE = 0.2  # most label noise that figure 4 may have
ERRORS = {"capacity": 0.001, "radius": 0.015, "dimension": 0.4}
PERMUTED_ERRORS = {**ERRORS, "dimension": 0.8}
NOTE = "Grey marks: traced from the paper (another network and data set), no absolute targets."

# Figure 3: layer positions 0 (input) to 19 (final) of VGG16.
LAST_LAYER = 19
METRICS = ("capacity", "radius", "dimension")
FINAL = {  # at the final layer, in the order of METRICS
    "best": {
        "unpermuted": (0.095, 1.01, 14.9),
        "permuted": (0.038, 1.58, 34.6),
        "restored": (0.059, 1.21, 22.6),
        "test": (0.065, 1.16, 20.8),
    },
    "last": {
        "unpermuted": (0.128, 0.89, 15.1),
        "permuted": (0.099, 0.98, 18.6),
        "restored": (0.040, 1.56, 32.9),
        "test": (0.047, 1.35, 28.1),
    },
}
TEST_CAPACITY_BEST = (
    0.041, 0.042, 0.042, 0.043, 0.043, 0.044, 0.044, 0.045, 0.046, 0.047,
    0.048, 0.048, 0.049, 0.050, 0.053, 0.055, 0.059, 0.059, 0.060,
)  # fmt: skip
PERMUTED_CAPACITY_BEST = 0.0375  # .037 to .038 in every layer
PERMUTED_DIMENSION_BEST = 35.5  # 35 to 36 in layers 0 to 13
TRACED = {  # by epoch, kind and metric: the first layer, and the values from it on
    ("best", "test", "capacity"): (0, TEST_CAPACITY_BEST),
    ("best", "permuted", "capacity"): (0, (PERMUTED_CAPACITY_BEST,) * LAST_LAYER),
    ("best", "permuted", "dimension"): (0, (PERMUTED_DIMENSION_BEST,) * 14),
    ("last", "permuted", "radius"): (12, (1.552, 1.543, 1.503, 1.450, 1.349, 1.219, 1.103)),
    ("last", "permuted", "dimension"): (12, (34.6, 33.1, 33.8, 33.8, 30.9, 27.3, 24.2)),
    ("change", "permuted", "capacity"): (
        0, (0,) * 13 + (0.003, 0.003, 0.005, 0.010, 0.019, 0.032, 0.061),
    ),
    ("change", "restored", "capacity"): (14, (-0.003, -0.005, -0.008, -0.011, -0.013, -0.019)),
    ("change", "test", "capacity"): (14, (-0.002, -0.005, -0.008, -0.009, -0.012, -0.018)),
    ("change", "unpermuted", "capacity"): (14, (-0.002, -0.003, 0.002, 0.007, 0.016, 0.033)),
}  # fmt: skip

# Figure 4 C to E: ResNet-18 with a 3x3 stem, test manifolds of the final layer.
WIDTHS = (4, 7, 10, 14, 16, 24, 32, 48, 64)
# Trainable numbers of that network with 100 classes at each of WIDTHS.
PARAMETERS = (
    47_592, 140_415, 282_270, 547_682, 713_076, 1_592_572, 2_820_740, 6_323_092, 11_220_132,
)  # fmt: skip
OVER_WIDTH = {
    ("accuracy", "best"): (0.460, 0.5165, 0.518, 0.527, 0.536, 0.556, 0.572, 0.604, 0.628),
    ("accuracy", "last"): (0.455, 0.5095, 0.492, 0.481, 0.490, 0.524, 0.552, 0.593, 0.618),
    ("radius", "last"): (1.34, 1.27, 1.26, 1.25, 1.25, 1.22, 1.19, 1.13, 1.07),
    ("dimension", "best"): (28.6, 27.9, 26.8, 25.5, 24.9, 23.8, 22.7, 22.1, 21.1),
    ("dimension", "last"): (28.5, 27.7, 28.1, 28.1, 28.2, 27.1, 26.1, 23.7, 20.9),
}
WIDTH_ERRORS = {"accuracy": 0.0015, "radius": 0.01, "dimension": 0.15}


def comparable(classes, per_class, *, kappa=0, remove_low_rank=True):
    """Whether geometry was measured on manifolds as the paper's, in number and size, and its way.

    Parameters
    ----------
    classes, per_class : int or None
        P and M; None where it is not known.
    kappa : float
        Margin.
    remove_low_rank : bool
        Whether the low-rank structure of the centres was projected off.
    """
    same_size = (classes, per_class) == (CLASSES, PER_CLASS)
    return same_size and kappa == 0 and remove_low_rank


def over_depth(metric, moment):
    """Values of figure 3.

    Parameters
    ----------
    metric : {"capacity", "radius", "dimension"}
    moment : {"best", "last", "change"}
        "change" is last minus best.

    Returns
    -------
    DataFrame
        Columns kind, depth (0 input, 1 final layer), value, error. Only what was traced, and what
        follows from it: capacity at the last epoch as that of the best plus the traced change, and
        changes of the final layer as differences, with both errors added in quadrature.
    """
    rows = [
        (kind, start + i, value, _error(kind, metric))
        for (when, kind, what), (start, values) in TRACED.items()
        for i, value in enumerate(values)
        if (when, what) == (moment, metric)
    ]
    place = METRICS.index(metric)
    if moment == "change":
        known = {(kind, layer) for kind, layer, *_ in rows}
        for kind, last in FINAL["last"].items():
            if (kind, LAST_LAYER) not in known:
                change = last[place] - FINAL["best"][kind][place]
                rows.append((kind, LAST_LAYER, change, np.sqrt(2) * _error(kind, metric)))
    else:
        for kind, values in FINAL[moment].items():
            rows.append((kind, LAST_LAYER, values[place], _error(kind, metric)))
    frame = pd.DataFrame(rows, columns=["kind", "layer", "value", "error"])
    if (metric, moment) == ("capacity", "last"):
        frame = pd.concat([frame, _last_capacity()], ignore_index=True)
    frame["depth"] = frame["layer"] / LAST_LAYER
    return frame.sort_values(["kind", "layer"], ignore_index=True)[
        ["kind", "depth", "value", "error"]
    ]


def _error(kind, metric):
    return (PERMUTED_ERRORS if kind == "permuted" else ERRORS)[metric]


def _last_capacity():
    """Capacity at the last epoch before the final layer: best epoch plus change."""
    best = over_depth("capacity", "best")
    change = over_depth("capacity", "change")
    both = best.merge(change, on=["kind", "depth"], suffixes=("", "_change"))
    both = both[both["depth"] < 1]
    return pd.DataFrame(
        {
            "kind": both["kind"],
            "layer": both["depth"] * LAST_LAYER,
            "value": both["value"] + both["value_change"],
            "error": np.hypot(both["error"], both["error_change"]),
        }
    )


def over_width(metric, moment):
    """Values of figure 4, C to E.

    Parameters
    ----------
    metric : {"accuracy", "radius", "dimension"}
    moment : {"best", "last"}

    Returns
    -------
    DataFrame
        Columns width, parameters, value, error; no rows for what was not traced.
    """
    values = OVER_WIDTH.get((metric, moment), ())
    return pd.DataFrame(
        {
            "width": WIDTHS[: len(values)],
            "parameters": PARAMETERS[: len(values)],
            "value": np.array(values, float),
            "error": WIDTH_ERRORS.get(metric, np.nan),
        }
    )
