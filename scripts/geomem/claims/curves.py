"""The geometry of one network, by either estimator, as curves over its layers.

A curve is one metric of one kind of manifolds at one epoch: the values of single manifolds, their
mean in every layer, and what is known about the mean's error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geomem.claims import depth
from geomem.claims.errors import NotMeasuredError
from geomem.warning import unpack


def _arithmetic(values, weights):
    return weights @ values.T / weights.sum(axis=1, keepdims=True)


def _harmonic(values, weights):
    with np.errstate(divide="ignore"):
        return 1 / _arithmetic(1 / values, weights)


def _middle_half(values, weights):
    """Mean without a quarter of the weight at either end, like `intervals.interquartile`."""
    n = values.shape[1]
    cut = n // 4 / n
    columns = []
    for row in values:
        order = np.argsort(row, kind="stable")
        reached = np.cumsum(weights[:, order], axis=1)
        ends = np.clip(reached / reached[:, -1:], cut, 1 - cut)
        kept = np.diff(ends, axis=1, prepend=cut)
        inside = np.where(kept > 0, row[order], 0)  # an infinite one outside counts as nothing
        columns.append((kept * inside).sum(axis=1) / (1 - 2 * cut))
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Estimator:
    """What estimates capacity, radius and dimension.

    Attributes
    ----------
    table : str
    means : dict of str to (str, str, callable)
        By quantity: metric of the mean, metric of the single manifolds it is made of, and how.
        Radius and dimension are means over the middle half, because one manifold whose centre
        nearly vanishes moves the arithmetic mean anywhere. GLUE has numbers of all manifolds
        together; what is averaged are their pseudo-values.
    """

    table: str
    means: dict


ESTIMATORS = {
    "mean-field": Estimator(
        "geometry",
        {
            "capacity": ("capacity", "capacity", _harmonic),
            "radius": ("radius_iqm", "radius", _middle_half),
            "dimension": ("dimension_iqm", "dimension", _middle_half),
        },
    ),
    "glue": Estimator(
        "glue",
        {
            name: (name, f"{name}_pseudovalue", _arithmetic)
            for name in ("capacity", "radius", "dimension", "utility")
        },
    ),
}


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric of one kind at one epoch, layer by layer.

    Attributes
    ----------
    epoch : int
    metric : str
    average : callable
        Of the single manifolds' values and weights, what the mean is.
    index : ndarray of int, shape (L,)
        Of the layers analysed, ascending.
    layers : tuple of str
    n_layers : int
        Of the network.
    weighted : frozenset of int
        Indices of the network's layers with parameters.
    manifolds : ndarray of int, shape (P,)
        Class of each manifold.
    single : ndarray, shape (L, P)
        Values of the single manifolds.
    influence : ndarray, shape (L, n_t), or None
        What each Gaussian vector adds to the mean, see `geomem.geometry.intervals.influence`.
    lowest, highest : ndarray, shape (L,)
        Ends of the mean over the plausible numbers K of removed low-rank directions; NaN where
        there is one K only.
    warnings : tuple of L tuples of MeasurementWarning
        About the mean.
    """

    epoch: int
    metric: str
    average: Callable
    index: np.ndarray
    layers: tuple
    n_layers: int
    weighted: frozenset
    manifolds: np.ndarray
    single: np.ndarray
    influence: np.ndarray | None
    lowest: np.ndarray
    highest: np.ndarray
    warnings: tuple

    def means(self, weights=None):
        """Mean over manifolds, shape (count, L).

        Parameters
        ----------
        weights : ndarray, shape (count, P), optional
            Of the manifolds; by default equal, once.
        """
        weights = np.ones((1, self.single.shape[1])) if weights is None else weights
        return self.average(self.single, weights)


def read_curve(rows, kind, metric, means):
    """The `Curve` of one kind and metric.

    Parameters
    ----------
    rows : DataFrame
        Of an estimator's collected table, one run at one epoch.
    kind, metric : str
    means : dict
        Of the `Estimator`.

    Raises
    ------
    NotMeasuredError
        If the table has no such kind or does not say how deep the network is.
    """
    if metric not in means:
        raise NotMeasuredError(f"this estimator has no {metric}")
    of_all, of_single, average = means[metric]
    rows = rows[rows["kind"] == kind]
    single = rows[(rows["metric"] == of_single) & rows["manifold"].notna()]
    whole = rows[(rows["metric"] == of_all) & rows["manifold"].isna()].sort_values("layer_index")
    if not len(single) or not len(whole):
        raise NotMeasuredError(f"no {kind} examples in the table")
    if "n_layers" not in whole:
        raise NotMeasuredError("the table does not say how many layers the network has")
    table = single.pivot(index="layer_index", columns="manifold", values="value")
    texts = whole["warnings"] if "warnings" in whole else [""] * len(whole)
    return Curve(
        epoch=int(whole["epoch"].iloc[0]),
        metric=metric,
        average=average,
        index=whole["layer_index"].to_numpy(int),
        layers=tuple(whole["layer"]),
        n_layers=int(whole["n_layers"].iloc[0]),
        weighted=depth.weighted(whole),
        manifolds=table.columns.to_numpy(int),
        single=table.to_numpy(float),
        influence=_influence(whole),
        lowest=_column(whole, "k_lo"),
        highest=_column(whole, "k_hi"),
        warnings=tuple(map(unpack, texts)),
    )


def _influence(whole):
    found = list(whole["influence"]) if "influence" in whole else [None]
    if any(values is None or np.ndim(values) != 1 for values in found):
        return None
    return np.array(found, dtype=float)


def _column(whole, name):
    if name not in whole:
        return np.full(len(whole), np.nan)
    return whole[name].to_numpy(float)
