"""Numbers of any measure of layers, for the effects of statements that users add."""

import numpy as np

from geomem.claims.curves import ESTIMATORS
from geomem.claims.errors import NotMeasuredError
from geomem.claims.evidence import View
from geomem.errors import InputError
from geomem.statistics.weights import class_weights
from geomem.warning import unpack


def measured(view: View, table: str, epoch: str | int, kind: str, metric: str) -> np.ndarray:
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
        the same weights in every layer, epoch and network. NaN (an error that is not known) with
        fewer than three classes.

    Raises
    ------
    geomem.claims.errors.NotMeasuredError
        If the table has no such rows, or a value is not finite.
    InputError
        If it is the table of capacity, radius and dimension: `View.geometry` knows their means. If
        the table is not of manifolds, or has several rows of a layer (for several K, say).
    """
    if table in (estimator.table for estimator in ESTIMATORS.values()):
        raise InputError(
            f"measured: {table} has means of its own; use view.geometry(epoch, kind, metric, "
            "region) for capacity, radius and dimension"
        )
    rows = view.run.rows(table, epoch)
    if "manifold" not in rows or "kind" not in rows:
        raise InputError(f"measured: the table {table} is not of manifolds; name a measure's")
    rows = rows[(rows["kind"] == kind) & (rows["metric"] == metric)]
    single = rows[rows["manifold"].notna()]
    of_layers = rows[rows["manifold"].isna()].sort_values("layer_index")
    whole = of_layers["value"].to_numpy(float)
    if not len(rows):
        raise NotMeasuredError(f"no {metric} of {kind} manifolds in the table {table}")
    if of_layers["layer_index"].duplicated().any():
        raise InputError(
            f"measured: the table {table} has several values of {metric} in a layer; expected one"
        )
    if not np.isfinite(whole).all():
        raise NotMeasuredError(f"{metric} of {kind} manifolds is not finite in some layer")
    for layer, text in zip(of_layers["layer"], of_layers.get("warnings", ()), strict=False):
        if unpack(text):
            view.warned.add(f"{kind} {metric} in {layer} ({epoch} epoch)")
    if view.source == "manifolds" and len(single):
        grid = single.pivot(index="layer_index", columns="manifold", values="value")
        weights = class_weights(grid.columns, view.count)
        return weights @ grid.to_numpy(float).T / weights.sum(axis=1, keepdims=True)
    return np.repeat(whole[None], view.count, axis=0)
