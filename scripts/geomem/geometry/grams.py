"""Gram matrices: the inner products of all points, as they are or about their mean."""

import warnings

import numpy as np

from geomem.errors import InputError
from geomem.geometry.clouds import doubles
from geomem.geometry.products import ManifoldProducts

_LOST = 1e-6  # rounding of the products, as a part of the variance of the points


def check_gram(gram, counts):
    """A Gram of all points and the points of each manifold, as given by a user.

    Parameters
    ----------
    gram : array, shape (n, n)
    counts : sequence of P >= 2 int
        n together.

    Returns
    -------
    gram : ndarray of float64, shape (n, n)
    counts : ndarray of int64, shape (P,)

    Raises
    ------
    InputError
        If they do not belong together, or a value is not finite.
    """
    gram = doubles(gram, "gram")
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise InputError(f"gram has shape {gram.shape}; expected (points, points)")
    try:
        counts = np.asarray(counts)
    except ValueError as error:
        raise InputError(f"counts is {counts}; expected one whole number per manifold") from error
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or len(counts) < 2 or counts.min() < 1:
        raise InputError(
            f"counts is {counts.tolist()}; expected the points of each manifold, 1 or more, for 2 "
            "or more manifolds"
        )
    if counts.sum() != len(gram):
        raise InputError(
            f"counts add up to {counts.sum()} points and gram holds {len(gram)}; give one count "
            "per manifold, in the order of gram's rows"
        )
    if not np.all(np.isfinite(gram)):
        raise InputError("gram holds values that are not finite")
    if not np.allclose(gram, gram.T, rtol=0, atol=1e-6 * np.abs(gram).max()):
        raise InputError("gram is not symmetric; give the products of all points with each other")
    return gram, counts.astype(np.int64)


def center_gram(gram):
    """The Gram (n, n) of the points about their mean, from one (n, n) about any point."""
    centered = gram - gram.mean(axis=0)
    centered -= centered.mean(axis=1, keepdims=True)
    return 0.5 * (centered + centered.T)


def center_given(gram):
    """`center_gram` of a user's.

    Warns
    -----
    UserWarning
        If the products are about a point so far from the points that few digits are left.
    """
    centered = center_gram(gram)
    n, scale, variance = len(gram), np.abs(gram).max(), np.trace(centered) / len(gram)
    rounding = np.finfo(np.float64).eps * scale
    if n * rounding < variance < rounding / _LOST:  # less is no variance at all
        warnings.warn(
            f"gram holds products of up to {scale:.3g}, and the points' variance about their mean "
            f"is {variance:.3g}: results have about {np.log10(variance / rounding):.0f} digits. "
            "Take the mean of all points off each before you multiply",
            stacklevel=3,
        )
    return centered


def principal(gram, scale, noise=0.0):
    """Eigenvalues above rounding (r,), rising, and eigenvectors (n, r) of a Gram (n, n).

    Parameters
    ----------
    scale : float
        The largest product that the Gram was computed from, before centring.
    noise : float
        The eigenvalue that rounding of the values that were multiplied can make.

    Raises
    ------
    InputError
        If eigenvalues are negative by more than rounding.
    """
    values, vectors = np.linalg.eigh(gram)
    # rounding: of the products before centring, and as negative values show it
    rounding = len(gram) * np.finfo(np.float64).eps * scale
    floor = max(rounding, -4.0 * values[0])
    if floor > 1e-3 * values[-1] and max(values[-1], -values[0]) > rounding:
        raise InputError(
            f"gram has eigenvalues from {values[0]:.3g} to {values[-1]:.3g}; inner products have "
            "none below zero: give a symmetric array of inner products"
        )
    kept = values > max(floor, noise)
    return values[kept], vectors[:, kept]


def products_from_gram(gram, counts, n_features=None):
    """`ManifoldProducts` from inner products (n, n) of all points, manifold by manifold.

    Parameters
    ----------
    gram : array, shape (n, n)
        Centred or not.
    counts : sequence of P int
        Points of each manifold.
    n_features : int, optional
        N. Default: n, as of points with at least as many features.

    Returns
    -------
    ManifoldProducts

    Raises
    ------
    InputError
        If `gram` and `counts` do not belong together, or a value is not finite.

    Warns
    -----
    UserWarning
        As `center_given`.
    """
    gram, counts = check_gram(gram, counts)
    scale = np.abs(gram).max()
    gram = center_given(gram)
    owner = np.repeat(np.arange(len(counts)), counts)
    average = (owner == np.arange(len(counts))[:, np.newaxis]) / counts[:, np.newaxis]
    along = average @ gram  # class means, about the mean of all points, times points
    centers = along @ average.T
    cross = along - centers[:, owner]
    grams = []
    for mu in range(len(counts)):
        rows = np.flatnonzero(owner == mu)
        grams.append(center_gram(gram[np.ix_(rows, rows)]))
    n_features = len(gram) if n_features is None else int(n_features)
    noise = counts * np.finfo(np.float64).eps * scale
    return ManifoldProducts(tuple(grams), centers, cross, counts, n_features, noise)
