"""Tables of made-up networks whose effects are known: by default all that the paper claims.

Twelve layers; M = 50, so 2/M = .04. Every builder takes what differs from the paper's network.
"""

import numpy as np
import pandas as pd
from geomem.claims.evidence import Run

LAYERS, P, M, BEST, LAST, N_T = 12, 20, 50, 10, 30, 100


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
    ("best", "shuffled", "capacity"): np.full(LAYERS, 0.0385),
    ("last", "shuffled", "capacity"): np.full(LAYERS, 0.0385),
    ("last", "surrogate", "capacity"): np.full(LAYERS, 0.0385),
}
ACCURACY = {
    ("best", "test"): 0.40, ("best", "permuted"): 0.05, ("best", "unpermuted"): 0.6,
    ("last", "test"): 0.28, ("last", "permuted"): 0.97, ("last", "unpermuted"): 0.99,
}  # fmt: skip
REWOUND = {  # suffixes from layer i on, and layer i alone
    ("suffix", "validation"): np.r_[np.full(9, 0.39), 0.37, 0.34, 0.31],
    ("single", "validation"): np.r_[np.full(6, 0.10), np.full(6, 0.30)],
    ("all", "test"): [0.40],
    ("none", "test"): [0.28],
    ("none", "permuted"): [0.97],
    ("none", "unpermuted"): [0.99],
    ("suffix", "test"): np.r_[np.full(9, 0.39), 0.37, 0.34, 0.31],
    ("suffix", "permuted"): np.r_[np.full(9, 0.06), 0.2, 0.5, 0.8],
    ("single", "test"): np.r_[np.full(6, 0.10), np.full(6, 0.30)],
    ("single", "permuted"): np.r_[np.full(6, 0.30), np.full(6, 0.60)],
    ("single", "unpermuted"): np.r_[np.full(6, 0.35), np.full(6, 0.90)],
}


def geometry_table(values, error=0.01, spread=0.05, layers=range(LAYERS), **columns):
    """Manifolds that differ by a relative `spread`; means have a standard error of `error` / 1.96.

    All means move with the same Gaussian vectors. `columns` go to the rows of means, a list or one
    value: `warnings`, `k_lo`, `k_hi`.
    """
    factors = np.exp(spread * np.linspace(-1, 1, P))
    vectors = np.random.default_rng(5).standard_normal(N_T)
    vectors = (vectors - vectors.mean()) / vectors.std(ddof=1) * np.sqrt(N_T)
    rows = []
    for (epoch, kind, metric), curve in values.items():
        # Factors whose mean is one leave the mean at the curve: harmonic for capacity, of the
        # middle half for the estimator's radius and dimension, else arithmetic.
        of_all = metric
        mean = 1 / (1 / factors).mean() if metric == "capacity" else factors.mean()
        if metric in ("radius", "dimension"):
            of_all = f"{metric}_iqm"
            mean = factors[P // 4 : P - P // 4].mean()
        for layer in layers:
            value = curve[layer]
            at = (epoch, f"layer{layer}", layer, kind)
            rows += [(*at, i, metric, value * f, None) for i, f in enumerate(factors / mean)]
            moved = value * error / 1.96 * vectors
            rows.append((*at, None, of_all, value, moved))
    names = ["moment", "layer", "layer_index", "kind", "manifold", "metric", "value", "influence"]
    frame = _flagged(pd.DataFrame(rows, columns=names)).astype({"manifold": "Int64"})
    whole = frame["manifold"].isna()
    for name, value in {"warnings": "", **columns}.items():
        frame[name] = "" if name == "warnings" else np.nan
        frame.loc[whole, name] = value
    return _of_depth(frame)


def accuracy_table(values, n=20_000):
    rows = [(epoch, kind, "accuracy", v, n) for (epoch, kind), v in values.items()]
    return _flagged(pd.DataFrame(rows, columns=["moment", "kind", "metric", "value", "n"]))


def rewind_table(values, n=5000, batch_norm="with-layer"):
    """Networks get the easiest of the same images right."""
    rows = [
        (
            *("last" if scheme == "none" else "best", scheme, layer, batch_norm, kind, "accuracy"),
            *(v, n, np.packbits(np.arange(n) < round(v * n)).tobytes()),
        )
        for (scheme, kind), curve in values.items()
        for layer, v in enumerate(curve)
    ]
    columns = ["moment", "scheme", "layer_index", "batch_norm", "kind", "metric", "value", "n"]
    columns += ["correct"]
    return _of_depth(_flagged(pd.DataFrame(rows, columns=columns)))


def gradients_table(permuted=1.0, unpermuted=10.0, late_fraction=1.0):
    """Norms of label gradients at epoch 0 over their noise level at 50 examples of each class, and
    totals from the best epoch on.
    """
    rows = []
    for layer in range(LAYERS):
        for kind, multiple in (("permuted", permuted), ("unpermuted", unpermuted)):
            rows.append((0, layer, kind, "label", "signal", (multiple**2 - 1) / 50))
            for epoch in (BEST, LAST):
                late = late_fraction if kind == "permuted" and layer >= 8 else 1.0
                rows.append((epoch, layer, kind, "total", "norm", np.sqrt(late)))
    columns = ["epoch", "layer_index", "kind", "part", "metric", "value"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(error=0.002 + 0.015 * frame["value"])
    return _of_depth(frame.assign(best=frame["epoch"] == BEST, last=frame["epoch"] == LAST))


def network(seed=0, width=8, noise=0.5, *, jitter=0.002, **changed):
    """A run; `changed` replaces whole tables (`geometry=None` leaves one out).

    `jitter` moves every capacity, radius and dimension by a relative amount of the seed's own.
    """
    move = 1 + jitter * np.random.default_rng(seed).standard_normal()
    made = {
        "accuracy": lambda: accuracy_table(ACCURACY),
        "geometry": lambda: geometry_table({key: curve * move for key, curve in PAPER.items()}),
        "rewind": lambda: rewind_table(REWOUND),
        "gradients": gradients_table,
    }
    tables = {name: make() for name, make in made.items() if name not in changed} | changed
    tables = {name: table for name, table in tables.items() if table is not None}
    return Run(width, noise, seed, tables, M)


def _of_depth(frame):
    """Twelve layers, of which the input and two pools have no parameters."""
    weighted = [i for i in range(LAYERS) if i not in (0, 3, 6)]
    return frame.assign(n_layers=LAYERS, weighted_layers=",".join(map(str, weighted)))


def _flagged(frame):
    moment = frame.pop("moment")
    frame["epoch"] = moment.map({"best": BEST, "last": LAST})
    return frame.assign(best=moment == "best", last=moment == "last")
