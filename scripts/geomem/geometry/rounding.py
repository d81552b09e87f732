"""How far the rounding of given values shows in the dimensions that they span.

Values (m, n) with independent errors of standard deviation s add singular values of at most
s (sqrt(m) + sqrt(n)) (Marchenko and Pastur, Math. USSR Sb. 1, 457, 1967). The error of a rounded
value is a fraction of it, so errors are taken from the longest point, before anything common is
subtracted: what an offset lost does not come back.
"""

import sys

import numpy as np

from geomem.geometry.clouds import is_tensor

# Errors of arithmetic in the precision of the values, in those of rounding once. Values of fewer
# than 32 bits are computed in single precision and rounded once.
STEPS = 16.0


def unit(array):
    """The largest error of a value of an array or tensor, as a fraction of it."""
    if is_tensor(array):
        torch = sys.modules["torch"]
        step = torch.finfo(array.dtype).eps if array.dtype.is_floating_point else 0.0
    else:
        step = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
    step = max(step, np.finfo(np.float64).eps)  # all are turned into double precision
    single = np.finfo(np.float32).eps
    return 0.5 * max(step, STEPS * min(step, float(single)))


def noise(error, longest, shape):
    """The squared singular value up to which values say nothing.

    Parameters
    ----------
    error : float
        As `unit` gives it.
    longest : float
        Squared length of the longest point, with whatever is subtracted later. Infinite, where an
        offset is too large to be squared, counts as the largest number.
    shape : (int, int)
        Of the values: points, features.
    """
    longest = min(longest, np.finfo(np.float64).max)
    return error**2 * longest * _spread(*shape)


def of_means(of_points, counts, n_features):
    """`noise` of the means of several manifolds, from what it is for the points of each.

    Parameters
    ----------
    of_points : ndarray, shape (P,)
    counts : ndarray, shape (P,)
        Points of each manifold.
    n_features : int
        At least 1.
    """
    return of_points * _spread(len(of_points), n_features) / _spread(counts, n_features)


def of_points(of_each, counts, n_features):
    """A function of a number of points that gives `noise` of as many, any of several manifolds.

    Parameters
    ----------
    of_each : ndarray, shape (P,)
        What it is for the points of each manifold.
    counts : ndarray, shape (P,)
        Points of each.
    n_features : int
        At least 1.
    """
    largest = (of_each / _spread(counts, n_features)).max()
    return lambda n_points: largest * _spread(n_points, n_features)


def _spread(n_points, n_features):
    return (1.0 + np.sqrt(n_points / n_features)) ** 2
