"""Which training images are right at each evaluation, packed into bits; no pandas, which trainings
need not load.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas


def correctness_table(correct, labels, epochs):
    """Which images are right at every evaluation, as a table.

    Parameters
    ----------
    correct : ndarray of uint8, shape (E, 2, bytes)
        See `geomem.training.evaluate.correctness`.
    labels : DataFrame, or dict of str to ndarray
        index, true_label, assigned_label, kind of every training image.
    epochs : sequence of int

    Returns
    -------
    dict of str to sequence
        The columns of `labels`; `assigned` and `true`, a bit for each evaluation, packed by
        `numpy.packbits`; `epochs`, the same list in every row.
    """
    n = len(labels["index"])
    bits = np.unpackbits(correct, axis=2, count=n)
    packed = np.packbits(bits, axis=0)  # (bytes, 2, n)
    columns = {
        name: [packed[:, which, i].tobytes() for i in range(n)]
        for which, name in enumerate(("assigned", "true"))
    }
    text = ",".join(str(int(epoch)) for epoch in epochs)
    return {**{name: labels[name] for name in labels}, **columns, "epochs": [text] * n}


def correctness(table: "pandas.DataFrame", which: str = "assigned") -> tuple[list[int], np.ndarray]:
    """Which training images a network gives their label, after each epoch.

    Parameters
    ----------
    table : DataFrame
        What `read_table` returns of `results/shared/trained/TRAINING/examples.parquet`.
    which : {"assigned", "true"}
        The label that a right image is given.

    Returns
    -------
    epochs : list of int
    right : ndarray of bool, shape (E, n)
    """
    epochs = [int(word) for word in table["epochs"].iloc[0].split(",")]
    packed = np.stack([np.frombuffer(each, np.uint8) for each in table[which]], axis=1)
    return epochs, np.unpackbits(packed, axis=0, count=len(epochs)).astype(bool)


def epochs_wrong(tables):
    """At how many evaluations each image is not given its assigned label, of several networks.

    Parameters
    ----------
    tables : iterable of DataFrame
        As they were read, of networks trained on the same images and labels.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    return sum((~correctness(table)[1]).sum(axis=0) for table in tables)
