"""Intrinsic dimension from the two nearest neighbours of every point.

Facco, d'Errico, Rodriguez and Laio, Sci. Rep. 7, 12140 (2017). Where the density is constant over
two neighbours, the ratio mu = r2 / r1 of their distances has the distribution 1 - mu^(-d).
"""

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.geometry.intervals import Estimate
from geomem.measures.kernels import check_square, gram_of
from geomem.statistics.resampling import split_halves

_ROUNDING = 1e-13  # of squared distances, relative to the largest squared length
_TIE = 1e-7  # logarithm of a ratio of distances that differ by rounding alone


def intrinsic_dimension(
    points: ArrayLike,
    *,
    method: str = "fit",
    discard: float = 0.1,
    confidence: float = 0.95,
    splits: int = 50,
) -> Estimate:
    """Intrinsic dimension of points (two-NN), with an interval over them from split halves.

    Parameters
    ----------
    points : array, shape (n, N)
        Four points or more. NumPy array, memory map or torch tensor. Copies of a point count once.
    method : {"fit", "likelihood"}
        "fit": slope through the origin of -log(1 - F) against log mu, with F the empirical
        distribution (the paper's). "likelihood": (n - 1) / sum log mu, the unbiased maximum.
    discard : float
        Fraction of the largest ratios that "fit" leaves out; 0 or more, below 1.
    confidence, splits
        See `geomem.statistics.resampling.split_halves`. The interval is about the dimension at this
        distance between neighbours.

    Returns
    -------
    Estimate
        value, lo, hi; NaN with fewer than eight distinct points, or where the two nearest
        neighbours of most points are equally far, as on a grid.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    return intrinsic_dimension_from_gram(
        gram_of(points), method=method, discard=discard, confidence=confidence, splits=splits
    )


def intrinsic_dimension_from_gram(
    gram: ArrayLike,
    *,
    method: str = "fit",
    discard: float = 0.1,
    confidence: float = 0.95,
    splits: int = 50,
) -> Estimate:
    """`intrinsic_dimension` from inner products: same further parameters, same numbers.

    Parameters
    ----------
    gram : array, shape (n, n)
        Products of n >= 4 points with each other, centred or not.
    method, discard, confidence, splits
        See `intrinsic_dimension`.

    Returns
    -------
    Estimate
        value, lo, hi; NaN as of `intrinsic_dimension`.

    Raises
    ------
    InputError
        As `intrinsic_dimension`; also if `gram` is not square, symmetric and finite.
    """
    if method not in ("fit", "likelihood"):
        raise InputError(f"method is {method!r}; expected 'fit' or 'likelihood'")
    if not 0 <= discard < 1:
        raise InputError(f"discard is {discard!r}; expected a fraction from 0 up, below 1")
    distances = _squared_distances(check_square(gram))
    if len(distances) < 8:
        return Estimate(np.nan, np.nan, np.nan)

    def dimension(kept):
        nearest = np.partition(distances[kept[:, np.newaxis], kept], 1, axis=1)
        logarithms = np.sort(0.5 * np.log(nearest[:, 1] / nearest[:, 0]))
        n = len(logarithms)
        logarithms[logarithms < _TIE] = 0.0
        if np.count_nonzero(logarithms) < n / 2:
            return np.nan
        if method == "likelihood":
            return (n - 1) / logarithms.sum()
        count = min(int(n * (1 - discard)), n - 1)
        chosen = logarithms[:count]
        heights = -np.log1p(-np.arange(1, count + 1) / n)
        return heights @ chosen / (chosen @ chosen)

    return split_halves(
        dimension, len(distances), confidence=confidence, splits=splits, logarithmic=True
    )


def _squared_distances(gram):
    """Between distinct points; infinite on the diagonal."""
    squares = np.diag(gram)
    distances = squares[:, np.newaxis] + squares - 2.0 * gram
    same = distances <= _ROUNDING * squares.max()
    distinct = ~np.tril(same, -1).any(axis=1)  # the first of each set of copies
    distances = distances[np.ix_(distinct, distinct)]
    np.fill_diagonal(distances, np.inf)
    return distances
