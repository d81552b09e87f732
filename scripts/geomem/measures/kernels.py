"""What measures of whole representations need from inner products of points."""

import numpy as np

from geomem.errors import InputError
from geomem.geometry import grams
from geomem.geometry import products as inner
from geomem.geometry.clouds import doubles, real_array


def gram_of(points, name="points"):
    """Inner products (n, n), float64, of points (n, N) about their mean.

    Raises
    ------
    InputError
        If `points` is not a finite real array (points, features) of 4 points or more.
    """
    points = real_array(points, name)
    shape = tuple(points.shape)
    if len(shape) != 2 or shape[0] < 4 or shape[1] < 1:
        raise InputError(f"{name} has shape {shape}; expected (points, features), 4 points or more")
    return inner.gram_of_all([points])


def check_square(gram, name="gram"):
    """A Gram (n, n) as given by a user, in float64.

    Raises
    ------
    InputError
        If it is not square, symmetric and finite, or of fewer than 4 points.
    """
    gram = doubles(gram, name)
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or len(gram) < 4:
        raise InputError(f"{name} has shape {gram.shape}; expected (n, n) for 4 points or more")
    if not np.all(np.isfinite(gram)):
        raise InputError(f"{name} holds values that are not finite")
    if not np.allclose(gram, gram.T, rtol=0, atol=1e-6 * np.abs(gram).max()):
        raise InputError(
            f"{name} is not symmetric; give the products of all points with each other"
        )
    return gram


def covariance_overlap(first, second, *, unbiased=True):
    """tr(Sigma_12 Sigma_12') of two sets of features of the same points: HSIC of linear kernels.

    Parameters
    ----------
    first, second : ndarrays, shape (n, n)
        Inner products, centred or not; with the same features tr(Sigma^2).
    unbiased : bool
        The U-statistic (Song et al., J. Mach. Learn. Res. 13, 1393, 2012, eq. 5), or that of the
        sample covariance with 1 / n.

    Returns
    -------
    float
        NaN for the U-statistic of fewer than 4 points.
    """
    n = len(first)
    # The U-statistic does not depend on the mean either, but far from it its sums cancel.
    first, second = grams.center_gram(first), grams.center_gram(second)
    if not unbiased:
        return float((first * second).sum() / n**2)
    if n < 4:
        return np.nan
    first, second = (matrix - np.diag(np.diag(matrix)) for matrix in (first, second))
    rows = first.sum(axis=0), second.sum(axis=0)
    total = (first * second).sum()
    total += rows[0].sum() * rows[1].sum() / ((n - 1) * (n - 2))
    total -= 2.0 / (n - 2) * (rows[0] @ rows[1])
    return float(total / (n * (n - 3)))


def squared_total_variance(gram, *, unbiased=True):
    """(tr Sigma)^2 from inner products (n, n): the mean of |x - y|^2 |z - w|^2 / 4 over four
    different points, or the square of the sample's."""
    n, gram = len(gram), grams.center_gram(gram)
    if not unbiased:
        return float((np.trace(gram) / n) ** 2)
    if n < 4:
        return np.nan
    squares = np.diag(gram)
    distances = squares[:, np.newaxis] + squares - 2.0 * gram
    rows = distances.sum(axis=0)
    total = rows.sum() ** 2 - 4.0 * (rows @ rows) + 2.0 * (distances**2).sum()
    return float(total / (4.0 * n * (n - 1) * (n - 2) * (n - 3)))
