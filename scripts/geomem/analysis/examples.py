"""Each training image by itself: when it is learned and forgotten, and which layers remember it.

Forgetting events are those of Toneva et al. (An empirical study of example forgetting during deep
neural network learning, ICLR 2019), counted between evaluations instead of minibatches.
"""

import numpy as np

from geomem.training.correctness import correctness

COLUMNS = (
    "epoch", "index", "kind", "metric", "value", "lo", "hi", "true_label", "assigned_label",
    "last_learned", "forgetting_events", "epochs_wrong", "right_at_end", "memorized",
    "suffix_layer", "suffix_layer_index", "single_layers",
)  # fmt: skip


def chosen_images(n, count=None):
    """Which of n training images rewound networks are evaluated on: sorted indices.

    The choice is the same every time, and a smaller one lies inside a larger one.
    """
    if count is None or count >= n:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).permutation(n)[:count])


def learning_events(right, epochs):
    """When images are learned and forgotten.

    Parameters
    ----------
    right : ndarray of bool, shape (E, n)
        Whether each image is given its assigned label, at each evaluation in turn.
    epochs : sequence of int, length E
        Of the evaluations.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        `first_learned`, the first epoch at which it is right; `last_learned`, the last one at which
        it is right after it was not (or epoch 0); both NaN if it never is. `forgetting_events`, how
        often it is wrong after it was right. `epochs_wrong`, at how many evaluations it is wrong.
        `right_at_end`.
    """
    right, epochs = np.asarray(right, dtype=bool), np.asarray(epochs, dtype=float)
    before = np.vstack([np.zeros(right.shape[1], dtype=bool), right[:-1]])
    learned, ever = right & ~before, right.any(axis=0)
    last = len(epochs) - 1 - learned[::-1].argmax(axis=0)
    return {
        "first_learned": np.where(ever, epochs[learned.argmax(axis=0)], np.nan),
        "last_learned": np.where(ever, epochs[last], np.nan),
        "forgetting_events": (before & ~right).sum(axis=0),
        "epochs_wrong": (~right).sum(axis=0),
        "right_at_end": right[-1],
    }


def example_table(table, rewound=None, train_images=None):
    """One row for each training image.

    Parameters
    ----------
    table : DataFrame
        What `geomem.training.correctness.correctness_table` returns, as it was written.
    rewound : DataFrame, optional
        The run's rewinding table.
    train_images : int, optional
        How many training images it is of; None: all.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, see docs/examples.md. `value` is the epoch at which the image is first
        learned.
    """
    import pandas as pd  # only here: rewinding, which uses `chosen_images` alone, does not need it

    epochs, right = correctness(table)
    events = learning_events(right, epochs)
    permuted = (table["kind"] == "permuted").to_numpy()
    found = pd.DataFrame(
        {
            "epoch": epochs[-1],
            "metric": "first_learned",
            "value": events.pop("first_learned"),
            "lo": np.nan,
            "hi": np.nan,
            **{name: table[name] for name in ("index", "kind", "true_label", "assigned_label")},
            **events,
        }
    )
    found["memorized"] = permuted & found["right_at_end"]
    layers = pd.DataFrame(
        {"suffix_layer": None, "suffix_layer_index": pd.NA, "single_layers": None},
        index=found.index,
        dtype=object,
    )
    if rewound is not None and (rows := _permuted_rows(rewound)) is not None:
        evaluated = chosen_images(len(table), train_images)
        layers.loc[evaluated[permuted[evaluated]]] = _by_rewinding(rows).to_numpy()
        layers.loc[~found["memorized"]] = [None, pd.NA, None]
    found = found.join(layers)
    found["suffix_layer_index"] = found["suffix_layer_index"].astype("Int64")
    return found[list(COLUMNS)]


def _permuted_rows(rewound):
    """Accuracies of permuted images after rewinding to the first epoch; None without any."""
    rows = rewound[(rewound["kind"] == "permuted") & (rewound["metric"] == "accuracy")]
    earlier = rows.loc[rows["scheme"] == "all", "epoch"]
    if earlier.empty:  # no permuted image was evaluated, or training stopped before that epoch
        return None
    policies = list(rows["batch_norm"].unique())
    policy = "with-layer" if "with-layer" in policies else policies[0]
    return rows[(rows["epoch"] == earlier.iloc[0]) & (rows["batch_norm"] == policy)]


def _by_rewinding(rows):
    """Of the permuted images evaluated, which layers' rewinding takes the assigned label away."""
    import pandas as pd

    n = int(rows["n"].iloc[0])
    single, suffix = (_wrong(rows, scheme, n) for scheme in ("single", "suffix"))
    shortest = [max((i for i, w in suffix.items() if w[image]), default=None) for image in range(n)]
    of_layers = rows[rows["scheme"].isin(("single", "suffix"))]  # sets have names of their own
    names = dict(zip(of_layers["layer_index"], of_layers["layer"], strict=True))
    return pd.DataFrame(
        {
            "suffix_layer": [None if i is None else names[i] for i in shortest],
            "suffix_layer_index": [pd.NA if i is None else i for i in shortest],
            "single_layers": [
                ",".join(names[i] for i, wrong in single.items() if wrong[image])
                if single
                else None
                for image in range(n)
            ],
        },
        dtype=object,
    )


def _wrong(rows, scheme, n):
    """Which images a network is wrong about with layers rewound: by layer index, (n,) of bool."""
    of_scheme = rows[rows["scheme"] == scheme].sort_values("layer_index")
    return {
        int(index): ~np.unpackbits(np.frombuffer(packed, np.uint8), count=n).astype(bool)
        for index, packed in zip(of_scheme["layer_index"], of_scheme["correct"], strict=True)
    }
