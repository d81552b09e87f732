"""The measures of `geomem.measures` as measures of a layer."""

import numpy as np
import pandas as pd

from geomem.measures import (
    few_shot_geometry_from_gram,
    intrinsic_dimension_from_gram,
    neural_collapse_from_gram,
)
from geomem.measures.kernels import covariance_overlap, squared_total_variance
from geomem.statistics.resampling import jackknife

_FEWEST = 4  # points without which the correction for their number is not defined


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


def _ends(estimate):
    return estimate.value, estimate.lo, estimate.hi
