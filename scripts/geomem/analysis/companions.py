"""The measures of `geomem.measures` as measures of a layer."""

import numpy as np
import pandas as pd

from geomem.measures import (
    cross_condition_from_gram,
    few_shot_geometry_from_gram,
    intrinsic_dimension_from_gram,
    neural_collapse_from_gram,
)
from geomem.measures.kernels import covariance_overlap, squared_total_variance
from geomem.statistics.resampling import jackknife
from geomem.warning import MeasurementWarning

_ROUNDING = 1e-20  # of the variance within manifolds: what is left of centres that are equal
_AXIS = 1e-12  # of the variance along the first axis: less is rounding
_FEWEST = 4  # points, without which the correction for their number is not defined, and manifolds


def participation_ratio(products):
    """Directions that the variance of a manifold is spread over, corrected for few points.

    Parameters
    ----------
    products : ManifoldProducts

    Returns
    -------
    DataFrame
        A row per manifold, and one of all together: the sum of squared total variances over the
        sum of squared covariances, each in units of the manifold's own variance, with a jackknife
        interval over manifolds. NaN with fewer than 4 points in a manifold.
    """
    parts = np.array([_parts(gram) for gram in products.grams])
    single = np.full(len(parts), np.nan)
    np.divide(parts[:, 0], parts[:, 1], out=single, where=parts[:, 1] > 0)

    def together(kept):
        above, below = parts[kept].mean(axis=0)
        return above / below if below > 0 else np.nan

    found = jackknife(together, len(parts), logarithmic=True)
    rows = [{"manifold": pd.NA, **vars(found)}]
    rows += [{"manifold": mu, "value": value} for mu, value in enumerate(single)]
    return pd.DataFrame(rows).assign(metric="participation_ratio")


def _parts(gram):
    if len(gram) < _FEWEST or not np.trace(gram) > 0:
        return np.nan, np.nan
    unit = gram / (np.trace(gram) / len(gram))
    return squared_total_variance(unit), covariance_overlap(unit, unit)


def center_map(products):
    """Manifolds in the plane that holds most of the variance of their centres.

    Classical scaling of the centres: the two largest eigenvectors of their inner products.

    Parameters
    ----------
    products : ManifoldProducts

    Returns
    -------
    DataFrame
        For each manifold `x` and `y`, where its centre lies, and `spread`, the standard deviation
        of its points around it along a direction of that plane; in units of the root mean square
        norm of the centres. The signs of the axes are arbitrary. `held` of all manifolds together
        is the fraction of the centres' variance in the plane.
    """
    values, vectors = np.linalg.eigh(products.centers)
    values, vectors = np.clip(values[::-1][:2], 0, None), vectors[:, ::-1][:, :2]
    total = np.trace(products.centers)
    within = sum(np.trace(gram) / len(gram) for gram in products.grams)
    total = total if total > _ROUNDING * within else 0.0
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), range(vectors.shape[1])])
    unit = np.sqrt(total / len(products.centers))
    with np.errstate(divide="ignore", invalid="ignore"):
        places = signs * vectors * np.sqrt(values) / unit
        along = vectors.T @ products.cross / np.sqrt(values)[:, None] / unit
    # two manifolds have centres on a line, and no second axis
    along = along[values > _AXIS * values[0]] ** 2
    starts = np.r_[0, np.cumsum(products.counts)[:-1]]
    squares = (
        along.mean(axis=0) if len(along) and total else np.full(products.cross.shape[1], np.nan)
    )
    spread = np.sqrt(np.add.reduceat(squares, starts) / products.counts)
    found = {"x": places[:, 0], "y": places[:, 1], "spread": spread}
    rows = [
        {"manifold": mu, "metric": metric, "value": value}
        for metric, numbers in found.items()
        for mu, value in enumerate(numbers)
    ]
    held = values.sum() / total if total > 0 else np.nan
    return pd.DataFrame([*rows, {"manifold": pd.NA, "metric": "held", "value": held}])


def two_nn(gram):
    """Intrinsic dimension of all points of a layer and kind, from their two nearest neighbours."""
    return {"intrinsic_dimension": _ends(intrinsic_dimension_from_gram(gram))}


def neural_collapse(gram, *, counts):
    """NC1 and NC2 of the manifolds of a layer and kind."""
    found = neural_collapse_from_gram(gram, counts)
    names = ("nc1", "nc2_norms", "nc2_equal_angles", "nc2_widest_angles")
    return {**{name: _ends(getattr(found, name)) for name in names}, "warnings": found.warnings}


def few_shot(gram, *, counts):
    """Signal-to-noise ratio and predicted error of learning from five examples per class."""
    found = few_shot_geometry_from_gram(gram, counts)
    return {"few_shot_snr": _ends(found.mean_snr), "few_shot_error": _ends(found.mean_error)}


def cross_condition(gram, *, counts):
    """Shattering dimension and cross-condition generalization of 100 dichotomies, the same ones in
    every layer; not defined with fewer than four manifolds."""
    names = ("shattering", "generalization")
    if len(counts) < _FEWEST:
        text = f"{len(counts)} manifolds: cross-condition generalization needs four or more"
        return {
            **dict.fromkeys(names, (np.nan,) * 3),
            "warnings": (MeasurementWarning("too-few", text),),
        }
    found = cross_condition_from_gram(gram, counts, random_state=0)
    return {**{name: _ends(getattr(found, name)) for name in names}, "warnings": found.warnings}


def _ends(estimate):
    return estimate.value, estimate.lo, estimate.hi
