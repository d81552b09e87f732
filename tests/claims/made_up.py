"""Tables of made-up networks whose effects are known: by default all that the paper claims.

Twelve layers; M = 50, so 2/M = .04. Every builder takes what differs from the paper's network.
"""

import numpy as np
import pandas as pd
from geomem.claims.evidence import Run

LAYERS, P, M, BEST, LAST = 12, 20, 50, 10, 30
CLOUD = 2 / M


def ramp(low, high, start):
    """`low` up to layer `start`, then straight to `high` at the final layer."""
    return np.interp(np.arange(LAYERS), [start, LAYERS - 1], [low, high])


PAPER = {
    ("best", "permuted", "capacity"): np.full(LAYERS, 0.038),
    ("best", "restored", "capacity"): ramp(0.041, 0.060, 2),
    ("best", "test", "capacity"): ramp(0.041, 0.062, 2),
    ("best", "test", "radius"): ramp(1.5, 1.2, 2),
    ("best", "test", "dimension"): ramp(34, 22, 2),
    ("last", "permuted", "capacity"): ramp(0.038, 0.095, 8),
    ("last", "permuted", "radius"): ramp(1.55, 0.98, 8),
    ("last", "permuted", "dimension"): ramp(34.6, 18.6, 8),
    ("last", "restored", "capacity"): ramp(0.041, 0.041, 2),
    ("last", "test", "capacity"): np.r_[ramp(0.041, 0.052, 2)[:-1], 0.047],
    ("last", "test", "radius"): ramp(1.5, 1.3, 2),
    ("last", "test", "dimension"): ramp(34, 28, 2),
    ("last", "shuffled", "capacity"): np.full(LAYERS, 0.0385),
    ("last", "surrogate", "capacity"): np.full(LAYERS, 0.0385),
}
ACCURACY = {
    ("best", "test"): 0.40, ("best", "permuted"): 0.05, ("best", "unpermuted"): 0.6,
    ("last", "test"): 0.28, ("last", "permuted"): 0.97, ("last", "unpermuted"): 0.99,
}  # fmt: skip
REWOUND = {  # suffixes from layer i on, and layer i alone
    ("suffix", "test"): np.r_[np.full(9, 0.39), 0.37, 0.34, 0.31],
    ("suffix", "permuted"): np.r_[np.full(9, 0.06), 0.2, 0.5, 0.8],
    ("single", "test"): np.r_[np.full(6, 0.10), np.full(6, 0.30)],
    ("single", "permuted"): np.r_[np.full(6, 0.30), np.full(6, 0.60)],
    ("single", "unpermuted"): np.r_[np.full(6, 0.35), np.full(6, 0.90)],
}


def geometry_table(values, error=0.01, spread=0.05):
    """Manifolds that differ by a relative `spread` and have intervals of relative `error`."""
    factors = np.exp(spread * np.linspace(-1, 1, P))
    rows = []
    for (moment, kind, metric), curve in values.items():
        # Factors with harmonic (capacity) or arithmetic mean one leave the mean at the curve.
        mean = 1 / (1 / factors).mean() if metric == "capacity" else factors.mean()
        for layer, value in enumerate(curve):
            for manifold, factor in enumerate(factors / mean):
                v = value * factor
                ends = (v * (1 - error), v * (1 + error))
                rows.append((moment, layer, kind, manifold, metric, v, *ends))
    columns = ["moment", "layer_index", "kind", "manifold", "metric", "value", "lo", "hi"]
    return _flagged(pd.DataFrame(rows, columns=columns)).astype({"manifold": "Int64"})


def accuracy_table(values, error=0.005):
    rows = [
        (moment, kind, "accuracy", v, v - error, v + error) for (moment, kind), v in values.items()
    ]
    return _flagged(pd.DataFrame(rows, columns=["moment", "kind", "metric", "value", "lo", "hi"]))


def rewind_table(values, error=0.005, batch_norm="with-layer"):
    rows = [
        ("best", scheme, layer, batch_norm, kind, "accuracy", v, v - error, v + error)
        for (scheme, kind), curve in values.items()
        for layer, v in enumerate(curve)
    ]
    columns = ["moment", "scheme", "layer_index", "batch_norm", "kind", "metric"]
    return _flagged(pd.DataFrame(rows, columns=[*columns, "value", "lo", "hi"]))


def gradients_table(permuted=1.0, unpermuted=10.0, late_share=1.0):
    """Label gradients at epoch 0 as multiples of their noise; totals from the best epoch on."""
    rows = []
    for layer in range(LAYERS):
        for kind, multiple in (("permuted", permuted), ("unpermuted", unpermuted)):
            rows.append((0, layer, kind, "label", "norm", 0.1 * multiple))
            rows.append((0, layer, kind, "label", "noise_floor", 0.1))
            for epoch in (BEST, LAST):
                late = late_share if kind == "permuted" and layer >= 8 else 1.0
                rows.append((epoch, layer, kind, "total", "norm", np.sqrt(late)))
    columns = ["epoch", "layer_index", "kind", "part", "metric", "value"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(lo=0.97 * frame["value"], hi=1.03 * frame["value"])
    return frame.assign(best=frame["epoch"] == BEST, last=frame["epoch"] == LAST)


def network(seed=0, width=8, noise=0.5, *, jitter=0.002, **changed):
    """A run; `changed` replaces whole tables (`geometry=None` leaves one out).

    `jitter` moves every capacity, radius and dimension by a relative amount of the seed's own.
    """
    move = 1 + jitter * np.random.default_rng(seed).standard_normal()
    tables = {
        "accuracy": accuracy_table(ACCURACY),
        "geometry": geometry_table({key: curve * move for key, curve in PAPER.items()}),
        "rewind": rewind_table(REWOUND),
        "gradients": gradients_table(),
    } | changed
    tables = {name: table for name, table in tables.items() if table is not None}
    return Run(width, noise, seed, tables, M)


def _flagged(frame):
    moment = frame.pop("moment")
    frame["epoch"] = moment.map({"best": BEST, "last": LAST})
    return frame.assign(best=moment == "best", last=moment == "last")
