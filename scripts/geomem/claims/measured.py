"""Numbers of any measure of layers, for the effects of statements that users add."""

import numpy as np

from geomem.claims.errors import NotMeasuredError
from geomem.data.randomness import generator


def measured(view, table, epoch, kind, metric):
    """Mean over manifolds of one metric in every layer, as replicates.

    Parameters
    ----------
    view : geomem.claims.evidence.View
    table : str
        Name of the measure.
    epoch : "best", "last" or int
    kind : str
        Of manifolds.
    metric : str

    Returns
    -------
    ndarray, shape (count, layers)
        Replicates differ by the choice of classes where the view asks for that and the table has
        values of single manifolds; else they are equal. It is the Bayesian bootstrap: a class has
        the same weights in every layer, epoch and network.

    Raises
    ------
    geomem.claims.errors.NotMeasuredError
        If the table has no such rows, or a value is not finite.
    """
    rows = view.run.rows(table, epoch)
    rows = rows[(rows["kind"] == kind) & (rows["metric"] == metric)]
    single = rows[rows["manifold"].notna()]
    whole = rows[rows["manifold"].isna()].sort_values("layer_index")["value"].to_numpy(float)
    if not len(rows):
        raise NotMeasuredError(f"no {metric} of {kind} manifolds in the table {table}")
    if view.source == "manifolds" and len(single):
        grid = single.pivot(index="layer_index", columns="manifold", values="value")
        weights = _weights(grid.columns, view.count)
        values = weights @ grid.to_numpy(float).T / weights.sum(axis=1, keepdims=True)
    else:
        values = np.repeat(whole[None], view.count, axis=0)
    if not np.isfinite(values).all():
        raise NotMeasuredError(f"{metric} of {kind} manifolds is not finite in some layer")
    return values


def _weights(classes, count):
    """Of each class, shape (count, P): they give a mean of independent values its variance."""
    shape = max((len(classes) - 2) / len(classes), 1e-6)
    draws = [generator("claims manifolds", int(c)).gamma(shape, size=count) for c in classes]
    return np.stack(draws, axis=1)
